//! Replays of shards: all of them are the whole list, and some of them are not.

use std::fs;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::Server;

/// The reports of all shards of a list, and its length.
struct Shards {
    dir: Dir,
    count: usize,
}

impl Shards {
    /// Runs the shards of twelve URLs, of which one fails.
    fn run(count: usize) -> Self {
        let server = Server::with(|request, reply| match request.target.as_str() {
            "/3" => reply.send(404, "", b"x"),
            _ => reply.send(200, "", b"x"),
        });
        let urls: Vec<String> = (0..12).map(|n| server.url(&format!("/{n}"))).collect();
        let dir = Dir::new();
        for number in 0..count {
            let shard = format!("--shard={number}/{count}");
            let args = [shard.as_str(), "--shard-by=line", "--format=jsonl", "-"];
            let run = pfetch(&args).stdin(urls.join("\n")).run();
            let first = &run.json()[0]["shard"];
            let stated = serde_json::json!({"number": number, "count": count, "by": "line"});
            run.check(&format!("it states its shard: {first}"), *first == stated);
            dir.file(&format!("{number}.jsonl"), &run.stdout);
        }
        Shards { dir, count }
    }

    /// Replays the reports of these shards.
    fn replay(&self, numbers: &[usize], options: &[&str]) -> Run {
        let files: Vec<String> = numbers
            .iter()
            .map(|number| format!("{number}.jsonl"))
            .collect();
        let files = files.iter().map(String::as_str);
        let args: Vec<&str> = options
            .iter()
            .copied()
            .chain(["--replay"])
            .chain(files)
            .collect();
        pfetch(&args).current_dir(self.dir.path()).run()
    }
}

const GATE: &str = "--assert=failed<=1";

#[test]
fn all_shards_are_the_whole_list_in_any_order_and_also_if_one_is_there_twice() {
    let shards = Shards::run(4);
    assert_eq!(shards.count, 4);
    for numbers in [&[0, 1, 2, 3][..], &[3, 1, 2, 0]] {
        let run = shards.replay(numbers, &[GATE]).exits(0);
        run.prints("12 URLs: 11 ok, 1 failed")
            .never_shows("missing");
    }
    let twice = fs::read(shards.dir.path().join("1.jsonl")).unwrap_or_default();
    shards.dir.file("9.jsonl", twice);
    let run = shards.replay(&[0, 1, 2, 3, 9], &[GATE]);
    run.never_shows("missing");
}

#[test]
fn shards_that_are_missing_are_named_and_leave_gates_without_a_figure() {
    let shards = Shards::run(4);
    for (numbers, missing) in [
        (&[0, 1, 3][..], "shard 2/4 is missing"),
        (&[0, 3], "shards 1/4 and 2/4 are missing"),
    ] {
        let run = shards.replay(numbers, &[GATE]).exits(3);
        let run = run.says(&format!("warning: {missing}, "));
        run.prints(&format!(" · {missing}\n"))
            .prints(&format!("unknown       {missing}\n"))
            .never_shows("stopped before its end");
        let run = shards.replay(numbers, &["--format=jsonl"]);
        let summary = run.summary();
        run.check(
            "stopped",
            summary["stopped"] == true && summary["serial"].is_null(),
        );
    }
    let run = shards.replay(&[2], &[GATE]).exits(0);
    run.never_shows("missing");
}

#[test]
fn every_report_names_a_shard_that_is_missing_and_junit_has_it_as_an_error() {
    let shards = Shards::run(4);
    let formats = ["junit", "md", "html", "svg"];
    let reports = Dir::new();
    let path = |format: &str| reports.path().join(format);
    let exports = formats.map(|format| format!("--export={format}={}", path(format).display()));
    let exports: Vec<&str> = exports.iter().map(String::as_str).collect();
    let run = shards.replay(&[0, 1, 3], &exports).exits(0);
    for format in formats {
        let report = fs::read_to_string(path(format)).unwrap_or_default();
        let is_told = report.contains("shard 2/4 is missing");
        let is_false = report.contains("not read") || report.contains("stopped before");
        run.check(&format!("{format}:\n{report}"), is_told && !is_false);
        if format == "junit" {
            let error = "<error type=\"missing\" message=\"shard 2/4 is missing\"/>";
            let counts = "errors=\"1\" skipped=\"0\"";
            let is_red = report.contains(error) && report.contains(counts);
            run.check(&report, is_red);
        }
    }
}

