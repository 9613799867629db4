//! Runs the program as a user would: as a process, in an environment of the test's own making.
//!
//! Include it with `#[path = "support/pfetch.rs"] mod pfetch;`. Whatever goes wrong, the failure
//! shows the command, its status and what it printed so far. Nothing runs longer than [`LIMIT`],
//! unless the test allows it.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// Far beyond what any run here needs, on a busy machine too.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A run to be.
#[derive(Debug)]
pub(crate) struct Pfetch {
    command: Command,
    stdin: Option<Vec<u8>>,
    /// Standard input comes from elsewhere than the test.
    from: Option<Stdio>,
    /// Not read by the test: standard output goes elsewhere.
    stdout: Option<Stdio>,
    /// The most time it gets.
    limit: Duration,
}

/// pfetch with these arguments, nothing on its standard input, and of the environment only `PATH`.
pub(crate) fn pfetch<S: AsRef<str>>(args: &[S]) -> Pfetch {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pfetch"));
    command
        .args(args.iter().map(AsRef::as_ref))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    Pfetch {
        command,
        stdin: None,
        from: None,
        stdout: None,
        limit: LIMIT,
    }
}

/// The option for results as JSON Lines, of a run with these arguments: bodies on standard output leave
/// standard error for them.
pub(crate) fn json_lines(args: &[&str]) -> &'static str {
    match args.contains(&"--cat") {
        true => "--export=jsonl=/dev/stderr",
        false => "--format=jsonl",
    }
}

impl Pfetch {
    /// What it finds on standard input.
    pub(crate) fn stdin<B: AsRef<[u8]>>(mut self, bytes: B) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Where its standard output goes, if not to the test.
    pub(crate) fn stdout(mut self, to: Stdio) -> Self {
        self.stdout = Some(to);
        self
    }

    /// Has another program start it, one that puts it in its own place.
    pub(crate) fn under(mut self, program: &[&str]) -> Self {
        let own = std::mem::replace(&mut self.command, Command::new(program[0]));
        self.command.args(&program[1..]);
        self.command.arg(own.get_program()).args(own.get_args());
        self.command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        self
    }

    /// Starts it with this as its standard input.
    pub(crate) fn stdin_from(mut self, file: fs::File) -> Running {
        self.from = Some(file.into());
        self.start()
    }

