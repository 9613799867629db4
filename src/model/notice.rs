//! Notices: reasons to doubt the figures of a measurement, and remarks on a response that was taken. They
//! are typed here and worded by `Display` once for all reports, so that nothing has to recognise a sentence.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::arm::Arm;
use super::origin::{OriginLimit, rate_about};
use super::pacing::{BindingLimits, MissedBy};
use super::text::escape;
use super::work::{PassedOver, PointDifference};

/// Reason to doubt the figures of a comparison or a sweep.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum MeasurementNotice {
    /// The first run of the arm was by far the slowest: caches may have been cold.
    SlowFirstRun(Arm),
    /// Runs of the arm that are outliers.
    Outliers {
        /// The arm.
        arm: Arm,
        /// Number of outliers, at least 1.
        runs: usize,
    },
    /// Times that changed steadily from the first run to the last.
    Drift {
        /// The arm whose times did; `None` if both did.
        arm: Option<Arm>,
        /// The last time over the first, by the trend.
        change: f64,
    },
    /// Servers that answered more slowly at first.
    ColdStart(ColdStart),
    /// The arm's runs are so short that chance dominates them.
    ShortRuns(Arm),
    /// Fetches that failed in counted runs of the arm.
    FailedFetches {
        /// The arm.
        arm: Arm,
        /// Number of failed fetches, all runs together.
        count: u64,
    },
    /// Pairs that are left out of the speed-up, because their arms were not answered alike.
    UnlikePairs {
        /// Number of pairs that are left out.
        left_out: usize,
        /// Number of all pairs.
        of: usize,
    },
    /// URLs that failed in every run of both arms, and the seconds of a run that are left out of its time.
    SharedFailures {
        /// Number of the URLs.
        urls: u64,
        /// Mean of the seconds left out of a serial run.
        serial: f64,
        /// Mean of the seconds left out of a parallel run.
        parallel: f64,
    },
    /// URLs that failed in every run of a sweep.
    SharedFailuresOfSweep(u64),
    /// An origin that pushed back in the parallel runs, and what they slowed down to.
    PushedBack(OriginLimit),
    /// An origin that pushed back in a sweep.
    PushedBackFrom {
        /// What the runs slowed down to for it; of those with the most workers that it pushed back.
        limit: OriginLimit,
        /// The smallest number of workers that it pushed back.
        fewest: usize,
    },
    /// A sweep whose list is too short for the numbers of workers that it was to try. The number of targets.
    ShortList(u64),
    /// The number of further origins that pushed back in the parallel runs.
    MorePushedBack(u64),
    /// Number of URLs that failed in warm-ups.
    FailedWarmUps(u64),
    /// A rate of starts that the parallel runs were asked for and missed.
    MissedRate {
        /// Starts a second that were asked for.
        asked: f64,
        /// Starts a second of the run that missed it by most.
        reached: f64,
        /// What most time was lost to in it.
        by: MissedBy,
    },
    /// A speed-up that is more than the workers that can be busy at once could have made.
    BeyondWorkers {
        /// The speed-up.
        ratio: f64,
        /// The workers that can be busy at once.
        workers: usize,
        /// True if its interval has that number in it.
        is_chance: bool,
        /// The median times of a URL in seconds, serially and in parallel, if it took less in parallel.
        shorter: Option<(f64, f64)>,
    },
    /// A comparison of one pair of runs, which has no interval.
    SinglePair,
    /// A sweep with one run at each number of workers, which has no intervals.
    SingleRuns,
    /// Numbers of workers that a sweep passes over because a number of URLs was answered otherwise than with others.
    PassedOver(PassedOver),
    /// Text of a notice in a replayed log, escaped.
    Replayed(String),
}