#[test]
fn shards_that_a_merged_report_lacks_may_come_later() {
    let shards = Shards::run(4);
    let merged = shards.replay(&[0, 1], &["--format=jsonl"]);
    shards.dir.file("10.jsonl", &merged.stdout);
    let told = "shards 2/4 and 3/4 are missing, ";
    merged.says(told);
    // Alone it lacks what it lacked.
    shards.replay(&[10], &[GATE]).exits(3).says(told);
    // With one of the others, it is the last that is missing.
    let more = shards.replay(&[10, 2], &["--format=jsonl"]).exits(0);
    let more = more.says("warning: shard 3/4 is missing, ");
    shards.dir.file("11.jsonl", &more.stdout);
    more.never_shows("2/4");
    for numbers in [&[10, 2, 3][..], &[11, 3], &[3, 10, 2, 0, 1]] {
        let run = shards.replay(numbers, &[GATE]).exits(0);
        let run = run.prints("12 URLs: 11 ok, 1 failed");
        run.never_shows("missing");
    }
    // A run that was stopped stays so, with all shards.
    let cut = fs::read_to_string(shards.dir.path().join("1.jsonl")).unwrap_or_default();
    let lines: Vec<&str> = cut.lines().collect();
    shards
        .dir
        .file("1.jsonl", lines[..lines.len() - 1].join("\n"));
    let merged = shards.replay(&[0, 1], &["--format=jsonl"]);
    shards.dir.file("10.jsonl", &merged.stdout);
    let run = shards.replay(&[10, 2, 3], &[GATE]).exits(3);
    run.prints("the run was stopped before its end")
        .never_shows("missing");
}

#[test]
fn many_missing_shards_are_counted() {
    let shards = Shards::run(3);
    let claim = |number: usize, count: u64| {
        let report = fs::read_to_string(shards.dir.path().join(format!("{number}.jsonl")));
        let report = report.unwrap_or_default();
        let shard = format!("\"count\":{count},");
        shards.dir.file(
            &format!("{number}.jsonl"),
            report.replace("\"count\":3,", &shard),
        );
    };
    claim(0, u64::MAX);
    claim(1, u64::MAX);
    let run = shards.replay(&[0, 1], &[]);
    let more = u64::MAX - 2 - 5;
    run.says(&format!("and {more} more are missing"));
    // A number that is none of its shards.
    claim(2, 1);
    let run = shards.replay(&[2], &[]).exits(2);
    run.says("the number of a shard is below the number of shards");
}

#[test]
fn a_run_log_names_the_shard_too() {
    let server = Server::start();
    let dir = Dir::new();
    let urls: Vec<String> = (0..9).map(|n| server.url(&format!("/bytes/{n}"))).collect();
    for number in [0, 2] {
        let shard = format!("--shard={number}/3");
        let log = format!("{number}.log");
        let args = [&shard, "--shard-by=line", "--log", &log, "-"];
        let run = pfetch(&args).current_dir(dir.path());
        run.stdin(urls.join("\n")).run().exits(0);
    }
    let run = pfetch(&["--replay", "0.log", "2.log"]).current_dir(dir.path());
    run.run().says("warning: shard 1/3 is missing, ");
}

#[test]
fn failures_in_a_replay_are_noted_where_no_gate_makes_them_an_exit_code() {
    let shards = Shards::run(2);
    let note = "note: 1 of 12 URLs failed in these runs; a gate such as --assert failed==0 makes that an exit code\n";
    shards.replay(&[0, 1], &[]).exits(0).says(note);
    let run = shards.replay(&[0, 1], &["--assert=failed==0"]).exits(3);
    run.never_shows("note: ");
    // The shard without a failure.
    shards.replay(&[0], &[]).exits(0).never_shows("note: ");
}

#[test]
fn a_report_without_a_run_is_a_part_that_is_not_there() {
    let shards = Shards::run(2);
    // A process that ends before its first line leaves one.
    for blank in ["", "\n", "{\"type\":\"ru"] {
        shards.dir.file("2.jsonl", blank);
        let run = shards.replay(&[0, 1, 2], &[GATE]).exits(3);
        run.says("2.jsonl has no run in it: it is empty, or its first line breaks off")
            .prints("12");
        shards.replay(&[2], &[]).exits(2).says("it is empty");
    }
}
