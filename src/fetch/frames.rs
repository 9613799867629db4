//! zstd as a content coding: any number of frames, one after the other.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window that an encoder may use for HTTP (RFC 9659): a decoder's memory is as large.
const MOST_WINDOW: u64 = 8 * 1024 * 1024;

/// The content of all frames of `R`, each held against its checksum if it has one.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MOST_WINDOW);
        Frames {
            source,
            decoder,
            in_frame: false,
        }
    }

    /// Goes into the next frame, or over one that is to be skipped (RFC 8878, 3.1.2).
    fn enter(&mut self) -> io::Result<()> {
        match self.decoder.reset(&mut self.source) {
            Ok(()) => {
                self.in_frame = true;
                Ok(())
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = u64::from(length);
                let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                if skipped < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(())
            }
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    fn leave(&mut self) -> io::Result<()> {
        self.in_frame = false;
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("its checksum does not match"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.enter()?;
            } else if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            } else if self.decoder.is_finished() {
                self.leave()?;
            } else {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::other(error.to_string()))?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn frame(plain: &[u8]) -> Vec<u8> {
        compress_to_vec(plain, CompressionLevel::Fastest)
    }

    fn decode(body: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Frames::new(body).read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// A frame that is to be skipped.
    const SKIPPED: [u8; 10] = [0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];

    #[test]
    fn frames_follow_one_another_and_some_are_skipped() {
        let body = [
            &SKIPPED[..],
            &frame(b"one "),
            &frame(b""),
            &SKIPPED,
            &frame(&b"two ".repeat(100_000)),
            &SKIPPED,
        ]
        .concat();
        let plain = [&b"one "[..], &b"two ".repeat(100_000)].concat();
        assert_eq!(decode(&body).unwrap(), plain);
    }

    #[test]
    fn a_frame_that_is_cut_off_or_damaged_is_an_error() {
        let two = [frame(b"one one one"), frame(b"two two two")].concat();
        for end in 1..two.len() {
            let whole = end == frame(b"one one one").len();
            assert_eq!(decode(&two[..end]).is_ok(), whole, "{end} bytes");
        }
        for end in 1..SKIPPED.len() {
            decode(&SKIPPED[..end]).unwrap_err();
        }
        // The last four bytes are the checksum.
        let mut damaged = frame(b"one one one");
        *damaged.last_mut().unwrap() ^= 1;
        let error = decode(&damaged).unwrap_err();
        assert_eq!(error.to_string(), "its checksum does not match");
    }

    #[test]
    fn a_window_beyond_what_http_allows_is_refused() {
        // A frame header of the largest window there is, and nothing else.
        decode(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 1, 0, 0]).unwrap_err();
    }
}
