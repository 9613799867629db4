//! The sums over one run that the reasons are found by. Their memory is bounded: a number of origins are told apart.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::load::RunLoad;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::pacing::BindingLimits;
use crate::model::reason::PhaseMeans;
use crate::model::summary::Summary;
use crate::model::timing::Phase;

/// The most origins that are told apart, those that come first in the list. A list with more has no origin that its time
/// hangs on, or has it among the first.
const MAX_ORIGINS: usize = 32;

/// The origins of a measurement by their numbers, the same in all of its runs.
#[derive(Debug, Default)]
pub(super) struct OriginTable {
    numbers: HashMap<Arc<str>, usize, RandomState>,
    pub(super) names: Vec<Arc<str>>,
}

impl OriginTable {
    /// The number of the origin of a URL. `None` if it is one too many, or the input was no URL.
    fn number(&mut self, url: &str) -> Option<usize> {
        let origin = origin(url)?;
        if let Some(number) = self.numbers.get(origin) {
            return Some(*number);
        }
        let number = self.names.len();
        if number == MAX_ORIGINS {
            return None;
        }
        let name: Arc<str> = origin.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        Some(number)
    }
}

/// The part of a URL's text before its path: scheme, host and port.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + "://".len();
    let length = url[host..].find(['/', '?', '#']);
    Some(&url[..length.map_or(url.len(), |length| host + length)])
}

/// The sums over targets that succeeded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PhaseSums {
    pub(super) requests: u64,
    /// The seconds of each phase, and in how many targets it happened.
    seconds: [f64; Phase::ALL.len()],
    happened: [u64; Phase::ALL.len()],
    /// Bytes from the sockets.
    pub(super) bytes: u64,
    /// Of the targets whose request went over a kept connection, and of those that had to connect.
    pub(super) kept: KindSums,
    pub(super) new: KindSums,
}

/// The sums over requests of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct KindSums {
    pub(super) requests: u64,
    pub(super) wait: f64,
    pub(super) total: f64,
}

impl KindSums {
    fn merge(&mut self, other: &KindSums) {
        self.requests += other.requests;
        self.wait += other.wait;
        self.total += other.total;
    }

    pub(super) fn mean_wait(&self) -> f64 {
        self.wait / self.requests as f64
    }

    pub(super) fn mean_total(&self) -> f64 {
        self.total / self.requests as f64
    }
}

impl PhaseSums {
    fn add(&mut self, outcome: &Outcome) {
        let last = &outcome.last;
        self.requests += 1;
        for (phase, time) in last.timing.phases() {
            if let Some(time) = time {
                self.seconds[phase as usize] += time.as_secs_f64();
                self.happened[phase as usize] += 1;
            }
        }
        self.bytes = self.bytes.saturating_add(last.wire_bytes.unwrap_or(0));
        let kind = match last.reused {
            Some(true) => &mut self.kept,
            _ => &mut self.new,
        };
        let wait = last.timing.phase(Phase::Wait).unwrap_or_default();
        kind.merge(&KindSums {
            requests: 1,
            wait: wait.as_secs_f64(),
            total: last.total().as_secs_f64(),
        });
    }

    pub(super) fn merge(&mut self, other: &PhaseSums) {
        self.requests += other.requests;
        for phase in Phase::ALL {
            self.seconds[phase as usize] += other.seconds[phase as usize];
            self.happened[phase as usize] += other.happened[phase as usize];
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.kept.merge(&other.kept);
        self.new.merge(&other.new);
    }

    pub(super) fn seconds(&self, phase: Phase) -> f64 {
        self.seconds[phase as usize]
    }

    /// The seconds of looking up, connecting and the handshake.
    pub(super) fn connecting(&self) -> f64 {
        let phases = [Phase::Dns, Phase::Connect, Phase::Ssl];
        phases.map(|phase| self.seconds(phase)).iter().sum()
    }

    pub(super) fn means(&self) -> PhaseMeans {
        let mean = |phase: Phase| {
            let happened = self.happened[phase as usize] > 0;
            happened.then(|| self.seconds(phase) / self.requests as f64)
        };
        PhaseMeans {
            requests: self.requests,
            connected: self.new.requests,
            blocked: mean(Phase::Blocked),
            dns: mean(Phase::Dns),
            connect: mean(Phase::Connect),
            ssl: mean(Phase::Ssl),
            send: mean(Phase::Send),
            wait: mean(Phase::Wait),
            receive: mean(Phase::Receive),
        }
    }
}

/// The sums over a run's targets at one origin.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OriginSums {
    pub(super) phases: PhaseSums,
    /// The first start and the last end.
    span: Option<(Instant, Instant)>,
    pub(super) push_backs: PushBacks,
}

/// The push-backs of an origin, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PushBacks {
    pub(super) too_many: u64,
    pub(super) unavailable: u64,
    pub(super) refused: u64,
}

impl PushBacks {
    pub(super) fn all(self) -> u64 {
        self.too_many + self.unavailable + self.refused
    }

    /// Those that were answered: 429 and 503.
    pub(super) fn answered(self) -> u64 {
        self.too_many + self.unavailable
    }

    pub(super) fn sum(all: impl IntoIterator<Item = PushBacks>) -> Self {
        let mut sum = PushBacks::default();
        all.into_iter().for_each(|one| sum.merge(one));
        sum
    }

    pub(super) fn merge(&mut self, other: PushBacks) {
        self.too_many += other.too_many;
        self.unavailable += other.unavailable;
        self.refused += other.refused;
    }

