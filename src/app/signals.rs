//! Signals: the first SIGINT, SIGTERM or SIGHUP asks the run to stop, the second ends the process at once.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::pool::StopToken;

/// Time from the first signal to the end of the process, at the latest.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time from the first signal in which the standard streams are still written. The rest is for reports in
/// files.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// Watch for signals, for the rest of the process's life.
#[derive(Debug)]
pub(super) struct SignalWatch {
    received: Arc<AtomicI32>,
    write_deadline: WriteDeadline,
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
    /// Begins to watch; the first signal stops `stop`.
    pub(super) fn start(stop: StopToken) -> io::Result<Self> {
        let armed = Arc::new(AtomicBool::new(false));
        let mut watched = vec![SIGINT, SIGTERM];
        if !is_ignored(SIGHUP) {
            watched.push(SIGHUP);
        }
        for &signal in &watched {
            // In this order: the first signal finds the flag unset, and sets it.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
        }
        // Without a handler, a file past RLIMIT_FSIZE would end the process instead of failing its URL.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = Signals::new(&watched)?;
        let received = Arc::new(AtomicI32::new(0));
        let first = Arc::clone(&received);
        let write_deadline = WriteDeadline::default();
        let signalled = Arc::clone(&write_deadline.signalled);
        thread::Builder::new()
            .name("pfetch-signals".to_owned())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    first.store(signal, Ordering::Release);
                    signalled.get_or_init(Instant::now);
                    stop.stop();
                    // The run ends within a second, unless a reader of its output does not read.
                    thread::sleep(EXIT_TIMEOUT);
                    low_level::exit(128 + signal);
                }
            })?;
        Ok(SignalWatch {
            received,
            write_deadline,
        })
    }

    /// The deadline for writing to the standard streams.
    pub(super) fn write_deadline(&self) -> &WriteDeadline {
        &self.write_deadline
    }

    /// The first signal, if one was received.
    pub(super) fn received(&self) -> Option<i32> {
        Some(self.received.load(Ordering::Acquire)).filter(|&signal| signal != 0)
    }
}

/// Tests whether a signal was ignored from the start, as nohup has it with SIGHUP. The process then outlives its
/// terminal.
pub(super) fn is_ignored(signal: i32) -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        // Unknown without /proc; nohup has to work.
        return signal == SIGHUP;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    mask.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}
