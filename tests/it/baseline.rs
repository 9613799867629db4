//! The program as a process: `--save-baseline` and `--against`. Where a ratio matters, the saved times are
//! made up, so far from what a run takes that no busy machine can reach them.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

mod history;
mod renewed;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::pfetch::{Dir, Run, pfetch, tells};
use crate::server::Server;

/// Shorter and longer than any run, by seven orders of magnitude.
const SHORT: f64 = 1e-9;
const LONG: f64 = 1e9;

/// A server, and a folder with a file for a baseline.
struct Bench {
    server: Server,
    dir: Dir,
}

impl Bench {
    fn new() -> Self {
        let (server, dir) = (Server::start(), Dir::new());
        Bench { server, dir }
    }

    /// The baseline's file.
    fn file(&self) -> String {
        let path = self.dir.path().join("baseline.json");
        path.into_os_string().into_string().unwrap()
    }

    fn urls(&self) -> [String; 3] {
        ["/bytes/10", "/bytes/20", "/bytes/30"].map(|path| self.server.url(path))
    }

    /// pfetch with these options over the URLs.
    #[track_caller]
    fn run(&self, options: &[&str]) -> Run {
        let urls = self.urls();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        pfetch(&[options, &urls].concat()).run()
    }

    /// The same against the baseline.
    #[track_caller]
    fn against(&self, options: &[&str]) -> Run {
        self.run(&[&["--against", &self.file()], options].concat())
    }

    /// Saves a run with two workers in a new file.
    #[track_caller]
    fn save(&self) {
        let _ = fs::remove_file(self.file());
        self.run(&["-j2", "--save-baseline", &self.file()]).exits(0);
    }

