//! The experiment: both arms over the same URLs, again and again, in alternating order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::time::Duration;

use super::Estimate;
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun, ArmTimes, Comparison};
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;
use crate::stats::{Notice, Pair, Sample, Speedup, notice};

/// How many URLs are named that were not answered alike.
const NAMED: usize = 5;

/// Below this a run is about as long as what else goes on in a machine.
const SHORT: f64 = 0.005;

/// How a comparison goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experiment {
    /// Runs of each arm that do not count, before those that do.
    pub warmups: u32,
    /// Pairs of runs that count.
    pub pairs: u32,
    /// Workers of the parallel arm.
    pub workers: usize,
}

/// What one run of an arm gave.
#[derive(Debug)]
pub struct Ran {
    /// Its figures.
    pub summary: Summary,
    /// How long getting ready took before it.
    pub startup: Duration,
}

impl Experiment {
    /// The runs in their order. The arms take turns in going first (ABBA), so that what changes
    /// steadily over time, a network that gets busier or a server's cache that fills, favours
    /// neither.
    pub fn runs(self) -> impl Iterator<Item = ArmRun> {
        let of = (self.warmups + self.pairs) * 2;
        let warmups = (0..self.warmups).map(|_| 0);
        let pairs = 1..=self.pairs;
        let orders = warmups.chain(pairs).enumerate().flat_map(|(number, pair)| {
            let order = if number % 2 == 0 {
                [Arm::Serial, Arm::Parallel]
            } else {
                [Arm::Parallel, Arm::Serial]
            };
            order.map(|arm| (arm, pair))
        });
        (0..).zip(orders).map(move |(done, (arm, pair))| ArmRun {
            arm,
            pair,
            workers: match arm {
                Arm::Serial => 1,
                Arm::Parallel => self.workers,
            },
            done,
            of,
        })
    }

    /// Has `run` do all runs, and says what they came to. `None` if one of them was stopped, or had
    /// nothing to do.
    ///
    /// # Errors
    ///
    /// What `run` gives.
    pub fn conduct<E: From<io::Error>>(
        self,
        listener: &mut dyn Listener,
        mut run: impl FnMut(Arm, &mut dyn Listener) -> Result<Ran, E>,
    ) -> Result<Option<Comparison>, E> {
        let mut alike = Alike::default();
        let mut serial = Vec::new();
        let mut parallel = Vec::new();
        let mut warm_failed = 0;
        let mut targets = None;
        for arm_run in self.runs() {
            listener.event(&Event::ArmStarted(arm_run))?;
            // Known from the run before, so that progress knows it from the start.
            if let Some(targets) = targets {
                listener.event(&Event::Counted(targets))?;
            }
            alike.begin();
            let ran = run(
                arm_run.arm,
                &mut Within {
                    listener: &mut *listener,
                    alike: &mut alike,
                },
            )?;
            let is_over = ran.summary.stopped || ran.summary.makespan.is_none();
            listener.event(&Event::ArmEnded(ran.summary.clone()))?;
            listener.idle()?;
            if is_over {
                return Ok(None);
            }
            targets = Some(ran.summary.targets());
            match (arm_run.pair, arm_run.arm) {
                (0, _) => warm_failed += ran.summary.failed,
                (_, Arm::Serial) => serial.push(ran),
                (_, Arm::Parallel) => parallel.push(ran),
            }
        }
        let comparison = self.comparison(&serial, &parallel, alike);
        Ok(comparison.map(|mut comparison| {
            comparison.notices.extend(warm_ups(warm_failed));
            comparison
        }))
    }

