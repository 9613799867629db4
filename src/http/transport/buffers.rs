//! The buffers of a connection, which grow with the responses that come over it.
//!
//! ureq's own buffers have their full size from the first byte on. With a thousand connections they
//! take most of the memory, and clearing them is most of the cost of a connection.

use ureq::unversioned::transport::Buffers;

/// The largest input buffer: ureq's limit for a response head, 64 KiB. No more, because ureq compares
/// all input, body included, with that limit when it skips an interim response.
pub(super) const MAX_INPUT: usize = 64 * 1024;

/// The largest output buffer: a request head.
pub(super) const MAX_OUTPUT: usize = 24 * 1024;

/// The initial size of both buffers.
const MIN_BUFFER: usize = 4 * 1024;

/// Input and output buffers that grow on demand, up to the limits above.
#[derive(Debug, Default)]
pub(super) struct ConnectionBuffers {
    /// The unread input is at `consumed..filled`.
    input: Vec<u8>,
    filled: usize,
    consumed: usize,
    /// Set if the last read filled the buffer.
    is_tight: bool,
    /// Set if the last parse of the input consumed bytes: half a header yields none.
    has_progress: bool,
    output: Vec<u8>,
    /// The length of the next request head.
    head: usize,
}

impl ConnectionBuffers {
    /// Announces the most bytes of the next request head.
    pub(super) fn expect_head(&mut self, length: usize) {
        self.head = length;
    }

    /// Moves the unread input to the front, if that frees enough space to be worth the copy.
    fn compact(&mut self) {
        if self.consumed == self.filled {
            self.consumed = 0;
            self.filled = 0;
        } else if self.consumed > 0 && self.filled > self.input.len() / 2 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        let wanted = self
            .head
            .next_multiple_of(MIN_BUFFER)
            .clamp(MIN_BUFFER, MAX_OUTPUT);
        if self.output.len() < wanted {
            self.output.resize(wanted, 0);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.compact();
        if self.is_tight || self.filled == self.input.len() {
            let wanted = (self.input.len() * 2).clamp(MIN_BUFFER, MAX_INPUT);
            self.input.resize(wanted, 0);
            self.is_tight = false;
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        self.is_tight = self.filled == self.input.len();
    }

    fn input_consume(&mut self, amount: usize) {
        self.has_progress = amount > 0;
        self.consumed += amount;
        assert!(self.consumed <= self.filled, "no more than what is there");
    }

    /// Serves request bodies, which pfetch does not send.
    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output();
        self.input_append_buf();
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.consumed < self.filled && self.has_progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appends these bytes, as a read from a socket would.
    fn receive(buffers: &mut ConnectionBuffers, bytes: &[u8]) -> usize {
        let room = buffers.input_append_buf();
        let count = bytes.len().min(room.len());
        room[..count].copy_from_slice(&bytes[..count]);
        buffers.input_appended(count);
        count
    }

    #[test]
    fn input_is_read_unchanged_in_pieces_of_any_size() {
        let sent: Vec<u8> = (0..400_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut random = fastrand::Rng::with_seed(3);
        let mut buffers = ConnectionBuffers::default();
        let (mut rest, mut read) = (&sent[..], Vec::new());
        while read.len() < sent.len() {
            let piece = random.usize(..rest.len().min(90_000) + 1);
            let taken = receive(&mut buffers, &rest[..piece]);
            rest = &rest[taken..];
            let input = buffers.input();
            let used = random.usize(..=input.len());
            read.extend_from_slice(&input[..used]);
            buffers.input_consume(used);
            assert!(buffers.input.len() <= MAX_INPUT);
        }
        assert!(read == sent);
    }

    #[test]
    fn the_input_buffer_stays_small_for_short_responses_and_grows_for_long_ones() {
        let mut buffers = ConnectionBuffers::default();
        for _ in 0..100 {
            receive(&mut buffers, &[b'x'; 1_000]);
            buffers.input_consume(1_000);
        }
        assert_eq!(buffers.input.len(), MIN_BUFFER);
        for _ in 0..5 {
            let count = receive(&mut buffers, &[b'x'; 100_000]);
            buffers.input_consume(count);
        }
        assert_eq!(buffers.input.len(), MAX_INPUT);
    }

    #[test]
    fn an_incomplete_head_gets_space_up_to_the_limit_and_then_none() {
        let mut buffers = ConnectionBuffers::default();
        let mut count = 0;
        while count < MAX_INPUT {
            let taken = receive(&mut buffers, &[b'x'; 3_000]);
            assert!(taken > 0, "{count}");
            count += taken;
            assert!(!buffers.can_use_input());
        }
        assert!(buffers.input_append_buf().is_empty());
        assert_eq!(buffers.input().len(), MAX_INPUT);
    }

    #[test]
    fn the_output_buffer_fits_the_announced_head_up_to_a_limit() {
        let mut buffers = ConnectionBuffers::default();
        for (head, room) in [
            (0, 4_096),
            (9_000, 12_288),
            (100, 12_288),
            (1 << 20, 24_576),
        ] {
            buffers.expect_head(head);
            assert_eq!(buffers.output().len(), room, "{head}");
        }
    }
}
