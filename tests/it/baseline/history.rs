//! The history of a baseline: what is added to it, what a run is compared with, and when it changed.

use std::fs;

use serde_json::{Value, json};

use super::{Bench, LONG, SHORT, told};
use crate::pfetch::pfetch;

/// Times around a second that scatter by some per cent from run to run.
const SCATTER: [f64; 20] = [
    1.02, 0.97, 1.00, 1.05, 0.99, 0.96, 1.03, 1.01, 0.98, 1.04, 1.00, 0.97, 1.02, 0.99, 1.03, 0.95,
    1.01, 1.00, 0.98, 1.02,
];

impl Bench {
    /// Saves runs of so many seconds, each with two workers, a day apart.
    fn save_history(&self, seconds: &[f64]) {
        self.save();
        let mut baseline = self.baseline();
        let run = baseline["history"][0].clone();
        let runs = seconds.iter().enumerate().map(|(day, seconds)| {
            let mut run = run.clone();
            run["started_at"] = json!(format!("2026-01-{:02}T00:00:00.000000Z", day + 1));
            run["runs"][0]["seconds"] = json!(seconds);
            run
        });
        baseline["history"] = runs.collect();
        fs::write(self.file(), baseline.to_string()).unwrap();
    }

    /// The times in the file, the oldest first.
    fn times(&self) -> Vec<f64> {
        let seconds = |run: &Value| run["runs"][0]["seconds"].as_f64().unwrap();
        self.history().iter().map(seconds).collect()
    }

    /// The only point of a run with two workers that is compared with the file.
    fn point(&self) -> Value {
        let run = self.against(&["-j2", "--format=jsonl"]).exits(0);
        told(&run)["points"][0].clone()
    }
}

#[test]
fn the_last_twenty_runs_are_kept_the_oldest_first() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_history(&SCATTER[..19]);
    let save = ["-j2", "--save-baseline", &file];
    let run = bench.run(&save).exits(0);
    assert_eq!(bench.times()[..19], SCATTER[..19], "{}", run.stderr);
    assert_eq!(bench.history().len(), 20);
    bench.run(&save).exits(0);
    assert_eq!(bench.times()[..18], SCATTER[1..19]);
    assert_eq!(bench.history().len(), 20);
    let length = fs::metadata(&file).unwrap().len();
    assert!(length < 20 * 1024, "{length}");
}

#[test]
fn single_runs_of_several_days_have_an_interval_of_their_scatter() {
    let bench = Bench::new();
    bench.save_history(&SCATTER.map(|seconds| seconds * LONG)[..12]);
    let run = bench.against(&["-j2"]).exits(0);
    run.prints("this took 0.00 times as long as 12 runs of 2026-01-01 to 2026-01-12")
        .prints(" · faster\n");
    let point = bench.point();
    assert_eq!(point["verdict"], "faster", "{point}");
    let reference = &point["reference"];
    assert_eq!(reference["runs"], 12, "{point}");
    assert_eq!(reference["from"], "2026-01-01T00:00:00.000000Z", "{point}");
    assert_eq!(reference["to"], "2026-01-12T00:00:00.000000Z", "{point}");
    let deviation = reference["deviation"].as_f64().unwrap();
    assert!((0.02..0.04).contains(&deviation), "{point}");
    // One run a day is enough.
    assert_eq!(point["now"]["n"], 1, "{point}");
}

#[test]
fn scatter_from_day_to_day_decides_nothing_and_says_what_would() {
    let bench = Bench::new();
    bench.save_history(&[SHORT, 1e-2, LONG]);
    let gate = ["-j2", "--assert=total_vs_baseline<=1.1"];
    let run = bench.against(&gate).exits(0);
    let run = run.prints("inconclusive").prints(" · too few or too short");
    run.prints("more saved runs would tell (--save-baseline)")
        .never_shows("no difference");
    let run = bench.against(&[&gate[..], &["--strict-assert"]].concat());
    run.exits(3).prints("FAILED");
}

