//! Blocking reads and writes on the descriptors that the process was given. O_NONBLOCK belongs to the open
//! file description, which parent and child share: under ssh, node and some CI runners the standard streams
//! are non-blocking, and EAGAIN is neither their end nor an error.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::pool::StopToken;

/// The longest time for which a wait does not look at the stop token.
const POLL_INTERVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Input that waits for bytes, whether or not its descriptor is non-blocking. It ends when the run is asked to
/// stop: a terminal or a pipe may give nothing for ever.
#[derive(Debug)]
pub(super) struct BlockingInput {
    file: File,
    /// False for a regular file, whose bytes are there.
    may_block: bool,
    stop: StopToken,
}

impl BlockingInput {
    pub(super) fn new(file: File, stop: &StopToken) -> Self {
        BlockingInput {
            may_block: !file.metadata().is_ok_and(|metadata| metadata.is_file()),
            file,
            stop: stop.clone(),
        }
    }

    /// Waits for bytes or the end. Returns false if the run was stopped before.
    fn wait(&self) -> bool {
        while !self.stop.is_stopped() {
            match poll_once(&self.file, PollFlags::IN) {
                Ok(false) | Err(Errno::INTR) => {}
                // There is something to read, or an error that the read reports.
                _ => return true,
            }
        }
        false
    }
}

impl Read for BlockingInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.may_block && !self.wait() {
                return Ok(0);
            }
            match self.file.read(buffer) {
                // Another process reads from it too, and was faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.may_block = true,
                read => return read,
            }
        }
    }
}

/// Output without a buffer that waits for room, whether or not its descriptor is non-blocking.
#[derive(Debug)]
pub(super) struct BlockingOutput<W>(pub(super) W);

impl<W: Write + AsFd> Write for BlockingOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Of an error that is not a signal the next write says more.
                    let _ = poll_once(&self.0, PollFlags::OUT);
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A second descriptor of the open file of `stream`.
pub(super) fn duplicate(stream: impl AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

/// Writes a short text to a stream that takes it at once, and to no other. Locks nothing: another thread may hold
/// the lock of a standard stream while it waits for the reader.
pub(super) fn write_if_ready(stream: impl AsFd, text: &[u8]) -> io::Result<()> {
    let now = Timespec::default();
    let ready = poll(&mut [PollFd::new(&stream, PollFlags::OUT)], Some(&now))?;
    // A pipe that is ready takes PIPE_BUF bytes, which is 512 at least (POSIX).
    match ready > 0 && text.len() <= 512 {
        true => Ok(rustix::io::write(stream, text).map(drop)?),
        false => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Waits for one interval at most. Returns true once the descriptor is ready, or has an error.
pub(super) fn poll_once(stream: &impl AsFd, flags: PollFlags) -> Result<bool, Errno> {
    poll(&mut [PollFd::new(stream, flags)], Some(&POLL_INTERVAL)).map(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    use super::*;

    /// Longer than pipes and sockets hold.
    const LONG: usize = 3 << 20;

    fn non_blocking(end: impl Into<OwnedFd>) -> File {
        let end = end.into();
        let flags = fcntl_getfl(&end).expect("an open descriptor has flags");
        fcntl_setfl(&end, flags | OFlags::NONBLOCK).expect("they can be set");
        File::from(end)
    }

    /// The ends of a pipe and of a pair of sockets: to read from, and to write to.
    fn channels() -> [(&'static str, OwnedFd, OwnedFd); 2] {
        let (reader, writer) = io::pipe().expect("there are descriptors");
        let (near, far) = UnixStream::pair().expect("there are descriptors");
        [
            ("pipe", reader.into(), writer.into()),
            ("socket", near.into(), far.into()),
        ]
    }

    fn text() -> Vec<u8> {
        (0..LONG).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn non_blocking_input_is_read_to_its_end() {
        for (kind, reader, writer) in channels() {
            let mut input = BlockingInput::new(non_blocking(reader), &StopToken::new());
            let empty = (&input.file).read(&mut [0]);
            let empty = empty.expect_err("nothing was written yet");
            assert_eq!(empty.kind(), io::ErrorKind::WouldBlock, "{kind}");
            let writing = thread::spawn(move || File::from(writer).write_all(&text()));
            let mut read = Vec::new();
            input.read_to_end(&mut read).expect("it can be read");
            writing.join().expect("no panic").expect("it is read");
            assert!(read == text(), "{kind}: {} of {LONG} bytes", read.len());
        }
    }

    #[test]
    fn a_stop_ends_input_that_gives_nothing() {
        for (kind, reader, writer) in channels() {
            for is_blocking in [true, false] {
                let reader = reader.try_clone().expect("there are descriptors");
                let file = match is_blocking {
                    true => File::from(reader),
                    false => non_blocking(reader),
                };
                let stop = StopToken::new();
                let mut input = BlockingInput::new(file, &stop);
                let reading = thread::spawn(move || input.read(&mut [0; 10]));
                stop.stop();
                let read = reading.join().expect("no panic").expect("no error");
                assert_eq!(read, 0, "{kind}, blocking: {is_blocking}");
            }
            drop(writer);
        }
    }

    #[test]
    fn non_blocking_output_takes_everything() {
        for (kind, reader, writer) in channels() {
            let mut output = BlockingOutput(non_blocking(writer));
            // Full before anybody reads, so that some write has to wait.
            let mut before = 0;
            while let Ok(count) = output.0.write(&text()[before..]) {
                before += count;
            }
            let writing = thread::spawn(move || output.write_all(&text()[before..]));
            let mut read = Vec::new();
            File::from(reader).read_to_end(&mut read).expect("it can");
            writing.join().expect("no panic").expect("it is read");
            assert!(read == text(), "{kind}: {} of {LONG} bytes", read.len());
        }
    }
}
