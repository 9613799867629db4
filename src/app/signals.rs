//! SIGINT, SIGTERM and SIGHUP: the first asks the run to stop, the second ends the process at once.

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

/// How long a run that was asked to stop may take to write its reports.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may wait of that for somebody to read them. The rest is for those in files.
const READERS: Duration = Duration::from_secs(3);

/// Watches for signals for the rest of the process's life.
#[derive(Debug)]
pub(crate) struct Watch {
    received: Arc<AtomicI32>,
    patience: Patience,
}

/// How long readers of the output are waited for: as long as they like, until the run was asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience {
    asked: Arc<OnceLock<Instant>>,
}

impl Patience {
    /// Whether it is at an end.
    pub(crate) fn is_over(&self) -> bool {
        let asked = self.asked.get();
        asked.is_some_and(|asked| asked.elapsed() >= READERS)
    }
}

impl Watch {
    /// Stops `stop` at the first signal.
    pub(crate) fn start(stop: StopToken) -> io::Result<Self> {
        let armed = Arc::new(AtomicBool::new(false));
        let mut watched = vec![SIGINT, SIGTERM];
        if !ignores_hangup() {
            watched.push(SIGHUP);
        }
        for &signal in &watched {
            // In this order: the first signal finds the flag down, and puts it up.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
        }
        // A file that grows past the limit on files is that file's failure, not the end of all.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = Signals::new(&watched)?;
        let received = Arc::new(AtomicI32::new(0));
        let first = Arc::clone(&received);
        let patience = Patience::default();
        let asked = Arc::clone(&patience.asked);
        thread::Builder::new()
            .name("pfetch-signals".to_owned())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    first.store(signal, Ordering::Release);
                    asked.get_or_init(Instant::now);
                    stop.stop();
                    // The run ends within a second, unless nobody reads what it writes.
                    thread::sleep(PATIENCE);
                    low_level::exit(128 + signal);
                }
            })?;
        Ok(Watch { received, patience })
    }

    /// How long readers of the output are waited for.
    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The signal that was received, if one was.
    pub(crate) fn received(&self) -> Option<i32> {
        Some(self.received.load(Ordering::Acquire)).filter(|&signal| signal != 0)
    }
}

/// Whether whoever started this process wants it to go on without its terminal, as nohup does.
fn ignores_hangup() -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        // Nobody says, and nohup has to work.
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    mask.is_none_or(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
