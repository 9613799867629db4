//! The program as a process: reports of several runs, as engines leave them, replayed as one.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, routes};

/// The lines of a report.
fn lines(report: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    report.lines().map(line).collect()
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs_f64(
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{value} is no time")),
    )
}

/// Start, end and workers of the run in a report.
fn interval(report: &str) -> (SystemTime, SystemTime, u64) {
    let lines = lines(report);
    let summary = &lines[lines.len() - 1];
    let results = lines.iter().filter(|line| line["type"] == "result");
    let starts = results.map(|result| result["started_at"].as_str().unwrap());
    let start = starts
        .map(|text| humantime::parse_rfc3339(text).unwrap())
        .min()
        .unwrap();
    let workers = summary["workers"].as_u64().unwrap();
    (start, start + seconds(&summary["parallel"]), workers)
}

/// The time in which any of the runs was at work, and the most workers at one time, counted moment by moment.
fn union(reports: &[String]) -> (Duration, u64) {
    let all: Vec<_> = reports.iter().map(|report| interval(report)).collect();
    let moments: BTreeSet<SystemTime> = all.iter().flat_map(|run| [run.0, run.1]).collect();
    let moments: Vec<SystemTime> = moments.into_iter().collect();
    let (mut time, mut most) = (Duration::ZERO, 0);
    for pair in moments.windows(2) {
        let at_work = all
            .iter()
            .filter(|run| run.0 <= pair[0] && pair[1] <= run.1);
        let workers: u64 = at_work.map(|run| run.2).sum();
        most = most.max(workers);
        if workers > 0 {
            time += pair[1].duration_since(pair[0]).unwrap();
        }
    }
    (time, most)
}

/// Replays files of these contents, with these options.
fn replayed(options: &[&str], files: &[&str]) -> Run {
    let dir = Dir::new();
    let names = (0..)
        .zip(files)
        .map(|(number, text)| dir.file(&format!("{number}.jsonl"), text));
    let names: Vec<String> = names.collect();
    let names = names.iter().map(String::as_str);
    let args: Vec<&str> = options
        .iter()
        .copied()
        .chain(["--replay"])
        .chain(names)
        .collect();
    pfetch(&args).run()
}

/// The summary of these files, replayed as JSON Lines.
#[track_caller]
fn summary(files: &[&str]) -> Value {
    replayed(&["--format=jsonl"], files)
        .exits(0)
        .says_nothing()
        .summary()
}

/// A URL that a report has no result for, or more than one.
fn not_once(run: &Run, urls: &[String]) -> Option<String> {
    let results = run.results();
    let count = |url: &String| {
        results
            .iter()
            .filter(|result| result["url"] == **url)
            .count()
    };
    urls.iter().find(|url| count(url) != 1).cloned()
}

#[test]
fn twenty_shards_run_two_at_a_time_take_the_union_of_their_times() {
    let server = Server::start();
    let url = |shard: usize, n: usize| server.url(&format!("/delay/5/10?{shard}-{n}"));
    let shard = |number: usize| {
        let list: Vec<String> = (0..5).map(|n| url(number, n)).collect();
        let run = pfetch(&["-j2", "--format=jsonl", "-"]).stdin(list.join("\n"));
        run.run().exits(0).stdout
    };
    let began = Instant::now();
    let reports: Vec<String> = thread::scope(|scope| {
        let lane = |first: usize| {
            scope.spawn(move || (0..10).map(|n| shard(2 * n + first)).collect::<Vec<_>>())
        };
        let lanes = [lane(0), lane(1)];
        lanes
            .into_iter()
            .flat_map(|lane| lane.join().unwrap())
            .collect()
    });
    let wall = began.elapsed();
    let files: Vec<&str> = reports.iter().map(String::as_str).collect();
    let merged = summary(&files);
    let (time, most) = union(&reports);
    let found = seconds(&merged["parallel"]);
    assert!(
        found.abs_diff(time) < Duration::from_micros(1),
        "{found:?} {time:?}"
    );
    assert!(found <= wall, "{found:?} of {wall:?}");
    assert_eq!(merged["workers"].as_u64(), Some(most), "{merged}");
    assert_eq!(
        (&merged["targets"], &merged["ok"]),
        (&100.into(), &100.into()),
        "{merged}"
    );
    assert_eq!(merged["merged"], 20, "{merged}");
    let speedup = merged["serial"]["speedup"].as_f64().unwrap();
    let best = merged["serial"]["best_speedup"].as_f64().unwrap();
    assert!(
        speedup <= best * 1.001,
        "no schedule is that fast: {merged}"
    );

    // The same from one file that has them one after the other, and from one that has their lines mixed.
    let joined = files.concat();
    let mut mixed = String::new();
    let mut each: Vec<_> = files.iter().map(|report| report.lines()).collect();
    while let [some, ..] = &each[..] {
        assert!(some.clone().count() < 100, "it goes on");
        for lines in &mut each {
            lines
                .next()
                .into_iter()
                .for_each(|line| mixed += &format!("{line}\n"));
        }
        each.retain(|lines| lines.clone().next().is_some());
    }
    for file in [&joined, &mixed] {
        assert_eq!(summary(&[file]), merged);
    }
    let all: Vec<String> = (0..20)
        .flat_map(|k| (0..5).map(move |n| (k, n)))
        .map(|(k, n)| url(k, n))
        .collect();
    let run = replayed(&["--format=jsonl"], &[&mixed]);
    assert_eq!(not_once(&run, &all), None);
}

