//! Programs in process groups of their own, and what the system says of the processes below them.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::limit;

/// A running program, whose group is killed when the test is over.
pub(super) struct Program {
    child: Child,
    shown: String,
    /// The file for what it prints, on both streams.
    output: PathBuf,
    started: Instant,
    status: Option<ExitStatus>,
}

impl Program {
    pub(super) fn start(mut command: Command, output: PathBuf) -> Self {
        let file = File::create(&output).unwrap();
        let shown = format!("{command:?}");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        Program {
            child,
            shown,
            output,
            started: Instant::now(),
            status: None,
        }
    }

    /// Runs it to its end, and returns the status and what it printed.
    pub(super) fn run(command: Command, output: PathBuf) -> (ExitStatus, String) {
        Program::start(command, output).end()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn said(&self) -> String {
        let said = fs::read(&self.output).unwrap_or_default();
        format!("{}:\n{}", self.shown, String::from_utf8_lossy(&said))
    }

    /// Fails if it has ended, or if its time is up.
    pub(super) fn check_that_it_runs(&mut self) {
        self.status = self.child.try_wait().unwrap();
        assert_eq!(self.status, None, "it ended: {}", self.said());
        let time = self.started.elapsed();
        assert!(time < limit(), "after {time:?}: {}", self.said());
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> (ExitStatus, String) {
        loop {
            self.status = self.child.try_wait().unwrap();
            if let Some(status) = self.status {
                return (status, self.said());
            }
            let time = self.started.elapsed();
            assert!(time < limit(), "after {time:?}: {}", self.said());
            // The standard library waits for a child for ever, or not at all.
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Spark's workers end their executors when they are told to end.
        for (signal, patience) in [(Signal::TERM, 10), (Signal::KILL, 60)] {
            if self.status.is_some() {
                return;
            }
            let _ = kill_process_group(Pid::from_child(&self.child), signal);
            let told = Instant::now();
            while self.status.is_none() && told.elapsed() < Duration::from_secs(patience) {
                self.status = self.child.try_wait().unwrap_or_default();
                thread::park_timeout(Duration::from_millis(20));
            }
        }
    }
}

/// The processes of the system at one moment.
pub(super) struct Processes(HashMap<u32, Process>);

struct Process {
    parent: u32,
    /// The arguments, with blanks between them.
    command: String,
}

impl Processes {
    pub(super) fn now() -> Self {
        let entries = fs::read_dir("/proc").unwrap();
        let pids = entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        // One may end meanwhile.
        Processes(
            pids.filter_map(|pid| Some((pid, Process::read(pid)?)))
                .collect(),
        )
    }

    /// The processes whose arguments have all of these texts in them.
    pub(super) fn with(&self, texts: &[&str]) -> Vec<u32> {
        let has_all = |process: &Process| texts.iter().all(|text| process.command.contains(text));
        let found = self.0.iter().filter(|(_, process)| has_all(process));
        found.map(|(pid, _)| *pid).collect()
    }

    /// True if `pid` is below `above`.
    pub(super) fn is_below(&self, mut pid: u32, above: u32) -> bool {
        while let Some(process) = self.0.get(&pid) {
            if process.parent == above {
                return true;
            }
            pid = process.parent;
        }
        false
    }
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(Process {
            parent: parent.trim().parse().ok()?,
            command: String::from_utf8_lossy(&command).replace('\0', " "),
        })
    }
}

/// Kills a process that cannot end by itself at the moment.
pub(super) fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}
