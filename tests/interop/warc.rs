//! WARC packs as warcio reads them.

use std::process::Command;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// Interpreters that may have warcio: one that `WARCIO_PYTHON` names, or the system's.
fn interpreter() -> Option<String> {
    let named = std::env::var("WARCIO_PYTHON").ok();
    let all = named
        .into_iter()
        .chain(["python3", "/usr/bin/python3"].map(str::to_owned));
    let has_it = |python: &String| {
        let output = Command::new(python).args(["-c", "import warcio"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    all.into_iter().find(has_it)
}

#[test]
fn warcio_finds_nothing_wrong_and_recompresses_to_the_same_records() {
    let Some(python) = interpreter() else {
        eprintln!("skipped: no python3 with warcio (pip install warcio; WARCIO_PYTHON names one)");
        return;
    };
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
    let mut args = vec!["--log", "run.log", "--pack", "warc=w-%d.warc.gz"];
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    args.extend(urls.iter().map(String::as_str));
    pfetch(&args).current_dir(dir.path()).run().exits(0);
    let warcio = |args: &[&str]| {
        let output = Command::new(&python)
            .args(["-m", "warcio.cli"])
            .args(args)
            .current_dir(dir.path())
            .output();
        let output = output.unwrap_or_else(|error| panic!("{python}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}\n{text}\n{complaints}");
        text
    };
    let checked = warcio(&["check", "-v", "w-0.warc.gz"]);
    assert!(!checked.contains("failed"), "{checked}");
    let index = warcio(&[
        "index",
        "-f",
        "warc-type,warc-target-uri,http:status",
        "w-0.warc.gz",
    ]);
    let responses = index.matches("\"response\"").count();
    assert_eq!(responses, paths.len() + 3, "{index}");
    warcio(&["recompress", "w-0.warc.gz", "again.warc.gz"]);
    let fields = "warc-type,warc-record-id,warc-block-digest,warc-payload-digest";
    let of = |file| warcio(&["index", "-f", fields, file]);
    assert_eq!(of("w-0.warc.gz"), of("again.warc.gz"));
}