#[test]
fn runs_that_are_at_work_together_have_their_workers_added() {
    let both = Barrier::new(2);
    let server = Server::with(move |request, reply| {
        both.wait();
        routes(request, reply)
    });
    let url = server.url("/bytes/1");
    let run = || {
        pfetch(&["-j3", "--format=jsonl", &url])
            .run()
            .exits(0)
            .stdout
    };
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(run);
        (run(), one.join().unwrap())
    });
    let merged = summary(&[&one, &other]);
    assert_eq!(merged["workers"], 6, "{merged}");
    let run = replayed(&[], &[&one, &other])
        .exits(0)
        .prints("· 6 workers at one time\n");
    run.prints("while any of 2 runs was at work, by their clocks\n");
    // A worker of the whole does one thing at a time.
    let run = replayed(&["--format=jsonl"], &[&one, &other]);
    let workers: BTreeSet<u64> = run
        .results()
        .iter()
        .filter_map(|r| r["worker"].as_u64())
        .collect();
    assert_eq!(workers.len(), 2, "{}", run.stdout);
}

/// A list of three, one of which fails until it is mended, with the reports of a first run and of one that took it up.
struct Rerun {
    urls: Vec<String>,
    log: String,
    first: String,
    second: String,
}

impl Rerun {
    fn new(options: &[&str]) -> Self {
        let mended = Arc::new(AtomicBool::new(false));
        let is_mended = Arc::clone(&mended);
        let server = Server::with(move |request, reply| {
            match request.target == "/bytes/3" && !is_mended.load(Ordering::SeqCst) {
                true => reply.send(404, "", b""),
                false => routes(request, reply),
            }
        });
        let dir = Dir::new();
        let urls: Vec<String> = (1..=3)
            .map(|n| server.url(&format!("/bytes/{n}")))
            .collect();
        let run = |more: &[&str]| {
            let args = [&["--format=jsonl", "-"], options, more].concat();
            let run = pfetch(&args).current_dir(dir.path()).stdin(urls.join("\n"));
            run.run().stdout
        };
        let first = run(&[]);
        mended.store(true, Ordering::SeqCst);
        let second = run(match options.is_empty() {
            true => &[],
            false => &["--resume"],
        });
        let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        Rerun {
            urls,
            log,
            first,
            second,
        }
    }
}

#[test]
fn a_list_that_is_run_again_with_its_log_counts_once() {
    let Rerun {
        urls,
        first,
        second,
        ..
    } = Rerun::new(&["--log=log"]);
    for files in [
        &[&first[..], &second][..],
        &[&second, &first],
        &[&(first.clone() + &second)],
        &[&(second.clone() + &first)],
    ] {
        let run = replayed(&["--assert=failed<=0"], files)
            .exits(0)
            .says_nothing();
        run.prints("3 URLs: 3 ok, 0 failed · 6 B · ")
            .never_shows("done before");
        let run = replayed(&["--format=jsonl"], files).exits(0);
        assert_eq!(not_once(&run, &urls), None, "{}", run.stdout);
        let indices: BTreeSet<u64> = run
            .results()
            .iter()
            .filter_map(|r| r["index"].as_u64())
            .collect();
        assert_eq!(indices, (0..3).collect(), "{}", run.stdout);
    }
    // Of the later one alone, the rest is what it says.
    replayed(&[], &[&second])
        .exits(0)
        .prints("1 URL: 1 ok, 0 failed · 2 done before");
}

