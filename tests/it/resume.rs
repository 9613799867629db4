//! The program as a process: the run log, and runs that are taken up where they were (`--log`,
//! `--resume`).

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustix::process::Signal;
use serde_json::Value;

use crate::pfetch::{Dir, LIMIT, Pfetch, Run, pfetch};
use crate::server::{Server, bytes, routes};

/// A log in a directory of its own.
struct Log {
    dir: Dir,
    path: PathBuf,
    /// The two arguments that have it kept.
    option: [String; 2],
}

impl Log {
    fn new() -> Self {
        let dir = Dir::new();
        let path = dir.path().join("run.log");
        let option = ["--log".to_owned(), path.to_str().unwrap().to_owned()];
        Log { dir, path, option }
    }

    /// A run that keeps it.
    fn first<S: AsRef<str>>(&self, args: &[S]) -> Pfetch {
        let mut all: Vec<&str> = self.option.iter().map(String::as_str).collect();
        all.extend(args.iter().map(AsRef::as_ref));
        pfetch(&all)
    }

    /// A run that takes it up.
    fn resumed<S: AsRef<str>>(&self, args: &[S]) -> Pfetch {
        let mut all = vec!["--resume"];
        all.extend(args.iter().map(AsRef::as_ref));
        self.first(&all)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// The lines that tell of a target, in their order. Each line has to be whole.
    fn results(&self) -> Vec<Value> {
        let text = self.text();
        let parse = |line| serde_json::from_str::<Value>(line).expect(line);
        let mut lines: Vec<_> = text.lines().map(parse).collect();
        lines.retain(|line| line["type"] == "result");
        lines
    }
}

/// A gate that handlers wait at: it opens when the sender is dropped.
fn gate() -> (Sender<()>, Receiver<()>) {
    bounded(0)
}

fn pass(gate: &Receiver<()>) {
    // Should the test have failed, its server must not wait for ever.
    let _ = gate.recv_timeout(LIMIT);
}

/// A server that fails `/bad…` until it is told that it is mended.
fn mending() -> (Server, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let server = Server::with(move |request, reply| {
        if !request.target.starts_with("/bad") {
            return routes(request, reply);
        }
        match is_mended.load(Ordering::SeqCst) {
            true => reply.send(200, "", b"mended"),
            false => reply.send(404, "", b""),
        }
    });
    (server, mended)
}

/// The targets that were asked for since there were `before` requests.
fn since(server: &Server, before: usize) -> HashSet<String> {
    server.targets().split_off(before).into_iter().collect()
}

fn set<const N: usize>(targets: [&str; N]) -> HashSet<String> {
    targets.map(str::to_owned).into()
}

fn sha256(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&ring::digest::SHA256, bytes);
    sum.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

/// The indices of the results with this outcome, in the order in which they are told.
fn indices(run: &Run, outcome: &str) -> Vec<u64> {
    let results = run.results();
    results
        .iter()
        .filter(|result| result["outcome"] == outcome)
        .filter_map(|result| result["index"].as_u64())
        .collect()
}

#[test]
fn the_log_has_a_line_for_a_target_while_the_run_goes_on() {
    let (open, gate) = gate();
    let server = Server::with(move |request, reply| {
        if request.target == "/withheld" {
            pass(&gate);
            return reply.send(404, "", b"");
        }
        routes(request, reply)
    });
    let log = Log::new();
    let (a, b) = (server.url("/bytes/7"), server.url("/withheld"));
    let mut running = log.first(&["-j2", &a, &b]).start();
    // What the report tells is in the log already.
    assert!(running.line().contains("/bytes/7"));
    let results = log.results();
    drop(open);
    let run = running.finish().exits(1);
    run.check(&format!("one result: {results:?}"), results.len() == 1);
    assert_eq!(results[0]["url"], *a);
    assert_eq!(results[0]["outcome"], "ok");
    assert_eq!(results[0]["bytes"], 7);

    let results = log.results();
    run.check(&format!("two results: {results:?}"), results.len() == 2);
    assert_eq!(results[1]["url"], *b);
    assert_eq!(results[1]["outcome"], "failed");
    assert_eq!(results[1]["status"], 404);
}

#[test]
fn what_succeeded_is_left_out_and_what_failed_is_tried_again() {
    let (server, mended) = mending();
    let log = Log::new();
    let paths = ["/bytes/1", "/bad/1", "/bytes/2", "/bad/2"];
    let urls = paths.map(|path| server.url(path));
    log.first(&urls).run().exits(1).prints("2 ok, 2 failed");

    // Still not mended: both are tried again, and fail again.
    let before = server.requests();
    let run = log.resumed(&urls).run().exits(1);
    run.prints("2 URLs: 0 ok, 2 failed · 2 done before · ");
    assert_eq!(since(&server, before), set(["/bad/1", "/bad/2"]));

    mended.store(true, Ordering::SeqCst);
    let before = server.requests();
    let args = [&["--format=jsonl".to_owned()][..], &urls].concat();
    let run = log.resumed(&args).run().exits(0);
    assert_eq!(since(&server, before), set(["/bad/1", "/bad/2"]));
    let summary = run.summary();
    assert_eq!(summary["done_before"], 2);
    assert_eq!(summary["targets"], 2);
    assert_eq!(summary["ok"], 2);
    let mut told = indices(&run, "ok");
    told.sort_unstable();
    assert_eq!(told, [1, 3]);
    assert_eq!(indices(&run, "done"), [0, 2]);

    let before = server.requests();
    let run = log.resumed(&args).run().exits(0);
    assert_eq!(run.summary()["done_before"], 4);
    assert_eq!(indices(&run, "done"), [0, 1, 2, 3]);
    run.check("no others", run.results().len() == 4);
    let run = log.resumed(&urls).run().exits(0).says_nothing();
    run.prints("nothing left to do: 4 done before");
    assert_eq!(server.requests(), before);
}

#[test]
fn shares_of_a_resumed_run_are_of_the_whole_list_and_latencies_of_what_it_fetched() {
    let server = Server::with(|request, reply| match request.target.starts_with("/bad") {
        true => reply.send(404, "", b"x"),
        false => reply.send(200, "", b"x"),
    });
    let log = Log::new();
    let mut urls: Vec<String> = (0..18).map(|n| server.url(&format!("/{n}"))).collect();
    urls.extend(["/bad/1", "/bad/2"].map(|path| server.url(path)));
    log.first(&urls).run().exits(1);
    let file = |name: &str| log.dir.path().join(name).to_str().unwrap().to_owned();
    let [junit, markdown] = ["run.xml", "run.md"].map(file);
    let args = |gates: &[&str], urls: &[String]| -> Vec<String> {
        let gates = gates.iter().map(|gate| format!("--assert={gate}"));
        let exports = [&junit, &markdown].map(|file| format!("--export={file}"));
        gates.chain(exports).chain(urls.iter().cloned()).collect()
    };
    // Both that it tries fail again: two of twenty.
    let most = ["--max-failures=10%".to_owned()];
    let all = [&most[..], &args(&["failed<=10%", "p95<1h"], &urls)].concat();
    let run = log.resumed(&all).run().exits(3);
    run.check(
        "the share",
        run.stdout.contains("failed<=10%") && run.stdout.contains(" 10.00 %"),
    );
    let run = run.prints("gate       failed<=10%              held ");
    let run = run.prints("no URL succeeded");
    drop(run);
    let cases = fs::read_to_string(&junit).unwrap();
    let done = "<system-out>done before</system-out>";
    assert_eq!(cases.matches(done).count(), 18, "{cases}");
    // Nothing is left.
    let run = log
        .resumed(&args(&["failed<=10%", "p95<1h"], &urls[..18]))
        .run()
        .exits(3);
    run.prints("nothing was fetched in this run: all was done before");
    let page = fs::read_to_string(&markdown).unwrap();
    assert!(
        page.contains("**nothing left to do: 18 done before**"),
        "{page}"
    );
    assert!(!page.contains("of 0"), "{page}");
}

#[test]
fn a_target_that_was_skipped_is_taken_up() {
    let (arrived, arrivals) = unbounded();
    let held = AtomicBool::new(true);
    let server = Server::with(move |request, reply| {
        if request.target == "/held" && held.swap(false, Ordering::SeqCst) {
            let _ = arrived.send(());
            reply.wait(LIMIT);
            return Ok(());
        }
        reply.send(200, "", b"x")
    });
    let log = Log::new();
    let urls = ["/a", "/held", "/b"].map(|path| server.url(path));
    let args = [&["-j1".to_owned()][..], &urls].concat();
    let running = log.first(&args).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    running.signal(Signal::INT);
    running.end().exits(130);
    assert_eq!(log.results().len(), 1, "{}", log.text());
    let before = server.requests();
    log.resumed(&args).run().exits(0).prints("1 done before");
    assert_eq!(since(&server, before), set(["/held", "/b"]));
}

#[test]
fn without_resume_everything_is_fetched_again_and_the_log_goes_on() {
    let server = Server::start();
    let log = Log::new();
    let url = server.url("/bytes/1");
    log.first(&[&url]).run().exits(0);
    let before = log.text();
    let run = log.first(&[&url]).run().exits(0);
    run.check("nothing of it", !run.stdout.contains("done before"));
    assert_eq!(server.requests(), 2);
    assert!(log.text().starts_with(&before), "{}", log.text());
    assert_eq!(log.results().len(), 2);
}

#[test]
fn a_head_and_a_get_of_one_url_are_two_targets() {
    let server = Server::start();
    let log = Log::new();
    let url = server.url("/bytes/1");
    log.first(&["-I", &url]).run().exits(0);
    log.resumed(&[&url]).run().exits(0).prints("1 URL: 1 ok");
    log.resumed(&[&url]).run().exits(0).prints("1 done before");
    log.resumed(&["-I", &url])
        .run()
        .exits(0)
        .prints("1 done before");
    assert_eq!(server.requests(), 2);
}

#[test]
fn the_same_url_twice_is_kept_apart_by_the_names_of_its_files() {
    // Which of the two requests fails, and which file is then there.
    for (fails, name, other) in [(1, "x-1", "x"), (2, "x", "x-1")] {
        let count = AtomicUsize::new(0);
        let server = Server::with(move |_, reply| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            match number == fails {
                true => reply.send(404, "", b""),
                false => reply.send(200, "", format!("answer {number}").as_bytes()),
            }
        });
        let log = Log::new();
        let folder = log.dir.path().join("saved");
        let url = server.url("/x");
        let args = ["-j1", "-d", folder.to_str().unwrap(), &url, &url];
        log.first(&args).run().exits(1).prints("1 ok, 1 failed");
        let good = format!("answer {}", 3 - fails);
        assert_eq!(read(&folder, name), good);
        assert!(!folder.join(other).exists());

        let run = log.resumed(&args).run().exits(0);
        run.prints("1 URL: 1 ok, 0 failed · 1 done before");
        assert_eq!(server.requests(), 3);
        assert_eq!(read(&folder, name), good);
        assert_eq!(read(&folder, other), "answer 3");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

        log.resumed(&args).run().exits(0).prints("2 done before");
        assert_eq!(server.requests(), 3);
    }
}