#[test]
fn a_gate_is_judged_by_the_scatter_from_day_to_day() {
    for (unit, code, verdict) in [(LONG, 0, "held"), (2.0 * SHORT, 3, "FAILED")] {
        let bench = Bench::new();
        bench.save_history(&SCATTER.map(|seconds| seconds * unit));
        let gate = ["-j2", "--strict-assert", "--assert=total_vs_baseline<=1.1"];
        bench.against(&gate).exits(code).prints(verdict);
    }
}

#[test]
fn a_strict_gate_that_is_not_decided_keeps_no_run_from_the_history() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_history(&[SHORT, 1e-2, LONG]);
    let options = [
        "-j2",
        "--save-baseline",
        &file,
        "--strict-assert",
        "--assert=total_vs_baseline<=1.1",
    ];
    bench.against(&options).exits(3).prints("FAILED");
    assert_eq!(bench.history().len(), 4, "more runs are what would tell");
}

#[test]
fn an_improvement_is_dated_and_the_runs_since_are_what_a_run_is_compared_with() {
    let bench = Bench::new();
    // The run now is of neither level, so the last of the history is what changed.
    let seconds: Vec<f64> = (0..20)
        .map(|day| SCATTER[day] * if day < 13 { LONG } else { 2.0 * SHORT })
        .collect();
    bench.save_history(&seconds);
    let run = bench.against(&["-j2"]).exits(0);
    run.prints("as 7 runs of 2026-01-14 to 2026-01-20")
        .prints("  change     faster since run 14 of 21 (2026-01-14): about ")
        .prints(" times as long (estimate)\n");
    let point = bench.point();
    assert_eq!(point["reference"]["runs"], 7, "{point}");
    assert_eq!(point["changed"]["verdict"], "faster", "{point}");
}

#[test]
fn a_slow_down_is_dated_and_stays_the_finding_however_often_it_was_saved() {
    let bench = Bench::new();
    let file = bench.file();
    let seconds: Vec<f64> = (0..20)
        .map(|day| SCATTER[day] * if day < 13 { 2.0 * SHORT } else { LONG })
        .collect();
    bench.save_history(&seconds);
    let run = bench.against(&["-j2"]).exits(0);
    run.prints("as 13 runs of 2026-01-01 to 2026-01-13")
        .prints(" · slower\n")
        .prints("  change     slower since run 14 of 21 (2026-01-14): about ")
        .prints(" times as long (estimate)\n");
    let point = bench.point();
    assert_eq!(point["reference"]["runs"], 13, "{point}");
    assert_eq!(point["verdict"], "slower", "{point}");
    let changed = &point["changed"];
    assert_eq!(
        (&changed["run"], &changed["of"]),
        (&json!(14), &json!(21)),
        "{point}"
    );
    assert_eq!(changed["verdict"], "slower", "{point}");
    assert_eq!(
        changed["started_at"], "2026-01-14T00:00:00.000000Z",
        "{point}"
    );
    // Though it is shorter than the last seven.
    let gate = ["-j2", "--assert=total_vs_baseline<=1.1"];
    bench.against(&gate).exits(3).prints("FAILED");
    // Who accepts it begins the file anew.
    fs::remove_file(&file).unwrap();
    let followed = [&gate[..], &["--save-baseline", &file]].concat();
    bench.against(&followed).exits(0).prints("skipped");
    bench.against(&["-j2"]).exits(0).prints("this took ");
}

#[test]
fn a_history_without_a_change_dates_none() {
    let bench = Bench::new();
    bench.save_history(&SCATTER.map(|seconds| seconds * 1e3));
    let run = bench.against(&["-j2"]).exits(0);
    run.check("no change", !run.stdout.contains("  change "));
    assert_eq!(bench.point()["changed"], Value::Null);
}

