//! Baselines: the figures of runs, saved (`--save-baseline`) for later runs to be compared with
//! (`--against`).
//!
//! A [`BaselineRecorder`] stands between a run and its reports. It passes every event on, collects the figures
//! of a [`SavedRun`], and emits its comparison with the [`History`] of earlier ones just before the end. Because it
//! works on events, a plain run, a comparison, a sweep and a replay are all the same to it.
//!
//! # The file
//!
//! A JSON object of schema 2. Unknown fields are ignored, so that later versions can add some.
//!
//! | field | meaning |
//! |---|---|
//! | `type` | `baseline` |
//! | `schema` | 2 |
//! | `history` | the last 20 runs, the oldest first |
//!
//! Each run of the history:
//!
//! | field | meaning |
//! |---|---|
//! | `version` | the version of pfetch that made the run |
//! | `started_at` | start of the run, in RFC 3339 |
//! | `machine` | `{os, arch, cpus}` of the machine that made it; null if that is not known, as of a replay |
//! | `targets` | `{count, hash}`: the number of URLs, and a hash of all of them together, in hexadecimal |
//! | `warm` | true if uncounted runs came before it |
//! | `paced` | true if limits of the user's held back starts or bytes |
//! | `held_back_by` | which of them did: `{rate, host_delay, per_host, limit_rate}`; left out if none did |
//! | `runs` | each counted run: `{arm, workers, seconds, failed, retries, bytes}` |
//!
//! The file has no URLs in it: the hash is the sum modulo 2^256 of the SHA-256 of each target's action and URL.
//! It needs no memory and does not depend on the order in which targets end (an additive hash of a multiset,
//! after Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", EUROCRYPT 1997; here it has to
//! distinguish lists that were not constructed to collide). Someone who knows the exact list can confirm it
//! from the hash.

mod against;
mod collector;
mod file;
mod history;
mod list_hash;
mod preview;
mod recorder;
mod reference;
#[cfg(test)]
mod simulation;

pub use collector::Unsaved;
pub(crate) use file::BaselineFile;
pub use file::ReadError;
pub use history::{Added, History, MAX_RUNS};
pub use recorder::{BaselineRecorder, EarlierRuns};

use std::fmt;
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::measurement::Arm;
use crate::model::pacing::BindingLimits;

/// Figures of a run that a later one can be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedRun {
    /// Version of pfetch that made it.
    pub version: String,
    /// Start of the run.
    pub started_at: SystemTime,
    /// Machine that made it, if that is known.
    pub machine: Option<Machine>,
    /// Targets of each of its runs.
    pub targets: Targets,
    /// True if uncounted runs came before the counted ones.
    pub warm: bool,
    /// True if limits of the user's held back starts or bytes.
    pub paced: bool,
    /// Those that did, as far as they are known.
    pub held_back_by: BindingLimits,
    /// The counted runs: one, or those of a comparison or a sweep.
    pub runs: Vec<BaselineRun>,
}

impl SavedRun {
    /// True if a URL succeeded in one of the runs.
    pub fn has_success(&self) -> bool {
        self.runs.iter().any(|run| run.failed < self.targets.count)
    }
}

/// Machine that made a run, as far as its times depend on that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The operating system.
    pub os: String,
    /// The architecture of its processor.
    pub arch: String,
    /// The CPUs that the process may use.
    pub cpus: usize,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.cpus == 1 { "CPU" } else { "CPUs" };
        write!(f, "{} {noun} ({} {})", self.cpus, self.os, self.arch)
    }
}

/// Identity of a list of targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Targets {
    /// Number of targets.
    pub count: u64,
    /// Hash of all of them, 64 hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// One run over all targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineRun {
    /// Its arm.
    pub arm: Arm,
    /// Its number of workers.
    #[schemars(range(min = 1))]
    pub workers: usize,
    /// Its makespan, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub seconds: f64,
    /// Targets that failed.
    pub failed: u64,
    /// Attempts beyond the first of each target.
    pub retries: u64,
    /// Body bytes.
    pub bytes: u64,
}
