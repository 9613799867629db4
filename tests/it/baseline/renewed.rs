//! A file that the same run is added to, of other workers or failures: the run is the first of its kind. Of another list:
//! the file stays as it is.

use std::fs;

use serde_json::json;

use super::{Bench, LONG, SHORT, told};
use crate::pfetch::pfetch;

const GATE: &str = "--assert=total_vs_baseline<=1.1";

/// Options that compare with the file and save in it.
fn followed<'a>(file: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [options, &["--save-baseline", file, "--against", file, GATE]].concat()
}

#[test]
fn the_first_run_of_its_kind_is_added_and_its_gate_is_skipped() {
    let sweep = ["--sweep=2", "--runs=1", "--warmup=0"];
    for (then, failed, now, why) in [
        (
            &[8][..],
            0,
            &["-j2"][..],
            "2 workers now, 8 workers then; this run is the first of its kind",
        ),
        (
            &[8],
            0,
            &["-j2", "--compare", "--runs=1", "--warmup=0"],
            "2 workers now, 8 workers then; this run is the first of its kind",
        ),
        (
            &[1, 8],
            0,
            &["-j2"],
            "the baseline has runs with 1 and 8 workers only, and this has 2 workers: this run is the first of its kind",
        ),
        (
            &[4, 8],
            0,
            &sweep,
            "the baseline has runs with 4 and 8 workers only, and this has 2 workers: this run is the first of its kind",
        ),
        (
            &[2],
            1,
            &["-j2"],
            "URLs that failed: 0 a run now, 1 then; this run is the first of its kind",
        ),
    ] {
        let bench = Bench::new();
        let file = bench.file();
        // No run is as short: judged by that, the gate would fail.
        let times: Vec<(usize, f64)> = then.iter().map(|workers| (*workers, SHORT)).collect();
        bench.save_times(&times);
        bench.alter(|saved| saved["runs"][0]["failed"] = json!(failed));
        let page = |name: &str| bench.dir.path().join(name).display().to_string();
        let pages = ["gates.xml", "page.md", "page.html"].map(page);
        let exports = pages.iter().flat_map(|page| ["--export", page.as_str()]);
        let exports: Vec<&str> = exports.collect();
        let run = bench.run(&[followed(&file, now), exports].concat());
        let run = run.exits(0).says_nothing().prints("skipped");
        let shown = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        run.check(why, shown.matches(why).count() == 2);
        for page in &pages {
            let text = fs::read_to_string(page).unwrap().replace('\\', "");
            assert!(text.contains(why), "{why} in {page}: {text}");
            assert!(text.contains("skipped"), "skipped in {page}: {text}");
        }
        // From now on there is one with these workers, beside the other.
        assert_eq!(bench.history().len(), 2);
        let runs = bench.saved()["runs"].as_array().unwrap().clone();
        let is_new = |run: &serde_json::Value| run["seconds"].as_f64() > Some(SHORT);
        assert!(runs.iter().all(is_new), "{runs:?}");
        let file = ["--against", &file];
        let run = bench.run(&[now, &file].concat()).exits(0);
        run.prints("times as long");
    }
}

#[test]
fn a_strict_gate_that_the_first_run_of_its_kind_leaves_unjudged_fails_once() {
    let why = "2 workers now, 8 workers then; this run is the first of its kind";
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(8, LONG)]);
    let run = bench.run(&followed(&file, &["-j2", "--strict-assert"]));
    let run = run.exits(3).prints("unknown");
    let shown = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    run.check(why, shown.contains(why));
    // It is what the next run is judged by.
    assert_eq!(bench.saved()["runs"][0]["workers"], 2);
    bench.alter(|saved| saved["runs"][0]["seconds"] = json!(LONG));
    let run = bench.run(&followed(&file, &["-j2"])).exits(0);
    run.prints("held");
}

