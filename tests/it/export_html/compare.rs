//! Comparisons and sweeps.

use std::collections::BTreeSet;
use std::time::SystemTime;

use pfetch::model::event::{AssertionResult, AssertionVerdict};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{Against, AgainstPoint, Arm, DatedChange, Reference};
use pfetch::model::notice::BaselineNotice;
use pfetch::stats::{Change, Sample};

use super::*;
use crate::story::{comparison, sweep};

#[test]
fn a_comparison_shows_both_arms_on_one_scale() {
    let events = Story::new(4).compared(3, 12, &["the server slowed down"]);
    let page = parse(&page(&events));
    let heading = text(&page, "h1");
    assert!(heading.starts_with("Parallel is faster: 3."), "{heading}");
    let totals = text(&page, "dd");
    assert!(
        totals.contains("measured: geometric mean of 3 runs, "),
        "{totals}"
    );
    assert!(totals.contains("95 % interval 3."), "{totals}");
    assert!(!totals.contains("estimated:"), "{totals}");
    assert!(text(&page, "li").contains("the server slowed down"));
    let bars = bars(&page);
    assert_eq!(bars.len(), 24, "the last run of each arm, no warm-up");
    let lanes: BTreeSet<_> = bars.iter().map(|bar| bar.place[2] as u64).collect();
    assert_eq!(lanes.len(), 5, "one for the serial arm");
    let (serial, parallel) = bars.split_at(12);
    let last = |bars: &[DrawnBar]| bars.iter().map(|bar| bar.place[1]).fold(0.0, f64::max);
    assert!(
        (last(serial) - 970.0).abs() < 0.2,
        "the serial arm fills the width"
    );
    assert!(
        last(parallel) < 450.0,
        "the parallel one is shorter by as much"
    );
    assert_eq!(data(&page).len(), 12, "the parallel arm's rows");
}

#[test]
fn a_comparison_draws_its_pairs_and_the_interval_of_its_verdict() {
    let story = Story::new(4);
    let (serial, parallel) = (vec![1.0, 1.1, 1.2, 1.0, 1.1], vec![0.5, 0.5, 0.6, 0.5, 0.6]);
    let compared = comparison(4, 5, serial, parallel, &[]);
    let page = parse(&page(&[story.started(), Event::Compared(compared)]));
    let headings = text(&page, "h2");
    assert!(headings.starts_with("Pairs of runs\n"), "{headings}");
    let dots = |class: &str| {
        let circles = named(&page, "circle").into_iter();
        circles.filter(|circle| circle.has_class(class)).count()
    };
    // A time of each run and a speed-up of each pair, and one each in the legend.
    assert_eq!((dots("serial"), dots("point")), (5 + 1, 5 + 5 + 1));
    let bands = named(&page, "rect")
        .into_iter()
        .filter(|rect| rect.has_class("band"));
    assert_eq!(bands.count(), 2, "the interval, and its key");
    let caption = text(&page, "figcaption");
    assert!(
        caption
            .starts_with("The speed-ups of 5 pairs go from 1.83× to 2.20×; their mean is 2.00×.")
            && caption.contains("all of it above 1×: parallel is faster."),
        "{caption}"
    );
    let cells = text(&page, "td");
    assert!(cells.starts_with("1.00 s\n500.0 ms\n2.00×\n"), "{cells}");
}

#[test]
fn the_line_of_no_speedup_has_a_label_in_another_row_than_that_of_the_mean() {
    let story = Story::new(4);
    for parallel in [0.2, 0.98, 1.0, 1.02, 5.0] {
        let compared = comparison(4, 5, vec![1.0; 3], vec![parallel; 3], &[]);
        let page = parse(&page(&[story.started(), Event::Compared(compared)]));
        let y = |label: &Element| -> f64 {
            let y = label.attribute("y").expect("a place");
            y.parse().expect("a number")
        };
        let place = |is_it: &dyn Fn(&str) -> bool| {
            let labels = named(&page, "text").into_iter();
            // Those of the axis are below.
            let mut labels = labels.filter(|label| is_it(&label.text) && y(label) < 44.0);
            y(labels.next().expect("the label is there"))
        };
        let one = place(&|text| text == "1×");
        let mean = place(&|text| text.starts_with("mean "));
        assert!((one - mean).abs() >= 14.0, "{parallel}: {one} and {mean}");
    }
}

#[test]
fn a_comparison_claims_no_more_than_it_shows() {
    let story = Story::new(4);
    for (serial, parallel, verdict) in [
        (
            vec![1.0, 2.0, 1.5],
            vec![1.6, 1.1, 1.9],
            "No difference shown – more runs would tell (--runs 10)",
        ),
        (
            vec![1.0, 1.0],
            vec![2.0, 2.0],
            "Parallel is slower: 0.50× the speed of serial",
        ),
        (
            vec![3.0],
            vec![1.0],
            "Undecided: one pair of runs – more runs would tell (--runs 5)",
        ),
    ] {
        let compared = comparison(4, 5, serial, parallel, &[]);
        let page = parse(&page(&[story.started(), Event::Compared(compared)]));
        assert_eq!(text(&page, "h1"), verdict);
    }
}

