//! Checks: rounds in which items that were not pushed back show if they fare better than those that were.
//!
//! Pages that are broken with 503 say nothing of the server, and must not slow it down.

use std::time::Instant;

/// The successes that a check needs at least: where every other request is pushed back, one says nothing.
const FEWEST: usize = 3;

/// The number of push-backs after a check that are taken for those of broken pages too.
const PRESUMED: u32 = 8;

/// The check under way.
#[derive(Debug, Clone, Copy)]
struct Check {
    since: Instant,
    successes: usize,
}

/// The checks of an origin. Each has a number, from 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checks {
    current: Option<Check>,
    begun: u32,
    /// The last that failed.
    failed: u32,
    /// The last that succeeded.
    succeeded: u32,
    /// Push-backs that were taken for those of broken pages since the last check that succeeded.
    presumed: u32,
}

impl Checks {
    /// The beginning of the check under way.
    pub(super) fn since(&self) -> Option<Instant> {
        self.current.map(|check| check.since)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.current.is_some()
    }

    /// The number of the last check that was begun.
    pub(super) fn last(&self) -> u32 {
        self.begun
    }

    /// True if this check found others unharmed, and none has failed since.
    pub(super) fn holds(&self, number: u32) -> bool {
        number > self.failed && number <= self.succeeded
    }

    /// Begins a check after a push-back, or takes it for that of a broken page too, as the last check has found
    /// others unharmed. Returns its number.
    pub(super) fn begin(&mut self, now: Instant) -> u32 {
        if self.succeeded > self.failed && self.presumed < PRESUMED {
            self.presumed += 1;
            return self.succeeded;
        }
        self.begun += 1;
        self.current = Some(Check {
            since: now,
            successes: 0,
        });
        self.begun
    }

    /// Notes a success of a request that was started then. `size`: that of the window. A full window of them
    /// ends the check: fewer are taken by an overloaded server too.
    pub(super) fn success(&mut self, started: Instant, size: usize) {
        let Some(check) = self.current.as_mut().filter(|check| started > check.since) else {
            return;
        };
        check.successes += 1;
        if check.successes >= size.max(FEWEST) {
            self.succeeded = self.begun;
            self.presumed = 0;
            self.current = None;
        }
    }

    /// Ends the check under way: it failed.
    pub(super) fn fail(&mut self) {
        if self.current.take().is_some() {
            self.failed = self.begun;
        }
    }
}
