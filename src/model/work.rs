//! The work of measured runs: whether the runs that are set against each other were answered alike. What fails
//! early is fast, and a busy page is short, so times compare only where the answers do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure_kind::FailureKind;

/// The cause of a failed fetch: the status if there is one that decided it, else the kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FailureCause {
    /// A status that is not accepted.
    Status(#[schemars(range(min = 100, max = 999))] u16),
    /// Another failure.
    Kind(FailureKind),
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureCause::Status(status) => write!(f, "{status}"),
            FailureCause::Kind(kind) => f.write_str(kind.as_str()),
        }
    }
}

/// The work of a comparison's pairs: the differences between the answers of both arms. The counts are of targets,
/// and of counted runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairedWork {
    /// The numbers of the pairs, rising from 1, whose arms were not answered alike. They are no part of the speed-up.
    #[schemars(inner(range(min = 1)))]
    pub unlike_pairs: Vec<u32>,
    /// Targets that failed in the parallel run of a pair and succeeded in the serial one.
    pub failed_in_parallel: u64,
    /// Targets that failed in the serial run of a pair and succeeded in the parallel one.
    pub failed_serially: u64,
    /// Targets that succeeded in both runs of a pair, with different statuses.
    pub other_status: u64,
    /// Targets whose bodies have other sizes in parallel than serially, beyond what they vary by in the same arm.
    /// All pairs are unlike then.
    pub other_size: u64,
    /// Targets that failed in every run of both arms. The time in which nothing else was under way is left out of both.
    pub failed_in_both: u64,
}

impl PairedWork {
    /// The share of unlike pairs up to which the others decide: a failure now and then is chance, and costs its
    /// pair only. With more, the others would be the lucky ones.
    const MOST_UNLIKE: f64 = 0.2;

    /// True if this pair is left out of the speed-up. Pairs are numbered from 1.
    pub fn is_unlike(&self, pair: u32) -> bool {
        self.unlike_pairs.binary_search(&pair).is_ok()
    }

    /// True if a single pair is unlike, which further pairs may show to be chance.
    pub fn may_be_chance(&self) -> bool {
        self.unlike_pairs.len() == 1 && self.other_size == 0
    }

    /// The reason for which the arms of so many pairs over so many targets are not comparable, if there is one: the
    /// difference that most targets have.
    pub fn difference(&self, pairs: usize, targets: u64) -> Option<UnlikeWork> {
        if self.unlike_pairs.is_empty()
            || self.unlike_pairs.len() as f64 <= Self::MOST_UNLIKE * pairs as f64
        {
            return None;
        }
        // A replayed log may state any number.
        let of = |urls: u64| targets.max(urls);
        let kinds = [
            (
                self.failed_in_parallel,
                UnlikeWork::FailedInParallel {
                    urls: self.failed_in_parallel,
                    of: of(self.failed_in_parallel),
                },
            ),
            (
                self.failed_serially,
                UnlikeWork::FailedSerially {
                    urls: self.failed_serially,
                    of: of(self.failed_serially),
                },
            ),
            (
                self.other_status,
                UnlikeWork::OtherStatus {
                    urls: self.other_status,
                    of: of(self.other_status),
                },
            ),
            (
                self.other_size,
                UnlikeWork::OtherSize {
                    urls: self.other_size,
                    of: of(self.other_size),
                },
            ),
        ];
        // Of several as frequent ones the last counts as the most, so failures come last.
        let gravest = kinds.into_iter().rev().max_by_key(|(urls, _)| *urls);
        gravest.map(|(_, unlike)| unlike)
    }
}

