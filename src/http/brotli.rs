//! brotli as a content coding: one stream (RFC 7932).

use std::io::{self, BufRead, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

/// The content of a stream. The bytes behind its end stay in `S`; the crate's own reader would take them
/// into a buffer of its own.
pub(super) struct BrotliStream<S> {
    source: S,
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    is_over: bool,
}

impl<S: BufRead> BrotliStream<S> {
    pub(super) fn new(source: S) -> Self {
        let alloc = StandardAlloc::default;
        BrotliStream {
            source,
            // Strict: a window of at most 16 MiB, as HTTP allows it (RFC 7932).
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            is_over: false,
        }
    }

    pub(super) fn source(&mut self) -> &mut S {
        &mut self.source
    }
}

impl<S: BufRead> Read for BrotliStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let input = self.source.fill_buf()?;
            let (mut input_left, mut used) = (input.len(), 0);
            let (mut room_left, mut written) = (buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut input_left,
                &mut used,
                input,
                &mut room_left,
                &mut written,
                buffer,
                &mut 0,
                &mut self.state,
            );
            self.source.consume(used);
            match result {
                BrotliResult::ResultSuccess => self.is_over = true,
                BrotliResult::ResultFailure => return Err(io::Error::other("it is damaged")),
                // The input is at its end.
                BrotliResult::NeedsMoreInput if used == 0 && written == 0 => {
                    return Err(io::Error::other("it is cut off"));
                }
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
