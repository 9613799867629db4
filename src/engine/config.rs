//! What a run is told, and what it comes to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::action::Bodies;
use crate::engine::input::{BadTarget, Source, Unreadable};
use crate::engine::resume::DoneTargets;
use crate::engine::retry::RetryPolicy;
use crate::engine::schedule::Limits;
use crate::model::summary::Summary;

/// The order in which outcomes are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As they end.
    #[default]
    Completion,
    /// As they stand in the input. The run then starts no target that is further ahead of the
    /// oldest unfinished one than [`LOOK_AHEAD`] (or four times the workers), so that a slow one
    /// holds back a bounded number of results.
    Input,
}

/// How many targets may be read and not yet done, or four times the workers if that is more: so far
/// a run looks past targets that may not start yet for others that may.
pub const LOOK_AHEAD: usize = 1024;

/// How a run goes about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunConfig {
    /// The order of the outcomes.
    pub order: Order,
    /// Whether input that is not a target ends the run.
    pub strict: bool,
    /// What holds starts back.
    pub limits: Limits,
    /// When a failed attempt is made again.
    pub retry: RetryPolicy,
    /// The most time for the whole run. What is not done by then has failed.
    pub deadline: Option<Duration>,
    /// How long getting ready took, for the reports.
    pub startup: Duration,
}

/// What a run is to do.
#[derive(Debug)]
pub struct Work {
    /// The targets.
    pub source: Source,
    /// What becomes of their bodies.
    pub bodies: Bodies,
    /// Targets that are left out, because an earlier run is done with them.
    pub done: Option<DoneTargets>,
}

/// Bodies are dropped.
impl From<Source> for Work {
    fn from(source: Source) -> Self {
        Work {
            source,
            bodies: Bodies::default(),
            done: None,
        }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// Its figures.
    pub summary: Summary,
    /// Lists that could not be read to their end.
    pub unreadable: Vec<Unreadable>,
    /// Whether the deadline passed before everything was done.
    pub overdue: bool,
    /// Whether it ended because there was no room for a file.
    pub is_full: bool,
    /// The URL whose body is missing from the output that bodies are passed on to, and that this output
    /// therefore ended at.
    pub gap: Option<Arc<str>>,
    /// Whether jobs were left to themselves that had not ended when the run did.
    pub has_left_jobs: bool,
    /// What ended the run early, if neither the stop token nor the deadline did.
    pub cut_short: Option<CutShort>,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum CutShort {
    /// The listener could not write, as it says itself.
    #[error("{0}")]
    Listener(#[from] io::Error),
    /// Input that is not a target, with [`RunConfig::strict`].
    #[error("{} (stopped there: --strict)", .0.message)]
    Strict(BadTarget),
}
