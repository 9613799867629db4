//! The encoded side of a decoder: a buffer over the body, which counts what came from the connection
//! and keeps the error of the body itself.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

/// The size in bytes of the buffer between two codings, or a coding and the connection.
const BUFFER: usize = 16 * 1024;

/// The state of an encoded body, as its decoders have read it.
#[derive(Default)]
pub(in crate::http) struct SourceState {
    received: Cell<u64>,
    /// The error of the body itself, which is the cause of the decoder's.
    failure: Cell<Option<io::Error>>,
}

impl SourceState {
    /// The number of bytes read so far, as they were sent.
    pub(in crate::http) fn encoded(&self) -> u64 {
        self.received.get()
    }

    /// Takes the error of the body itself, if there was one.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// The body as it was sent, with its bytes counted.
pub(super) struct Counted<'a, R> {
    pub(super) body: R,
    pub(super) source: &'a SourceState,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        let so_far = self.source.received.get();
        self.source.received.set(so_far + count as u64);
        Ok(count)
    }
}

/// A buffered input of one decoder, whose first bytes can be looked at together.
pub(super) struct Encoded<'a> {
    body: Box<dyn Read + 'a>,
    source: &'a SourceState,
    buffer: Box<[u8]>,
    /// The bytes in the buffer that were not consumed yet are those from `start` to `end`.
    start: usize,
    end: usize,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(body: Box<dyn Read + 'a>, source: &'a SourceState) -> Self {
        Encoded {
            body,
            source,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The bytes that come next, at least `count` if there are as many. Only before the first is
    /// consumed.
    pub(super) fn first(&mut self, count: usize) -> io::Result<&[u8]> {
        debug_assert!(self.start == 0 && count <= BUFFER);
        while self.end < count && self.read_more()? > 0 {}
        Ok(&self.buffer[..self.end])
    }

    fn read_more(&mut self) -> io::Result<usize> {
        match self.body.read(&mut self.buffer[self.end..]) {
            Ok(count) => {
                self.end += count;
                Ok(count)
            }
            Err(error) => {
                let kind = error.kind();
                self.source.failure.set(Some(error));
                Err(kind.into())
            }
        }
    }
}

impl Read for Encoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let count = from.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Encoded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}
