//! A site of many files for one run of a recipe, which holds one shard up in its middle; and the check of what the
//! recipe has left behind.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::process::Program;
use super::{SHARDS, WORKERS, limit};
use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Reply, Server};

/// The shard without a URL.
const EMPTY: usize = 7;

/// The shard whose process is to be killed in its middle.
pub(super) const HELD: usize = 3;

/// A server, the shards of its URLs, and a folder for what a recipe makes.
pub(super) struct Site {
    /// On a disk: where temporary files are, files may have no extended attributes.
    pub(super) dir: Dir,
    server: Server,
    /// The paths of each shard's URLs, whose last segments are those of all other shards.
    shards: Vec<Vec<String>>,
    held: Receiver<()>,
    gate: Arc<Gate>,
}

/// A gate that is opened once.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().unwrap();
        let wait = self
            .opened
            .wait_timeout_while(is_open, limit(), |open| !*open);
        drop(wait.unwrap());
    }
}

impl Drop for Site {
    /// Lets the server end, whose threads may wait.
    fn drop(&mut self) {
        self.gate.open();
    }
}

impl Site {
    /// A site with so many URLs in each shard.
    pub(super) fn new(urls: usize) -> Self {
        let paths = |shard: usize| (0..urls).map(move |number| format!("/{shard}/{number}.bin"));
        let shards: Vec<Vec<String>> = (0..SHARDS)
            .map(|shard| match shard {
                EMPTY => Vec::new(),
                _ => paths(shard).collect(),
            })
            .collect();
        let missing = shards.concat().pop().unwrap();
        let first_held = urls / 2;
        let gate = Arc::new(Gate::default());
        let (is_held, held) = channel();
        let passed = Arc::clone(&gate);
        let server = Server::with(move |request, reply| {
            let target = &request.target;
            if *target == missing {
                return reply.send(404, "", b"");
            }
            let number = target.strip_prefix(&format!("/{HELD}/"));
            let number = number.and_then(|rest| rest.strip_suffix(".bin")?.parse::<usize>().ok());
            match number {
                Some(number) if number >= first_held => hold(target, reply, &is_held, &passed),
                _ => reply.send(200, "", &body(target)),
            }
        });
        Site {
            dir: Dir::on_disk(),
            server,
            shards,
            held,
            gate,
        }
    }

    /// The list of a shard.
    pub(super) fn list(&self, shard: usize) -> String {
        let url = |path: &String| self.server.url(path) + "\n";
        self.shards[shard].iter().map(url).collect()
    }

    pub(super) fn lists(&self) -> String {
        (0..SHARDS).map(|shard| self.list(shard)).collect()
    }

    /// The folder for what a recipe makes.
    pub(super) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// The number of requests so far.
    pub(super) fn requests(&self) -> usize {
        self.server.requests()
    }

