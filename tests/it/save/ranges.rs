//! The rest of a body that broke off, in all the ways in which servers give it, for files and for the output:
//! what fits is continued, and of what does not the whole is asked for.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::resume::{HELD, OVERLAP, SIZE, dated, version};
use crate::save::support::{Version, asked_from, other_bytes, response};
use crate::server::bytes;

/// The first position that is asked for.
const FROM: usize = HELD - OVERLAP;

/// Where a body goes, and when its rest is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
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

const WAYS: [Way; 5] = [
    Way::Retry,
    Way::LaterRun,
    Way::NamedFile,
    Way::WaitingCat,
    Way::WrittenCat,
];

/// The last run, what it has made of the body, and what it and those before have asked for.
struct Fetched {
    run: Run,
    body: Option<Vec<u8>>,
    asked: Vec<Option<usize>>,
}

/// Fetches a body whose first answer is `first`, and which `then` answers from the second request on.
fn fetch<T>(way: Way, first: &[u8], then: T) -> Fetched
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
        seen.lock().unwrap().push(asked_from(&head));
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
    let asked = asked.lock().unwrap().clone();
    Fetched { run, body, asked }
}

fn run(way: Way, server: &Raw, dir: &Path, output: &Path) -> Run {
    let (url, first) = (server.url("/file"), server.url("/first"));
    let (dir, path) = (dir.to_str().unwrap(), output.to_str().unwrap());
    let args = |retry: &'static str| vec!["--format=jsonl", "--retry-delay=1ms", retry];
    let later = |args: &[&str]| {
        pfetch(args).run().exits(1);
        pfetch(args).run()
    };
    let to_output = |args: &[&str]| {
        let file = File::create(output).unwrap();
        pfetch(args).stdout(file.into()).start().finish()
    };
    match way {
        Way::Retry => pfetch(&[&args("--retry=1")[..], &["-d", dir, &url]].concat()).run(),
        Way::LaterRun => later(&[&args("--retry=0")[..], &["-d", dir, &url]].concat()),
        Way::NamedFile => later(&[&args("--retry=0")[..], &["-o", path, &url]].concat()),
        Way::WaitingCat => {
            to_output(&[&args("--retry=1")[..], &["-j2", "--cat", &first, &url]].concat())
        }
        Way::WrittenCat => to_output(&[&args("--retry=1")[..], &["--cat", &url]].concat()),
    }
}

