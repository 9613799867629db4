//! The answers of measured runs: which targets each arm, and each number of workers, was answered alike.
//!
//! * A failure, or another status, is a difference wherever it occurs: the runs did other work.
//! * Another size is one only beyond what a page varies by in the same arm. A page with a time or a nonce in it has
//!   another size in every run, which says nothing of the arms.
//!
//! It costs about 45 bytes of memory per target, and 16 more for each number of workers beyond two.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::failing::FailingTime;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::work::{FailureCause, PairedWork, PassedOver, PointDifference};
use crate::stats::sign_test;

/// Number of differing targets that are named.
const MAX_NAMED: usize = 5;

/// Probability below which pages that vary in one arm only are no chance. Pages that vary now and then are common, and
/// a comparison that is refused by mistake is worse than one that is warned of.
const SIGNIFICANT: f64 = 0.01;

/// Check that every target is answered alike in all runs.
#[derive(Debug, Default)]
pub(super) struct AnswerCheck {
    arms: Vec<ArmAnswers>,
    /// Position of the arm whose run is under way.
    current: usize,
    /// True if that run counts.
    is_counted: bool,
    failing: FailingTime,
    pair: PairAnswers,
    any: AnyDifference,
}

impl AnswerCheck {
    /// Begins the next run.
    pub(super) fn begin_run(&mut self, run: &ArmRun) {
        let key = (run.arm, run.workers);
        let place = self.arms.iter().position(|arm| arm.key == key);
        self.current = place.unwrap_or_else(|| {
            self.arms.push(ArmAnswers {
                key,
                targets: Vec::new(),
            });
            self.arms.len() - 1
        });
        self.is_counted = run.pair > 0;
        self.failing = FailingTime::new(run.workers);
        self.pair.begin_run(run);
        self.any.begin_run();
    }

    /// Adds an outcome of the run.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        // A run that was stopped has no answers of these.
        if outcome.verdict == Verdict::Skipped {
            return;
        }
        let index = usize::try_from(outcome.index).unwrap_or(usize::MAX - 1);
        self.failing.add(outcome);
        self.any.add(index, outcome);
        self.arms[self.current].add(index, outcome, self.is_counted);
        if self.is_counted {
            self.pair.add(index, outcome);
        }
    }

    /// Ends the run. Returns the time in which nothing but failing targets was under way. A run that was stopped
    /// makes no pair.
    pub(super) fn end_run(&mut self, is_whole: bool) -> Duration {
        if is_whole && self.is_counted {
            self.pair.end_run();
        }
        std::mem::take(&mut self.failing).total()
    }

    /// Number of targets.
    pub(super) fn targets(&self) -> u64 {
        self.any.first.len() as u64
    }

    /// Number of targets that were not answered alike in all runs, and the first URLs of them.
    pub(super) fn differing(&self) -> (u64, Vec<String>) {
        let differing = self.any.differs.iter().filter(|differs| **differs);
        (differing.count() as u64, self.any.named.clone())
    }

    /// The work of the first pairs, so many as are whole.
    pub(super) fn paired_work(&self, pairs: u32) -> PairedWork {
        let mut work = self.pair.work();
        work.unlike_pairs.retain(|pair| *pair <= pairs);
        let arm = |wanted| self.arms.iter().find(|arm| arm.key.0 == wanted);
        let (Some(serial), Some(parallel)) = (arm(Arm::Serial), arm(Arm::Parallel)) else {
            return work;
        };
        work.failed_in_both = self.failed_everywhere();
        work.other_size = other_sizes(serial, parallel);
        if work.other_size > 0 {
            work.unlike_pairs = (1..=pairs).collect();
        }
        work
    }

    /// Number of targets that failed in every run of every arm.
    pub(super) fn failed_everywhere(&self) -> u64 {
        let targets = 0..self.any.first.len();
        let failed = targets.filter(|index| {
            let mut answers = self.arms.iter().map(|arm| arm.targets.get(*index));
            answers.all(|answers| answers.is_some_and(|answers| answers.always_failed()))
        });
        failed.count() as u64
    }

    /// The numbers of workers that were answered otherwise than another, from the smallest. A target that failed is
    /// a difference if it succeeded in all runs with another number, fewer or more; statuses and sizes are compared
    /// with those of the fewest workers that remain.
    pub(super) fn passed_over(&self) -> Vec<PassedOver> {
        let mut arms: Vec<&ArmAnswers> = self.arms.iter().collect();
        arms.sort_by_key(|arm| arm.key.1);
        let most = arms.iter().map(|arm| arm.targets.len()).max();
        let can_succeed: Vec<bool> = (0..most.unwrap_or_default())
            .map(|index| {
                let mut answers = arms.iter().filter_map(|arm| arm.targets.get(index));
                answers.any(|answers| answers.always_succeeded())
            })
            .collect();
        let mut reference: Option<&ArmAnswers> = None;
        let mut passed = Vec::new();
        for arm in arms {
            let difference = arm.failures(&can_succeed).or_else(|| {
                let fewer = reference?;
                other_statuses(fewer, arm).or_else(|| match other_sizes(fewer, arm) {
                    0 => None,
                    urls => Some((urls, PointDifference::OtherSize)),
                })
            });
            match difference {
                Some((urls, difference)) => passed.push(PassedOver {
                    workers: arm.key.1,
                    urls,
                    difference,
                }),
                None => reference = reference.or(Some(arm)),
            }
        }
        passed
    }
}

