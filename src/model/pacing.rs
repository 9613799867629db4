//! Pacing: the limits that the user set on starts and bytes, the time for which each held something back, and the rate
//! of starts that came of it.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The share of a run from which on the time that a limit held something back is noticeable.
const NOTICEABLE: u32 = 100;

/// The limits on starts and bytes that held something back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BindingLimits {
    /// The rate of starts (`--rate`).
    pub rate: bool,
    /// The distance between two starts at an origin (`--host-delay`).
    pub host_delay: bool,
    /// The number of requests in flight to an origin (`--per-host`).
    pub per_host: bool,
    /// The rate of bytes (`--limit-rate`).
    pub limit_rate: bool,
}

impl BindingLimits {
    /// True if there is any.
    pub fn are_any(self) -> bool {
        self != BindingLimits::default()
    }

    /// The options that set them.
    pub fn options(self) -> Vec<&'static str> {
        let all = [
            (self.rate, "--rate"),
            (self.host_delay, "--host-delay"),
            (self.per_host, "--per-host"),
            (self.limit_rate, "--limit-rate"),
        ];
        let those = all.iter().filter(|(binds, _)| *binds);
        those.map(|(_, option)| *option).collect()
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: BindingLimits) -> Self {
        BindingLimits {
            rate: self.rate || other.rate,
            host_delay: self.host_delay || other.host_delay,
            per_host: self.per_host || other.per_host,
            limit_rate: self.limit_rate || other.limit_rate,
        }
    }
}

impl fmt::Display for BindingLimits {
    /// What they held back: `starts were held back by --rate and --per-host, bytes by --limit-rate`. Without any it is not
    /// known which it was, as of older reports.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts = [
            (self.rate, "--rate"),
            (self.host_delay, "--host-delay"),
            (self.per_host, "--per-host"),
        ];
        let starts: Vec<&str> = starts
            .iter()
            .filter_map(|(binds, option)| binds.then_some(*option))
            .collect();
        match &starts[..] {
            [] => {}
            [one] => write!(f, "starts were held back by {one}")?,
            [first @ .., last] => {
                let first = first.join(", ");
                write!(f, "starts were held back by {first} and {last}")?;
            }
        }
        match (starts.is_empty(), self.limit_rate) {
            (true, true) => f.write_str("bytes were held back by --limit-rate"),
            (false, true) => f.write_str(", bytes by --limit-rate"),
            (true, false) => f.write_str("starts or bytes were held back as asked"),
            (false, false) => Ok(()),
        }
    }
}

/// The times for which limits of the user's held back what could have gone on without them; `None` for a limit that was
/// not set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HeldBack {
    /// The rate of starts (`--rate`): an item could start, and a worker was free.
    pub rate: Option<Duration>,
    /// The distance between two starts at an origin (`--host-delay`), alike.
    pub host_delay: Option<Duration>,
    /// The number of requests in flight to an origin (`--per-host`), alike.
    pub per_host: Option<Duration>,
    /// The rate of bytes (`--limit-rate`): the sum over all workers that waited to read on.
    pub limit_rate: Option<Duration>,
}

impl HeldBack {
    /// Those that held something back for a noticeable part of a run of this length.
    fn binding(&self, makespan: Duration) -> BindingLimits {
        let binds = |held: Option<Duration>| held.is_some_and(|held| held > makespan / NOTICEABLE);
        BindingLimits {
            rate: binds(self.rate),
            host_delay: binds(self.host_delay),
            per_host: binds(self.per_host),
            limit_rate: binds(self.limit_rate),
        }
    }

    fn merge(&mut self, other: &HeldBack) {
        let add = |one: &mut Option<Duration>, other: Option<Duration>| {
            if let Some(other) = other {
                *one = Some(one.unwrap_or_default() + other);
            }
        };
        add(&mut self.rate, other.rate);
        add(&mut self.host_delay, other.host_delay);
        add(&mut self.per_host, other.per_host);
        add(&mut self.limit_rate, other.limit_rate);
    }
}

/// Reason why starts came less often than the rate asked for: that to which most time was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissedBy {
    /// All workers were busy.
    Workers,
    /// All workers were busy, and more would not help: the server slowed down as more was asked of it, pushed back, or
    /// was to be asked again later.
    Server,
    /// The list came too slowly.
    List,
    /// pfetch itself came late: it was stopped, the machine was busy, or its output was not read.
    Pfetch,
    /// The number of requests in flight to an origin (`--per-host`).
    PerHost,
    /// The distance between two starts at an origin (`--host-delay`).
    HostDelay,
    /// The rate of bytes (`--limit-rate`), which kept the workers busy.
    LimitRate,
}

impl fmt::Display for MissedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MissedBy::Workers => "too few workers (-j)",
            MissedBy::Server => "a server that slowed down or pushed back",
            MissedBy::List => "a list that came slowly",
            MissedBy::Pfetch => "pfetch itself, which was held up",
            MissedBy::PerHost => "--per-host",
            MissedBy::HostDelay => "--host-delay",
            MissedBy::LimitRate => "--limit-rate",
        })
    }
}

/// The rate of starts of a run that was asked for one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartRate {
    /// Starts a second that were asked for.
    pub asked: f64,
    /// Starts a second from the first to the last, those of retries too; `None` of fewer than two.
    pub reached: Option<f64>,
    /// The reason why it was missed; `None` if it was kept, or there were too few starts to tell.
    pub missed_by: Option<MissedBy>,
}

