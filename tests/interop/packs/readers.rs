//! Packs as webdataset, warcio and pywb read them, and beside those of wget.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use super::{output_of, packing, python};
use crate::nginx::Nginx;
use crate::peer::is_missing;
use crate::pfetch::Dir;
use crate::server::{Server, bytes, routes};

/// The program beside the interpreter.
fn beside(python: &Path, name: &str) -> std::path::PathBuf {
    python.with_file_name(name)
}

/// The lines of JSON that one of the scripts beside this file prints.
fn script(python: &Path, name: &str, args: &[&str], dir: &Dir) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/packs");
    let script = folder.join(name).display().to_string();
    let text = output_of(python, &[&[script.as_str()], args].concat(), dir);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn unpacked(dir: &Dir, name: &str) -> Vec<u8> {
    let file = File::open(dir.path().join(name)).expect("the file is there");
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(file).read_to_end(&mut bytes);
    read.unwrap_or_else(|error| panic!("{name}: {error}"));
    bytes
}

#[test]
fn webdataset_reads_the_key_the_body_and_the_result_of_each_sample() {
    let python = python();
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/image" => reply.send(200, "Content-Type: image/png\r\n", b"\x89PNG"),
        "/a.b.json" => reply.send(200, "Content-Type: application/json\r\n", b"[1]"),
        "/text" => reply.send(200, "Content-Type: text/plain\r\n", "é".as_bytes()),
        _ => routes(request, reply),
    });
    let dir = Dir::new();
    let large = format!("/bytes/{}", 3 << 20);
    let contents: [(&str, &str, &[u8]); 7] = [
        ("/image", "png", b"\x89PNG"),
        ("/a.b.json", "body.json", b"[1]"),
        ("/text", "txt", "é".as_bytes()),
        ("/bytes/0", "bin", b""),
        (&large, "bin", &bytes(3 << 20)),
        ("/redirect/2", "bin", b"arrived\n"),
        ("/bytes/511", "bin", &bytes(511)),
    ];
    let urls: Vec<String> = contents.iter().map(|(path, ..)| server.url(path)).collect();
    let mut args = vec!["--pack-count", "3", "-j1"];
    args.extend(urls.iter().map(String::as_str));
    packing(&dir, "tar=set-%03d.tar", &args).run().exits(0);
    let files = ["set-000.tar", "set-001.tar", "set-002.tar"];
    let mut found = script(python, "samples.py", &files, &dir);
    found.sort_by_key(|sample| sample["index"].as_u64());
    let expected: Vec<Value> = (contents.iter().zip(&urls).enumerate())
        .map(|(index, ((_, extension, body), url))| {
            json!({
                "key": format!("{index:010}"),
                "extension": extension,
                "sha256": sha256(body),
                "index": index,
                "url": url,
            })
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn warcio_finds_nothing_wrong_and_recompresses_to_the_same_bytes() {
    let python = python();
    let server = Server::start();
    let dir = Dir::new();
    let paths = [
        "/bytes/0",
        "/bytes/70000",
        "/redirect/3",
        "/chunked/5000",
        "/close/9",
        "/echo",
    ];
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let mut args = vec!["--pack-count", "4"];
    args.extend(urls.iter().map(String::as_str));
    packing(&dir, "warc=w-%d.warc.gz", &args).run().exits(0);
    let warcio = beside(python, "warcio");
    let mut responses = 0;
    for file in ["w-0.warc.gz", "w-1.warc.gz"] {
        let checked = output_of(&warcio, &["check", "-v", file], &dir);
        let has_failed = checked.contains("fail");
        assert!(checked.contains("digest pass") && !has_failed, "{checked}");
        let fields = "warc-type,warc-target-uri,http:status";
        let index = output_of(&warcio, &["index", "-f", fields, file], &dir);
        responses += index.matches("\"response\"").count();
        output_of(&warcio, &["recompress", file, "again.warc.gz"], &dir);
        let (ours, theirs) = (unpacked(&dir, file), unpacked(&dir, "again.warc.gz"));
        assert!(ours == theirs, "{file} is not what it was");
    }
    assert_eq!(responses, paths.len() + 3);
}

/// Paths that have something to be made the same in an index.
const PATHS: [&str; 28] = [
    "/",
    "",
    "/A/b/",
    "//a///b",
    "/a/./b/../c",
    "/%2e%2e/a/%2E/b",
    "/..%2f..%2fa",
    "/%252541%7e%20%23",
    "/%c3%A9%ff",
    "/%zz%",
    "/a%3Fb=1",
    "/%0a%00",
    "/é ü",
    "/{}|\\^`",
    "/?",
    "/?c=1&b=2&B=",
    "/?b&b=&&a",
    "/?a=%26&A=%25%32%36",
    "/?x=http://www.X.com/%7e+c",
    "/?'\"<>",
    "/(0123456789abcdefghijKLMN)/p.aspx",
    "/a/(S(0123456789abcdefghijklmn)F(0123456789abcdefghijklmn))/p.aspx/q",
    "/(0123456789abcdefghijklmn)/p.asp",
    "/?a=1&jsessionid=0123456789abcdef0123456789ABCDEF",
    "/?PHPSESSID=0123456789abcdef0123456789abcdef&z=1",
    "/?sid=0123456789abcdef0123456789abcdef0",
    "/?ASPSESSIONIDABCDEFGH=ABCDEFGHIJKLMNOPQRSTUVWX&b=1",
    "/?cfid=1&cftoken=2&cfid=3&cftoken=&z",
];

/// Hosts that have, which all are this machine.
const HOSTS: [&str; 8] = [
    "127.0.0.1",
    "0x7f.1",
    "www.Example.com",
    "www12.example.com",
    "www.com",
    "wwwx.a-b_c.example",
    "example.com.",
    "bücher.example",
];

/// The lines of an index: their keys, times and objects.
fn index_lines(text: &str) -> Vec<(String, String, Value)> {
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut next = || parts.next().unwrap_or_else(|| panic!("{line}"));
            let (key, time) = (next().to_owned(), next().to_owned());
            let object: Value = serde_json::from_str(next()).unwrap_or_else(|_| panic!("{line}"));
            (key, time, object)
        })
        .collect();
    lines.sort_by_key(|(key, time, object)| (key.clone(), time.clone(), object.to_string()));
    lines
}