/// The reason for which the arms of a comparison are not comparable: their work was not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnlikeWork {
    /// Targets failed in parallel only.
    #[error("{} {} in parallel that {} one by one", of_urls(.urls, .of), plural(.urls, "fails", "fail"), plural(.urls, "succeeds", "succeed"))]
    FailedInParallel {
        /// The number of them.
        urls: u64,
        /// The number of all targets.
        of: u64,
    },
    /// Targets failed in the serial arm only.
    #[error("{} {} one by one that {} in parallel", of_urls(.urls, .of), plural(.urls, "fails", "fail"), plural(.urls, "succeeds", "succeed"))]
    FailedSerially {
        /// The number of them.
        urls: u64,
        /// The number of all targets.
        of: u64,
    },
    /// Targets succeeded with different statuses.
    #[error("{} {} answered with another status in parallel", of_urls(.urls, .of), plural(.urls, "is", "are"))]
    OtherStatus {
        /// The number of them.
        urls: u64,
        /// The number of all targets.
        of: u64,
    },
    /// Bodies had different sizes.
    #[error("{} {} of another size in parallel", of_urls(.urls, .of), plural(.urls, "is", "are"))]
    OtherSize {
        /// The number of them.
        urls: u64,
        /// The number of all targets.
        of: u64,
    },
    /// Not the same number of fetches failed in both arms, of a log that does not say which.
    #[error("{serial} fetches failed serially, {parallel} in parallel")]
    Failures {
        /// Failed fetches of the serial arm, all runs together.
        serial: u64,
        /// Failed fetches of the parallel arm.
        parallel: u64,
    },
    /// The speed-up is shown to be more than the workers can bring, and targets were tried again: what a retry waits is
    /// not work, and a serial run waits where a parallel one goes on.
    #[error("waits for retries ({serial} serially, {parallel} in parallel) are most of the times")]
    Retries {
        /// Retries of the serial arm, all runs together.
        serial: u64,
        /// Retries of the parallel arm.
        parallel: u64,
    },
}

fn of_urls(urls: &u64, of: &u64) -> String {
    let noun = if *of == 1 { "URL" } else { "URLs" };
    format!("{urls} of {of} {noun}")
}

fn plural(count: &u64, one: &'static str, more: &'static str) -> &'static str {
    if *count == 1 { one } else { more }
}

/// A number of workers that a sweep passes over when it looks for the knee, because its runs did other work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassedOver {
    /// The number of workers.
    pub workers: usize,
    /// Targets that were answered otherwise than with another number of workers.
    pub urls: u64,
    /// The difference that most of them have.
    #[serde(flatten)]
    pub difference: PointDifference,
}

/// The difference between the answers with a number of workers and those with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "difference", content = "cause")]
pub enum PointDifference {
    /// Targets fail that succeed in all runs with another number. The cause that most have; `None` in a log that does
    /// not say it.
    Failed(Option<FailureCause>),
    /// Targets succeed with another status than with fewer workers: this one.
    OtherStatus(#[schemars(range(min = 100, max = 999))] u16),
    /// Bodies have another size than with fewer workers.
    OtherSize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_not_comparable_with_more_than_a_fifth_of_the_pairs_unlike() {
        for (unlike, pairs, is_told) in [
            (0, 5, false),
            (1, 5, false),
            (2, 5, true),
            (1, 4, true),
            (1, 1, true),
            (6, 30, false),
            (7, 30, true),
        ] {
            let work = PairedWork {
                unlike_pairs: (1..=unlike).collect(),
                failed_in_parallel: 3,
                ..PairedWork::default()
            };
            let difference = work.difference(pairs, 40);
            let expected = UnlikeWork::FailedInParallel { urls: 3, of: 40 };
            assert_eq!(
                difference,
                is_told.then_some(expected),
                "{unlike} of {pairs}"
            );
        }
    }

    #[test]
    fn the_difference_that_most_targets_have_is_told_and_failures_before_others() {
        let told = |counts: [u64; 4]| {
            let [
                failed_in_parallel,
                failed_serially,
                other_status,
                other_size,
            ] = counts;
            let work = PairedWork {
                unlike_pairs: vec![1],
                failed_in_parallel,
                failed_serially,
                other_status,
                other_size,
                failed_in_both: 0,
            };
            work.difference(1, 40).map(|unlike| unlike.to_string())
        };
        for (counts, words) in [
            (
                [21, 3, 0, 0],
                "21 of 40 URLs fail in parallel that succeed one by one",
            ),
            (
                [1, 1, 1, 1],
                "1 of 40 URLs fails in parallel that succeeds one by one",
            ),
            (
                [1, 2, 0, 2],
                "2 of 40 URLs fail one by one that succeed in parallel",
            ),
            (
                [0, 0, 40, 0],
                "40 of 40 URLs are answered with another status in parallel",
            ),
            ([0, 0, 0, 1], "1 of 40 URLs is of another size in parallel"),
            // A log that states more than there are.
            (
                [50, 0, 0, 0],
                "50 of 50 URLs fail in parallel that succeed one by one",
            ),
        ] {
            assert_eq!(told(counts).as_deref(), Some(words), "{counts:?}");
        }
    }
}