#[test]
fn names_stay_the_same_when_those_before_are_done() {
    let (server, mended) = mending();
    let log = Log::new();
    let folder = log.dir.path().join("saved");
    let urls = ["/bytes/3", "/bad/3", "/bytes/03", "/bad/2/3"].map(|path| server.url(path));
    let options = ["-d", folder.to_str().unwrap()].map(str::to_owned);
    let args = [&options[..], &urls].concat();
    log.first(&args).run().exits(1).prints("2 ok, 2 failed");
    mended.store(true, Ordering::SeqCst);
    log.resumed(&args).run().exits(0).prints("2 done before");
    let whole = String::from_utf8(bytes(3)).unwrap();
    let found = ["3", "3-1", "03", "3-2"].map(|name| read(&folder, name));
    assert_eq!(found, [&*whole, "mended", &*whole, "mended"]);
}

#[test]
fn a_folder_that_is_written_in_another_way_is_the_same() {
    let server = Server::start();
    let log = Log::new();
    let folder = log.dir.path().to_str().unwrap();
    let url = server.url("/bytes/3");
    let into = |written: &str| ["-d".to_owned(), format!("{folder}/{written}"), url.clone()];
    log.first(&into("saved")).run().exits(0);
    for written in ["saved/", "./saved", "/saved/.", "saved//", "saved"] {
        let run = log.resumed(&into(written)).run().exits(0);
        run.prints("1 done before");
    }
    assert_eq!(server.targets().len(), 1);
    // Another one is another.
    log.resumed(&into("saved/saved")).run().exits(0);
    assert_eq!(server.targets().len(), 2);
}