    fn add(&mut self, outcome: &Outcome) {
        let with = |status: u16| {
            let attempts = outcome.attempts();
            attempts
                .filter(|attempt| attempt.status == Some(status))
                .count() as u64
        };
        let before = self.too_many + self.unavailable;
        self.too_many += with(429);
        self.unavailable += with(503);
        let answered = self.too_many + self.unavailable - before;
        self.refused += u64::from(outcome.pushed_back()).saturating_sub(answered);
    }
}

impl OriginSums {
    /// The seconds from the first start to the last end.
    pub(super) fn seconds(&self) -> f64 {
        self.span
            .map_or(0.0, |(first, last)| (last - first).as_secs_f64())
    }

    /// The targets that succeeded, in a second.
    pub(super) fn per_second(&self) -> f64 {
        self.phases.requests as f64 / self.seconds()
    }
}

/// The target of a run that took the longest, with the waits for its retries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SlowestTarget {
    pub(super) index: u64,
    pub(super) url: Arc<str>,
    pub(super) time: Duration,
    pub(super) waits: Duration,
}

/// The sums over one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RunSums {
    pub(super) workers: usize,
    pub(super) targets: u64,
    pub(super) makespan: f64,
    /// The seconds in which workers were busy with requests, and those of attempts that were made again.
    pub(super) busy: f64,
    pub(super) repeated: f64,
    /// Those of targets that failed.
    failed: f64,
    /// Set if the user held back starts or bytes, and the limits that did for a noticeable time.
    pub(super) is_paced: bool,
    pub(super) limits: BindingLimits,
    /// Set if no target succeeded of those that there were.
    pub(super) has_only_failures: bool,
    pub(super) all: PhaseSums,
    pub(super) origins: Vec<OriginSums>,
    pub(super) slowest: Option<SlowestTarget>,
    pub(super) load: Option<RunLoad>,
}

impl RunSums {
    pub(super) fn add(&mut self, outcome: &Outcome, table: &mut OriginTable) {
        let Some(time) = outcome.unqueued() else {
            return;
        };
        let earlier = outcome.earlier().iter();
        self.repeated += earlier
            .map(|attempt| attempt.total().as_secs_f64())
            .sum::<f64>();
        let is_success = matches!(outcome.verdict, Verdict::Ok | Verdict::Unchanged);
        if !is_success {
            let busy = outcome.busy().unwrap_or_default();
            self.failed += busy.as_secs_f64();
        }
        // What fails is no work, and is left out of the times that are compared.
        let is_slower = |slow: &SlowestTarget| slow.time < time;
        if is_success && self.slowest.as_ref().is_none_or(is_slower) {
            self.slowest = Some(SlowestTarget {
                index: outcome.index,
                url: Arc::clone(&outcome.url),
                time,
                waits: outcome.retry_wait(),
            });
        }
        if is_success {
            self.all.add(outcome);
        }
        let Some(number) = table.number(&outcome.url) else {
            return;
        };
        if self.origins.len() <= number {
            self.origins.resize(number + 1, OriginSums::default());
        }
        let origin = &mut self.origins[number];
        origin.push_backs.add(outcome);
        if is_success {
            origin.phases.add(outcome);
        }
        for (start, end) in outcome.attempts().filter_map(|attempt| attempt.span) {
            let (first, last) = origin.span.unwrap_or((start, end));
            origin.span = Some((first.min(start), last.max(end)));
        }
    }

    /// Completes the sums with the figures of the whole run, without the time in which only failing targets were under
    /// way.
    pub(super) fn complete(&mut self, summary: &Summary) {
        self.workers = summary.workers;
        self.targets = summary.targets();
        let makespan = summary.makespan.unwrap_or_default();
        let makespan = makespan.saturating_sub(summary.failing_only);
        self.makespan = makespan.as_secs_f64();
        self.busy = (summary.busy.as_secs_f64() - self.failed).max(0.0);
        self.is_paced = summary.paced;
        self.limits = summary.binding_limits();
        self.has_only_failures = summary.failed > 0 && summary.succeeded() == 0;
    }

    /// The workers that can be busy at once.
    pub(super) fn at_once(&self) -> f64 {
        let targets = usize::try_from(self.targets).unwrap_or(usize::MAX);
        self.workers.min(targets).max(1) as f64
    }

    /// The time of all workers that can be busy, in seconds.
    pub(super) fn worker_time(&self) -> f64 {
        self.at_once() * self.makespan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_what_is_before_the_path() {
        for (url, expected) in [
            ("http://h:8080/a/b?c#d", Some("http://h:8080")),
            ("https://h", Some("https://h")),
            ("https://h?a=://b/", Some("https://h")),
            (
                "http://[fe80::1%25eth0]:80/",
                Some("http://[fe80::1%25eth0]:80"),
            ),
            ("no url", None),
        ] {
            assert_eq!(origin(url), expected, "{url}");
        }
    }

    #[test]
    fn the_number_of_hosts_costs_no_memory() {
        let mut table = OriginTable::default();
        for host in 0..1000 {
            let number = table.number(&format!("http://h{host}/"));
            assert_eq!(
                number,
                Some(host).filter(|host| *host < MAX_ORIGINS),
                "{host}"
            );
        }
        assert_eq!(table.number("http://h7/x"), Some(7));
        assert_eq!(table.names.len(), MAX_ORIGINS);
    }
}
