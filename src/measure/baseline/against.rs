//! Comparison of a run with a baseline: which of their runs belong together, and what differs.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::reference::reference;
use super::{BaselineRun, History, SavedRun};
use crate::model::margin::Margin;
use crate::model::measurement::{Against, AgainstPoint, Arm, DatedChange, Reference};
use crate::model::notice::{BaselineNotice, Incomparable, Unlike, WorkAmount};
use crate::stats::{ChangePoint, HistoryChange, Sample, geometric_mean, last_change_point};

/// Share by which the numbers of bytes may differ without a notice: 1 % changes no time noticeably.
const SAME_BYTES: f64 = 0.01;

/// The runs of one arm with one number of workers, made together. There is one at least.
struct RunGroup {
    started_at: SystemTime,
    runs: Vec<BaselineRun>,
}

/// Groups of one arm, by number of workers; those of each number in the order of their starts.
type RunsByWorkers = BTreeMap<usize, Vec<RunGroup>>;

/// Runs of both sides that are compared with each other.
struct ComparableRuns {
    arm: Arm,
    now: RunGroup,
    /// Those of the baseline, in the order of their starts. There is one at least.
    then: Vec<RunGroup>,
}

impl SavedRun {
    /// Compares this run with the baseline `history`, which is in the file of this name: with those of its runs that
    /// are of the same. A run that is in the history itself is not compared with itself, unless it is alone.
    pub fn against(&self, file: &str, history: &History) -> Against {
        let own = history
            .position(self)
            .filter(|_| history.runs().len() > 1)
            .map(|position| &history.runs()[position]);
        let others = history.runs().iter();
        let others = others.filter(|run| own.is_none_or(|own| !std::ptr::eq(*run, own)));
        let latest = others.clone().next_back().unwrap_or(history.latest());
        let mut against = Against {
            file: file.to_owned(),
            started_at: latest.started_at,
            version: latest.version.clone(),
            points: Vec::new(),
            why: None,
            notices: Vec::new(),
            margin: Margin::default(),
            is_renewed: false,
        };
        let runs = others.clone().count();
        let same: Vec<&SavedRun> = others.filter(|run| run.targets == self.targets).collect();
        let Some(latest) = same.last() else {
            against.why = Some(Incomparable::OtherTargets {
                now: self.targets.count,
                then: latest.targets.count,
                runs: runs.max(1),
            });
            return against;
        };
        against.started_at = latest.started_at;
        against.version.clone_from(&latest.version);
        let matched = self.match_runs(&same, &mut against.notices);
        self.notice_conditions(latest, &mut against.notices);
        match matched {
            Ok(matched) => {
                for mut runs in matched {
                    runs.keep_alike();
                    runs.notice_work(&mut against.notices);
                    against.points.extend(runs.point(self.has_success()));
                }
                let points = against.points.iter();
                let one_day = points.filter_map(|point| point.reference.one_day()).next();
                against.notices.extend(one_day);
            }
            Err(why) => against.why = Some(why),
        }
        against
    }

