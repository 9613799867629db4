//! Signals: the first SIGINT, SIGTERM or SIGHUP asks the run to stop, the second ends the process at once, and
//! removes its temporary files. Two that come together are one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

use super::blocking;
use crate::pool::StopToken;
use crate::save::TemporaryFiles;

/// Time from the first signal to the end of the process, at the latest.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The same before there is anything to report: the opening of a named pipe may block.
const START_TIMEOUT: Duration = Duration::from_millis(500);

/// Interval at which a second signal is looked for.
const SECOND_INTERVAL: Duration = Duration::from_millis(10);

/// Time from the first signal in which another one is the same: timeout(1) signals its child, and then the group
/// that the child is in.
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// Time from the first signal in which the standard streams are still written. The rest is for reports in
/// files.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// A buffer for `/proc/self/status`, of which it takes a third.
const STATUS_BYTES: usize = 4096;

/// The line about reports that a second signal loses.
const LOST_BY_SECOND: &str =
    "a second signal: reports not written (after one alone, a run ends with its reports)";

/// The line about reports that take longer than the process may.
const LOST_BY_TIME: &str =
    "reports not written within 5 s of the signal: what they are written to does not take them";

/// Watch for signals, for the rest of the process's life.
#[derive(Debug)]
pub struct SignalWatch {
    state: Arc<SignalState>,
    write_deadline: WriteDeadline,
}

/// The state that the watch shares with its thread.
#[derive(Debug, Default)]
struct SignalState {
    stop: StopToken,
    /// The first signal, or 0, as the thread has taken it.
    first: AtomicI32,
    /// The latest signal, or 0, as its handler has set it.
    latest: Arc<AtomicUsize>,
    /// True once a stop ends in a report.
    has_session: AtomicBool,
    /// True once all reports are written, as far as they can be.
    is_reported: AtomicBool,
    temporary_files: TemporaryFiles,
}

/// Deadline for writing to the standard streams. There is none until a signal asks the run to stop; from then
/// on a pipe whose reader does not read must not keep the process.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteDeadline {
    /// Time of the first signal.
    signalled: Arc<OnceLock<Instant>>,
}

impl WriteDeadline {
    /// Tests whether the deadline has passed.
    pub(super) fn has_passed(&self) -> bool {
        let signalled = self.signalled.get();
        signalled.is_some_and(|signalled| signalled.elapsed() >= WRITE_TIMEOUT)
    }
}

impl SignalWatch {
    /// Begins to watch. The first signal stops the [token](SignalWatch::stop).
    ///
    /// # Errors
    ///
    /// If a handler cannot be installed, or the thread cannot be started.
    pub fn start() -> io::Result<Self> {
        let mut watched = vec![SIGINT, SIGTERM];
        if !is_ignored(SIGHUP) {
            watched.push(SIGHUP);
        }
        let state = Arc::new(SignalState::default());
        for &signal in &watched {
            let number = usize::try_from(signal).expect("the numbers of signals are positive");
            flag::register_usize(signal, Arc::clone(&state.latest), number)?;
        }
        // Without a handler, a file past RLIMIT_FSIZE would end the process instead of failing its URL.
        flag::register(SIGXFSZ, Arc::default())?;
        let write_deadline = WriteDeadline::default();
        let handler = SignalHandler {
            signals: Signals::new(&watched)?,
            state: Arc::clone(&state),
            signalled: Arc::clone(&write_deadline.signalled),
        };
        thread::Builder::new()
            .name("pfetch-signals".to_owned())
            .spawn(move || handler.run())?;
        unblock(&watched)?;
        Ok(SignalWatch {
            state,
            write_deadline,
        })
    }

    /// The token that the first signal stops.
    pub(super) fn stop(&self) -> &StopToken {
        &self.state.stop
    }

    /// The register of the temporary files that the second signal removes.
    pub(super) fn temporary_files(&self) -> &TemporaryFiles {
        &self.state.temporary_files
    }

    /// Begins the part of the process's life that ends in a report.
    pub(super) fn begin_session(&self) {
        self.state.has_session.store(true, Ordering::Release);
        if self.received().is_some() {
            // The thread may not have run yet, and nothing is to be fetched.
            self.state.stop.stop();
        }
    }

