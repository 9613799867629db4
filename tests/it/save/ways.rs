//! The ways in which a body that broke off goes on: into files and to the output, by a retry and by a later
//! run.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::pfetch::{Dir, Run, json_lines, pfetch};
use crate::raw::Raw;
use crate::save::resume::{HELD, OVERLAP, SIZE};
use crate::save::support::{asked_from, response};
use crate::server::bytes;

/// The first position that is asked for.
pub(crate) const FROM: usize = HELD - OVERLAP;

/// Where a body goes, and when its rest is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Into a folder, by a retry.
    Retry,
    /// Into a folder, by a later run.
    LaterRun,
    /// To one file, by a later run.
    NamedFile,
    /// To the output, where it waits for its turn.
    WaitingCat,
    /// To the output, to which what came before the break has been written.
    WrittenCat,
}

pub(crate) const WAYS: [Way; 5] = [
    Way::Retry,
    Way::LaterRun,
    Way::NamedFile,
    Way::WaitingCat,
    Way::WrittenCat,
];

/// The last run, what it has made of the body, and what it and those before have asked for.
pub(crate) struct Fetched {
    pub(crate) run: Run,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) asked: Vec<Option<usize>>,
}

/// Fetches a body whose first answer is `first`, and which `then` answers from the second request on.
pub(crate) fn fetch<T>(way: Way, first: &[u8], then: T) -> Fetched
where
    T: Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static,
{
    let dir = Dir::on_disk();
    let output = dir.path().join("file");
    let (first, shown) = (first.to_vec(), output.clone());
    let (asked, count) = (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0));
    let seen = Arc::clone(&asked);
    let server = Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        let has_come = |length: u64| fs::metadata(&shown).is_ok_and(|file| file.len() >= length);
        if head.starts_with("GET /first ") {
            while count.load(Ordering::SeqCst) < 2 && !wire.wait(Duration::from_millis(1)) {}
            return wire.send(response("200 OK", "", 5, b"first"));
        }
        seen.lock()
            .expect("no script panics under it")
            .push(asked_from(&head));
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => {
                wire.send(&first)?;
                while way == Way::WrittenCat
                    && !has_come(HELD as u64)
                    && !wire.wait(Duration::from_millis(1))
                {}
                Ok(())
            }
            number => wire.send(then(number, &head)),
        }
    });
    let run = run(way, &server, dir.path(), &output);
    let body = fs::read(&output).ok();
    let body = match (way, body) {
        (Way::WaitingCat, Some(body)) => {
            run.check("the first body", body.starts_with(b"first"));
            Some(body[5..].to_vec())
        }
        (_, body) => body,
    };
    let asked = asked.lock().expect("no script panics under it").clone();
    Fetched { run, body, asked }
}

fn run(way: Way, server: &Raw, dir: &Path, output: &Path) -> Run {
    let (url, first) = (server.url("/file"), server.url("/first"));
    let (dir, path) = (
        dir.to_str().expect("a plain name"),
        output.to_str().expect("a plain name"),
    );
    let args = |retry: &'static str| vec!["--format=jsonl", "--retry-delay=1ms", retry];
    let cat = [
        json_lines(&["--cat"]),
        "--retry-delay=1ms",
        "--retry=1",
        "--cat",
    ];
    let later = |args: &[&str]| {
        pfetch(args).run().exits(1);
        pfetch(args).run()
    };
    let to_output = |args: &[&str]| {
        let file = File::create(output).expect("the folder can be written");
        pfetch(args).stdout(file.into()).start().finish()
    };
    match way {
        Way::Retry => pfetch(&[&args("--retry=1")[..], &["-d", dir, &url]].concat()).run(),
        Way::LaterRun => later(&[&args("--retry=0")[..], &["-d", dir, &url]].concat()),
        Way::NamedFile => later(&[&args("--retry=0")[..], &["-o", path, &url]].concat()),
        Way::WaitingCat => to_output(&[&cat[..], &["-j2", &first, &url]].concat()),
        Way::WrittenCat => to_output(&[&cat[..], &[&url]].concat()),
    }
}

impl Fetched {
    /// It has ended well, with this body, and these are the positions that were asked for.
    #[track_caller]
    pub(crate) fn is(&self, what: &str, body: &[u8], asked: &[Option<usize>]) {
        self.run.check(
            &format!("{what}: exit code 0"),
            self.run.status.code() == Some(0),
        );
        let length = self.body.as_ref().map(Vec::len);
        let is_same = self.body.as_deref() == Some(body);
        self.run
            .check(&format!("{what}: the bytes ({length:?})"), is_same);
        let found = &self.asked;
        self.run
            .check(&format!("{what}: asked for {found:?}"), found == asked);
    }

    /// It has failed for what cannot be taken back, with no wrong byte in the output.
    #[track_caller]
    pub(crate) fn is_broken(&self, what: &str, body: &[u8]) {
        self.run
            .check(&format!("{what}: fails"), self.run.status.code() == Some(1));
        let is_prefix = self
            .body
            .as_ref()
            .is_some_and(|found| body.starts_with(found));
        self.run
            .check(&format!("{what}: a prefix of the body"), is_prefix);
    }
}

/// A 206 with these headers and the bytes of the body from one position to another.
pub(crate) fn partial(headers: &str, from: usize, to: usize) -> Vec<u8> {
    response(
        "206 Partial Content",
        headers,
        to - from,
        &bytes(SIZE)[from..to],
    )
}

/// An answer with this body in one chunk, and without a length.
pub(crate) fn chunked(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let size = format!("{:x}\r\n", body.len());
    [head.as_bytes(), size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}
