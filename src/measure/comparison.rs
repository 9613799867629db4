//! Comparison: both arms fetch the same URLs, again and again, in alternating order.

use std::io;
use std::time::Duration;

use super::Estimate;
use super::answers::AnswerCheck;
use super::cold_start::{ColdStartCheck, ColdStartListener};
use super::drift;
use super::sequential::{Gates, Look, Sequence, Stopping};
use super::why::{WhyCollector, WhyListener, take_limits};
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::{Arm, ArmLatency, ArmRun, ArmTimes, Comparison};
use crate::model::notice::MeasurementNotice;
use crate::model::origin::{OriginLimit, OriginLimits};
use crate::model::reason::Why;
use crate::model::summary::{RunsMade, Summary};
use crate::model::work::PairedWork;
use crate::stats::{Latency, Notice, Sample, notice};

/// Number of origins that pushed back that are named.
const MAX_NAMED: usize = 5;

/// Parameters of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experiment {
    /// Uncounted runs of each arm, before the counted ones.
    pub warmups: u32,
    /// Counted pairs of runs; the most of them, if they may be fewer.
    pub pairs: u32,
    /// Workers of the parallel arm.
    pub workers: usize,
    /// Rule by which there may be fewer pairs.
    pub stopping: Option<Stopping>,
}

/// One run of an arm, as measured.
#[derive(Debug)]
pub struct MeasuredRun {
    /// Its figures.
    pub summary: Summary,
    /// Set-up time before it, which is not part of the makespan.
    pub startup: Duration,
}

