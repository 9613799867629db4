//! The choices about a report on a terminal: colour, detail, and advice on what to do next.

use std::borrow::Cow;

use crate::model::max_failures::MaxFailures;
use crate::model::outcome::{Outcome, Verdict};
use crate::report::Baseline;

/// The style of a [`Human`](super::Human) report.
#[derive(Debug, Clone, Copy, Default)]
pub struct HumanStyle {
    /// Uses colour.
    pub colour: bool,
    /// The columns of the terminal, at which the lines of URLs are broken too; elsewhere each URL is one line. Those of the
    /// summary have 80 columns at most in either case.
    pub columns: Option<usize>,
    /// The parts that are printed.
    pub detail: Detail,
    /// The serial baseline.
    pub baseline: Baseline,
    /// Prints the summary of a run without URLs too, because that is no mistake.
    pub shows_empty: bool,
    /// True if other output may be on the same terminal before the report.
    pub follows_other: bool,
    /// The failures with which the run succeeds all the same, told beside them.
    pub allowed: MaxFailures,
    /// Prints the heads of responses before the line of their URL.
    pub shows_heads: bool,
    /// Advice at the end.
    pub advice: Advice,
}

/// The parts of a report that are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// A line for each URL, and the summary.
    #[default]
    Everything,
    /// The summary alone.
    Summary,
    /// The lines of failures, and the summary.
    FailuresAndSummary,
    /// The lines of failures, and assertions that do not hold.
    Failures,
    /// Assertions that do not hold.
    Assertions,
}

impl Detail {
    /// Tells whether a URL with this verdict gets a line.
    pub fn has_line(self, verdict: Verdict) -> bool {
        match self {
            Detail::Everything => !matches!(verdict, Verdict::Skipped | Verdict::Done),
            Detail::Summary | Detail::Assertions => false,
            Detail::FailuresAndSummary | Detail::Failures => verdict == Verdict::Failed,
        }
    }

    /// Tells whether a target with this outcome gets a line. Of what the deadline left undone nothing was found out,
    /// and it may be most of a long list: the summary counts it, and only what was under way has a line, where
    /// successes have one too.
    pub(super) fn tells(self, outcome: &Outcome) -> bool {
        match outcome.is_past_deadline() {
            true => self == Detail::Everything && outcome.elapsed().is_some(),
            false => self.has_line(outcome.verdict),
        }
    }

    /// Tells whether there is a summary, of a run or of a measurement.
    pub fn has_summary(self) -> bool {
        !matches!(self, Detail::Failures | Detail::Assertions)
    }
}

/// Advice that depends on how the run was called, given at the end of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advice {
    /// The way to go on after a run that was stopped, or that gave a server up.
    pub after_stop: Option<WayOn>,
    /// Says that bodies were dropped, and how to keep them.
    pub on_bodies: bool,
}

/// The way to fetch the rest of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOn {
    /// The run has no log, from which another could go on.
    NoLog,
    /// The run has a log.
    Log,
    /// The run has a log, and goes on from it already.
    SameAgain,
    /// The run saves one file, and has no log.
    File,
    /// The run saves files, of which another with `-nc` would keep those that are there, and has no log.
    Files,
}

/// What a stop leaves of a file that it interrupts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remainder {
    /// The part with this name, from which another run can go on.
    Part(String),
    /// Nothing, though some of it had come: nobody could tell whether the rest were of the same version.
    Dropped,
}

impl Remainder {
    /// What is left of this file; `None` if nothing of it had come, or it is none.
    pub(super) fn of(outcome: &Outcome) -> Option<Remainder> {
        let details = outcome.details.as_deref()?;
        details.save_path.as_ref()?;
        match &details.part {
            Some(name) => Some(Remainder::Part(name.clone())),
            None => (outcome.bytes > 0).then_some(Remainder::Dropped),
        }
    }
}

impl WayOn {
    /// The advice, in lines. `remainder` is what is left of the file, if something of it had come.
    pub(super) fn lines(self, remainder: Option<&Remainder>) -> Vec<Cow<'static, str>> {
        let lines: &[&str] = match self {
            WayOn::File => match remainder {
                Some(Remainder::Part(name)) => {
                    return vec![Cow::Owned(format!(
                        "the same command again goes on from {name}, where the server can"
                    ))];
                }
                Some(Remainder::Dropped) => &[
                    "what had come is not kept, as the server names no version of it (no ETag):",
                    "the same command again begins anew",
                ],
                None => &[],
            },
            WayOn::NoLog => &["with --log FILE, a later run with --resume could go on"],
            WayOn::Log => &["again with --resume fetches the rest"],
            WayOn::SameAgain => &["the same command again fetches the rest"],
            // Without it, files are asked about, and fetched anew of a server without ETag and Last-Modified.
            WayOn::Files => &[
                "the same command again with -nc fetches only what is missing",
                "(so does --resume of a run that has a --log FILE)",
            ],
        };
        lines.iter().copied().map(Cow::Borrowed).collect()
    }
}
