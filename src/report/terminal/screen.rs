//! Lines of a report above the progress display, where both go to the same terminal: the display is
//! cleared while lines are written, and drawn again below them.

use std::fmt;
use std::io::{self, Write};

use indicatif::MultiProgress;

/// The most bytes that are buffered before they are written.
const BUFFER: usize = 64 * 1024;

/// A buffered writer that writes above a progress display.
pub struct AboveProgress<W: Write> {
    inner: W,
    display: MultiProgress,
    buffer: Vec<u8>,
}

impl<W: Write> AboveProgress<W> {
    /// Writes to `inner`, above `display`.
    pub(super) fn new(inner: W, display: MultiProgress) -> Self {
        AboveProgress {
            inner,
            display,
            buffer: Vec::with_capacity(BUFFER),
        }
    }
}

impl<W: Write> Write for AboveProgress<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let (inner, buffer) = (&mut self.inner, &self.buffer);
        let written = self
            .display
            .suspend(|| inner.write_all(buffer).and_then(|()| inner.flush()));
        self.buffer.clear();
        written
    }
}

impl<W: Write> fmt::Debug for AboveProgress<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AboveProgress")
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