impl Experiment {
    /// The runs in their order. The arms take turns in going first (ABBA order), so that a steady drift, such
    /// as a busier network or a filling server cache, favours neither.
    pub fn runs(self) -> impl Iterator<Item = ArmRun> {
        let most = (self.warmups + self.pairs) * 2;
        let (of, most) = match self.stopping {
            Some(_) => (0, most),
            None => (most, 0),
        };
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
            most,
        })
    }

    /// Makes all runs by calling `run`, and returns the result; of the pairs that are whole, if a run was stopped.
    /// `None` if there are none, or if a run had nothing to do. With a [stopping rule](Stopping) pairs are made until
    /// `gates` and the verdict are decided.
    ///
    /// # Errors
    ///
    /// Errors of `run` and of the listener.
    pub fn conduct<E: From<io::Error>>(
        self,
        gates: Gates<'_>,
        listener: &mut dyn Listener,
        mut run: impl FnMut(Arm, &mut dyn Listener) -> Result<MeasuredRun, E>,
    ) -> Result<Option<Comparison>, E> {
        let mut answers = AnswerCheck::default();
        let mut why = WhyCollector::default();
        let mut cold_start = ColdStartCheck::default();
        let mut serial = Vec::new();
        let mut parallel = Vec::new();
        let mut failed_warm_ups = 0;
        let mut targets = None;
        let mut stopped = None;
        let mut sequence = self
            .stopping
            .map(|stopping| Sequence::new(stopping, self.pairs));
        for arm_run in self.runs() {
            listener.event(&Event::ArmStarted(arm_run))?;
            // The run before has counted the targets, so progress has a total from the start.
            if let Some(targets) = targets {
                listener.event(&Event::Counted(targets))?;
            }
            answers.begin_run(&arm_run);
            why.begin();
            cold_start.begin(&arm_run);
            let mut arm_listener = ArmListener {
                listener: &mut *listener,
                answers: &mut answers,
            };
            let mut cold_start_listener = ColdStartListener {
                listener: &mut arm_listener,
                check: &mut cold_start,
            };
            let mut measured = run(
                arm_run.arm,
                &mut WhyListener {
                    listener: &mut cold_start_listener,
                    why: &mut why,
                },
            )?;
            let summary = &mut measured.summary;
            let is_over = summary.stopped || summary.makespan.is_none();
            summary.failing_only = answers.end_run(!is_over);
            why.end(arm_run, summary);
            listener.event(&Event::ArmEnded(summary.clone()))?;
            listener.idle()?;
            if is_over {
                stopped = Some(RunsMade {
                    done: arm_run.done,
                    of: arm_run.of.max(arm_run.most),
                    at_most: arm_run.most > 0,
                });
                break;
            }
            targets = Some(summary.targets());
            let time = measured.startup + summary.makespan.unwrap_or_default();
            match (arm_run.pair, arm_run.arm) {
                (0, _) => failed_warm_ups += summary.failed,
                (_, Arm::Serial) => serial.push(measured),
                (_, Arm::Parallel) => parallel.push(measured),
            }
            if let Some(sequence) = &mut sequence {
                sequence.add_run(time);
                let is_whole = serial.len() == parallel.len() && !serial.is_empty();
                if is_whole && self.is_over(sequence, (&serial, &parallel), &answers, gates) {
                    break;
                }
            }
        }
        let whole = serial.len().min(parallel.len());
        let comparison = self.comparison(&serial[..whole], &parallel[..whole], &answers);
        Ok(comparison.map(|mut comparison| {
            comparison.set_course(sequence.map(|sequence| sequence.course(whole)));
            comparison.stopped = stopped;
            comparison.why = why.why();
            take_limits(&mut comparison.why, &mut comparison.notices);
            comparison.notices.extend(warm_up_notice(failed_warm_ups));
            if let Some(cold) = cold_start.notice() {
                // It says more of the same.
                let first = MeasurementNotice::SlowFirstRun(Arm::Serial);
                comparison.notices.retain(|notice| *notice != first);
                comparison.notices.push(cold);
            }
            comparison
        }))
    }

    /// Decides if the pairs so far are enough.
    fn is_over(
        self,
        sequence: &mut Sequence,
        (serial, parallel): (&[MeasuredRun], &[MeasuredRun]),
        answers: &AnswerCheck,
        gates: Gates<'_>,
    ) -> bool {
        let course_at = sequence.course_at();
        sequence.is_over(serial.len(), |level| {
            let mut comparison = self.comparison(serial, parallel, answers)?;
            let work = comparison.work.as_ref();
            if comparison.unlike_work().is_some() && work.is_some_and(PairedWork::may_be_chance) {
                return None;
            }
            comparison.set_course(Some(course_at(level)));
            Some(Look {
                speedup: comparison.finding().and(comparison.speedup),
                are_gates_decided: gates.are_decided_by(&comparison),
            })
        })
    }

    /// The result of the counted runs; `None` if there are none.
    fn comparison(
        self,
        serial: &[MeasuredRun],
        parallel: &[MeasuredRun],
        answers: &AnswerCheck,
    ) -> Option<Comparison> {
        let estimates: Option<Vec<f64>> = parallel
            .iter()
            .map(|run| Estimate::of(&run.summary).map(|estimate| estimate.speedup.ln()))
            .collect();
        let pushed_back = push_back_notices(parallel);
        // Fewer than were asked for, if the system refused some in every run.
        let workers = parallel.iter().map(|run| run.summary.workers).max()?;
        let estimated = estimates.and_then(|logs| Some(Sample::of(&logs)?.mean.exp()));
        let targets = answers.targets();
        let pairs = u32::try_from(parallel.len()).unwrap_or(u32::MAX);
        let work = answers.paired_work(pairs);
        let is_alike = |pair| !work.is_unlike(pair);
        let [serial, parallel] = match work.difference(parallel.len(), targets) {
            Some(_) => [arm_times(serial)?, arm_times(parallel)?],
            None => [
                times_without_failures(serial, is_alike)?,
                times_without_failures(parallel, is_alike)?,
            ],
        };
        let mut comparison = Comparison {
            workers,
            targets,
            warmups: self.warmups,
            stopped: None,
            auto: None,
            speedup: None,
            work: Some(work),
            serial,
            parallel,
            estimated,
            differing: answers.differing(),
            margin: Margin::default(),
            notices: Vec::new(),
            why: Why::default(),
        };
        comparison.speedup = comparison.speedup_of_alike();
        comparison.notices.extend(notices(&comparison));
        comparison.notices.extend(pushed_back);
        let has_left_out = comparison.parallel.mean_left_out() > 0.0;
        if comparison.speedup.is_none() || has_left_out {
            // It would be of other work than the speed-up.
            comparison.estimated = None;
        }
        if comparison.is_one_by_one() {
            // Nothing to repeat.
        } else if comparison.pairs() < 2 {
            comparison.notices.push(MeasurementNotice::SinglePair);
        }
        Some(comparison)
    }
}

