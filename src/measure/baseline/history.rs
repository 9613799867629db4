//! The history of a baseline: its last runs, the oldest first.

use std::time::{Duration, SystemTime};

use super::SavedRun;

/// The most runs that are kept.
pub const MAX_RUNS: usize = 20;

/// The last runs of the same list, of which there is one at least.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// In the order of their starts.
    runs: Vec<SavedRun>,
}

/// What became of a history to which a run was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The run is the last, or has found its place among the others; so many there are now.
    Kept(usize),
    /// It is in the history already, as one that is told again is.
    Again,
    /// It is older than all that are kept.
    TooOld,
    /// It is of another list of URLs, and is not added: no run of either list would tell anything of the other's.
    OtherList,
}

impl History {
    /// A history that begins with this run.
    pub fn new(run: SavedRun) -> Self {
        History { runs: vec![run] }
    }

    /// A history of these runs, in any order. `None` if there are none, or too many.
    pub(super) fn from_runs(mut runs: Vec<SavedRun>) -> Option<Self> {
        runs.sort_by_key(|run| run.started_at);
        (1..=MAX_RUNS)
            .contains(&runs.len())
            .then_some(History { runs })
    }

    /// The runs, the oldest first.
    pub fn runs(&self) -> &[SavedRun] {
        &self.runs
    }

    /// The latest run.
    pub fn latest(&self) -> &SavedRun {
        self.runs.last().expect("a history has one run at least")
    }

    /// Adds a run of the same list, at its place in time, and drops the oldest of too many.
    ///
    /// A run with other numbers of workers or failures than those before it is kept: it says how many there were, and is
    /// compared with runs alone that have as many.
    pub fn add(&mut self, run: SavedRun) -> Added {
        if self.position(&run).is_some() {
            return Added::Again;
        }
        if self.latest().targets != run.targets {
            return Added::OtherList;
        }
        let place = self
            .runs
            .partition_point(|other| other.started_at <= run.started_at);
        if place == 0 && self.runs.len() >= MAX_RUNS {
            return Added::TooOld;
        }
        self.runs.insert(place, run);
        let surplus = self.runs.len().saturating_sub(MAX_RUNS);
        self.runs.drain(..surplus);
        Added::Kept(self.runs.len())
    }

    /// The position of a run that is in the history.
    pub(super) fn position(&self, run: &SavedRun) -> Option<usize> {
        let start = in_micros(run.started_at);
        self.runs
            .iter()
            .position(|other| in_micros(other.started_at) == start && other.runs == run.runs)
    }
}

/// A moment as the file has it: to the microsecond.
fn in_micros(moment: SystemTime) -> u128 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_micros()
}
