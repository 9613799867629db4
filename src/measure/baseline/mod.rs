//! Saved runs: the figures that `--save-baseline` keeps, and what a later run comes to against them
//! (`--against`).
//!
//! A [`Keeper`] stands between a run and its reports: it passes every event on, makes a [`SavedRun`] of
//! them, and tells how that compares with an earlier one just before the end. Being made from events, it
//! works for whatever is told as a run: a plain one, a comparison, a sweep, one that is told again.
//!
//! # The file
//!
//! A JSON object of schema 1. Unknown fields are passed over, so that later versions can add some.
//!
//! | field | what it is |
//! |---|---|
//! | `type` | `baseline` |
//! | `schema` | 1 |
//! | `version` | the version of pfetch that made the run |
//! | `started_at` | when, in RFC 3339 |
//! | `targets` | `{count, hash}`: how many URLs, and a hash of all of them together, in hexadecimal |
//! | `warm` | whether there were runs before it that did not count |
//! | `paced` | whether starts were held back as asked |
//! | `runs` | each run that counted: `{arm, workers, seconds, failed, retries, bytes}` |
//!
//! There are no URLs in it: the hash is the sum modulo 2^256 of the SHA-256 of each target's action and URL,
//! which needs no memory and does not depend on the order in which targets end (an additive hash of a
//! multiset, after Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", EUROCRYPT 1997;
//! here it has to tell lists apart that nobody has made to look alike). Whoever guesses the whole list can
//! see that the guess is right.

mod against;
mod file;
mod list;
mod record;
mod recorder;

pub use file::ReadError;
pub use record::Unsaved;
pub use recorder::Keeper;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::model::measurement::Arm;

/// The figures of a run that a later one can be judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedRun {
    /// The version of pfetch that made it.
    pub version: String,
    /// When it was started.
    pub started_at: SystemTime,
    /// What was fetched in each of its runs.
    pub targets: Targets,
    /// Whether there were runs before those that count.
    pub warm: bool,
    /// Whether starts were held back as asked.
    pub paced: bool,
    /// The runs that count: one, or those of a comparison or a sweep.
    pub runs: Vec<OneRun>,
}

/// What was fetched: a list's number of targets, and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// How many.
    pub count: u64,
    /// The hash of all of them, 64 hexadecimal digits.
    pub hash: String,
}

/// One run over all targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OneRun {
    /// In which way.
    pub arm: Arm,
    /// With so many workers.
    pub workers: usize,
    /// Its makespan, above 0.
    pub seconds: f64,
    /// Targets that failed.
    pub failed: u64,
    /// Attempts beyond the first of each target.
    pub retries: u64,
    /// Body bytes.
    pub bytes: u64,
}