fn seconds(summary: &Summary) -> f64 {
    summary.makespan.unwrap_or_default().as_secs_f64()
}

/// Times of several runs; `None` if there are none.
pub(super) fn arm_times(runs: &[MeasuredRun]) -> Option<ArmTimes> {
    times_without_failures(runs, |_| false)
}

/// Times of several runs, without the time in which nothing but failing targets was under way. It is left out of those
/// runs only that are like the others they are set against: of those for whose number, from 1, `is_alike` is true.
///
/// Of a serial run that is all the time of these targets. Of a parallel one it is less than they cost, as a failing
/// target also keeps a worker from the others, so what remains is no faster than it would be without them.
pub(super) fn times_without_failures(
    runs: &[MeasuredRun],
    is_alike: impl Fn(u32) -> bool,
) -> Option<ArmTimes> {
    let left_out: Vec<f64> = (1..)
        .zip(runs)
        .map(|(number, MeasuredRun { summary, .. })| {
            match is_alike(number) && summary.succeeded() > 0 {
                true => summary.failing_only.as_secs_f64(),
                false => 0.0,
            }
        })
        .collect();
    let seconds: Vec<f64> = runs
        .iter()
        .zip(&left_out)
        .map(|(run, left_out)| seconds(&run.summary) - left_out)
        .collect();
    let mut latency = Latency::default();
    for run in runs {
        latency.merge(&run.summary.latency);
    }
    let startup: Duration = runs.iter().map(|run| run.startup).sum();
    Some(ArmTimes {
        sample: Sample::of(&seconds)?,
        failed: runs.iter().map(|run| run.summary.failed).sum(),
        retries: runs.iter().map(|run| run.summary.retries).sum(),
        startup: startup.as_secs_f64() / runs.len() as f64,
        latency: ArmLatency::of(&latency),
        left_out: match left_out.iter().any(|seconds| *seconds > 0.0) {
            true => left_out,
            false => Vec::new(),
        },
        seconds,
    })
}

/// The notice of this many failures in warm-ups, if there are any.
pub(super) fn warm_up_notice(failed: u64) -> Option<MeasurementNotice> {
    (failed > 0).then_some(MeasurementNotice::FailedWarmUps(failed))
}

/// Notices of the origins that pushed back in these runs: their times are then those of what the servers take.
fn push_back_notices(runs: &[MeasuredRun]) -> Vec<MeasurementNotice> {
    let mut origins = OriginLimits::default();
    for run in runs {
        origins.merge(&run.summary.origins);
    }
    origin_notices(origins, MeasurementNotice::PushedBack)
}

/// A notice of each of the first origins, and one of the number of the others.
pub(super) fn origin_notices(
    OriginLimits { listed, more }: OriginLimits,
    notice: impl Fn(OriginLimit) -> MeasurementNotice,
) -> Vec<MeasurementNotice> {
    let beyond = listed.len().saturating_sub(MAX_NAMED) as u64;
    let named = listed.into_iter().take(MAX_NAMED);
    let mut notices: Vec<_> = named.map(notice).collect();
    if more + beyond > 0 {
        notices.push(MeasurementNotice::MorePushedBack(more + beyond));
    }
    notices
}

