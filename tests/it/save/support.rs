//! A server of one file that knows ranges and conditions, and looks into folders.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::path::Path;

use crate::pfetch::{Dir, Run, Running, pfetch};
use crate::raw::Raw;
use crate::server::bytes;

/// A date long ago, and the same one in seconds.
pub(crate) const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
pub(crate) const LONG_AGO_SECONDS: i64 = 784_111_777;

/// Runs it with `-d dir`, its report as JSON lines; attempts follow one another at once.
#[track_caller]
pub(crate) fn save(dir: &Dir, args: &[&str], urls: &[&str]) -> Run {
    let dir = dir.path().to_str().unwrap();
    let options = ["--format=jsonl", "--retry-delay=1ms", "-d", dir];
    pfetch(&[&options[..], args, urls].concat()).run()
}

/// The same with the human report.
#[track_caller]
pub(crate) fn save_and_tell(dir: &Dir, args: &[&str], urls: &[&str]) -> Run {
    let dir = dir.path().to_str().unwrap();
    pfetch(&[&["--retry-delay=1ms", "-d", dir], args, urls].concat()).run()
}

/// Starts as many runs of these arguments at once, and waits for all. Returns them, and how many have
/// saved the file; the others found it unchanged, or failed for one of the reasons in `plain`.
#[track_caller]
pub(crate) fn race(runs: usize, args: &[&str], plain: &[&str]) -> (Vec<Run>, usize) {
    let started: Vec<_> = (0..runs).map(|_| pfetch(args).start()).collect();
    let ended: Vec<_> = started.into_iter().map(Running::finish).collect();
    let mut saved = 0;
    for run in &ended {
        let result = run.result();
        match result["outcome"].as_str() {
            Some("ok") => saved += 1,
            Some("unchanged") => {}
            _ => {
                let message = result["error"]["message"].as_str().unwrap_or_default();
                let is_plain = plain.iter().any(|why| message.contains(why));
                run.check(message, is_plain);
            }
        }
    }
    (ended, saved)
}

/// The names of everything below a folder, folders with a slash at their end, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            let below = names(&entry.path());
            all.extend(below.iter().map(|inner| format!("{name}/{inner}")));
            all.push(format!("{name}/"));
        } else {
            all.push(name);
        }
    }
    all.sort();
    all
}

/// Fails the test unless these files and no others are in the folder, with these contents. Folders
/// are not listed, and must not be empty.
#[track_caller]
pub(crate) fn holds(run: &Run, folder: &Path, files: &[(&str, &[u8])]) {
    let found = names(folder);
    let (folders, found): (Vec<_>, Vec<_>) = found.into_iter().partition(|n| n.ends_with('/'));
    let mut expected: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    run.check(
        &format!("{expected:?} are the files, not {found:?}"),
        found == expected,
    );
    for folder in folders {
        let is_used = found.iter().any(|name| name.starts_with(&folder));
        run.check(&format!("{folder} is not empty"), is_used);
    }
    for (name, content) in files {
        let is_same = fs::read(folder.join(name)).unwrap() == *content;
        run.check(&format!("{name} has the right bytes"), is_same);
    }
}

/// The value of a header in a request's head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// A response of this length, of which so much comes. Its connection is closed after it.
pub(crate) fn response(status: &str, headers: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// One version of a file, served as RFC 9110 has it.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) body: Vec<u8>,
    /// Whole lines.
    pub(crate) headers: String,
    /// What its version is recognised by, if by anything.
    pub(crate) validator: Option<String>,
}

impl Version {
    /// A version with this strong ETag.
    pub(crate) fn tagged(etag: &str, body: &[u8]) -> Self {
        Version {
            body: body.to_vec(),
            headers: format!("ETag: {etag}\r\n"),
            validator: Some(etag.to_owned()),
        }
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Vec<u8> {
        self.cut(self.body.len())
    }

    /// What says it is all of it, and breaks off after so many bytes.
    pub(crate) fn cut(&self, at: usize) -> Vec<u8> {
        response("200 OK", &self.headers, self.body.len(), &self.body[..at])
    }

    /// The bytes from one position to before another.
    pub(crate) fn part(&self, from: usize, to: usize) -> Vec<u8> {
        let (last, length) = (to - 1, self.body.len());
        let range = format!("Content-Range: bytes {from}-{last}/{length}\r\n");
        let headers = format!("{}{range}", self.headers);
        let body = &self.body[from..to];
        response("206 Partial Content", &headers, body.len(), body)
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, head: &str) -> Vec<u8> {
        let same = |name| header(head, name).is_some_and(|v| Some(v) == self.validator.as_deref());
        if same("if-none-match") || same("if-modified-since") {
            let headers = &self.headers;
            return format!("HTTP/1.1 304 -\r\n{headers}Connection: close\r\n\r\n").into_bytes();
        }
        match asked_from(head) {
            Some(from) if same("if-range") && from < self.body.len() => {
                self.part(from, self.body.len())
            }
            _ => self.whole(),
        }
    }

    /// A server that answers each request so.
    pub(crate) fn serve(self) -> Raw {
        Raw::start(move |mut wire| match wire.head() {
            Some(head) => wire.send(self.answer(&head)),
            None => Ok(()),
        })
    }
}

/// The N of `Range: bytes=N-`.
pub(crate) fn asked_from(head: &str) -> Option<usize> {
    let range = header(head, "range")?;
    Some(
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .unwrap(),
    )
}

/// Bytes that are others than [`bytes`] at every position.
pub(crate) fn other_bytes(n: usize) -> Vec<u8> {
    bytes(n).iter().map(|byte| byte ^ 0x80).collect()
}