#[test]
fn the_index_is_the_one_that_pywb_makes() {
    let python = python();
    let server = Server::with(|request, reply| {
        let media_type = match request.target.len() % 4 {
            0 => "Content-Type: Text/HTML ; charset=x\r\n",
            1 => "Content-Type: a/b c\r\n",
            2 => "Content-Type: \r\n",
            _ => "",
        };
        match request.target.as_str() {
            "/A/b/" => reply.send(302, "Location: /c?b&a\r\n", b""),
            _ => reply.send(200, media_type, request.target.as_bytes()),
        }
    });
    let dir = Dir::new();
    let port = server.addr().port();
    let of_paths = PATHS.iter().map(|path| format!("127.0.0.1:{port}{path}"));
    let of_hosts = HOSTS.iter().map(|host| format!("{host}:{port}/a"));
    let urls: Vec<String> = of_paths
        .chain(of_hosts)
        .map(|rest| format!("http://{rest}\0"))
        .collect();
    let resolve = format!("*:{port}:127.0.0.1");
    // A URL with a blank is none in a list of lines.
    let args = ["-0", "--resolve", &resolve];
    let run = packing(&dir, "warc=w-%d.warc.gz", &args).stdin(urls.concat());
    let run = run.run().exits(0);
    let indexer = beside(python, "cdx-indexer");
    let theirs = index_lines(&output_of(&indexer, &["-j", "w-0.warc.gz"], &dir));
    let ours = fs::read_to_string(dir.path().join("w-0.warc.gz.cdxj"));
    let ours = ours.expect("the index is there");
    run.check("it is sorted", ours.lines().is_sorted());
    let ours = index_lines(&ours);
    run.check("all are there", ours.len() == PATHS.len() + HOSTS.len() + 1);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn records_are_those_that_wget_writes_of_the_same_site() {
    let python = python();
    if is_missing("wget", "wget") {
        return;
    }
    let nginx = Nginx::start("", "location /moved { return 302 /page.html?a=1; }");
    for (name, body) in [
        ("page.html", &b"<p>page"[..]),
        ("empty", b""),
        ("large", &bytes(2 << 20)),
        ("with blank.txt", b"blank"),
    ] {
        fs::write(nginx.root().join(name), body).expect("the site can be written");
    }
    let paths = [
        "/page.html",
        "/empty",
        "/large",
        "/with%20blank.txt",
        "/moved",
        "/page.html?b=2",
    ];
    let dir = Dir::new();
    let list: String = paths.iter().map(|path| nginx.url(path) + "\n").collect();
    dir.file("list", &list);
    packing(&dir, "warc=ours-%d.warc.gz", &["-i", "list"])
        .run()
        .exits(0);
    let args = "-q --warc-file=theirs --no-warc-keep-log -i list -O /dev/null";
    let args: Vec<&str> = args.split(' ').collect();
    output_of(Path::new("wget"), &args, &dir);
    // The records of each kind and URI, with the digests of responses.
    let of = |file: &str| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for record in script(python, "records.py", &[file], &dir) {
            let kind = record["type"].as_str().unwrap_or_default();
            let what = match kind {
                "response" => format!(
                    "{kind} {} {} {}",
                    record["uri"], record["digest"], record["status"]
                ),
                "request" => format!("{kind} {}", record["uri"]),
                // wget has records about itself at its end.
                "warcinfo" => kind.to_owned(),
                _ => continue,
            };
            *counts.entry(what).or_default() += 1;
        }
        counts
    };
    let (ours, theirs) = (of("ours-0.warc.gz"), of("theirs.warc.gz"));
    assert_eq!(ours, theirs);
    assert_eq!(ours.values().sum::<usize>(), 1 + 2 * (paths.len() + 1));
}
