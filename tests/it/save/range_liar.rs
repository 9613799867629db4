//! A server that lies about ranges in every way that a client can notice, and whose files change meanwhile.
//!
//! No file that is saved, and nothing that is passed on, is a mixture; and every URL ends right as soon as the
//! server tells the truth once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::exhaustive::is_exhaustive;
use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, asked_from, header, response};

/// The URLs of one round.
const FILES: usize = 60;

/// The URLs whose bodies are passed on, which go one by one where some fail.
const PASSED_ON: usize = 20;

/// The kinds of lies: see [`lie`].
const LIES: usize = 32;

/// One file of the server.
struct Source {
    /// All versions that there have been; the last is the current one.
    versions: Vec<Version>,
    random: fastrand::Rng,
}

impl Source {
    fn new(seed: u64, number: usize) -> Self {
        let random = fastrand::Rng::with_seed(seed ^ (number as u64).wrapping_mul(0x9e37_79b9));
        let mut source = Source {
            versions: Vec::new(),
            random,
        };
        source.change(number);
        source
    }

    /// Adds a version: other bytes from the first one on, and often another length.
    fn change(&mut self, number: usize) {
        let name = format!("file {number}, version {}\n", self.versions.len());
        let length = match self.versions.last() {
            Some(last) if self.random.bool() => last.body.len(),
            _ => self.random.usize(10_000..80_000),
        };
        let mut body = vec![0; length];
        self.random.fill(&mut body);
        body[..name.len()].copy_from_slice(name.as_bytes());
        let etag = format!("\"{number}-{}\"", self.versions.len());
        self.versions.push(Version::tagged(&etag, &body));
    }

    fn current(&self) -> &Version {
        self.versions.last().expect("there is a first one")
    }

    /// An answer of which nothing needs to be true.
    fn lie(&mut self, number: usize, head: &str) -> Vec<u8> {
        if self.random.u8(..) < 40 {
            self.change(number);
        }
        let kind = self.random.usize(..LIES);
        let at = self.random.f64();
        let version = self.current();
        match asked_from(head) {
            Some(from) if from < version.body.len() => {
                let asked = header(head, "if-range").unwrap_or_default();
                lie(kind, at, version, (from, asked), &self.versions)
            }
            Some(_) => version.answer(head),
            // Asked for the whole: it breaks off somewhere, with and without a length.
            None if header(head, "if-none-match").is_some() => version.answer(head),
            None if kind < 8 => version.whole(),
            None => {
                let cut = (at * version.body.len() as f64) as usize;
                match kind % 2 {
                    0 => version.cut(cut),
                    _ => unfinished(version, cut),
                }
            }
        }
    }
}

/// The beginning of a body in chunks, without the last one.
fn unfinished(version: &Version, cut: usize) -> Vec<u8> {
    let headers = &version.headers;
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let chunk = format!("{cut:x}\r\n");
    let body = &version.body[..cut];
    match cut {
        0 => head.into_bytes(),
        _ => [head.as_bytes(), chunk.as_bytes(), body, b"\r\n"].concat(),
    }
}

