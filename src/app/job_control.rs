//! Job control: the display leaves the terminal when the process is stopped (Ctrl-Z) or asked to end (Ctrl-C), and
//! is not drawn while a shell has the process in its background (`&`, `bg`).

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, getpgrp, getpid, getppid};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::signals::is_ignored;
use crate::report::{Screen, duration};

/// The shortest stop that is told of: a shorter one is in no figure that a person looks at.
const MIN_TOLD: Duration = Duration::from_millis(500);

/// Tests whether the process is in the foreground of the terminal on standard error. On a terminal that has no
/// job control for it, there is no background.
pub(super) fn is_foreground() -> bool {
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
}

/// Takes the display off the terminal when a signal says so, for the rest of the process's life. Remarks are
/// written to `out`.
pub(super) fn watch(screen: Screen, mut out: impl Write + Send + 'static) -> io::Result<()> {
    let mut watched = vec![SIGINT, SIGTERM, SIGHUP, SIGTSTP];
    watched.retain(|&signal| !is_ignored(signal));
    watched.push(SIGCONT);
    let mut signals = Signals::new(&watched)?;
    thread::Builder::new()
        .name("pfetch-job-control".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let stopped = match signal {
                    SIGTSTP if may_stop() => {
                        // Emulated by SIGSTOP, which always can be raised.
                        let stop = || drop(low_level::emulate_default_handler(SIGTSTP));
                        Some(screen.while_stopped(stop))
                    }
                    SIGTSTP => None,
                    SIGCONT => screen.after_stop(),
                    // The run winds up, and nothing more is worth a display.
                    _ => {
                        screen.close();
                        None
                    }
                };
                if let Some(time) = stopped.filter(|time| *time >= MIN_TOLD) {
                    // A remark that cannot be written is no reason to end the run.
                    let _ = writeln!(
                        out,
                        "pfetch: warning: stopped for {}, which the times include",
                        duration(time)
                    )
                    .and_then(|()| out.flush());
                }
            }
        })?;
    Ok(())
}

/// Tests whether there is a shell that could continue the process once it is stopped: whether a process of its
/// group has a parent in the same session and in another group. Without one ("orphaned"), the system ignores
/// Ctrl-Z, and so does pfetch.
fn may_stop() -> bool {
    let (group, mut process) = (getpgrp(), Some(getpid()));
    // Up through the parents that are of the same group, as a script's shell is.
    while let Some(parent) = process.and_then(parent) {
        let is_same_group = rustix::process::getpgid(Some(parent)) == Ok(group);
        if !is_same_group {
            let own = rustix::process::getsid(None);
            return own.is_ok() && rustix::process::getsid(Some(parent)) == own;
        }
        process = Some(parent);
    }
    // At the top of the tree; or unknown without /proc, and then Ctrl-Z has to work.
    !Path::new("/proc/self").exists()
}

/// The parent of a process, if the system tells.
fn parent(process: Pid) -> Option<Pid> {
    if process == getpid() {
        return getppid();
    }
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}
