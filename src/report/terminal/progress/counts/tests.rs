//! The tests of `counts`.

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
