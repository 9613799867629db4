//! Verdicts on uncertain figures: sweeps whose runs scatter, ratios of single runs.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use pfetch::measure::assert::RunFigures;
use pfetch::model::auto_runs::{AutoEnd, AutoRuns};
use pfetch::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{
    Against, AgainstPoint, Arm, ArmLatency, Comparison, DatedChange, Reference, Sweep,
};
use pfetch::model::summary::{RunsMade, Summary};
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};
use pfetch::stats::Change;

use crate::pfetch::{pfetch, tells, unbroken};
use crate::server::Server;
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
        is_first: false,
        allows_empty: false,
    };
    figures.check(&gate.parse().unwrap(), strict)
}

/// The human report of these events, away from any terminal.
fn human_of(events: &[Event]) -> String {
    human_in(None, events)
}

/// The human report of these events, for a terminal of so many columns.
fn human_in(columns: Option<usize>, events: &[Event]) -> String {
    let style = HumanStyle {
        columns,
        ..HumanStyle::default()
    };
    let mut text = Vec::new();
    let mut human = Human::new(&mut text, style);
    for event in events {
        human.event(event).unwrap();
    }
    drop(human);
    String::from_utf8(text).unwrap()
}

/// The human report of a sweep.
fn human(sweep: &Sweep) -> String {
    human_of(&[Event::Swept(sweep.clone())])
}

/// The document that these events make.
fn exported(export: Export, events: &[Event]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = Box::new(file.reopen().unwrap());
    let mut report = export.listener(out, Default::default()).unwrap();
    for event in events {
        report.event(event).unwrap();
    }
    report.close().unwrap();
    std::fs::read_to_string(file.path()).unwrap()
}

/// Eight workers are faster by the times alone, but the runs scatter so much that nothing is shown.
fn scattered() -> Sweep {
    sweep(20, &[(1, &[1.0, 3.0, 2.0]), (8, &[0.5, 0.9, 0.3])])
}

#[test]
fn a_sweep_whose_runs_scatter_does_not_claim_that_the_fewest_are_enough() {
    let sweep = scattered();
    let text = human(&sweep);
    let verdict = "undecided between 1 and 8 workers – more runs would tell (--runs 10)";
    assert!(tells(&text, &format!("  verdict    {verdict}\n")), "{text}");
    assert!(text.contains("█ knee?\n"), "{text}");
    assert!(
        tells(
            &text,
            "  knee       8 workers by the times alone, but 1 worker may come within 5 % of the best too\n"
        ),
        "{text}"
    );
    let wide = "3.54x  too few or too short runs for an interval · 8 against 1\n";
    assert!(text.contains(wide), "{text}");
    for export in [Export::Markdown, Export::Html] {
        let points: [(usize, &[f64]); 2] = [(1, &[1.0, 3.0, 2.0]), (8, &[0.5, 0.9, 0.3])];
        let text = exported(export, &crate::story::Story::new(8).swept(&points));
        assert!(text.contains(&verdict["un".len()..]), "{export}: {text}");
    }
}

