//! Claims of reports: no more than the figures say, and the same figure everywhere.

use std::time::SystemTime;

use pfetch::model::event::{Event, Listener};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{Against, AgainstPoint, Arm, ArmLatency, Reference, Sweep};
use pfetch::model::search_cost::SearchCost;
use pfetch::model::worker_gain::WorkerGains;
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};
use pfetch::stats::{Change, Interval, Sample};

use crate::pfetch::{Dir, pfetch, tells, unbroken};
use crate::server::{Reply, Request, Server, routes};
use crate::story::{comparison, sweep};

/// The human report of these events.
fn human(events: &[Event]) -> String {
    let mut text = Vec::new();
    let mut human = Human::new(&mut text, HumanStyle::default());
    for event in events {
        human.event(event).expect("a vector takes all");
    }
    drop(human);
    String::from_utf8(text).expect("reports are UTF-8")
}

/// The document that these events make.
fn exported(export: Export, events: &[Event]) -> String {
    let file = tempfile::NamedTempFile::new().expect("there is a place for temporary files");
    let out = Box::new(file.reopen().expect("it is there"));
    let mut report = export.listener(out, Default::default()).expect("it can be");
    for event in events {
        report.event(event).expect("there is room");
    }
    report.close().expect("there is room");
    std::fs::read_to_string(file.path()).expect("it was written")
}

/// A run against so many saved ones, with this change and margin.
fn against(runs: usize, (low, ratio, high): (f64, f64, f64), margin: &str) -> Against {
    let sample = Sample::of(&[1.0, 1.1]).expect("they are times");
    Against {
        file: "saved.json".to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        version: "0.0.9".to_owned(),
        points: vec![AgainstPoint {
            arm: Arm::Parallel,
            workers: 8,
            workers_then: 8,
            seconds: 1.05,
            now: sample,
            then: sample,
            reference: Reference {
                runs,
                from: SystemTime::UNIX_EPOCH,
                to: SystemTime::UNIX_EPOCH,
                deviation: None,
            },
            change: Change {
                ratio,
                interval: Some(Interval { low, high }),
            },
            dated: None,
            unlike: None,
        }],
        why: None,
        notices: Vec::new(),
        margin: margin.parse().expect("it is a margin"),
        is_renewed: false,
    }
}

#[test]
fn the_verdict_on_a_saved_run_is_by_the_margin_that_was_given_and_claims_nothing_without_an_interval()
 {
    let few = "too few or too short runs for an interval";
    for (runs, change, margin, end) in [
        (
            1,
            (0.9, 1.04, 1.2),
            "10%",
            "no difference beyond 10 % shown; more runs would tell (--runs)",
        ),
        (
            9,
            (0.9, 1.04, 1.2),
            "2%",
            "no difference beyond 2 % shown; more saved runs would tell (--save-baseline)",
        ),
        (9, (0.9, 1.04, 1.2), "30%", "no difference beyond 30 %"),
        // What a small margin asks for is told, and a large one takes no finding away.
        (9, (1.03, 1.04, 1.049), "2%", "slower"),
        (9, (1.03, 1.04, 1.049), "10%", "no difference beyond 10 %"),
        (9, (1.06, 1.08, 1.1), "20%", "hardly slower"),
        (9, (1.06, 1.08, 1.1), "5%", "slower"),
        (
            2,
            (0.1, 1.04, 9.0),
            "10%",
            &format!("{few}: more saved runs would tell (--save-baseline)"),
        ),
        (
            1,
            (0.0, 1.04, 9.0),
            "2%",
            &format!("{few}: more runs would tell (--runs)"),
        ),
        // All of it is on one side.
        (9, (1.5, 5.0, 20.0), "10%", &format!("{few} · slower")),
    ] {
        let against = against(runs, change, margin);
        let compared = comparison(8, 20, vec![1.0; 3], vec![1.0; 3], &[]);
        let text = human(&[Event::Against(against), Event::Compared(compared)]);
        let text = unbroken(&text);
        let line = text.lines().find(|line| line.starts_with("  baseline "));
        let line = line.unwrap_or_else(|| panic!("no baseline in\n{text}"));
        let shown = unbroken(&format!(" · {end}"));
        assert!(
            line.ends_with(&shown),
            "{change:?} {margin}: {shown:?} in\n{text}"
        );
    }
}