#[test]
fn the_lines_of_the_first_run_of_its_kind_say_so() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, SHORT)]);
    let run = bench.run(&followed(&file, &["-j3", "--format=jsonl"]));
    let run = run.exits(0);
    let why = "3 workers now, 2 workers then; this run is the first of its kind";
    assert_eq!(told(&run)["points"][0]["why"], why);
    let lines = run.json();
    let gate = lines.iter().find(|line| line["type"] == "gate").unwrap();
    assert_eq!(
        (&gate["verdict"], &gate["why"]),
        (
            &json!("skipped"),
            &json!(format!("the baseline is not of the same: {why}"))
        )
    );
}

#[test]
fn the_first_run_of_its_kind_is_added_without_gates_too() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(8, LONG), (4, LONG)]);
    let run = bench.against(&["-j2", "--save-baseline", &file]).exits(0);
    run.prints("this run is the first of its kind");
    assert_eq!(bench.saved()["runs"][0]["workers"], 2);
}

#[test]
fn a_gate_that_fails_keeps_a_baseline_of_something_else() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, SHORT)]);
    let options = followed(&file, &["-j3", "--assert=total<0.001ms"]);
    let run = bench.run(&options).exits(3).prints("skipped");
    run.says("no baseline is saved in ")
        .says("an assertion does not hold");
    assert_eq!(bench.saved()["runs"][0]["seconds"], SHORT);
}

#[test]
fn a_run_of_which_more_failed_takes_no_baselines_place() {
    let bench = Bench::new();
    let (file, missing) = (bench.file(), bench.server.url("/status/404"));
    let list = ["-j2", "--max-failures=1", &missing];
    bench
        .run(&[&list[..], &["--save-baseline", &file]].concat())
        .exits(0);
    bench.alter(|saved| saved["runs"][0]["failed"] = json!(0));
    let run = bench.run(&followed(&file, &list)).exits(3);
    let run = run
        .prints("unknown")
        .prints("save a new baseline without --against");
    run.says("no baseline is saved in ");
    assert_eq!(bench.saved()["runs"][0]["failed"], 0);
    // The advice is followed.
    bench
        .run(&[&list[..], &["--save-baseline", &file]].concat())
        .exits(0);
    assert_eq!(bench.saved()["runs"][0]["failed"], 1);
}

#[test]
fn a_run_in_which_nothing_succeeded_makes_no_baseline_anew() {
    let bench = Bench::new();
    let (file, missing) = (bench.file(), bench.server.url("/status/404"));
    bench.save_times(&[(2, SHORT)]);
    let options = followed(&file, &["-j2", "--max-failures=1", &missing]);
    let run = pfetch(&options).run().exits(3).prints("unknown");
    let run = run.prints("give that list, or another FILE");
    run.says("no baseline is saved in ");
    assert_eq!(bench.saved()["runs"][0]["seconds"], SHORT);
}

#[test]
fn a_run_that_is_saved_beside_the_baseline_is_no_first_one() {
    let bench = Bench::new();
    let other = bench.dir.path().join("other.json").display().to_string();
    bench.save_times(&[(2, SHORT)]);
    let options = ["-j2", "-I", "--save-baseline", &other, GATE];
    let run = bench.against(&options).exits(3).prints("unknown");
    run.prints("give that list, or another FILE");
    assert!(!fs::exists(&other).unwrap());
}

#[test]
fn a_run_of_another_list_is_not_added_and_nothing_of_the_file_is_lost() {
    let bench = Bench::new();
    let (file, more) = (bench.file(), bench.server.url("/bytes/40"));
    bench.save_times(&[(2, LONG)]);
    let before = fs::read_to_string(&file).unwrap();
    let strict = followed(&file, &["-j2", &more, "--strict-assert"]);
    let gated = followed(&file, &["-j2", &more]);
    let plain = ["-j2", &more, "--save-baseline", &file];
    let against = [&plain[..], &["--against", &file]].concat();
    let why = "the baseline is of another list of URLs (1 URL more than in its 1 run); give that list, or another FILE";
    for (options, code) in [
        (&strict, 3),
        (&gated, 3),
        (&against, 2),
        (&plain.to_vec(), 2),
    ] {
        let run = bench.run(options).exits(code);
        let run = run.says("no baseline is saved in ");
        let shown = [&*run.stdout, &run.stderr].concat();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        run.check(why, shown.contains(why));
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "{options:?}");
    }
}