/// Reasons to doubt the times of a comparison.
fn notices(comparison: &Comparison) -> Vec<MeasurementNotice> {
    let Comparison {
        serial, parallel, ..
    } = comparison;
    let mut notices = Vec::new();
    for (arm, times) in [(Arm::Serial, serial), (Arm::Parallel, parallel)] {
        notices.extend(arm_notices(arm, times));
    }
    notices.extend(drift::notices(serial, parallel));
    let Some(work) = &comparison.work else {
        return notices;
    };
    if comparison.unlike_work().is_some() {
        for (arm, times) in [(Arm::Serial, serial), (Arm::Parallel, parallel)] {
            if times.failed > 0 {
                let count = times.failed;
                notices.push(MeasurementNotice::FailedFetches { arm, count });
            }
        }
        return notices;
    }
    if !work.unlike_pairs.is_empty() {
        notices.push(MeasurementNotice::UnlikePairs {
            left_out: work.unlike_pairs.len(),
            of: comparison.pairs(),
        });
    }
    if work.failed_in_both > 0 && work.failed_in_both < comparison.targets {
        notices.push(MeasurementNotice::SharedFailures {
            urls: work.failed_in_both,
            serial: serial.mean_left_out(),
            parallel: parallel.mean_left_out(),
        });
    }
    notices
}

/// Reasons to doubt the times of an arm.
fn arm_notices(arm: Arm, times: &ArmTimes) -> Vec<MeasurementNotice> {
    let mut notices = Vec::new();
    match notice(&times.seconds) {
        None => {}
        Some(Notice::FirstRun) => notices.push(MeasurementNotice::SlowFirstRun(arm)),
        Some(Notice::Outliers(runs)) => notices.push(MeasurementNotice::Outliers { arm, runs }),
    }
    if times.is_short() {
        notices.push(MeasurementNotice::ShortRuns(arm));
    }
    notices
}

/// Listener of a run within a measurement. It drops the beginning and the end of the run, in whose place the
/// measurement emits those of an arm's run.
pub(super) struct ArmListener<'a> {
    pub(super) listener: &'a mut dyn Listener,
    pub(super) answers: &'a mut AnswerCheck,
}

