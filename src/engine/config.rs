//! The inputs and the result of a run.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::bodies::Bodies;
use super::displaced::Displaced;
use super::input::{BadTarget, Source, UnevenShards};
use super::resume::{DoneTargets, OtherList};
use super::retry::RetryPolicy;
use super::schedule::{ServerPolicy, StartLimits};
use crate::model::run_id::LogStart;
use crate::model::run_shard::RunShard;
use crate::model::summary::Summary;
use crate::save::ForeignParts;
use crate::save::pack::PackError;

/// The order in which outcomes are emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The order in which targets finish.
    #[default]
    Completion,
    /// The order of the input. The run then starts no target that is further ahead of the oldest
    /// unfinished one than [`LOOK_AHEAD`] (or four times the workers), so that a slow target holds a
    /// bounded number of results in the reorder buffer.
    Input,
}

/// The maximum number of targets in memory that are read and not yet done, or four times the workers if
/// that is more. Targets beyond it that may not start yet lie in a temporary file.
pub const LOOK_AHEAD: usize = 1024;

/// The adaptation of a run to the push-backs of its servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Adaptation {
    /// The number of requests at once and the distance between them follow what each server takes.
    #[default]
    On,
    /// Push-backs are failures like any other.
    Off,
}

/// The settings of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunConfig {
    /// The order of the outcomes.
    pub order: Order,
    /// Stops the run at the first bad line of input (`--strict`).
    pub strict: bool,
    /// The limits on starts.
    pub limits: StartLimits,
    /// The policy for failed attempts.
    pub retry: RetryPolicy,
    /// Adaptation to what servers take.
    pub adaptation: Adaptation,
    /// The most targets that are read ahead of one whose body waits in an open file for its turn or its name;
    /// `None` if open files are plenty.
    pub open_bodies: Option<usize>,
    /// The time limit of the whole run. Targets that are not done by then have failed.
    pub deadline: Option<Duration>,
    /// The time after which no target begins any more, of an input that is repeated without an end. Those under way are
    /// finished.
    pub repeat_time: Option<Duration>,
    /// Stops the run at the first failure.
    pub fail_fast: bool,
    /// Tells that received bytes are held back as asked, which makes the parallel time longer than the work.
    pub is_rate_limited: bool,
    /// The time from the start of the process to the start of the run, for the reports.
    pub startup: Duration,
    /// The run log as it was opened, if the run has one.
    pub log: Option<LogStart>,
    /// The shard that the source takes of its list, for the reports.
    pub shard: Option<RunShard>,
}

impl RunConfig {
    /// The same, whose origins are not paused for a `Retry-After` that decides nothing: of a run that neither asks
    /// again nor slows down.
    pub(super) fn without_idle_waits(mut self) -> Self {
        if self.adaptation == Adaptation::Off && self.retry.retries == 0 {
            self.retry.retry_after_max = Duration::ZERO;
        }
        self
    }

    /// The rules of the schedule for servers, with this many workers.
    pub(super) fn server_policy(&self, workers: usize) -> ServerPolicy {
        ServerPolicy {
            adapts: self.adaptation == Adaptation::On,
            workers,
            probes: self.retry.retries.saturating_add(1).max(3),
            tries_again: self.retry.retries > 0,
            give_up: self.retry.give_up,
            holds: self.retry.retry_after_max.saturating_mul(10),
        }
    }
}

/// The work of a run.
#[derive(Debug)]
pub struct Work {
    /// The targets.
    pub source: Source,
    /// The destination of their bodies.
    pub bodies: Bodies,
    /// The targets that an earlier run has done, and this one leaves out.
    pub done: Option<DoneTargets>,
}

/// Discards the bodies.
impl From<Source> for Work {
    fn from(source: Source) -> Self {
        Work {
            source,
            bodies: Bodies::default(),
            done: None,
        }
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    /// The figures.
    pub summary: Summary,
    /// Set if the deadline passed before all was done.
    pub overdue: bool,
    /// Set if the run stopped because the disk was full.
    pub is_full: bool,
    /// The reason why the shards of the input are uneven, if its items were dealt out to them by their hosts.
    pub uneven_shards: Option<UnevenShards>,
    /// Files that got other names than their URLs', since files of other URLs hold those.
    pub displaced: Vec<Displaced>,
    /// Targets that failed by a limit on time, in the last of several attempts.
    pub timed_out_again: u64,
    /// Files with the names of parts that are not pfetch's, and were left alone.
    pub foreign_parts: Option<ForeignParts>,
    /// Files that the run log has, and that are gone or of another length: their targets were not done.
    pub lost_files: u64,
    /// The URL whose body is missing from the output that bodies share. The output ends before it.
    pub gap: Option<Arc<str>>,
    /// Set if jobs were abandoned: they had not ended when the run did.
    pub has_left_jobs: bool,
    /// The error that ended the run early, if it was neither the stop token nor the deadline.
    pub cut_short: Option<CutShort>,
}

/// The error that ended a run early.
#[derive(Debug, thiserror::Error)]
pub enum CutShort {
    /// The listener could not write. Its message names the file.
    #[error("{0}")]
    Listener(#[from] io::Error),
    /// Targets that waited in a temporary file cannot be read back.
    #[error("cannot read back the URLs that wait in a temporary file: {0}")]
    Spool(io::Error),
    /// A pack cannot be begun or published. No body that the run log names is lost.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The packs in the run log are of another list.
    #[error(transparent)]
    OtherList(#[from] OtherList),
    /// A bad line of input, with [`RunConfig::strict`].
    #[error("{} (stopped there: --strict)", .0.message)]
    Strict(BadTarget),
}
