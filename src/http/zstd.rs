//! zstd as a content coding: any number of concatenated frames (RFC 8878).

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window, in bytes, that an encoder may use for HTTP (RFC 9659). It bounds the decoder's
/// memory.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

/// The Single_Segment flag of a frame header descriptor: the content size is present, and stands for the
/// window size (RFC 8878, 3.1.1.1).
const SINGLE_SEGMENT: u8 = 1 << 5;

/// The content of all frames of `R`, each verified by its size and checksum, where it states them. The
/// bytes behind the last frame stay in `R`.
pub(super) struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    has_begun: bool,
    frame: Option<ZstdFrame>,
}

/// The current frame.
struct ZstdFrame {
    /// The content size that its header states.
    stated: Option<u64>,
    /// The bytes of content read so far.
    size: u64,
}

impl<R: BufRead> ZstdFrames<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        ZstdFrames {
            source,
            decoder,
            has_begun: false,
            frame: None,
        }
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

    /// Enters the next frame, or skips a skippable one (RFC 8878, 3.1.2).
    fn enter(&mut self) -> io::Result<()> {
        self.has_begun = true;
        // The magic number, and the descriptor, which the decoder does not reveal. Frames of both kinds
        // are longer.
        let mut head = [0; 5];
        self.source.read_exact(&mut head)?;
        match self.decoder.reset(head.chain(&mut self.source)) {
            Ok(()) => {
                let descriptor = head[4];
                let has_size = descriptor >> 6 != 0 || descriptor & SINGLE_SEGMENT != 0;
                self.frame = Some(ZstdFrame {
                    stated: has_size.then(|| self.decoder.content_size()),
                    size: 0,
                });
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

    /// Leaves a frame, and verifies its content size and checksum.
    fn leave(&mut self) -> io::Result<()> {
        if let Some(ZstdFrame {
            stated: Some(stated),
            size,
        }) = self.frame.take()
            && stated != size
        {
            return Err(other_size(stated));
        }
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("its checksum does not match"));
        }
        Ok(())
    }
}

fn other_size(stated: u64) -> io::Error {
    io::Error::other(format!("a frame has not the {stated} bytes that it states"))
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(frame) = &mut self.frame else {
                if !self.has_next()? {
                    return Ok(0);
                }
                self.enter()?;
                continue;
            };
            if self.decoder.can_collect() > 0 {
                let count = self.decoder.read(buffer)?;
                frame.size += count as u64;
                // Excess content is not passed on.
                return match frame.stated {
                    Some(stated) if frame.size > stated => Err(other_size(stated)),
                    _ => Ok(count),
                };
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
        ZstdFrames::new(body).read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// A skippable frame.
    const SKIPPED: [u8; 10] = [0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];

    #[test]
    fn frames_are_concatenated_and_skippable_ones_skipped() {
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

    /// A frame of this descriptor and rest of the header, with one raw block of `plain` and no checksum.
    fn stating(descriptor: u8, rest: &[u8], plain: &[u8]) -> Vec<u8> {
        let block = u32::try_from(plain.len()).unwrap() << 3 | 1;
        let head = [0x28, 0xb5, 0x2f, 0xfd, descriptor];
        [&head, rest, &block.to_le_bytes()[..3], plain].concat()
    }

    #[test]
    fn a_frame_has_the_size_that_it_states_or_is_damaged() {
        let long = vec![b'x'; 300];
        // A size field of one byte, of two (from 256 on), four and eight; the last three with a window.
        let right = [
            stating(0x20, &[5], b"hello"),
            stating(0x20, &[0], b""),
            stating(0x40, &[0x48, 44, 0], &long),
            stating(0x80, &[0x48, 5, 0, 0, 0], b"hello"),
            stating(0x80, &[0x48, 0, 0, 0, 0], b""),
            stating(0xc0, &[0x48, 5, 0, 0, 0, 0, 0, 0, 0], b"hello"),
            // None at all.
            stating(0x00, &[0x48], b"hello"),
        ];
        for frame in &right {
            let plain = decode(frame);
            assert!(plain.is_ok(), "{frame:?}: {plain:?}");
        }
        let wrong = [
            stating(0x20, &[4], b"hello"),
            stating(0x20, &[6], b"hello"),
            stating(0x20, &[0], b"h"),
            stating(0x20, &[1], b""),
            stating(0x40, &[0x48, 43, 0], &long),
            stating(0x40, &[0x48, 45, 0], &long),
            stating(0x40, &[0x48, 0, 0], b"hello"),
            stating(0x80, &[0x48, 0, 0, 0, 0], b"hello"),
            stating(0x80, &[0x48, 6, 0, 0, 0], b"hello"),
            stating(0xc0, &[0x48, 5, 0, 0, 0, 0, 0, 0, 1], b"hello"),
        ];
        for frame in &wrong {
            for body in [frame.clone(), [frame.clone(), right[0].clone()].concat()] {
                let read = decode(&body);
                let error = read.expect_err(&format!("{frame:?}"));
                // A block beyond the window, which is the size that a single segment states, is refused
                // as that.
                let is_beyond = error.to_string().contains("TooLarge") && frame[4] == 0x20;
                let is_told = error.to_string().contains("that it states") || is_beyond;
                assert!(is_told, "{frame:?}: {error}");
            }
        }
    }

    #[test]
    fn content_beyond_the_stated_size_is_not_passed_on() {
        let mut plain = Vec::new();
        let frame = stating(0x80, &[0x48, 4, 0, 0, 0], b"hello");
        ZstdFrames::new(&frame[..])
            .read_to_end(&mut plain)
            .unwrap_err();
        assert_eq!(plain, b"");
    }

    #[test]
    fn a_window_beyond_what_http_allows_is_refused() {
        // A frame header of the largest window there is, and nothing else.
        decode(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 1, 0, 0]).unwrap_err();
    }
}