    /// All of the file.
    fn baseline(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    /// The runs in the file, the oldest first.
    fn history(&self) -> Vec<Value> {
        self.baseline()["history"].as_array().unwrap().clone()
    }

    /// The latest run in the file.
    fn saved(&self) -> Value {
        self.history().pop().unwrap()
    }

    /// Changes the latest run in the file.
    fn alter(&self, change: impl FnOnce(&mut Value)) {
        let mut baseline = self.baseline();
        change(
            baseline["history"]
                .as_array_mut()
                .unwrap()
                .last_mut()
                .unwrap(),
        );
        fs::write(self.file(), baseline.to_string()).unwrap();
    }

    /// Saves parallel runs of so many seconds instead, each with its workers.
    #[track_caller]
    fn save_times(&self, runs: &[(usize, f64)]) {
        self.save();
        self.alter(|saved| {
            let run = saved["runs"][0].clone();
            let runs = runs.iter().map(|(workers, seconds)| {
                let mut run = run.clone();
                run["workers"] = json!(workers);
                run["seconds"] = json!(seconds);
                run
            });
            saved["runs"] = runs.collect();
        });
    }
}

/// What a report in JSON Lines has against the baseline.
#[track_caller]
fn told(run: &Run) -> Value {
    let mut lines = run.json();
    lines.retain(|line| line["type"] == "against");
    run.check("one line against", lines.len() == 1);
    lines.remove(0)
}

#[test]
fn a_run_is_saved_with_its_figures_and_without_its_urls() {
    let bench = Bench::new();
    let run = bench.run(&["-j2", "--format=jsonl", "--save-baseline", &bench.file()]);
    let run = run.exits(0).says_nothing();
    let text = fs::read_to_string(bench.file()).unwrap();
    for part in ["http", "127.0.0.1", "bytes/"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
    let mut baseline = bench.baseline();
    let saved = &mut baseline["history"][0];
    let hash = saved["targets"]["hash"].take();
    let machine = saved["machine"].take();
    assert_eq!(machine["os"], std::env::consts::OS, "{machine}");
    assert!(machine["cpus"].as_u64() > Some(0), "{machine}");
    assert_eq!(hash.as_str().unwrap().len(), 64, "{text}");
    let begun = &run.json()[0];
    assert_eq!(
        baseline,
        json!({
            "type": "baseline",
            "schema": 2,
            "history": [{
                "version": begun["version"],
                "started_at": begun["started_at"],
                "machine": null,
                "targets": {"count": 3, "hash": null},
                "warm": false,
                "paced": false,
                "runs": [{
                    "arm": "parallel", "workers": 2, "seconds": run.summary()["parallel"],
                    "failed": 0, "retries": 0, "bytes": 60,
                }],
            }],
        })
    );
    let names = fs::read_dir(bench.dir.path()).unwrap();
    assert_eq!(names.count(), 1, "no temporary file is left");
}

#[test]
fn all_runs_of_a_comparison_and_of_a_sweep_are_saved_but_not_their_warm_ups() {
    let bench = Bench::new();
    let ways = |saved: &Value| -> Vec<(String, u64)> {
        let runs = saved["runs"].as_array().unwrap().iter();
        let way = |run: &Value| {
            let arm = run["arm"].as_str().unwrap().to_owned();
            (arm, run["workers"].as_u64().unwrap())
        };
        runs.map(way).collect()
    };
    let file = bench.file();
    bench.save();
    let plain = bench.saved();
    let compare = ["--compare", "-j2", "--runs=2", "--save-baseline", &file];
    bench.run(&compare).exits(0);
    let compared = bench.saved();
    let [serial, parallel] = [("serial".to_owned(), 1), ("parallel".to_owned(), 2)];
    assert_eq!(
        ways(&compared),
        [&parallel, &serial, &serial, &parallel].map(Clone::clone),
        "{compared}"
    );
    let sweep = ["--sweep=2", "--runs=3", "--save-baseline", &file];
    bench.run(&sweep).exits(0);
    let swept = bench.saved();
    assert_eq!(ways(&swept), vec![parallel; 3], "{swept}");
    for saved in [&compared, &swept] {
        assert_eq!(saved["warm"], true);
        // A list is the same however often it is fetched.
        assert_eq!(saved["targets"], plain["targets"]);
    }
}

#[test]
fn several_runs_on_both_sides_have_an_interval_and_a_verdict() {
    let bench = Bench::new();
    for (saved, verdict, words) in [
        (
            [SHORT; 3],
            json!("slower"),
            " · slower; the interval knows no drift between sessions\n",
        ),
        (
            [LONG; 3],
            json!("faster"),
            " · faster; the interval knows no drift between sessions\n",
        ),
        // So much scatter that anything may be in it.
        (
            [SHORT, 1e-2, LONG],
            Value::Null,
            " · too few or too short runs for an interval: more runs would tell (--runs)\n",
        ),
    ] {
        bench.save_times(&saved.map(|seconds| (2, seconds)));
        bench.alter(|saved| saved["warm"] = json!(true));
        let sweep = ["--sweep=2", "--runs=3"];
        let run = bench.against(&sweep).exits(0);
        let run = run.prints("  baseline  ");
        run.check(words, tells(&run.stdout, words));
        let intervals = [
            "· 95 % interval ",
            "· too few or too short runs for an interval",
        ];
        let text = &run.stdout;
        let has_one = intervals.iter().any(|interval| tells(text, interval));
        run.check("an interval, or why there is none", has_one);
        run.check("nothing else differs", !run.stdout.contains("warning"));
        let run = bench.against(&[&sweep[..], &["--format=jsonl"]].concat());
        let against = told(&run.exits(0));
        let point = &against["points"][0];
        assert_eq!(point["verdict"], verdict, "{against}");
        assert_eq!(
            (&point["now"]["n"], &point["then"]["n"]),
            (&json!(3), &json!(3))
        );
        let [low, ratio, high] = [
            &point["interval"]["low"],
            &point["ratio"],
            &point["interval"]["high"],
        ]
        .map(|number| number.as_f64().unwrap());
        assert!(low < ratio && ratio < high, "{against}");
    }
}

#[test]
fn a_comparison_against_a_comparison_tells_of_both_arms() {
    let bench = Bench::new();
    let file = bench.file();
    let compare = ["--compare", "-j2", "--runs=2", "--warmup=0"];
    let save = [&compare[..], &["--save-baseline", &file]].concat();
    bench.run(&save).exits(0);
    let run = bench.against(&compare).exits(0);
    run.prints("  serially: this took ")
        .prints("  with 2 workers: this took ");
}

#[test]
fn one_run_on_a_side_has_a_ratio_without_error_bars() {
    let bench = Bench::new();
    bench.save_times(&[(2, LONG), (2, LONG)]);
    let run = bench.against(&["-j2"]).exits(0);
    let run = run.prints("this took 0.00 times as long · one run on a side: no error bars");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let place = |name: &str| lines.iter().position(|line| line.starts_with(name));
    run.check(
        "it stands below the serial time",
        place("  serial") < place("  baseline") && place("  serial").is_some(),
    );
    let run = bench.against(&["-j2", "--format=jsonl"]).exits(0);
    let against = told(&run);
    assert_eq!(against["points"][0]["interval"], Value::Null, "{against}");
    assert_eq!(against["points"][0]["verdict"], Value::Null, "{against}");
    // The summary stays the last line.
    run.summary();
}

#[test]
fn the_order_of_the_list_makes_no_difference() {
    let bench = Bench::new();
    bench.save();
    let mut urls = bench.urls();
    urls.reverse();
    let file = bench.file();
    let options = ["-j2".to_owned(), "--against".to_owned(), file];
    let run = pfetch(&[&options[..], &urls].concat()).run().exits(0);
    run.prints("this took ");
}

#[test]
fn another_list_is_not_compared_and_its_gate_is_unknown() {
    let bench = Bench::new();
    bench.save_times(&[(2, LONG)]);
    let gate = ["-j2", "--assert", "total_vs_baseline<=1.1"];
    let more = bench.server.url("/bytes/40");
    for (options, why) in [
        (
            &["-I"][..],
            "the baseline is of another list of URLs (as many URLs as in its 1 run); give that list, or another FILE\n",
        ),
        (
            &[more.as_str()],
            "the baseline is of another list of URLs (1 URL more than in its 1 run); give that list, or another FILE\n",
        ),
    ] {
        let run = bench.against(&[&gate[..], options].concat()).exits(3);
        let run = run.prints(&format!("  baseline   not compared: {why}"));
        let run = run.prints("total_vs_baseline<=1.1   unknown");
        run.check("no ratio", !run.stdout.contains("times as long"));
    }
}

#[test]
fn other_numbers_of_workers_are_told_or_not_compared() {
    let bench = Bench::new();
    // One on each side: compared, with a word.
    bench.save_times(&[(8, LONG), (8, LONG)]);
    let run = bench.against(&["-j2"]).exits(0);
    run.prints("this took ")
        .prints("warning    against the baseline: 2 workers now, 8 workers then\n");
    // Several, of which one is the same: that one.
    bench.save_times(&[(1, SHORT), (2, LONG), (8, SHORT)]);
    let run = bench.against(&["-j2"]).exits(0);
    let run = run.prints("this took 0.00 times as long");
    run.check("no warning", !run.stdout.contains("warning"));
    // Several, and none of them the same: which?
    bench.save_times(&[(1, LONG), (4, LONG), (8, LONG)]);
    let run = bench.against(&["-j2"]).exits(0);
    run.prints(
        "not compared: the baseline has runs with 1, 4 and 8 workers only, and this has 2 workers; give one of those \
         (-j N), or save a new baseline (--against FILE --save-baseline FILE)\n",
    );
    // Of a sweep, those that both have.
    let run = bench.against(&["--sweep=1,2,4", "--runs=1"]).exits(0);
    let run = run
        .prints("  with 1 worker: this took ")
        .prints("  with 4 workers: this took ");
    run.prints("warning    against the baseline: the baseline has no runs with 2 workers\n");
}

#[test]
fn whatever_else_differs_is_told() {
    let bench = Bench::new();
    bench.save();
    bench.alter(|saved| {
        saved["version"] = json!("0.0.1\u{1b}[2J");
        saved["paced"] = json!(true);
        saved["warm"] = json!(true);
        saved["runs"][0]["failed"] = json!(2);
        saved["runs"][0]["retries"] = json!(1);
        saved["runs"][0]["bytes"] = json!(90);
    });
    let run = bench.against(&["-j2"]).exits(0).shows_plain_text();
    let version = env!("CARGO_PKG_VERSION");
    for notice in [
        &format!("pfetch {version} now, 0.0.1\\u{{1b}}[2J then"),
        "starts or bytes were held back as asked then, not now",
        "no warm-up now, a warm-up then",
        "URLs that failed: 0 a run now, 2 then",
        "retries: 0 a run now, 1 then",
        "bytes: 60 a run now, 90 then",
    ] {
        let line = format!("  warning    against the baseline: {notice}\n");
        run.check(&line, tells(&run.stdout, &line));
    }
}

#[test]
fn gates_are_judged_by_the_ratio_and_its_interval() {
    let bench = Bench::new();
    let gate = "total_vs_baseline<=1.1";
    let compare = ["--compare", "-j2", "--runs=3", "--warmup=0"];
    let point = ["-j2"];
    let sweep = ["--sweep=2", "--runs=3", "--warmup=0"];
    for (saved, options, strict, code, verdict) in [
        // A single run is the point that it is.
        (&[LONG][..], &point[..], false, 0, "held"),
        (&[SHORT], &point, false, 3, "FAILED"),
        (&[LONG; 3], &compare, false, 0, "held"),
        (&[SHORT; 3], &compare, false, 3, "FAILED"),
        (&[SHORT; 3], &sweep, false, 3, "FAILED"),
        (&[SHORT, 1e-2, LONG], &compare, false, 0, "inconclusive"),
        (&[SHORT, 1e-2, LONG], &compare, true, 3, "FAILED"),
    ] {
        let runs: Vec<(usize, f64)> = saved.iter().map(|seconds| (2, *seconds)).collect();
        bench.save_times(&runs);
        let mut options = [options, &["--assert", gate]].concat();
        if strict {
            options.push("--strict-assert");
        }
        let run = bench.against(&options).exits(code);
        run.prints(&format!("  gate       {gate:<24} {verdict}"));
    }
}

#[test]
fn the_same_file_is_read_before_the_run_is_added() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, LONG)]);
    let both = ["-j2", "--save-baseline", &file];
    bench.against(&both).exits(0).prints("this took 0.00 times");
    let seconds = bench.saved()["runs"][0]["seconds"].as_f64().unwrap();
    assert!(seconds < 1e6, "{seconds}");
}

