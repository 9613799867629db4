//! Bodies that come in pieces: which attempts use up a try, and which bytes are reported.

use std::sync::atomic::{AtomicUsize, Ordering};

use ring::digest::{SHA256, digest};

use crate::pfetch::{Dir, Run, json_lines, pfetch};
use crate::raw::Raw;
use crate::save::resume::SIZE;
use crate::save::support::{Version, other_bytes};

/// A body that can be shown.
fn text() -> Vec<u8> {
    (0..SIZE)
        .map(|n| b"0123456789abcdefghijk"[n % 21])
        .collect()
}

fn version() -> Version {
    Version::tagged("\"v1\"", &text())
}

/// Answers each request, and breaks off after so many bytes of its body.
fn in_pieces(whole: Version, piece: usize) -> Raw {
    Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        let answer = whole.answer(&head);
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let end = body.map_or(answer.len(), |body| answer.len().min(body + 4 + piece));
        wire.send(&answer[..end])
    })
}

fn run(args: &[&str], dir: &Dir, server: &Raw) -> Run {
    let url = server.url("/file");
    let common = ["--retry-delay=1ms", json_lines(args), url.as_str()];
    pfetch(&[args, &common].concat())
        .current_dir(dir.path())
        .run()
}

/// The result, which with `--cat` is on standard error.
fn result(run: &Run) -> serde_json::Value {
    let text = [run.stdout.as_str(), run.stderr.as_str()].concat();
    let line = text
        .lines()
        .find(|line| line.contains(r#""type":"result""#));
    let line = line.and_then(|line| line.find('{').map(|at| &line[at..]));
    let result = line.and_then(|line| {
        let mut values = serde_json::Deserializer::from_str(line).into_iter();
        values.next()?.ok()
    });
    run.check("it has a result", result.is_some());
    result.unwrap_or_default()
}

#[test]
fn a_body_in_pieces_of_more_than_16_kib_uses_up_no_try_and_is_reported_whole() {
    for sink in ["-d.", "--cat"] {
        let dir = Dir::on_disk();
        let server = in_pieces(version(), 50_000);
        let run = run(&[sink, "--retry=1"], &dir, &server).exits(0);
        let result = result(&run);
        let earlier = result["earlier"].as_array().map_or(0, Vec::len);
        run.check(sink, earlier >= 6 && server.connections() == earlier + 1);
        run.check(sink, result["bytes"] == SIZE);
        run.check(sink, result["wire_bytes"].as_u64() > Some(SIZE as u64));
        let wire: u64 = result["earlier"].as_array().map_or(0, |all| {
            all.iter()
                .filter_map(|one| one["wire_bytes"].as_u64())
                .sum()
        });
        run.check(sink, result["wire_bytes"].as_u64() > Some(wire));
    }
}

#[test]
fn pieces_that_bring_little_use_up_tries() {
    for (sink, piece) in [("-d.", 10_000), ("-d.", 3_000), ("--cat", 10_000)] {
        let dir = Dir::on_disk();
        let server = in_pieces(version(), piece);
        let run = run(&[sink, "--retry=2"], &dir, &server);
        run.check(sink, run.status.code() == Some(1) || sink == "--cat");
        run.check(sink, server.connections() == 3);
    }
}

#[test]
fn without_retries_no_piece_is_continued() {
    let dir = Dir::on_disk();
    let server = in_pieces(version(), 200_000);
    let run = run(&["-d.", "--retry=0"], &dir, &server).exits(1);
    run.check("one request", server.connections() == 1);
}

#[test]
fn pieces_of_a_version_that_cannot_be_continued_use_up_tries() {
    let dir = Dir::on_disk();
    let weak = Version::tagged("W/\"v1\"", &text());
    let server = in_pieces(weak, 100_000);
    let run = run(&["-d.", "--retry=2"], &dir, &server).exits(1);
    run.check("three requests", server.connections() == 3);
}

#[test]
fn a_wrong_checksum_is_tried_once_more_from_the_beginning() {
    let right = text();
    let sum: String = digest(&SHA256, &right)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for (wrong, retries, requests, code) in [(1, 5, 2, 0), (9, 5, 2, 1), (9, 0, 1, 1)] {
        let dir = Dir::on_disk();
        let came = AtomicUsize::new(0);
        let good = version();
        let bad = Version::tagged("\"v1\"", &other_bytes(SIZE));
        let server = Raw::start(move |mut wire| match wire.head() {
            None => Ok(()),
            Some(head) => match came.fetch_add(1, Ordering::SeqCst) < wrong {
                true => wire.send(bad.answer(&head)),
                false => wire.send(good.answer(&head)),
            },
        });
        let line = format!(r#"{{"url":"{}","sha256":"{sum}"}}"#, server.url("/file"));
        let option = format!("--retry={retries}");
        let args = ["-d.", "--retry-delay=1ms", "--format=jsonl", &option, "-"];
        let run = pfetch(&args)
            .current_dir(dir.path())
            .stdin(line)
            .run()
            .exits(code);
        run.check("requests", server.connections() == requests);
        run.check(
            "no range",
            server.heads().iter().all(|head| !head.contains("ange:")),
        );
        let kind = if code == 0 {
            run.result()["earlier"][0]["error"]["kind"].clone()
        } else {
            run.result()["error"]["kind"].clone()
        };
        run.check("checksum", kind == "checksum");
    }
}
