//! Verdicts on uncertain figures: sweeps whose runs scatter, ratios of single runs.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use pfetch::measure::assert::RunFigures;
use pfetch::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use pfetch::model::measurement::{Comparison, Sweep};
use pfetch::model::summary::Summary;
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};

use crate::story::{comparison, sweep};

/// Judges a gate by these figures.
fn hold(of: (Option<&Comparison>, Option<&Sweep>), gate: &str, strict: bool) -> AssertionResult {
    let summary = Summary::default();
    let figures = RunFigures {
        summary: &summary,
        counted: &summary,
        estimated_speedup: None,
        comparison: of.0,
        sweep: of.1,
        against: None,
    };
    figures.check(&gate.parse().unwrap(), strict)
}

/// The human report of a sweep.
fn human(sweep: &Sweep) -> String {
    let mut text = Vec::new();
    let mut human = Human::new(&mut text, HumanStyle::default());
    human.event(&Event::Swept(sweep.clone())).unwrap();
    drop(human);
    String::from_utf8(text).unwrap()
}

/// Eight workers are faster by the means, but the runs scatter so much that nothing is shown.
fn scattered() -> Sweep {
    sweep(20, &[(1, &[1.0, 3.0, 2.0]), (8, &[0.5, 0.9, 0.3])])
}

#[test]
fn a_sweep_whose_runs_scatter_does_not_claim_that_the_fewest_are_enough() {
    let sweep = scattered();
    let text = human(&sweep);
    let verdict = "the runs do not decide how many workers are enough: by the means 8 workers, 3.54 times \
                   as fast as 1, but 1 worker is not shown to be too few";
    assert!(
        text.contains(&format!("  verdict    {verdict}\n")),
        "{text}"
    );
    assert!(text.contains("█ knee by the means\n"), "{text}");
    assert!(
        text.contains("  knee       not decided: 8 workers by the means"),
        "{text}"
    );
    assert!(text.contains("3.54x  95 % interval 0.79x … "), "{text}");
    for export in [Export::Markdown, Export::Html] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let out = Box::new(file.reopen().unwrap());
        let mut report = export.listener(out, Default::default()).unwrap();
        for event in
            crate::story::Story::new(8).swept(&[(1, &[1.0, 3.0, 2.0]), (8, &[0.5, 0.9, 0.3])])
        {
            report.event(&event).unwrap();
        }
        report.close().unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        // A heading begins with a capital letter.
        assert!(text.contains(&verdict[1..60]), "{export}: {text}");
    }
}

#[test]
fn gates_on_it_are_inconclusive() {
    let sweep = scattered();
    let of = (None, Some(&sweep));
    for gate in ["speedup>=2", "speedup<=2", "total<0.6s"] {
        let judged = hold(of, gate, false);
        assert_eq!(judged.verdict, AssertionVerdict::Inconclusive, "{judged:?}");
        assert_eq!(hold(of, gate, true).verdict, AssertionVerdict::Failed);
    }
    // Where they do not scatter, the knee is what it was.
    let sweep = crate::story::sweep(20, &[(1, &[2.0, 2.01, 1.99]), (8, &[0.5, 0.51, 0.5])]);
    assert!(!sweep.is_undecided());
    assert_eq!(
        hold((None, Some(&sweep)), "speedup>=2", true).verdict,
        AssertionVerdict::Held
    );
}

#[test]
fn one_run_each_shows_little() {
    let sweep = sweep(20, &[(1, &[4.0]), (2, &[2.0]), (4, &[2.0])]);
    let text = human(&sweep);
    let verdict =
        "2 workers are enough: 2.00 times as fast as 1 (one run each, which shows little)";
    assert!(text.contains(verdict), "{text}");
}

#[test]
fn failures_have_a_column_if_there_were_any() {
    let mut sweep = scattered();
    assert!(!human(&sweep).contains("failed"));
    sweep.points[1].times.failed = 3;
    let text = human(&sweep);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.contains('█') || line.starts_with("  workers"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(rows[0].ends_with(&["failed", "throughput"]), "{text}");
    assert!(rows[1].contains(&"0") && rows[2].contains(&"3"), "{text}");
}

#[test]
fn a_single_pair_decides_a_gate_unless_it_is_strict() {
    let compared = comparison(4, 20, vec![4.0], vec![1.0], &[]);
    let swept = sweep(20, &[(1, &[4.0]), (4, &[1.0])]);
    for of in [(Some(&compared), None), (None, Some(&swept))] {
        assert_eq!(
            hold(of, "speedup>=2", false).verdict,
            AssertionVerdict::Held
        );
        let judged = hold(of, "speedup>=2", true);
        assert_eq!(judged.verdict, AssertionVerdict::Failed);
        assert_eq!(
            judged.why,
            "a single pair of runs decides nothing (--strict-assert)"
        );
        // A time is what it is.
        assert_eq!(hold(of, "total<2s", true).verdict, AssertionVerdict::Held);
    }
}