#[test]
fn a_sweep_that_chose_its_rounds_asks_for_more_of_what_ended_it() {
    for (ended_by, remedy) in [
        (AutoEnd::MostPairs, "more runs would tell (--max-runs 60)"),
        (
            AutoEnd::MostTime,
            "more time would tell (--measurement-time 2m)",
        ),
    ] {
        let level = 0.99;
        let swept = Sweep {
            auto: Some(AutoRuns {
                ended_by,
                most_pairs: 30,
                most_seconds: 60.0,
                precision: None,
                level,
                deciding_level: level,
            }),
            ..scattered()
        };
        let text = human(&swept);
        assert!(text.contains(remedy), "{text}");
        // Its figures are at its level too: with a wider interval than 95 % has.
        for gate in ["speedup>=2", "total<1s"] {
            let judged = [&scattered(), &swept].map(|sweep| hold((None, Some(sweep)), gate, false));
            let [given, chosen] = judged.map(|judged| judged.interval.unwrap());
            assert!(chosen.low < given.low, "{gate}: {given:?} {chosen:?}");
            assert!(chosen.high > given.high, "{gate}: {given:?} {chosen:?}");
        }
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
    let verdict = "by one run each, 2 workers are enough – more runs would tell (--runs 5)";
    assert!(tells(&text, verdict), "{text}");
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

#[test]
fn an_estimate_decides_no_gate_and_is_told_beside() {
    let summary = Summary {
        ok: 2,
        ..Summary::default()
    };
    let figures = |estimated_speedup| RunFigures {
        summary: &summary,
        counted: &summary,
        estimated_speedup,
        comparison: None,
        sweep: None,
        against: None,
        is_first: false,
        allows_empty: false,
    };
    for (estimate, why) in [
        (
            Some(3.0),
            "not measured, estimated up to 3.00x: --compare measures it",
        ),
        (None, "not measured: --compare measures it"),
    ] {
        for gate in [
            "speedup>=2",
            "speedup>=4",
            "speedup<=4",
            "speedup<2",
            "speedup==3",
        ] {
            for strict in [false, true] {
                let judged = figures(estimate).check(&gate.parse().unwrap(), strict);
                assert_eq!(
                    judged.verdict,
                    AssertionVerdict::Unknown,
                    "{gate}: {judged:?}"
                );
                assert_eq!(
                    (judged.value, &*judged.why),
                    (None, why),
                    "{gate}: {judged:?}"
                );
            }
        }
    }
}

#[test]
fn a_measurement_that_was_stopped_names_the_rest_of_its_runs_as_the_remedy() {
    let stopped = Some(RunsMade {
        done: 8,
        of: 62,
        at_most: true,
    });
    let mut compared = comparison(4, 20, vec![1.0, 2.0, 1.5], vec![1.6, 1.1, 1.9], &[]);
    compared.stopped = stopped;
    let mut swept = scattered();
    swept.stopped = stopped;
    for (event, expected) in [
        (
            Event::Compared(compared),
            "no difference shown – the rest of its runs would tell",
        ),
        (
            Event::Swept(swept),
            "undecided between 1 and 8 workers – the rest of its runs would tell",
        ),
    ] {
        let text = human_of(&[event]);
        assert!(
            text.contains(&format!("  verdict    {expected}\n")),
            "{text}"
        );
        assert_eq!(text.matches("would tell").count(), 1, "{text}");
        assert!(
            !text.contains("--runs") && !text.contains("--max-runs"),
            "{text}"
        );
    }
}

/// The words after `verdict` in the report of these events.
fn verdict(event: Event) -> String {
    let text = unbroken(&human_of(&[event]));
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("  verdict    "));
    line.unwrap_or_else(|| panic!("no verdict in\n{text}"))
        .to_owned()
}

#[test]
fn a_verdict_that_does_not_decide_says_what_would_in_few_words() {
    let compared = |serial: &[f64], parallel: &[f64]| {
        let compared = comparison(4, 20, serial.to_vec(), parallel.to_vec(), &[]);
        verdict(Event::Compared(compared))
    };
    let swept = |points: &[(usize, &[f64])]| verdict(Event::Swept(sweep(20, points)));
    for (verdict, expected) in [
        (
            compared(&[4.0], &[1.0]),
            "undecided: one pair of runs – more runs would tell (--runs 5)",
        ),
        (
            compared(&[1.0, 2.0, 1.5], &[1.6, 1.1, 1.9]),
            "no difference shown – more runs would tell (--runs 10)",
        ),
        (
            compared(
                &[1.0, 2.0, 1.5, 1.1, 1.9, 1.5].repeat(2),
                &[1.6, 1.1, 1.9, 1.5, 1.0, 2.0].repeat(2),
            ),
            "no difference shown – more runs would tell (--runs 123)",
        ),
        // Of runs that scatter twice as much, more than anybody would make.
        (
            compared(
                &[1.0, 4.0, 2.25, 1.21, 3.61, 2.25].repeat(2),
                &[2.56, 1.21, 3.61, 2.25, 1.0, 4.0].repeat(2),
            ),
            "no difference shown – a quieter machine would tell, or a larger --margin",
        ),
        (
            compared(&[0.001, 0.002, 0.0015], &[0.0016, 0.0011, 0.0019]),
            "no difference shown – more URLs would tell: these runs are too short",
        ),
        (
            swept(&[(8, &[1.0, 3.0, 2.0]), (16, &[0.5, 0.9, 0.3])]),
            "undecided between 8 and 16 workers – more runs would tell (--runs 10)",
        ),
        (
            swept(&[(1, &[4.0]), (128, &[2.0])]),
            "by one run each, 128 workers are the fastest – more runs would tell (--runs 5)",
        ),
    ] {
        assert_eq!(verdict, expected);
        let words = verdict
            .split_whitespace()
            .filter(|word| *word != "–")
            .count();
        assert!(words <= 15, "{words} words: {verdict}");
    }
}

#[test]
fn a_verdict_that_decides_names_no_remedy() {
    let compared = |serial: &[f64], parallel: &[f64]| {
        let compared = comparison(4, 20, serial.to_vec(), parallel.to_vec(), &[]);
        verdict(Event::Compared(compared))
    };
    for (verdict, expected) in [
        (
            compared(&[4.0, 4.0, 4.1], &[1.0, 1.0, 1.025]),
            "parallel is faster, 4.00 times",
        ),
        (
            compared(&[1.04, 1.04, 1.04], &[1.0; 3]),
            "parallel is hardly faster, 1.04 times",
        ),
        (
            compared(&[1.0; 3], &[1.04; 3]),
            "parallel is hardly slower, 1.04 times",
        ),
        (
            compared(&[1.11; 3], &[1.0; 3]),
            "parallel is faster, 1.11 times",
        ),
        (
            compared(&[1.0; 3], &[2.0; 3]),
            "parallel is slower, 2.00 times",
        ),
        (
            compared(&[1.0, 1.01, 1.02], &[1.01, 1.02, 1.0]),
            "no difference beyond 10 %",
        ),
        (
            verdict(Event::Swept(sweep(20, &[(1, &[1.07; 3]), (2, &[1.0; 3])]))),
            "2 workers are hardly faster than 1: 1.07 times",
        ),
    ] {
        assert_eq!(verdict, expected);
    }
}

#[test]
fn the_nominal_level_of_an_interval_and_its_heading_name_one_interval() {
    let mut compared = comparison(4, 20, vec![2.0, 2.1, 1.9], vec![1.0, 1.1, 0.9], &[]);
    compared.set_course(Some(AutoRuns {
        ended_by: AutoEnd::Decided,
        most_pairs: 30,
        most_seconds: 60.0,
        precision: None,
        level: 0.969,
        deciding_level: 0.969,
    }));
    for export in [Export::Markdown, Export::Html] {
        let document = exported(export, &[Event::Compared(compared.clone())]);
        for text in [
            "95 % interval 1.",
            "so the 95 % interval is computed at a nominal 96.9 %, to cover that often",
        ] {
            assert!(document.contains(text), "{text:?} in {document}");
        }
    }
}

#[test]
fn a_comparison_of_no_time_for_more_says_how_much_time_its_scatter_asks_for() {
    let (serial, parallel) = (
        [1.0, 1.2, 1.1, 0.9, 1.0, 1.1],
        [1.0, 1.1, 1.1, 1.0, 0.9, 1.1],
    );
    let ended = |times: usize, most_seconds, margin: &str| {
        let [serial, parallel] = [serial, parallel].map(|seconds| seconds.repeat(times));
        let mut compared = comparison(4, 20, serial, parallel, &[]);
        compared.margin = margin.parse().unwrap();
        compared.set_course(Some(AutoRuns {
            ended_by: AutoEnd::MostTime,
            most_pairs: 30,
            most_seconds,
            precision: None,
            level: 0.95,
            deciding_level: 0.95,
        }));
        verdict(Event::Compared(compared))
    };
    let undecided = "no difference shown – ";
    // Six pairs tell little of the scatter: ten are asked for, in as much of the time.
    let told = ended(1, 60.0, "3%");
    assert_eq!(
        told,
        format!("{undecided}more time would tell (--measurement-time 2m)")
    );
    // From twelve on it is as many as take the interval within the margin.
    let [few, many] = ["4%", "3%"].map(|margin| ended(2, 60.0, margin));
    let minutes = |told: &str| {
        let told = told.strip_prefix(&format!(
            "{undecided}more time would tell (--measurement-time "
        ));
        let told = told
            .and_then(|told| told.strip_suffix(')'))
            .expect("a time");
        humantime::parse_duration(told).unwrap().as_secs_f64() / 60.0
    };
    assert!((1.5..9.0).contains(&minutes(&few)), "{few}");
    assert!(minutes(&many) > 1.4 * minutes(&few), "{many}");
    // Of runs that long it would be hours.
    let told = ended(2, 1800.0, "2%");
    assert_eq!(
        told,
        format!("{undecided}a quieter machine would tell, or a larger --margin")
    );
}

#[test]
fn a_gate_on_the_total_is_by_the_mean_that_the_report_shows() {
    let compared = comparison(4, 20, vec![9.0; 3], vec![1.0, 2.0, 4.0], &[]);
    let judged = hold((Some(&compared), None), "total<9s", false);
    assert!((judged.value.unwrap() - 2.0).abs() < 1e-9, "{judged:?}");
    let interval = judged.interval.unwrap();
    assert!(
        (interval.low * interval.high - 4.0).abs() < 1e-6,
        "{judged:?}"
    );
    let text = human_of(&[Event::Compared(compared)]);
    assert!(text.contains("  parallel     2.00 s ± "), "{text}");
    // A sweep shows medians.
    let swept = sweep(20, &[(1, &[9.0, 9.1, 9.2]), (4, &[1.0, 1.1, 4.0])]);
    let judged = hold((None, Some(&swept)), "total<9s", false);
    assert_eq!(judged.value, Some(1.1), "{judged:?}");
}

#[test]
fn a_gate_that_is_too_near_to_its_limit_asks_for_no_runs() {
    let times = [1.0, 1.2, 0.9, 1.1, 1.0, 0.8].repeat(2);
    let compared = comparison(4, 20, vec![2.0; 12], times, &[]);
    let ratio = compared.speedup.unwrap().ratio;
    for (threshold, why) in [
        (
            ratio * 1.001,
            "too near to the limit for runs that scatter so much",
        ),
        (ratio * 1.06, "more runs would tell (--runs "),
    ] {
        let gate = format!("speedup>={threshold}");
        let judged = hold((Some(&compared), None), &gate, false);
        assert!(judged.why.starts_with(why), "{gate}: {judged:?}");
    }
}

#[test]
fn an_undecided_gate_says_what_would_decide_it() {
    let compared = comparison(4, 20, vec![1.0, 2.0, 1.5], vec![1.6, 1.1, 1.9], &[]);
    let judged = hold((Some(&compared), None), "speedup>=1", false);
    assert_eq!(judged.verdict, AssertionVerdict::Inconclusive, "{judged:?}");
    assert_eq!(judged.why, "more runs would tell (--runs 10)", "{judged:?}");
    let sweep = scattered();
    let judged = hold((None, Some(&sweep)), "speedup>=2", true);
    // It fails, and did not miss.
    assert_eq!(judged.verdict, AssertionVerdict::Failed, "{judged:?}");
    let why = "undecided, which fails with --strict-assert: more runs would tell (--runs 10)";
    assert_eq!(judged.why, why, "{judged:?}");
}

#[test]
fn an_interval_that_leaves_the_order_of_magnitude_open_is_none() {
    let interval = |low, high| pfetch::stats::Interval { low, high };
    for (low, high, says_something) in [
        (1.0, 2.0, true),
        (0.5, 5.0, true),
        (0.5, 5.1, false),
        (0.0, 1.0, false),
        (-1.0, 1.0, false),
        (0.0, f64::INFINITY, false),
        (1.0, f64::INFINITY, false),
        (f64::NAN, 1.0, false),
    ] {
        let found = interval(low, high).says_something();
        assert_eq!(found, says_something, "{low} to {high}");
    }
}

#[test]
fn one_url_or_one_worker_is_nothing_to_compare() {
    for (workers, targets, expected) in [
        (
            8,
            1,
            "nothing to compare: one URL is fetched one by one either way – repeat it: pfetch \
             --compare -j 8 --repeat 20 --runs 3 URL",
        ),
        (
            1,
            20,
            "nothing to compare: one worker fetches one by one either way – give several (-j 8)",
        ),
    ] {
        let compared = comparison(workers, targets, vec![1.0; 3], vec![2.3; 3], &[]);
        let told = verdict(Event::Compared(compared.clone()));
        assert_eq!(told, expected);
        let text = human_of(&[Event::Compared(compared.clone())]);
        assert!(!text.contains("speed-up"), "{text}");
        assert!(
            text.contains("pfetch --compare -j 8 --repeat 20 --runs 3 URL\n") || targets > 1,
            "the command stands in one line: {text}"
        );
        for strict in [false, true] {
            let judged = hold((Some(&compared), None), "speedup>=2", strict);
            assert_eq!(judged.verdict, AssertionVerdict::Unknown, "{judged:?}");
            assert!(judged.why.contains("one by one either way"), "{judged:?}");
        }
        // What each arm took is known all the same.
        let judged = hold((Some(&compared), None), "total<3s", false);
        assert_eq!(judged.verdict, AssertionVerdict::Held, "{judged:?}");
        for export in [Export::Html, Export::Markdown, Export::Svg] {
            let text = exported(export, &[Event::Compared(compared.clone())]);
            for claim in ["slower", "0.43"] {
                assert!(!text.contains(claim), "{export} claims {claim}: {text}");
            }
        }
    }
}

#[test]
fn a_best_number_of_workers_is_named_only_where_the_times_bear_it_out() {
    let law = |workers: f64| {
        let others = workers - 1.0;
        workers / (1.0 + 0.05 * others + 0.02 * workers * others)
    };
    let by_law = |workers: usize| (workers, [10.0 / law(workers as f64); 2]);
    let exact = [1, 2, 4, 8, 16].map(by_law);
    let exact = exact.each_ref().map(|(n, times)| (*n, &times[..]));
    let fewer = [1, 2, 3, 4, 5].map(by_law);
    let fewer = fewer.each_ref().map(|(n, times)| (*n, &times[..]));
    let flat: [(usize, &[f64]); 4] = [
        (1, &[8.0; 2]),
        (4, &[2.0; 2]),
        (8, &[2.0; 2]),
        (16, &[2.0; 2]),
    ];
    let slope: [(usize, &[f64]); 5] = [
        (1, &[4.0; 2]),
        (2, &[2.7; 2]),
        (4, &[2.0; 2]),
        (8, &[2.0; 2]),
        (16, &[2.0; 2]),
    ];
    for (points, peak) in [
        (&exact[..], Some("most at 7 workers")),
        // Nobody tried so many.
        (&fewer, None),
        (&flat, None),
        (&slope, None),
    ] {
        let sweep = sweep(20, points);
        let text = human(&sweep);
        assert!(text.contains("  scaling    contention σ "), "{text}");
        let told = text.find("most at").map(|_| "most at 7 workers");
        assert_eq!(told, peak, "{:?}\n{text}", sweep.law);
        assert!(peak.is_none_or(|peak| text.contains(peak)), "{text}");
    }
    // Three numbers of workers fit any law, and nobody asked for more.
    let text = human(&sweep(20, &exact[..3]));
    assert!(!text.contains("scaling"), "{text}");
    assert!(!text.contains("Scalability"), "{text}");
}

#[test]
fn retries_of_a_sweep_have_a_column_if_there_were_any() {
    let mut sweep = scattered();
    assert!(!human(&sweep).contains("retries"));
    sweep.points[1].times.retries = 169;
    let text = human(&sweep);
    let mut rows = text
        .lines()
        .filter(|line| line.contains("retries") || line.contains('█'));
    assert!(
        rows.next()
            .is_some_and(|head| head.contains("retries throughput")),
        "{text}"
    );
    let last = rows.next_back().unwrap_or_default();
    assert!(last.split_whitespace().any(|cell| cell == "169"), "{text}");
}

#[test]
fn measured_results_fit_80_columns() {
    let uncertain = |unit, why: &str| AssertionResult {
        assertion: "total_vs_baseline<=1.1".to_owned(),
        value: Some(1.118),
        interval: Some(pfetch::stats::Interval {
            low: 0.97,
            high: 1.2,
        }),
        unit,
        verdict: AssertionVerdict::Inconclusive,
        why: why.to_owned(),
        of: None,
    };
    let then = pfetch::stats::Sample::of(&[1.0, 1.2, 0.9]).unwrap();
    let now = pfetch::stats::Sample::of(&[1.1, 1.0, 1.3]).unwrap();
    let point = AgainstPoint {
        arm: Arm::Parallel,
        workers: 16,
        workers_then: 16,
        change: Change::of(&[1.1, 1.0, 1.3], &[1.0, 1.2, 0.9]).unwrap(),
        seconds: pfetch::stats::geometric_mean(&[1.1, 1.0, 1.3]),
        now,
        then,
        reference: Reference {
            runs: 12,
            from: std::time::SystemTime::UNIX_EPOCH,
            to: std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 30),
            deviation: Some(0.031),
        },
        dated: Some(DatedChange {
            run: 14,
            of: 20,
            started_at: std::time::SystemTime::UNIX_EPOCH,
            ratio: 1.31,
        }),
        unlike: None,
    };
    let against = Against {
        file: "saved.json".to_owned(),
        started_at: std::time::SystemTime::UNIX_EPOCH,
        version: "0.0.9".to_owned(),
        points: vec![point.clone(), point],
        why: None,
        notices: Vec::new(),
        is_renewed: false,
        margin: Margin::default(),
    };
    let points: [(usize, &[f64]); 5] = [
        (1, &[4.0, 4.4, 4.1]),
        (2, &[2.7, 2.1, 2.9]),
        (64, &[2.0, 1.2, 1.9]),
        (128, &[0.9, 1.8, 1.1]),
        (256, &[1.0, 1.9, 0.8]),
    ];
    let notice =
        "the first parallel run was by far the slowest: caches may have been cold (--warmup)";
    let mut doubted = comparison(
        1000,
        20,
        vec![1.0, 1.1, 1.3],
        vec![1.6, 1.1, 1.2],
        &[notice],
    );
    doubted.serial.retries = 123_456;
    doubted.parallel.retries = 123_456;
    let results = [
        Event::Swept(sweep(20, &points)),
        Event::Compared(doubted.clone()),
        Event::Compared(comparison(8, 1, vec![1.0; 3], vec![1.1; 3], &[])),
        Event::Compared(comparison(8, 20, vec![1.0], vec![1.1], &[notice])),
    ];
    for result in results {
        let columns = Some(80);
        let text = human_in(
            columns,
            &[
                Event::Against(against.clone()),
                result,
                Event::Assertion(uncertain("x", "more runs would tell (--runs 10)")),
                Event::Assertion(uncertain("B/s", "not the same URLs failed in both arms")),
            ],
        );
        for line in text.lines() {
            let columns = line.chars().count();
            assert!(columns <= 80, "{columns}: {line}\n{text}");
            assert_eq!(line, line.trim_end(), "{text}");
            assert!(!line.ends_with(['·', '–']), "{text}");
        }
    }
}