#[test]
fn runs_without_a_log_are_not_merged_into_one_another() {
    let Rerun { first, second, .. } = Rerun::new(&[]);
    replayed(&[], &[&first, &second])
        .exits(0)
        .prints("6 URLs: 5 ok, 1 failed");
    // Nor are runs with logs of their own.
    let [one, other] = [Rerun::new(&["--log=log"]), Rerun::new(&["--log=log"])];
    let run = replayed(&[], &[&one.first, &other.first, &other.second, &one.second]);
    run.exits(0).prints("6 URLs: 6 ok, 0 failed");
}

#[test]
fn the_order_of_a_logs_runs_is_that_of_the_log_and_not_of_their_clocks() {
    let Rerun { first, second, .. } = Rerun::new(&["--log=log"]);
    let began = &lines(&second)[0]["started_at"];
    let early = second.replacen(began.as_str().unwrap(), "2001-01-01T00:00:00.000000Z", 1);
    let run = replayed(&["--assert=failed<=0"], &[&first, &early]).exits(0);
    run.prints("3 URLs: 3 ok, 0 failed");
}

#[test]
fn a_run_that_was_killed_and_taken_up_counts_once_however_its_last_line_ends() {
    let is_open = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&is_open);
    let server = Server::with(move |request, reply| {
        match request.target == "/bytes/2" && !opened.load(Ordering::SeqCst) {
            // Until the client is gone.
            true => drop(reply.wait(crate::pfetch::LIMIT)),
            false => return routes(request, reply),
        }
        Ok(())
    });
    let dir = Dir::new();
    let urls: Vec<String> = (1..=2)
        .map(|n| server.url(&format!("/bytes/{n}")))
        .collect();
    let args = [
        "-j1",
        "--log=log",
        "--resume",
        "--format=jsonl",
        &urls[0],
        &urls[1],
    ];
    let run = || pfetch(&args).current_dir(dir.path());
    let mut killed = run().start();
    let head = [killed.line(), killed.line()];
    killed.kill();
    is_open.store(true, Ordering::SeqCst);
    let second = run().run().exits(0).stdout;
    let first = head.map(|line| format!("{}\n", line.trim_end())).concat();
    assert_eq!(lines(&first)[1]["outcome"], "ok", "{first}");

    let alone = replayed(&[], &[&first]).exits(0);
    alone
        .prints("stopped before its end")
        .says("0.jsonl has no end: the run was killed, or goes on");
    let cuts = [
        first.len(),
        first.len() - 1,
        first.len() - 9,
        first.find('\n').unwrap() + 20,
    ];
    for cut in cuts {
        let torn = &first[..cut];
        for files in [
            &[torn, &second][..],
            &[&second, torn],
            &[&(torn.to_owned() + &second)],
        ] {
            let run = replayed(&["--format=jsonl"], files).exits(0).says_nothing();
            assert_eq!(not_once(&run, &urls), None, "{cut}: {}", run.stdout);
            let summary = run.summary();
            // Of a line that is lost, the run that took the list up knows that its target was done.
            let counts = ["ok", "done_before"].map(|key| summary[key].as_u64().unwrap());
            let is_lost = cut < first.len() - 1;
            assert_eq!(
                counts,
                if is_lost { [1, 1] } else { [2, 0] },
                "{cut}: {summary}"
            );
            assert_eq!(summary["stopped"], false, "{cut}: {summary}");
        }
    }
    // Without the run that took it up, it is said which of several has no end.
    let other = Rerun::new(&[]).first;
    replayed(&[], &[&(other.clone() + &first)])
        .exits(0)
        .says("0.jsonl:6 has no end: the run was killed, or goes on");
}

#[test]
fn a_comparison_among_other_runs_is_refused_with_its_line() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let plain = pfetch(&["--format=jsonl", &url]).run().exits(0).stdout;
    let options = [
        "--format=jsonl",
        "--compare",
        "--runs=1",
        "--warmup=0",
        &url,
    ];
    let compared = pfetch(&options).run().exits(0).stdout;
    for (files, place) in [
        (&[&plain[..], &compared][..], "1.jsonl:2: "),
        (&[&(plain.clone() + &compared)], "0.jsonl:5: "),
        (&[&compared, &plain], "0.jsonl:2: "),
    ] {
        let run = replayed(&[], files).exits(2).complains_in_a_line();
        run.says(place)
            .says("a comparison or a sweep cannot be merged; replay it alone");
    }
}

