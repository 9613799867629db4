//! The counts that the run updates and the display reads.

use std::time::{Duration, Instant};

use super::clock::RunningClock;
use crate::model::event::{Event, Pending};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::Verdict;

/// The counts of a run; in a comparison or a sweep, of the one that is under way.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) done: u64,
    /// Targets that an earlier run has done. They say nothing of the rate.
    done_before: u64,
    /// Those of the targets that are done whose files were kept without a request.
    kept: u64,
    pub(super) failed: u64,
    /// Body bytes of the targets that are done.
    pub(super) bytes: u64,
    /// The number of targets in the input, once it is known.
    listed: Option<u64>,
    pub(super) pending: Pending,
    /// The start of the run.
    pub(super) since: Instant,
    /// The number of runs before it.
    pub(super) runs_before: u32,
    pub(super) arm: Option<ArmRun>,
    times: Vec<RunTimes>,
    /// The time for which the input is repeated.
    pub(super) repeat_time: Option<Duration>,
}

/// The times of the runs of an arm with the same number of workers.
#[derive(Debug, Clone, Copy)]
struct RunTimes {
    arm: Arm,
    workers: usize,
    sum: Duration,
    runs: u32,
}

impl Counts {
    pub(super) fn new(now: Instant) -> Self {
        Counts {
            done: 0,
            done_before: 0,
            kept: 0,
            failed: 0,
            bytes: 0,
            listed: None,
            pending: Pending::default(),
            since: now,
            runs_before: 0,
            arm: None,
            times: Vec::new(),
            repeat_time: None,
        }
    }

    /// Takes an event at the moment `now`.
    pub(super) fn take(&mut self, event: &Event, now: Instant, clock: &RunningClock) {
        match event {
            Event::Finished(outcome) if outcome.verdict == Verdict::Done => self.done_before += 1,
            Event::Finished(outcome) => {
                self.done += 1;
                self.bytes += outcome.bytes;
                self.kept += u64::from(outcome.is_kept());
                self.failed += u64::from(outcome.verdict == Verdict::Failed);
            }
            Event::Counted(listed) => self.listed = Some(*listed),
            Event::Pending(pending) => self.pending = *pending,
            Event::Started(_) => self.since = now,
            Event::ArmStarted(run) => self.begin(*run, now),
            Event::ArmEnded(_) => self.end_of_arm(clock.between(self.since, now)),
            _ => {}
        }
    }

    fn begin(&mut self, run: ArmRun, now: Instant) {
        *self = Counts {
            listed: self.listed,
            runs_before: self.runs_before + 1,
            arm: Some(run),
            times: std::mem::take(&mut self.times),
            ..Counts::new(now)
        };
    }

    /// Adds the time of the run that has ended to those of its arm.
    fn end_of_arm(&mut self, took: Duration) {
        let Some(ArmRun { arm, workers, .. }) = self.arm else {
            return;
        };
        let alike = |times: &&mut RunTimes| (times.arm, times.workers) == (arm, workers);
        match self.times.iter_mut().find(alike) {
            Some(times) => {
                times.sum += took;
                times.runs += 1;
            }
            None => self.times.push(RunTimes {
                arm,
                workers,
                sum: took,
                runs: 1,
            }),
        }
    }

    /// The time left for the run of a comparison or a sweep that is under way and has taken `running` so far, and
    /// for those after it. Known once each kind of run has been made.
    pub(super) fn time_for_all_runs(&self, running: Duration) -> Option<Duration> {
        let run = self.arm?;
        let left = run.of.checked_sub(run.done).filter(|left| *left > 0)?;
        let has_run = |arm| self.times.iter().any(|times| times.arm == arm);
        let is_repeated = self.times.iter().any(|times| times.runs > 1);
        let has_each_kind = is_repeated || (has_run(Arm::Serial) && has_run(Arm::Parallel));
        if !has_each_kind {
            return None;
        }
        // Each kind is made as many times as another, but for a warm-up of its own.
        let kinds = u32::try_from(self.times.len()).ok()?;
        let (mut all, mut means, mut planned) = (Duration::ZERO, Duration::ZERO, 0);
        for times in &self.times {
            let mean = times.sum / times.runs;
            let still = (run.of / kinds).saturating_sub(times.runs);
            all += mean * still;
            means += mean;
            planned += still;
            if (times.arm, times.workers) == (run.arm, run.workers) {
                all = all.saturating_sub(running.min(mean));
            }
        }
        Some(all + means / kinds * left.saturating_sub(planned))
    }