impl Fetched {
    /// It has ended well, with this body, and these are the positions that were asked for.
    #[track_caller]
    fn is(&self, what: &str, body: &[u8], asked: &[Option<usize>]) {
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
    fn is_broken(&self, what: &str, body: &[u8]) {
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
fn partial(headers: &str, from: usize, to: usize) -> Vec<u8> {
    response(
        "206 Partial Content",
        headers,
        to - from,
        &bytes(SIZE)[from..to],
    )
}

/// An answer with this body in one chunk, and without a length.
fn chunked(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let size = format!("{:x}\r\n", body.len());
    [head.as_bytes(), size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

#[test]
fn a_range_that_fits_is_continued_whatever_it_leaves_out() {
    let rest = format!("Content-Range: bytes {FROM}-299999/300000\r\n");
    let tagged = |range: &str| format!("ETag: \"v1\"\r\n{range}");
    let of_200 = |headers: &str| {
        let body = &bytes(SIZE)[FROM..];
        response("200 OK", headers, body.len(), body)
    };
    let unknown = format!("Content-Range: bytes {FROM}-299999/*\r\n");
    let answers = [
        ("all of it", partial(&tagged(&rest), FROM, SIZE)),
        ("no validator", partial(&rest, FROM, SIZE)),
        ("an unknown total", partial(&tagged(&unknown), FROM, SIZE)),
        ("neither", partial(&unknown, FROM, SIZE)),
        ("a unit as in a request", {
            let range = format!("Content-Range: bytes={FROM}-299999/300000\r\n");
            partial(&range, FROM, SIZE)
        }),
        ("an earlier start", version().part(FROM - 1, SIZE)),
        ("a much earlier start", version().part(10, SIZE)),
        ("the beginning", version().part(0, SIZE)),
        (
            "no length",
            chunked("206 -", &tagged(&rest), &bytes(SIZE)[FROM..]),
        ),
        ("the status of a whole", of_200(&tagged(&rest))),
        ("that and an unknown total", of_200(&tagged(&unknown))),
        (
            "that and an earlier start",
            response(
                "200 OK",
                "ETag: \"v1\"\r\nContent-Range: bytes 10-299999/300000\r\n",
                SIZE - 10,
                &bytes(SIZE)[10..],
            ),
        ),
    ];
    for way in WAYS {
        for (what, answer) in answers.clone() {
            let fetched = fetch(way, &version().cut(HELD), move |_, _| answer.clone());
            let asked = [None, Some(FROM)];
            fetched.is(&format!("{what}, {way:?}"), &bytes(SIZE), &asked);
        }
        // RFC 9110, 15.3.7: an answer to If-Range leaves the date out.
        let answer = partial(&rest, FROM, SIZE);
        let fetched = fetch(way, &dated().cut(HELD), move |_, _| answer.clone());
        let asked = [None, Some(FROM)];
        fetched.is(&format!("no date, {way:?}"), &bytes(SIZE), &asked);
    }
}

#[test]
fn of_what_does_not_fit_the_whole_is_asked_for() {
    let rest = format!("ETag: \"v1\"\r\nContent-Range: bytes {FROM}-299999/300000\r\n");
    let tail = &bytes(SIZE)[FROM..];
    let boundary = format!("--x\r\n{rest}\r\n");
    let several = [boundary.as_bytes(), tail, b"\r\n--x--\r\n"].concat();
    let with = |range: &str| {
        let headers = format!("ETag: \"v1\"\r\nContent-Range: {range}\r\n");
        partial(&headers, FROM, SIZE)
    };
    let date = "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let answers = [
        ("a later start", version().part(FROM + 1, SIZE)),
        ("bytes from elsewhere", {
            let from = FROM - 1;
            let body = &bytes(SIZE)[from..SIZE - 1];
            response("206 -", &rest, body.len(), body)
        }),
        ("nothing new", version().part(FROM, HELD)),
        ("no range", partial("ETag: \"v1\"\r\n", FROM, SIZE)),
        ("a unit of another kind", with("items 95904-299999/300000")),
        ("another total", with("bytes 95904-299999/300001")),
        ("another count", with("bytes 95904-299998/300000")),
        ("a range past the end", with("bytes 95904-300000/300000")),
        ("a range backwards", with("bytes 95904-95903/300000")),
        (
            "two ranges",
            with("bytes 95904-299999/300000\r\nContent-Range: bytes 95903-299998/300000"),
        ),
        (
            "several parts",
            response(
                "206 -",
                "ETag: \"v1\"\r\nContent-Type: multipart/byteranges; boundary=x\r\n",
                several.len(),
                &several,
            ),
        ),
        (
            "another ETag",
            partial(&rest.replace("v1", "v2"), FROM, SIZE),
        ),
        (
            "other bytes",
            Version::tagged("\"v1\"", &other_bytes(SIZE)).part(FROM, SIZE),
        ),
        (
            "a slice under 200",
            response("200 OK", "", tail.len(), tail),
        ),
        (
            "a slice under 200, with the ETag",
            response("200 OK", "ETag: \"v1\"\r\n", tail.len(), tail),
        ),
        (
            "a slice under 200, in chunks",
            chunked("200 OK", "ETag: \"v1\"\r\n", tail),
        ),
        (
            "416 of what is there",
            response("416 -", "Content-Range: bytes */100000\r\n", 0, b""),
        ),
        (
            "416 of all",
            response("416 -", "Content-Range: bytes */300000\r\n", 0, b""),
        ),
        ("416", response("416 -", "", 0, b"")),
        ("403", response("403 -", "", 0, b"")),
        ("501", response("501 -", "", 0, b"")),
    ];
    let dated_answers = [(
        "another date",
        partial(&rest.replace("ETag: \"v1\"\r\n", date), FROM, SIZE),
    )];
    let dated_answers = dated_answers.map(|(what, answer)| (what, answer, dated()));
    let answers = answers.map(|(what, answer)| (what, answer, version()));
    for way in WAYS {
        for (what, answer, first) in answers.iter().chain(&dated_answers) {
            let (answer, whole) = (answer.clone(), first.clone());
            let fetched = fetch(way, &first.cut(HELD), move |number, head| match number {
                1 => answer.clone(),
                _ => whole.answer(head),
            });
            let what = format!("{what}, {way:?}");
            match way {
                Way::WrittenCat => fetched.is_broken(&what, &bytes(SIZE)),
                _ => fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), None]),
            }
        }
    }
}

#[test]
fn more_bytes_than_the_range_has_are_no_part_of_the_body() {
    let range = "ETag: \"v1\"\r\nContent-Range: bytes 95904-199999/300000\r\n";
    let answer = chunked("206 -", range, &bytes(SIZE)[FROM..]);
    for way in WAYS {
        let answer = answer.clone();
        let fetched = fetch(
            way,
            &version().cut(HELD),
            move |number, head| match number {
                1 => answer.clone(),
                _ => version().answer(head),
            },
        );
        let what = format!("{way:?}");
        // Those of the range itself may be in the output by the time that the first one behind it comes.
        match way {
            Way::WaitingCat if fetched.run.status.code() == Some(0) => {}
            Way::WaitingCat | Way::WrittenCat => {
                fetched.is_broken(&what, &bytes(SIZE));
                continue;
            }
            _ => {}
        }
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), None]);
    }
}

