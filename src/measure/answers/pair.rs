//! The answers of a pair of runs, target by target.

use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::work::PairedWork;

/// The answers of the two runs of a pair, and the differences in the pairs before.
#[derive(Debug, Default)]
pub(super) struct PairAnswers {
    pair: u32,
    arm: Option<Arm>,
    serial: Vec<u16>,
    parallel: Vec<u16>,
    /// Whole runs of this pair.
    whole: u32,
    /// Differences of each target, by index.
    differences: Vec<u8>,
    unlike: Vec<u32>,
}

/// The answer of a failure in [`PairAnswers`]. Their times are left out, so that one failure is like another.
const FAILURE: u16 = u16::MAX;
/// The answer of a success is its status with this added, so that 0 is none.
const SUCCESS: u16 = 1;

const FAILED_IN_PARALLEL: u8 = 1;
const FAILED_SERIALLY: u8 = 2;
const OTHER_STATUS: u8 = 4;

impl PairAnswers {
    /// Begins a run.
    pub(super) fn begin_run(&mut self, run: &ArmRun) {
        if self.pair != run.pair {
            self.serial.clear();
            self.parallel.clear();
            self.whole = 0;
        }
        self.pair = run.pair;
        self.arm = Some(run.arm);
    }

    /// Adds the answer to the target of this index.
    pub(super) fn add(&mut self, index: usize, outcome: &Outcome) {
        let answers = match self.arm {
            Some(Arm::Serial) => &mut self.serial,
            _ => &mut self.parallel,
        };
        if answers.len() <= index {
            answers.resize(index + 1, 0);
        }
        answers[index] = match outcome.verdict {
            Verdict::Failed => FAILURE,
            _ => outcome.status().unwrap_or_default() + SUCCESS,
        };
    }

    /// Ends a whole run. The second one of a pair is compared with the first. The runs of a sweep are no pairs.
    pub(super) fn end_run(&mut self) {
        self.whole += 1;
        if self.whole < 2 || self.serial.is_empty() {
            return;
        }
        let mut is_unlike = false;
        let targets = self.serial.len().max(self.parallel.len());
        self.differences.resize(targets, 0);
        self.serial.resize(targets, 0);
        self.parallel.resize(targets, 0);
        let both = self.serial.iter().zip(&self.parallel);
        for ((serial, parallel), differences) in both.zip(&mut self.differences) {
            let difference = match (*serial, *parallel) {
                (serial, parallel) if serial == parallel => continue,
                // One that has no answer was read in one run only, which is another list.
                (_, FAILURE | 0) => FAILED_IN_PARALLEL,
                (FAILURE | 0, _) => FAILED_SERIALLY,
                _ => OTHER_STATUS,
            };
            *differences |= difference;
            is_unlike = true;
        }
        if is_unlike {
            self.unlike.push(self.pair);
        }
    }

    /// The differences of all pairs so far.
    pub(super) fn work(&self) -> PairedWork {
        let count = |flag| {
            let with = self.differences.iter().filter(|flags| **flags & flag != 0);
            with.count() as u64
        };
        PairedWork {
            unlike_pairs: self.unlike.clone(),
            failed_in_parallel: count(FAILED_IN_PARALLEL),
            failed_serially: count(FAILED_SERIALLY),
            other_status: count(OTHER_STATUS),
            ..PairedWork::default()
        }
    }
}
