//! The program as a process: bodies in WARC files, with requests and responses (`--pack warc=…`).

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, bytes, routes};

/// A record: its header fields by their names, and its block.
#[derive(Debug)]
struct Record {
    fields: BTreeMap<String, String>,
    block: Vec<u8>,
}

impl Record {
    fn field(&self, name: &str) -> &str {
        let value = self.fields.get(name);
        value.unwrap_or_else(|| panic!("no {name}: {:?}", self.fields))
    }

    /// The head and the body of the HTTP message.
    fn message(&self) -> (String, &[u8]) {
        let end = self.block.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, body) = self.block.split_at(end.expect("a head ends") + 4);
        (String::from_utf8_lossy(head).into_owned(), body)
    }

    /// Reads the record that a gzip member is, and returns the length of the member.
    fn read(bytes: &[u8]) -> (Record, usize) {
        let mut decoder = GzDecoder::new(bytes);
        let mut record = Vec::new();
        decoder.read_to_end(&mut record).unwrap();
        let length = bytes.len() - decoder.into_inner().len();
        let end = record.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (header, rest) = record.split_at(end.expect("a header ends"));
        let header = String::from_utf8(header.to_vec()).unwrap();
        let mut lines = header.split("\r\n");
        assert_eq!(lines.next(), Some("WARC/1.1"), "{header}");
        let fields = lines.map(|line| line.split_once(": ").expect(line));
        let fields: BTreeMap<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let block = rest[4..].strip_suffix(b"\r\n\r\n").expect("a record ends");
        let stated: usize = fields["Content-Length"].parse().unwrap();
        assert_eq!(block.len(), stated, "{header}");
        let record = Record {
            fields,
            block: block.to_vec(),
        };
        (record, length)
    }
}

fn records(path: &Path) -> Vec<Record> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (record, length) = Record::read(rest);
        all.push(record);
        rest = &rest[length..];
    }
    all
}

/// SHA-1 as WARC writes it, done once more by bits.
fn sha1(bytes: &[u8]) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let bit = |place: usize| usize::from(digest.as_ref()[place / 8] >> (7 - place % 8) & 1);
    let text: String = (0..32)
        .map(|letter| (0..5).fold(0, |value, place| value * 2 + bit(letter * 5 + place)))
        .map(|value| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value]))
        .collect();
    format!("sha1:{text}")
}

fn pack(dir: &Dir, args: &[&str]) -> Run {
    let mut all = vec![
        "--log",
        "run.log",
        "--pack",
        "warc=w-%03d.warc.gz",
        "--retry",
        "0",
    ];
    all.extend(args);
    pfetch(&all).current_dir(dir.path()).run()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A server of all ways to send a body.
fn server() -> Server {
    Server::with(|request, reply| match request.target.as_str() {
        "/moved" => reply.send(
            301,
            "Location: /bytes/7\r\nX-Odd:  two  blanks \r\n",
            b"moved\n",
        ),
        "/far" => reply.send(302, "Location: /bytes/8\r\n", &bytes(200_000)),
        "/gzip" => reply.send(
            200,
            "Content-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n",
            &gzipped(b"<p>packed"),
        ),
        // What looks like chunks, and is not.
        "/odd" => reply.send_chunked(b"3\r\nabc\r\n0\r\n\r\n"),
        _ => routes(request, reply),
    })
}

#[test]
fn each_hop_is_a_request_and_a_response_as_they_were_sent() {
    let server = server();
    let dir = Dir::new();
    let large = format!("/bytes/{}", 3 << 20);
    let paths = [
        "/moved",
        "/far",
        "/gzip",
        "/odd",
        "/close/5",
        &large,
        "/status/404",
    ];
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let mut args = vec!["--compressed", "--max-failures", "1", "-j2"];
    args.extend(urls.iter().map(String::as_str));
    let run = pack(&dir, &args).exits(0);
    let all = records(&dir.path().join("w-000.warc.gz"));
    assert_eq!(all[0].field("WARC-Type"), "warcinfo");
    assert_eq!(all[0].field("WARC-Filename"), "w-000.warc.gz");
    let found: BTreeMap<String, &Record> = all[1..]
        .iter()
        .map(|record| {
            let path = record
                .field("WARC-Target-URI")
                .strip_prefix(&server.url(""));
            (
                format!("{} {}", record.field("WARC-Type"), path.unwrap()),
                record,
            )
        })
        .collect();
    let gzip = gzipped(b"<p>packed");
    let bodies: [(&str, &[u8]); 8] = [
        ("/moved", b"moved\n"),
        ("/bytes/7", &bytes(7)),
        ("/far", &bytes(65_536)),
        ("/bytes/8", &bytes(8)),
        ("/gzip", &gzip),
        ("/odd", b"3\r\nabc\r\n0\r\n\r\n"),
        ("/close/5", &bytes(5)),
        (&large, &bytes(3 << 20)),
    ];
    run.check(
        &format!("records: {:?}", found.keys()),
        found.len() == 2 * bodies.len() && all.len() == 1 + found.len(),
    );
    for (path, body) in bodies {
        let response = found[&format!("response {path}")];
        let (head, recorded) = response.message();
        if path == "/far" {
            // As much as is read of a body that nobody wants.
            assert_eq!(response.field("WARC-Truncated"), "length");
            assert!(bytes(200_000).starts_with(recorded) && recorded.len() >= body.len());
        } else {
            assert!(recorded == body, "{path}: {head}");
        }
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
        assert_eq!(
            response.field("WARC-Payload-Digest"),
            sha1(recorded),
            "{path}"
        );
        assert_eq!(
            response.field("WARC-Block-Digest"),
            sha1(&response.block),
            "{path}"
        );
        assert_eq!(response.field("WARC-IP-Address"), "127.0.0.1", "{path}");
        assert_eq!(
            response.field("Content-Type"),
            "application/http;msgtype=response"
        );
        let request = found[&format!("request {path}")];
        let (head, body) = request.message();
        assert!(
            head.starts_with(&format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:")),
            "{head}"
        );
        assert!(body.is_empty(), "{head}");
        assert_eq!(
            request.field("WARC-Concurrent-To"),
            response.field("WARC-Record-ID")
        );
    }
    let (head, _) = found["response /moved"].message();
    assert!(
        head.contains("\r\nX-Odd:  two  blanks \r\n"),
        "as it came: {head}"
    );
    let (head, _) = found["response /odd"].message();
    assert!(
        head.contains("\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n"),
        "{head}"
    );
    let (head, _) = found["response /gzip"].message();
    assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");

    let index = fs::read_to_string(dir.path().join("w-000.warc.gz.cdxj")).unwrap();
    let pack = fs::read(dir.path().join("w-000.warc.gz")).unwrap();
    assert!(index.lines().is_sorted(), "{index}");
    assert_eq!(index.lines().count(), bodies.len(), "{index}");
    for line in index.lines() {
        let fields: Value = serde_json::from_str(line.splitn(3, ' ').last().unwrap()).unwrap();
        let number = |name: &str| fields[name].as_str().unwrap().parse::<usize>().unwrap();
        let (record, length) = Record::read(&pack[number("offset")..]);
        assert_eq!(record.field("WARC-Target-URI"), fields["url"], "{line}");
        assert_eq!(length, number("length"), "{line}");
        let digest = format!("sha1:{}", fields["digest"].as_str().unwrap());
        assert_eq!(record.field("WARC-Payload-Digest"), digest, "{line}");
        let status = fields["status"].as_str().unwrap();
        assert!(
            record
                .message()
                .0
                .starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}"
        );
    }
    let mut names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["run.log", "w-000.warc.gz", "w-000.warc.gz.cdxj"]);
}