impl Listener for ArmListener<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(_) | Event::Ended(_) => return Ok(()),
            Event::Finished(outcome) => self.answers.add(outcome),
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
    use crate::model::outcome::{Outcome, Verdict};
    use crate::model::target::Verb;

    #[test]
    fn the_arms_take_turns_in_going_first() {
        let experiment = Experiment {
            warmups: 1,
            pairs: 3,
            workers: 8,
            stopping: None,
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

    struct NullListener;

    impl Listener for NullListener {
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

    fn run_of(ms: u64) -> MeasuredRun {
        MeasuredRun {
            summary: Summary {
                makespan: Some(Duration::from_millis(ms)),
                busy: Duration::from_millis(ms),
                ok: 1,
                workers: 3,
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
            stopping: None,
        }
    }

    #[test]
    fn warm_ups_do_not_count_and_pairs_are_set_against_each_other() {
        let mut runs = 0;
        let mut times = [[9000, 100, 200, 400].iter(), [9000, 50, 100, 200].iter()];
        let compared =
            experiment(3).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                runs += 1;
                for index in [0, 1] {
                    listener.event(&Event::Finished(outcome(index, 5)))?;
                }
                let time = times[usize::from(arm == Arm::Parallel)].next();
                Ok::<_, io::Error>(run_of(*time.expect("no more runs than there are times")))
            });
        let comparison = compared.unwrap().expect("nothing was stopped");
        assert_eq!(runs, 8);
        assert_eq!(comparison.serial.seconds, [0.1, 0.2, 0.4]);
        assert_eq!(comparison.parallel.seconds, [0.05, 0.1, 0.2]);
        // Each pair says 2, however much the pairs differ.
        assert!((comparison.speedup.expect("both arms succeed").ratio - 2.0).abs() < 1e-12);
        // Two targets keep no more than two workers busy.
        assert!((comparison.efficiency().expect("both arms succeed") - 1.0).abs() < 1e-12);
        assert_eq!(comparison.differing, (0, Vec::new()));
        assert_eq!(comparison.targets, 2);
        // Of the four that were asked for, three could be started.
        assert_eq!(comparison.workers, 3);
    }

    #[test]
    fn one_target_or_one_worker_is_nothing_to_compare() {
        for (targets, workers, is_one_by_one) in [(1, 3, true), (5, 1, true), (2, 2, false)] {
            let compared =
                experiment(1).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                    for index in 0..targets {
                        listener.event(&Event::Finished(outcome(index, 5)))?;
                    }
                    let mut run = run_of(if arm == Arm::Serial { 40 } else { 90 });
                    run.summary.workers = workers;
                    Ok::<_, io::Error>(run)
                });
            let comparison = compared.unwrap().expect("nothing was stopped");
            let case = format!("{targets} targets, {workers} workers: {comparison:?}");
            assert_eq!(comparison.is_one_by_one(), is_one_by_one, "{case}");
            assert_eq!(comparison.speedup.is_none(), is_one_by_one, "{case}");
            assert_eq!(comparison.estimated.is_none(), is_one_by_one, "{case}");
            let single = comparison.notices.contains(&MeasurementNotice::SinglePair);
            assert_eq!(single, !is_one_by_one, "{case}");
        }
    }

    #[test]
    fn targets_that_are_not_answered_alike_are_named_once_each() {
        let mut runs = 0;
        let compared = experiment(2).conduct(Gates::default(), &mut NullListener, |_, listener| {
            runs += 1;
            for index in 0..10 {
                // The first is always the same, the others change with every run.
                let bytes = if index == 0 { 0 } else { runs };
                listener.event(&Event::Finished(outcome(index, bytes)))?;
            }
            Ok::<_, io::Error>(run_of(100))
        });
        let (count, named) = compared.unwrap().expect("it is whole").differing;
        assert_eq!(count, 9);
        assert_eq!(named.len(), MAX_NAMED);
        assert!(!named.contains(&"http://h/0".to_owned()), "{named:?}");
    }

    #[test]
    fn a_run_that_was_stopped_ends_the_comparison_without_a_result() {
        let compared = experiment(2).conduct(Gates::default(), &mut NullListener, |_, _| {
            let mut run = run_of(100);
            run.summary.stopped = true;
            Ok::<_, io::Error>(run)
        });
        assert_eq!(compared.unwrap(), None);
    }

    /// Conducts a comparison of five pairs after a warm-up, whose run with this number is stopped.
    fn stopped_at(stop: u32) -> Option<Comparison> {
        let mut runs = 0;
        let compared =
            experiment(5).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                runs += 1;
                let mut run = run_of(if arm == Arm::Serial { 40 } else { 10 });
                run.summary.stopped = runs == stop;
                for index in 0..4 {
                    let mut outcome = outcome(index, 5);
                    if run.summary.stopped && index > 1 {
                        outcome.verdict = Verdict::Skipped;
                    }
                    listener.event(&Event::Finished(outcome))?;
                }
                Ok::<_, io::Error>(run)
            });
        compared.expect("the listener takes all")
    }

    #[test]
    fn pairs_that_are_whole_when_it_is_stopped_are_its_result() {
        // Of twelve runs the first two are warm-ups.
        for (stop, pairs) in [(1, 0), (3, 0), (4, 0), (5, 1), (6, 1), (9, 3), (12, 4)] {
            let Some(comparison) = stopped_at(stop) else {
                assert_eq!(pairs, 0, "{stop}");
                continue;
            };
            let case = format!("{stop}: {comparison:?}");
            assert_eq!(comparison.pairs(), pairs, "{case}");
            assert_eq!(comparison.serial.seconds.len(), pairs, "{case}");
            let made = RunsMade {
                done: stop - 1,
                of: 12,
                at_most: false,
            };
            assert_eq!(comparison.stopped, Some(made), "{case}");
            assert_eq!(comparison.planned_pairs(), Some(5), "{case}");
            let ratio = comparison.speedup.expect("both arms succeed").ratio;
            assert!((ratio - 4.0).abs() < 1e-9, "{case}");
            assert_eq!(comparison.differing, (0, Vec::new()), "{case}");
        }
        let whole = stopped_at(0).expect("nothing was stopped");
        assert_eq!((whole.pairs(), whole.stopped), (5, None));
    }
}