    /// What runs that counted came to; `None` if there are none.
    fn comparison(self, serial: &[Ran], parallel: &[Ran], alike: Alike) -> Option<Comparison> {
        let pairs: Vec<Pair> = serial
            .iter()
            .zip(parallel)
            .map(|(serial, parallel)| Pair {
                serial: seconds(&serial.summary),
                parallel: seconds(&parallel.summary),
            })
            .collect();
        let estimates: Option<Vec<f64>> = parallel
            .iter()
            .map(|ran| Estimate::of(&ran.summary).map(|estimate| estimate.speedup.ln()))
            .collect();
        let estimated = estimates.and_then(|logs| Some(Sample::of(&logs)?.mean.exp()));
        let [serial, parallel] = [times(serial)?, times(parallel)?];
        let mut notices = Vec::new();
        for (arm, times) in [(Arm::Serial, &serial), (Arm::Parallel, &parallel)] {
            notices.extend(remarks(arm, times));
        }
        if pairs.len() < 2 {
            notices.push(
                "one pair of runs says nothing of how much they vary: there is no interval \
                 (--runs 5)"
                    .to_owned(),
            );
        }
        Some(Comparison {
            workers: self.workers,
            targets: alike.targets(),
            warmups: self.warmups,
            speedup: Speedup::of(&pairs)?,
            serial,
            parallel,
            estimated,
            differing: alike.differing(),
            notices,
        })
    }
}

fn seconds(summary: &Summary) -> f64 {
    summary.makespan.unwrap_or_default().as_secs_f64()
}

pub(super) fn times(runs: &[Ran]) -> Option<ArmTimes> {
    let seconds: Vec<f64> = runs.iter().map(|ran| seconds(&ran.summary)).collect();
    let startup: Duration = runs.iter().map(|ran| ran.startup).sum();
    Some(ArmTimes {
        sample: Sample::of(&seconds)?,
        failed: runs.iter().map(|ran| ran.summary.failed).sum(),
        retries: runs.iter().map(|ran| ran.summary.retries).sum(),
        startup: startup.as_secs_f64() / runs.len() as f64,
        seconds,
    })
}

/// What is said of so many failures in warm-ups.
pub(super) fn warm_ups(failed: u64) -> Option<String> {
    (failed > 0).then(|| {
        let urls = if failed == 1 { "URL" } else { "URLs" };
        format!("{failed} {urls} failed in warm-ups, which do not count")
    })
}

/// What casts doubt on an arm's times.
fn remarks(arm: Arm, times: &ArmTimes) -> Vec<String> {
    let arm = arm.as_str();
    let mut remarks = Vec::new();
    match notice(&times.seconds) {
        None => {}
        Some(Notice::FirstRun) => remarks.push(format!(
            "the first {arm} run was by far the slowest: caches may have been cold (--warmup)"
        )),
        Some(Notice::Outliers(1)) => remarks.push(format!(
            "one {arm} run sticks out: something else may have been going on"
        )),
        Some(Notice::Outliers(count)) => remarks.push(format!(
            "{count} {arm} runs stick out: something else may have been going on"
        )),
    }
    if times.sample.min < SHORT {
        remarks.push(format!(
            "{arm} runs of less than 5 ms are mostly chance: compare more URLs"
        ));
    }
    if times.failed > 0 {
        remarks.push(format!(
            "{} fetches failed in the {arm} runs: their times are not those of what was asked for",
            times.failed
        ));
    }
    remarks
}

/// Whether the targets are answered alike in all runs: four bytes for each.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// What the first run got, by index; 0 for what it has not got.
    first: Vec<u32>,
    is_first: bool,
    has_begun: bool,
    differs: Vec<bool>,
    named: Vec<String>,
}

impl Alike {
    pub(super) fn begin(&mut self) {
        self.is_first = !self.has_begun;
        self.has_begun = true;
    }

    fn note(&mut self, outcome: &Outcome) {
        let mut hasher = DefaultHasher::new();
        (outcome.verdict, outcome.status(), outcome.bytes).hash(&mut hasher);
        let print = (hasher.finish() as u32).max(1);
        let index = usize::try_from(outcome.index).unwrap_or(usize::MAX - 1);
        if self.first.len() <= index {
            self.first.resize(index + 1, 0);
            self.differs.resize(index + 1, false);
        }
        if self.is_first {
            self.first[index] = print;
        } else if self.first[index] != print && !self.differs[index] {
            self.differs[index] = true;
            if self.named.len() < NAMED {
                self.named.push(outcome.url.to_string());
            }
        }
    }

    pub(super) fn targets(&self) -> u64 {
        self.first.len() as u64
    }

    pub(super) fn differing(self) -> (u64, Vec<String>) {
        let count = self.differs.iter().filter(|differs| **differs).count();
        (count as u64, self.named)
    }
}