#[test]
fn a_recorded_request_has_no_secrets() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server
        .url("/bytes/1")
        .replacen("://", "://name:hunter2@", 1);
    let args = [
        "-H",
        "X-Custom: hunter2",
        "-H",
        "Cookie: a=hunter2",
        "-A",
        "agent/1",
        &url,
    ];
    pack(&dir, &args).exits(0).never_shows("hunter2");
    let all = records(&dir.path().join("w-000.warc.gz"));
    for record in &all {
        let text = format!(
            "{:?}{}",
            record.fields,
            String::from_utf8_lossy(&record.block)
        );
        assert!(
            !text.contains("hunter2") && !text.contains("uthorization"),
            "{text}"
        );
    }
    let request = all
        .iter()
        .find(|record| record.field("WARC-Type") == "request");
    let (head, _) = request.unwrap().message();
    assert!(head.contains("\r\nuser-agent: agent/1\r\n"), "{head}");
}

#[test]
fn a_checksum_in_the_list_is_that_of_the_content_and_the_record_has_what_was_sent() {
    let server = server();
    let dir = Dir::new();
    let sha256 = ring::digest::digest(&ring::digest::SHA256, b"<p>packed");
    let hex: String = sha256
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let list = format!(r#"{{"url": "{}", "sha256": "{hex}"}}"#, server.url("/gzip"));
    let args = [
        "--log",
        "run.log",
        "--pack",
        "warc=w-%d.warc.gz",
        "--compressed",
        "-i",
        "-",
    ];
    let run = pfetch(&args).current_dir(dir.path()).stdin(list).run();
    run.exits(0);
    let all = records(&dir.path().join("w-0.warc.gz"));
    let response = all
        .iter()
        .find(|record| record.field("WARC-Type") == "response");
    assert_eq!(response.unwrap().message().1, gzipped(b"<p>packed"));
}

#[test]
fn a_run_that_is_gone_on_with_keeps_its_records_and_their_index() {
    let server = server();
    let dir = Dir::new();
    let (one, two, bad) = (
        server.url("/moved"),
        server.url("/gzip"),
        server.url("/status/500"),
    );
    // A stop that leaves something keeps the pack from being published.
    let unread = server.url("/hang");
    pack(&dir, &["-j1", "--fail-fast", &one, &bad, &unread]).exits(1);
    assert!(dir.path().join("w-000.warc.gz.part").exists());
    assert!(dir.path().join("w-000.warc.gz.cdxj.part").exists());
    let run = pack(
        &dir,
        &["-j1", "--resume", "--max-failures", "1", &one, &bad, &two],
    )
    .exits(0);
    let all = records(&dir.path().join("w-000.warc.gz"));
    let count = |kind| {
        all.iter()
            .filter(|record| record.field("WARC-Type") == kind)
            .count()
    };
    let counts = ["warcinfo", "response", "request"].map(count);
    run.check(&format!("records: {counts:?}"), counts == [1, 3, 3]);
    let index = fs::read_to_string(dir.path().join("w-000.warc.gz.cdxj")).unwrap();
    assert_eq!(index.lines().count(), 3, "{index}");
    assert!(!dir.path().join("w-000.warc.gz.cdxj.part").exists());
}