#[test]
fn the_times_of_both_arms_have_the_speed_up_as_their_ratio() {
    // Of arithmetic means it would be 3.00.
    let compared = comparison(4, 20, vec![4.0, 8.0], vec![2.0, 2.0], &[]);
    let text = human(&[Event::Compared(compared)]);
    for shown in [
        "  serial       5.66 s ± ",
        "  parallel     2.00 s ± ",
        "  speed-up      2.83x  ",
    ] {
        assert!(text.contains(shown), "{shown:?} in\n{text}");
    }
}

#[test]
fn the_ratios_of_a_sweeps_table_are_its_speed_ups() {
    // The mean of the ratios is 2.83, and the ratio of the means 3.
    let swept = sweep(64, &[(1, &[4.0, 8.0]), (2, &[2.0, 2.0]), (4, &[1.0, 1.1])]);
    let text = human(&[Event::Swept(swept.clone())]);
    let speedup = swept.speedup_at(2).expect("it is comparable").ratio;
    assert!((speedup - 8.0_f64.sqrt()).abs() < 1e-9, "{speedup}");
    let row = |workers: &str| {
        let mut rows = text.lines().filter(|line| line.contains('█'));
        let row = rows.find(|row| row.trim_start().starts_with(workers));
        row.unwrap_or_else(|| panic!("no row of {workers} in\n{text}"))
    };
    assert!(row("2 ").contains(" 2.83x "), "{text}");
    let knee = swept.speedup().expect("there are several").ratio;
    let knee = format!(" {knee:.2}x ");
    assert_eq!(text.matches(&knee).count(), 2, "{knee} in\n{text}");
    assert!(row("4 ").contains(&knee), "{text}");
}

#[test]
fn a_rare_slow_run_does_not_move_the_time_of_a_number_of_workers() {
    // The means are 6.00 and 3.00: a run of each was slow.
    let slow = [4.0, 4.1, 9.9];
    let swept = sweep(64, &[(1, &slow), (2, &[2.0, 2.1, 4.9])]);
    let text = human(&[Event::Swept(swept.clone())]);
    for shown in ["  workers   median ", " 4.10 s ", " 2.10 s "] {
        assert!(text.contains(shown), "{shown:?} in\n{text}");
    }
    let seconds: Vec<f64> = swept.sweep_points().iter().map(|p| p.seconds).collect();
    assert_eq!(seconds, [4.1, 2.1], "{swept:?}");
    // An automatic sweep has too few runs at most numbers, and takes their geometric mean.
    let automatic = Sweep {
        search: Some(SearchCost {
            runs: 6,
            warmups: 0,
            grid: vec![1, 2],
            grid_runs: 10,
        }),
        ..swept
    };
    let expected = (4.0_f64 * 4.1 * 9.9).cbrt();
    let found = automatic.typical_seconds(&automatic.points[0]);
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    let text = human(&[Event::Swept(automatic)]);
    assert!(text.contains("  workers  geomean "), "{text}");
}
#[test]
fn a_gain_that_the_list_has_is_no_workers_gain() {
    // 40 URLs of 25 ms: rounds of them, and nothing else.
    let seconds = |workers: u64| 40_u64.div_ceil(workers) as f64 * 0.025;
    let times = [1, 2, 32, 40].map(|workers| (workers, [seconds(workers as u64); 3]));
    let points = times
        .each_ref()
        .map(|(workers, times)| (*workers, &times[..]));
    let mut swept = sweep(40, &points);
    swept.law = None;
    let gains = WorkerGains::of(&swept).expect("there are several");
    let marginal: Vec<_> = gains.counts.iter().map(|gain| gain.marginal).collect();
    assert!(
        matches!(marginal[..], [None, Some(_), Some(_), None]),
        "{gains:#?}"
    );
    let rounds: Vec<u64> = gains.counts.iter().map(|gain| gain.rounds).collect();
    assert_eq!(rounds, [40, 20, 2, 1]);
    let words =
        "from 2 to 32 it adds 60 % · from 32 to 40 the list divides better (1 URL each, not 2)";
    let text = human(&[Event::Swept(swept.clone())]);
    assert!(tells(&text, words), "{words} in\n{text}");
    assert!(!text.contains("250 %"), "{text}");
    // A list of many more URLs divides well, and its gains are the workers'.
    swept.targets = 4000;
    let gains = WorkerGains::of(&swept).expect("there are several");
    assert!(gains.counts[3].marginal.is_some(), "{gains:#?}");
}