impl fmt::Display for MeasurementNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use MeasurementNotice as Notice;
        match self {
            Notice::SlowFirstRun(arm) => write!(
                f,
                "the first {} run was by far the slowest: caches may have been cold (--warmup)",
                arm.as_str()
            ),
            Notice::Outliers { arm, runs: 1 } => write!(
                f,
                "one {} run sticks out: something else may have been going on",
                arm.as_str()
            ),
            Notice::Outliers { arm, runs } => write!(
                f,
                "{runs} {} runs stick out: something else may have been going on",
                arm.as_str()
            ),
            Notice::Drift { arm, change } => {
                let percent = (change - 1.0).abs() * 100.0;
                let than = if *change > 1.0 { "longer" } else { "shorter" };
                match arm {
                    None => write!(
                        f,
                        "runs took {percent:.0} % {than} at the end than at first: the machine, the network or the \
                         server changed, which cancels in the pairs"
                    ),
                    Some(arm) => write!(
                        f,
                        "{} runs took {percent:.0} % {than} at the end than at first: the speed-up changed as much",
                        arm.as_str()
                    ),
                }
            }
            Notice::ColdStart(cold) => cold.fmt(f),
            Notice::ShortRuns(arm) => write!(
                f,
                "{} runs of less than 5 ms are mostly chance: compare more URLs",
                arm.as_str()
            ),
            Notice::FailedFetches { arm, count } => {
                let fetches = if *count == 1 { "fetch" } else { "fetches" };
                write!(
                    f,
                    "{count} {fetches} failed in the {} runs: their times are not those of what was asked for",
                    arm.as_str()
                )
            }
            Notice::UnlikePairs { left_out, of } => {
                let are = if *left_out == 1 { "is" } else { "are" };
                write!(
                    f,
                    "{left_out} of {of} pairs {are} left out of the speed-up: URLs failed in one arm, or had another \
                     status there"
                )
            }
            Notice::SharedFailures {
                urls,
                serial,
                parallel,
            } => write!(
                f,
                "{}: the time in which nothing else was under way is left out of both times ({:.1} ms of a serial \
                 run, {:.1} ms of a parallel one)",
                fail(*urls, "both arms"),
                serial * 1000.0,
                parallel * 1000.0
            ),
            Notice::SharedFailuresOfSweep(urls) => write!(
                f,
                "{}: the time in which nothing else was under way is left out of all times",
                fail(*urls, "all runs")
            ),
            Notice::PushedBack(limit) => limit.write(f, ", in the parallel runs"),
            Notice::PushedBackFrom { limit, fewest } => {
                let workers = if *fewest == 1 { "worker" } else { "workers" };
                limit.write(f, &format!(", from {fewest} {workers} on"))
            }
            Notice::ShortList(targets) => {
                let (urls, keep, workers) = match targets {
                    1 => ("URL", "keeps", "worker"),
                    _ => ("URLs", "keep", "workers"),
                };
                write!(
                    f,
                    "the list is the limit: {targets} {urls} {keep} {targets} {workers} busy at most"
                )
            }
            Notice::MorePushedBack(more) => {
                let origins = if *more == 1 { "origin" } else { "origins" };
                write!(f, "{more} more {origins} pushed back in the parallel runs")
            }
            Notice::FailedWarmUps(count) => {
                let urls = if *count == 1 { "URL" } else { "URLs" };
                write!(f, "{count} {urls} failed in warm-ups, which do not count")
            }
            Notice::MissedRate { asked, reached, by } => write!(
                f,
                "the parallel runs missed the rate: {}/s asked for, {}/s reached, because of {by}",
                rate_about(*asked),
                rate_about(*reached)
            ),
            Notice::BeyondWorkers {
                ratio,
                workers,
                is_chance,
                shorter,
            } => {
                write!(
                    f,
                    "{ratio:.2} times is more than {workers} workers can bring: "
                )?;
                match shorter {
                    _ if *is_chance => f.write_str("it is within the scatter of the runs"),
                    Some((serial, parallel)) => write!(
                        f,
                        "a URL took {:.3} ms in parallel and {:.3} ms alone (medians), as caches, kept connections or \
                         other load have it",
                        parallel * 1000.0,
                        serial * 1000.0
                    ),
                    None => f.write_str(
                        "other load, or caches that the serial runs filled, are part of it",
                    ),
                }
            }
            Notice::SinglePair => f.write_str(
                "one pair of runs says nothing of how much they vary: there is no interval (--runs 5)",
            ),
            Notice::SingleRuns => f.write_str(
                "one run at each number of workers says nothing of how much they vary: there is no \
                 interval (--runs 5)",
            ),
            Notice::PassedOver(passed) => {
                let PassedOver { workers, urls, .. } = passed;
                let noun = if *urls == 1 { "URL" } else { "URLs" };
                let workers = match workers {
                    1 => "1 worker".to_owned(),
                    workers => format!("{workers} workers"),
                };
                write!(f, "passed over with {workers}: {urls} {noun} ")?;
                match passed.difference {
                    PointDifference::Failed(cause) => {
                        let verb = if *urls == 1 { "fails" } else { "fail" };
                        let cause = cause.map(|cause| format!(" ({cause})"));
                        let cause = cause.unwrap_or_default();
                        write!(f, "{verb}{cause} as not with other numbers")
                    }
                    PointDifference::OtherStatus(status) => {
                        write!(f, "answered with another status ({status})")
                    }
                    PointDifference::OtherSize => f.write_str("of another size"),
                }
            }
            Notice::Replayed(text) => f.write_str(text),
        }
    }
}

