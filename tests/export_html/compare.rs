//! Comparisons and sweeps.

use std::collections::BTreeSet;

use pfetch::report::export::{SweepCurve, SweepMark};

use super::story::comparison;
use super::*;

#[test]
fn a_comparison_shows_both_arms_on_one_scale() {
    let events = Story::new(4).compared(3, 12, &["the server slowed down"]);
    let page = parse(&page(&events));
    let heading = text(&page, "h1");
    assert!(heading.starts_with("Parallel is faster: 3."), "{heading}");
    let totals = text(&page, "dd");
    assert!(totals.contains("measured: mean of 3 runs, "), "{totals}");
    assert!(totals.contains("95 % interval 3."), "{totals}");
    assert!(!totals.contains("estimated:"), "{totals}");
    assert!(text(&page, "li").contains("the server slowed down"));
    let bars: Vec<_> = page
        .iter()
        .filter(|element| element.has_class("bar"))
        .collect();
    assert_eq!(bars.len(), 24, "the last run of each arm, no warm-up");
    let lanes: BTreeSet<_> = bars.iter().filter_map(|bar| bar.attribute("y")).collect();
    assert_eq!(lanes.len(), 5, "one for the serial arm");
    let end = |bar: &&Element| -> f64 {
        let [x, width] = ["x", "width"].map(|name| {
            bar.attribute(name)
                .and_then(|value| value.parse::<f64>().ok())
                .unwrap_or(0.0)
        });
        x + width
    };
    let (serial, parallel) = bars.split_at(12);
    let last = |bars: &[&Element]| bars.iter().map(end).fold(0.0, f64::max);
    assert!(
        (last(serial) - 946.0).abs() < 0.2,
        "the serial arm fills the width"
    );
    assert!(
        last(parallel) < 400.0,
        "the parallel one is shorter by as much"
    );
    assert_eq!(data(&page).len(), 12, "the parallel arm's rows");
}

#[test]
fn a_comparison_claims_no_more_than_it_shows() {
    let story = Story::new(4);
    for (serial, parallel, verdict) in [
        (
            vec![1.0, 2.0, 1.5],
            vec![1.6, 1.1, 1.9],
            "No difference shown between parallel and serial",
        ),
        (
            vec![1.0, 1.0],
            vec![2.0, 2.0],
            "Parallel is slower: 0.50× the speed of serial",
        ),
        (
            vec![3.0],
            vec![1.0],
            "3.00× in a single pair, which gives no interval and no verdict",
        ),
    ] {
        let compared = comparison(4, 5, serial, parallel, &[]);
        let page = parse(&page(&[story.started(), Event::Compared(compared)]));
        assert_eq!(text(&page, "h1"), verdict);
    }
}

#[test]
fn a_sweep_is_drawn_if_there_is_one() {
    let mark = |(workers, seconds): (usize, f64)| SweepMark {
        workers,
        seconds,
        low: seconds * 0.9,
        high: seconds * 1.1,
    };
    let curve = SweepCurve {
        points: [(1, 8.0), (2, 4.1), (4, 2.2), (8, 2.0)].map(mark).to_vec(),
        knee: Some(4),
        fitted: vec![(1.0, 8.0), (8.0, 2.0)],
    };
    let mut report = Html::new(Vec::new());
    report.set_sweep(curve);
    let swept = parse(&told(report, &small()));
    assert_eq!(named(&swept, "circle").len(), 4);
    assert_eq!(named(&swept, "polyline").len(), 1);
    let sentence =
        "2.00 s with 8 workers was the shortest time. From 4 on, more workers hardly help.";
    assert!(text(&swept, "figcaption").contains(sentence));
    assert!(named(&parse(&page(&small())), "circle").is_empty());
}
