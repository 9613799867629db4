//! What happens in a run, in one order: the interface between the engine and its reporters.

use std::io;
use std::time::{Duration, SystemTime};

use crate::comparison::{ArmRun, Comparison};
use crate::outcome::Outcome;
use crate::summary::Summary;

/// Something that a reporter may want to write down. Every run is one [`Started`](Event::Started),
/// then any number of the others, and at the end one [`Ended`](Event::Ended). In a comparison the
/// last is [`Compared`](Event::Compared) instead.
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
    /// All of them are over, and this is what they came to.
    Compared(Comparison),
    /// The run is over.
    Ended(Summary),
}

/// What is known as a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
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
    /// If it cannot be written down; the run then stops.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Nothing more will happen for a moment: what has been noted should be seen by now.
    ///
    /// # Errors
    ///
    /// As for [`event`](Listener::event).
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}
