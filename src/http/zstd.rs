//! zstd as a content coding: any number of concatenated frames (RFC 8878).

use std::io::{self, BufRead, Read};

use zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd_safe::{DCtx, DParameter, ErrorCode, InBuffer, OutBuffer};

/// The binary logarithm of the largest window, in bytes, that an encoder may use for HTTP (RFC 9659): 8
/// MiB. It bounds the decoder's memory.
const MAX_WINDOW_LOG: u32 = 23;

/// The content of all frames of `R`, each verified by its size and checksum, where it states them. The
/// bytes behind the last frame stay in `R`.
pub(super) struct ZstdFrames<R> {
    source: R,
    context: DCtx<'static>,
    has_begun: bool,
    is_in_frame: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    /// # Errors
    ///
    /// If there is no memory for a decoder.
    pub(super) fn new(source: R) -> io::Result<Self> {
        let mut context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
        context
            .set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))
            .map_err(frame_error)?;
        Ok(ZstdFrames {
            source,
            context,
            has_begun: false,
            is_in_frame: false,
        })
    }

    pub(super) fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// True if another frame begins. The first one is required.
    fn has_next(&mut self) -> io::Result<bool> {
        let first = self.source.fill_buf()?.first();
        Ok(match first {
            // The first bytes of the magic numbers of ordinary and of skippable frames.
            Some(byte) => !self.has_begun || matches!(byte, 0x28 | 0x50..=0x5f),
            None => false,
        })
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_in_frame && !self.has_next()? {
                return Ok(0);
            }
            let bytes = self.source.fill_buf()?;
            let is_at_end = bytes.is_empty();
            let mut input = InBuffer::around(bytes);
            let mut output = OutBuffer::around(&mut *buffer);
            let step = self.context.decompress_stream(&mut output, &mut input);
            let (used, written) = (input.pos(), output.pos());
            self.source.consume(used);
            // 0 says that a frame has ended, a skippable one too, and that all of its content is written.
            self.is_in_frame = step.map_err(frame_error)? != 0;
            self.has_begun = true;
            if written > 0 {
                return Ok(written);
            }
            if is_at_end && self.is_in_frame {
                return Err(io::Error::other("it is cut off"));
            }
        }
    }
}

/// The error that libzstd's amounts to, in words.
fn frame_error(code: ErrorCode) -> io::Error {
    let is = |kind| zstd_safe::is_error_kind(code, kind);
    if is(ZSTD_ErrorCode::ZSTD_error_memory_allocation) {
        io::ErrorKind::OutOfMemory.into()
    } else if is(ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
        io::Error::other(
            "a frame asks for a window of more than 8 MiB, the most for HTTP (RFC 9659)",
        )
    } else if is(ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall) {
        // Of its own buffer, whose size the frame has stated: the caller's has room.
        io::Error::other("a frame has more content than it states")
    } else {
        io::Error::other(zstd_safe::get_error_name(code).to_lowercase())
    }
}

#[cfg(test)]
mod tests;
