//! The buffers of a worker's connection, which grow with the responses that come.
//!
//! ureq's own buffers have their full size from the first byte on. With a thousand workers they take most
//! of the memory, and clearing them is most of the cost of a connection. These belong to the worker, and
//! are lent to the connection in use: an idle connection has none.

use http::StatusCode;
use ureq::unversioned::transport::Buffers;

use super::head::MAX_HEAD;

/// The largest input buffer for a body: more makes a fast transfer no faster.
pub(super) const MAX_INPUT: usize = 64 * 1024;

/// The largest output buffer: a request head.
pub(super) const MAX_OUTPUT: usize = 24 * 1024;

/// The initial size of the input buffer.
const MIN_INPUT: usize = 2 * 1024;

/// The initial size of the output buffer, and the step in which it grows: most heads are shorter, and each of a
/// thousand workers has one.
const MIN_OUTPUT: usize = 1024;

/// The head that ureq reads in place of the server's: the status, and that the body ends with the input, as
/// it does in HTTP/1.0 without a header that says so. The status's digits are put in.
const CANONICAL_HEAD: &[u8] = b"HTTP/1.0 000\r\n\r\n";

/// The place of the status in it.
const STATUS: std::ops::Range<usize> = 9..12;

/// The end of a head.
const EMPTY_LINE: &[u8] = b"\r\n";

/// The room before the input for that head, should it be longer than the server's.
const SLACK: usize = 64;

/// Input and output buffers that grow on demand, up to the limits above.
#[derive(Debug)]
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

impl Default for ConnectionBuffers {
    fn default() -> Self {
        ConnectionBuffers {
            input: Vec::new(),
            filled: SLACK,
            consumed: SLACK,
            is_tight: false,
            has_progress: false,
            output: Vec::new(),
            head: 0,
        }
    }
}

impl ConnectionBuffers {
    /// Drops the input, for the next response, and the memory that only a long head takes.
    pub(super) fn clear(&mut self) {
        self.consumed = SLACK;
        self.filled = SLACK;
        self.has_progress = false;
        if self.input.len() > SLACK + MAX_INPUT {
            self.input = Vec::new();
        }
    }

    /// Makes room for more of a response's head, however much of it has come.
    pub(super) fn head_append_buf(&mut self) -> &mut [u8] {
        if self.filled >= self.input.len() {
            let wanted = (self.input.len() * 2).clamp(SLACK + MIN_INPUT, SLACK + MAX_HEAD);
            self.input.resize(wanted, 0);
        }
        &mut self.input[self.filled..]
    }

    /// The unread input, to be changed in place.
    pub(super) fn input_mut(&mut self) -> &mut [u8] {
        &mut self.input[self.consumed..self.filled]
    }