#[test]
fn a_list_that_has_grown_costs_what_is_new() {
    let server = Server::start();
    let log = Log::new();
    let list = |numbers: &[u32]| {
        let urls: Vec<_> = numbers
            .iter()
            .map(|n| server.url(&format!("/bytes/{n}")))
            .collect();
        log.dir.file("list", urls.join("\n"))
    };
    let old: Vec<u32> = (10..20).collect();
    log.first(&["-i", &list(&old)]).run().exits(0);
    let mut new = old.clone();
    new.insert(0, 1);
    new.insert(5, 2);
    new.push(3);
    let before = server.requests();
    let run = log.resumed(&["-i", &list(&new)]).run().exits(0);
    run.prints("3 URLs: 3 ok, 0 failed · 10 done before");
    let asked = set(["/bytes/1", "/bytes/2", "/bytes/3"]);
    assert_eq!(since(&server, before), asked);
    log.resumed(&["-i", &list(&new)])
        .run()
        .exits(0)
        .prints("13 done before");
    assert_eq!(server.requests(), before + 3);
}

#[test]
fn results_keep_the_order_of_the_input_around_those_that_are_done() {
    // Of the six, the second time, each waits for the next to be answered.
    let turns: Vec<_> = (0..6).map(|_| unbounded()).collect();
    let next = [Some(2), None, Some(5), None, None, None];
    let server = Server::with(move |request, reply| {
        let number: usize = request.target.trim_start_matches('/').parse().unwrap();
        let after = next[number];
        if let Some(after) = after {
            let (_, turn): &(Sender<()>, Receiver<()>) = &turns[after];
            pass(turn);
        }
        let sent = reply.send(200, "", b"x");
        let _ = turns[number].0.send(());
        sent
    });
    let log = Log::new();
    let urls: Vec<_> = (0..6).map(|n| server.url(&format!("/{n}"))).collect();
    log.first(&[&urls[1], &urls[3], &urls[4]]).run().exits(0);
    let options = ["-j3", "--order=input", "--format=jsonl"].map(str::to_owned);
    let run = log.resumed(&[&options[..], &urls].concat()).run().exits(0);
    run.check("in order", indices(&run, "ok") == [0, 2, 5]);
    let all = run.results();
    let all: Vec<_> = all.iter().map(|result| &result["index"]).collect();
    run.check("all in order", all == [0, 1, 2, 3, 4, 5]);
    assert_eq!(run.summary()["done_before"], 3);
}