#[test]
fn more_workers_that_are_clearly_slower_are_said_to_be() {
    let slower = sweep(
        40,
        &[
            (1, &[1.0, 1.01, 0.99]),
            (4, &[1.6, 1.61, 1.59]),
            (8, &[2.3, 2.31, 2.29]),
        ],
    );
    let text = human(&slower);
    let verdict = "1 worker is the best: more are slower, 8 by 2.30 times";
    assert!(text.contains(verdict), "{text}");
    // As good as equal, or not shown.
    for eight in [&[1.02, 1.03, 1.01][..], &[0.9, 3.0, 2.0]] {
        let alike = sweep(40, &[(1, &[1.0, 1.01, 0.99]), (8, eight)]);
        let text = human(&alike);
        assert!(!text.contains("more are slower"), "{text}");
    }
}

#[test]
fn a_sweep_tells_the_latency_with_each_number_of_workers() {
    let mut swept = sweep(40, &[(1, &[1.0, 1.01, 0.99]), (8, &[0.2, 0.21, 0.19])]);
    assert!(!human(&swept).contains("p95"));
    let latency = |p50, p95| Some(ArmLatency { p50, p95 });
    swept.points[0].times.latency = latency(0.025, 0.031);
    swept.points[1].times.latency = latency(0.038, 0.077);
    swept.points[0].times.failed = 1;
    swept.points[0].times.retries = 1;
    let event = || Event::Swept(swept.clone());
    let text = human_of(&[event()]);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{text}");
    }
    for time in ["31.0 ms", "77.0 ms"] {
        assert!(text.contains(time), "{time} in\n{text}");
    }
    let mut clean = swept.clone();
    clean.points[0].times.failed = 0;
    let text = human_of(&[Event::Swept(clean)]);
    assert!(
        text.contains("p95      retries throughput")
            && text.lines().all(|l| l.chars().count() <= 80),
        "{text}"
    );
    let documents = [Export::Markdown, Export::Html].map(|export| exported(export, &[event()]));
    for text in &documents {
        for time in ["25.0 ms", "31.0 ms", "38.0 ms", "77.0 ms"] {
            assert!(text.contains(time), "{time} in\n{text}");
        }
    }
}