/// Answers with at most this many bytes of a range, with or without the total.
fn capped(cap: usize, has_total: bool) -> impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static {
    move |_, head| match asked_from(head) {
        Some(from) => {
            let to = SIZE.min(from + cap);
            let total = if has_total { "300000" } else { "*" };
            let headers = format!("Content-Range: bytes {from}-{}/{total}\r\n", to - 1);
            partial(&headers, from, to)
        }
        None => version().whole(),
    }
}

#[test]
fn a_range_that_is_shorter_than_asked_for_is_progress_and_the_rest_is_asked_for() {
    for way in WAYS {
        for (cap, has_total) in [(150_000, true), (30_000, false), (8_000, true)] {
            let what = format!("{cap} bytes, {way:?}");
            let fetched = fetch(way, &version().cut(HELD), capped(cap, has_total));
            let mut asked = vec![None, Some(FROM)];
            let mut end = FROM + cap;
            while end < SIZE {
                asked.push(Some(end - OVERLAP));
                end += cap - OVERLAP;
            }
            fetched.is(&what, &bytes(SIZE), &asked);
            if way == Way::Retry {
                let result = fetched.run.result();
                let earlier = result["earlier"].as_array().map(Vec::len);
                fetched
                    .run
                    .check(&format!("{what}: one failure"), earlier == Some(1));
                let from = &result["saved"]["resumed_from"];
                fetched.run.check(&format!("{what}: {from}"), *from == HELD);
            }
        }
    }
}

#[test]
fn an_end_that_no_length_shows_is_asked_for() {
    // Neither the first answer nor the range states how long the body is.
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for way in WAYS {
        let next = Some(SIZE - OVERLAP);
        let fetched = fetch(way, &first, |number, head| {
            match (number, asked_from(head)) {
                (1, Some(from)) => {
                    let headers = format!("Content-Range: bytes {from}-299999/*\r\n");
                    partial(&headers, from, SIZE)
                }
                (2, Some(_)) => response("416 -", "Content-Range: bytes */300000\r\n", 0, b""),
                _ => Vec::new(),
            }
        });
        let what = format!("416, {way:?}");
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), next]);
        let fetched = fetch(way, &first, |_, head| {
            let from = asked_from(head).unwrap_or_default();
            let total = if from > FROM { "300000" } else { "*" };
            let headers = format!("Content-Range: bytes {from}-299999/{total}\r\n");
            partial(&headers, from, SIZE)
        });
        let what = format!("a total, {way:?}");
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), next]);
    }
}

#[test]
fn a_server_that_gives_the_rest_byte_by_byte_is_given_up() {
    for way in [Way::LaterRun, Way::WaitingCat] {
        let fetched = fetch(way, &version().cut(HELD), capped(OVERLAP + 1, true));
        let what = format!("{way:?}");
        fetched
            .run
            .check(&what, fetched.run.status.code() == Some(1));
        let count = fetched.asked.len();
        fetched.run.check(&format!("{what}: {count}"), count < 200);
        let is_told = fetched.run.stdout.contains("shorter than asked for")
            || fetched.run.stderr.contains("shorter than asked for");
        fetched.run.check(&what, is_told);
    }
}

