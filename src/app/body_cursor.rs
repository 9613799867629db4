//! The cursor of a terminal, a file or a pipe that gets both bodies and the report.

use std::fs::Metadata;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::blocking::duplicate;

/// The cursor after the bodies so far: within a line, if the last one did not end it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyCursor {
    is_within_line: Arc<Mutex<bool>>,
}

impl BodyCursor {
    /// The cursor of the place that bodies on standard output and messages on standard error share, if they do: a
    /// terminal, or one file, pipe or socket (`> log 2>&1`).
    pub(super) fn of_shared() -> Option<Self> {
        let is_terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        (is_terminal || is_one_file()).then(BodyCursor::default)
    }

    /// Takes the place for one write and the note of it. One that came between the two would stand in the line of
    /// a body.
    pub(super) fn lock(&self) -> CursorGuard<'_> {
        // A thread that panicked left a bool, which is whole.
        let is_within_line = self.is_within_line.lock();
        CursorGuard(is_within_line.unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tests whether standard output and standard error are the same file, pipe or socket. A device that is not a terminal
/// has no lines.
fn is_one_file() -> bool {
    let (Ok(out), Ok(err)) = (metadata(io::stdout()), metadata(io::stderr())) else {
        return false;
    };
    let kind = out.file_type();
    (out.dev(), out.ino()) == (err.dev(), err.ino())
        && (kind.is_file() || kind.is_fifo() || kind.is_socket())
}

fn metadata(stream: impl AsFd) -> io::Result<Metadata> {
    duplicate(stream)?.metadata()
}

/// The cursor while one thread writes to its place.
#[derive(Debug)]
pub(super) struct CursorGuard<'a>(MutexGuard<'a, bool>);

impl CursorGuard<'_> {
    /// Notes the part of a body that was written.
    pub(super) fn note(&mut self, written: &[u8]) {
        if let Some(last) = written.last() {
            *self.0 = *last != b'\n';
        }
    }

    /// Ends the line that a body has left open, if one has.
    pub(super) fn end_line(&mut self, mut out: impl Write) -> io::Result<()> {
        if *self.0 {
            out.write_all(b"\n")?;
            *self.0 = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::thread;

    use super::*;

    #[test]
    fn a_line_is_ended_once_if_a_body_has_left_it_open() {
        let cursor = BodyCursor::default();
        let mut cursor = cursor.lock();
        for (written, is_open) in [(&b"a\nb"[..], true), (b"", false), (b"b\n", false)] {
            cursor.note(written);
            let mut out = Vec::new();
            for _ in 0..2 {
                cursor.end_line(&mut out).expect("a vector takes all");
            }
            assert_eq!(out, &b"\n"[..usize::from(is_open)], "{written:?}");
        }
    }

    #[test]
    fn bodies_and_messages_of_two_threads_share_no_line() {
        const COUNT: usize = 5000;
        let cursor = BodyCursor::default();
        let (mut reader, writer) = io::pipe().expect("there are descriptors");
        let text = thread::scope(|scope| {
            let (cursor, mut bodies) =
                (&cursor, writer.try_clone().expect("there are descriptors"));
            scope.spawn(move || {
                for _ in 0..COUNT {
                    let mut cursor = cursor.lock();
                    bodies.write_all(b"body").expect("it is read");
                    cursor.note(b"body");
                }
            });
            scope.spawn(move || {
                for _ in 0..COUNT {
                    let mut cursor = cursor.lock();
                    cursor.end_line(&writer).expect("it is read");
                    (&writer).write_all(b"message\n").expect("it is read");
                }
            });
            let mut text = String::new();
            reader.read_to_string(&mut text).expect("it is text");
            text
        });
        let is_torn = |line: &&str| line.contains("message") && *line != "message";
        assert_eq!(text.lines().find(is_torn), None);
        for (part, length) in [("message", COUNT), ("body", COUNT)] {
            assert_eq!(text.matches(part).count(), length, "{part}");
        }
    }
}
