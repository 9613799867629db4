//! A connection's buffers: no larger than what comes and goes over it needs.
//!
//! ureq's own are as large as they may get from the first byte on. With a thousand connections that
//! is most of the memory, and the time to clear it most of what a connection costs.

use ureq::unversioned::transport::Buffers;

/// Room for the headers (64 KiB is ureq's limit for them). No more: ureq holds all that has come, body
/// included, against that limit when it passes over an interim response.
pub(super) const INPUT_MOST: usize = 64 * 1024;

/// Room for a request's head.
pub(super) const OUTPUT_MOST: usize = 24 * 1024;

/// What a connection begins with, either way.
const LEAST: usize = 4 * 1024;

/// Buffers that grow as they are needed, up to the limits above.
#[derive(Debug, Default)]
pub(super) struct WireBuffers {
    /// What has come stands at `consumed..filled`.
    input: Vec<u8>,
    filled: usize,
    consumed: usize,
    /// Whether the last read could have been longer with more room.
    is_tight: bool,
    /// Whether the last look at the input led to something: with half a header it does not.
    has_progress: bool,
    output: Vec<u8>,
    /// How long the next request's head is.
    head: usize,
}

impl WireBuffers {
    /// The next request's head is no longer than this.
    pub(super) fn expect_head(&mut self, length: usize) {
        self.head = length;
    }

    /// Takes out what has been consumed, if that makes enough room to be worth the copy.
    fn shift(&mut self) {
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

impl Buffers for WireBuffers {
    fn output(&mut self) -> &mut [u8] {
        let wanted = self.head.next_multiple_of(LEAST).clamp(LEAST, OUTPUT_MOST);
        if self.output.len() < wanted {
            self.output.resize(wanted, 0);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.shift();
        if self.is_tight || self.filled == self.input.len() {
            let wanted = (self.input.len() * 2).clamp(LEAST, INPUT_MOST);
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

    /// For a request's body: pfetch sends none.
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

    /// Puts these bytes in, as a socket would that has no more of them.
    fn receive(buffers: &mut WireBuffers, bytes: &[u8]) -> usize {
        let room = buffers.input_append_buf();
        let count = bytes.len().min(room.len());
        room[..count].copy_from_slice(&bytes[..count]);
        buffers.input_appended(count);
        count
    }

    #[test]
    fn what_comes_is_what_is_read_whatever_the_pieces() {
        let sent: Vec<u8> = (0..400_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut random = fastrand::Rng::with_seed(3);
        let mut buffers = WireBuffers::default();
        let (mut rest, mut read) = (&sent[..], Vec::new());
        while read.len() < sent.len() {
            let piece = random.usize(..rest.len().min(90_000) + 1);
            let taken = receive(&mut buffers, &rest[..piece]);
            rest = &rest[taken..];
            let input = buffers.input();
            let used = random.usize(..=input.len());
            read.extend_from_slice(&input[..used]);
            buffers.input_consume(used);
            assert!(buffers.input.len() <= INPUT_MOST);
        }
        assert!(read == sent);
    }

    #[test]
    fn short_responses_need_little_and_long_ones_get_all_there_may_be() {
        let mut buffers = WireBuffers::default();
        for _ in 0..100 {
            receive(&mut buffers, &[b'x'; 1_000]);
            buffers.input_consume(1_000);
        }
        assert_eq!(buffers.input.len(), LEAST);
        for _ in 0..5 {
            let count = receive(&mut buffers, &[b'x'; 100_000]);
            buffers.input_consume(count);
        }
        assert_eq!(buffers.input.len(), INPUT_MOST);
    }

    #[test]
    fn a_header_that_is_not_yet_whole_gets_room_to_the_limit_and_then_none() {
        let mut buffers = WireBuffers::default();
        let mut count = 0;
        while count < INPUT_MOST {
            let taken = receive(&mut buffers, &[b'x'; 3_000]);
            assert!(taken > 0, "{count}");
            count += taken;
            assert!(!buffers.can_use_input());
        }
        assert!(buffers.input_append_buf().is_empty());
        assert_eq!(buffers.input().len(), INPUT_MOST);
    }

    #[test]
    fn the_output_holds_the_head_that_is_announced_up_to_a_limit() {
        let mut buffers = WireBuffers::default();
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
