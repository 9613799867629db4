//! The program as a process: which runs of a comparison or a sweep count, and what is left of one that was
//! stopped.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::pfetch::{Dir, Run, pfetch, tells, unbroken};
use crate::server::{Server, routes};

/// A server whose first answers are failures.
fn cold(failures: usize) -> Server {
    let answers = AtomicUsize::new(0);
    Server::with(
        move |request, reply| match answers.fetch_add(1, Ordering::SeqCst) < failures {
            true => reply.send(404, "", b"cold"),
            false => routes(request, reply),
        },
    )
}

/// The formats that are told again to the byte.
const SAME: [&str; 6] = ["csv", "har", "json", "jsonl", "junit", "md"];

/// An `--export` of each of these formats into this folder, and of a page.
fn exports(dir: &Dir) -> Vec<String> {
    let dir = dir.path().display();
    let export = |format| format!("--export={format}={dir}/report.{format}");
    SAME.into_iter().chain(["html"]).map(export).collect()
}

fn read(dir: &Dir, format: &str) -> String {
    fs::read_to_string(dir.path().join(format!("report.{format}"))).unwrap()
}

fn heading(dir: &Dir) -> String {
    let page = read(dir, "html");
    let (_, rest) = page.split_once("<h1>").unwrap();
    rest.split_once("</h1>").unwrap().0.to_owned()
}

#[test]
fn failures_of_the_serial_arm_count_as_those_of_the_parallel_one() {
    for (options, code, told) in [
        (&[][..], 1, "verdict"),
        (&["--assert=failed<=0"], 3, "FAILED        1 of 2 failed\n"),
        (
            &["--assert=failed<=49%"],
            3,
            "FAILED        50.00 % (1 of 2 failed)\n",
        ),
        (&["--assert=failed<=1", "--max-failures=1"], 0, "held"),
    ] {
        // The serial arm goes first.
        let server = cold(1);
        let url = server.url("/bytes/5");
        let args = ["--compare", "--runs=1", "--warmup=0", &url];
        let run = pfetch(&[&args[..], options].concat()).run();
        run.exits(code).prints(told);
    }
}

#[test]
fn failures_in_warm_ups_do_not_count_and_are_told() {
    for measure in ["--compare", "--sweep=1,2"] {
        let (server, dir) = (cold(2), Dir::new());
        let url = server.url("/bytes/5");
        let options = [
            measure,
            "--runs=1",
            "--warmup=1",
            "--assert=failed<=0",
            "--assert=failed<=0%",
            &url,
        ];
        let files = exports(&dir);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let run = pfetch(&[&options[..], &files].concat()).run().exits(0);
        let notice = "2 URLs failed in warm-ups, which do not count";
        run.prints(&format!("  warning    {notice}\n"));
        let md = read(&dir, "md");
        assert!(md.contains("failed in warm-ups, which"), "{md}");
        assert!(!md.contains("### Failures"), "{md}");
        let junit = read(&dir, "junit");
        assert!(!junit.contains("<failure"), "{junit}");
        assert!(!junit.contains("warm-up"), "{junit}");
        let page = read(&dir, "html");
        assert!(page.contains(notice), "{page}");
        let counted = read(&dir, "jsonl");
        let last = counted.lines().rfind(|line| line.contains("\"notices\""));
        assert!(last.is_some_and(|line| line.contains(notice)), "{counted}");
    }
}

/// The gates of a run of which this is told.
fn gates(run: &Run, told: &str) -> usize {
    let text = unbroken(&run.stdout);
    let gates = text.lines().filter(|line| line.starts_with("  gate "));
    gates.filter(|line| tells(line, told)).count()
}

/// A server that answers so many requests, and no more.
fn falls_silent(after: usize) -> Server {
    let answers = AtomicUsize::new(0);
    Server::with(move |request, reply| {
        if answers.fetch_add(1, Ordering::SeqCst) < after {
            return routes(request, reply);
        }
        reply.wait(Duration::MAX);
        Err(io::ErrorKind::ConnectionAborted.into())
    })
}