/// The URLs that fail in several runs: `1 URL fails in both arms`.
fn fail(urls: u64, place: &str) -> String {
    match urls {
        1 => format!("1 URL fails in {place}"),
        urls => format!("{urls} URLs fail in {place}"),
    }
}

/// Servers that answered the first serial run more slowly than the next one, by most URLs.
#[derive(Debug, Clone, PartialEq)]
pub struct ColdStart {
    /// The host, if it is one.
    pub host: Option<String>,
    /// The time that the answers took at first, over that of the next time.
    pub ratio: f64,
    /// True if the first run was a warm-up, which does not count.
    pub is_warm_up: bool,
}

impl fmt::Display for ColdStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.host.as_deref().unwrap_or("servers");
        write!(
            f,
            "{hosts} took {:.1} times as long to answer in ",
            self.ratio
        )?;
        f.write_str(match self.is_warm_up {
            true => {
                "the first warm-up as in the next serial run, as caches do: the times are of warm ones"
            }
            false => {
                "the first run as in the next serial one, as caches do, which is no gain of parallel fetching \
                 (--warmup 1 leaves it out)"
            }
        })
    }
}

impl Serialize for MeasurementNotice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<String> for MeasurementNotice {
    /// A notice as a log states it. The log need not be pfetch's, so its text is escaped.
    fn from(text: String) -> Self {
        MeasurementNotice::Replayed(escape(&text))
    }
}

/// Remark on a response that was taken although it is not quite what its headers or the request say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum ResponseNotice {
    /// Names in `Content-Encoding` that are no content coding, safe to show. They count as none.
    UnknownCoding(String),
    /// Names of content codings, safe to show, of a body that was asked for without any. It is kept as it
    /// was sent.
    EncodedUnasked(String),
    /// Name of a content coding that was not undone, because the file's name stands for it too.
    KeptPacked(String),
    /// Number of bytes of a web page that has taken the place of something else: of a file, or of a part that
    /// was to be continued.
    BecamePage(u64),
    /// Text of a notice in a replayed log, escaped.
    Replayed(String),
}

impl fmt::Display for ResponseNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponseNotice::UnknownCoding(names) => {
                write!(
                    f,
                    "Content-Encoding: {names} is no coding, and counts as none"
                )
            }
            ResponseNotice::EncodedUnasked(names) => write!(
                f,
                "kept as sent, in a coding that was not asked for ({names}); --compressed decodes"
            ),
            ResponseNotice::KeptPacked(name) => {
                write!(f, "kept packed as sent ({name}), as the file's name says")
            }
            ResponseNotice::BecamePage(bytes) => {
                write!(f, "changed: now an HTML page of {bytes} B")
            }
            ResponseNotice::Replayed(text) => f.write_str(text),
        }
    }
}

impl From<String> for ResponseNotice {
    /// A notice as a log states it. The log need not be pfetch's, so its text is escaped.
    fn from(text: String) -> Self {
        ResponseNotice::Replayed(escape(&text))
    }
}

/// Reason why a run cannot be compared with a baseline at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomparable {
    /// The lists of URLs differ. Their lengths may be equal.
    OtherTargets {
        /// Number of targets of the run.
        now: u64,
        /// Number of targets of the baseline.
        then: u64,
        /// Number of the baseline's runs.
        runs: usize,
    },
    /// No number of workers was used on both sides.
    OtherWorkers {
        /// Numbers of workers of the run, rising.
        now: Vec<usize>,
        /// Numbers of workers of the baseline, rising.
        then: Vec<usize>,
    },
}

/// Advice for a run that is compared with a baseline of something else, and is to be the next one.
const SAVE_ANEW: &str = "save a new baseline (--against FILE --save-baseline FILE)";