#[test]
fn a_sweep_of_one_number_of_workers_has_the_figures_of_urls() {
    let server = Server::start();
    let urls = ["/bytes/5?1", "/bytes/5?2"].map(|path| server.url(path));
    let args = |sweep| {
        let gates = ["--assert=p95<1h", "--assert=throughput>=1B/s", "--runs=1"];
        [&[sweep][..], &gates, &urls.each_ref().map(String::as_str)].concat()
    };
    let run = pfetch(&args("--sweep=2")).run().exits(0);
    let gates = run.stdout.lines().filter(|line| line.contains(" held "));
    run.check("both hold", gates.count() == 2);
    let run = pfetch(&args("--sweep=1,2")).run().exits(2);
    run.says("give one number, as --sweep 8");
}

#[test]
fn the_lines_of_a_measurement_are_those_of_a_run_that_is_named() {
    let server = Server::start();
    let urls = ["/bytes/5?1", "/bytes/5?2"].map(|path| server.url(path));
    for (measure, words) in [
        (
            "--compare",
            "  above      the first run with 2 workers that counts\n",
        ),
        (
            "--sweep=1,2",
            "  above      the first run with 1 worker that counts\n",
        ),
    ] {
        let args = [measure, "--runs=1", "--warmup=0", &urls[0], &urls[1]];
        pfetch(&args).run().exits(0).prints(words);
        let run = pfetch(&[&args[..], &["-q"]].concat()).run().exits(0);
        run.check("no lines", !run.stdout.contains("  above "));
    }
}

