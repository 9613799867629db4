//! Damaged and odd responses, judged by pfetch and by h11.
//!
//! `SEED=n` and `CASES=n` make others than those of every run, and more of them. The seed is fixed otherwise,
//! so that a change passes or fails by itself.

mod mutate;
mod oracle;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::{Raw, Wire};

use mutate::{Case, Pieces};
use oracle::Verdict;

/// The number of responses, and of those in one run of pfetch.
const CASES: usize = 2_000;
const BATCH: usize = 250;

const SEED: u64 = 9112;

/// The disagreements that are shown.
const SHOWN: usize = 8;

/// The bytes of a response that are shown.
const MOST: usize = 1_000;

/// The use that a run makes of the bodies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Save,
    /// They are read, and nobody wants them.
    Discard,
    /// Those of other statuses than 2xx are read only for their connection's sake.
    Drain,
    Head,
}

const MODES: [Mode; 6] = [
    Mode::Save,
    Mode::Discard,
    Mode::Save,
    Mode::Drain,
    Mode::Save,
    Mode::Head,
];

impl Mode {
    fn of(number: usize) -> Self {
        MODES[number / BATCH % MODES.len()]
    }

    fn args(self, dir: &Dir) -> Vec<String> {
        let dir = dir.path().display().to_string();
        let args = match self {
            Mode::Save => vec!["--accept", "100..=999", "-d", &dir],
            Mode::Discard => vec!["--accept", "100..=999"],
            Mode::Drain => vec!["--accept", "200..=299"],
            Mode::Head => vec!["--accept", "100..=999", "--head"],
        };
        args.into_iter().map(str::to_owned).collect()
    }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

#[test]
fn every_response_is_taken_or_refused_as_h11_does_but_for_the_listed_exceptions() {
    let seed = number("SEED").unwrap_or(SEED);
    let count = number("CASES").map_or(CASES, |count| count as usize);
    let cases: Vec<Case> = (0..count)
        .map(|number| mutate::case(seed, number, Mode::of(number) == Mode::Head))
        .collect();
    let (verdicts, rules) = oracle::judge(&cases);
    let cases = Arc::new((cases, verdicts));
    let served = Arc::clone(&cases);
    let server = Raw::start(move |wire| serve(wire, &served.0, &served.1));
    let mut wrong = Vec::new();
    for first in (0..count).step_by(BATCH) {
        let numbers: Vec<usize> = (first..count.min(first + BATCH)).collect();
        let dir = Dir::new();
        let run = fetch(&server, Mode::of(first), &dir, &numbers);
        let results = by_index(&run, numbers.len());
        for (number, result) in numbers.into_iter().zip(&results) {
            let (case, verdict) = (&cases.0[number], &cases.1[number]);
            if let Err(why) = compare(Mode::of(number), verdict, result) {
                let bytes = case.bytes[..case.bytes.len().min(MOST)].escape_ascii();
                wrong.push(format!(
                    "response {number}, {:?}: {why}\n  {bytes}\n  in {:?}\n  {verdict:?}\n  {result}",
                    Mode::of(number),
                    case.pieces,
                ));
            }
        }
    }
    let needed = needed(&cases.1, &rules);
    tell(&cases.1, &needed);
    assert!(
        wrong.is_empty(),
        "SEED={seed} CASES={count}: {} disagreements, of which the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(SHOWN)].join("\n")
    );
    // With other numbers, that may be chance.
    if seed == SEED && count >= CASES {
        let unused = needed.iter().find(|(_, count)| **count == 0);
        assert_eq!(unused, None, "no response needs this exception");
    }
}

/// Answers each request with its response, in pieces, and closes the connection where the response would
/// otherwise not end.
fn serve(mut wire: Wire<'_>, cases: &[Case], verdicts: &[Verdict]) -> io::Result<()> {
    while let Some(target) = wire.request() {
        let number: usize = target[1..].parse().expect("the test's own URLs");
        let (case, verdict) = (&cases[number], &verdicts[number]);
        for piece in pieces(case, verdict.end) {
            wire.send(piece)?;
        }
        if case.closes || verdict.end.is_none() {
            return Ok(());
        }
    }
    Ok(())
}

/// The pieces in which a response is sent. The last byte of it and all bytes behind are one: what comes
/// later cannot be told from an answer to the next request.
fn pieces(case: &Case, end: Option<usize>) -> Vec<&[u8]> {
    let bytes = &case.bytes;
    let most = match case.pieces {
        Pieces::Whole => bytes.len(),
        Pieces::Bytes => 1,
        Pieces::UpTo(most) => most,
    };
    let most = most.max(1);
    let end = end.unwrap_or(bytes.len()).max(1);
    // The last piece begins before the last byte.
    let (apart, last) = bytes.split_at((end - 1) / most * most);
    apart.chunks(most).chain([last]).collect()
}

fn fetch(server: &Raw, mode: Mode, dir: &Dir, numbers: &[usize]) -> Run {
    let list: String = numbers
        .iter()
        .map(|number| server.url(&format!("/{number}\n")))
        .collect();
    let args = [
        "--format=jsonl",
        "--retry=0",
        "--stall-timeout=5s",
        "--max-redirects=0",
        "--max-bytes=1M",
        "-j4",
    ];
    let mut args: Vec<String> = args.map(str::to_owned).to_vec();
    args.extend(mode.args(dir));
    args.push("-".to_owned());
    pfetch(&args).stdin(list).run()
}

/// The results in the order of the input, each of which there is once.
fn by_index(run: &Run, count: usize) -> Vec<Value> {
    run.check("exit code", matches!(run.status.code(), Some(0 | 1)));
    let mut results = vec![Value::Null; count];
    for result in run.results() {
        let index = result["index"]
            .as_u64()
            .and_then(|index| usize::try_from(index).ok());
        let place = index.and_then(|index| results.get_mut(index));
        let is_new = place.as_ref().is_some_and(|place| place.is_null());
        run.check(&format!("{index:?} is of this run, and new"), is_new);
        *place.expect("as was checked") = result;
    }
    run.check("none is lost", !results.contains(&Value::Null));
    results
}

/// Holds pfetch's result against the oracle's verdict.
fn compare(mode: Mode, verdict: &Verdict, result: &Value) -> Result<(), String> {
    if let Some(unclear) = &verdict.unclear {
        return Err(format!("the oracle: {unclear}"));
    }
    let told = &result["outcome"];
    let same = |what: &str, found: &Value, expected: Value| {
        let is_same = *found == expected;
        is_same
            .then_some(())
            .ok_or_else(|| format!("{what} is {found}, not {expected}"))
    };
    match verdict.status {
        // A body that nobody wants is nobody's failure.
        Some(status) if mode == Mode::Drain && !(200..=299).contains(&status) => {
            same("status", &result["status"], status.into())?;
            same("outcome", told, "failed".into())?;
            return same("kind", &result["error"]["kind"], "status".into());
        }
        // A part, or no body that could be saved.
        Some(206 | 300..=399) if mode == Mode::Save => {
            return same("outcome", told, "failed".into());
        }
        _ => {}
    }
    if verdict.refused.is_some() {
        return same("outcome", told, "failed".into());
    }
    same("outcome", told, "ok".into())?;
    same("status", &result["status"], verdict.status.into())?;
    same("bytes", &result["bytes"], verdict.bytes.into())?;
    if mode == Mode::Save {
        let path = result["saved"]["path"].as_str().ok_or("it is not saved")?;
        let body = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let hex = |byte: &u8| format!("{byte:02x}");
        let found: String = digest(&SHA256, &body).as_ref().iter().map(hex).collect();
        same("SHA-256", &found.into(), verdict.sha256.clone().into())?;
    }
    Ok(())
}

/// The number of responses that needed each exception.
fn needed<'a>(verdicts: &'a [Verdict], rules: &'a [String]) -> BTreeMap<&'a str, usize> {
    let mut needed: BTreeMap<&str, usize> = rules.iter().map(|rule| (&rule[..], 0)).collect();
    for rule in verdicts.iter().flat_map(|verdict| &verdict.rules) {
        *needed.entry(rule).or_default() += 1;
    }
    needed
}

/// Says how often each exception was needed, past the test's capture.
fn tell(verdicts: &[Verdict], needed: &BTreeMap<&str, usize>) {
    let refused = verdicts.iter().filter(|verdict| verdict.refused.is_some());
    let lines: String = needed
        .iter()
        .map(|(rule, count)| format!("{count:7} {rule}\n"))
        .collect();
    let text = format!(
        "{} responses, {} of them refused; exceptions:\n{lines}",
        verdicts.len(),
        refused.count()
    );
    // A failure to say so is none of the test.
    let _ = io::stderr().write_all(text.as_bytes());
}
