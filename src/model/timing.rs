//! The timing of one URL: the phases of HAR 1.2, and their sum.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// A phase of a fetch. The names and their order are those of HAR 1.2 (`timings`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Phase {
    /// On a worker, but not yet on the network: preparing the request, or waiting for another worker's
    /// look-up of the same host.
    Blocked,
    /// The look-up of the host name.
    Dns,
    /// The TCP connect.
    Connect,
    /// The TLS handshake.
    Ssl,
    /// Writing the request.
    Send,
    /// From the last byte of the request to the first of the response.
    Wait,
    /// From the first byte of the response to its last.
    Receive,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Phase; 7] = [
        Phase::Blocked,
        Phase::Dns,
        Phase::Connect,
        Phase::Ssl,
        Phase::Send,
        Phase::Wait,
        Phase::Receive,
    ];

    /// The phase's name in reports and errors.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The time of each phase of one URL, all redirects together.
///
/// `None` is a phase that did not happen (no look-up for a numeric address, no connect on a reused
/// connection), which is not the same as a phase of no time. The phases that did happen add up to
/// [`total`](Timing::total).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    phases: [Nanoseconds; Phase::ALL.len()],
    total: Nanoseconds,
    ttfb: Nanoseconds,
}

/// An optional duration in half the size of `Option<Duration>`, because a timing crosses cores for each
/// URL. Durations over 584 years are cut to that.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Nanoseconds(u64);

impl Nanoseconds {
    const NONE: Nanoseconds = Nanoseconds(u64::MAX);

    fn get(self) -> Option<Duration> {
        (self != Nanoseconds::NONE).then(|| Duration::from_nanos(self.0))
    }

    /// The sum of both, of which either may be missing.
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Nanoseconds::NONE, time) | (time, Nanoseconds::NONE) => time,
            (Nanoseconds(one), Nanoseconds(other)) => {
                Nanoseconds(one.saturating_add(other).min(u64::MAX - 1))
            }
        }
    }
}

impl Default for Nanoseconds {
    fn default() -> Self {
        Nanoseconds::NONE
    }
}

impl From<Option<Duration>> for Nanoseconds {
    fn from(time: Option<Duration>) -> Self {
        match time {
            Some(time) => {
                let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                Nanoseconds(nanoseconds.min(u64::MAX - 1))
            }
            None => Nanoseconds::NONE,
        }
    }
}

impl Timing {
    /// The time of one phase, if it happened.
    pub fn phase(&self, phase: Phase) -> Option<Duration> {
        self.phases[phase as usize].get()
    }

    /// All phases with their times, in their order.
    pub fn phases(&self) -> [(Phase, Option<Duration>); Phase::ALL.len()] {
        Phase::ALL.map(|phase| (phase, self.phase(phase)))
    }

    /// Sets the time of one phase.
    pub fn set(&mut self, phase: Phase, time: Option<Duration>) {
        self.phases[phase as usize] = time.into();
    }

    /// A copy with the time of one phase set.
    #[must_use]
    pub fn with(mut self, phase: Phase, time: Duration) -> Self {
        self.set(phase, Some(time));
        self
    }

    /// The time from the start on a worker to the end. Time in pfetch's queue is not part of it, because
    /// serial fetching would not spend it.
    pub fn total(&self) -> Option<Duration> {
        self.total.get()
    }

    /// Sets the [total](Timing::total).
    pub fn set_total(&mut self, total: Option<Duration>) {
        self.total = total.into();
    }

    /// The time to first byte: from the start on a worker to the first byte of the final response.
    pub fn ttfb(&self) -> Option<Duration> {
        self.ttfb.get()
    }

    /// Sets the [time to first byte](Timing::ttfb).
    pub fn set_ttfb(&mut self, ttfb: Option<Duration>) {
        self.ttfb = ttfb.into();
    }

    /// Adds the phases of one exchange; its total and time to first byte are left out.
    pub fn add(&mut self, exchange: &Timing) {
        for (sum, time) in self.phases.iter_mut().zip(exchange.phases) {
            *sum = sum.plus(time);
        }
    }

    /// Sets the total, and [`Phase::Blocked`] to what no other phase accounts for.
    pub fn close(&mut self, total: Duration) {
        let blocked = Phase::Blocked as usize;
        self.phases[blocked] = Nanoseconds::NONE;
        let zero = Nanoseconds(0);
        let on_network = self.phases.iter().fold(zero, |sum, time| sum.plus(*time));
        self.total = Some(total).into();
        self.phases[blocked] = Nanoseconds(self.total.0.saturating_sub(on_network.0));
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Timing");
        for (phase, time) in self.phases() {
            shown.field(phase.as_str(), &time);
        }
        shown
            .field("total", &self.total())
            .field("ttfb", &self.ttfb())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn phases_add_up_to_the_total_and_absent_ones_stay_absent() {
        let mut timing = Timing::default();
        timing.add(
            &Timing::default()
                .with(Phase::Connect, 3 * MS)
                .with(Phase::Wait, 10 * MS),
        );
        timing.add(
            &Timing::default()
                .with(Phase::Wait, 5 * MS)
                .with(Phase::Receive, MS),
        );
        timing.close(20 * MS);
        assert_eq!(timing.phase(Phase::Dns), None);
        assert_eq!(timing.phase(Phase::Ssl), None);
        assert_eq!(timing.phase(Phase::Connect), Some(3 * MS));
        assert_eq!(timing.phase(Phase::Wait), Some(15 * MS));
        assert_eq!(timing.phase(Phase::Blocked), Some(MS));
        assert_eq!(timing.total(), Some(20 * MS));
    }

    #[test]
    fn an_optional_duration_is_stored_without_loss() {
        let century = Duration::from_secs(100 * 366 * 24 * 3600);
        for time in [
            Duration::ZERO,
            Duration::from_nanos(1),
            century + Duration::from_nanos(7),
        ] {
            assert_eq!(Nanoseconds::from(Some(time)).get(), Some(time));
        }
        assert_eq!(Nanoseconds::from(None).get(), None);
        let longest = Nanoseconds::from(Some(Duration::MAX)).get();
        assert_eq!(longest, Some(Duration::from_nanos(u64::MAX - 1)));
    }
}