    /// Matches the runs of both sides: those with the same number of workers, or, if each side has one number
    /// only, those.
    fn match_runs(
        &self,
        then: &[&SavedRun],
        notices: &mut Vec<BaselineNotice>,
    ) -> Result<Vec<ComparableRuns>, Incomparable> {
        let mut matched = Vec::new();
        let by_workers = |arm| [by_workers(&[self], arm), by_workers(then, arm)];
        // The serial arm of a comparison always has one worker.
        let [mut now, mut before] = by_workers(Arm::Serial);
        matched.extend(take(Arm::Serial, &mut now, &mut before));
        let serial = matched.len();
        let [mut now, mut before] = by_workers(Arm::Parallel);
        matched.extend(take(Arm::Parallel, &mut now, &mut before));
        let has_matches = matched.len() > serial;
        let counts = |runs: &RunsByWorkers| runs.keys().copied().collect();
        match (has_matches, now.len(), before.len()) {
            (true, 0, _) => {}
            (true, ..) => notices.push(BaselineNotice::NoRunsWith(counts(&now))),
            (false, 1, 1) => {
                let sides = (now.pop_first(), before.pop_first());
                if let (Some((workers_now, mut now)), Some((workers_then, mut then))) = sides {
                    notices.push(BaselineNotice::Workers {
                        now: workers_now,
                        then: workers_then,
                    });
                    // Without a verdict the latest is enough.
                    then.drain(..then.len().saturating_sub(1));
                    matched.extend(now.pop().map(|now| ComparableRuns {
                        arm: Arm::Parallel,
                        now,
                        then,
                    }));
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
        if let (Some(now), Some(then)) = (&self.machine, &then.machine)
            && now != then
        {
            notices.push(BaselineNotice::Machine {
                now: now.to_string(),
                then: then.to_string(),
            });
        }
        if self.paced != then.paced {
            let held_back = if self.paced { self } else { then };
            notices.push(BaselineNotice::Pacing {
                now: self.paced,
                by: held_back.held_back_by,
            });
        }
        if self.warm != then.warm {
            notices.push(BaselineNotice::WarmUps { now: self.warm });
        }
    }
}

/// The groups of these runs in one arm, by number of workers.
fn by_workers(saved: &[&SavedRun], arm: Arm) -> RunsByWorkers {
    let mut groups = RunsByWorkers::new();
    for saved in saved {
        let mut runs = BTreeMap::<usize, Vec<BaselineRun>>::new();
        for run in saved.runs.iter().filter(|run| run.arm == arm) {
            runs.entry(run.workers).or_default().push(*run);
        }
        for (workers, runs) in runs {
            groups.entry(workers).or_default().push(RunGroup {
                started_at: saved.started_at,
                runs,
            });
        }
    }
    groups
}

/// Takes from both sides what has the same numbers of workers.
fn take(arm: Arm, now: &mut RunsByWorkers, then: &mut RunsByWorkers) -> Vec<ComparableRuns> {
    let common: Vec<usize> = now
        .keys()
        .copied()
        .filter(|workers| then.contains_key(workers))
        .collect();
    let pair = |workers: usize| {
        Some(ComparableRuns {
            arm,
            now: now.remove(&workers)?.pop()?,
            then: then.remove(&workers)?,
        })
    };
    common.into_iter().filter_map(pair).collect()
}

impl RunGroup {
    fn workers(&self) -> usize {
        self.runs.first().map_or(0, |run| run.workers)
    }

    fn seconds(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.seconds).collect()
    }

    /// Mean of the logarithms of the times.
    fn level(&self) -> f64 {
        let sum: f64 = self.runs.iter().map(|run| run.seconds.ln()).sum();
        sum / self.runs.len() as f64
    }

    /// Tests whether as many URLs failed in each run of both groups, on the average.
    fn failed_as(&self, other: &RunGroup) -> bool {
        // Cross-multiplied instead of divided: means are rounded, and one URL more is another amount of work.
        let failed = |group: &RunGroup, other: &RunGroup| -> u128 {
            let sum: u128 = group.runs.iter().map(|run| u128::from(run.failed)).sum();
            sum * other.runs.len() as u128
        };
        failed(self, other) == failed(other, self)
    }
}

impl ComparableRuns {
    /// Drops the runs of the baseline in which more or less URLs failed than now; if those are all, all but the
    /// latest.
    fn keep_alike(&mut self) {
        let now = &self.now;
        match self.then.iter().any(|then| then.failed_as(now)) {
            true => self.then.retain(|then| then.failed_as(now)),
            false => drop(self.then.drain(..self.then.len().saturating_sub(1))),
        }
    }

    fn point(&self, has_success: bool) -> Option<AgainstPoint> {
        let unlike = self.unlike(has_success);
        let mut levels: Vec<f64> = self.then.iter().map(RunGroup::level).collect();
        let reference = &self.then[reference(&levels)];
        levels.push(self.now.level());
        let now = self.now.seconds();
        let then: Vec<Vec<f64>> = reference.iter().map(RunGroup::seconds).collect();
        let HistoryChange { change, deviation } = HistoryChange::of(&now, &then)?;
        Some(AgainstPoint {
            arm: self.arm,
            workers: self.now.workers(),
            workers_then: reference.first()?.workers(),
            seconds: geometric_mean(&now),
            now: Sample::of(&now)?,
            then: Sample::of(&then.concat())?,
            reference: Reference {
                runs: reference.len(),
                from: reference.first()?.started_at,
                to: reference.last()?.started_at,
                deviation,
            },
            change,
            dated: match unlike {
                None => last_change_point(&levels).map(|change| self.dated(change, &levels)),
                Some(_) => None,
            },
            unlike,
        })
    }

    /// The change of these levels, which are those of the baseline's runs and of the run now.
    fn dated(&self, change: ChangePoint, levels: &[f64]) -> DatedChange {
        let mean = |levels: &[f64]| levels.iter().sum::<f64>() / levels.len() as f64;
        let first = self.then.get(change.at).unwrap_or(&self.now);
        DatedChange {
            run: change.at + 1,
            of: levels.len(),
            started_at: first.started_at,
            ratio: (mean(&levels[change.at..]) - mean(&levels[change.since..change.at])).exp(),
        }
    }

    /// The reason why the change is no verdict, if the work was not the same, or none was done.
    fn unlike(&self, has_success: bool) -> Option<Unlike> {
        let latest = self.then.last()?;
        let [now, then] = [&self.now, latest].map(RunGroup::workers);
        if now != then {
            return Some(Unlike::Workers { now, then });
        }
        if !self.now.failed_as(latest) {
            let [now, then] = [&self.now, latest].map(|group| mean([group], |run| run.failed));
            return Some(Unlike::Failures { now, then });
        }
        (!has_success).then_some(Unlike::NothingSucceeded)
    }

    /// Notices differences in the amounts of work: URLs that fail sooner make no run faster.
    fn notice_work(&self, notices: &mut Vec<BaselineNotice>) {
        let mut notice = |amount, count: fn(&BaselineRun) -> u64, tolerance: f64| {
            let now = mean([&self.now], count);
            let then = mean(&self.then, count);
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
fn mean<'a>(
    groups: impl IntoIterator<Item = &'a RunGroup>,
    count: impl Fn(&BaselineRun) -> u64,
) -> f64 {
    let runs = groups.into_iter().flat_map(|group| &group.runs);
    let (sum, runs) = runs.fold((0.0, 0), |(sum, runs), run| {
        (sum + count(run) as f64, runs + 1)
    });
    (sum / f64::from(runs) * 10.0).round() / 10.0
}