/// The pacing of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pacing {
    /// The times for which limits held something back.
    pub held_back: HeldBack,
    /// The rate of starts, if one was asked for.
    pub rate: Option<StartRate>,
}

impl Pacing {
    /// The limits that held something back for a noticeable part of a run of this length.
    pub fn binding(&self, makespan: Duration) -> BindingLimits {
        self.held_back.binding(makespan)
    }

    /// Completes it by what the outcomes show. `held_bytes` is the time that workers waited to read on, `busy` that in
    /// which they were busy, those waits included; `has_slowed_down` tells of a server that answered more slowly as more
    /// was asked of it. Workers that are busy for one of these reasons are not too few.
    #[must_use]
    pub(super) fn completed(
        mut self,
        held_bytes: Duration,
        busy: Duration,
        has_slowed_down: bool,
    ) -> Self {
        if let Some(limit_rate) = &mut self.held_back.limit_rate {
            *limit_rate = held_bytes;
        }
        if let Some(rate) = &mut self.rate
            && rate.missed_by == Some(MissedBy::Workers)
        {
            rate.missed_by = Some(match has_slowed_down {
                _ if held_bytes > busy / 2 => MissedBy::LimitRate,
                true => MissedBy::Server,
                false => MissedBy::Workers,
            });
        }
        self
    }

    /// Adds that of another run, as if it followed this one. Of two rates, the one that was missed by more stays.
    pub(crate) fn merge(&mut self, other: &Pacing) {
        self.held_back.merge(&other.held_back);
        let share = |rate: &StartRate| rate.reached.map_or(1.0, |reached| reached / rate.asked);
        let rates = [self.rate, other.rate].into_iter().flatten();
        self.rate = rates.min_by(|one, other| share(one).total_cmp(&share(other)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_limits_that_held_something_back_are_named_each() {
        let limits = |text: &str| BindingLimits {
            rate: text.contains('r'),
            host_delay: text.contains('d'),
            per_host: text.contains('h'),
            limit_rate: text.contains('l'),
        };
        for (which, expected) in [
            ("r", "starts were held back by --rate"),
            ("dh", "starts were held back by --host-delay and --per-host"),
            ("l", "bytes were held back by --limit-rate"),
            (
                "rdhl",
                "starts were held back by --rate, --host-delay and --per-host, bytes by --limit-rate",
            ),
            ("", "starts or bytes were held back as asked"),
        ] {
            assert_eq!(limits(which).to_string(), expected);
            assert_eq!(limits(which).are_any(), !which.is_empty());
        }
        assert_eq!(limits("r").or(limits("l")), limits("rl"));
    }

    #[test]
    fn a_limit_binds_if_it_held_something_back_for_a_noticeable_part_of_the_run() {
        let held_back = HeldBack {
            rate: Some(SECOND / 5),
            host_delay: Some(SECOND / 20),
            per_host: Some(Duration::ZERO),
            limit_rate: None,
        };
        let pacing = Pacing {
            held_back,
            rate: None,
        };
        let binding = pacing.binding(10 * SECOND);
        let expected = BindingLimits {
            rate: true,
            ..BindingLimits::default()
        };
        assert_eq!(binding, expected);
        assert!(pacing.binding(4 * SECOND).host_delay);
    }

    #[test]
    fn workers_that_the_server_or_held_bytes_keep_busy_are_not_too_few() {
        let pacing = |missed_by| Pacing {
            held_back: HeldBack {
                limit_rate: Some(Duration::ZERO),
                ..HeldBack::default()
            },
            rate: Some(StartRate {
                asked: 10.0,
                reached: Some(5.0),
                missed_by,
            }),
        };
        let missed = |missed_by, held_bytes, has_slowed_down| {
            let pacing = pacing(missed_by).completed(held_bytes, 10 * SECOND, has_slowed_down);
            assert_eq!(pacing.held_back.limit_rate, Some(held_bytes));
            pacing.rate.expect("it has one").missed_by
        };
        let workers = Some(MissedBy::Workers);
        assert_eq!(missed(workers, SECOND, false), workers);
        assert_eq!(missed(workers, SECOND, true), Some(MissedBy::Server));
        let limit_rate = Some(MissedBy::LimitRate);
        assert_eq!(missed(workers, 6 * SECOND, true), limit_rate);
        for other in [None, Some(MissedBy::List), Some(MissedBy::Pfetch)] {
            assert_eq!(missed(other, 6 * SECOND, true), other);
        }
    }

    #[test]
    fn of_several_runs_the_times_add_up_and_the_rate_that_was_missed_by_more_stays() {
        let run = |held, reached| Pacing {
            held_back: HeldBack {
                rate: Some(held),
                ..HeldBack::default()
            },
            rate: Some(StartRate {
                asked: 10.0,
                reached,
                missed_by: None,
            }),
        };
        let mut all = run(SECOND, Some(9.0));
        all.merge(&run(SECOND, Some(4.0)));
        all.merge(&run(SECOND, None));
        all.merge(&Pacing::default());
        assert_eq!(all, run(3 * SECOND, Some(4.0)));
    }
}
