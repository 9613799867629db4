//! The tests of `run_line`.

use super::super::rate::{Amounts, RateMeter};
use super::*;
use crate::model::measurement::Arm;

/// A run in its 10th second.
fn run() -> DisplayedFigures {
    let amounts = Amounts {
        at: Duration::from_secs(10),
        targets: 42.0,
        bytes: 1_300_000,
    };
    DisplayedFigures {
        arm: None,
        running: amounts.at,
        done: 42,
        total: Some(800),
        position: 42.0,
        bytes: amounts.bytes,
        rates: RateMeter::new().read(amounts).1,
        failed: 0,
        left: Some(Duration::from_secs(180)),
    }
}

fn serial() -> Option<ArmRun> {
    Some(ArmRun {
        arm: Arm::Serial,
        pair: 3,
        workers: 1,
        done: 7,
        of: 22,
        most: 0,
    })
}

#[test]
fn the_line_says_less_where_there_is_less_room() {
    let bar = |full: usize, length: usize| "█".repeat(full) + &"░".repeat(length - full);
    let figures = " 42/800  4.2/s  1.3 MB  130.0 kB/s  about 3 min left";
    for (columns, line) in [
        (117, format!("10 s  {}  {figures}", bar(2, 40))),
        (77, format!("10 s  {}  {figures}", bar(0, 15))),
        (
            67,
            format!(
                "10 s  {}   42/800  4.2/s  130.0 kB/s  about 3 min left",
                bar(0, 15)
            ),
        ),
        (37, format!("10 s  {}   42/800  3 min left", bar(0, 10))),
        (18, " 42/800".to_owned()),
    ] {
        assert_eq!(lay_out(&run(), columns), line, "{columns}");
    }
}

#[test]
fn no_line_is_wider_than_the_room_for_it() {
    let mut runs = vec![run(); 4];
    runs[1].arm = serial();
    runs[2].total = None;
    runs[3].failed = u64::MAX;
    runs[3].running = Duration::from_secs(400_000);
    for run in &runs {
        for columns in 0..130 {
            let line = lay_out(run, columns);
            assert!(width(&line) <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn failures_and_the_time_left_outlast_other_figures() {
    let failed = DisplayedFigures { failed: 3, ..run() };
    assert_eq!(lay_out(&failed, 37), "10 s   42/800  3 failed  3 min left");
    assert_eq!(lay_out(&failed, 17), " 42/800  3 failed");
}

#[test]
fn a_run_of_a_comparison_says_which_one() {
    let run = DisplayedFigures {
        arm: serial(),
        ..run()
    };
    let wide = lay_out(&run, 117);
    assert!(
        wide.starts_with("serial run 8 of 22, 1 worker  10 s  "),
        "{wide}"
    );
    let narrow = lay_out(&run, 37);
    assert!(narrow.starts_with("serial 8/22  "), "{narrow}");
    // An automatic sweep does not know how many runs it will make.
    let arm = ArmRun {
        of: 0,
        ..serial().expect("it is one")
    };
    assert_eq!(arm_text(&arm, false), "serial run 8, 1 worker");
    // A comparison that ends once it decides knows the most.
    let arm = ArmRun { most: 62, ..arm };
    let wide = arm_text(&arm, false);
    assert_eq!(wide, "serial run 8 of at most 62, 1 worker");
    assert_eq!(arm_text(&arm, true), "serial 8 of at most 62");
}

#[test]
fn the_bar_counts_parts_and_is_full_at_the_end_alone() {
    assert_eq!(bar(0.0, 8, 10), "░░░░░░░░░░");
    assert_eq!(bar(4.0, 8, 10), "█████░░░░░");
    assert_eq!(bar(7.999, 8, 10), "█████████░");
    for (position, total) in [(8.0, 8), (9.0, 8), (0.0, 0)] {
        assert_eq!(bar(position, total, 4), "████", "{position} of {total}");
    }
}

#[test]
fn nothing_done_has_no_rate_and_neither_has_the_first_moment() {
    let at = |ms, done, position| {
        let amounts = Amounts {
            at: Duration::from_millis(ms),
            targets: position,
            bytes: 1_000_000,
        };
        let run = DisplayedFigures {
            running: amounts.at,
            done,
            total: None,
            position,
            bytes: amounts.bytes,
            rates: RateMeter::new().read(amounts).1,
            left: None,
            ..run()
        };
        lay_out(&run, 77)
    };
    assert_eq!(at(2000, 0, 0.8), "2 s  0 done  1.0 MB  500.0 kB/s");
    assert_eq!(at(2000, 1, 1.8), "2 s  1 done  0.9/s  1.0 MB  500.0 kB/s");
    assert_eq!(at(20, 1, 1.8), "0 s  1 done  1.0 MB");
}

#[test]
fn without_a_total_there_is_no_bar_and_no_share() {
    let run = DisplayedFigures {
        total: None,
        left: None,
        ..run()
    };
    assert_eq!(
        lay_out(&run, 77),
        "10 s  42 done  4.2/s  1.3 MB  130.0 kB/s"
    );
}
