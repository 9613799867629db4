//! A run against an earlier one: what can be compared, and what is different.

use std::collections::BTreeMap;

use super::{OneRun, SavedRun};
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::stats::{Change, Sample};

/// Bodies that differ in length by less than this share are the same for the time they take.
const ALIKE: f64 = 0.01;

/// Runs by their number of workers.
type Points = BTreeMap<usize, Vec<OneRun>>;

/// Runs of both sides that are to be compared.
struct Pair {
    arm: Arm,
    now: Vec<OneRun>,
    then: Vec<OneRun>,
}

impl SavedRun {
    /// What this run comes to against the one in the file of this name.
    pub fn against(&self, file: &str, then: &SavedRun) -> Against {
        let mut against = Against {
            file: file.to_owned(),
            started_at: then.started_at,
            version: then.version.clone(),
            points: Vec::new(),
            why: None,
            notices: Vec::new(),
        };
        if self.targets != then.targets {
            against.why = Some(match (self.targets.count, then.targets.count) {
                (now, then) if now == then => "the baseline is of another list of URLs".to_owned(),
                (now, then) => {
                    format!("the baseline is of another list of URLs ({then}, now {now})")
                }
            });
            return against;
        }
        let paired = self.pair_up(then, &mut against.notices);
        self.differences(then, &mut against.notices);
        match paired {
            Ok(pairs) => {
                for pair in pairs {
                    pair.notice_work(&mut against.notices);
                    against.points.extend(pair.point());
                }
            }
            Err(why) => against.why = Some(why),
        }
        against
    }

    /// The runs of one arm.
    fn points(&self, arm: Arm) -> Points {
        let mut points = Points::new();
        for run in self.runs.iter().filter(|run| run.arm == arm) {
            points.entry(run.workers).or_default().push(*run);
        }
        points
    }

    /// Which runs of now belong to which of then: those with as many workers, or if each side has only
    /// one number of them, those.
    fn pair_up(&self, then: &SavedRun, notices: &mut Vec<String>) -> Result<Vec<Pair>, String> {
        let (mut now, mut before) = (self.points(Arm::Parallel), then.points(Arm::Parallel));
        let mut pairs = Vec::new();
        // A comparison's serial arm, on both sides: it has no workers that could differ.
        let serial = [self, then].map(|run| run.points(Arm::Serial).into_values().flatten());
        let [serial_now, serial_then] = serial.map(Vec::from_iter);
        if !serial_now.is_empty() && !serial_then.is_empty() {
            pairs.push(Pair {
                arm: Arm::Serial,
                now: serial_now,
                then: serial_then,
            });
        }
        let both: Vec<usize> = now
            .keys()
            .filter(|workers| before.contains_key(workers))
            .copied()
            .collect();
        for workers in &both {
            let sides = (now.remove(workers), before.remove(workers));
            if let (Some(now), Some(then)) = sides {
                pairs.push(Pair {
                    arm: Arm::Parallel,
                    now,
                    then,
                });
            }
        }
        let counts = |points: &Points| in_words(points.keys().copied());
        match (both.is_empty(), now.len(), before.len()) {
            (false, 0, _) => {}
            (false, ..) => notices.push(format!("the baseline has no runs with {}", counts(&now))),
            (true, 1, 1) => {
                notices.push(format!("{} now, {} then", counts(&now), counts(&before)));
                let sides = (now.pop_first(), before.pop_first());
                if let (Some((_, now)), Some((_, then))) = sides {
                    pairs.push(Pair {
                        arm: Arm::Parallel,
                        now,
                        then,
                    });
                }
            }
            (true, ..) => {
                return Err(format!(
                    "the baseline has runs with {} only, and this has {}",
                    counts(&before),
                    counts(&now)
                ));
            }
        }
        Ok(pairs)
    }

    /// What is different about the runs as a whole.
    fn differences(&self, then: &SavedRun, notices: &mut Vec<String>) {
        if self.version != then.version {
            notices.push(format!(
                "pfetch {} now, {} then",
                self.version, then.version
            ));
        }
        let paced = |is_paced| if is_paced { "held back" } else { "not" };
        if self.paced != then.paced {
            notices.push(format!(
                "starts were {} as asked now, {} then",
                paced(self.paced),
                paced(then.paced)
            ));
        }
        let warm = |is_warm| if is_warm { "a" } else { "no" };
        if self.warm != then.warm {
            notices.push(format!(
                "{} warm-up now, {} warm-up then",
                warm(self.warm),
                warm(then.warm)
            ));
        }
    }
}

impl Pair {
    fn point(&self) -> Option<AgainstPoint> {
        let seconds =
            |runs: &[OneRun]| -> Vec<f64> { runs.iter().map(|run| run.seconds).collect() };
        let [now, then] = [seconds(&self.now), seconds(&self.then)];
        Some(AgainstPoint {
            arm: self.arm,
            workers: self.now.first()?.workers,
            workers_then: self.then.first()?.workers,
            now: Sample::of(&now)?,
            then: Sample::of(&then)?,
            change: Change::of(&now, &then)?,
            unlike: self.unlike(),
        })
    }

    /// Why neither side can be judged by the other, if so.
    fn unlike(&self) -> Option<String> {
        let workers = |runs: &[OneRun]| runs.first().map_or(0, |run| run.workers);
        let [now, then] = [&self.now, &self.then].map(|runs| workers(runs));
        if now != then {
            let [now, then] = [now, then].map(|count| in_words([count].into_iter()));
            return Some(format!("{now} now, {then} then"));
        }
        // Shares of runs are not rounded for this: one URL more is another amount of work.
        let failed =
            |runs: &[OneRun]| -> u128 { runs.iter().map(|run| u128::from(run.failed)).sum() };
        let [one, other] = [
            failed(&self.now) * self.then.len() as u128,
            failed(&self.then) * self.now.len() as u128,
        ];
        (one != other).then(|| {
            let [now, then] = [&self.now, &self.then].map(|runs| mean(runs, |run| run.failed));
            format!("URLs that failed: {now} a run now, {then} then")
        })
    }

    /// Whether the same work was done: URLs that fail sooner make no run faster.
    fn notice_work(&self, notices: &mut Vec<String>) {
        let arm = match self.arm {
            Arm::Serial => " (serial)",
            Arm::Parallel => "",
        };
        let mut notice = |what: &str, count: fn(&OneRun) -> u64, alike: f64| {
            let [now, then] = [&self.now, &self.then].map(|runs| mean(runs, count));
            if (now - then).abs() > alike * now.max(then) {
                notices.push(format!("{what}{arm}: {now} a run now, {then} then"));
            }
        };
        notice("URLs that failed", |run| run.failed, 0.0);
        notice("retries", |run| run.retries, 0.0);
        notice("bytes", |run| run.bytes, ALIKE);
    }
}

/// To a tenth: less is no difference either.
fn mean(runs: &[OneRun], count: impl Fn(&OneRun) -> u64) -> f64 {
    let sum: f64 = runs.iter().map(|run| count(run) as f64).sum();
    (sum / runs.len() as f64 * 10.0).round() / 10.0
}

/// `1 worker`, `2 and 4 workers`, `1, 2 and 4 workers`.
fn in_words(counts: impl Iterator<Item = usize>) -> String {
    let mut counts: Vec<String> = counts.map(|count| count.to_string()).collect();
    let Some(last) = counts.pop() else {
        return "no workers".to_owned();
    };
    match counts.is_empty() {
        true if last == "1" => "1 worker".to_owned(),
        true => format!("{last} workers"),
        false => format!("{} and {last} workers", counts.join(", ")),
    }
}
