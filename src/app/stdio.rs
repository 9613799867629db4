//! Standard output and standard error. Writing to them does not hold up the end of a run that was asked to
//! stop.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::blocking::{duplicate, poll_once};
use super::body_cursor::BodyCursor;
use crate::app::signals::WriteDeadline;
use crate::model::event::{Event, Listener};
use crate::save::close::CloseCheck;

/// Bytes that a pipe takes without blocking once poll(2) says that it is writable (`PIPE_BUF`).
pub(super) const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// A standard stream. Writing blocks until the [`WriteDeadline`]; then it fails as if the reader had gone
/// away.
#[derive(Debug)]
pub(super) struct StdStream {
    file: File,
    /// True if a write may block, as to a pipe or a terminal; a regular file takes everything.
    may_block: bool,
    deadline: WriteDeadline,
    /// The cursor that bodies leave in the same place.
    cursor: Option<BodyCursor>,
}

impl StdStream {
    /// Duplicates the descriptor of `stream`, to write without its buffer.
    pub(super) fn new(stream: impl AsFd, deadline: &WriteDeadline) -> io::Result<Self> {
        let file = duplicate(stream)?;
        Ok(StdStream {
            may_block: !file.metadata()?.is_file(),
            file,
            deadline: deadline.clone(),
            cursor: None,
        })
    }

    /// Begins a line of its own where a body has left one open.
    #[must_use]
    pub(super) fn behind(self, cursor: Option<&BodyCursor>) -> Self {
        StdStream {
            cursor: cursor.cloned(),
            ..self
        }
    }

    /// Writes once, and begins a line of its own where a body has left one open.
    fn write_once(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cursor = self.cursor.as_ref().map(BodyCursor::lock);
        if let Some(cursor) = &mut cursor {
            cursor.end_line(&self.file)?;
        }
        self.file.write(bytes)
    }

    /// Waits until the stream is writable.
    fn wait(&self) -> io::Result<()> {
        loop {
            match poll_once(&self.file, PollFlags::OUT) {
                Ok(false) if self.deadline.has_passed() => {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                Ok(false) | Err(Errno::INTR) => {}
                // Writable, or an error that the write reports.
                _ => return Ok(()),
            }
        }
    }
}

impl Write for StdStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.may_block {
            return self.write_once(bytes);
        }
        let chunk = &bytes[..bytes.len().min(PIPE_BUF)];
        // Whole lines if they are short enough, so that a kill between two writes tears none.
        let lines = chunk.iter().rposition(|&byte| byte == b'\n');
        let chunk = lines.map_or(chunk, |last| &chunk[..=last]);
        loop {
            self.wait()?;
            match self.write_once(chunk) {
                // O_NONBLOCK may come from another process with this file description, which then was faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Listener that checks the close of standard output at the end of a run. It writes nothing itself, and comes
/// after the report that does.
#[derive(Debug)]
pub(super) struct ClosedStdout {
    check: CloseCheck,
}

impl ClosedStdout {
    /// Keeps a descriptor for the check: at the end there may be none left.
    pub(super) fn new() -> Self {
        ClosedStdout {
            check: CloseCheck::of(io::stdout()),
        }
    }
}

impl Listener for ClosedStdout {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }

    /// Flushes standard output and checks its close, at which NFS, FUSE and quotas report failed writes. The
    /// descriptor stays open.
    fn close(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout();
        stdout.flush()?;
        Ok(self.check.check(stdout)?)
    }
}
