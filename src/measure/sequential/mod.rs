//! The stopping rule of a comparison or a sweep whose number of runs is not given: when enough is known, and at which
//! confidence level that is judged and reported. The rounds of a sweep are to it what pairs are.

mod gates;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use gates::Gates;

use std::time::Duration;

use crate::model::auto_runs::{AutoEnd, AutoRuns};
use crate::model::margin::Margin;
use crate::stats::{Finding, Interval, LEVEL, Looks, Speedup};

/// The fewest pairs, even where they take longer than there is time: those of the first look. Two pairs would have
/// one degree of freedom, and an interval that says nothing.
const FEWEST_PAIRS: usize = 3;

/// The fewest pairs that a precision is judged by. The scatter of fewer is easily underestimated, and a comparison that
/// ends by it then has an interval that is too narrow.
const PILOT_PAIRS: usize = 8;

/// What ends a comparison, besides its most pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stopping {
    /// The time that all runs may take, warm-ups included. No pair begins that would end later if it takes as long as
    /// the one before it; three are made in any case.
    pub most_time: Duration,
    /// The half width of the speed-up's interval at which it is precise enough, as a share of the ratio. `None` if the
    /// verdict is to be decided instead.
    pub precision: Option<f64>,
    /// The margin within which there is no difference that matters: that decides the verdict, too.
    pub margin: Margin,
}

/// The figures at a look, with their intervals at the level of the look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// The speed-up that the verdict is by; `None` if more pairs would give none either.
    pub(super) speedup: Option<Speedup>,
    /// True if the knee of a sweep may be elsewhere.
    pub(super) is_knee_open: bool,
    /// True if each assertion is decided.
    pub(super) are_gates_decided: bool,
}

/// A comparison under way to which pairs are added.
#[derive(Debug)]
pub(super) struct Sequence {
    stopping: Stopping,
    looks: Looks,
    most_pairs: u32,
    /// Time of all runs so far.
    spent: Duration,
    /// Time of all runs up to the end of the pair before.
    spent_before: Duration,
    /// True if a look has found an assertion undecided, so that their ratio chose the number of pairs too.
    were_gates_open: bool,
    /// Why it is over, and the level that decided.
    end: Option<(AutoEnd, f64)>,
}

impl Sequence {
    /// A comparison of at most so many pairs.
    pub(super) fn new(stopping: Stopping, most_pairs: u32) -> Self {
        Sequence::with(Looks::up_to(most_pairs as usize), stopping, most_pairs)
    }

    fn with(looks: Looks, stopping: Stopping, most_pairs: u32) -> Self {
        Sequence {
            stopping,
            looks,
            most_pairs,
            spent: Duration::ZERO,
            spent_before: Duration::ZERO,
            were_gates_open: false,
            end: None,
        }
    }

    /// Adds the time of a run, a warm-up too.
    pub(super) fn add_run(&mut self, time: Duration) {
        self.spent = self.spent.saturating_add(time);
    }

    /// Decides after a whole pair, of so many that count, if it was the last. `look` gives the figures with their
    /// intervals at a level; `None` if there are none.
    ///
    /// Between the looks only the time can end it.
    pub(super) fn is_over(&mut self, pairs: usize, look: impl FnOnce(f64) -> Option<Look>) -> bool {
        let pair = self.spent.saturating_sub(self.spent_before);
        self.spent_before = self.spent;
        let level = self.looks.level(pairs);
        let look = level.and_then(|level| Some((level, look(level)?)));
        self.were_gates_open |= look.is_some_and(|(_, look)| !look.are_gates_decided);
        let by_figures = look.and_then(|(level, look)| self.end_by(pairs, level, look));
        let is_late = self.spent.saturating_add(pair) > self.stopping.most_time;
        let end = match by_figures {
            Some(end) => Some(end),
            None if pairs >= self.most_pairs as usize => Some(AutoEnd::MostPairs),
            None if pairs >= FEWEST_PAIRS && is_late => Some(AutoEnd::MostTime),
            None => None,
        };
        self.end = end.map(|end| match level.filter(|_| by_figures.is_some()) {
            Some(level) => (end, level),
            None => (end, self.reported_level(end, pairs)),
        });
        self.end.is_some()
    }