    /// Records that all reports are written, as far as they can be: from now on a second signal loses none.
    pub(super) fn end_session(&self) {
        self.state.is_reported.store(true, Ordering::Release);
    }

    /// The deadline for writing to the standard streams.
    pub(super) fn write_deadline(&self) -> &WriteDeadline {
        &self.write_deadline
    }

    /// The first signal, if one was received.
    pub(super) fn received(&self) -> Option<i32> {
        let first = match self.state.first.load(Ordering::Acquire) {
            0 => self.state.latest(),
            first => first,
        };
        Some(first).filter(|&signal| signal != 0)
    }
}

impl SignalState {
    fn latest(&self) -> i32 {
        i32::try_from(self.latest.load(Ordering::SeqCst)).expect("it is the number of a signal")
    }
}

/// The thread that handles signals.
struct SignalHandler {
    signals: Signals,
    state: Arc<SignalState>,
    signalled: Arc<OnceLock<Instant>>,
}

impl SignalHandler {
    fn run(mut self) {
        let Some(first) = self.signals.forever().next() else {
            return;
        };
        self.state.first.store(first, Ordering::Release);
        let signalled = *self.signalled.get_or_init(Instant::now);
        self.state.stop.stop();
        let (mut last, mut loss) = (first, LOST_BY_TIME);
        // The run ends within a second, unless a reader of its output does not read.
        while signalled.elapsed() < self.timeout() {
            let second = self.signals.pending().next();
            if let Some(second) = second.filter(|_| is_another(signalled.elapsed())) {
                (last, loss) = (second, LOST_BY_SECOND);
                break;
            }
            thread::sleep(SECOND_INTERVAL);
        }
        self.state.temporary_files.remove_all();
        self.report_loss(loss);
        low_level::exit(128 + last);
    }

    /// Says that reports are lost, if that can be said at once: the reader of standard error may be what is waited
    /// for.
    fn report_loss(&self, loss: &str) {
        let has_session = self.state.has_session.load(Ordering::Acquire);
        if !has_session || self.state.is_reported.load(Ordering::Acquire) {
            return;
        }
        let stderr = io::stderr();
        // Off the line that the terminal has echoed the key on.
        let start = if stderr.is_terminal() { "\n" } else { "" };
        let line = format!("{start}pfetch: {loss}\n");
        // Without standard error there is no other place to report that to.
        let _ = blocking::write_if_ready(stderr, line.as_bytes());
    }

    /// The time from the first signal to the exit.
    fn timeout(&self) -> Duration {
        match self.state.has_session.load(Ordering::Acquire) {
            true => EXIT_TIMEOUT,
            false => START_TIMEOUT,
        }
    }
}

/// Tests whether a signal that comes this long after the first is another one.
fn is_another(since_first: Duration) -> bool {
    since_first >= SAME_SIGNAL
}

/// Lets the signals through that the parent process had blocked, as threads of some programs do: the mask is
/// inherited, and nobody else would.
fn unblock(signals: &[i32]) -> io::Result<()> {
    let mut set = SigSet::empty();
    for &signal in signals {
        set.add(Signal::try_from(signal)?);
    }
    Ok(set.thread_unblock()?)
}

/// Tests whether a signal was ignored from the start, as nohup has it with SIGHUP. The process then outlives its
/// terminal.
pub(super) fn is_ignored(signal: i32) -> bool {
    let Ok(status) = File::open("/proc/self/status") else {
        // Unknown without /proc; nohup has to work.
        return signal == SIGHUP;
    };
    // One read, unless the lines before are longer than usual: the kernel writes the whole file anew for each. Bytes,
    // since the program's own name is in it.
    let lines = BufReader::with_capacity(STATUS_BYTES, status).split(b'\n');
    let ignored = lines.map_while(Result::ok).find_map(|line| {
        let mask = str::from_utf8(line.strip_prefix(b"SigIgn:")?).ok()?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    // The lowest bit is that of signal 1.
    ignored.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_another_one_only_some_time_after_the_first() {
        for (millis, expected) in [(0, false), (1, false), (199, false), (200, true)] {
            let since_first = Duration::from_millis(millis);
            assert_eq!(is_another(since_first), expected, "{since_first:?}");
        }
    }
}
