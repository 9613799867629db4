//! SIGINT and SIGTERM: the first asks the run to stop, the second ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::pool::StopToken;

/// How long a run that was asked to stop may take to write its report.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches for signals for the rest of the process's life.
#[derive(Debug)]
pub(crate) struct Watch {
    received: Arc<AtomicI32>,
}

impl Watch {
    /// Stops `stop` at the first signal.
    pub(crate) fn start(stop: StopToken) -> io::Result<Self> {
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down, and puts it up.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
        }
        // A file that grows past the limit on files is that file's failure, not the end of all.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let received = Arc::new(AtomicI32::new(0));
        let first = Arc::clone(&received);
        thread::Builder::new()
            .name("pfetch-signals".to_owned())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    first.store(signal, Ordering::Release);
                    stop.stop();
                    // The run ends within a second, unless nobody reads what it writes.
                    thread::sleep(PATIENCE);
                    low_level::exit(128 + signal);
                }
            })?;
        Ok(Watch { received })
    }

    /// The signal that was received, if one was.
    pub(crate) fn received(&self) -> Option<i32> {
        Some(self.received.load(Ordering::Acquire)).filter(|&signal| signal != 0)
    }
}
