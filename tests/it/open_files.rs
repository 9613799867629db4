//! A limit on open files (`ulimit -n`): the workers that have descriptors are started in every mode, a wait for one is
//! no server's time, and a run for which there are too few says so.

use std::fs;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::pfetch::{Dir, Pfetch, Run, pfetch};
use crate::server::Server;

/// pfetch with these arguments, with so many descriptors at most.
fn limited<S: AsRef<str>>(files: usize, args: &[S]) -> Pfetch {
    let limit = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    pfetch(args).under(&["sh", "-c", &limit])
}

/// The number of workers that the run says could be started.
fn started(run: &Run) -> u64 {
    let told = run.stderr.split_once("warning: only ");
    let count = told.and_then(|(_, rest)| rest.split_once(" of "));
    let count = count.and_then(|(count, _)| count.parse().ok());
    count.unwrap_or_else(|| panic!("it says how many: {}", run.stderr))
}

fn seconds(record: &serde_json::Value, phase: &str) -> f64 {
    record["timing"][phase].as_f64().unwrap_or(0.0)
}

#[test]
fn the_workers_that_have_descriptors_are_started_and_none_waits_for_one() {
    const URLS: usize = 80;
    let dir = Dir::on_disk();
    let results = dir.path().join("results");
    let export = format!("--export=jsonl={}", results.display());
    for mode in [&[][..], &["--cat"], &["--format=jsonl"]] {
        let server = Server::start();
        let mut args = vec!["-j200", &export];
        args.extend(mode);
        let urls: Vec<String> = (0..URLS)
            .map(|n| server.url(&format!("/delay/100/{n}")))
            .collect();
        args.extend(urls.iter().map(String::as_str));
        let run = limited(30, &args).run().exits(0);
        let run =
            run.says("of 200 worker threads could be started (the limit on open files, ulimit -n,");
        let started = started(&run);
        let lines = fs::read_to_string(&results).unwrap();
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let summary = lines.iter().find(|line| line["type"] == "summary");
        let workers = summary.map(|summary| &summary["workers"]);
        run.check("that many worked", workers == Some(&started.into()));
        run.check("some at once", started > 1);
        run.check(
            "no more requests at once",
            server.max_concurrent() as u64 <= started,
        );
        let sum = |phase| lines.iter().map(|line| seconds(line, phase)).sum::<f64>();
        let (blocked, wait) = (sum("blocked"), sum("wait"));
        run.check(&format!("{blocked} s of {wait} s"), blocked < wait / 2.0);
        assert_eq!(server.requests(), URLS);
    }
}

#[test]
fn a_comparison_has_the_workers_that_have_descriptors() {
    let server = Server::start();
    let url = server.url("/delay/5");
    let args = ["--compare", "--runs=2", "--warmup=0", "-j200", "-"];
    let run = limited(24, &args)
        .stdin(format!("{url}\n").repeat(40))
        .run();
    let run = run.exits(0);
    let started = started(&run);
    let run = run.prints(&format!(" · {started} workers · "));
    run.check(
        "no more requests at once",
        server.max_concurrent() as u64 <= started,
    );
}

#[test]
fn a_sweep_has_no_number_of_workers_that_has_no_descriptors() {
    let server = Server::start();
    let list = format!("{}\n", server.url("/delay/5")).repeat(40);
    let run = limited(24, &["--sweep=1,200", "--runs=1", "-"])
        .stdin(&list)
        .run();
    run.exits(4)
        .complains_in_a_line()
        .says("cannot sweep 200 workers: only ")
        .says("(the limit on open files, ulimit -n,");
    assert_eq!(server.requests(), 0);
    let run = limited(24, &["--sweep=auto", "--runs=1", "-qq", "-"])
        .stdin(&list)
        .run();
    let run = run.exits(0).says("warning: the sweep ends at ");
    let most = run
        .stderr
        .split_once("ends at ")
        .and_then(|(_, rest)| rest.split_once(' '));
    let most: usize = most.and_then(|(most, _)| most.parse().ok()).unwrap();
    run.check("its most workers", server.max_concurrent() <= most);
}

#[test]
fn too_few_descriptors_for_one_worker_end_the_run_at_once_and_the_number_that_is_told_does() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let list = dir.file("list", format!("{}\n", server.url("/bytes/10")).repeat(5));
    let export = format!("--export=csv={}", path("page.csv"));
    let (folder, log) = (path("folder"), path("run.log"));
    for options in [
        &[][..],
        &["-j30"],
        &["--cat"],
        &["-d", &folder, "--exists=overwrite"],
        &["--log", &log],
        &[&export],
        &["--compare", "--runs=1"],
    ] {
        let args = [&["-qq", "-i", &list], options].concat();
        let mut needed = None;
        for files in 8..32 {
            let run = limited(files, &args).run();
            if run.status.success() {
                let enough = needed.is_none_or(|needed| files <= needed);
                run.check("no more is asked for than does", enough);
                break;
            }
            let run = run.exits(4).complains_in_a_line();
            let told = run
                .stderr
                .split_once("too few for one worker; raise the limit to ");
            if let Some((_, number)) = told {
                needed = number.trim().parse().ok();
                run.check("a number", needed.is_some());
                run.check(
                    "the limit",
                    run.stderr.contains(&format!("{files} open files")),
                );
            } else {
                run.check("the limit is named", run.stderr.contains("ulimit -n"));
            }
        }
        // With some the reports do not open before a worker has room.
        let Some(needed) = needed else { continue };
        limited(needed, &args).run().exits(0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_wait_for_a_descriptor_within_a_fetch_is_no_latency() {
    use rustix::process::{Resource, Rlimit, prlimit};

    /// The time for which there is no descriptor.
    const SHORTAGE: Duration = Duration::from_secs(2);
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let inside = Arc::clone(&gate);
    let server = Server::with(move |request, reply| {
        if request.target == "/first" {
            let (open, opened) = &*inside;
            let open = open.lock().unwrap();
            let _open = opened.wait_while(open, |open| !*open).unwrap();
        }
        reply.send(200, "", b"ok")
    });
    let mut running = pfetch(&["-j4", "--format=jsonl", "--timeout=1m", "-"]).start();
    running.feed(&server.url("/first"));
    let limit = Instant::now() + crate::pfetch::LIMIT;
    while server.requests() == 0 {
        assert!(Instant::now() < limit, "the first request comes");
        std::thread::yield_now();
    }
    // No descriptor is left but those that are open.
    let open = fs::read_dir(format!("/proc/{}/fd", running.pid.as_raw_nonzero())).unwrap();
    let numbers: Vec<u64> = open
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .collect();
    let files = (0..).find(|number| !numbers.contains(number));
    let none = Rlimit {
        current: files,
        maximum: files,
    };
    prlimit(Some(running.pid), Resource::Nofile, none).unwrap();
    for number in 0..3 {
        running.feed(&server.url(&format!("/{number}")));
    }
    // They wait for as long as the first has its connection: this is the length of that wait, and orders nothing.
    std::thread::sleep(SHORTAGE);
    let before = server.targets();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let run = running.finish().exits(0);
    assert_eq!(before, ["/first"]);
    for result in run.results() {
        if !result["url"].as_str().unwrap().ends_with("/first") {
            let (total, blocked) = (seconds(&result, "total"), seconds(&result, "blocked"));
            let most = SHORTAGE.as_secs_f64() / 2.0;
            run.check(
                &format!("{total} s, {blocked} s"),
                total < most && blocked < most,
            );
        }
    }
}