#[test]
fn a_run_whose_gate_does_not_hold_replaces_no_baseline() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, SHORT)]);
    let options = [
        "-j2",
        "--save-baseline",
        &file,
        "--assert",
        "total_vs_baseline<=1.1",
    ];
    let run = bench.against(&options).exits(3).complains_in_a_line();
    run.says("no baseline is saved in ")
        .says("an assertion does not hold");
    assert_eq!(bench.saved()["runs"][0]["seconds"], SHORT);
}

#[test]
fn a_run_with_failures_is_saved_with_their_number() {
    let bench = Bench::new();
    let missing = bench.server.url("/status/404");
    let save = [
        "--max-failures=1",
        "--save-baseline",
        &bench.file(),
        &missing,
    ];
    bench.run(&save).exits(0);
    let saved = bench.saved();
    assert_eq!(saved["runs"][0]["failed"], 1, "{saved}");
    assert_eq!(saved["targets"]["count"], 4, "{saved}");
}

#[test]
fn a_run_with_more_failures_than_may_be_is_not_saved() {
    let bench = Bench::new();
    let (file, missing) = (bench.file(), bench.server.url("/status/404"));
    let log = bench.dir.path().join("run.jsonl").display().to_string();
    let save = ["--save-baseline", &file, "--export", &log, &missing];
    for measure in [&["-j2"][..], &["--compare", "--runs=1", "--warmup=0"]] {
        let run = bench.run(&[measure, &save].concat()).exits(1);
        run.says("no baseline is saved in ")
            .says("more URLs failed than may");
        assert!(!fs::exists(&file).unwrap());
        let again = ["--replay", &log, "--save-baseline", &file];
        let run = pfetch(&again).run().exits(2);
        run.says("more URLs failed than may");
        assert!(!fs::exists(&file).unwrap());
    }
}