#[test]
fn a_page_opens_with_the_gates_that_failed() {
    let story = crate::story::Story::new(2);
    let gate = |assertion: &str, verdict| {
        Event::Assertion(AssertionResult {
            assertion: assertion.to_owned(),
            value: Some(1.0),
            interval: None,
            unit: "s",
            verdict,
            why: String::new(),
            of: None,
        })
    };
    let page = |gates: Vec<Event>| {
        let mut events = story.run(story.many(4, |_| crate::story::MS * 40));
        events.extend(gates);
        exported(Export::Html, &events)
    };
    use AssertionVerdict::{Failed, Held, Inconclusive, Unknown};
    let one = page(vec![gate("p95<1ms", Failed), gate("total<1h", Held)]);
    let heading = ">Gate failed: p95&lt;1ms – All 4 URLs succeeded</h1>";
    assert!(one.contains(heading), "{one}");
    let two = page(vec![gate("a", Failed), gate("b", Unknown), gate("c", Held)]);
    assert!(two.contains(">2 of 3 gates failed – All 4 URLs"), "{two}");
    let none = page(vec![gate("a", Held), gate("b", Inconclusive)]);
    assert!(none.contains(">All 4 URLs succeeded</h1>"), "{none}");
}

#[test]
fn names_of_other_programs_in_a_gate_are_answered_with_what_to_write() {
    for (gate, words) in [
        ("error_rate<1%", "failed<=1%"),
        ("http_req_failed<0.01", "failed<=1%"),
        ("min<5ms", "p0"),
        ("http_req_duration<1s", "p95"),
    ] {
        let assert = format!("--assert={gate}");
        let run = pfetch(&[assert.as_str(), "http://127.0.0.1:1/"])
            .run()
            .exits(2);
        run.complains_in_a_line().says(words);
    }
}