fn chunked(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let chunk = format!("{:x}\r\n", body.len());
    match body.len() {
        0 => [head.as_bytes(), b"0\r\n\r\n"].concat(),
        _ => [head.as_bytes(), chunk.as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
    }
}

/// One of the lies about the range from `from` on of the version `asked`; `at` in 0..1 says where, if it is about
/// a place.
fn lie(
    kind: usize,
    at: f64,
    version: &Version,
    (from, asked): (usize, &str),
    versions: &[Version],
) -> Vec<u8> {
    let (body, headers) = (&version.body, &version.headers);
    let (length, last) = (body.len(), body.len() - 1);
    let rest = &body[from..];
    let place = from + (at * rest.len() as f64) as usize;
    let first = &versions[0];
    let stale = &first.body[from.min(first.body.len())..];
    let says = |range: String| format!("{headers}Content-Range: {range}\r\n");
    let truth = says(format!("bytes {from}-{last}/{length}"));
    let partial = |headers: &str, body: &[u8]| response("206 -", headers, body.len(), body);
    // Under another ETag than was asked for a slice would look like another body.
    let same = format!("ETag: {asked}\r\n");
    let flipped = || -> Vec<u8> { rest.iter().map(|byte| byte ^ 0x55).collect() };
    match kind {
        0 => partial(&truth, &body[from.saturating_sub(1)..][..rest.len()]),
        1 => version.part((from + 1).min(last), length),
        2 => version.part(from.saturating_sub(3000), length),
        3 => partial(&says(format!("bytes {from}-{last}/{}", length + 1)), rest),
        4 => partial(&says(format!("bytes {from}-{last}/*")), rest),
        5 => partial(&says(format!("bytes {from}-{length}/{length}")), rest),
        6 => partial(headers, rest),
        7 => {
            let parts = [b"--x\r\n\r\n", rest, b"\r\n--x--\r\n"].concat();
            let kind = "Content-Type: multipart/byteranges; boundary=x\r\n";
            partial(&format!("{headers}{kind}"), &parts)
        }
        8 => partial(&truth.replace("ETag: \"", "ETag: \"x"), rest),
        9 => partial(&truth.replace("ETag: ", "ETag: W/"), rest),
        10 => partial(&truth, &flipped()),
        // The rest of the first version under the current ETag.
        11 if !stale.is_empty() => {
            let range = format!("bytes {from}-{}/{}", first.body.len() - 1, first.body.len());
            partial(&says(range), stale)
        }
        12 => response("200 OK", &same, rest.len(), rest),
        13 => response("200 OK", &truth, rest.len(), rest),
        14 => response("200 OK", "", rest.len(), rest),
        15 => chunked("200 OK", &same, rest),
        16 => chunked("200 OK", &says(format!("bytes {from}-{last}/*")), rest),
        17 => response("416 -", "Content-Range: bytes */0\r\n", 0, b""),
        18 => response("416 -", "", 0, b""),
        19 => {
            // Not as many as there are, which after a body of no stated length nobody could tell.
            let end = format!("Content-Range: bytes */{}\r\n", from + 4095);
            response("416 -", &end, 0, b"")
        }
        20 => response("304 -", headers, 0, b""),
        21 => response(["403 -", "412 -", "501 -"][place % 3], "", 0, b""),
        22 => response("204 -", "", 0, b""),
        // It breaks off, with a length and without.
        23 => response("206 -", &truth, rest.len(), &body[from..place]),
        24 => chunked("206 -", &truth, &body[from..place]),
        25 => {
            let says = says(format!("bytes {from}-{}/{length}", place.max(from + 1) - 1));
            chunked("206 -", &says, rest)
        }
        26 => version.part(from, place.max(from + 1)),
        27 => partial(&says(format!("bytes {last}-{from}/{length}")), rest),
        28 => partial(&says(format!("items {from}-{last}/{length}")), rest),
        29 => {
            let encoded = format!("{truth}Content-Encoding: x-none\r\n");
            partial(&encoded, &flipped())
        }
        30 => {
            let huge = "bytes 18446744073709551615-18446744073709551615/18446744073709551615";
            partial(&says(huge.to_owned()), rest)
        }
        _ => {
            let twice = format!("{truth}Content-Range: bytes 0-{last}/{length}\r\n");
            partial(&twice, rest)
        }
    }
}

struct Liar {
    server: Raw,
    sources: Arc<Mutex<HashMap<usize, Source>>>,
    is_honest: Arc<AtomicBool>,
    ranges: Arc<AtomicUsize>,
}

impl Liar {
    fn start(seed: u64) -> Self {
        let sources = (0..FILES).map(|number| (number, Source::new(seed, number)));
        let sources: Arc<Mutex<HashMap<_, _>>> = Arc::new(Mutex::new(sources.collect()));
        let is_honest = Arc::new(AtomicBool::new(false));
        let ranges = Arc::new(AtomicUsize::new(0));
        let (all, honest, count) = (sources.clone(), is_honest.clone(), ranges.clone());
        let server = Raw::start(move |mut wire| {
            let Some(head) = wire.head() else {
                return Ok(());
            };
            count.fetch_add(usize::from(asked_from(&head).is_some()), Ordering::SeqCst);
            let number = head["GET /".len()..].split(' ').next().unwrap_or_default();
            let number: usize = number.parse().expect("files are numbered");
            let answer = {
                let mut sources = lock(&all);
                let source = sources.get_mut(&number).expect("it is one of them");
                match honest.load(Ordering::SeqCst) {
                    true => source.current().answer(&head),
                    false => source.lie(number, &head),
                }
            };
            wire.send(answer)
        });
        Liar {
            server,
            sources,
            is_honest,
            ranges,
        }
    }

    fn urls(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|number| self.server.url(&format!("/{number}")))
            .collect()
    }

    /// Every file in the folder is a whole version; with `is_current`, all are there in the current one.
    fn check(&self, run: &Run, dir: &Dir, is_current: bool, context: &str) {
        let sources = lock(&self.sources);
        for (number, source) in sources.iter() {
            let found = fs::read(dir.path().join(number.to_string())).ok();
            let is_right = match &found {
                Some(found) if is_current => *found == source.current().body,
                Some(found) => source.versions.iter().any(|one| one.body == *found),
                None => !is_current,
            };
            let length = found.map(|found| found.len());
            let what = format!("{context}: file {number} of {length:?} bytes is right");
            run.check(&what, is_right);
        }
    }

    /// The output is made of whole versions, in order, some left out; at its end may be the beginning of one.
    fn check_output(&self, run: &Run, output: &[u8], context: &str) {
        let sources = lock(&self.sources);
        let mut rest = output;
        for number in 0..PASSED_ON {
            let versions = &sources[&number].versions;
            if let Some(whole) = versions.iter().find(|one| rest.starts_with(&one.body)) {
                rest = &rest[whole.body.len()..];
            } else if versions.iter().any(|one| one.body.starts_with(rest)) {
                // It ends within this one; a run that says that all is well has all.
                run.check(context, rest.is_empty() || run.status.code() == Some(1));
                return;
            }
        }
        let at = output.len() - rest.len();
        run.check(
            &format!("{context}: nothing foreign at {at}"),
            rest.is_empty(),
        );
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no script panics under it")
}

/// The seeds. A failure names its own, by which it can be repeated.
fn seeds() -> std::ops::Range<u64> {
    match is_exhaustive() {
        true => 0..20,
        false => 0..2,
    }
}

#[test]
fn a_server_that_lies_about_ranges_gets_no_mixed_file_saved_and_no_url_lost() {
    let mut ranges = 0;
    for seed in seeds() {
        let liar = Liar::start(seed);
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("a plain name");
        let urls = liar.urls(FILES);
        let options = ["-d", folder, "-j4", "--retry=4", "--retry-delay=1ms"];
        let args: Vec<&str> = options
            .into_iter()
            .chain(urls.iter().map(|url| &**url))
            .collect();
        for lying in 0..3 {
            let run = pfetch(&args).run();
            let context = format!("seed {seed}, lying run {lying}");
            let is_told = matches!(run.status.code(), Some(0 | 1));
            run.check(&format!("{context}: the exit code"), is_told);
            liar.check(&run, &dir, false, &context);
        }
        liar.is_honest.store(true, Ordering::SeqCst);
        let run = pfetch(&args).run();
        let context = format!("seed {seed}, the truth");
        run.check(&context, run.status.code() == Some(0));
        liar.check(&run, &dir, true, &context);
        ranges += liar.ranges.load(Ordering::SeqCst);
    }
    let least = if is_exhaustive() { 2000 } else { 200 };
    assert!(ranges >= least, "{ranges} range requests");
}

#[test]
fn a_server_that_lies_about_ranges_gets_no_mixed_body_passed_on() {
    let mut ranges = 0;
    for seed in seeds() {
        let liar = Liar::start(seed + 1000);
        let dir = Dir::on_disk();
        let output = dir.path().join("output");
        for first in 0..PASSED_ON {
            // From each of them on, since one that fails within its body is the last.
            let urls = liar.urls(PASSED_ON);
            let options = [
                "--cat",
                "-j4",
                "--retry=9",
                "--retry-delay=1ms",
                "--max-failures=100%",
            ];
            let urls = urls.iter().skip(first).map(|url| &**url);
            let args: Vec<&str> = options.into_iter().chain(urls).collect();
            let file = File::create(&output).expect("the folder can be written");
            let run = pfetch(&args).stdout(file.into()).start().finish();
            let context = format!("seed {seed}, from {first} on");
            let found = fs::read(&output).expect("it was just written");
            liar.check_output(&run, &found, &context);
        }
        liar.is_honest.store(true, Ordering::SeqCst);
        let urls = liar.urls(PASSED_ON);
        let args: Vec<&str> = ["--cat", "-j4"]
            .into_iter()
            .chain(urls.iter().map(|url| &**url))
            .collect();
        let file = File::create(&output).expect("the folder can be written");
        let run = pfetch(&args).stdout(file.into()).start().finish().exits(0);
        let found = fs::read(&output).expect("it was just written");
        let sources = lock(&liar.sources);
        let whole = (0..PASSED_ON).map(|number| &*sources[&number].current().body);
        let whole: Vec<&[u8]> = whole.collect();
        run.check(&format!("seed {seed}, the truth"), found == whole.concat());
        ranges += liar.ranges.load(Ordering::SeqCst);
    }
    let least = if is_exhaustive() { 1000 } else { 100 };
    assert!(ranges >= least, "{ranges} range requests");
}