#[test]
fn a_run_of_which_more_or_less_failed_or_with_other_workers_is_not_judged() {
    let bench = Bench::new();
    let sweep = ["--sweep=2", "--runs=3", "--assert=total_vs_baseline<=1000"];
    for (failed, workers, unlike) in [
        (
            1,
            2,
            "URLs that failed: 0 a run now, 1 then; save a new baseline (--against FILE --save-baseline FILE)",
        ),
        (
            0,
            8,
            "2 workers now, 8 workers then; give -j 8, or save a new baseline (--against FILE --save-baseline FILE)",
        ),
    ] {
        bench.save_times(&[(workers, LONG); 3]);
        bench.alter(|saved| {
            for run in saved["runs"].as_array_mut().unwrap() {
                run["failed"] = json!(failed);
            }
        });
        let run = bench.against(&sweep).exits(3);
        let run = run.prints(&format!(" · no verdict: {unlike}\n"));
        let run = run.prints("  with 2 workers: this took ");
        // What to do about it is said once.
        let what = unlike.split(';').next().unwrap_or_default();
        let run = run.prints(&format!("  warning    against the baseline: {what}\n"));
        run.check("a ratio", run.stdout.contains(" times as long"));
        run.check("no verdict", !run.stdout.contains("faster"));
        run.prints(&format!(
            "unknown       the baseline is not of the same: {unlike}\n"
        ));
        let run = bench.against(&[&sweep[..], &["--format=jsonl"]].concat());
        let against = told(&run.exits(3));
        let point = &against["points"][0];
        assert_eq!(
            (&point["verdict"], &point["why"]),
            (&Value::Null, &json!(unlike))
        );
    }
}