/// Passes on what happens within a run, but for its beginning and its end, which are those of an arm.
pub(super) struct Within<'a> {
    pub(super) listener: &'a mut dyn Listener,
    pub(super) alike: &'a mut Alike,
}

impl Listener for Within<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(_) | Event::Ended(_) => return Ok(()),
            Event::Finished(outcome) => self.alike.note(outcome),
            _ => {}
        }
        self.listener.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.listener.idle()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::target::Verb;

    #[test]
    fn the_arms_take_turns_in_going_first() {
        let experiment = Experiment {
            warmups: 1,
            pairs: 3,
            workers: 8,
        };
        let runs: Vec<_> = experiment.runs().collect();
        let order: String = runs.iter().map(|run| &run.arm.as_str()[..1]).collect();
        assert_eq!(order, "sppsspps");
        let pairs: Vec<u32> = runs.iter().map(|run| run.pair).collect();
        assert_eq!(pairs, [0, 0, 1, 1, 2, 2, 3, 3]);
        assert!(
            runs.iter()
                .zip(0..)
                .all(|(run, n)| run.done == n && run.of == 8)
        );
    }

    struct Deaf;

    impl Listener for Deaf {
        fn event(&mut self, _: &Event) -> io::Result<()> {
            Ok(())
        }
    }

    fn outcome(index: u64, bytes: u64) -> Outcome {
        let url = Arc::from(format!("http://h/{index}"));
        let mut outcome = Outcome::new(index, url, Verb::Get);
        outcome.last.status = Some(200);
        outcome.bytes = bytes;
        outcome
    }

    fn ran(ms: u64) -> Ran {
        Ran {
            summary: Summary {
                makespan: Some(Duration::from_millis(ms)),
                sum: Duration::from_millis(ms),
                ok: 1,
                ..Summary::default()
            },
            startup: Duration::from_millis(1),
        }
    }

    fn experiment(pairs: u32) -> Experiment {
        Experiment {
            warmups: 1,
            pairs,
            workers: 4,
        }
    }

    #[test]
    fn warm_ups_do_not_count_and_pairs_are_set_against_each_other() {
        let mut runs = 0;
        let mut times = [[9000, 100, 200, 400].iter(), [9000, 50, 100, 200].iter()];
        let compared = experiment(3).conduct(&mut Deaf, |arm, listener| {
            runs += 1;
            listener.event(&Event::Finished(outcome(0, 5)))?;
            let time = times[usize::from(arm == Arm::Parallel)].next();
            Ok::<_, io::Error>(ran(*time.expect("no more runs than there are times")))
        });
        let comparison = compared.unwrap().expect("nothing was stopped");
        assert_eq!(runs, 8);
        assert_eq!(comparison.serial.seconds, [0.1, 0.2, 0.4]);
        assert_eq!(comparison.parallel.seconds, [0.05, 0.1, 0.2]);
        // Each pair says 2, however much the pairs differ.
        assert!((comparison.speedup.ratio - 2.0).abs() < 1e-12);
        // A single target keeps no more than one worker busy.
        assert!((comparison.efficiency() - 2.0).abs() < 1e-12);
        assert_eq!(comparison.differing, (0, Vec::new()));
        assert_eq!(comparison.targets, 1);
    }

    #[test]
    fn targets_that_are_not_answered_alike_are_named_once_each() {
        let mut runs = 0;
        let compared = experiment(2).conduct(&mut Deaf, |_, listener| {
            runs += 1;
            for index in 0..10 {
                // The first is always the same, the others change with every run.
                let bytes = if index == 0 { 0 } else { runs };
                listener.event(&Event::Finished(outcome(index, bytes)))?;
            }
            Ok::<_, io::Error>(ran(100))
        });
        let (count, named) = compared.unwrap().expect("it is whole").differing;
        assert_eq!(count, 9);
        assert_eq!(named.len(), NAMED);
        assert!(!named.contains(&"http://h/0".to_owned()), "{named:?}");
    }

    #[test]
    fn a_run_that_was_stopped_ends_the_comparison_without_a_result() {
        let compared = experiment(2).conduct(&mut Deaf, |_, _| {
            let mut ran = ran(100);
            ran.summary.stopped = true;
            Ok::<_, io::Error>(ran)
        });
        assert_eq!(compared.unwrap(), None);
    }
}