    /// Drops the first bytes of the input: an interim head.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.consumed += count;
    }

    /// Keeps only the first bytes of the input.
    pub(super) fn truncate(&mut self, count: usize) {
        self.filled = self.consumed + count;
    }

    /// Replaces the head, the first `length` bytes of the input, by the one that ureq reads.
    pub(super) fn replace_head(&mut self, length: usize, status: StatusCode) {
        let end = self.consumed + length;
        let start = end - CANONICAL_HEAD.len();
        let head = &mut self.input[start..end];
        head.copy_from_slice(CANONICAL_HEAD);
        head[STATUS].copy_from_slice(status.as_str().as_bytes());
        self.consumed = start;
    }

    /// Completes the request head that is in the first `amount` bytes of the output: puts `target` in place of the
    /// slash in its first line, and adds header lines before its empty one. Returns its new length.
    ///
    /// # Panics
    ///
    /// If they do not fit: their length is part of the [announced](ConnectionBuffers::expect_head) one.
    pub(super) fn complete_head(&mut self, amount: usize, target: &str, lines: &[u8]) -> usize {
        let head = &self.output[..amount];
        let slash = head.iter().position(|&byte| byte == b'/');
        let slash = slash.expect("the first line of a request for \"/\" has a slash");
        let rest = slash + 1..amount - EMPTY_LINE.len();
        debug_assert_eq!(&head[rest.end..], EMPTY_LINE);
        let moved = slash + target.len();
        self.output.copy_within(rest.clone(), moved);
        self.output[slash..moved].copy_from_slice(target.as_bytes());
        let mut end = moved + rest.len();
        for bytes in [lines, EMPTY_LINE] {
            self.output[end..end + bytes.len()].copy_from_slice(bytes);
            end += bytes.len();
        }
        end
    }

    /// Announces the most bytes of the next request head.
    pub(super) fn expect_head(&mut self, length: usize) {
        self.head = length;
    }

    /// Moves the unread input to the front, if that frees enough space to be worth the copy.
    fn compact(&mut self) {
        if self.consumed == self.filled {
            self.consumed = SLACK;
            self.filled = SLACK;
        } else if self.consumed > SLACK && self.filled > self.input.len() / 2 {
            self.input.copy_within(self.consumed..self.filled, SLACK);
            self.filled -= self.consumed - SLACK;
            self.consumed = SLACK;
        }
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        let wanted = self
            .head
            .next_multiple_of(MIN_OUTPUT)
            .clamp(MIN_OUTPUT, MAX_OUTPUT);
        if self.output.len() < wanted {
            self.output.resize(wanted, 0);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input
            .get(self.consumed..self.filled)
            .unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.compact();
        if self.is_tight || self.filled >= self.input.len() {
            let wanted = (self.input.len() * 4).clamp(SLACK + MIN_INPUT, SLACK + MAX_INPUT);
            if wanted > self.input.len() {
                self.input.resize(wanted, 0);
            }
            self.is_tight = false;
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        self.is_tight = self.filled >= self.input.len();
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
            assert!(buffers.input.len() <= SLACK + MAX_INPUT);
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
        assert_eq!(buffers.input.len(), SLACK + MIN_INPUT);
        for _ in 0..5 {
            let count = receive(&mut buffers, &[b'x'; 100_000]);
            buffers.input_consume(count);
        }
        assert_eq!(buffers.input.len(), SLACK + MAX_INPUT);
    }

    #[test]
    fn an_incomplete_head_gets_space_up_to_the_limit_and_gives_it_back() {
        let mut buffers = ConnectionBuffers::default();
        let mut count = 0;
        while count < MAX_HEAD {
            let room = buffers.head_append_buf();
            let taken = room.len().min(3_000);
            assert!(taken > 0, "{count}");
            buffers.input_appended(taken);
            count += taken;
            assert!(!buffers.can_use_input());
        }
        assert!(buffers.head_append_buf().is_empty());
        assert_eq!(buffers.input().len(), MAX_HEAD);
        buffers.clear();
        assert_eq!((buffers.input().len(), buffers.input.len()), (0, 0));
    }

    #[test]
    fn the_canonical_head_stands_right_before_the_body_whatever_the_length_of_the_servers() {
        for length in [14, 19, 40, 4_000, MAX_HEAD - 10] {
            let mut buffers = ConnectionBuffers::default();
            let came = [&vec![b'h'; length][..], b"body"].concat();
            let mut rest = &came[..];
            while !rest.is_empty() {
                let room = buffers.head_append_buf();
                let count = room.len().min(rest.len());
                room[..count].copy_from_slice(&rest[..count]);
                buffers.input_appended(count);
                rest = &rest[count..];
            }
            buffers.replace_head(length, StatusCode::NOT_FOUND);
            let read = String::from_utf8_lossy(buffers.input());
            assert_eq!(read, "HTTP/1.0 404\r\n\r\nbody", "{length}");
        }
    }

    #[test]
    fn a_head_is_completed_with_its_target_and_lines() {
        for (target, lines) in [
            ("/", ""),
            ("/", "a: 1\r\n"),
            ("/a/b?c", "a: 1\r\nb: /\r\n"),
            (&*format!("/{}", "x".repeat(5_000)), "a: 1\r\n"),
        ] {
            let mut buffers = ConnectionBuffers::default();
            let bare = b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n";
            buffers.expect_head(bare.len() + target.len() + lines.len());
            buffers.output()[..bare.len()].copy_from_slice(bare);
            let length = buffers.complete_head(bare.len(), target, lines.as_bytes());
            let head = String::from_utf8_lossy(&buffers.output()[..length]).into_owned();
            let expected = format!("HEAD {target} HTTP/1.1\r\nhost: h\r\n{lines}\r\n");
            assert_eq!(head, expected);
        }
    }

    #[test]
    fn the_output_buffer_fits_the_announced_head_up_to_a_limit() {
        let mut buffers = ConnectionBuffers::default();
        for (head, room) in [(0, 1_024), (9_000, 9_216), (100, 9_216), (1 << 20, 24_576)] {
            buffers.expect_head(head);
            assert_eq!(buffers.output().len(), room, "{head}");
        }
    }
}
