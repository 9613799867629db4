//! The answers to each target in an arm or with a number of workers, all runs together, and how two of them differ.

use std::collections::HashMap;
use std::hash::Hash;

use crate::model::measurement::Arm;
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::work::{FailureCause, PointDifference};
use crate::stats::sign_test;

/// Probability below which pages that vary in one arm only are no chance. Pages that vary now and then are common, and
/// a comparison that is refused by mistake is worse than one that is warned of.
const SIGNIFICANT: f64 = 0.01;

/// The answers of an arm, all runs together.
#[derive(Debug)]
pub(super) struct ArmAnswers {
    /// The arm, and its number of workers.
    pub(super) key: (Arm, usize),
    /// By index.
    pub(super) targets: Vec<TargetAnswers>,
}

impl ArmAnswers {
    /// The answers of an arm with this many workers, before any.
    pub(super) fn new(key: (Arm, usize)) -> Self {
        ArmAnswers {
            key,
            targets: Vec::new(),
        }
    }

    /// Adds the answer to the target of this index.
    pub(super) fn add(&mut self, index: usize, outcome: &Outcome, is_counted: bool) {
        if self.targets.len() <= index {
            self.targets.resize(index + 1, TargetAnswers::default());
        }
        self.targets[index].add(outcome, is_counted);
    }

    /// The number of targets that failed though they can succeed, and the cause that most have.
    pub(super) fn failures(&self, can_succeed: &[bool]) -> Option<(u64, PointDifference)> {
        let failed = self.targets.iter().zip(can_succeed);
        let failed = failed.filter(|(answers, can)| **can && answers.has(FAILED));
        let (count, cause) = most_frequent(failed.map(|(answers, _)| answers.cause));
        (count > 0).then_some((count, PointDifference::Failed(cause.flatten())))
    }
}

/// The number of all values, and the one that is the most frequent.
fn most_frequent<T: Copy + Eq + Hash>(values: impl Iterator<Item = T>) -> (u64, Option<T>) {
    let mut counts: HashMap<T, u64> = HashMap::new();
    let mut all = 0;
    for value in values {
        all += 1;
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    (all, most.map(|(value, _)| value))
}

/// The answers to one target in an arm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TargetAnswers {
    /// Body bytes of the last success.
    bytes: u64,
    /// Status of the last success, 0 for none.
    status: u16,
    /// Cause of the last failure that counts.
    cause: Option<FailureCause>,
    flags: u8,
}

/// It succeeded in a run that counts.
const SUCCEEDED: u8 = 1;
/// It failed in a run that counts.
const FAILED: u8 = 2;
/// It succeeded at least twice, warm-ups included.
const TWICE: u8 = 4;
/// Its size was not always the same, warm-ups included.
const VARIES: u8 = 8;
/// Its size was not the same in runs that count.
const VARIES_COUNTED: u8 = 16;
/// The last success was in a run that counts.
const LAST_COUNTED: u8 = 32;
/// There was a success, warm-ups included.
const ONCE: u8 = 64;

impl TargetAnswers {
    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn always_succeeded(self) -> bool {
        self.has(SUCCEEDED) && !self.has(FAILED)
    }

    pub(super) fn always_failed(self) -> bool {
        self.has(FAILED) && !self.has(SUCCEEDED)
    }

    /// True if its size was seen to be the same again and again.
    fn is_steady(self) -> bool {
        self.has(TWICE) && !self.has(VARIES)
    }

    fn add(&mut self, outcome: &Outcome, is_counted: bool) {
        if outcome.verdict == Verdict::Failed {
            if is_counted {
                self.flags |= FAILED;
                self.cause = cause(outcome);
            }
            return;
        }
        let status = outcome.status().unwrap_or_default();
        if self.has(ONCE) {
            self.flags |= TWICE;
            if (self.status, self.bytes) != (status, outcome.bytes) {
                self.flags |= VARIES;
                if is_counted && self.has(LAST_COUNTED) {
                    self.flags |= VARIES_COUNTED;
                }
            }
        }
        self.flags |= ONCE;
        if is_counted {
            self.flags |= SUCCEEDED | LAST_COUNTED;
        }
        (self.status, self.bytes) = (status, outcome.bytes);
    }
}

fn cause(outcome: &Outcome) -> Option<FailureCause> {
    let kind = outcome.error()?.kind;
    Some(match (kind, outcome.status()) {
        (FailureKind::Status, Some(status)) => FailureCause::Status(status),
        _ => FailureCause::Kind(kind),
    })
}

/// The number of targets that succeeded in both arms with one status each, another one in `more`; and the one that
/// most have.
pub(super) fn other_statuses(
    fewer: &ArmAnswers,
    more: &ArmAnswers,
) -> Option<(u64, PointDifference)> {
    let both = fewer.targets.iter().zip(&more.targets);
    let other = both.filter(|(fewer, more)| {
        fewer.has(SUCCEEDED) && more.has(SUCCEEDED) && fewer.status != more.status
    });
    let (urls, status) = most_frequent(other.map(|(_, more)| more.status));
    status.map(|status| (urls, PointDifference::OtherStatus(status)))
}

/// The number of targets whose sizes tell two arms apart. These are those that have one size in each arm, and not the
/// same one; and those that vary in one arm only, if they are so many more than those that vary in the other only that
/// this is no chance: a busy server's short page comes now and then.
pub(super) fn other_sizes(one: &ArmAnswers, other: &ArmAnswers) -> u64 {
    let (mut steady, mut vary_here, mut vary_there) = (0, 0, 0);
    for (one, other) in one.targets.iter().zip(&other.targets) {
        match (one.is_steady(), other.is_steady()) {
            (true, true) => {
                let is_other = one.status == other.status && one.bytes != other.bytes;
                steady += u64::from(is_other);
            }
            (false, true) => vary_here += u64::from(one.has(VARIES_COUNTED)),
            (true, false) => vary_there += u64::from(other.has(VARIES_COUNTED)),
            (false, false) => {}
        }
    }
    let varying = match sign_test(vary_here, vary_there) < SIGNIFICANT {
        true => vary_here.max(vary_there),
        false => 0,
    };
    steady + varying
}