    /// Waits until a process is in the middle of the shard that is held up, and all its workers wait; and until its
    /// run log, of this path, has all that is done. A log comes behind the files by a moment, and what it does not
    /// have is asked for again.
    pub(super) fn wait_for_the_middle(&self, program: &mut Program, log: &Path) {
        let done = self.shards[HELD].len() / 2;
        for _ in 0..WORKERS.min(self.shards[HELD].len() - done) {
            while let Err(error) = self.held.recv_timeout(Duration::from_millis(100)) {
                assert_eq!(error, RecvTimeoutError::Timeout, "the server is gone");
                program.check_that_it_runs();
            }
        }
        let results = || {
            let text = fs::read_to_string(log).unwrap();
            text.matches(r#"{"type":"result""#).count()
        };
        while results() < done {
            program.check_that_it_runs();
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Holds nothing up any more.
    pub(super) fn go_on(&self) {
        self.gate.open();
    }

    /// Checks that each URL has one row, one request (but for those that were in flight in a process that was
    /// killed) and one whole file, except for the missing one; and that the reports of all shards, merged, say so.
    pub(super) fn check(&self, rows: &[Value], killed: usize, wall: Duration) {
        let paths = self.shards.concat();
        let missing = paths.last().unwrap();
        self.check_rows(rows, missing);
        self.check_requests(&paths, killed * WORKERS);
        self.check_files(&paths[..paths.len() - 1]);
        let merged = self.replay(&["--summary-only", "--format=jsonl"]);
        self.check_summary(&merged, paths.len(), Some(wall));
        // The run logs tell the same, without times.
        let with_logs = self.replay_of(&["--summary-only", "--format=jsonl"], &["logs", "reports"]);
        self.check_summary(&with_logs, paths.len(), None);
    }

    /// The number of runs in a report: the starts of its shard.
    pub(super) fn runs_in(&self, report: &str) -> usize {
        let path = self.out().join("reports").join(report);
        let text = fs::read_to_string(path).unwrap();
        text.matches(r#"{"type":"run""#).count()
    }

    fn check_rows(&self, rows: &[Value], missing: &str) {
        let url = |row: &Value| row["url"].as_str().unwrap().to_owned();
        let found = counted(rows.iter().map(url));
        let expected = counted(self.lists().lines().map(str::to_owned));
        assert_eq!(
            differences(&found, &expected),
            [] as [String; 0],
            "rows, and URLs"
        );
        let is_right = |row: &&Value| match url(row) == self.server.url(missing) {
            true => row["outcome"] == "failed" && row["status"] == 404,
            false => {
                let good = ["ok", "done", "unchanged"].map(Value::from);
                good.contains(&row["outcome"]) && row["status"] == 200
            }
        };
        let wrong: Vec<&Value> = rows.iter().filter(|row| !is_right(row)).collect();
        assert!(wrong.is_empty(), "{} rows: {wrong:#?}", wrong.len());
    }

    fn check_requests(&self, paths: &[String], in_flight: usize) {
        let asked = counted(self.server.targets().into_iter());
        let never: Vec<&String> = paths
            .iter()
            .filter(|path| !asked.contains_key(*path))
            .collect();
        assert!(never.is_empty(), "never asked for: {never:?}");
        let again: Vec<_> = asked.iter().filter(|(_, times)| **times > 1).collect();
        let most = paths.len() + in_flight;
        let requests = self.requests();
        assert!(
            requests <= most,
            "{requests} requests, {most} at most: {again:?}"
        );
    }

    fn check_files(&self, paths: &[String]) {
        let files = files_below(&self.out().join("files"));
        // A body says in each line whose it is; a name does not.
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(file).unwrap();
            let path = text.lines().next().unwrap_or_default().to_owned();
            let is_right =
                text.as_bytes() == body(&path) && file.extension() == Some("bin".as_ref());
            (is_right, path)
        };
        let (right, wrong): (Vec<_>, Vec<_>) = files
            .iter()
            .map(|file| (file, read(file)))
            .partition(|(_, (is_right, _))| *is_right);
        assert!(wrong.is_empty(), "parts, or of other bytes: {wrong:?}");
        let found = counted(right.into_iter().map(|(_, (_, path))| path));
        let expected = counted(paths.iter().cloned());
        assert_eq!(
            differences(&found, &expected),
            [] as [String; 0],
            "files, and URLs that are there"
        );
    }

    fn check_summary(&self, run: &Run, urls: usize, wall: Option<Duration>) {
        let summary = run.summary();
        let count = |key: &str| usize::try_from(summary[key].as_u64().unwrap()).unwrap();
        // Of a process that is killed between the line of its log and that of its report, the log alone knows.
        let good = count("ok") + count("done_before");
        run.check("all but one are good", good == urls - 1);
        run.check("one failed", count("failed") == 1 && count("skipped") == 0);
        run.check("no run was stopped", summary["stopped"] == false);
        if let Some(wall) = wall {
            let time = summary["parallel"].as_f64().unwrap();
            run.check(
                &format!("{time} s are within {wall:?}"),
                time > 0.0 && time <= wall.as_secs_f64(),
            );
        }
    }

    /// The reports of all shards, merged.
    pub(super) fn replay(&self, options: &[&str]) -> Run {
        self.replay_of(options, &["reports"])
    }

    fn replay_of(&self, options: &[&str], folders: &[&str]) -> Run {
        let mut args: Vec<String> = options.iter().map(ToString::to_string).collect();
        args.push("--replay".to_owned());
        for folder in folders {
            let files = files_below(&self.out().join(folder));
            let reports = files.iter().map(|path| path.to_str().unwrap());
            let reports = reports.filter(|path| path.ends_with(".jsonl") || path.ends_with(".log"));
            args.extend(reports.map(str::to_owned));
        }
        pfetch(&args).within(limit()).run().exits(0)
    }
}

/// Sends one half of a body, and the other when the gate is open.
fn hold(target: &str, reply: &mut Reply<'_>, is_held: &Sender<()>, gate: &Gate) -> io::Result<()> {
    let body = body(target);
    let (half, rest) = body.split_at(body.len() / 2);
    let mut stream = reply.raw();
    write!(
        stream,
        "HTTP/1.1 200 -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(half)?;
    // Nobody waits for it any more when the test is over.
    let _ = is_held.send(());
    gate.pass();
    stream.write_all(rest)
}

/// The body of a path: some 2 KiB, which are another path's nowhere.
fn body(path: &str) -> Vec<u8> {
    format!("{path}\n").repeat(200).into_bytes()
}

fn counted(items: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// The items whose number is another, with both numbers.
fn differences(found: &BTreeMap<String, usize>, expected: &BTreeMap<String, usize>) -> Vec<String> {
    let all: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let count = |of: &BTreeMap<String, usize>, item: &String| of.get(item).copied().unwrap_or(0);
    all.into_iter()
        .map(|item| (item, count(found, item), count(expected, item)))
        .filter(|(_, found, expected)| found != expected)
        .map(|(item, found, expected)| format!("{item}: {found}, and not {expected}"))
        .collect()
}

/// All files below a folder, those with a dot before their names too.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}