    /// One more argument, which need not be UTF-8.
    pub(crate) fn arg(mut self, bytes: &[u8]) -> Self {
        self.command.arg(OsStr::from_bytes(bytes));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn current_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Gives it more time than [`LIMIT`], for work that a slow disk makes long.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(mut self) -> Run {
        let bytes = self.stdin.take().unwrap_or_default();
        let mut running = self.start();
        let mut stdin = running.stdin.take().unwrap();
        // It may end before it has read everything.
        let writer = thread::spawn(move || stdin.write_all(&bytes));
        let run = running.finish();
        let _ = writer.join().unwrap();
        run
    }

    /// Starts it, with its standard input open.
    pub(crate) fn start(mut self) -> Running {
        let stdout = self.stdout.unwrap_or_else(Stdio::piped);
        let mut child = self
            .command
            .stdin(self.from.unwrap_or_else(Stdio::piped))
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take();
        let err = child.stderr.take();
        Running {
            command: format!("{:?}", self.command),
            pid: Pid::from_child(&child),
            stdin: child.stdin.take(),
            out: out.map_or_else(Stream::none, Stream::new),
            err: err.map_or_else(Stream::none, Stream::new),
            status: watch(child, self.limit),
            ended: false,
            deadline: Instant::now() + self.limit,
        }
    }
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Running {
    command: String,
    pub(crate) pid: Pid,
    /// Its standard input.
    pub(crate) stdin: Option<ChildStdin>,
    out: Stream,
    err: Stream,
    status: Receiver<ExitStatus>,
    ended: bool,
    deadline: Instant,
}

impl Running {
    /// Writes a line to its standard input.
    #[track_caller]
    pub(crate) fn feed(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    /// The next line of its standard output, as soon as it is there.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let line = self.out.line(self.deadline);
        line.unwrap_or_else(|| self.fail("no further line on standard output"))
    }

    /// The next line of its standard error, as soon as it is there.
    #[track_caller]
    pub(crate) fn error_line(&mut self) -> String {
        let line = self.err.line(self.deadline);
        line.unwrap_or_else(|| self.fail("no further line on standard error"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Kills it where it has not come to its end already, and waits for that.
    #[track_caller]
    pub(crate) fn kill(self) -> Run {
        self.end_by(Signal::KILL)
    }

    /// Its `/proc/PID/status`.
    #[cfg(target_os = "linux")]
    pub(crate) fn proc_status(&self) -> String {
        fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero())).unwrap()
    }

    /// Closes its standard input and waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Run {
        self.stdin = None;
        self.end()
    }

    /// Waits for its end while its standard input stays open.
    #[track_caller]
    pub(crate) fn end(mut self) -> Run {
        while self.out.line(self.deadline).is_some() {}
        while self.err.line(self.deadline).is_some() {}
        let left = self.deadline.saturating_duration_since(Instant::now());
        let Ok(status) = self.status.recv_timeout(left) else {
            self.fail("it does not end");
        };
        self.ended_with(status)
    }

    /// Sends it a signal again and again until it ends: one that comes soon after the first counts for nothing.
    #[track_caller]
    pub(crate) fn end_by(mut self, signal: Signal) -> Run {
        let status = loop {
            match kill_process(self.pid, signal) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => panic!("it cannot be signalled: {error}"),
            }
            match self.status.recv_timeout(Duration::from_millis(20)) {
                Ok(status) => break status,
                Err(_) if Instant::now() >= self.deadline => self.fail("it does not end"),
                Err(_) => {}
            }
        };
        while self.out.line(self.deadline).is_some() {}
        while self.err.line(self.deadline).is_some() {}
        self.ended_with(status)
    }

    #[track_caller]
    fn ended_with(mut self, status: ExitStatus) -> Run {
        self.ended = true;
        let run = Run {
            command: self.command.clone(),
            status,
            stdout: self.out.text(),
            stderr: self.err.text(),
        };
        // What no run may ever do.
        run.check("it panicked", !run.stderr.contains("panicked"));
        run
    }

    #[track_caller]
    fn fail(&mut self, why: &str) -> ! {
        let (out, err) = (self.out.text(), self.err.text());
        let command = &self.command;
        panic!("{why}\ncommand: {command}\nstdout so far:\n{out}\nstderr so far:\n{err}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            // Only a failed test comes here with a process that is still there.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

/// The columns before the further lines of an item in a summary, and before those of its counts.
const INDENTS: [usize; 2] = [13, 4];

/// A report with each item of its summary in one line again, without the dots that a line end may take the place of.
pub(crate) fn unbroken(report: &str) -> String {
    let mut text = String::new();
    for line in report.split_inclusive('\n') {
        let words = line.trim_start_matches(' ');
        let is_further = INDENTS.contains(&(line.len() - words.len())) && words.trim() != "";
        match text.strip_suffix('\n').filter(|_| is_further) {
            Some(before) => text = format!("{before} {words}"),
            None => text += line,
        }
    }
    text.replace(" ·", "").trim_start_matches("· ").to_owned()
}

/// Tells whether a report has this text, wherever its lines are broken.
pub(crate) fn tells(report: &str, text: &str) -> bool {
    let squeezed = |text: &str| {
        let words = unbroken(text);
        words
            .split(' ')
            .fold(String::new(), |all, word| match word {
                "" if all.ends_with(' ') => all,
                word => all + word + " ",
            })
    };
    let text_of = squeezed(text);
    report.contains(text) || squeezed(report).contains(text_of.trim_end_matches(' '))
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Fails the test unless this holds.
    #[track_caller]
    pub(crate) fn check(&self, what: &str, holds: bool) {
        assert!(
            holds,
            "{what}\ncommand: {}\nstatus: {}\nstdout:\n{}\nstderr:\n{}",
            self.command, self.status, self.stdout, self.stderr
        );
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        self.check(
            &format!("exit code {code}"),
            self.status.code() == Some(code),
        );
        self
    }

    /// Standard output [tells](tells) this text.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        self.check(&format!("stdout has {text:?}"), tells(&self.stdout, text));
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        self.check(&format!("stderr has {text:?}"), self.stderr.contains(text));
        self
    }

    /// Neither stream has it.
    #[track_caller]
    pub(crate) fn never_shows(self, text: &str) -> Self {
        let shown = self.stdout.contains(text) || self.stderr.contains(text);
        self.check(&format!("{text:?} is nowhere"), !shown);
        self
    }

    /// No [complaints](Run::complaints).
    #[track_caller]
    pub(crate) fn says_nothing(self) -> Self {
        self.check("stderr is empty", self.complaints().is_empty());
        self
    }

    /// Exactly one line of [complaints](Run::complaints), which begins as all messages do.
    #[track_caller]
    pub(crate) fn complains_in_a_line(self) -> Self {
        let complaints = self.complaints();
        let one = complaints.matches('\n').count() == 1 && complaints.ends_with('\n');
        self.check(
            "one line on stderr",
            one && complaints.starts_with("pfetch: "),
        );
        self
    }

    /// Standard error without the names of exports that were written, and without the note on the body of the only
    /// URL, which standard output does not get: here it is always a pipe.
    fn complaints(&self) -> String {
        let no_complaints = [
            "pfetch: wrote ",
            "pfetch: note: the body was not kept: ",
            "pfetch: note: the bodies were not kept, ",
        ];
        let lines = self.stderr.split_inclusive('\n');
        lines
            .filter(|line| !no_complaints.iter().any(|start| line.starts_with(start)))
            .collect()
    }

    /// Nothing that moves a cursor or changes the direction of writing, on either stream.
    #[track_caller]
    pub(crate) fn shows_plain_text(self) -> Self {
        let hostile = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let plain = !self.stdout.contains(hostile) && !self.stderr.contains(hostile);
        self.check("plain text only", plain);
        self
    }

    /// The lines of standard output, each as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| {
            let parsed = serde_json::from_str(line);
            self.check(&format!("{line:?} is JSON"), parsed.is_ok());
            parsed.unwrap()
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The JSON lines of type `result`, in their order.
    #[track_caller]
    pub(crate) fn results(&self) -> Vec<serde_json::Value> {
        let mut lines = self.json();
        lines.retain(|line| line["type"] == "result");
        lines
    }

    /// The one result of a run over one URL.
    #[track_caller]
    pub(crate) fn result(&self) -> serde_json::Value {
        let mut results = self.results();
        self.check("one result", results.len() == 1);
        results.remove(0)
    }

    /// The JSON line of type `summary`.
    #[track_caller]
    pub(crate) fn summary(&self) -> serde_json::Value {
        let last = self.json().pop().unwrap_or_default();
        self.check("the last line is the summary", last["type"] == "summary");
        last
    }
}

/// A directory of a test's own, gone with it.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        Dir::below(&std::env::temp_dir())
    }

    /// The same on a real disk: where temporary files are, files may have no extended attributes.
    pub(crate) fn on_disk() -> Self {
        Dir::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn below(parent: &Path) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pfetch-test-{}-{number}", std::process::id());
        let path = parent.join(name);
        fs::create_dir(&path).unwrap();
        Dir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns its path.
    pub(crate) fn file<B: AsRef<[u8]>>(&self, name: &str, content: B) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // What is left over lies in the system's directory for that.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a process prints, line by line as it comes, and all of it so far.
#[derive(Debug)]
struct Stream {
    lines: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Stream {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).unwrap() > 0 {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let seen = Vec::new();
        Stream { lines, seen }
    }

    fn none() -> Self {
        Stream::new(std::io::empty())
    }

    /// The next line, without its end; `None` after the last, or when time is up.
    fn line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.lines.recv_timeout(left).ok()?;
        self.seen.extend_from_slice(&line);
        let line = String::from_utf8(line).expect("pfetch prints UTF-8");
        Some(line.trim_end_matches('\n').to_owned())
    }

    fn text(&mut self) -> String {
        self.seen.extend(self.lines.try_iter().flatten());
        String::from_utf8(self.seen.clone()).expect("pfetch prints UTF-8")
    }
}

/// Waits for the end on a thread of its own, and brings it about when time is up: that also ends
/// whatever wait of the test's there is at the other end of a pipe.
fn watch(mut child: Child, limit: Duration) -> Receiver<ExitStatus> {
    let (sender, status) = mpsc::channel();
    let (alive, ended) = mpsc::channel::<()>();
    let pid = Pid::from_child(&child);
    thread::spawn(move || {
        let _ = sender.send(child.wait().unwrap());
        drop(alive);
    });
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    status
}

/// Each crate that includes this file uses its own part of it. Naming the whole surface here keeps
/// the rest from being reported as dead code, without every includer having to expect that.
const _: () = {
    let _ = (LIMIT, Pfetch::stdin::<&str>, Pfetch::stdout, Pfetch::env);
    let _ = (Pfetch::current_dir, Pfetch::run, Pfetch::start, Dir::new);
    let _ = (
        Pfetch::within,
        Pfetch::stdin_from,
        Pfetch::under,
        Pfetch::arg,
    );
    let _ = (Running::feed, Running::line, Running::error_line);
    let _ = (
        Running::signal,
        Running::kill,
        Running::finish,
        Running::end,
        Running::end_by,
    );
    #[cfg(target_os = "linux")]
    let _ = Running::proc_status;
    let _ = (Run::exits, Run::prints, Run::says, Run::never_shows);
    let _ = (Run::says_nothing, Run::complains_in_a_line);
    let _ = (
        Run::shows_plain_text,
        Run::results,
        Run::result,
        Run::summary,
    );
    let _ = (json_lines, tells, unbroken);
    let _ = (Dir::on_disk, Dir::path, Dir::file::<&str>, pfetch::<&str>);
};