#[test]
fn a_single_run_on_a_side_decides_a_gate_unless_it_is_strict() {
    let bench = Bench::new();
    bench.save_times(&[(2, LONG)]);
    let gate = [
        "-j2",
        "--assert=total_vs_baseline<=1.1",
        "--assert=total<1h",
    ];
    bench.against(&gate).exits(0);
    let run = bench.against(&[&gate[..], &["--strict-assert"]].concat());
    run.exits(3)
        .prints("FAILED        0.00x, a single run on a side decides nothing (--strict-assert)\n")
        .prints("total<1h                 held");
}

#[test]
fn an_interrupted_run_is_neither_saved_nor_compared() {
    let bench = Bench::new();
    let (file, hang) = (bench.file(), bench.server.url("/hang"));
    bench.save_times(&[(2, LONG)]);
    for compare in [&["-j2"][..], &["--compare", "-j2"]] {
        let before = bench.server.targets().len();
        let options = ["--save-baseline", &file, "--against", &file, &hang];
        let running = pfetch(&[compare, &options].concat()).start();
        while bench.server.targets().len() == before {
            std::thread::yield_now();
        }
        running.signal(Signal::INT);
        let run = running.end().exits(130);
        run.check("no ratio", !run.stdout.contains("baseline"));
        run.says("no baseline is saved in ")
            .says("the run did not come to its end");
        assert_eq!(bench.saved()["runs"][0]["seconds"], LONG);
    }
}

#[test]
fn a_baseline_that_was_saved_is_announced_as_exports_are() {
    let bench = Bench::new();
    let file = bench.file();
    let wrote = format!("pfetch: wrote {file}\n");
    let run = bench.run(&["--save-baseline", &file]).exits(0);
    run.check("it is told", run.stderr == wrote);
    let run = bench.run(&["-qq", "--save-baseline", &file]).exits(0);
    run.check("it is not told", run.stderr.is_empty());
}