#[test]
fn a_sweep_opens_with_its_verdict_and_its_curve() {
    let story = Story::new(8);
    let swept = parse(&page(&story.swept(&[
        (1, &[8.0, 8.2]),
        (2, &[4.1, 4.0]),
        (4, &[2.1, 2.2]),
        (8, &[2.1, 2.1]),
    ])));
    assert_eq!(
        text(&swept, "h1"),
        "4 workers are enough: 3.77 times as fast as 1"
    );
    let totals = text(&swept, "dt");
    assert_eq!(totals, "4 workers, the knee\n1 worker\nSpeed-up");
    let figures = text(&swept, "dd");
    assert!(
        figures.starts_with("2.15 s\nmeasured: median of 2 runs, 2.10 s to 2.20 s\n8.10 s\n"),
        "{figures}"
    );
    assert!(figures.contains("3.77×\n95 % interval "), "{figures}");
    assert!(figures.ends_with("of 4 over 1"), "{figures}");
    let headings = text(&swept, "h2");
    assert!(
        headings.starts_with("Time by number of workers\nTimeline\n"),
        "{headings}"
    );
    // Four, and the legend's.
    assert_eq!(named(&swept, "circle").len(), 5);
    let keys = text(&swept, "li");
    for key in [
        "median of the runs",
        "95 % interval",
        "fitted to the points",
    ] {
        assert!(keys.contains(key), "{keys}");
    }
    assert_eq!(named(&swept, "polyline").len(), 1, "the law is drawn");
    let sentence = "2.10 s with 8 workers was the shortest time. 4 workers come within 5 % of it, fewer do not.";
    assert!(text(&swept, "figcaption").contains(sentence));
    let notes = text(&swept, "p");
    assert_eq!(
        notes.matches("Of the last run with 8 workers.").count(),
        3,
        "{notes}"
    );
    assert!(text(&swept, "li").is_empty() || !text(&swept, "li").contains("sweep"));
    assert!(named(&parse(&page(&small())), "circle").is_empty());
}

#[test]
fn a_sweep_claims_no_more_than_it_shows() {
    let story = Story::new(8);
    for (points, verdict, cards) in [
        (
            &[(1, &[2.0, 2.1][..]), (2, &[2.0, 2.1])][..],
            "1 worker is enough: more bring no clear gain",
            1,
        ),
        (
            &[(2, &[8.0, 8.0]), (4, &[4.0, 4.0])],
            "4 workers, the most that were tried, are 2.00 times as fast as 2",
            3,
        ),
        (
            &[(3, &[1.0])],
            "3 workers, and no other number was tried",
            1,
        ),
    ] {
        let swept = Event::Swept(sweep(5, points));
        let page = parse(&page(&[story.started(), swept]));
        assert_eq!(text(&page, "h1"), verdict);
        assert_eq!(named(&page, "dt").len(), cards, "{verdict}");
        let has_curve = text(&page, "h2").contains("Time by number of workers");
        assert_eq!(has_curve, points.len() > 1, "{verdict}");
    }
}

#[test]
fn assertions_stand_before_the_timeline() {
    let mut events = small();
    let judged = |assertion: &str, verdict, why: &str| {
        Event::Assertion(AssertionResult {
            assertion: assertion.to_owned(),
            value: why.is_empty().then_some(0.25),
            interval: None,
            unit: "s",
            verdict,
            why: why.to_owned(),
            of: None,
        })
    };
    events.push(judged("p95<500ms", AssertionVerdict::Held, ""));
    events.push(judged(
        "total<1s",
        AssertionVerdict::Unknown,
        "<b>no</b> URL",
    ));
    let page = parse(&page(&events));
    let headings = text(&page, "h2");
    assert!(
        headings.starts_with("What failed\nGates\nTimeline\n"),
        "{headings}"
    );
    let cells = text(&page, "td");
    assert!(
        cells.starts_with("held\n250.0 ms\nunknown\n<b>no</b> URL\n"),
        "{cells}"
    );
    assert!(named(&page, "b").is_empty());
}

#[test]
fn a_run_against_a_saved_one_says_what_it_comes_to() {
    let mut events = small();
    let sample = |seconds: &[f64]| Sample::of(seconds).unwrap();
    let end = events.pop().unwrap();
    events.push(Event::Against(Against {
        file: "saved.json".to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        version: "0.0.9".to_owned(),
        points: vec![AgainstPoint {
            arm: Arm::Parallel,
            workers: 4,
            workers_then: 4,
            seconds: 2.0,
            now: sample(&[2.0]),
            then: sample(&[1.0]),
            reference: Reference {
                runs: 1,
                from: SystemTime::UNIX_EPOCH,
                to: SystemTime::UNIX_EPOCH,
                deviation: None,
            },
            change: Change::of(&[2.0], &[1.0]).unwrap(),
            dated: Some(DatedChange {
                run: 14,
                of: 20,
                started_at: SystemTime::UNIX_EPOCH,
                ratio: 1.31,
            }),
            unlike: None,
        }],
        why: None,
        notices: vec![BaselineNotice::Version {
            now: "0.1.0".to_owned(),
            then: "<b>0.0.9</b>".to_owned(),
        }],
        is_renewed: false,
        margin: Margin::default(),
    }));
    events.push(end);
    let page = parse(&page(&events));
    let headings = text(&page, "h2");
    assert!(
        headings.starts_with("What failed\nAgainst the baseline\nTimeline\n"),
        "{headings}"
    );
    let items = text(&page, "li");
    assert!(
        items.contains("\nwith 4 workers: this took 2.00 times as long"),
        "{items}"
    );
    assert!(
        items
            .contains("\nwith 4 workers: slower since run 14 of 20 (1970-01-01): about 1.31 times"),
        "{items}"
    );
    assert!(items.contains("<b>0.0.9</b> then"), "{items}");
    assert!(named(&page, "b").is_empty());
}
