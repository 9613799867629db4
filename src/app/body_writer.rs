//! The writer of bodies to their stream. It keeps track of the cursor where messages go to the same place, and warns of
//! bodies that are no text on a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use rustix::event::PollFlags;

use super::blocking::{BlockingOutput, poll_once};
use super::body_cursor::BodyCursor;
use super::complain;
use super::stdio::PIPE_BUF;

/// Writer to the stream of the bodies.
#[derive(Debug)]
pub(super) struct BodyWriter {
    out: BlockingOutput<File>,
    cursor: Option<BodyCursor>,
    /// True until a body has been warned of, on a terminal.
    may_warn: bool,
}

impl BodyWriter {
    /// Bodies written to `file`; `cursor` is that of the place if messages go there too.
    pub(super) fn new(file: File, cursor: Option<BodyCursor>) -> Self {
        BodyWriter {
            may_warn: file.is_terminal(),
            out: BlockingOutput(file),
            cursor,
        }
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.may_warn && is_binary(bytes) {
            self.may_warn = false;
            let mut cursor = self.cursor.as_ref().map(BodyCursor::lock);
            if let Some(cursor) = &mut cursor {
                // Before the warning, which is then a line of its own.
                cursor.end_line(&mut self.out)?;
            }
            complain(
                "warning: a body is no text and may upset the terminal; -d DIR or -o FILE saves it \
                 ('reset' helps)",
            );
        }
        let Some(cursor) = &self.cursor else {
            return self.out.write(bytes);
        };
        // Outside of the lock: a terminal that was stopped (Ctrl-S) shall not keep messages from noticing their
        // deadline. Of an error that is not a signal the write says more.
        while let Ok(false) = poll_once(&self.out.0, PollFlags::OUT) {}
        let chunk = &bytes[..bytes.len().min(PIPE_BUF)];
        let mut cursor = cursor.lock();
        let written = self.out.write(chunk)?;
        cursor.note(&chunk[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Recognises bytes that are no text by a NUL, as curl and grep do.
fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
}
