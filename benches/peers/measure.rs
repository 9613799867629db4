//! Running a client and taking its account: wall clock, CPU time, peak memory.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use wait4::Wait4;

/// What one run of a client took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Seconds from before its start to its end.
    pub(crate) wall: f64,
    /// Seconds of user and system time, its own children's included.
    pub(crate) cpu: f64,
    /// The most memory resident at once, in bytes. No lower than what this program had when it started the
    /// client, for the system counts from there: it keeps little itself.
    pub(crate) peak: f64,
    /// How many requests it made.
    pub(crate) requests: f64,
    /// How far the contender's [counter](Contender::with_counter) went.
    pub(crate) counted: f64,
}

impl Usage {
    /// Requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests / self.wall
    }

    /// Seconds of CPU time for a request.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu / self.requests
    }
}

/// Finds out from what a client said how many requests it made.
pub(crate) type Count = fn(&str) -> Option<f64>;

/// Somebody to be measured.
pub(crate) struct Contender {
    pub(crate) name: String,
    /// The command of its next run.
    command: Box<dyn FnMut() -> Command>,
    requests: f64,
    count: Option<Count>,
    counter: Option<Box<dyn Fn() -> f64>>,
    may_fail: bool,
    after: Option<Box<dyn FnMut()>>,
    /// What it took, a run each; or why there is nothing.
    pub(crate) runs: Result<Vec<Usage>, String>,
    /// In how many rounds it takes part.
    pub(crate) rounds: usize,
}

impl Contender {
    /// One that makes this many requests each time.
    pub(crate) fn new(
        name: impl Into<String>,
        requests: usize,
        command: impl FnMut() -> Command + 'static,
    ) -> Self {
        Contender {
            name: name.into(),
            command: Box::new(command),
            requests: requests as f64,
            count: None,
            counter: None,
            may_fail: false,
            after: None,
            runs: Ok(Vec::new()),
            rounds: usize::MAX,
        }
    }

    /// Takes the number of requests from what it says.
    pub(crate) fn counting(mut self, count: Count) -> Self {
        self.count = Some(count);
        self
    }

    /// Reads a counter before and after each run: the connections that a server has accepted.
    pub(crate) fn with_counter(mut self, counter: impl Fn() -> f64 + 'static) -> Self {
        self.counter = Some(Box::new(counter));
        self
    }

    /// Takes any exit code for a success, where some of the URLs are to fail.
    pub(crate) fn with_failures(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// Does something after each run: clears up.
    pub(crate) fn then(mut self, after: impl FnMut() + 'static) -> Self {
        self.after = Some(Box::new(after));
        self
    }

    /// Takes part in the first rounds only.
    pub(crate) fn at_most(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    fn run(&mut self, folder: &Path, limit: Duration) -> Result<Usage, String> {
        let before = self.counter.as_ref().map_or(0.0, |counter| counter());
        let mut usage = run((self.command)(), folder, limit, self.may_fail);
        let after = self.counter.as_ref().map_or(0.0, |counter| counter());
        if let Some(clear_up) = &mut self.after {
            clear_up();
        }
        if let Ok(usage) = &mut usage {
            usage.requests = self.requests;
            usage.counted = after - before;
            if let Some(count) = self.count {
                let said = fs::read_to_string(folder.join("said")).unwrap_or_default();
                usage.requests = count(&said).ok_or_else(|| format!("what is this? {said}"))?;
            }
        }
        usage
    }
}

/// Runs all of them `rounds` times, in turns, each round beginning with another one.
///
/// Who fails is out, and says why.
pub(crate) fn race(rounds: usize, limit: Duration, folder: &Path, contenders: &mut [Contender]) {
    let count = contenders.len();
    for round in 0..rounds {
        for turn in 0..count {
            let contender = &mut contenders[(round + turn) % count];
            if round >= contender.rounds {
                continue;
            }
            say(&format!(
                "round {} of {rounds}: {}",
                round + 1,
                contender.name
            ));
            if contender.runs.is_err() {
                continue;
            }
            match (contender.run(folder, limit), &mut contender.runs) {
                (Ok(usage), Ok(runs)) => runs.push(usage),
                (Err(why), runs) => *runs = Err(why),
                (Ok(_), Err(_)) => {}
            }
        }
    }
    say("");
}

/// Shows what is under way in place of what was shown before, if anyone watches.
fn say(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Runs what has to be there before a race, with its output in a file of `folder`.
pub(crate) fn run_once(command: Command, folder: &Path) -> Result<(), String> {
    const LIMIT: Duration = Duration::from_secs(600);
    run(command, folder, LIMIT, false).map(drop)
}

/// Runs `command` with its output in the file `said` of `folder`.
fn run(
    mut command: Command,
    folder: &Path,
    limit: Duration,
    may_fail: bool,
) -> Result<Usage, String> {
    let file = |name: &str| File::create(folder.join(name)).map_err(|error| error.to_string());
    command
        .stdin(Stdio::null())
        .stdout(file("said")?)
        .stderr(file("complaints")?);
    let started = Instant::now();
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let is_over = wait(&child, limit);
    if !is_over {
        // It is waited for below.
        let _ = child.kill();
    }
    let resources = child.wait4().map_err(|error| error.to_string())?;
    let wall = started.elapsed().as_secs_f64();
    if !is_over {
        return Err(format!("took longer than {} s", limit.as_secs()));
    }
    let has_ended = may_fail && resources.status.code().is_some();
    if !resources.status.success() && !has_ended {
        let complaints = fs::read_to_string(folder.join("complaints")).unwrap_or_default();
        let last = complaints.lines().last().unwrap_or_default();
        return Err(format!("{}: {last}", resources.status));
    }
    let rusage = resources.rusage;
    Ok(Usage {
        wall,
        cpu: (rusage.utime + rusage.stime).as_secs_f64(),
        peak: rusage.maxrss as f64,
        requests: 0.0,
        counted: 0.0,
    })
}

/// Whether it ends in time. It is not reaped: its account is still to be taken.
fn wait(child: &Child, limit: Duration) -> bool {
    let Ok(pidfd) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else {
        // An old system: there is no limit then.
        return true;
    };
    let limit = limit.try_into().ok();
    let mut events = [PollFd::new(&pidfd, PollFlags::IN)];
    loop {
        match poll(&mut events, limit.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// The middle of some values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
