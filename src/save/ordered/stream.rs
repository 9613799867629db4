//! Streams that are opened by their paths: named pipes, devices, the process's descriptors.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode, OFlags, fcntl_setfl, fstat, open, stat};
use rustix::io::Errno;

/// Interval at which a named pipe is tried that nobody reads yet.
const READER_INTERVAL: Duration = Duration::from_millis(20);

/// Opens a stream by its path, and waits for the reader of a named pipe, but no longer than `patience`.
///
/// # Errors
///
/// If it cannot be opened, is no stream, or has no reader in that time.
pub fn open_stream(path: &Path, patience: Duration) -> io::Result<File> {
    let started = Instant::now();
    // O_APPEND, because a descriptor's path may be that of a regular file, whose beginning others wrote. With
    // O_NONBLOCK a pipe without a reader is an error, where open(2) would block with no end.
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOCTTY | OFlags::CLOEXEC;
    loop {
        match open(path, flags | OFlags::NONBLOCK, Mode::empty()) {
            Ok(fd) => {
                fcntl_setfl(&fd, OFlags::APPEND)?;
                let kind = FileType::from_raw_mode(fstat(&fd)?.st_mode);
                // Something else may have got the name since the options were read.
                return match kind.is_file() && !is_descriptor(path) {
                    true => Err(io::Error::other("it is a regular file now; run again")),
                    false => Ok(File::from(fd)),
                };
            }
            Err(Errno::NXIO) if is_pipe(path) => {}
            Err(errno) => return Err(errno.into()),
        }
        if started.elapsed() >= patience {
            let patience = humantime::format_duration(patience);
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "nobody has opened this pipe to read for {patience} (--stall-timeout, \
                     --deadline); start its reader first"
                ),
            ));
        }
        thread::sleep(READER_INTERVAL);
    }
}

fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

fn is_pipe(path: &Path) -> bool {
    stat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_fifo())
}
