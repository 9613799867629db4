//! Standard output and standard error, which do not hold up the end of a run that was asked to stop.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::app::signals::Patience;
use crate::model::event::{Event, Listener};
use crate::save::close::check_close;

/// As much as a pipe that has room at all takes at once without waiting.
const PIECE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// How often somebody who waits looks whether patience is at an end.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// A stream of this process. Writing waits for whoever reads it, until [`Patience`] is at an end; then it
/// fails as if the reader had gone.
#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// Whether it may have to wait at all: a file takes everything.
    may_wait: bool,
    patience: Patience,
}

impl Stream {
    /// The same as `stream`, without its buffer.
    pub(super) fn new(stream: impl AsFd, patience: &Patience) -> io::Result<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        Ok(Stream {
            may_wait: !file.metadata()?.is_file(),
            file,
            patience: patience.clone(),
        })
    }

    fn wait(&self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], Some(&LOOK)) {
                Ok(0) if self.patience.is_over() => return Err(io::ErrorKind::BrokenPipe.into()),
                Ok(0) | Err(Errno::INTR) => {}
                // Whatever else it has become, writing tells.
                _ => return Ok(()),
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.may_wait {
            return self.file.write(bytes);
        }
        let piece = &bytes[..bytes.len().min(PIECE)];
        // Whole lines, if they are short enough: whoever is killed between two pieces tears none.
        let lines = piece.iter().rposition(|&byte| byte == b'\n');
        let piece = lines.map_or(piece, |last| &piece[..=last]);
        loop {
            self.wait()?;
            match self.file.write(piece) {
                // Whoever else has it open may have said that writing shall not wait, and been faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has the system say at the end of a run that what was printed is written. It writes nothing itself,
/// and stands after the report that does.
#[derive(Debug)]
pub(super) struct ClosedStdout;

impl Listener for ClosedStdout {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        close_stdout()
    }
}

/// Flushes standard output and checks its close, where NFS, FUSE and quotas tell of failed writes to a
/// file. It stays open.
pub(super) fn close_stdout() -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.flush()?;
    Ok(check_close(stdout)?)
}
