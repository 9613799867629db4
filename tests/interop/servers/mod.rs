//! Against the servers of the web: that their responses are right in all their forms, and that their
//! connections are used as often as they allow.

mod apache;
mod caddy;
mod lighttpd;
mod nginx;
mod node;
mod python;

use std::collections::HashSet;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::pfetch::pfetch;

/// The number of URLs of a run, and of its workers.
const COUNT: usize = 240;
const WORKERS: usize = 8;

/// The sizes of the files, which are their names.
const SIZES: [usize; 4] = [0, 1, 1_000, 70_000];

/// The size of the bodies whose length is not stated.
const LONG: usize = 70_000;

/// A script for the Common Gateway Interface, whose length the server does not know.
const SCRIPT: &str = "#!/bin/sh\n\
     printf 'Content-Type: text/plain\\r\\n\\r\\n'\n\
     head -c 70000 /dev/zero | tr '\\0' x\n";

/// A request, and the response that there should be.
#[derive(Debug, Clone)]
struct Page {
    path: String,
    is_head: bool,
    header: Option<(&'static str, &'static str)>,
    status: u16,
    /// The length of its body of `x`; `None` if it may be any.
    length: Option<usize>,
}

impl Page {
    fn new(path: impl Into<String>, status: u16, length: usize) -> Self {
        Page {
            path: path.into(),
            is_head: false,
            header: None,
            status,
            length: Some(length),
        }
    }

    fn head(mut self) -> Self {
        self.is_head = true;
        self.length = Some(0);
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// A line of the input. No two are the same, so that all of them are fetched.
    fn line(&self, prefix: &str, number: usize) -> String {
        let mut line = Map::new();
        let url = format!("{prefix}{}?{number}", self.path);
        line.insert("url".to_owned(), url.into());
        if self.is_head {
            line.insert("action".to_owned(), "head".into());
        }
        if let Some((name, value)) = self.header {
            line.insert("headers".to_owned(), json!({name: value}));
        }
        if let Some(length) = self
            .length
            .filter(|_| matches!(self.status, 200 | 206) && !self.is_head)
        {
            let digest = digest(&SHA256, &vec![b'x'; length]);
            let hex = |byte: &u8| format!("{byte:02x}");
            let hex: String = digest.as_ref().iter().map(hex).collect();
            line.insert("sha256".to_owned(), hex.into());
        }
        Value::from(line).to_string() + "\n"
    }
}

/// The pages that are files.
fn files() -> Vec<Page> {
    let page = |size: &usize| Page::new(format!("/{size}"), 200, *size);
    SIZES.iter().map(page).collect()
}

/// What a server of files can be asked for; `unless` makes it say that a file has not changed.
fn pages(unless: (&'static str, &'static str)) -> Vec<Page> {
    let mut pages = files();
    let mut missing = Page::new("/missing", 404, 0);
    missing.length = None;
    pages.extend([
        Page::new("/70000", 200, LONG).head(),
        Page::new("/1000", 304, 0).with(unless.0, unless.1),
        missing,
    ]);
    pages
}

/// The parts of a file.
fn parts() -> Vec<Page> {
    vec![
        Page::new("/1000", 206, 10).with("Range", "bytes=10-19"),
        Page::new("/70000", 206, 60_000).with("Range", "bytes=10000-"),
        Page::new("/70000", 206, 1).with("Range", "bytes=-1"),
    ]
}

/// An answer to this is 304, if the file is there at all.
const ANY_TAG: (&str, &str) = ("If-None-Match", "*");

/// The same for servers that look at dates only.
const LATER: (&str, &str) = ("If-Modified-Since", "Fri, 31 Dec 2999 00:00:00 GMT");

fn write_files(root: &Path) {
    fs::create_dir_all(root).expect("the folder can be made");
    for size in SIZES {
        let file = root.join(size.to_string());
        fs::write(file, vec![b'x'; size]).expect("the folder is there");
    }
    let script = root.join("script.cgi");
    fs::write(&script, SCRIPT).expect("the folder is there");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&script, mode).expect("it was written");
}

/// Fetches [`COUNT`] URLs of these pages, checks each response, and that so many connections were needed.
fn fetch_all(prefix: &str, args: &[&str], pages: &[Page], connections: RangeInclusive<usize>) {
    let page = |number: usize| &pages[number % pages.len()];
    let list: String = (0..COUNT)
        .map(|number| page(number).line(prefix, number))
        .collect();
    let workers = format!("-j{WORKERS}");
    let first = [
        "--format=jsonl",
        "--retry=0",
        "--accept=200..=399,404",
        &workers,
    ];
    let run = pfetch(&[&first[..], args, &["-"]].concat());
    let run = run.stdin(list).run().exits(0).says_nothing();
    let results = run.results();
    let mut seen = HashSet::new();
    for result in &results {
        let index = result["index"].as_u64().expect("a result has its index");
        let number = usize::try_from(index).expect("it is small");
        let page = page(number);
        let shown = format!("{page:?}: {result}");
        run.check(&format!("once, {shown}"), seen.insert(number));
        run.check(&format!("ok, {shown}"), result["outcome"] == "ok");
        run.check(&format!("status, {shown}"), result["status"] == page.status);
        let is_right = page.length.is_none_or(|length| result["bytes"] == length);
        run.check(&format!("bytes, {shown}"), is_right);
    }
    run.check("all of them", seen.len() == COUNT);
    let fresh = results.iter().filter(|result| result["reused"] == false);
    let fresh = fresh.count();
    let is_right = connections.contains(&fresh);
    run.check(
        &format!("{fresh} connections, not {connections:?}"),
        is_right,
    );
}

/// The connections that it takes if each lasts.
const KEPT: RangeInclusive<usize> = 1..=WORKERS;

/// The connections that it takes if each is closed after so many requests. Some are left over at the end.
fn closed_after(requests: usize) -> RangeInclusive<usize> {
    COUNT.div_ceil(requests)..=COUNT.div_ceil(requests) + WORKERS
}