impl Incomparable {
    /// The reason, and what to do; nothing is to be done if the run takes the place of the baseline.
    pub fn explain(&self, is_renewed: bool) -> String {
        let cause = match self {
            Incomparable::OtherTargets { now, then, runs } => {
                let urls = match now.abs_diff(*then) {
                    0 => "as many URLs as".to_owned(),
                    1 => "1 URL".to_owned(),
                    many => format!("{many} URLs"),
                };
                let than = match now.cmp(then) {
                    Ordering::Equal => "",
                    Ordering::Less => " fewer than",
                    Ordering::Greater => " more than",
                };
                let noun = if *runs == 1 { "run" } else { "runs" };
                format!(
                    "the baseline is of another list of URLs ({urls}{than} in its {runs} {noun})"
                )
            }
            Incomparable::OtherWorkers { now, then } => format!(
                "the baseline has runs with {} only, and this has {}",
                worker_counts(then),
                worker_counts(now)
            ),
        };
        let remedy = match self {
            Incomparable::OtherTargets { .. } => {
                return format!("{cause}; give that list, or another FILE");
            }
            _ if is_renewed => return format!("{cause}: this run is the first of its kind"),
            Incomparable::OtherWorkers { then, .. } => match then[..] {
                [] => String::new(),
                [then] => format!("give -j {then}, or "),
                _ => "give one of those (-j N), or ".to_owned(),
            },
        };
        format!("{cause}; {remedy}{SAVE_ANEW}")
    }
}

/// Reason why the change between two arms is no verdict: the work was not the same.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Unlike {
    /// The numbers of workers differ.
    Workers {
        /// Workers of the run.
        now: usize,
        /// Workers of the baseline.
        then: usize,
    },
    /// The numbers of failed URLs differ.
    Failures {
        /// Mean per run, to a tenth.
        now: f64,
        /// Mean per run of the baseline, to a tenth.
        then: f64,
    },
    /// No URL succeeded: a change in the time of failing is no change of speed.
    NothingSucceeded,
}

impl Unlike {
    /// True if the run may take the place of the baseline unjudged: the work is another, and no worse. A run of
    /// which more failed would replace a good baseline whenever a server is down.
    pub fn is_renewable(&self) -> bool {
        match self {
            Unlike::Workers { .. } => true,
            Unlike::Failures { now, then } => now < then,
            Unlike::NothingSucceeded => false,
        }
    }

    /// The reason, and what to do; nothing is to be done if the run takes the place of the baseline.
    pub fn explain(&self, is_renewed: bool) -> String {
        let (cause, remedy) = match self {
            Unlike::Workers { now, then } => (
                format!(
                    "{} now, {} then",
                    worker_counts(&[*now]),
                    worker_counts(&[*then])
                ),
                format!("give -j {then}, or {SAVE_ANEW}"),
            ),
            Unlike::Failures { now, then } => (
                format!("URLs that failed: {now} a run now, {then} then"),
                match self.is_renewable() {
                    true => SAVE_ANEW.to_owned(),
                    false => "fetch again, or save a new baseline without --against".to_owned(),
                },
            ),
            Unlike::NothingSucceeded => return "no URL succeeded".to_owned(),
        };
        match is_renewed && self.is_renewable() {
            true => format!("{cause}; this run is the first of its kind"),
            false => format!("{cause}; {remedy}"),
        }
    }
}

/// Difference between a run and a baseline that may explain a change.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BaselineNotice {
    /// Numbers of workers of the run that the baseline has no runs with, rising.
    NoRunsWith(Vec<usize>),
    /// Each side has one number of workers, and they differ.
    Workers {
        /// Workers of the run.
        now: usize,
        /// Workers of the baseline.
        then: usize,
    },
    /// The versions of pfetch differ.
    Version {
        /// Version that made the run.
        now: String,
        /// Version that made the baseline.
        then: String,
    },
    /// The machines differ.
    Machine {
        /// Machine of the run, in words.
        now: String,
        /// Machine of the baseline's latest run.
        then: String,
    },
    /// Limits of the user's held back starts or bytes on one side only.
    Pacing {
        /// True if that is the run.
        now: bool,
        /// Those limits, as far as they are known.
        by: BindingLimits,
    },
    /// The baseline's runs were made one soon after the other, so that they do not show how much days differ.
    OneDay {
        /// The number of those that the run is compared with.
        runs: usize,
        /// The time from the start of the first to that of the last.
        within: Duration,
    },
    /// There were warm-ups on one side only.
    WarmUps {
        /// True if that is the run.
        now: bool,
    },
    /// An amount of work differs.
    Work {
        /// The amount.
        amount: WorkAmount,
        /// The arm.
        arm: Arm,
        /// Mean per run, to a tenth.
        now: f64,
        /// Mean per run of the baseline, to a tenth.
        then: f64,
    },
}