#[test]
fn thousands_of_targets_that_are_done_are_passed_over() {
    let server = Server::start();
    let log = Log::new();
    let url = |n: u32| server.url(&format!("/bytes/{}", n % 10)) + &format!("?{n}");
    let list: Vec<_> = (0..3000).map(url).collect();
    let list = log.dir.file("list", list.join("\n"));
    log.first(&["-i", &list, "-qq"]).run().exits(0);
    for order in ["--order=input", "--order=completion"] {
        let before = server.requests();
        let args = [order, "-i", &list, "-i", "-"];
        let last = server.url(&format!("/bytes/5?{order}"));
        let run = log.resumed(&args).stdin(&last).run().exits(0);
        run.prints("1 URL: 1 ok, 0 failed · 3,000 done before");
        assert_eq!(server.requests(), before + 1);
    }
}

#[test]
fn a_file_that_is_no_log_is_refused_and_left_as_it_is() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let contents: [&[u8]; 6] = [
        b"http://h/a\nhttp://h/b\n",
        b"{\"url\":\"http://h/\"}\n",
        b"\n",
        b"\x7fELF\0\0\xff\xfe",
        b" {\"type\":\"pfetch-log\",\"schema\":2}\n",
        b"{\"type\":\"pfetch-log\",\"schema\":99}\n{\"type\":\"else\"}\n",
    ];
    for content in contents {
        let log = Log::new();
        fs::write(&log.path, content).unwrap();
        for run in [log.first(&[&url]), log.resumed(&[&url])] {
            let run = run.run().exits(2).complains_in_a_line().says("run.log");
            run.check("as it was", fs::read(&log.path).unwrap() == content);
        }
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_damaged_line_costs_its_own_target_and_is_named() {
    let server = Server::start();
    let urls: Vec<_> = (1..6).map(|n| server.url(&format!("/bytes/{n}"))).collect();
    let log = Log::new();
    log.first(&[&["-j1".to_owned()][..], &urls].concat())
        .run()
        .exits(0);
    let text = fs::read(&log.path).unwrap();
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    // The header, the line of the run, and one for each target.
    assert_eq!(lines.len(), 7, "{}", log.text());
    for damage in [
        &b"{\"type\":\"result\",\"url\":\"http\n"[..],
        b"\0\0\0\0\0\0\n",
        b"{\"type\":\"result\",\"url\":\"\xff\xfe\"}\n",
        &[&[b'x'; 400_000][..], b"\n"].concat(),
    ] {
        let damaged = [&lines[..4].concat(), damage, &lines[5..].concat()].concat();
        fs::write(&log.path, &damaged).unwrap();
        let before = server.requests();
        let args = [&["--format=jsonl".to_owned()][..], &urls].concat();
        let run = log.resumed(&args).run().exits(0);
        let run = run.complains_in_a_line().says("line 5 of the run log");
        assert_eq!(since(&server, before), set(["/bytes/3"]));
        assert_eq!(indices(&run, "done"), [0, 1, 3, 4]);
        let lines = run.json();
        let warned = lines.iter().filter(|line| line["type"] == "warning");
        run.check("a warning", warned.count() == 1);
        run.check(
            "the log is added to",
            fs::read(&log.path).unwrap().starts_with(&damaged),
        );
    }
}

#[test]
fn one_report_has_a_row_for_each_url_also_of_what_was_done_before() {
    let (server, mended) = mending();
    let log = Log::new();
    let folder = log.dir.path().join("saved");
    let into = format!("-d{}", folder.display());
    let urls = ["/bytes/1", "/bad/1", "/bytes/20"].map(|path| server.url(path));
    let list = [
        urls[0].clone(),
        urls[1].clone(),
        format!(
            r#"{{"url":"{}","sha256":"{}"}}"#,
            urls[2],
            sha256(&bytes(20))
        ),
    ];
    let list = log.dir.file("list", list.join("\n"));
    log.first(&[&*into, "-i", &list]).run().exits(1);
    mended.store(true, Ordering::SeqCst);
    let logged = log.results().len();

    let report = |format: &str| log.dir.path().join(format!("report.{format}"));
    let formats = [
        "csv", "json", "jsonl", "xml", "md", "html", "har", "svg", "trace",
    ];
    let exports = formats.map(|format| format!("--export={}", report(format).display()));
    let exports: Vec<&str> = exports.iter().map(String::as_str).collect();
    let args = [&exports[..], &["--order=input", &into, "-i", &list]].concat();
    let run = log.resumed(&args).run().exits(0).says_nothing();
    let run = run.prints("1 URL: 1 ok, 0 failed · 2 done before");
    run.check("not on the terminal", !run.stdout.contains("/bytes/"));
    assert_eq!(log.results().len(), logged + 1, "{}", log.text());

    let lines = fs::read_to_string(report("jsonl")).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let results: Vec<&Value> = lines.iter().filter(|l| l["type"] == "result").collect();
    let told = |key: &str| results.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
    assert_eq!(told("url"), urls);
    assert_eq!(told("outcome"), ["done", "ok", "done"]);
    assert_eq!(told("status"), [200, 200, 200]);
    assert_eq!(told("attempts"), [0, 1, 0]);
    assert_eq!(told("bytes"), [1, 6, 20]);
    let saved = &results[2]["saved"];
    assert_eq!(saved["path"], *folder.join("20").to_str().unwrap());
    assert_eq!(saved["bytes"], 20);
    assert_eq!(saved["sha256"], sha256(&bytes(20)));
    let summary = lines.last().expect("a summary");
    assert_eq!(
        (&summary["targets"], &summary["done_before"]),
        (&1.into(), &2.into())
    );
    // The figures are of this run alone.
    assert_eq!(
        (&summary["bytes"], &summary["statuses"]["200"]),
        (&6.into(), &1.into())
    );

    let text = |format: &str| fs::read_to_string(report(format)).unwrap();
    assert_eq!(text("csv").lines().count(), 4, "{}", text("csv"));
    assert_eq!(
        text("csv").matches(",done,200,").count(),
        2,
        "{}",
        text("csv")
    );
    assert_eq!(text("json").matches("\"outcome\":\"done\"").count(), 2);
    assert_eq!(
        text("xml").matches("<testcase").count(),
        3,
        "{}",
        text("xml")
    );
    for url in &urls {
        assert!(text("html").contains(url), "{url}");
    }
    // Requests that this run did not make have no place in its timelines.
    assert!(!text("har").contains("/bytes/") && text("har").contains("/bad/1"));
    for format in ["svg", "trace"] {
        let text = text(format);
        assert!(!text.contains("/bytes/"), "{format}: {text}");
        assert!(!text.contains("never started"), "{format}: {text}");
    }
    assert!(
        text("trace").contains("\"not_started\":0"),
        "{}",
        text("trace")
    );

    // Told again, it is the same.
    let again = |format: &str| log.dir.path().join(format!("again.{format}"));
    let same = ["csv", "json", "jsonl", "xml", "md", "har", "svg", "trace"];
    let exports = same.map(|format| format!("--export={}", again(format).display()));
    let lines = report("jsonl");
    let mut args: Vec<&str> = exports.iter().map(String::as_str).collect();
    args.extend(["--replay", lines.to_str().unwrap()]);
    let run = pfetch(&args).run().exits(0).says_nothing();
    run.prints("1 URL: 1 ok, 0 failed · 2 done before");
    for format in ["csv", "json", "jsonl", "xml", "md", "har"] {
        let again = fs::read_to_string(again(format)).unwrap();
        assert_eq!(again, text(format), "{format}");
    }
}

#[test]
fn a_baseline_is_of_what_the_run_has_fetched_itself() {
    let (server, mended) = mending();
    let log = Log::new();
    let urls = ["/bytes/1", "/bad/1"].map(|path| server.url(path));
    log.first(&urls).run().exits(1);
    mended.store(true, Ordering::SeqCst);
    let baseline = |name: &str| log.dir.path().join(name).display().to_string();
    let (resumed, alone) = (baseline("resumed.json"), baseline("alone.json"));
    log.resumed(&["--save-baseline", &resumed, &urls[0], &urls[1]])
        .run()
        .exits(0);
    pfetch(&["--save-baseline", &alone, &urls[1]])
        .run()
        .exits(0);
    let targets = |path: &str| {
        let text = fs::read_to_string(path).unwrap();
        let value: Value = serde_json::from_str(&text).expect(&text);
        value["history"][0]["targets"].clone()
    };
    assert!(targets(&alone).is_object(), "{}", targets(&alone));
    assert_eq!(targets(&resumed), targets(&alone));
}

#[test]
fn another_sha256_in_the_list_is_not_done_before() {
    let body = Arc::new(Mutex::new("one"));
    let sent = Arc::clone(&body);
    let server = Server::with(move |_, reply| {
        let body = *sent.lock().unwrap();
        reply.send(200, &format!("ETag: \"{body}\"\r\n"), body.as_bytes())
    });
    let url = server.url("/file");
    let line = |sum: &str| format!(r#"{{"url":"{url}","sha256":"{}"}}"#, sha256(sum.as_bytes()));
    for saves in [true, false] {
        *body.lock().unwrap() = "one";
        let log = Log::new();
        let folder = log.dir.path().join("saved");
        let into = format!("-d{}", folder.display());
        let options: &[&str] = if saves { &[&into, "-"] } else { &["-"] };
        let done = |list: &str| {
            let run = log.resumed(options).stdin(list).run();
            let before = run.stdout.contains("1 done before");
            (run, before)
        };
        log.first(options).stdin(line("one")).run().exits(0);
        let before = server.requests();
        for same in [
            line("one"),
            url.clone(),
            line("one").replace(&sha256(b"one"), &sha256(b"one").to_uppercase()),
        ] {
            let (run, is_done) = done(&same);
            run.exits(0).check(&same, is_done);
        }
        assert_eq!(server.requests(), before);

        // The server still has the old one: not what was asked for.
        let (run, is_done) = done(&line("two"));
        let run = run.exits(1);
        run.check("not done", !is_done);
        assert!(server.requests() > before);
        *body.lock().unwrap() = "two";
        let (run, is_done) = done(&line("two"));
        run.exits(0).check("not done", !is_done);
        if saves {
            assert_eq!(read(&folder, "file"), "two");
        }
        let (run, is_done) = done(&line("two"));
        run.exits(0).check("done", is_done);
        // A file has one body, and what was only checked was checked for both.
        let (run, is_done) = done(&line("one"));
        run.exits(i32::from(saves)).check(
            "the first sum is that of a file that is no more",
            is_done != saves,
        );
    }
}

#[test]
fn a_sum_that_no_run_has_checked_is_checked_now() {
    let server = Server::start();
    let log = Log::new();
    let folder = log.dir.path().join("saved");
    let into = format!("-d{}", folder.display());
    let url = server.url("/bytes/9");
    log.first(&[&into, &url]).run().exits(0);
    let before = server.requests();
    let line = |sum: &str| format!(r#"{{"url":"{url}","sha256":"{sum}"}}"#);
    // The file that is there has it: nothing is fetched.
    let good = line(&sha256(&bytes(9)));
    let run = log.resumed(&[&*into, "-"]).stdin(&good).run().exits(0);
    run.prints("1 ok (unchanged)");
    assert_eq!(server.requests(), before);
    let run = log.resumed(&[&*into, "-"]).stdin(&good).run().exits(0);
    run.prints("1 done before");
    let wrong = line(&sha256(b"else"));
    let run = log.resumed(&[&*into, "-"]).stdin(&wrong).run().exits(1);
    run.prints("checksum: ");
}

#[test]
fn a_log_that_another_run_is_writing_is_refused() {
    let (open, gate) = gate();
    let (arrived, arrivals) = unbounded();
    let server = Server::with(move |_, reply| {
        let _ = arrived.send(());
        pass(&gate);
        reply.send(200, "", b"x")
    });
    let log = Log::new();
    let url = server.url("/a");
    let running = log.first(&[&url]).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    let before = log.text();
    for second in [log.first(&[&url]), log.resumed(&[&url])] {
        second
            .run()
            // Worth another try, and so no mistake on the command line.
            .exits(4)
            .complains_in_a_line()
            .says("another pfetch is writing the run log");
    }
    assert_eq!(log.text(), before);
    drop(open);
    running.finish().exits(0);
    assert_eq!(server.requests(), 1);
    log.resumed(&[&url]).run().exits(0).prints("1 done before");
}

#[test]
fn resume_takes_a_log() {
    let server = Server::start();
    let run = pfetch(&["--resume", &server.url("/bytes/1")]).run();
    run.exits(2).says("--log <FILE>");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_log_that_cannot_be_made_is_named_before_anything_is_fetched() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    let path = dir.path().to_str().unwrap();
    for (log, reason) in [
        (format!("{path}/none/log"), "No such file or directory"),
        (path.to_owned(), "it is a directory"),
        ("/dev/null".to_owned(), "it is a device"),
    ] {
        let run = pfetch(&["--log", &log, &url]).run();
        // As of an export that cannot be written.
        run.exits(4).complains_in_a_line().says(&log).says(reason);
    }
    assert_eq!(server.requests(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_log_that_is_not_there_yet_can_be_taken_up() {
    let server = Server::start();
    let log = Log::new();
    let run = log.resumed(&[&server.url("/bytes/1")]).run().exits(0);
    run.prints("1 URL: 1 ok, 0 failed");
    assert_eq!(log.results().len(), 1);
}

#[test]
fn the_log_is_for_its_owner_alone() {
    let server = Server::start();
    let log = Log::new();
    log.first(&[&server.url("/bytes/1")]).run().exits(0);
    let mode = fs::metadata(&log.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn a_run_that_was_killed_is_taken_up_where_it_was() {
    const COUNT: usize = 40;
    const ANSWERED: usize = 13;
    // What comes after so many answers is withheld until the first run is dead.
    let (open, gate) = gate();
    let answers = AtomicUsize::new(0);
    let server = Server::with(move |_, reply| {
        if answers.fetch_add(1, Ordering::SeqCst) >= ANSWERED {
            pass(&gate);
        }
        reply.send(200, "", b"whole")
    });
    let log = Log::new();
    let folder = log.dir.path().join("saved");
    let options = ["-j4", "-d", folder.to_str().unwrap()].map(str::to_owned);
    let urls: Vec<_> = (0..COUNT).map(|n| server.url(&format!("/{n}"))).collect();
    let args = [&options[..], &urls].concat();
    let mut running = log.first(&args).start();
    for _ in 0..ANSWERED {
        running.line();
    }
    running.signal(Signal::KILL);
    let run = running.end();
    run.check("killed", run.status.signal() == Some(9));
    drop(open);
    let logged: HashSet<_> = log
        .results()
        .iter()
        .map(|line| line["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(logged.len(), ANSWERED, "{}", log.text());

    let before = server.requests();
    let run = log.resumed(&args).run().exits(0);
    let expected = format!("27 URLs: 27 ok, 0 failed · {ANSWERED} done before");
    run.prints(&expected);
    let again: HashSet<_> = since(&server, before)
        .iter()
        .map(|target| server.url(target))
        .collect();
    assert!(again.is_disjoint(&logged), "{again:?}\n{logged:?}");
    assert_eq!(again.len() + logged.len(), COUNT);
    for number in 0..COUNT {
        assert_eq!(read(&folder, &number.to_string()), "whole");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), COUNT);
    log.resumed(&args).run().exits(0).prints("40 done before");
}

#[test]
fn a_run_that_was_killed_at_any_moment_loses_only_what_was_in_flight() {
    const COUNT: usize = 300;
    let server = Server::start();
    let url = |n: usize| server.url(&format!("/bytes/{n}"));
    let log = Log::new();
    let list = (0..COUNT).map(url).collect::<Vec<_>>().join("\n");
    let list = log.dir.file("list", list);
    let mut told = HashSet::new();
    // The kill comes after so many lines, and whatever goes on at that moment.
    for lines in [1, 17, 40, 99] {
        let before = server.requests();
        let mut running = log.resumed(&["-j4", "-i", &list]).start();
        let mut new = Vec::new();
        for _ in 0..lines {
            let line = running.line();
            if !line.trim_start().starts_with("200") {
                break;
            }
            new.extend(line.split_whitespace().last().map(str::to_owned));
        }
        // On a busy machine, it may be over by then.
        let run = running.kill();
        let is_killed = run.status.signal() == Some(9);
        run.check("killed or done", is_killed || run.status.success());
        let asked = since(&server, before);
        let again = asked.iter().map(|target| server.url(target));
        let again: Vec<_> = again.filter(|url| told.contains(url)).collect();
        assert!(again.is_empty(), "{again:?}\n{}", log.text());
        told.extend(new);
    }
    let before = server.requests();
    log.resumed(&["-j4", "-i", &list]).run().exits(0);
    assert!(since(&server, before).len() <= COUNT - told.len());
    let every: HashSet<_> = server.targets().into_iter().collect();
    assert_eq!(every.len(), COUNT);
}

#[test]
fn credentials_never_reach_the_log() {
    let heads = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&heads);
    let server = Server::with(move |request, reply| {
        seen.lock().unwrap().push_str(&request.head);
        match &*request.target {
            "/to" => {
                let host = request.header("host").unwrap();
                let to = format!("Location: http://who:hush4@{host}/gone\r\n");
                reply.send(302, &to, b"")
            }
            "/gone" => reply.send(404, "", b""),
            _ => reply.send(200, "", b"x"),
        }
    });
    let log = Log::new();
    let addr = server.addr();
    let list = [
        format!("http://who:hush1@{addr}/a"),
        format!("http://who:hush1@{addr}/gone"),
        format!("http://who:hush1@{addr}/to"),
        "http://who:hush1@127.0.0.1:1/refused".to_owned(),
        "http://who:hush1@h:99999/".to_owned(),
        format!("{{\"url\":\"http://{addr}/b\",\"headers\":{{\"X-Key\":\"hush2\"}}}}"),
    ];
    let list = log.dir.file("list", list.join("\n"));
    let options = ["--user=who:hush3", "-H", "Cookie: hush5", "--retry=0"];
    let args = [&options[..], &["-i", &list]].concat();
    log.first(&args).run().exits(1).never_shows("hush");
    let proxy = format!("http://who:hush6@{addr}");
    let args = [&["-x", "http://who:hush6@127.0.0.1:1"][..], &args].concat();
    log.first(&args).run().exits(1).never_shows("hush");
    let args = ["-x", &*proxy, "http://h.example/c"];
    log.first(&args).run().exits(0).never_shows("hush");
    let text = log.text();
    assert!(!text.contains("hush"), "{text}");
    assert!(!text.contains("who"), "{text}");
    assert!(text.contains("/refused"), "{text}");
    let heads = heads.lock().unwrap();
    assert!(
        heads.contains("hush2") && heads.contains("hush5"),
        "{heads}"
    );
}

/// All files of a folder with what is in them, in the order of their names.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .map(|name| (name.clone(), read(folder, &name)))
        .collect();
    files.sort();
    files
}

fn pairs<const N: usize>(files: [(&str, &str); N]) -> Vec<(String, String)> {
    files
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

#[test]
fn names_that_servers_gave_stay_with_their_files_when_a_run_is_resumed() {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    // All have the same name for what they send; the first fails at first.
    let server = Server::with(move |request, reply| {
        let text = request.target.as_bytes();
        if request.target == "/1" && !is_mended.load(Ordering::SeqCst) {
            return reply.send(404, "", b"");
        }
        reply.send(
            200,
            "Content-Disposition: attachment; filename=same.txt\r\n",
            text,
        )
    });
    for exists in ["update", "overwrite", "skip", "rename"] {
        mended.store(false, Ordering::SeqCst);
        let log = Log::new();
        let folder = Dir::new();
        let urls = ["/1", "/2", "/3"].map(|path| server.url(path));
        let into = folder.path().to_str().unwrap();
        let mut args = vec!["--content-disposition", "--exists", exists, "-d", into];
        args.extend(urls.iter().map(String::as_str));
        let run = log.first(&args).run().exits(1);
        let first = pairs([("same-1.txt", "/3"), ("same.txt", "/2")]);
        run.check(exists, files(folder.path()) == first);
        mended.store(true, Ordering::SeqCst);
        let run = log.resumed(&args).run().exits(0);
        let all = pairs([
            ("same-1.txt", "/3"),
            ("same-2.txt", "/1"),
            ("same.txt", "/2"),
        ]);
        run.check(exists, files(folder.path()) == all);
    }
}

#[test]
fn what_is_done_is_left_out_also_where_files_got_other_names() {
    let (server, mended) = mending();
    let log = Log::new();
    let folder = Dir::new();
    folder.file("bad", "mine");
    folder.file("1", "mine");
    let urls = ["/bytes/1", "/bad", "/bytes/2"].map(|path| server.url(path));
    let into = folder.path().to_str().unwrap();
    let mut args = vec!["--exists", "rename", "-d", into];
    args.extend(urls.iter().map(String::as_str));
    log.first(&args).run().exits(1);
    mended.store(true, Ordering::SeqCst);
    let before = server.targets().len();
    let run = log.resumed(&args).run().exits(0);
    run.check("only the rest", since(&server, before) == set(["/bad"]));
    let names: Vec<String> = files(folder.path())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    run.check(
        &format!("{names:?}"),
        names == ["1", "1-1", "2", "bad", "bad-1"],
    );
    run.check("nothing is lost", read(folder.path(), "bad") == "mine");
}

#[test]
fn what_was_saved_in_one_folder_is_not_done_for_another() {
    let server = Server::start();
    let log = Log::new();
    let [one, two] = [Dir::new(), Dir::new()];
    let url = server.url("/bytes/5");
    let into = |dir: &Dir| dir.path().to_str().unwrap().to_owned();
    log.first(&["-d", &into(&one), &url]).run().exits(0);
    let run = log.resumed(&["-d", &into(&two), &url]).run().exits(0);
    run.check("it is there too", two.path().join("5").exists());
    let run = log.resumed(&["-d", &into(&one), &url]).run().exits(0);
    run.prints("1 done before");
}

#[test]
fn no_file_takes_the_place_of_the_log() {
    let server = Server::start();
    let log = Log::new();
    let url = server.url("/bytes/5");
    let path = log.path.to_str().unwrap();
    for args in [
        vec!["-o", path, "--exists=overwrite", &url],
        vec!["-o", path, "--exists=skip", &url],
    ] {
        let run = log.first(&args).run().exits(2);
        run.says("--output and --log have the same file");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_log_that_is_added_to_without_resume_is_said_to_have_a_run() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/3");
    let log = format!("{}/run.log", dir.path().display());
    let note = format!("note: {log} has an earlier run, which this one is added to");
    pfetch(&["--log", &log, &url])
        .run()
        .exits(0)
        .never_shows(&note);
    pfetch(&["--log", &log, &url]).run().exits(0).says(&note);
    let resumed = pfetch(&["--log", &log, "--resume", &url]).run().exits(0);
    resumed.never_shows(&note);
    let quiet = pfetch(&["-qq", "--log", &log, &url]).run().exits(0);
    quiet.never_shows(&note);
}
