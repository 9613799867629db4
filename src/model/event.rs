//! What happens in a run, in one order: the interface between the engine and its reporters.

use std::io;
use std::time::{Duration, SystemTime};

use crate::model::measurement::{Against, ArmRun, Comparison, Sweep};
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;
use crate::stats::Interval;

/// Something that a reporter may want to write down. Every run is one [`Started`](Event::Started),
/// then any number of the others, and at the end one [`Ended`](Event::Ended). In a comparison that is
/// [`Compared`](Event::Compared) instead, in a sweep [`Swept`](Event::Swept), unless it was stopped.
/// Only what the figures are held against comes after it, and then the listener is [closed](Listener::close).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The run begins.
    Started(RunInfo),
    /// The list has been read to its end and names this many targets, bad lines included.
    Counted(u64),
    /// A target ended.
    Finished(Outcome),
    /// Something that a person should know, in one line, that is no target's failure.
    Warning(String),
    /// In a comparison: a run of one of its arms begins.
    ArmStarted(ArmRun),
    /// It is over, with these figures.
    ArmEnded(Summary),
    /// What the run comes to against an earlier one; just before its end.
    Against(Against),
    /// All of them are over, and this is what they came to.
    Compared(Comparison),
    /// The same of a sweep over numbers of workers.
    Swept(Sweep),
    /// An assertion was held against the figures. These come after all else.
    Judged(Judged),
    /// The run is over.
    Ended(Summary),
}

/// What became of an assertion on a run's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The assertion.
    pub gate: String,
    /// Its figure, in the base unit of its metric, if there is one.
    pub value: Option<f64>,
    /// Where the true value may well lie, if the figure was measured more than once.
    pub interval: Option<Interval>,
    /// That unit: `s`, `B/s`, `/s`, `%`, `x` for a ratio, or nothing for a number of things.
    pub unit: &'static str,
    /// Whether it holds.
    pub verdict: GateVerdict,
    /// Why there is no figure, if there is none; else what is to be known of it, if anything.
    pub why: String,
}

/// Whether an assertion holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// It does.
    Held,
    /// It does not.
    Failed,
    /// Its figure is not known well enough.
    Inconclusive,
    /// It has no figure.
    Unknown,
}

impl GateVerdict {
    /// Whether it is one that ends the program with a failure. What has no figure has not been shown
    /// to hold.
    pub fn is_failure(self) -> bool {
        matches!(self, GateVerdict::Failed | GateVerdict::Unknown)
    }

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            GateVerdict::Held => "held",
            GateVerdict::Failed => "failed",
            GateVerdict::Inconclusive => "inconclusive",
            GateVerdict::Unknown => "unknown",
        }
    }
}

/// What is known as a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// The version of pfetch that makes it.
    pub version: String,
    /// The most workers there may be.
    pub workers: usize,
    /// When, by the wall clock.
    pub started_at: SystemTime,
    /// How long getting ready took: from the start of the process to here.
    pub startup: Duration,
}

/// Someone who is told what happens: a report, a progress display, or several of them.
pub trait Listener {
    /// Takes note of one event.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; the run then stops, and tells of nothing more but its end.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Nothing more will happen for a moment: what has been noted should be seen by now.
    ///
    /// # Errors
    ///
    /// As for [`event`](Listener::event).
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Nothing more will happen at all: what can be written only when everything is known is to be
    /// written now.
    ///
    /// # Errors
    ///
    /// As for [`event`](Listener::event).
    fn close(&mut self) -> io::Result<()> {
        self.idle()
    }
}
