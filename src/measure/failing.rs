//! The time of a run in which nothing but failing targets was under way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::model::outcome::{Outcome, Verdict};

/// The spans of a run's targets. Those of successes are kept merged: with several workers they overlap, so that few
/// are left. A serial run needs none, because there a failure is alone.
#[derive(Debug, Default)]
pub(super) struct FailingTime {
    is_serial: bool,
    /// Spans of successes that do not touch each other: their ends by their starts.
    successes: BTreeMap<Instant, Instant>,
    failures: Vec<(Instant, Instant)>,
}

impl FailingTime {
    /// The spans of a run with this many workers.
    pub(super) fn new(workers: usize) -> Self {
        FailingTime {
            is_serial: workers == 1,
            ..FailingTime::default()
        }
    }

    /// Adds a target, from the start of its first attempt to the end of its last.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let is_failure = outcome.verdict == Verdict::Failed;
        if self.is_serial && !is_failure {
            return;
        }
        let mut spans = outcome.attempts().filter_map(|attempt| attempt.span);
        let Some((start, end)) = spans.next() else {
            return;
        };
        let end = spans.next_back().map_or(end, |(_, end)| end);
        match is_failure {
            true => self.failures.push((start, end)),
            false => insert(&mut self.successes, start, end),
        }
    }

    /// The time within the spans of failures and outside of all others.
    pub(super) fn total(mut self) -> Duration {
        let before = length(&self.successes);
        for (start, end) in self.failures {
            insert(&mut self.successes, start, end);
        }
        length(&self.successes).saturating_sub(before)
    }
}

/// Adds a span to those that do not touch each other, merged with those that it touches.
fn insert(spans: &mut BTreeMap<Instant, Instant>, mut start: Instant, mut end: Instant) {
    while let Some((&from, &to)) = spans.range(..=end).next_back() {
        if to < start {
            break;
        }
        spans.remove(&from);
        start = start.min(from);
        end = end.max(to);
    }
    spans.insert(start, end);
}

fn length(spans: &BTreeMap<Instant, Instant>) -> Duration {
    spans.iter().map(|(start, end)| *end - *start).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::target::Verb;

    /// The failing time of targets from so many milliseconds to so many, of which the marked ones failed.
    fn failing(workers: usize, targets: &[(u64, u64, bool)]) -> u128 {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let mut time = FailingTime::new(workers);
        for (start, end, has_failed) in targets {
            let mut outcome = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
            outcome.last.span = Some((at(*start), at(*end)));
            if *has_failed {
                outcome.verdict = Verdict::Failed;
            }
            time.add(&outcome);
        }
        time.total().as_millis()
    }

    #[test]
    fn only_the_time_without_any_other_target_counts() {
        for (targets, expected) in [
            (&[][..], 0),
            (&[(0, 10, false), (10, 30, false)], 0),
            (&[(0, 10, false), (10, 30, true)], 20),
            // A failure that ends last, and began long before.
            (&[(0, 10, false), (10, 20, false), (5, 90, true)], 70),
            // Two at once are one time, and one within a success is none.
            (&[(50, 60, true), (40, 55, true), (0, 10, false)], 20),
            (&[(0, 90, false), (10, 20, true)], 0),
            // The gap between successes is filled by a failure.
            (&[(0, 10, false), (30, 40, false), (5, 35, true)], 20),
        ] {
            assert_eq!(failing(4, targets), expected, "{targets:?}");
        }
    }

    #[test]
    fn a_serial_run_has_the_times_of_its_failures() {
        let targets = [
            (0, 10, false),
            (10, 35, true),
            (36, 40, false),
            (40, 41, true),
        ];
        assert_eq!(failing(1, &targets), 26);
    }

    #[test]
    fn spans_that_touch_are_kept_as_one() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let mut spans = BTreeMap::new();
        for (start, end) in [(0, 10), (20, 30), (40, 50), (10, 20), (60, 70), (25, 45)] {
            insert(&mut spans, at(start), at(end));
        }
        let merged: Vec<_> = spans.into_iter().collect();
        assert_eq!(merged, [(at(0), at(50)), (at(60), at(70))]);
    }
}