/// The answers of an arm, all runs together.
#[derive(Debug)]
struct ArmAnswers {
    /// The arm, and its number of workers.
    key: (Arm, usize),
    /// By index.
    targets: Vec<TargetAnswers>,
}

impl ArmAnswers {
    fn add(&mut self, index: usize, outcome: &Outcome, is_counted: bool) {
        if self.targets.len() <= index {
            self.targets.resize(index + 1, TargetAnswers::default());
        }
        self.targets[index].add(outcome, is_counted);
    }

    /// The number of targets that failed though they can succeed, and the cause that most have.
    fn failures(&self, can_succeed: &[bool]) -> Option<(u64, PointDifference)> {
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
struct TargetAnswers {
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

    fn always_succeeded(self) -> bool {
        self.has(SUCCEEDED) && !self.has(FAILED)
    }

    fn always_failed(self) -> bool {
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
fn other_statuses(fewer: &ArmAnswers, more: &ArmAnswers) -> Option<(u64, PointDifference)> {
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
fn other_sizes(one: &ArmAnswers, other: &ArmAnswers) -> u64 {
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

/// The answers of the two runs of a pair, and the differences in the pairs before.
#[derive(Debug, Default)]
struct PairAnswers {
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
    fn begin_run(&mut self, run: &ArmRun) {
        if self.pair != run.pair {
            self.serial.clear();
            self.parallel.clear();
            self.whole = 0;
        }
        self.pair = run.pair;
        self.arm = Some(run.arm);
    }

    fn add(&mut self, index: usize, outcome: &Outcome) {
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
    fn end_run(&mut self) {
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

    fn work(&self) -> PairedWork {
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

/// Targets that were not answered alike in all runs, whichever arm they are of.
#[derive(Debug, Default)]
struct AnyDifference {
    /// Fingerprints of the first run's outcomes, by index; 0 for one that is missing.
    first: Vec<u32>,
    is_first_run: bool,
    has_begun: bool,
    differs: Vec<bool>,
    named: Vec<String>,
}

impl AnyDifference {
    /// Begins the next run; the answers of the first one are what later ones are compared with.
    fn begin_run(&mut self) {
        self.is_first_run = !self.has_begun;
        self.has_begun = true;
    }

    fn add(&mut self, index: usize, outcome: &Outcome) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::outcome::Failure;
    use crate::model::target::Verb;

    /// Runs of both arms in turns, the first `warmups` pairs not counted. An answer is of arm, pair (from 0) and index:
    /// a status, which fails from 400 on, and a size.
    fn compared(
        warmups: u32,
        pairs: u32,
        targets: u64,
        answer: impl Fn(Arm, u32, u64) -> (u16, u64),
    ) -> PairedWork {
        let mut check = AnswerCheck::default();
        for pair in 0..warmups + pairs {
            for arm in [Arm::Serial, Arm::Parallel] {
                let workers = if arm == Arm::Serial { 1 } else { 4 };
                run(
                    &mut check,
                    arm,
                    (pair + 1).saturating_sub(warmups),
                    workers,
                    |index| answer(arm, pair, index),
                    targets,
                );
            }
        }
        check.paired_work(pairs)
    }

    fn run(
        check: &mut AnswerCheck,
        arm: Arm,
        pair: u32,
        workers: usize,
        answer: impl Fn(u64) -> (u16, u64),
        targets: u64,
    ) {
        check.begin_run(&ArmRun {
            arm,
            pair,
            workers,
            done: 0,
            of: 0,
            most: 0,
        });
        for index in 0..targets {
            let (status, bytes) = answer(index);
            let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
            outcome.last.status = Some(status);
            outcome.bytes = bytes;
            if status >= 400 {
                outcome.verdict = Verdict::Failed;
                outcome.last.error = Some(Box::new(Failure {
                    kind: FailureKind::Status,
                    phase: None,
                    message: String::new(),
                    is_transient: false,
                }));
            }
            check.add(&outcome);
        }
        check.end_run(true);
    }

    #[test]
    fn a_failure_in_one_arm_makes_its_pair_unlike_whichever_arm_it_is() {
        let work = compared(0, 4, 10, |arm, pair, index| match (arm, pair, index) {
            (Arm::Parallel, 1, 3 | 4) | (Arm::Serial, 3, 5) => (503, 0),
            (Arm::Parallel, 3, 6) => (203, 0),
            // Both arms, in whichever way.
            (Arm::Serial, _, 9) => (404, 0),
            (Arm::Parallel, _, 9) => (503, 0),
            _ => (200, 0),
        });
        assert_eq!(
            work,
            PairedWork {
                unlike_pairs: vec![2, 4],
                failed_in_parallel: 2,
                failed_serially: 1,
                other_status: 1,
                other_size: 0,
                failed_in_both: 1,
            }
        );
    }

    #[test]
    fn warm_ups_fail_without_consequence() {
        let work = compared(1, 3, 4, |arm, pair, _| match (arm, pair) {
            (Arm::Parallel, 0) => (503, 7),
            _ => (200, 5),
        });
        assert_eq!(work, PairedWork::default());
    }

    #[test]
    fn a_size_is_evidence_only_beyond_what_the_same_arm_varies_by() {
        // Each case: what is answered, and how many targets have another size.
        type Answer = fn(Arm, u32, u64) -> u64;
        let cases: [(&str, u32, Answer, u64); 8] = [
            ("steady in each arm", 3, |arm, _, _| arm as u64, 20),
            (
                "one of them",
                3,
                |arm, _, index| (arm as u64) * u64::from(index == 7),
                1,
            ),
            (
                "a nonce",
                3,
                |arm, pair, _| u64::from(pair) * 2 + arm as u64,
                0,
            ),
            (
                "a cold first run",
                3,
                |arm, pair, _| u64::from(pair == 0 && arm == Arm::Serial),
                0,
            ),
            ("seen once in each arm", 1, |arm, _, _| arm as u64, 0),
            (
                "short pages now and then",
                4,
                |arm, pair, index| {
                    u64::from(arm == Arm::Parallel && (u64::from(pair) + index) % 2 == 0)
                },
                20,
            ),
            (
                "a few that vary in one arm by chance",
                4,
                |arm, pair, index| u64::from(arm == Arm::Parallel && pair == 2 && index < 5),
                0,
            ),
            (
                "as many that vary in the other",
                4,
                |arm, pair, index| {
                    u64::from(pair == 2 && (arm == Arm::Parallel) == (index % 2 == 0))
                },
                0,
            ),
        ];
        for (case, pairs, answer, expected) in cases {
            let warmups = u32::from(case.contains("cold"));
            let work = compared(warmups, pairs, 20, |arm, pair, index| {
                (200, 100 + answer(arm, pair, index))
            });
            assert_eq!(work.other_size, expected, "{case}: {work:?}");
            let unlike = if expected > 0 { pairs as usize } else { 0 };
            assert_eq!(work.unlike_pairs.len(), unlike, "{case}: {work:?}");
        }
    }

    /// What is passed over of two runs each, by number of workers, run and index.
    fn swept(counts: &[usize], answer: impl Fn(usize, u32, u64) -> (u16, u64)) -> Vec<PassedOver> {
        let mut check = AnswerCheck::default();
        for round in 1..=2 {
            for workers in counts {
                let answer = |index| answer(*workers, round, index);
                run(&mut check, Arm::Parallel, round, *workers, answer, 10);
            }
        }
        check.passed_over()
    }

    #[test]
    fn numbers_of_workers_with_failures_of_their_own_are_passed_over_with_the_cause_of_most() {
        let passed = swept(&[1, 4, 8], |workers, round, index| match (workers, index) {
            // Everywhere, which is nobody's fault.
            (_, 9) => (404, 0),
            (8, 0) => (500, 0),
            (8, 1..=3) if round == 2 => (503, 0),
            _ => (200, 5),
        });
        let expected = PassedOver {
            workers: 8,
            urls: 4,
            difference: PointDifference::Failed(Some(FailureCause::Status(503))),
        };
        assert_eq!(passed, [expected]);
        // The fewest can fail too.
        let passed = swept(&[1, 4], |workers, _, index| match (workers, index) {
            (1, 2) => (503, 0),
            _ => (200, 5),
        });
        let workers: Vec<usize> = passed.iter().map(|passed| passed.workers).collect();
        assert_eq!(workers, [1]);
    }

    #[test]
    fn statuses_and_sizes_are_compared_with_the_fewest_workers_that_remain() {
        let passed = swept(&[1, 2, 4, 8], |workers, _, index| match (workers, index) {
            (1, 0) => (503, 0),
            (4, 1) => (203, 5),
            (8, 1) => (200, 6),
            _ => (200, 5),
        });
        let found: Vec<_> = passed
            .iter()
            .map(|passed| (passed.workers, passed.difference))
            .collect();
        assert_eq!(
            found,
            [
                (1, PointDifference::Failed(Some(FailureCause::Status(503)))),
                (4, PointDifference::OtherStatus(203)),
                (8, PointDifference::OtherSize),
            ]
        );
    }
}
