//! The sums over the runs of a comparison or a sweep, as reports need them.

use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::summary::{RunsMade, Summary};

/// The summaries of a comparison's or a sweep's runs, added up from its events. The one place that
/// separates the warm-ups, which do not count.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// The run under way.
    current: Option<ArmRun>,
    of: u32,
    /// True if `of` is the most runs that there may be.
    at_most: bool,
    done: u32,
    serial: Summary,
    parallel: Summary,
    warm_ups: Summary,
}

impl Runs {
    /// Adds the run that an event begins or ends. Other events change nothing.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::ArmStarted(run) => {
                self.current = Some(*run);
                // 0 if nobody knows yet how many there will be.
                self.of = run.of.max(run.most).max(run.done + 1);
                self.at_most = run.most > 0;
            }
            Event::ArmEnded(summary) => {
                let Some(run) = self.current.take() else {
                    return;
                };
                self.done += u32::from(!summary.stopped);
                match (run.pair, run.arm) {
                    (0, _) => &mut self.warm_ups,
                    (_, Arm::Serial) => &mut self.serial,
                    (_, Arm::Parallel) => &mut self.parallel,
                }
                .merge(summary);
            }
            _ => {}
        }
    }

    /// True once a run has begun.
    pub fn have_begun(&self) -> bool {
        self.of > 0
    }

    /// The summary of the counted parallel runs.
    pub fn parallel(&self) -> &Summary {
        &self.parallel
    }

    /// The summary of all counted runs, serial and parallel.
    pub fn counted(&self) -> Summary {
        let mut counted = self.serial.clone();
        counted.merge(&self.parallel);
        counted
    }

    /// The summary reported when there is no result: counts over all runs, warm-ups included. With
    /// `is_stopped`, the measurement was interrupted, and times are left out; without, no run took time.
    pub fn without_result(&self, is_stopped: bool) -> Summary {
        let mut all = self.counted();
        all.merge(&self.warm_ups);
        if !is_stopped {
            return all;
        }
        Summary {
            stopped: true,
            runs: Some(RunsMade {
                done: self.done,
                of: self.of,
                at_most: self.at_most,
            }),
            ..all.without_times()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stats::Latency;

    /// A run of so many milliseconds in which one URL failed.
    fn note(runs: &mut Runs, arm: Arm, pair: u32, ms: u64, is_stopped: bool) {
        runs.note(&Event::ArmStarted(ArmRun {
            arm,
            pair,
            workers: 2,
            done: runs.done,
            of: 6,
            most: 0,
        }));
        let mut latency = Latency::default();
        latency.record(Duration::from_millis(ms));
        runs.note(&Event::ArmEnded(Summary {
            ok: 1,
            failed: 1,
            makespan: Some(Duration::from_millis(ms)),
            latency,
            stopped: is_stopped,
            ..Summary::default()
        }));
    }

    #[test]
    fn warm_ups_are_in_no_figure_that_counts() {
        let mut runs = Runs::default();
        for (arm, pair, ms) in [
            (Arm::Serial, 0, 900),
            (Arm::Parallel, 0, 800),
            (Arm::Serial, 1, 40),
            (Arm::Parallel, 1, 20),
        ] {
            note(&mut runs, arm, pair, ms, false);
        }
        let (parallel, counted) = (runs.parallel(), runs.counted());
        assert_eq!((parallel.failed, counted.failed), (1, 2));
        assert_eq!(parallel.makespan, Some(Duration::from_millis(20)));
        let max = parallel.latency.max().expect("there is a time");
        assert!(max < Duration::from_millis(30), "{max:?}");
    }

    #[test]
    fn interrupted_runs_have_counts_and_no_times() {
        let mut runs = Runs::default();
        note(&mut runs, Arm::Serial, 0, 900, false);
        note(&mut runs, Arm::Serial, 1, 40, false);
        note(&mut runs, Arm::Parallel, 1, 20, true);
        let summary = runs.without_result(true);
        assert_eq!((summary.ok, summary.failed, summary.stopped), (3, 3, true));
        assert_eq!(
            summary.runs,
            Some(RunsMade {
                done: 2,
                of: 6,
                at_most: false,
            })
        );
        assert_eq!((summary.makespan, summary.latency.max()), (None, None));
    }
}
