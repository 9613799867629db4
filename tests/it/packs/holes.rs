//! What must leave no trace in packs: attempts and hops before the last, failures, requests without a body; and
//! what is in the way.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Place, members, once, packs_of};
use crate::server::{Server, bytes, routes};

/// A server that fails in all ways, some of them at first only.
fn failing() -> Server {
    let asked = AtomicUsize::new(0);
    Server::with(move |request, reply| match request.target.as_str() {
        "/busy" if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
            reply.send(503, "Content-Type: text/plain\r\n", b"try again")
        }
        "/busy" => reply.send(200, "Content-Type: text/plain\r\n", b"at last"),
        // Half a body, each time.
        "/torn" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n";
            let mut raw = reply.raw();
            raw.write_all(head.as_bytes())?;
            raw.write_all(b"0123456789")
        }
        "/page" => reply.send(200, "Content-Type: text/html\r\n", b"<p>"),
        "/astray" => reply.send(302, "Location: /status/404\r\n", b"this way"),
        _ => routes(request, reply),
    })
}

/// A list of URLs some of which fail, for a reason each.
fn list_of_failures(server: &Server) -> String {
    let urls = [
        "/busy",
        "/torn",
        "/page",
        "/astray",
        "/status/500",
        "/bytes/70000",
        "/redirect/2",
    ];
    let mut list: String = urls.map(|path| server.url(path) + "\n").concat();
    let checked = format!(
        "{{\"url\": \"{}\", \"sha256\": \"{}\"}}\nhttp://\n",
        server.url("/bytes/3"),
        "0".repeat(64)
    );
    list += &checked;
    list + &server.url("/echo")
}

/// Options by which `/bytes/70000` of that list fails.
const FAILING: [&str; 8] = [
    "--retry",
    "1",
    "--retry-delay",
    "1ms",
    "--max-bytes",
    "60000",
    "--max-failures",
    "100%",
];

#[test]
fn attempts_and_failures_leave_nothing_in_a_tar_pack() {
    let server = failing();
    let place = Place::new();
    let run = place
        .packing("tar=out/p-%d.tar", &FAILING)
        .stdin(list_of_failures(&server))
        .run();
    let run = run.exits(0);
    let members = members(&place.at("out"));
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    let expected = [
        "0000000000.json",
        "0000000000.txt",
        "0000000002.html",
        "0000000002.json",
        "0000000006.bin",
        "0000000006.json",
        "0000000009.json",
        "0000000009.txt",
    ];
    run.check(
        &format!("only these are there: {names:?}"),
        names == expected,
    );
    for (name, body) in [
        ("0000000000.txt", &b"at last"[..]),
        ("0000000006.bin", b"arrived\n"),
    ] {
        assert_eq!(once(&members, name, &run), body, "{name}");
    }
}

#[test]
fn attempts_and_failures_leave_nothing_in_a_warc_pack() {
    let server = failing();
    let place = Place::new();
    let run = place
        .packing("warc=p-%d.warc.gz", &FAILING)
        .stdin(list_of_failures(&server))
        .run();
    let run = run.exits(0);
    let mut all = Vec::new();
    MultiGzDecoder::new(File::open(place.at("p-0.warc.gz")).unwrap())
        .read_to_end(&mut all)
        .unwrap();
    let text = String::from_utf8_lossy(&all);
    let uris: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("WARC-Target-URI: "))
        .map(|uri| uri.strip_prefix(&server.url("")).unwrap_or(uri))
        .collect();
    let mut counted = std::collections::BTreeMap::new();
    for uri in uris {
        *counted.entry(uri).or_insert(0) += 1;
    }
    let expected = [
        ("/busy", 2),
        ("/echo", 2),
        ("/page", 2),
        ("/redirect/0", 2),
        ("/redirect/1", 2),
        ("/redirect/2", 2),
    ];
    run.check(
        &format!("a request and a response of each: {counted:?}"),
        counted.into_iter().eq(expected),
    );
    assert!(
        text.contains("at last") && !text.contains("try again"),
        "{text}"
    );
}

#[test]
fn a_head_request_of_a_list_is_done_and_in_no_pack() {
    let server = Server::start();
    let place = Place::new();
    let list = format!(
        "{{\"url\": \"{}\", \"action\": \"head\"}}\n{}\n",
        server.url("/bytes/7"),
        server.url("/bytes/8")
    );
    let pack = |args: &[&str]| place.packing("tar=out/p-%d.tar", args).stdin(&list).run();
    let run = pack(&[]).exits(0).says("warning: HEAD requests");
    let found = members(&place.at("out"));
    assert_eq!(once(&found, "0000000001.bin", &run), bytes(8));
    assert_eq!(found.len(), 2, "{:?}", found.keys());
    let again = pack(&["--resume"]).exits(0).prints("2 done before");
    again.says_nothing();
    assert_eq!(server.requests(), 2, "{:?}", server.targets());
}

#[test]
fn a_run_of_failures_alone_leaves_no_pack() {
    let server = Server::start();
    for (pattern, args) in [
        ("tar=p-%d.tar", &["--retry", "0"][..]),
        ("warc=p-%d.tar.warc.gz", &["--retry", "0"]),
        ("tar=p-%d.tar", &["--retry", "0", "--fail-fast"]),
    ] {
        let place = Place::new();
        let list = [server.url("/status/404"), server.url("/status/410")].join("\n");
        let run = place.packing(pattern, args).stdin(list).run().exits(1);
        let names = packs_of(&place, "");
        run.check(&format!("nothing is left: {names:?}"), names.is_empty());
    }
}

#[test]
fn a_compressed_body_is_unpacked_in_tar_as_its_result_says() {
    let server = Server::with(|_, reply| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"plain").unwrap();
        let body = gzip.finish().unwrap();
        let head = "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n";
        reply.send(200, head, &body)
    });
    let place = Place::new();
    let run = place
        .packing("tar=out/p-%d.tar", &["--compressed", &server.url("/")])
        .run()
        .exits(0);
    let members = members(&place.at("out"));
    assert_eq!(once(&members, "0000000000.txt", &run), b"plain");
    let record = once(&members, "0000000000.json", &run);
    let record: serde_json::Value = serde_json::from_slice(record).unwrap();
    assert_eq!(record["bytes"], 5, "{record}");
}

#[test]
fn packs_are_never_written_through_a_link_nor_over_one() {
    let server = Server::start();
    let url = server.url("/bytes/9");
    for name in ["p-0.tar", "p-0.tar.part"] {
        let place = Place::new();
        fs::write(place.at("precious"), "kept").unwrap();
        symlink("precious", place.at(name)).unwrap();
        let run = place.packing("tar=p-%d.tar", &[&url]).run();
        run.exits(2).says(name).complains_in_a_line();
        assert_eq!(fs::read(place.at("precious")).unwrap(), b"kept", "{name}");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_stop_when_all_is_done_publishes_the_pack() {
    let server = Server::start();
    let place = Place::new();
    let list = [server.url("/bytes/1"), server.url("/status/404")].join("\n");
    let args = ["-j1", "--retry", "0", "--fail-fast"];
    let run = place.packing("tar=p-%d.tar", &args).stdin(list).run();
    run.exits(1);
    assert_eq!(packs_of(&place, ""), ["p-0.tar"]);
}