#[test]
fn a_range_that_ends_before_its_end_is_a_failure_and_goes_on() {
    let range = "ETag: \"v1\"\r\nContent-Range: bytes 95904-199999/300000\r\n";
    let broken = chunked("206 -", range, &bytes(SIZE)[FROM..150_000]);
    for way in [Way::Retry, Way::WaitingCat, Way::WrittenCat] {
        let broken = broken.clone();
        let fetched = fetch(
            way,
            &version().cut(HELD),
            move |number, head| match number {
                1 => broken.clone(),
                _ => version().answer(head),
            },
        );
        let asked = [None, Some(FROM), Some(150_000 - OVERLAP)];
        fetched.is(&format!("{way:?}"), &bytes(SIZE), &asked);
    }
}

#[test]
fn a_tail_after_a_body_of_no_stated_length_is_never_the_whole() {
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for length in [SIZE, HELD + 50_000] {
        // Longer than what is there, and shorter.
        let tail = bytes(length)[FROM..].to_vec();
        for etag in ["ETag: \"v1\"\r\n", ""] {
            let answers = [
                response("200 OK", etag, tail.len(), &tail),
                chunked("200 OK", etag, &tail),
            ];
            for (answer, way) in answers
                .iter()
                .flat_map(|answer| WAYS.map(|way| (answer, way)))
            {
                let answer = answer.clone();
                let whole = Version::tagged("\"v1\"", &bytes(length));
                let fetched = fetch(way, &first, move |number, _| match number {
                    1 => answer.clone(),
                    _ => whole.whole(),
                });
                let what = format!("{length}, {etag:?}, {way:?}");
                match way {
                    Way::WrittenCat => fetched.is_broken(&what, &bytes(length)),
                    _ => fetched.is(&what, &bytes(length), &[None, Some(FROM), None]),
                }
            }
        }
    }
    // A server that sends less than it has sent of this version, whatever it is asked for.
    let tail = bytes(HELD)[FROM..].to_vec();
    let answers = [
        response("200 OK", "ETag: \"v1\"\r\n", tail.len(), &tail),
        chunked("200 OK", "ETag: \"v1\"\r\n", &tail),
    ];
    for (answer, way) in answers
        .iter()
        .flat_map(|answer| WAYS.map(|way| (answer, way)))
    {
        let answer = answer.clone();
        let fetched = fetch(way, &first, move |_, _| answer.clone());
        let what = format!("{way:?}");
        fetched
            .run
            .check(&what, fetched.run.status.code() == Some(1));
        let is_none = match way {
            // What has been written cannot be taken back.
            Way::WaitingCat => true,
            Way::WrittenCat => fetched.body == Some(bytes(HELD)),
            _ => fetched.body.is_none(),
        };
        fetched.run.check(&what, is_none);
    }
}

#[test]
fn a_wrong_total_of_a_range_is_not_held_against_later_answers() {
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = |body: &[u8]| {
        let size = format!("{:x}\r\n", body.len());
        [head.as_bytes(), size.as_bytes(), body, b"\r\n"].concat()
    };
    let range = format!("ETag: \"v1\"\r\nContent-Range: bytes {FROM}-299999/300001\r\n");
    let wrong = partial(&range, FROM, SIZE);
    // The wrong total, one that contradicts it, a break, the truth.
    let broken = chunk(&bytes(HELD / 2));
    let fetched = fetch(
        Way::Retry,
        &chunk(&bytes(HELD)),
        move |number, head| match number {
            1 => wrong.clone(),
            2 => response(
                "206 -",
                "Content-Range: bytes 0-9/300002\r\n",
                10,
                b"elsewhere ",
            ),
            3 => broken.clone(),
            _ => version().answer(head),
        },
    );
    let asked = [
        None,
        Some(FROM),
        Some(SIZE - OVERLAP),
        None,
        Some(HELD / 2 - OVERLAP),
    ];
    fetched.is("in one run", &bytes(SIZE), &asked);
}