    /// The time left of that for which the input is repeated, to the second; `None` once it is up. It goes on while the
    /// process is stopped.
    pub(super) fn repeat_time_left(&self, now: Instant) -> Option<Duration> {
        let left = (self.repeat_time?).checked_sub(now.saturating_duration_since(self.since))?;
        let rounded_up = left + Duration::from_millis(999);
        Some(Duration::from_secs(rounded_up.as_secs()))
    }

    /// The number of targets that this run fetches, once it is known.
    pub(super) fn total(&self) -> Option<u64> {
        Some(self.listed?.saturating_sub(self.done_before))
    }

    /// The targets that are done, those included that are not reported yet because of the order of the input.
    pub(super) fn all_done(&self) -> u64 {
        self.done + self.pending.unreleased
    }

    /// Those of [`all_done`](Counts::all_done) whose files were kept without a request. They say nothing of the rate.
    pub(super) fn all_kept(&self) -> u64 {
        self.kept + self.pending.unreleased_kept
    }

    /// The bytes of the targets that are done.
    pub(super) fn all_bytes(&self) -> u64 {
        self.bytes + self.pending.unreleased_bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::outcome::Outcome;
    use crate::model::summary::Summary;
    use crate::model::target::Verb;

    struct Story {
        counts: Counts,
        now: Instant,
    }

    impl Story {
        fn new() -> Self {
            let now = Instant::now();
            Story {
                counts: Counts::new(now),
                now,
            }
        }

        fn take(&mut self, event: &Event) {
            self.counts.take(event, self.now, &RunningClock::default());
        }

        fn finish(&mut self, verdict: Verdict, bytes: u64) {
            let mut outcome = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
            outcome.verdict = verdict;
            outcome.bytes = bytes;
            self.take(&Event::Finished(outcome));
        }

        /// Makes run `done` of `of`, in which two targets take so many seconds.
        fn run(&mut self, arm: Arm, workers: usize, done: u32, of: u32, seconds: u64) {
            self.begin(arm, workers, done, of);
            self.finish(Verdict::Ok, 100);
            self.finish(Verdict::Failed, 0);
            self.now += Duration::from_secs(seconds);
            self.take(&Event::ArmEnded(Summary::default()));
        }

        fn begin(&mut self, arm: Arm, workers: usize, done: u32, of: u32) {
            self.take(&Event::ArmStarted(ArmRun {
                arm,
                pair: 0,
                workers,
                done,
                of,
                most: 0,
            }));
        }
    }

    #[test]
    fn what_an_earlier_run_has_done_counts_neither_as_done_nor_as_to_do() {
        let mut story = Story::new();
        story.finish(Verdict::Done, 50);
        story.finish(Verdict::Done, 50);
        story.finish(Verdict::Ok, 7);
        assert_eq!(story.counts.total(), None);
        story.take(&Event::Counted(5));
        let counts = &story.counts;
        assert_eq!(
            (counts.all_done(), counts.all_bytes(), counts.total()),
            (1, 7, Some(3))
        );
    }

    #[test]
    fn the_time_left_of_a_repetition_is_known_until_it_is_up() {
        let story = Story::new();
        let mut counts = story.counts;
        assert_eq!(counts.repeat_time_left(story.now), None);
        counts.repeat_time = Some(Duration::from_secs(10));
        for (millis, left) in [
            (0, Some(10)),
            (1, Some(10)),
            (4_000, Some(6)),
            (9_900, Some(1)),
            (10_000, Some(0)),
            (10_001, None),
        ] {
            let now = story.now + Duration::from_millis(millis);
            let found = counts.repeat_time_left(now);
            assert_eq!(found, left.map(Duration::from_secs), "{millis} ms");
        }
    }

    #[test]
    fn what_waits_for_its_turn_to_be_reported_counts_as_done() {
        let mut story = Story::new();
        story.finish(Verdict::Ok, 7);
        story.take(&Event::Pending(Pending {
            unreleased: 3,
            unreleased_bytes: 30,
            ..Pending::default()
        }));
        assert_eq!((story.counts.all_done(), story.counts.all_bytes()), (4, 37));
    }

    #[test]
    fn each_run_of_a_comparison_has_counts_bytes_and_time_of_its_own() {
        let mut story = Story::new();
        story.take(&Event::Counted(2));
        story.run(Arm::Serial, 1, 0, 4, 8);
        story.begin(Arm::Parallel, 2, 1, 4);
        story.finish(Verdict::Ok, 30);
        let counts = &story.counts;
        assert_eq!((counts.done, counts.failed, counts.bytes), (1, 0, 30));
        assert_eq!(counts.since, story.now);
        assert_eq!(counts.total(), Some(2), "the same targets in all runs");
    }

    #[test]
    fn the_time_for_all_runs_is_known_once_each_kind_has_been_made() {
        let mut story = Story::new();
        story.run(Arm::Serial, 1, 0, 4, 8);
        story.begin(Arm::Parallel, 2, 1, 4);
        let left = |story: &Story, running| {
            let left = story.counts.time_for_all_runs(Duration::from_secs(running));
            left.map(|left| left.as_secs())
        };
        assert_eq!(left(&story, 0), None);
        story.now += Duration::from_secs(2);
        story.take(&Event::ArmEnded(Summary::default()));
        story.begin(Arm::Parallel, 2, 2, 4);
        // Two more of 8 and 2 seconds.
        assert_eq!(left(&story, 0), Some(10));
        assert_eq!(left(&story, 1), Some(9));
        assert_eq!(left(&story, 100), Some(8), "the other is still to come");
    }

    #[test]
    fn each_run_that_is_to_come_has_the_time_of_its_kind() {
        let mut story = Story::new();
        for (done, (arm, seconds)) in
            (0..).zip([(Arm::Serial, 4), (Arm::Parallel, 1), (Arm::Parallel, 1)])
        {
            story.run(arm, 4, done, 8, seconds);
        }
        story.begin(Arm::Serial, 4, 3, 8);
        // Three more of 4, and two of 1.
        let left = story.counts.time_for_all_runs(Duration::from_secs(1));
        assert_eq!(left, Some(Duration::from_secs(13)));
    }

    #[test]
    fn the_time_for_a_sweep_is_known_once_it_goes_round_again() {
        let mut story = Story::new();
        for (done, (workers, seconds)) in (0..).zip([(1, 6), (2, 3)]) {
            story.run(Arm::Parallel, workers, done, 6, seconds);
            let left = story.counts.time_for_all_runs(Duration::ZERO);
            assert_eq!(left, None, "after {done}");
        }
        story.run(Arm::Parallel, 2, 2, 6, 3);
        story.begin(Arm::Parallel, 1, 3, 6);
        let left = story.counts.time_for_all_runs(Duration::ZERO);
        assert_eq!(left, Some(Duration::from_secs(15)), "6, 6 and 3");
        // The number of runs of an automatic sweep is not known.
        story.begin(Arm::Parallel, 4, 4, 0);
        assert_eq!(story.counts.time_for_all_runs(Duration::ZERO), None);
    }
}