#[test]
fn a_baseline_that_is_followed_without_a_gate_says_what_became_of_the_time() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, LONG)]);
    let options = ["-j2", "--save-baseline", &file, "--against", &file];
    let run = bench.run(&options).exits(0);
    let told = "baseline.json, which has the last 2 runs; this one took 0.00 times as long as those before\n";
    run.check("told", run.stderr.ends_with(told));
    // Nothing is said of a file that the run is not compared with.
    let run = bench.run(&["-j2", "--save-baseline", &file]).exits(0);
    let told = "baseline.json, which has the last 3 runs\n";
    run.check("not told", run.stderr.ends_with(told));
}

#[test]
fn a_run_past_its_deadline_or_of_nothing_is_not_saved() {
    let bench = Bench::new();
    let (file, hang) = (bench.file(), bench.server.url("/hang"));
    let run = pfetch(&["--deadline=50ms", "--save-baseline", &file, &hang]).run();
    run.exits(1).says("the run did not come to its end");
    let run = pfetch(&["--save-baseline", &file, "-"]).run().exits(2);
    run.says("no URLs in it").says("no URL was tried");
    assert_eq!(fs::read_dir(bench.dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_baseline_is_a_mistake_before_anything_is_fetched() {
    let bench = Bench::new();
    bench.save();
    let good = bench.baseline();
    let altered = |change: fn(&mut Value)| {
        let mut saved = good.clone();
        change(&mut saved);
        saved.to_string()
    };
    let fetched = bench.server.targets().len();
    for (text, why) in [
        (String::new(), "it is no baseline"),
        ("{".to_owned(), "it is no baseline"),
        ("[1]".to_owned(), "it is no baseline"),
        ("null\u{1b}[2J".to_owned(), "it is no baseline"),
        (good.to_string()[..100].to_owned(), "it is no baseline"),
        (
            altered(|saved| saved["type"] = json!("run")),
            "its type is \"run\"",
        ),
        (
            altered(|saved| saved["schema"] = json!(1)),
            "its schema is 1, and this pfetch reads 2 only",
        ),
        (
            altered(|saved| saved["history"][0]["runs"] = json!([])),
            "there are no runs in it",
        ),
        (
            altered(|saved| saved["history"] = json!([])),
            "it has one run at least, and 20 at most",
        ),
        (
            altered(|saved| saved["history"] = json!(vec![saved["history"][0].clone(); 21])),
            "it has one run at least, and 20 at most",
        ),
        (
            altered(|saved| saved["history"][0]["runs"][0]["seconds"] = json!(0)),
            "seconds are a nanosecond at least",
        ),
        (
            altered(|saved| saved["history"][0]["runs"][0]["seconds"] = json!(1e-300)),
            "seconds are a nanosecond at least",
        ),
        (
            altered(|saved| saved["history"][0]["runs"][0]["seconds"] = json!(1e300)),
            "seconds are a nanosecond at least",
        ),
        (
            altered(|saved| saved["history"][0]["runs"][0]["workers"] = json!(0)),
            "one worker at least",
        ),
        (
            altered(|saved| saved["history"][0]["targets"]["hash"] = json!("é")),
            "hash is not 64",
        ),
        (
            altered(|saved| saved["history"][0]["started_at"] = json!("today")),
            "no RFC 3339 time: ",
        ),
    ] {
        fs::write(bench.file(), &text).unwrap();
        let run = bench.against(&[]).exits(2).complains_in_a_line();
        run.shows_plain_text()
            .says("cannot read ")
            .says(why)
            .says("--save-baseline");
    }
    let missing = bench.dir.path().join("missing");
    let run = bench
        .run(&["--against", missing.to_str().unwrap()])
        .exits(2);
    run.complains_in_a_line().says("--save-baseline");
    // Fields of later versions are passed over.
    fs::write(
        bench.file(),
        altered(|saved| saved["history"][0]["host"] = json!("h")),
    )
    .unwrap();
    assert_eq!(bench.server.targets().len(), fetched);
    bench.against(&[]).exits(0);
}

#[test]
fn mistakes_with_the_options_are_told_before_anything_is_fetched() {
    let bench = Bench::new();
    let run = bench.run(&["--assert", "total_vs_baseline<=1.1"]).exits(2);
    run.complains_in_a_line().says("--against");
    let file = bench.file();
    for counts in ["1,2", "auto"] {
        let gate = ["--assert", "total_vs_baseline<=1.1", "--against", &file];
        let run = bench.run(&[&["--sweep", counts], &gate[..]].concat());
        run.exits(2).complains_in_a_line().says("--sweep 8");
    }
    let list = bench.dir.file("list", "");
    let run = bench.run(&["-i", &list, "--save-baseline", &list]).exits(2);
    run.complains_in_a_line()
        .says("--save-baseline and --input have the same file");
    fs::remove_file(list).unwrap();
    for (other, named) in [
        (
            vec!["--export".to_owned(), format!("json={file}")],
            "--export",
        ),
        (vec!["--log".to_owned(), file.clone()], "--log"),
    ] {
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let run = bench.run(&[&["--save-baseline", &file], &other[..]].concat());
        let run = run
            .exits(2)
            .complains_in_a_line()
            .says("have the same file");
        run.says("--save-baseline").says(named);
    }
    bench
        .run(&["--save-baseline", "-"])
        .exits(2)
        .complains_in_a_line();
    let folder = bench.dir.path().to_str().unwrap();
    let run = bench.run(&["--save-baseline", folder]).exits(4);
    run.complains_in_a_line().says("it is a folder");
    assert!(bench.server.targets().is_empty());
    assert_eq!(fs::read_dir(bench.dir.path()).unwrap().count(), 0);
}

#[test]
fn runs_that_are_told_again_are_saved_and_compared_alike() {
    let bench = Bench::new();
    let file = bench.file();
    for (number, options) in [&["-j2"][..], &["--compare", "-j2", "--runs=2"]]
        .into_iter()
        .enumerate()
    {
        let _ = fs::remove_file(&file);
        let save = ["--format=jsonl", "--save-baseline", &file];
        let run = bench.run(&[options, &save].concat()).exits(0);
        let log = bench.dir.file(&format!("{number}.jsonl"), &run.stdout);
        let saved = fs::read_to_string(&file).unwrap();
        let again = pfetch(&[
            "--replay",
            &log,
            "--save-baseline",
            &file,
            "--against",
            &file,
        ])
        .run();
        again.exits(0).prints("1.00 times as long");
        assert_eq!(fs::read_to_string(&file).unwrap(), saved);
        // A log that has such lines can be told again too, and its lines are not told as new.
        let run = bench
            .against(&[options, &["--format=jsonl"]].concat())
            .exits(0);
        told(&run);
        let log = bench
            .dir
            .file(&format!("{number}.against.jsonl"), &run.stdout);
        let again = pfetch(&["--replay", &log]).run().exits(0).says_nothing();
        again.check("nothing of it", !again.stdout.contains("baseline"));
    }
}

#[test]
fn a_run_that_is_told_again_keeps_the_version_that_made_it() {
    let bench = Bench::new();
    let run = bench.run(&["--format=jsonl"]).exits(0);
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let of_old = run.stdout.replacen(&version, "\"version\":\"0.0.1\"", 1);
    let log = bench.dir.file("old.jsonl", of_old);
    let again = pfetch(&["--replay", &log, "--save-baseline", &bench.file()]).run();
    again.exits(0);
    assert_eq!(bench.saved()["version"], "0.0.1");
}

#[test]
fn a_log_without_an_end_is_not_saved() {
    let bench = Bench::new();
    let run = bench.run(&["--format=jsonl"]).exits(0);
    let torn: String = run
        .stdout
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    let log = bench.dir.file("torn.jsonl", torn);
    let again = pfetch(&["--replay", &log, "--save-baseline", &bench.file()]).run();
    again.exits(2).says("the run did not come to its end");
    assert!(!bench.dir.path().join("baseline.json").exists());
}

#[test]
fn the_first_run_makes_the_baseline_that_it_would_be_compared_with() {
    let note = "no baseline yet: this run makes it";
    for (mode, strict) in [
        (&["-j2"][..], &[][..]),
        (&["-j2"], &["--strict-assert"]),
        (&["--compare", "--runs=1", "--warmup=0"], &[]),
        (&["--sweep=2", "--runs=1", "--warmup=0"], &[]),
    ] {
        let bench = Bench::new();
        let (file, dir) = (bench.file(), bench.dir.path().display().to_string());
        // Written in another way, it is the same file.
        let same = format!("{dir}/./baseline.json");
        let xml = format!("{dir}/gates.xml");
        let options = ["--save-baseline", &file, "--against", &same];
        let gate = ["--assert=total_vs_baseline<=1.1", "--export", &xml];
        let run = bench.run(&[mode, &options, &gate, strict].concat());
        let run = run.exits(0).complains_in_a_line().says(note);
        run.prints("total_vs_baseline<=1.1")
            .prints("skipped")
            .prints(note);
        let xml = fs::read_to_string(xml).unwrap();
        let case = format!("<skipped type=\"skipped\" message=\"{note}\"/>");
        assert!(xml.contains(&case), "{xml}");
        // From now on there is one.
        let run = bench.run(&[mode, &options].concat()).exits(0);
        run.says_nothing().prints("times as long");
    }
}

#[test]
fn a_baseline_that_no_run_makes_has_to_be_there() {
    let bench = Bench::new();
    let other = bench.dir.path().join("other.json").display().to_string();
    for options in [&[][..], &["--save-baseline", &other]] {
        let run = bench.against(options).exits(2).complains_in_a_line();
        run.says("a run with --save-baseline makes one");
    }
    assert_eq!(bench.server.requests(), 0);
    // One that is there and cannot be read is not made again, but a mistake.
    fs::write(bench.file(), "{").unwrap();
    bench.against(&["--save-baseline", &bench.file()]).exits(2);
    assert_eq!(fs::read_to_string(bench.file()).unwrap(), "{");
}

#[test]
fn a_first_run_that_does_not_hold_makes_no_baseline() {
    let bench = Bench::new();
    let file = bench.file();
    let missing = bench.server.url("/status/404");
    let first = ["--save-baseline", &file, "--against", &file];
    let run = bench.run(&[&first[..], &[&missing]].concat()).exits(1);
    run.says("more URLs failed than may");
    let gate = ["--assert=total<0.001ms", "--assert=total_vs_baseline<=1.1"];
    let run = bench.run(&[&first[..], &gate].concat()).exits(3);
    run.says("an assertion does not hold");
    assert!(!fs::exists(&file).unwrap());
}

#[test]
fn a_run_in_which_nothing_succeeded_is_neither_a_baseline_nor_judged_by_one() {
    let bench = Bench::new();
    let (file, missing) = (bench.file(), bench.server.url("/status/404"));
    let tolerant = ["--max-failures=100%", "--save-baseline", &file, &missing];
    let run = pfetch(&tolerant).run().exits(2);
    run.says("no baseline is saved in ")
        .says("no URL succeeded");
    assert!(!fs::exists(&file).unwrap());
    // One that another program wrote, of the same URL when it succeeded.
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let server = Server::with(move |_, reply| match down.load(Ordering::SeqCst) {
        true => reply.send(404, "", b"gone"),
        false => reply.send(200, "", b"here"),
    });
    let url = server.url("/");
    pfetch(&["-j1", "--save-baseline", &file, &url])
        .run()
        .exits(0);
    bench.alter(|saved| saved["runs"][0]["failed"] = json!(1));
    is_down.store(true, Ordering::SeqCst);
    let gate = "--assert=total_vs_baseline<=1000";
    let options = ["-j1", "--max-failures=1", "--against", &file, gate, &url];
    let run = pfetch(&options).run().exits(3);
    let run = run.prints("no verdict: no URL succeeded");
    run.prints("unknown       no URL succeeded");
}