#[test]
fn a_416_of_another_version_completes_nothing() {
    // The connection ends before the last chunk: all bytes are there.
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for (etag, is_same) in [("\"v1\"", true), ("\"v2\"", false)] {
        for way in WAYS {
            let headers = format!("ETag: {etag}\r\nContent-Range: bytes */100000\r\n");
            let new = Version::tagged(etag, &other_bytes(HELD));
            let fetched = fetch(way, &first, move |number, _| match number {
                1 => response("416 -", &headers, 0, b""),
                _ => new.whole(),
            });
            let what = format!("{etag}, {way:?}");
            match (is_same, way) {
                (true, _) => fetched.is(&what, &bytes(HELD), &[None, Some(FROM)]),
                (false, Way::WrittenCat) => fetched.is_broken(&what, &bytes(HELD)),
                (false, _) => {
                    fetched.is(&what, &other_bytes(HELD), &[None, Some(FROM), None]);
                }
            }
        }
    }
}

/// Everything that is done with bodies, the runs, and what each has made of the body.
fn unasked(answer: Vec<u8>) -> [(&'static str, Run, Option<Vec<u8>>); 4] {
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&answer),
        None => Ok(()),
    });
    let (dir, url) = (Dir::on_disk(), server.url("/file"));
    let (folder, saved) = (dir.path().join("folder"), dir.path().join("saved"));
    let printed = dir.path().join("printed");
    let args = ["--format=jsonl", "--retry=0"];
    let with = |more: &[&str]| pfetch(&[&args[..], more, &[&url]].concat());
    let to_folder = with(&["-d", folder.to_str().unwrap()]).run();
    let to_file = with(&["-o", saved.to_str().unwrap()]).run();
    let to_output = File::create(&printed).unwrap();
    let to_output = with(&["--cat"]).stdout(to_output.into()).start().finish();
    let dropped = with(&[]).run();
    let printed = fs::read(printed).ok().filter(|body| !body.is_empty());
    [
        ("-d", to_folder, fs::read(folder.join("file")).ok()),
        ("-o", to_file, fs::read(saved).ok()),
        ("--cat", to_output, printed),
        ("dropped", dropped, None),
    ]
}

#[test]
fn a_206_that_nobody_asked_for_is_taken_if_it_is_the_whole() {
    let body = bytes(1500);
    let range = "Content-Range: bytes 0-1499/1500\r\n";
    let close = format!("HTTP/1.1 206 -\r\n{range}Connection: close\r\n\r\n");
    for answer in [
        response("206 -", range, 1500, &body),
        chunked("206 -", range, &body),
        [close.as_bytes(), &body].concat(),
    ] {
        for (what, run, found) in unasked(answer) {
            let run = run.exits(0);
            run.check(what, found.is_none_or(|found| found == body));
        }
    }
}

#[test]
fn a_206_that_nobody_asked_for_is_refused_if_it_is_less_wherever_it_goes() {
    for range in [
        "Content-Range: bytes 0-1499/3000\r\n",
        "Content-Range: bytes 1500-2999/3000\r\n",
        "Content-Range: bytes 0-1499/*\r\n",
        "Content-Range: items 0-1499/1500\r\n",
        "Content-Range: bytes 0-1499/1500\r\nContent-Range: bytes 0-1499/3000\r\n",
        "",
    ] {
        for answer in [
            response("206 -", range, 1500, &bytes(1500)),
            chunked("206 -", range, &bytes(1500)),
        ] {
            for (what, run, found) in unasked(answer) {
                let run = run.exits(1);
                run.check(&format!("{what}, {range}"), found.is_none());
                let said = [&*run.stdout, &*run.stderr].concat();
                run.check(range, said.contains("a part of the body (206"));
            }
        }
    }
    // It says that it is all, and is not: without a length only its end shows that.
    let range = "Content-Range: bytes 0-1499/1500\r\n";
    for length in [1499, 1501] {
        for (what, run, found) in unasked(chunked("206 -", range, &bytes(length))) {
            let run = run.exits(1);
            // What was written cannot be taken back.
            let is_none = found.is_none() || what == "--cat";
            run.check(&format!("{what}, {length} bytes"), is_none);
        }
    }
}
