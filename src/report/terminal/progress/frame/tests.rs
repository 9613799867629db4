//! The tests of `frame`.

use std::sync::Arc;

use super::*;
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::target::Verb;

const SIZE: Size = Size {
    rows: 24,
    columns: 80,
};

fn fetch(worker: usize, bytes: u64, length: Option<u64>, since: Instant) -> CurrentFetch {
    CurrentFetch {
        worker,
        url: Arc::from(format!("http://h/{worker}")),
        since,
        bytes,
        length,
    }
}

fn counts(start: Instant, done: u64, total: u64) -> Counts {
    let mut counts = Counts::new(start);
    let clock = RunningClock::default();
    counts.take(&Event::Counted(total), start, &clock);
    for index in 0..done {
        let outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        counts.take(&Event::Finished(outcome), start, &clock);
    }
    counts
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn parts_of_files_move_the_bar_and_the_forecast() {
    let start = Instant::now();
    let counts = counts(start, 3, 8);
    let mut framer = Framer::new(RunningClock::default(), 5);
    let halves: Vec<_> = (0..5).map(|n| fetch(n, 500, Some(1000), start)).collect();
    let run = framer.figures(&counts, &halves, start + seconds(10));
    assert_eq!((run.done, run.position), (3, 5.5));
    // All have begun: 2500 bytes more after as many in 10 s.
    assert_eq!(run.left, Some(seconds(10)));
    let unknown: Vec<_> = (0..5).map(|n| fetch(n, 500, None, start)).collect();
    let mut framer = Framer::new(RunningClock::default(), 5);
    let run = framer.figures(&counts, &unknown, start + seconds(10));
    assert_eq!((run.position, run.left), (3.0, Some(seconds(17))));
}

#[test]
fn a_run_takes_no_less_than_its_longest_fetch() {
    let start = Instant::now();
    let counts = counts(start, 0, 2);
    let mut framer = Framer::new(RunningClock::default(), 2);
    // Both come at 100 bytes a second, and one of them ends long before the other.
    let busy = [
        fetch(0, 1000, Some(1100), start),
        fetch(1, 1000, Some(9000), start),
    ];
    let run = framer.figures(&counts, &busy, start + seconds(10));
    assert_eq!(run.left, Some(seconds(80)));
}

#[test]
fn a_file_that_is_kept_without_a_request_is_in_no_rate_and_no_forecast() {
    let start = Instant::now();
    let mut counts = counts(start, 20, 130);
    for index in 20..90 {
        let mut kept = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        kept.verdict = Verdict::Unchanged;
        counts.take(&Event::Finished(kept), start, &RunningClock::default());
    }
    counts.pending = Pending {
        unreleased: 10,
        unreleased_kept: 10,
        ..Pending::default()
    };
    let mut framer = Framer::new(RunningClock::default(), 1);
    let run = framer.figures(&counts, &[], start + seconds(10));
    assert_eq!((run.done, run.rates.targets), (100, 2.0));
    assert_eq!(run.left, Some(seconds(15)));
}

#[test]
fn bytes_left_need_every_length() {
    let start = Instant::now();
    let known = [
        fetch(0, 1000, Some(3000), start),
        fetch(1, 0, Some(1000), start),
    ];
    assert_eq!(bytes_left(&known), Some(3000));
    let unknown = [fetch(0, 1000, Some(3000), start), fetch(1, 5, None, start)];
    assert_eq!(bytes_left(&unknown), None);
    assert_eq!(bytes_left(&[]), None);
}

#[test]
fn a_stop_is_in_no_rate_and_no_time() {
    let start = Instant::now();
    let clock = RunningClock::default();
    clock.record_stop(start + seconds(5), start + seconds(65));
    let mut framer = Framer::new(clock, 1);
    let now = start + seconds(70);
    let frame = framer.frame(
        &counts(start, 20, 40),
        &[fetch(0, 0, None, start + seconds(4))],
        now,
        SIZE,
    );
    assert_eq!(frame.above, ["  0   6.0 s       0 B  http://h/0"]);
    assert!(
        frame.last.starts_with("  10 s  ") && frame.last.contains("  2.0/s  "),
        "{frame:?}"
    );
}

#[test]
fn rates_in_a_comparison_are_of_the_run_under_way() {
    let start = Instant::now();
    let clock = RunningClock::default();
    let mut framer = Framer::new(clock.clone(), 1);
    let mut counts = counts(start, 2000, 2000);
    framer.figures(&counts, &[], start + seconds(100));
    let begun = start + seconds(100);
    let run = ArmRun {
        arm: Arm::Serial,
        pair: 1,
        workers: 1,
        done: 1,
        of: 4,
        most: 0,
    };
    counts.take(&Event::ArmStarted(run), begun, &clock);
    for index in 0..8 {
        let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        outcome.bytes = 512;
        counts.take(&Event::Finished(outcome), begun, &clock);
    }
    let figures = framer.figures(&counts, &[], begun + seconds(2));
    assert_eq!(figures.rates.targets_text().as_deref(), Some("4.0/s"));
    assert_eq!(figures.rates.bytes_text().as_deref(), Some("2.0 kB/s"));
    assert_eq!((figures.bytes, figures.running), (4096, seconds(2)));
}

#[test]
fn an_idle_worker_keeps_its_line_for_a_moment_only() {
    let start = Instant::now();
    let mut framer = Framer::new(RunningClock::default(), 4);
    let counts = counts(start, 0, 4);
    let mut lines = |busy: &[CurrentFetch], ms: u64| {
        let now = start + Duration::from_millis(ms);
        framer.frame(&counts, busy, now, SIZE).above
    };
    let both = [fetch(1, 0, None, start), fetch(3, 0, None, start)];
    assert_eq!(lines(&both, 100).len(), 2);
    let lingering = lines(&both[..1], 200);
    assert_eq!(lingering.len(), 2);
    assert!(lingering[1].trim_end().ends_with('-'), "{lingering:?}");
    assert_eq!(lines(&both[..1], 1200).len(), 1);
    assert_eq!(lines(&[], 5000), [""; 0]);
}

#[test]
fn idle_workers_of_the_run_before_have_no_line() {
    let start = Instant::now();
    let mut framer = Framer::new(RunningClock::default(), 4);
    let mut counts = counts(start, 0, 4);
    let all: Vec<_> = (0..4).map(|n| fetch(n, 0, None, start)).collect();
    let lines = |framer: &mut Framer, counts: &Counts, busy: &[CurrentFetch]| {
        framer.frame(counts, busy, start, SIZE).above.len()
    };
    assert_eq!(lines(&mut framer, &counts, &all), 4);
    let serial = ArmRun {
        arm: Arm::Serial,
        pair: 1,
        workers: 1,
        done: 1,
        of: 4,
        most: 0,
    };
    let event = Event::ArmStarted(serial);
    counts.take(&event, start, &RunningClock::default());
    assert_eq!(lines(&mut framer, &counts, &all[..1]), 1);
}

#[test]
fn targets_that_wait_for_a_retry_are_said_in_words_that_fit() {
    let now = Instant::now();
    let pending = |retries, ms| Pending {
        retries,
        next: Some(now + Duration::from_millis(ms)),
        cause: Some(WaitCause::RetryAfter),
        ..Pending::default()
    };
    let text = |pending: &Pending, columns| waiting_text(pending, now, columns);
    let two = pending(2, 1200);
    for (columns, words) in [
        (77, "2 waiting to be tried again, next in 2 s"),
        (37, "2 to be tried again, next in 2 s"),
        (17, "2 to retry, in 2 s"),
    ] {
        assert_eq!(text(&two, columns.max(18)).as_deref(), Some(words));
    }
    assert_eq!(text(&two, 10).as_deref(), Some("2 to retr…"));
    assert_eq!(text(&pending(0, 1200), 77), None);
    // There is an option for a long one that the server asks for.
    let long = pending(1, 20_000);
    for (columns, words) in [
        (
            77,
            "1 waiting to be tried again, next in 20 s (--retry-after-max 1s waits less)",
        ),
        (60, "1 waiting to be tried again, next in 20 s"),
    ] {
        assert_eq!(text(&long, columns).as_deref(), Some(words));
    }
    let silent = Pending {
        cause: Some(WaitCause::NoAnswer),
        ..long
    };
    let told = "1 waiting to be tried again, next in 20 s";
    assert_eq!(text(&silent, 77).as_deref(), Some(told));
    // One that is due is about to begin.
    let due = pending(1, 0);
    assert_eq!(
        text(&due, 77).as_deref(),
        Some("1 waiting to be tried again, next in 1 s")
    );
}

#[test]
fn a_frame_fits_the_screen_whatever_its_size() {
    let start = Instant::now();
    let mut framer = Framer::new(RunningClock::default(), 300);
    let mut counts = counts(start, 7, 300);
    counts.pending.retries = 1000;
    let busy: Vec<_> = (0..300)
        .map(|n| fetch(n, 5, Some(10 + n as u64), start))
        .collect();
    for rows in 0..40 {
        for columns in [0, 1, 2, 3, 10, 20, 40, 80, 120] {
            let now = start + seconds(9);
            let frame = framer.frame(&counts, &busy, now, Size { rows, columns });
            assert!(
                frame.above.len() <= rows.saturating_sub(1),
                "{rows}: {frame:?}"
            );
            for width in frame.widths() {
                assert!(width < columns.max(1), "{columns}: {frame:?}");
            }
        }
    }
}