#[test]
fn a_summary_alone_can_be_replayed_of_many_runs() {
    let Rerun { first, second, .. } = Rerun::new(&[]);
    let run = replayed(&["--summary-only"], &[&first, &second]).exits(0);
    run.prints("6 URLs: 5 ok, 1 failed").never_shows("http://");
    let run = replayed(&["--summary-only", "--format=jsonl"], &[&first, &second]).exits(0);
    assert_eq!(run.json().len(), 2, "{}", run.stdout);
    // It is not itself a report that can be replayed: without results, it would be one of no URLs.
    for files in [&[&run.stdout[..]][..], &[&first, &run.stdout]] {
        let run = replayed(&[], files).exits(2).complains_in_a_line();
        run.says(".jsonl:2: the results of this run are not here");
    }
}

#[test]
fn a_run_log_is_replayed_without_times() {
    let Rerun {
        urls,
        log,
        first,
        second,
    } = Rerun::new(&["--log=log"]);
    let run = replayed(&["--assert=failed==0"], &[&log]).exits(0);
    let run = run
        .prints("3 URLs: 3 ok, 0 failed · 6 B\n")
        .says("0.jsonl is a run log, without times");
    run.never_shows("parallel")
        .never_shows("serial")
        .never_shows("worker");
    let run = replayed(&["--format=jsonl"], &[&log]).exits(0);
    assert_eq!(not_once(&run, &urls), None, "{}", run.stdout);
    for key in ["parallel", "serial", "latency", "throughput"] {
        assert!(run.summary()[key].is_null(), "{key}: {}", run.stdout);
    }
    let run = replayed(&["--assert=total<1h"], &[&log]).exits(3);
    run.prints("unknown");
    // Reports have all that it has, and times; of what a report lacks, it knows the outcome.
    for files in [&[&log[..], &first, &second][..], &[&first, &second, &log]] {
        let run = replayed(&["--assert=failed==0"], files)
            .exits(0)
            .says_nothing();
        run.prints("3 URLs: 3 ok, 0 failed").prints("  parallel  ");
    }
    let run = replayed(&[], &[&first, &log]).exits(0);
    run.prints("3 URLs: 3 ok, 0 failed").never_shows("parallel");
    // Not each of its results twice.
    for files in [&[&log[..], &log][..], &[&log, &first, &log]] {
        let run = replayed(&[], files).exits(2).complains_in_a_line();
        run.says("this run is in ").says("0.jsonl:2 already");
    }
    // A log that was cut off, and logs in one file.
    let torn = &log[..log.len() - 20];
    replayed(&[], &[torn])
        .exits(0)
        .prints("3 URLs: 2 ok, 1 failed");
    let other = Rerun::new(&["--log=log"]).log;
    replayed(&[], &[&(log + &other)])
        .exits(0)
        .prints("6 URLs: 6 ok, 0 failed");
}

#[test]
fn a_log_without_what_a_report_needs_is_refused_with_its_line() {
    let Rerun { log, .. } = Rerun::new(&["--log=log"]);
    let without = |key: &str| {
        let line = |line: &str| {
            let mut fields: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
            fields.remove(key);
            Value::Object(fields).to_string() + "\n"
        };
        log.lines().map(line).collect::<String>()
    };
    for (file, place) in [
        (without("run"), "0.jsonl:2: an older pfetch wrote this log"),
        (
            without("index"),
            "0.jsonl:3: an older pfetch wrote this log",
        ),
        (without("url"), "0.jsonl:3: a result without \"url\""),
        (without("error_kind"), "an older pfetch wrote this log"),
        (
            log.replacen("\"schema\":2", "\"schema\":9", 1),
            "0.jsonl:1: its schema is 9; ",
        ),
        (
            log.replacen("{\"type\":\"run\"", "{\"type\":\"run\":", 1),
            "0.jsonl:2: ",
        ),
    ] {
        replayed(&[], &[&file])
            .exits(2)
            .complains_in_a_line()
            .says(place);
    }
}

