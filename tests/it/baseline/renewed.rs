//! A baseline of something else, in a file that the same run saves: the run makes a new one, as if there were none.

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
fn a_baseline_of_something_else_is_made_anew_and_its_gate_is_skipped() {
    let sweep = ["--sweep=2", "--runs=1", "--warmup=0"];
    for (then, failed, now, why) in [
        (
            &[2][..],
            0,
            &["-j2", "-I"][..],
            "the baseline is of another list of URLs: this run makes a new one",
        ),
        (
            &[2],
            0,
            &["-j2", "MORE"],
            "the baseline is of another list of URLs (3, now 4): this run makes a new one",
        ),
        (
            &[8],
            0,
            &["-j2"],
            "2 workers now, 8 workers then; this run makes a new baseline",
        ),
        (
            &[8],
            0,
            &["-j2", "--compare", "--runs=1", "--warmup=0"],
            "2 workers now, 8 workers then; this run makes a new baseline",
        ),
        (
            &[1, 8],
            0,
            &["-j2"],
            "the baseline has runs with 1 and 8 workers only, and this has 2 workers: this run makes a new one",
        ),
        (
            &[4, 8],
            0,
            &sweep,
            "the baseline has runs with 4 and 8 workers only, and this has 2 workers: this run makes a new one",
        ),
        (
            &[2],
            1,
            &["-j2"],
            "URLs that failed: 0 a run now, 1 then; this run makes a new baseline",
        ),
    ] {
        let bench = Bench::new();
        let (file, more) = (bench.file(), bench.server.url("/bytes/40"));
        // No run is as short: judged by that, the gate would fail.
        let times: Vec<(usize, f64)> = then.iter().map(|workers| (*workers, SHORT)).collect();
        bench.save_times(&times);
        bench.alter(|saved| saved["runs"][0]["failed"] = json!(failed));
        let now: Vec<&str> = now
            .iter()
            .map(|option| if *option == "MORE" { &more } else { *option })
            .collect();
        let page = |name: &str| bench.dir.path().join(name).display().to_string();
        let pages = ["gates.xml", "page.md", "page.html"].map(page);
        let exports = pages.iter().flat_map(|page| ["--export", page.as_str()]);
        let exports: Vec<&str> = exports.collect();
        let run = bench.run(&[followed(&file, &now), exports].concat());
        let run = run.exits(0).says_nothing().prints("skipped");
        let shown = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        run.check(why, shown.matches(why).count() == 2);
        for page in &pages {
            let text = fs::read_to_string(page).unwrap().replace('\\', "");
            assert!(text.contains(why), "{why} in {page}: {text}");
            assert!(text.contains("skipped"), "skipped in {page}: {text}");
        }
        // From now on there is one of this list and these workers.
        let runs = bench.saved()["runs"].as_array().unwrap().clone();
        let is_new = |run: &serde_json::Value| run["seconds"].as_f64() > Some(SHORT);
        assert!(runs.iter().all(is_new), "{runs:?}");
        let file = ["--against", &file];
        let run = bench.run(&[&now[..], &file].concat()).exits(0);
        run.prints("times as long");
    }
}

#[test]
fn a_strict_gate_that_a_new_baseline_leaves_unjudged_fails_once() {
    for (then, now, why) in [
        (
            2,
            &["-j2", "-I"][..],
            "the baseline is of another list of URLs: this run makes a new one",
        ),
        (
            8,
            &["-j2"],
            "2 workers now, 8 workers then; this run makes a new baseline",
        ),
    ] {
        let bench = Bench::new();
        let file = bench.file();
        bench.save_times(&[(then, LONG)]);
        let strict = [now, &["--strict-assert"]].concat();
        let run = bench.run(&followed(&file, &strict)).exits(3);
        let run = run.prints("unknown");
        let shown = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        run.check(why, shown.contains(why));
        // It made one, by which the next run is judged.
        assert_eq!(bench.saved()["runs"][0]["workers"], 2);
        bench.alter(|saved| saved["runs"][0]["seconds"] = json!(LONG));
        let run = bench.run(&followed(&file, now)).exits(0);
        run.prints("held");
    }
}

#[test]
fn the_lines_of_a_baseline_that_is_made_anew_say_so() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, SHORT)]);
    let run = bench.run(&followed(&file, &["-j2", "-I", "--format=jsonl"]));
    let run = run.exits(0);
    let why = "the baseline is of another list of URLs: this run makes a new one";
    assert_eq!(told(&run)["why"], why);
    let lines = run.json();
    let gate = lines.iter().find(|line| line["type"] == "gate").unwrap();
    assert_eq!(
        (&gate["verdict"], &gate["why"]),
        (&json!("skipped"), &json!(why))
    );
}

#[test]
fn a_baseline_is_made_anew_by_a_run_without_gates_too() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(8, LONG), (4, LONG)]);
    let run = bench.against(&["-j2", "--save-baseline", &file]).exits(0);
    run.prints("this run makes a new one");
    assert_eq!(bench.saved()["runs"][0]["workers"], 2);
}

#[test]
fn a_gate_that_fails_keeps_a_baseline_of_something_else() {
    let bench = Bench::new();
    let file = bench.file();
    bench.save_times(&[(2, SHORT)]);
    let options = followed(&file, &["-j2", "-I", "--assert=total<0.001ms"]);
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
    let run = run.prints("give that list, or save a new baseline");
    run.says("no baseline is saved in ");
    assert_eq!(bench.saved()["runs"][0]["seconds"], SHORT);
}

#[test]
fn a_baseline_beside_the_file_that_is_saved_is_not_made_anew() {
    let bench = Bench::new();
    let other = bench.dir.path().join("other.json").display().to_string();
    bench.save_times(&[(2, SHORT)]);
    let options = ["-j2", "-I", "--save-baseline", &other, GATE];
    let run = bench.against(&options).exits(3).prints("unknown");
    run.prints("save a new baseline (--against FILE");
    assert!(!fs::exists(&other).unwrap());
}