    /// The end that the figures of a look bring about.
    ///
    /// Where a precision is asked for, the number of pairs depends on the scatter and not on the ratio (Chow and Robbins,
    /// "On the Asymptotic Theory of Fixed-Width Sequential Confidence Intervals for the Mean", Annals of Mathematical
    /// Statistics 36, 1965). The width is that of the interval that is reported.
    fn end_by(&self, pairs: usize, level: f64, look: Look) -> Option<AutoEnd> {
        let (end, is_reached) = match self.stopping.precision {
            Some(most) => {
                let reported = self.reported_level(AutoEnd::Precise, pairs);
                let speedup = look
                    .speedup
                    .map(|speedup| speedup.at_level(level, reported));
                let is_pilot = pairs < PILOT_PAIRS.min(self.most_pairs as usize);
                match speedup.and_then(|speedup| speedup.precision()) {
                    Some(width) => (AutoEnd::Precise, width <= most && !is_pilot),
                    None => (AutoEnd::Decided, true),
                }
            }
            None => {
                let interval = look.speedup.and_then(|speedup| speedup.interval);
                let is_decided = |interval| is_decided(interval, self.stopping.margin);
                let is_reached = interval.is_none_or(is_decided) && !look.is_knee_open;
                (AutoEnd::Decided, is_reached)
            }
        };
        (is_reached && look.are_gates_decided).then_some(end)
    }

    /// The level at which the intervals are reported. It depends on the number of pairs and never on the figures.
    ///
    /// Where the width alone chose that number, it is the ordinary one, as Chow and Robbins have it. The most pairs, the
    /// time and the user leave as much of the error as the looks did not spend.
    fn reported_level(&self, end: AutoEnd, pairs: usize) -> f64 {
        let is_by_width = self.stopping.precision.is_some() && !self.were_gates_open;
        match end {
            _ if is_by_width => LEVEL,
            AutoEnd::Decided | AutoEnd::Precise => self.looks.reported_level(pairs),
            AutoEnd::MostPairs | AutoEnd::MostTime | AutoEnd::Stopped => {
                self.looks.last_level(pairs)
            }
        }
    }

    /// The course, after so many pairs that count.
    pub(super) fn course(&self, pairs: usize) -> AutoRuns {
        let stopped = || {
            (
                AutoEnd::Stopped,
                self.reported_level(AutoEnd::Stopped, pairs),
            )
        };
        let (ended_by, deciding_level) = self.end.unwrap_or_else(stopped);
        AutoRuns {
            ended_by,
            level: self.reported_level(ended_by, pairs),
            deciding_level,
            ..self.begun()
        }
    }

    /// The course as it is at a look, with intervals at its level.
    pub(super) fn course_at(&self) -> impl Fn(f64) -> AutoRuns + use<> {
        let begun = self.begun();
        move |level| AutoRuns {
            level,
            deciding_level: level,
            ..begun
        }
    }

    fn begun(&self) -> AutoRuns {
        AutoRuns {
            ended_by: AutoEnd::Stopped,
            most_pairs: self.most_pairs,
            most_seconds: self.stopping.most_time.as_secs_f64(),
            precision: self.stopping.precision,
            level: LEVEL,
            deciding_level: LEVEL,
        }
    }
}

/// Tests whether the interval of a speed-up decides the verdict: it lies on one side of 1, or so near to it as a whole
/// that there is no difference to speak of.
fn is_decided(interval: Interval, margin: Margin) -> bool {
    margin.contains(interval) || Finding::of(interval) != Finding::NoDifference
}