#[test]
fn a_run_is_compared_with_those_alone_of_which_as_many_failed() {
    let bench = Bench::new();
    bench.save_history(&[LONG, LONG, SHORT, SHORT]);
    let mut baseline = bench.baseline();
    for marked in [2, 3] {
        baseline["history"][marked]["runs"][0]["failed"] = json!(1);
    }
    fs::write(bench.file(), baseline.to_string()).unwrap();
    let point = bench.point();
    assert_eq!(point["reference"]["runs"], 2, "{point}");
    assert_eq!(point["reference"]["to"], "2026-01-02T00:00:00.000000Z");
    assert_eq!(point["verdict"], "faster", "{point}");
    // And the run is added to all of them.
    let file = bench.file();
    bench
        .run(&["-j2", "--save-baseline", &file])
        .exits(0)
        .says("the last 5 runs");
}

#[test]
fn a_run_in_which_more_failed_is_marked_and_takes_no_part() {
    let bench = Bench::new();
    let (file, missing) = (bench.file(), bench.server.url("/status/404"));
    let list = [
        "-j2",
        "--max-failures=1",
        &missing,
        "--save-baseline",
        &file,
    ];
    bench.run(&list).exits(0);
    // The URL that is missing now was there then.
    bench.alter(|saved| saved["runs"][0]["failed"] = json!(0));
    bench.run(&list).exits(0);
    let failed: Vec<Value> = bench
        .history()
        .iter()
        .map(|run| run["runs"][0]["failed"].clone())
        .collect();
    assert_eq!(failed, [0, 1]);
    let against = ["-j2", "--max-failures=1", &missing, "--format=jsonl"];
    let against = told(&bench.against(&against).exits(0));
    let point = &against["points"][0];
    assert_eq!(point["reference"]["runs"], 1, "{point}");
    assert_eq!(point["why"], Value::Null, "{point}");
}

#[test]
fn a_run_with_other_workers_is_added_and_one_of_another_list_is_not() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_history(&SCATTER[..5]);
    let save = ["--save-baseline", file.as_str()];
    let run = bench.run(&[&save[..], &["-j3"]].concat()).exits(0);
    run.says("which has the last 6 runs");
    let run = bench.run(&[&save[..], &["-j3", "-I"]].concat()).exits(2);
    run.says("no baseline is saved in ")
        .says("of another list of URLs (as many URLs as in its 6 runs)");
    assert_eq!(bench.history().len(), 6);
}

#[test]
fn saved_runs_of_one_hour_are_said_to_show_no_scatter_from_day_to_day() {
    let bench = Bench::new();
    let warning = "they show no scatter from day to day";
    bench.save_history(&[1.0, 1.01, 0.99]);
    let run = bench.against(&["-j2"]).exits(0);
    run.check("days", !run.stdout.contains(warning));
    let mut baseline = bench.baseline();
    for (second, run) in baseline["history"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        run["started_at"] = json!(format!("2026-01-01T00:00:{second:02}.000000Z"));
    }
    fs::write(bench.file(), baseline.to_string()).unwrap();
    let run = bench.against(&["-j2"]).exits(0);
    run.prints(&format!(
        "against the baseline: its 3 runs are of 3 s: {warning}"
    ));
}

#[test]
fn the_times_beside_a_ratio_are_those_that_it_is_of() {
    let bench = Bench::new();
    // Their arithmetic mean is 5 s, their geometric one 2 s.
    bench.save_history(&[0.5, 8.0, 2.0]);
    let point = bench.point();
    let [now, then, ratio] =
        ["seconds", "seconds_then", "ratio"].map(|name| point[name].as_f64().unwrap());
    assert!((then - 2.0).abs() < 1e-9, "{point}");
    assert!((now / then / ratio - 1.0).abs() < 1e-9, "{point}");
    let run = bench.against(&["-j2"]).exits(0);
    run.prints("  baseline     2.00 s  this took ");
    // What was made of several runs has its time beside the ratio too.
    let several = ["--sweep=2", "--runs=2", "--warmup=0", "--format=jsonl"];
    let run = bench.against(&several).exits(0);
    let point = told(&run)["points"][0].clone();
    let (now, ratio) = (&point["now"], point["seconds"].as_f64().unwrap());
    let geometric = (now["min"].as_f64().unwrap() * now["max"].as_f64().unwrap()).sqrt();
    assert!((ratio / geometric - 1.0).abs() < 1e-9, "{point}");
}