#[test]
fn a_measurement_that_is_stopped_reports_the_pairs_that_are_whole() {
    for (measure, words, heading_start) in [
        (
            "--compare",
            "  note       stopped early, after 1 of 3 pairs: the figures are of those\n",
            "Stopped early, after 1 of 3 pairs: ",
        ),
        (
            "--sweep=1,2",
            "  note       stopped early, after 2 of 6 runs: the figures are of those\n",
            "Stopped early, after 2 of 6 runs: ",
        ),
    ] {
        let server = falls_silent(4);
        let [live, again] = [Dir::new(), Dir::new()];
        let (one, two) = (server.url("/bytes/5?1"), server.url("/bytes/5?2"));
        let options = [
            measure,
            "--runs=3",
            "--warmup=0",
            "--assert=failed<=1000",
            "--assert=speedup>=0",
            &one,
            &two,
        ];
        let files = exports(&live);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let running = pfetch(&[&options[..], &files].concat()).start();
        // A run of each arm, and the third waits for both of its answers.
        while server.targets().len() < 6 {
            std::thread::yield_now();
        }
        running.signal(Signal::INT);
        let run = running.end().exits(130);
        let run = run.prints(words);
        let unknown = "unknown the run was stopped before its end";
        run.check("gates", gates(&run, unknown) == 2);
        run.check("alike", !run.stdout.contains("not answered alike"));
        run.check("no failures", !run.stdout.contains("failed in"));
        let lines = read(&live, "jsonl");
        let done = "\"stopped\":{\"done\":2,\"of\":6,\"at_most\":false}";
        assert!(lines.contains(done), "{lines}");
        assert!(!lines.contains("\"type\":\"summary\""), "{lines}");
        let told = heading(&live);
        assert!(told.starts_with(heading_start), "{told}");
        let md = read(&live, "md");
        assert!(md.to_lowercase().contains("stopped early, after "), "{md}");

        // Told again it is the same.
        let mut args = exports(&again);
        let log = live.path().join("report.jsonl").display().to_string();
        args.extend(["--replay".to_owned(), log]);
        let replayed = pfetch(&args).run().exits(0).says_nothing();
        for format in SAME {
            assert_eq!(read(&again, format), read(&live, format), "{format}");
        }
        assert_eq!(heading(&again), told);
        replayed.check("the same words", replayed.stdout.contains(words));
    }
}

#[test]
fn a_stopped_measurement_is_no_baseline_and_is_compared_with_none() {
    // Enough for a pair of runs over two URLs, twice.
    let server = falls_silent(8);
    let dir = Dir::new();
    let file = dir.path().join("last.json").display().to_string();
    let (one, two) = (server.url("/bytes/5?1"), server.url("/bytes/5?2"));
    let options = ["--compare", "--warmup=0", "--save-baseline", &file];
    let whole = [&options[..], &["--runs=1", &one, &two]].concat();
    pfetch(&whole).run().exits(0).says("wrote ");
    let saved = fs::read_to_string(&file).unwrap();
    let more = ["--against", &file, "--runs=3", &one, &two];
    let running = pfetch(&[&options[..], &more].concat()).start();
    while server.targets().len() < 10 {
        std::thread::yield_now();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130).says("no baseline is saved");
    run.check("a pair is whole", run.stdout.contains("1 of 3 pairs"));
    run.check("nothing is compared", !run.stdout.contains("  baseline "));
    assert_eq!(fs::read_to_string(&file).unwrap(), saved);
}

