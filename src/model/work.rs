//! The work of measured runs: whether the runs that are set against each other were answered alike. What fails
//! early is fast, and a busy page is short, so times compare only where the answers do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::failure_kind::FailureKind;

/// The cause of a failed fetch: the status if there is one that decided it, else the kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FailureCause {
    /// A status that is not accepted.
    Status(u16),
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedWork {
    /// The numbers of the pairs, rising from 1, whose arms were not answered alike. They are no part of the speed-up.
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

    /// The reason for which the arms of so many pairs over so many targets are not comparable, if there is one: the
    /// difference that most targets have.
    pub fn difference(&self, pairs: usize, targets: u64) -> Option<UnlikeWork> {
        if self.unlike_pairs.is_empty()
            || self.unlike_pairs.len() as f64 <= Self::MOST_UNLIKE * pairs as f64
        {
            return None;
        }
        let kinds: [(u64, fn(u64, u64) -> UnlikeWork); 4] = [
            (self.failed_in_parallel, |urls, of| {
                UnlikeWork::FailedInParallel { urls, of }
            }),
            (self.failed_serially, |urls, of| {
                UnlikeWork::FailedSerially { urls, of }
            }),
            (self.other_status, |urls, of| UnlikeWork::OtherStatus {
                urls,
                of,
            }),
            (self.other_size, |urls, of| UnlikeWork::OtherSize {
                urls,
                of,
            }),
        ];
        let mut gravest = kinds[0];
        for kind in kinds {
            if kind.0 > gravest.0 {
                gravest = kind;
            }
        }
        let (urls, unlike) = gravest;
        // A replayed log may state any number.
        Some(unlike(urls, targets.max(urls)))
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
}

fn of_urls(urls: &u64, of: &u64) -> String {
    let noun = if *of == 1 { "URL" } else { "URLs" };
    format!("{urls} of {of} {noun}")
}

fn plural(count: &u64, one: &'static str, more: &'static str) -> &'static str {
    if *count == 1 { one } else { more }
}

/// A number of workers that a sweep passes over when it looks for the knee, because its runs did other work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "difference", content = "cause")]
pub enum PointDifference {
    /// Targets fail that succeed in all runs with another number. The cause that most have; `None` in a log that does
    /// not say it.
    Failed(Option<FailureCause>),
    /// Targets succeed with another status than with fewer workers: this one.
    OtherStatus(u16),
    /// Bodies have another size than with fewer workers.
    OtherSize,
}