#[test]
fn the_percentiles_of_all_runs_are_in_the_page_as_on_the_terminal() {
    let latency = |p50, p95| Some(ArmLatency { p50, p95 });
    let mut compared = comparison(8, 20, vec![1.0; 3], vec![0.5; 3], &[]);
    compared.serial.latency = latency(0.0205, 0.0207);
    compared.parallel.latency = latency(0.0208, 0.0214);
    let mut swept = sweep(20, &[(1, &[1.0; 3]), (2, &[0.5; 3])]);
    for point in &mut swept.points {
        point.times.latency = latency(0.0205, 0.0214);
    }
    for (event, words, page) in [
        (
            Event::Compared(compared.clone()),
            "serial p50 20.5 ms  p95 20.7 ms · parallel p50 20.8 ms  p95 21.4 ms",
            "All 3 pairs together: ",
        ),
        (
            Event::Swept(swept),
            "21.4 ms",
            "All 3 runs with 2 workers together: p50 20.5 ms  p95 ",
        ),
    ] {
        let text = human(std::slice::from_ref(&event));
        assert!(text.contains(words), "{words} in\n{text}");
        let html = exported(Export::Html, &[event]);
        for words in [words, page] {
            assert!(html.contains(words), "{words} in\n{html}");
        }
    }
}

#[test]
fn a_run_that_its_deadline_cut_off_has_the_figures_of_what_was_done() {
    const DONE: usize = 30;
    let (server, dir) = (Server::start(), Dir::new());
    let page = |name: &str| dir.path().join(name).display().to_string();
    let [md, html] = ["run.md", "run.html"].map(page);
    let (done, doubt) = (
        "of what was done before the deadline",
        "URLs that the deadline cut off may have taken longer",
    );
    let gates = [
        ("p50<1h", "held", done),
        ("max<1h", "inconclusive", doubt),
        ("failed<=1%", "held", done),
        ("urls_per_second>=0.000001", "held", done),
    ];
    let mut args = vec!["-j2".to_owned(), "--export".to_owned(), md.clone()];
    args.extend(["--export".to_owned(), html.clone()]);
    args.extend(gates.iter().map(|(gate, ..)| format!("--assert={gate}")));
    args.extend((0..DONE).map(|n| server.url(&format!("/bytes/10?{n}"))));
    args.extend([server.url("/hang?1"), server.url("/hang?2")]);
    // A busy machine needs a longer one.
    let run = ["1s", "8s", "60s"].iter().find_map(|deadline| {
        let run = pfetch(&[&args[..], &[format!("--deadline={deadline}")]].concat()).run();
        run.stdout.contains("  30 of 32 URLs done: ").then_some(run)
    });
    let run = run.expect("30 URLs are done within a minute").exits(1);
    let run = run.prints("  rate       ").prints("  latency    p50 ");
    for (gate, verdict, why) in gates {
        let place = run.stdout.find(&format!("  gate       {gate} "));
        let told = &run.stdout[place.unwrap_or_else(|| panic!("no {gate} in\n{}", run.stdout))..];
        let told = told.split("  gate ").nth(1).unwrap_or_default();
        run.check(gate, told.contains(verdict) && told.contains(why));
    }
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains(" URLs/s"));
    }
}

#[test]
fn the_waits_within_the_slowest_urls_time_are_named() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        if request.target == "/slow"
            && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0
        {
            return reply.send(503, "Retry-After: 1\r\n", b"");
        }
        routes(request, reply)
    });
    let dir = Dir::new();
    let md = dir.path().join("run.md").display().to_string();
    let (slow, fast) = (server.url("/bytes/1?slow"), server.url("/bytes/1"));
    let slow = slow.replace("/bytes/1?slow", "/slow");
    let args = ["-j2", "--max-failures=1", "--export", &md, &fast, &slow];
    let run = pfetch(&args).run().exits(0);
    let md = std::fs::read_to_string(&md).expect("it was written");
    let (_, slowest) = md.split_once("### Slowest").expect(&md);
    let row = slowest.lines().find(|line| line.contains("/slow"));
    let row = row.unwrap_or_else(|| panic!("no row in\n{md}"));
    run.check("the waits", row.contains(" of it waiting for retries |"));
    let row = slowest.lines().find(|line| line.contains("/bytes/1"));
    run.check("none", !row.unwrap_or_default().contains("waiting"));
}

#[test]
fn a_margin_of_nothing_asks_for_any_difference() {
    let margin: Margin = "0%".parse().expect("it is a margin");
    let against = against(9, (1.001, 1.002, 1.003), "0%");
    let point = &against.points[0];
    let verdict = against.verdict(point).expect("there is one");
    assert_eq!((verdict.as_str(), margin), ("slower", against.margin));
}
