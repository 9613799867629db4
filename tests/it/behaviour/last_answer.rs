//! What reports say of a target that was answered, and did not fail by that answer alone: given up, cut off, refused.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::{Raw, Wire};
use crate::server::Server;

/// A server that answers every request with 429.
fn busy() -> Server {
    Server::with(|_, reply| {
        reply.send(
            429,
            "Retry-After: 1\r\nContent-Type: text/busy\r\n",
            b"later",
        )
    })
}

fn urls(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

/// A result with its number of attempts.
fn attempts(result: &Value) -> u64 {
    result["attempts"].as_u64().unwrap_or_default()
}

#[test]
fn a_target_that_is_given_up_keeps_its_last_answer_in_every_report() {
    let (server, dir) = (busy(), Dir::new());
    let names = ["run.jsonl", "run.csv", "run.har", "run.xml", "run.md"];
    let files = names.map(|name| dir.path().join(name).display().to_string());
    let exports = files.iter().flat_map(|file| ["--export", file.as_str()]);
    let format = ["-j4", "-w", "%{http_code} %{url}\\n", "-"];
    let args: Vec<&str> = exports.chain(format).collect();
    let list = urls(&server, 8);
    let run = pfetch(&args).stdin(list.join("\n")).run().exits(1);
    let [lines, csv, har, junit, markdown] = files
        .map(|file| fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
    let results: Vec<Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["type"] == "result")
        .collect();
    assert_eq!(results.len(), 8, "{lines}");
    let is_given_up = |result: &&Value| result["error"]["kind"] == "given-up";
    let (mut answered, mut never) = (0, 0);
    for result in results.iter().filter(is_given_up) {
        let url = result["url"].as_str().unwrap_or_default();
        let (status, code) = match attempts(result) {
            0 => (Value::Null, "000"),
            _ => (429.into(), "429"),
        };
        match attempts(result) {
            0 => never += 1,
            _ => answered += 1,
        }
        assert_eq!(result["status"], status, "{result}");
        let has_type = result["content_type"] == "text/busy";
        assert_eq!(has_type, attempts(result) > 0, "{result}");
        run.check(url, run.stdout.contains(&format!("{code} {url}\n")));
        let mut rows = csv.lines();
        let row = rows.find(|row| row.contains(url)).unwrap_or_default();
        assert_eq!(row.contains(",429,"), attempts(result) > 0, "{row}");
    }
    assert!(answered > 0, "{lines}");
    let reason = "after status 429: given-up: ";
    assert_eq!(junit.matches(reason).count(), answered, "{never}\n{junit}");
    assert_eq!(markdown.matches(reason).count(), answered, "{markdown}");
    // Each request that was made has its entry, and no other.
    let har: Value = serde_json::from_str(&har).unwrap_or_else(|error| panic!("{error}: {har}"));
    let entries = har["log"]["entries"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(entries.len(), server.requests(), "{har}");
    for entry in entries {
        assert_eq!(entry["response"]["status"], 429, "{entry}");
    }
}

#[test]
fn a_status_that_did_not_decide_stands_in_the_reason_and_not_in_its_column() {
    let cut = Raw::start(|mut wire: Wire<'_>| {
        wire.request();
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    });
    let other = Server::with(|request, reply| match request.target.as_str() {
        "/away" => reply.send(302, "Location: ftp://h.example/\r\n", b""),
        _ => reply.send(200, "", b"good"),
    });
    let dir = Dir::new();
    let markdown = dir.path().join("run.md").display().to_string();
    let urls = [cut.url("/cut"), other.url("/away"), other.url("/good")];
    let args = [
        "--retry=0",
        "--export",
        &markdown,
        &urls[0],
        &urls[1],
        &urls[2],
    ];
    let run = pfetch(&args).run().exits(1);
    let page = fs::read_to_string(&markdown).unwrap_or_else(|error| panic!("{error}"));
    let with_200 = run.stdout.lines().filter(|line| line.contains(" 200 "));
    run.check("one success", with_200.count() == 1);
    run.check("no 302", !run.stdout.contains(" 302 "));
    for (url, reason) in [
        (&urls[0], "after status 200: receive: "),
        (&urls[1], "after status 302: redirect: "),
    ] {
        let line = run.stdout.lines().find(|line| line.contains(url.as_str()));
        let line = line.unwrap_or_default();
        run.check(reason, line.starts_with(" fail ") && line.contains(reason));
        let row = page.lines().find(|line| line.contains(url.as_str()));
        run.check(&page, row.is_some_and(|row| row.contains(reason)));
    }
    let run = pfetch(&["--retry=0", "--format=jsonl", &urls[0]])
        .run()
        .exits(1);
    run.check("data keep it", run.result()["status"] == 200);
}

/// Runs a list against a server that pushes the first requests back.
fn pushed_back(format: &str) -> Run {
    let asked = AtomicUsize::new(0);
    let server = Server::with(move |_, reply| match asked.fetch_add(1, Ordering::SeqCst) {
        ..6 => reply.send(503, "Retry-After: 0\r\n", b"later"),
        _ => reply.send(200, "", b"now"),
    });
    let list = urls(&server, 3);
    pfetch(&["-j1", "--retry=1", format, "-"])
        .stdin(list.join("\n"))
        .run()
}

#[test]
fn attempts_that_use_up_no_retry_are_told_to_have_been_pushed_back() {
    let run = pushed_back("--format=jsonl");
    let results = run.results();
    let many: Vec<&Value> = results.iter().filter(|r| attempts(r) > 2).collect();
    run.check("more attempts than tries", !many.is_empty());
    for result in many {
        let pushed_back = result["pushed_back"].as_u64().unwrap_or_default();
        let left = attempts(result).saturating_sub(pushed_back);
        run.check("what is left are tries", pushed_back > 0 && left <= 2);
    }
    let run = pushed_back("--format=human");
    let told = run.stdout.lines().find(|line| line.contains(" attempts, "));
    run.check(
        "told",
        told.is_some_and(|line| line.ends_with(" pushed back)")),
    );
}