/// Amount of work that a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkAmount {
    /// URLs that failed.
    Failed,
    /// Attempts beyond the first.
    Retries,
    /// Body bytes.
    Bytes,
}

impl fmt::Display for BaselineNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineNotice::NoRunsWith(workers) => {
                write!(
                    f,
                    "the baseline has no runs with {}",
                    worker_counts(workers)
                )
            }
            BaselineNotice::Workers { now, then } => write!(
                f,
                "{} now, {} then",
                worker_counts(&[*now]),
                worker_counts(&[*then])
            ),
            BaselineNotice::Version { now, then } => write!(f, "pfetch {now} now, {then} then"),
            BaselineNotice::Machine { now, then } => write!(f, "{now} now, {then} then"),
            BaselineNotice::Pacing { now, by } => match now {
                true => write!(f, "{by} now, not then"),
                false => write!(f, "{by} then, not now"),
            },
            BaselineNotice::OneDay { runs, within } => write!(
                f,
                "its {runs} runs are of {} s: they show no scatter from day to day",
                within.as_secs() + 1
            ),
            BaselineNotice::WarmUps { now } => f.write_str(match now {
                true => "a warm-up now, no warm-up then",
                false => "no warm-up now, a warm-up then",
            }),
            BaselineNotice::Work {
                amount,
                arm,
                now,
                then,
            } => {
                let amount = match amount {
                    WorkAmount::Failed => "URLs that failed",
                    WorkAmount::Retries => "retries",
                    WorkAmount::Bytes => "bytes",
                };
                let arm = match arm {
                    Arm::Serial => " (serial)",
                    Arm::Parallel => "",
                };
                write!(f, "{amount}{arm}: {now} a run now, {then} then")
            }
        }
    }
}

macro_rules! serialize_as_text {
    ($($name:ty),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        })*
    };
}

serialize_as_text!(ResponseNotice, BaselineNotice);

/// Numbers of workers in words: `1 worker`, `2 and 4 workers`, `1, 2 and 4 workers`.
fn worker_counts(counts: &[usize]) -> String {
    match counts {
        [] => "no workers".to_owned(),
        [1] => "1 worker".to_owned(),
        [count] => format!("{count} workers"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(usize::to_string).collect();
            format!("{} and {last} workers", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_workers_are_listed_as_in_a_sentence() {
        for (counts, expected) in [
            (&[][..], "no workers"),
            (&[1], "1 worker"),
            (&[8], "8 workers"),
            (&[1, 8], "1 and 8 workers"),
            (&[1, 2, 4], "1, 2 and 4 workers"),
        ] {
            assert_eq!(worker_counts(counts), expected);
        }
    }

    #[test]
    fn a_speed_up_beyond_the_workers_is_said_to_be_chance_or_what_the_urls_show() {
        let beyond = |is_chance, shorter| MeasurementNotice::BeyondWorkers {
            ratio: 4.12,
            workers: 4,
            is_chance,
            shorter,
        };
        let told = "4.12 times is more than 4 workers can bring: ";
        for (notice, expected) in [
            (
                beyond(true, Some((0.02, 0.01))),
                "it is within the scatter of the runs",
            ),
            (
                beyond(false, Some((0.0214, 0.0208))),
                "a URL took 20.800 ms in parallel and 21.400 ms alone (medians), as caches, kept connections or other \
                 load have it",
            ),
            (
                beyond(false, None),
                "other load, or caches that the serial runs filled, are part of it",
            ),
        ] {
            assert_eq!(notice.to_string(), format!("{told}{expected}"));
        }
    }

    #[test]
    fn a_replayed_notice_keeps_its_text_without_control_characters() {
        let notice: MeasurementNotice =
            serde_json::from_str("\"a\\u001bb\"").expect("it is a string");
        assert_eq!(notice.to_string(), "a\\u{1b}b");
        let outliers = MeasurementNotice::Outliers {
            arm: Arm::Serial,
            runs: 2,
        };
        let text = serde_json::to_string(&outliers).expect("text is JSON");
        let read: MeasurementNotice = serde_json::from_str(&text).expect("it was written here");
        assert_eq!(read.to_string(), outliers.to_string());
        let notice: ResponseNotice = serde_json::from_str("\"a\\u001bb\"").expect("it is a string");
        assert_eq!(notice, ResponseNotice::Replayed("a\\u{1b}b".to_owned()));
    }
}
