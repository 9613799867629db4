//! Named pipes.

use std::path::Path;
use std::process::Command;

/// Makes a named pipe, by mkfifo(1): the system call is not in rustix for every system.
#[track_caller]
pub(crate) fn make_fifo(path: &Path) {
    let mut mkfifo = Command::new("mkfifo");
    let output = mkfifo.arg(path).output().expect("mkfifo is everywhere");
    assert!(output.status.success(), "{mkfifo:?}: {output:?}");
}
