//! Content codings as Python's decoders undo them: damaged bodies of all codings, through a server that
//! splits them anywhere, have to come to the same verdict and the same bytes.
//!
//! `CODINGS_CASES` sets the number of bodies (2,000), `CODINGS_SEED` the seed they come from.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::pfetch::{Dir, pfetch};
use crate::raw::{Raw, Wire};

/// The bodies, and what Python's decoders say of them.
const PROGRAM: &str = include_str!("codings.py");

/// Where pfetch decides otherwise than the bare decoders, on purpose. The program knows what is then
/// expected.
const DEVIATIONS: [(&str, &str); 3] = [
    (
        "nothing",
        "a body of no bytes is an empty one, though it is no stream of its coding: servers that have \
         nothing to send label it all the same, and curl and browsers take it",
    ),
    (
        "padding",
        "zeros and a line end behind the end are no content: servers pad, and gzip(1) and browsers take it",
    ),
    (
        "wide",
        "a zstd window of more than 8 MiB is refused (RFC 9659), as browsers do",
    ),
];

/// A body, and what Python makes of it.
#[derive(Debug, Deserialize)]
struct Case {
    /// The values of `Content-Encoding`, a line each.
    names: Vec<String>,
    /// What was done to a valid body.
    story: String,
    body: String,
    /// The content, if it can be decoded; by the rule of a deviation if that is named.
    content: Option<String>,
    deviation: Option<String>,
    /// Python's libzstd is an older one, which takes some damaged frames that pfetch's refuses: reserved
    /// bits that are set.
    may_differ: bool,
}

impl Case {
    fn content(&self) -> Option<Vec<u8>> {
        let content = self.content.as_deref();
        content.map(|text| STANDARD.decode(text).unwrap())
    }

    /// Sends the body, in pieces that end anywhere, framed in one of the three ways.
    fn answer(&self, number: usize, wire: &mut Wire<'_>) -> io::Result<bool> {
        let mut random = fastrand::Rng::with_seed(number as u64);
        let body = STANDARD.decode(&self.body).unwrap();
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        for name in &self.names {
            head.extend_from_slice(format!("Content-Encoding: {name}\r\n").as_bytes());
        }
        let form = random.u8(..10);
        let answer = match form {
            0 => [&head[..], b"Connection: close\r\n\r\n", &body].concat(),
            1..4 => {
                head.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                let mut rest = &body[..];
                while !rest.is_empty() {
                    let (chunk, after) = rest.split_at(random.usize(1..=rest.len()));
                    head.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    head.extend_from_slice(chunk);
                    head.extend_from_slice(b"\r\n");
                    rest = after;
                }
                [&head[..], b"0\r\n\r\n"].concat()
            }
            _ => {
                let length = format!("Content-Length: {}\r\n\r\n", body.len());
                [&head[..], length.as_bytes(), &body].concat()
            }
        };
        let mut rest = &answer[..];
        for _ in 0..random.usize(..6) {
            let (piece, after) = rest.split_at(random.usize(..=rest.len()));
            wire.send(piece)?;
            rest = after;
        }
        wire.send(rest)?;
        Ok(form != 0)
    }
}

fn setting(name: &str, default: usize) -> usize {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text}")),
        Err(_) => default,
    }
}

fn cases(count: usize, seed: usize) -> Vec<Case> {
    let python = crate::python::interpreter_with(
        "brotli, zstandard",
        "python3-brotli and python3-zstandard",
    );
    let output = Command::new(python)
        .args(["-c", PROGRAM, &count.to_string(), &seed.to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// What is wrong with the outcome of one case, if anything is.
fn fault(case: &Case, result: &serde_json::Value, file: &Path) -> Option<String> {
    let found = fs::read(file).ok();
    match (case.content(), result["outcome"].as_str()) {
        (Some(content), Some("ok")) if found.as_deref() == Some(&content) => None,
        (Some(_), Some("ok")) => Some("the content is another".to_owned()),
        (None, Some("failed")) if result["error"]["kind"] == "encoding" && found.is_none() => None,
        (Some(_), _) => Some("it is to be taken".to_owned()),
        (None, _) => Some("it is to be refused as an encoding".to_owned()),
    }
}

#[test]
fn damaged_bodies_are_taken_or_refused_as_pythons_decoders_do() {
    let count = setting("CODINGS_CASES", 2_000);
    let seed = setting("CODINGS_SEED", 14);
    let cases = Arc::new(cases(count, seed));
    assert_eq!(cases.len(), count);
    let served = Arc::clone(&cases);
    let server = Raw::start(move |mut wire| {
        while let Some(target) = wire.request() {
            let number: usize = target[1..].parse().unwrap();
            if !served[number].answer(number, &mut wire)? {
                break;
            }
        }
        Ok(())
    });
    let dir = Dir::new();
    let urls: String = (0..count)
        .map(|number| server.url(&format!("/{number}\n")))
        .collect();
    let list = dir.file("list", urls);
    let folder = dir.path().join("saved");
    let args = ["--compressed", "--retry=0", "--format=jsonl", "-j8", "-i"];
    let run = pfetch(&[&args[..], &[&list, "-d", folder.to_str().unwrap()]].concat());
    let run = run.within(10 * crate::pfetch::LIMIT).run().exits(1);
    let results: HashMap<u64, _> = run
        .results()
        .into_iter()
        .map(|result| (result["index"].as_u64().unwrap(), result))
        .collect();
    assert_eq!(results.len(), count, "one result each");
    let mut faults = Vec::new();
    let mut differing = 0;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        let result = &results[&(number as u64)];
        let is_refused = result["error"]["kind"] == "encoding";
        if case.may_differ && case.content.is_some() && is_refused {
            differing += 1;
            continue;
        }
        if let Some(fault) = fault(case, result, &folder.join(number.to_string())) {
            let Case { names, story, .. } = case;
            let deviation = &case.deviation;
            let body = &case.body;
            faults.push(format!(
                "{number}: {names:?}, {story} {deviation:?}: {fault}\n  {body}\n  {result}"
            ));
        }
        let kind = match (&case.deviation, &case.content) {
            (Some(deviation), _) => {
                let is_known = DEVIATIONS.iter().any(|(name, _)| name == deviation);
                assert!(is_known, "{deviation} is in the table");
                deviation
            }
            (None, Some(_)) => "taken",
            (None, None) => "refused",
        };
        *seen.entry(kind).or_default() += 1;
    }
    let told = faults.iter().take(20).cloned().collect::<Vec<_>>();
    assert!(
        faults.is_empty(),
        "{} of {count} (seed {seed}; {seen:?}):\n{}",
        faults.len(),
        told.join("\n")
    );
    // One in 20,000 was seen.
    assert!(
        differing <= 1 + count / 5_000,
        "{differing} of {count} (seed {seed})"
    );
    // The bodies are neither all whole nor all refused at once, and each deviation is among them.
    let kinds = DEVIATIONS.iter().map(|(name, _)| *name);
    for kind in kinds.chain(["taken", "refused"]) {
        let number = seen.get(kind).copied().unwrap_or_default();
        assert!(
            number > 0,
            "{kind} is among the {count} (seed {seed}): {seen:?}"
        );
    }
    assert!(seen["taken"] > count / 10, "{seen:?}");
    assert!(seen["refused"] > count / 10, "{seen:?}");
}