#[test]
fn runs_with_other_numbers_of_workers_keep_their_own_reference() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_history(&[LONG, LONG]);
    let sweep = ["--sweep=2,3", "--runs=1", "--save-baseline", &file];
    bench.run(&sweep).exits(0);
    bench.alter(|saved| {
        for run in saved["runs"].as_array_mut().unwrap() {
            run["seconds"] = json!(LONG);
        }
    });
    assert_eq!(bench.point()["reference"]["runs"], 3);
    let run = bench.against(&["-j3", "--format=jsonl"]).exits(0);
    let point = told(&run)["points"][0].clone();
    assert_eq!(point["reference"]["runs"], 1, "{point}");
}

#[test]
fn another_machine_is_told() {
    let bench = Bench::new();
    bench.save();
    bench.alter(|saved| saved["machine"] = json!({"os": "plan9\u{1b}", "arch": "vax", "cpus": 1}));
    let run = bench.against(&["-j2"]).exits(0).shows_plain_text();
    run.prints(" then\n")
        .prints("1 CPU (plan9\\u{1b} vax) then");
    // Of a replay it is not known.
    bench.alter(|saved| saved["machine"] = Value::Null);
    let run = bench.against(&["-j2"]).exits(0);
    run.check("no word", !run.stdout.contains("CPU"));
}

#[test]
fn a_run_that_is_told_again_is_in_the_history_once() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_history(&SCATTER[..3]);
    let options = ["-j2", "--format=jsonl", "--save-baseline", &file];
    let run = bench.run(&options).exits(0);
    let log = bench.dir.file("run.jsonl", &run.stdout);
    let before = fs::read_to_string(&file).unwrap();
    let again = ["--replay", &log, "--save-baseline", &file];
    let again = pfetch(&again).run().exits(0);
    again.says("which had this run already");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    // Nor is it compared with itself.
    let again = pfetch(&["--replay", &log, "--against", &file]).run();
    again.exits(0).prints("as 3 runs of ");
}

#[test]
fn jobs_that_end_at_once_are_all_added() {
    const JOBS: usize = 8;
    for is_first in [true, false] {
        let bench = Bench::new();
        let file = bench.file();
        if !is_first {
            bench.save();
        }
        let urls = bench.urls();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let options = [&["-j2", "--save-baseline", &file], &urls[..]].concat();
        let jobs: Vec<_> = (0..JOBS).map(|_| pfetch(&options).start()).collect();
        for job in jobs {
            job.end().exits(0);
        }
        let expected = JOBS + usize::from(!is_first);
        assert_eq!(bench.history().len(), expected, "first: {is_first}");
        let names = fs::read_dir(bench.dir.path()).unwrap();
        assert_eq!(names.count(), 1, "nothing else is left");
    }
}

#[test]
fn a_file_to_save_in_that_is_something_else_is_left_alone() {
    let bench = Bench::new();
    let file = bench.file();
    fs::write(&file, "precious").unwrap();
    let run = bench.run(&["--save-baseline", &file]).exits(2);
    run.complains_in_a_line().says("it is no baseline");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(bench.server.requests(), 0);
    // An empty one is as good as none.
    fs::write(&file, "").unwrap();
    bench.run(&["--save-baseline", &file]).exits(0);
    assert_eq!(bench.history().len(), 1);
}