#[test]
fn a_measurement_that_is_stopped_tells_what_was_done_and_that_its_gates_are_unknown() {
    for measure in ["--compare", "--sweep=1,2"] {
        let server = falls_silent(if measure == "--compare" { 2 } else { 0 });
        let [live, again] = [Dir::new(), Dir::new()];
        let (one, two) = (server.url("/bytes/5?1"), server.url("/bytes/5?2"));
        let options = [
            measure,
            "--runs=2",
            "--warmup=0",
            "--assert=failed<=1000",
            "--assert=speedup>=0",
            &one,
            &two,
        ];
        let files = exports(&live);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let running = pfetch(&[&options[..], &files].concat()).start();
        // No pair and no round is whole: one run, or none, and the next waits for an answer.
        let (asked, done) = match measure {
            "--compare" => (3, 1),
            _ => (1, 0),
        };
        let counts = format!("{done} of 4 runs");
        while server.targets().len() < asked {
            std::thread::yield_now();
        }
        running.signal(Signal::INT);
        let run = running.end().exits(130);
        let run = run.prints(&format!("stopped after {counts}\n"));
        run.check("no times", !run.stdout.contains("  parallel  "));
        run.check("no speed-up", !run.stdout.contains("  speed-up"));
        let unknown = "unknown the run was stopped before its end";
        run.check("gates", gates(&run, unknown) == 2);
        let md = read(&live, "md");
        assert!(md.contains(&format!("stopped after {counts}")), "{md}");
        assert_eq!(md.matches("**unknown**").count(), 2, "{md}");
        let junit = read(&live, "junit");
        assert_eq!(
            junit.matches("<failure type=\"unknown\"").count(),
            2,
            "{junit}"
        );
        let lines = read(&live, "jsonl");
        assert_eq!(
            lines.matches("\"verdict\":\"unknown\"").count(),
            2,
            "{lines}"
        );
        let runs = format!("\"runs\":{{\"done\":{done},\"of\":4,\"at_most\":false}}");
        assert!(lines.contains(&runs), "{lines}");
        assert!(!lines.contains("\"method\":\"estimate\""), "{lines}");
        let told = heading(&live);
        let urls = done * 2;
        assert_eq!(
            told,
            format!("Stopped early, after {counts}: {urls} URLs done in all")
        );

        // Told again it is the same, without a doubt about its counts.
        let mut args = exports(&again);
        let log = live.path().join("report.jsonl").display().to_string();
        args.extend(["--replay".to_owned(), log]);
        let replayed = pfetch(&args).run().exits(0).says_nothing();
        for format in SAME {
            assert_eq!(read(&again, format), read(&live, format), "{format}");
        }
        assert_eq!(heading(&again), told);
        let result = run.stdout.split_once("\n\n");
        let result = result.map_or(&*run.stdout, |(_, result)| result);
        replayed.check("the same words", replayed.stdout.ends_with(result));
    }
}

#[test]
fn lines_of_a_comparison_that_break_off_are_not_told_as_a_plain_run() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/5");
    let args = ["--compare", "--runs=2", "--warmup=0", "--format=jsonl"];
    let run = pfetch(&[&args[..], &[&url]].concat()).run().exits(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    // The beginning; a run is begun, its result, and its end; the next.
    for (count, done) in [(2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (lines.len() - 1, 4)] {
        dir.file("cut", lines[..count].join("\n") + "\n");
        let args = ["--assert=total<1h", "--assert=speedup>0", "--replay=cut"];
        let run = pfetch(&args).current_dir(dir.path()).run().exits(3);
        let run = run.says("not all of its comparison or sweep is there");
        run.check("no serial time", !run.stdout.contains("estimated"));
        run.check("no time", !run.stdout.contains("  parallel  "));
        let unknown = "unknown the run was stopped before its end";
        run.check("gates", gates(&run, unknown) == 2);
        if count > 2 {
            run.prints(&format!("stopped after {done} of 4 runs"));
        }
    }
}

#[test]
fn a_run_that_was_cut_short_is_set_against_no_serial_time() {
    let (server, live, again) = (Server::start(), Dir::new(), Dir::new());
    let mut args = exports(&live);
    args.extend(["--assert=total>0s", "-j2", "-"].map(str::to_owned));
    // All that was read is done, and more may come.
    let mut running = pfetch(&args).start();
    running.feed(&server.url("/bytes/5?1"));
    running.feed(&server.url("/bytes/5?2"));
    for _ in 0..2 {
        running.line();
    }
    running.signal(Signal::TERM);
    let run = running.end().exits(143);
    let log = live.path().join("report.jsonl").display().to_string();
    let mut args = exports(&again);
    args.extend(["--replay".to_owned(), log]);
    let replayed = pfetch(&args).run().exits(0);
    for (run, dir) in [(run, live), (replayed, again)] {
        let run = run.prints("stopped before its end; the rest of the list was not read\n");
        run.check("no serial time", !run.stdout.contains("  serial"));
        run.check("no best", !run.stdout.contains("at most"));
        for format in ["md", "json", "jsonl", "html"] {
            let text = read(&dir, format);
            for claim in [
                "best possible",
                "| speed-up",
                "\"method\":\"estimate\"",
                "as fast as",
            ] {
                assert!(!text.contains(claim), "{claim} in {format}: {text}");
            }
        }
    }
}
