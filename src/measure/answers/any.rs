//! Targets that were not answered alike in all runs, whichever arm the runs are of.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::outcome::Outcome;

/// Number of differing targets that are named.
const MAX_NAMED: usize = 5;

/// Targets that were not answered alike in all runs, whichever arm they are of.
#[derive(Debug, Default)]
pub(super) struct AnyDifference {
    /// Fingerprints of the first run's outcomes, by index; 0 for one that is missing.
    first: Vec<u32>,
    is_first_run: bool,
    has_begun: bool,
    differs: Vec<bool>,
    named: Vec<String>,
}

impl AnyDifference {
    /// Begins the next run; the answers of the first one are what later ones are compared with.
    pub(super) fn begin_run(&mut self) {
        self.is_first_run = !self.has_begun;
        self.has_begun = true;
    }

    /// Number of targets.
    pub(super) fn targets(&self) -> usize {
        self.first.len()
    }

    /// Number of targets that were not answered alike in all runs, and the first URLs of them.
    pub(super) fn differing(&self) -> (u64, Vec<String>) {
        let differing = self.differs.iter().filter(|differs| **differs);
        (differing.count() as u64, self.named.clone())
    }

    /// Adds the answer to the target of this index.
    pub(super) fn add(&mut self, index: usize, outcome: &Outcome) {
        let mut hasher = DefaultHasher::new();
        (outcome.verdict, outcome.status(), outcome.bytes).hash(&mut hasher);
        let fingerprint = (hasher.finish() as u32).max(1);
        if self.first.len() <= index {
            self.first.resize(index + 1, 0);
            self.differs.resize(index + 1, false);
        }
        if self.is_first_run {
            self.first[index] = fingerprint;
        } else if self.first[index] != fingerprint && !self.differs[index] {
            self.differs[index] = true;
            if self.named.len() < MAX_NAMED {
                self.named.push(outcome.url.to_string());
            }
        }
    }
}
