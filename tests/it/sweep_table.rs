//! The table of a sweep: the times with each number of workers and their spread, within 80 columns.

use pfetch::model::event::{Event, Listener};
use pfetch::model::measurement::{ArmLatency, Sweep};
use pfetch::model::work::{PassedOver, PointDifference};
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};

use crate::export::events;
use crate::story::sweep;

/// The report of this sweep for people.
fn told(sweep: &Sweep) -> String {
    let mut text = Vec::new();
    let mut human = Human::new(&mut text, HumanStyle::default());
    let event = Event::Swept(sweep.clone());
    human.event(&event).expect("memory takes everything");
    drop(human);
    String::from_utf8(text).expect("it is text")
}

fn exported(export: Export, sweep: &Sweep) -> String {
    events::exported(export, &[Event::Swept(sweep.clone())])
}

#[test]
fn a_sweep_tells_the_shortest_and_the_longest_time_with_each_number_of_workers() {
    let swept = sweep(
        40,
        &[(1, &[1.0, 1.2, 0.9]), (8, &[0.2, 0.25]), (16, &[0.2])],
    );
    let text = told(&swept);
    let rows: Vec<String> = text
        .lines()
        .filter(|line| line.contains('█') || line.starts_with("  workers"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for (row, begin) in rows.iter().zip([
        "workers median min … max over 1 throughput",
        "1 1.00 s 900.0 ms … 1.20 s 1.00x █",
        "8 225.0 ms 200.0 ms … 250.0 ms ",
        // Of one run there is no more than its time.
        "16 200.0 ms - ",
    ]) {
        assert!(
            row.starts_with(begin),
            "{begin:?} is not {row:?} in\n{text}"
        );
    }
    assert_eq!(rows.len(), 4, "{text}");
    for export in [Export::Markdown, Export::Html] {
        let document = exported(export, &swept);
        for time in ["900.0 ms", "1.20 s", "200.0 ms", "250.0 ms"] {
            assert!(document.contains(time), "{time} in\n{document}");
        }
    }
}

#[test]
fn a_sweeps_table_fits_80_columns_with_all_that_may_be_in_it() {
    let latency = ArmLatency {
        p50: 0.1234,
        p95: 0.9994,
    };
    for number in 0..16 {
        let has = |bit: u32| number >> bit & 1 == 1;
        let mut swept = sweep(40, &[(1, &[0.9994, 0.9993]), (1024, &[0.1234, 0.1235])]);
        for point in &mut swept.points {
            point.times.failed = if has(0) { 12 } else { 0 };
            point.times.retries = if has(1) { 123 } else { 0 };
            point.times.latency = has(2).then_some(latency);
        }
        if has(3) {
            swept.passed_over = vec![PassedOver {
                workers: 1024,
                urls: 3,
                difference: PointDifference::OtherSize,
            }];
        }
        let text = told(&swept);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}\n{text}");
        }
        let mut table = text
            .lines()
            .skip_while(|line| !line.starts_with("  workers"));
        assert!(
            table.by_ref().take(3).all(|line| line.contains('…')),
            "{text}"
        );
    }
}
