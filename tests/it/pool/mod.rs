//! The guarantees of the pool, tested through its public API. One file per guarantee.
//!
//! Nothing here sleeps to let something happen: jobs wait at a [`Gate`] that the test opens, so
//! each test decides the order of events itself. Each test runs under [`timely`], so a pool that
//! hangs fails its test instead of hanging it.

mod close;
mod order;
mod panics;
mod queue;
mod semaphore;
mod slot;
mod stop;
mod token;
mod workers;

use std::convert::Infallible;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use crate::timely::{PATIENCE, timely};

/// The time to wait for an event that must not happen. A sound pool passes however slow the machine is; a
/// broken one is caught unless its thread was not scheduled for all this time.
const A_WHILE: Duration = Duration::from_millis(50);

/// A gate that jobs wait at until the test opens it, by [`Gate::open`] or by ending.
struct Gate {
    _shut: Sender<Infallible>,
    arrivals: Receiver<()>,
    pass: Pass,
}

/// A job's way through a [`Gate`].
#[derive(Debug, Clone)]
struct Pass {
    arrive: Sender<()>,
    opened: Receiver<Infallible>,
}

impl Gate {
    fn new() -> Self {
        let (shut, opened) = bounded(0);
        let (arrive, arrivals) = unbounded();
        Gate {
            _shut: shut,
            arrivals,
            pass: Pass { arrive, opened },
        }
    }

    fn pass(&self) -> Pass {
        self.pass.clone()
    }

    /// Waits until `jobs` more have come to the gate.
    fn wait_for(&self, jobs: usize) {
        for already in 0..jobs {
            assert!(
                self.arrivals.recv_timeout(PATIENCE).is_ok(),
                "only {already} of {jobs} jobs came to the gate"
            );
        }
    }

    /// The number of jobs that have come since the last [`wait_for`](Gate::wait_for).
    fn arrived(&self) -> usize {
        self.arrivals.len()
    }

    /// Lets all jobs through, now and later.
    fn open(self) {}
}

impl Pass {
    /// Announces itself, then waits for the gate to open.
    fn through(&self) {
        // The test may have ended: then the gate is open too.
        let _ = self.arrive.send(());
        assert_eq!(
            self.opened.recv_timeout(PATIENCE),
            Err(RecvTimeoutError::Disconnected),
            "nobody opened the gate"
        );
    }
}

/// Returns `true` if the channel stays silent [for a while](A_WHILE).
fn silent<T>(channel: &Receiver<T>) -> bool {
    matches!(
        channel.recv_timeout(A_WHILE),
        Err(RecvTimeoutError::Timeout)
    )
}
