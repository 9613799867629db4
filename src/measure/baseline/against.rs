//! Comparison of a run with a baseline: which of their runs belong together, and what differs.

use std::collections::BTreeMap;

use super::{BaselineRun, SavedRun};
use crate::model::margin::Margin;
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::model::notice::{BaselineNotice, Incomparable, Unlike, WorkAmount};
use crate::stats::{Change, Sample};

/// Share by which the numbers of bytes may differ without a notice: 1 % changes no time noticeably.
const SAME_BYTES: f64 = 0.01;

/// Runs of one arm, by number of workers.
type RunsByWorkers = BTreeMap<usize, Vec<BaselineRun>>;

/// Runs of both sides that are compared with each other. Neither list is empty.
struct ComparableRuns {
    arm: Arm,
    now: Vec<BaselineRun>,
    then: Vec<BaselineRun>,
}

impl SavedRun {
    /// Compares this run with the baseline `then`, which is in the file of this name.
    pub fn against(&self, file: &str, then: &SavedRun) -> Against {
        let mut against = Against {
            file: file.to_owned(),
            started_at: then.started_at,
            version: then.version.clone(),
            points: Vec::new(),
            why: None,
            notices: Vec::new(),
            margin: Margin::default(),
            is_renewed: false,
        };
        if self.targets != then.targets {
            against.why = Some(Incomparable::OtherTargets {
                now: self.targets.count,
                then: then.targets.count,
            });
            return against;
        }
        let matched = self.match_runs(then, &mut against.notices);
        self.notice_conditions(then, &mut against.notices);
        match matched {
            Ok(matched) => {
                for runs in matched {
                    runs.notice_work(&mut against.notices);
                    against.points.extend(runs.point(self.has_success()));
                }
            }
            Err(why) => against.why = Some(why),
        }
        against
    }

    fn by_workers(&self, arm: Arm) -> RunsByWorkers {
        let mut runs = RunsByWorkers::new();
        for run in self.runs.iter().filter(|run| run.arm == arm) {
            runs.entry(run.workers).or_default().push(*run);
        }
        runs
    }

    /// Matches the runs of both sides: those with the same number of workers, or, if each side has one number
    /// only, those.
    fn match_runs(
        &self,
        then: &SavedRun,
        notices: &mut Vec<BaselineNotice>,
    ) -> Result<Vec<ComparableRuns>, Incomparable> {
        let mut matched = Vec::new();
        // The serial arm of a comparison always has one worker.
        let serial = [self, then].map(|run| run.by_workers(Arm::Serial).into_values().flatten());
        let [serial_now, serial_then] = serial.map(Vec::from_iter);
        if !serial_now.is_empty() && !serial_then.is_empty() {
            matched.push(ComparableRuns {
                arm: Arm::Serial,
                now: serial_now,
                then: serial_then,
            });
        }
        let serial = matched.len();
        let mut now = self.by_workers(Arm::Parallel);
        let mut before = then.by_workers(Arm::Parallel);
        now.retain(|workers, runs| match before.remove(workers) {
            Some(then) => {
                matched.push(ComparableRuns {
                    arm: Arm::Parallel,
                    now: std::mem::take(runs),
                    then,
                });
                false
            }
            None => true,
        });
        let has_matches = matched.len() > serial;
        let counts = |runs: &RunsByWorkers| runs.keys().copied().collect();
        match (has_matches, now.len(), before.len()) {
            (true, 0, _) => {}
            (true, ..) => notices.push(BaselineNotice::NoRunsWith(counts(&now))),
            (false, 1, 1) => {
                let sides = (now.pop_first(), before.pop_first());
                if let (Some((workers_now, now)), Some((workers_then, then))) = sides {
                    notices.push(BaselineNotice::Workers {
                        now: workers_now,
                        then: workers_then,
                    });
                    matched.push(ComparableRuns {
                        arm: Arm::Parallel,
                        now,
                        then,
                    });
                }
            }
            (false, ..) => {
                return Err(Incomparable::OtherWorkers {
                    now: counts(&now),
                    then: counts(&before),
                });
            }
        }
        Ok(matched)
    }

    /// Notices differences in the conditions of the runs as a whole.
    fn notice_conditions(&self, then: &SavedRun, notices: &mut Vec<BaselineNotice>) {
        if self.version != then.version {
            notices.push(BaselineNotice::Version {
                now: self.version.clone(),
                then: then.version.clone(),
            });
        }
        if self.paced != then.paced {
            notices.push(BaselineNotice::Pacing { now: self.paced });
        }
        if self.warm != then.warm {
            notices.push(BaselineNotice::WarmUps { now: self.warm });
        }
    }
}

impl ComparableRuns {
    fn point(&self, has_success: bool) -> Option<AgainstPoint> {
        let seconds =
            |runs: &[BaselineRun]| -> Vec<f64> { runs.iter().map(|run| run.seconds).collect() };
        let [now, then] = [seconds(&self.now), seconds(&self.then)];
        Some(AgainstPoint {
            arm: self.arm,
            workers: self.now.first()?.workers,
            workers_then: self.then.first()?.workers,
            now: Sample::of(&now)?,
            then: Sample::of(&then)?,
            change: Change::of(&now, &then)?,
            unlike: self.unlike(has_success),
        })
    }

    /// The reason why the change is no verdict, if the work was not the same, or none was done.
    fn unlike(&self, has_success: bool) -> Option<Unlike> {
        let workers = |runs: &[BaselineRun]| runs.first().map_or(0, |run| run.workers);
        let [now, then] = [&self.now, &self.then].map(|runs| workers(runs));
        if now != then {
            return Some(Unlike::Workers { now, then });
        }
        // Cross-multiplied instead of divided: means are rounded, and one URL more is another amount of work.
        let failed =
            |runs: &[BaselineRun]| -> u128 { runs.iter().map(|run| u128::from(run.failed)).sum() };
        let [one, other] = [
            failed(&self.now) * self.then.len() as u128,
            failed(&self.then) * self.now.len() as u128,
        ];
        if one != other {
            let [now, then] = [&self.now, &self.then].map(|runs| mean(runs, |run| run.failed));
            return Some(Unlike::Failures { now, then });
        }
        (!has_success).then_some(Unlike::NothingSucceeded)
    }

    /// Notices differences in the amounts of work: URLs that fail sooner make no run faster.
    fn notice_work(&self, notices: &mut Vec<BaselineNotice>) {
        let mut notice = |amount, count: fn(&BaselineRun) -> u64, tolerance: f64| {
            let [now, then] = [&self.now, &self.then].map(|runs| mean(runs, count));
            if (now - then).abs() > tolerance * now.max(then) {
                notices.push(BaselineNotice::Work {
                    amount,
                    arm: self.arm,
                    now,
                    then,
                });
            }
        };
        notice(WorkAmount::Failed, |run| run.failed, 0.0);
        notice(WorkAmount::Retries, |run| run.retries, 0.0);
        notice(WorkAmount::Bytes, |run| run.bytes, SAME_BYTES);
    }
}

/// Mean per run, rounded to a tenth: smaller differences deserve no notice.
fn mean(runs: &[BaselineRun], count: impl Fn(&BaselineRun) -> u64) -> f64 {
    let sum: f64 = runs.iter().map(|run| count(run) as f64).sum();
    (sum / runs.len() as f64 * 10.0).round() / 10.0
}