#[test]
fn a_merged_run_can_be_saved_and_judged_as_a_baseline() {
    let Rerun { first, second, .. } = Rerun::new(&["--log=log"]);
    let dir = Dir::new();
    let file = dir.path().join("baseline").display().to_string();
    let save = format!("--save-baseline={file}");
    replayed(&[&save], &[&first, &second]).exits(0);
    let saved: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let saved = &saved["history"][0];
    assert_eq!(saved["targets"]["count"], 3, "{saved}");
    let merged = summary(&[&first, &second]);
    assert_eq!(saved["runs"][0]["seconds"], merged["parallel"], "{saved}");
    let against = format!("--against={file}");
    replayed(&[&against], &[&second, &first])
        .exits(0)
        .prints("this took 1.00 times as long");
}

#[test]
fn half_a_line_with_a_line_end_is_told_and_counts_for_nothing() {
    let Rerun { first, second, .. } = Rerun::new(&["--log=log"]);
    let last = first.lines().last().expect("it has lines");
    let head = &first[..first.len() - last.len() - 1];
    for (cut, end) in [(1, "\n"), (9, "\n"), (20, "\r\n"), (last.len() - 1, "\n\n")] {
        let torn = format!("{head}{}{end}", &last[..cut]);
        let told = "0.jsonl:5 breaks off: a process was killed there";
        for files in [
            &[&torn[..]][..],
            &[&torn, &second],
            &[&(torn.clone() + &second)],
        ] {
            let run = replayed(&["--format=jsonl"], files).exits(0).says(told);
            let results = run.results();
            run.check("the results before it count", results.len() == 3);
        }
    }
    // What is missing in the middle of a run is missed at its end.
    let result = first.lines().nth(1).expect("it has lines");
    let cut = first.replace(result, &result[..result.len() / 2]);
    let run = replayed(&[], &[&cut]).exits(0);
    run.says("0.jsonl:2 breaks off")
        .says("has 2 results where its summary counts 3");
    // What no killed process leaves is refused.
    for odd in [
        result.replace("\"url\":", "\"url\"="),
        "nonsense".to_owned(),
    ] {
        let run = replayed(&[], &[&first.replace(result, &odd)]).exits(2);
        run.says("0.jsonl:2: ").complains_in_a_line();
    }
}

#[test]
fn a_merged_report_beside_its_runs_counts_once() {
    let Rerun { first, second, .. } = Rerun::new(&["--log=log"]);
    let other = Rerun::new(&[]).first;
    let merge = |files: &[&str]| replayed(&["--format=jsonl"], files).exits(0).stdout;
    let counts = |run: &Run| ["ok", "failed", "merged"].map(|key| run.summary()[key].as_u64());
    let merged = merge(&[&first, &second, &other]);
    let whole = [Some(5), Some(1), Some(3)];
    // All runs are there: the merge is left out.
    for files in [
        &[&first[..], &second, &other, &merged][..],
        &[&merged, &other, &second, &first],
        &[&(merged.clone() + &first), &second, &other],
    ] {
        let run = replayed(&["--format=jsonl"], files).exits(0);
        run.check("counts", counts(&run) == whole);
        run.says("is a merge of what is here too")
            .never_shows("results where");
    }
    // Some are: they are left out.
    let run = replayed(&["--format=jsonl"], &[&merged, &other]).exits(0);
    run.check("counts", counts(&run) == whole);
    let run = run
        .says("0.jsonl is a merge of ")
        .says("1.jsonl too, so that is left out");
    run.check("each is once", run.results().len() == 6);
    // A merge of a merge.
    let part = merge(&[&first, &second]);
    let again = merge(&[&part, &other]);
    let run = replayed(&["--format=jsonl"], &[&again, &first, &second, &part]).exits(0);
    run.check("counts", counts(&run) == whole);
    // Merges of which neither has all runs of the other.
    let odd = merge(&[&second, &other]);
    replayed(&[], &[&part, &odd])
        .exits(2)
        .complains_in_a_line()
        .says("1.jsonl are merges with some of their runs in common");
    // A run that goes on with the log of one that is merged.
    let stale = merge(&[&first, &other]);
    replayed(&[], &[&stale, &second])
        .exits(0)
        .says("1.jsonl goes on with a run log of a run that is merged in ");
}

#[test]
fn a_merged_report_can_be_replayed_again() {
    let Rerun {
        log, first, second, ..
    } = Rerun::new(&["--log=log"]);
    for files in [&[&first[..], &second][..], &[&log], &[&first, &log]] {
        let once = replayed(&["--format=jsonl"], files).exits(0).stdout;
        let again = replayed(&["--format=jsonl"], &[&once]).exits(0);
        assert_eq!(again.stdout, once);
    }
}
