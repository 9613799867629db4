//! Bodies within results (`--jsonl-bodies`), for engines that take rows.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::{Bodies, RunConfig, Work, run};
use pfetch::http::{FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::pool::{Pool, StopToken};
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::Server;

/// All bytes, again and again.
fn body(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("there is memory");
    encoder.finish().expect("there is memory")
}

/// A server of `/KIND/LENGTH`.
fn server() -> Server {
    Server::with(|request, reply| {
        let mut parts = request.target.split('/').skip(1);
        let (kind, length) = (parts.next(), parts.next());
        let length = length.and_then(|length| length.parse().ok());
        let bytes = body(length.unwrap_or_default());
        match kind {
            Some("plain") => reply.send(200, "", &bytes),
            Some("chunked") => reply.send_chunked(&bytes),
            Some("close") => reply.send_until_close(&bytes),
            Some("gzip") => reply.send(200, "Content-Encoding: gzip\r\n", &packed(&bytes)),
            _ => reply.send(404, "", &bytes),
        }
    })
}

/// The results of these paths, in their order.
fn results(server: &Server, paths: &[&str], options: &[&str]) -> (Run, Vec<Value>) {
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let args = [&["--format=jsonl", "--retry=0"][..], options, &urls].concat();
    let run = pfetch(&args).run();
    let mut results = run.results();
    results.sort_by_key(|result| result["index"].as_u64());
    (run, results)
}

fn decoded(result: &Value) -> Option<Vec<u8>> {
    let text = result.get("body")?.as_str()?;
    Some(STANDARD.decode(text).expect("it is base64"))
}

#[test]
fn each_result_has_its_body() {
    let server = server();
    let paths = [
        "/plain/0",
        "/plain/1",
        "/plain/2",
        "/chunked/300000",
        "/close/70000",
        "/gzip/500000",
        "/missing/5",
    ];
    let (run, results) = results(&server, &paths, &["--jsonl-bodies=1M", "--compressed"]);
    let run = run.exits(1);
    for (result, length) in results.iter().zip([0, 1, 2, 300_000, 70_000, 500_000]) {
        let is_whole = decoded(result) == Some(body(length));
        run.check(&format!("the body of {length} bytes"), is_whole);
    }
    run.check("no other", results[6].get("body").is_none());
}

#[test]
fn a_body_that_is_too_long_fails_and_leaves_nothing() {
    let server = server();
    let paths = [
        "/plain/1001",
        "/chunked/1001",
        "/close/1001",
        "/gzip/1001",
        "/gzip/900000",
        "/plain/1000",
        "/chunked/1000",
        "/gzip/1000",
    ];
    for options in [&["--max-bytes=1G"][..], &[]] {
        let options = [options, &["--jsonl-bodies=1000", "--compressed"]].concat();
        let (run, results) = results(&server, &paths, &options);
        let run = run.exits(1);
        for (result, path) in results.iter().zip(paths) {
            let is_short = path.ends_with("/1000");
            let is_whole = decoded(result) == Some(body(1000));
            run.check(path, result.get("body").is_some() == is_short);
            run.check(path, is_whole == is_short);
            if !is_short {
                let error = &result["error"];
                run.check(path, error["kind"] == "too-large");
                run.check(
                    path,
                    error["message"].to_string().contains("--jsonl-bodies"),
                );
            }
        }
    }
    let options = ["--jsonl-bodies=1000", "--max-bytes=10"];
    let (run, results) = results(&server, &["/plain/11"], &options);
    let error = results[0]["error"]["message"].to_string();
    run.check("the limit that is passed", error.contains("--max-bytes"));
}

#[test]
fn reports_in_json_have_bodies_which_a_replay_passes_on() {
    let (server, dir) = (server(), Dir::new());
    let url = server.url("/plain/100");
    let args = [
        "--jsonl-bodies=100",
        "--export=jsonl=run.jsonl",
        "--export=json=run.json",
        "--export=csv=run.csv",
        "--log=log",
        &url,
    ];
    pfetch(&args).current_dir(dir.path()).run().exits(0);
    let read = |name: &str| {
        let text = std::fs::read_to_string(dir.path().join(name));
        text.expect("it was written")
    };
    let text = STANDARD.encode(body(100));
    for (name, has_body) in [
        ("run.jsonl", true),
        ("run.json", true),
        ("run.csv", false),
        ("log", false),
    ] {
        let found = read(name);
        assert_eq!(found.contains(&text), has_body, "{name}: {found}");
    }
    let report = read("run.jsonl");
    let replay = |files: &[&str]| {
        let args = [
            &["--format=jsonl", "--export=json=again.json", "--replay"],
            files,
        ]
        .concat();
        pfetch(&args).current_dir(dir.path()).run()
    };
    let replayed = replay(&["run.jsonl"]).exits(0);
    replayed.check("the same report", replayed.stdout == report);
    assert!(read("again.json").contains(&text));
    // Among others too.
    pfetch(&["--export=jsonl=other.jsonl", &url])
        .current_dir(dir.path())
        .run()
        .exits(0);
    let merged = replay(&["other.jsonl", "run.jsonl"]).exits(0);
    let found: Vec<_> = merged.results().iter().map(decoded).collect();
    merged.check("one has a body", found == [None, Some(body(100))]);
    let odd = report.replace(&text, "????");
    dir.file("odd.jsonl", odd);
    replay(&["odd.jsonl"])
        .exits(2)
        .says("odd.jsonl:2: \"body\" is no base64");
}

#[test]
fn the_longest_body_is_read_again() {
    let (server, dir) = (server(), Dir::new());
    let (run, results) = results(&server, &["/plain/10000000"], &["--jsonl-bodies=10M"]);
    let run = run.exits(0);
    run.check("its body", decoded(&results[0]) == Some(body(10_000_000)));
    let file = dir.file("run.jsonl", &run.stdout);
    pfetch(&["--replay", &file])
        .run()
        .exits(0)
        .prints("1 URL: 1 ok");
}

#[test]
fn options_that_leave_no_place_for_bodies_are_refused() {
    for (options, says) in [
        (&["--jsonl-bodies=1M"][..], "--format jsonl"),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "--summary-only"],
            "--summary-only",
        ),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "--order=input"],
            "--order input",
        ),
        (&["--jsonl-bodies=0", "--format=jsonl"], "10M"),
        (&["--jsonl-bodies=10000001", "--format=jsonl"], "-d DIR"),
        (&["--jsonl-bodies=x", "--format=jsonl"], "number of bytes"),
        (&["--jsonl-bodies=1M", "--format=jsonl", "--cat"], "--cat"),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "-d", "x"],
            "with -d",
        ),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "-o", "x"],
            "with -o",
        ),
        (&["--jsonl-bodies=1M", "--format=jsonl", "-I"], "with -I"),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "--log=x", "--resume"],
            "--resume",
        ),
        (
            &["--jsonl-bodies=1M", "--format=jsonl", "--compare"],
            "--compare",
        ),
    ] {
        let run = pfetch(&[options, &["http://127.0.0.1:9/"]].concat()).run();
        run.exits(2).says(says).complains_in_a_line();
    }
}

