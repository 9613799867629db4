//! The events of a run, in one order: the interface between the engine and its reporters.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::model::measurement::{Against, ArmRun, Comparison, Sweep};
use crate::model::outcome::Outcome;
use crate::model::retry_idle::WaitCause;
use crate::model::run_id::{LogPosition, RunId};
use crate::model::run_shard::{MissingShards, RunShard};
use crate::model::summary::Summary;
use crate::stats::Interval;

/// An event of a run. The first is [`Started`](Event::Started), any number of others follow, and the last
/// is [`Ended`](Event::Ended); a comparison ends with [`Compared`](Event::Compared) and a sweep with
/// [`Swept`](Event::Swept), unless it was stopped. Only the results of assertions come after that, and
/// then the listener is [closed](Listener::close).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The run begins.
    Started(RunInfo),
    /// The number of the targets of the input, bad lines included: of lists in regular files as soon as they
    /// have been counted beside the run, of others when they have been read to their end. Comes again if a
    /// list turned out to have another number.
    Counted(u64),
    /// A target ended.
    Finished(Outcome),
    /// The targets that have been tried and have not ended have changed, as far as they are not under way.
    Pending(Pending),
    /// A pack begins, before any member is written to it, or is published.
    Pack(PackEvent),
    /// A warning, in one line, that is not the failure of a target.
    Warning(String),
    /// A warning that shards of a list are missing, which holds as long as others do not bring them.
    MissingShards(MissingShards),
    /// A run of an arm begins, in a comparison or a sweep.
    ArmStarted(ArmRun),
    /// The run of the arm is over.
    ArmEnded(Summary),
    /// The comparison of the run with a saved baseline, just before the end.
    Against(Against),
    /// The result of a comparison, after all its runs.
    Compared(Comparison),
    /// The result of a sweep over numbers of workers, after all its runs.
    Swept(Sweep),
    /// The result of an assertion. These come last.
    Assertion(AssertionResult),
    /// The run is over.
    Ended(Summary),
}

impl Event {
    /// Tells whether this is the end of the work, after which only the results of assertions come.
    pub fn is_end(&self) -> bool {
        matches!(self, Event::Ended(_) | Event::Compared(_) | Event::Swept(_))
    }
}

/// A step in the life of a pack, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackEvent {
    /// Members are about to be written to its `.part`.
    Begun(Arc<str>),
    /// Members of an earlier run behind this position are lost, and count no more.
    Cut(Arc<str>, u64),
    /// It is whole, and has its name.
    Published(Arc<str>),
}

/// The targets of a run that have been tried and have not ended, as far as they are not under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// Targets that are done and wait for those before them in the order of the input.
    pub unreleased: u64,
    /// Those of them whose files were kept without a request.
    pub unreleased_kept: u64,
    /// Their body bytes.
    pub unreleased_bytes: u64,
    /// Targets that wait to be tried again.
    pub retries: usize,
    /// The moment before which none of these is tried.
    pub next: Option<Instant>,
    /// The cause for which the first of them waits until then.
    pub cause: Option<WaitCause>,
}

/// The result of an assertion on a run's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct AssertionResult {
    /// The assertion, as it was written.
    pub assertion: String,
    /// The figure, in the base unit of its metric; `None` if there is none.
    pub value: Option<f64>,
    /// The confidence interval, if the figure was measured more than once.
    pub interval: Option<Interval>,
    /// The base unit: `s`, `B/s`, `/s`, `%`, `x` for a ratio, empty for a count.
    pub unit: &'static str,
    /// The verdict on it.
    pub verdict: AssertionVerdict,
    /// The reason for which there is no figure; with a figure, a remark about it, or empty.
    pub why: String,
    /// The number of URLs that the figure counts some of, or has a share of; `None` for any other figure.
    pub of: Option<u64>,
}

/// The verdict on an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum AssertionVerdict {
    /// It holds.
    Held,
    /// It does not hold.
    Failed,
    /// Its figure is not precise enough to tell.
    Inconclusive,
    /// It has no figure.
    Unknown,
    /// There is nothing to judge: it is about a baseline that this run makes or makes anew, or the input had no URLs,
    /// and may have none.
    Skipped,
}

impl AssertionVerdict {
    /// True for a verdict that makes the program fail. An assertion without a figure has not been shown to
    /// hold.
    pub fn is_failure(self) -> bool {
        matches!(self, AssertionVerdict::Failed | AssertionVerdict::Unknown)
    }

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The facts known as a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// The version of pfetch that makes the run.
    pub version: String,
    /// The most workers of the run.
    pub workers: usize,
    /// The start, by the wall clock.
    pub started_at: SystemTime,
    /// The start-up time: from the start of the process to the start of the run.
    pub startup: Duration,
    /// The run's identifier.
    pub id: RunId,
    /// The run's place in its run log, if it has one.
    pub log: Option<LogPosition>,
    /// The shard of the list that the run takes, if it is not all of it.
    pub shard: Option<RunShard>,
}

/// A consumer of events: a report, a progress display, or several of them.
pub trait Listener {
    /// Handles one event.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The run then stops, and emits nothing but its end.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Flushes the output, because no event will come for a moment.
    ///
    /// # Errors
    ///
    /// As for [`event`](Listener::event).
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Ends the output, because no event will come at all: a report that needs all events is written
    /// now.
    ///
    /// # Errors
    ///
    /// As for [`event`](Listener::event).
    fn close(&mut self) -> io::Result<()> {
        self.idle()
    }
}