/// The number of requests so far.
type Requests = Arc<(Mutex<usize>, Condvar)>;

/// A listener that holds the run up at its first result, until there are too many requests or a while is over.
struct HoldUp {
    requests: Requests,
    allowed: usize,
    held: Option<usize>,
}

impl Listener for HoldUp {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if matches!(event, Event::Finished(_)) && self.held.is_none() {
            let (count, changed) = &*self.requests;
            let guard = count.lock().expect("nobody panics with it");
            let while_few = |count: &mut usize| *count <= self.allowed;
            let waited = changed.wait_timeout_while(guard, Duration::from_millis(300), while_few);
            self.held = Some(*waited.expect("nobody panics with it").0);
        }
        Ok(())
    }
}

#[test]
fn no_more_bodies_are_in_memory_than_there_are_workers() {
    const WORKERS: usize = 3;
    let requests: Requests = Arc::default();
    // One server would be asked no more than there are workers anyway.
    let servers: Vec<Server> = (0..20)
        .map(|_| {
            let seen = Arc::clone(&requests);
            Server::with(move |_, reply| {
                let (count, changed) = &*seen;
                *count.lock().expect("nobody panics with it") += 1;
                changed.notify_all();
                reply.send(200, "", b"abc")
            })
        })
        .collect();
    let urls: Vec<String> = servers.iter().map(|server| server.url("/")).collect();
    let source = Source::new(&urls, Vec::new(), InputConfig::default());
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let pool = fetcher.pool(Pool::builder().workers(WORKERS).queue(100));
    // The body of the first result is one of them still; its worker may have been given the next job.
    let allowed = WORKERS + 1;
    let mut listener = HoldUp {
        requests,
        allowed,
        held: None,
    };
    let work = Work {
        source: source.expect("there is no list to read"),
        bodies: Bodies::Collect { limit: 100 },
        done: None,
    };
    let report = run(RunConfig::default(), work, &pool, &mut listener);
    assert_eq!(report.summary.ok, 20, "{report:?}");
    assert!(
        listener.held.is_some_and(|held| held <= allowed),
        "{:?}",
        listener.held
    );
}
