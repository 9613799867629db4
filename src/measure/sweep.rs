//! Sweep: fetches the same URLs at several numbers of workers.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::MeasuredRun;
use super::answers::AnswerCheck;
use super::comparison::{
    ArmListener, arm_times, origin_notices, times_without_failures, warm_up_notice,
};
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::{Arm, ArmRun, Sweep, SweepRuns};
use crate::model::notice::MeasurementNotice;
use crate::model::origin::OriginLimits;
use crate::model::summary::RunsMade;
use crate::stats::{Interval, Knee, Usl};

/// Numbers of workers to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerCounts {
    /// These.
    Given(Vec<usize>),
    /// 1, 2, 4 and so on, until doubling gains less than 5 % twice in a row.
    Auto {
        /// Largest number to try.
        most: usize,
    },
}

/// Parameters of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepPlan {
    /// Numbers of workers.
    pub counts: WorkerCounts,
    /// Counted runs at each of them.
    pub runs: u32,
    /// Uncounted runs before the others.
    pub warmups: u32,
}

/// Counted runs, by number of workers.
type SweptRuns = Vec<(usize, Vec<MeasuredRun>)>;

/// Smallest ratio of two times that counts as a gain: 5 %.
const MIN_GAIN: f64 = 1.05;

impl SweepPlan {
    /// Makes all runs by calling `run` with a number of workers, and returns the result; of the rounds that are
    /// whole, if a run was stopped, or of the numbers of workers that were tried in the first round. `None` if there
    /// are none, or if a run had nothing to do.
    ///
    /// Given numbers are tried in rounds, up and down in turn, so that a steady drift favours none of them.
    /// With [`WorkerCounts::Auto`] the next number depends on those before it.
    ///
    /// # Errors
    ///
    /// Errors of `run` and of the listener.
    pub fn conduct<E: From<io::Error>>(
        &self,
        listener: &mut dyn Listener,
        run: impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
    ) -> Result<Option<Sweep>, E> {
        let mut answers = AnswerCheck::default();
        let mut runner = SweepRunner {
            listener,
            answers: &mut answers,
            run,
            done: 0,
            of: 0,
            failed_warm_ups: 0,
            stopped: None,
        };
        let runs = match &self.counts {
            WorkerCounts::Given(counts) => self.in_rounds(counts, &mut runner)?,
            WorkerCounts::Auto { most } => self.by_doubling(*most, &mut runner)?,
        };
        let stopped = runner.stopped;
        let mut notices: Vec<_> = warm_up_notice(runner.failed_warm_ups).into_iter().collect();
        if self.runs == 1 {
            notices.push(MeasurementNotice::SingleRuns);
        }
        let targets = answers.targets();
        let is_cut = match &self.counts {
            WorkerCounts::Given(counts) => counts.iter().any(|count| *count as u64 > targets),
            WorkerCounts::Auto { most } => runs
                .last()
                .is_some_and(|(last, _)| *last as u64 == targets && last < most),
        };
        if is_cut {
            notices.push(MeasurementNotice::ShortList(targets));
        }
        Ok(sweep(&runs, answers, notices).map(|sweep| Sweep { stopped, ..sweep }))
    }

    fn in_rounds<E: From<io::Error>>(
        &self,
        counts: &[usize],
        runner: &mut SweepRunner<
            '_,
            impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
        >,
    ) -> Result<SweptRuns, E> {
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        counts.dedup();
        runner.of = (self.warmups + self.runs) * u32::try_from(counts.len()).unwrap_or(u32::MAX);
        let mut swept: SweptRuns = counts.iter().map(|n| (*n, Vec::new())).collect();
        for round in 0..self.warmups + self.runs {
            let pair = (round + 1).saturating_sub(self.warmups);
            let mut order: Vec<usize> = (0..swept.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for position in order {
                let (workers, runs) = &mut swept[position];
                match runner.run(*workers, pair)? {
                    Some(run) if pair > 0 => runs.push(run),
                    Some(_) => {}
                    None => return Ok(whole_rounds(swept)),
                }
            }
        }
        Ok(swept)
    }

    fn by_doubling<E: From<io::Error>>(
        &self,
        most: usize,
        runner: &mut SweepRunner<
            '_,
            impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
        >,
    ) -> Result<SweptRuns, E> {
        let mut swept: SweptRuns = Vec::new();
        let mut best = f64::INFINITY;
        let mut without_gain = 0;
        let mut workers = 1;
        while without_gain < 2 {
            let mut runs = Vec::new();
            for round in 0..self.warmups + self.runs {
                let pair = (round + 1).saturating_sub(self.warmups);
                match runner.run(workers, pair)? {
                    Some(run) if pair > 0 => runs.push(run),
                    Some(_) => {}
                    None => return Ok(swept),
                }
            }
            let mean = arm_times(&runs).map_or(f64::INFINITY, |times| times.sample.mean);
            // What fails early is fast.
            let passed_over = runner.answers.passed_over();
            let is_like = passed_over.iter().all(|passed| passed.workers != workers);
            without_gain = if is_like && mean * MIN_GAIN <= best {
                0
            } else {
                without_gain + 1
            };
            if is_like {
                best = best.min(mean);
            }
            swept.push((workers, runs));
            // More workers than targets have nothing to do.
            let targets = usize::try_from(runner.answers.targets()).unwrap_or(usize::MAX);
            let most = most.min(targets);
            if workers >= most {
                break;
            }
            workers = (workers * 2).min(most);
        }
        Ok(swept)
    }
}

/// The runs of the rounds that are whole; of the first one, if none is, those that were made.
fn whole_rounds(mut swept: SweptRuns) -> SweptRuns {
    let whole = swept.iter().map(|(_, runs)| runs.len()).min();
    let whole = whole.unwrap_or_default().max(1);
    swept.iter_mut().for_each(|(_, runs)| runs.truncate(whole));
    swept.retain(|(_, runs)| !runs.is_empty());
    swept
}

/// The runs of a sweep as they are made.
struct SweepRunner<'a, F> {
    listener: &'a mut dyn Listener,
    answers: &'a mut AnswerCheck,
    run: F,
    done: u32,
    /// Number of runs to be made; 0 if unknown.
    of: u32,
    failed_warm_ups: u64,
    /// Set once a run was stopped.
    stopped: Option<RunsMade>,
}

impl<F> SweepRunner<'_, F> {
    /// Makes one run. `None` if it was stopped, or had nothing to do.
    fn run<E: From<io::Error>>(
        &mut self,
        workers: usize,
        pair: u32,
    ) -> Result<Option<MeasuredRun>, E>
    where
        F: FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
    {
        let arm_run = ArmRun {
            arm: Arm::Parallel,
            pair,
            workers,
            done: self.done,
            of: self.of,
            most: 0,
        };
        self.listener.event(&Event::ArmStarted(arm_run))?;
        self.done += 1;
        self.answers.begin_run(&arm_run);
        let mut listener = ArmListener {
            listener: &mut *self.listener,
            answers: &mut *self.answers,
        };
        let mut measured = (self.run)(workers, &mut listener)?;
        let summary = &mut measured.summary;
        let is_over = summary.stopped || summary.makespan.is_none();
        summary.failing_only = self.answers.end_run(!is_over);
        self.listener.event(&Event::ArmEnded(summary.clone()))?;
        self.listener.idle()?;
        if pair == 0 {
            self.failed_warm_ups += summary.failed;
        }
        self.stopped = is_over.then(|| RunsMade {
            done: self.done - 1,
            of: self.of.max(self.done),
            at_most: false,
        });
        Ok((!is_over).then_some(measured))
    }
}

/// The result of the counted runs; `None` if there are none.
fn sweep(
    runs: &SweptRuns,
    answers: AnswerCheck,
    mut notices: Vec<MeasurementNotice>,
) -> Option<Sweep> {
    let targets = answers.targets();
    notices.extend(push_back_notices(runs));
    let mut passed_over = answers.passed_over();
    passed_over.retain(|passed| runs.iter().any(|(workers, _)| *workers == passed.workers));
    notices.extend(
        passed_over
            .iter()
            .copied()
            .map(MeasurementNotice::PassedOver),
    );
    let is_alike = |workers| passed_over.iter().all(|passed| passed.workers != workers);
    let points: Option<Vec<SweepRuns>> = runs
        .iter()
        .map(|(workers, runs)| {
            let times = times_without_failures(runs, |_| is_alike(*workers))?;
            Some(SweepRuns {
                workers: *workers,
                interval: Interval::of_mean(&times.seconds),
                times,
            })
        })
        .collect();
    let points = points.filter(|points| !points.is_empty())?;
    let failed = answers.failed_everywhere();
    if failed > 0 && failed < targets {
        notices.push(MeasurementNotice::SharedFailuresOfSweep(failed));
    }
    let mut sweep = Sweep {
        targets,
        stopped: None,
        points,
        passed_over,
        knee: None,
        law: None,
        differing: answers.differing(),
        margin: Margin::default(),
        notices,
    };
    let comparable = sweep.sweep_points();
    let throughputs: Vec<(usize, f64)> = comparable
        .iter()
        .map(|point| (point.workers, targets as f64 / point.seconds))
        .collect();
    sweep.knee = Knee::of(&comparable);
    sweep.law = Usl::fit(&throughputs).filter(|law| law.describes(&throughputs));
    Some(sweep)
}

/// Notices of the origins that pushed back, with the smallest number of workers that each pushed back.
fn push_back_notices(runs: &SweptRuns) -> Vec<MeasurementNotice> {
    let mut all = OriginLimits::default();
    let mut fewest: HashMap<Arc<str>, usize> = HashMap::new();
    for (workers, runs) in runs {
        for run in runs {
            let origins = &run.summary.origins;
            for limit in &origins.listed {
                fewest.entry(limit.origin.clone()).or_insert(*workers);
            }
            all.merge(origins);
        }
    }
    origin_notices(all, |limit| MeasurementNotice::PushedBackFrom {
        fewest: fewest.get(&limit.origin).copied().unwrap_or(1),
        limit,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::origin::OriginLimit;
    use crate::model::outcome::Outcome;
    use crate::model::summary::Summary;
    use crate::model::target::Verb;

    struct NullListener;

    impl Listener for NullListener {
        fn event(&mut self, _: &Event) -> io::Result<()> {
            Ok(())
        }
    }

    /// Conducts a sweep over 100 targets, which take a second divided by `law` of the number of workers. Returns
    /// the numbers of workers in the order of the runs as well.
    fn conduct(plan: &SweepPlan, law: impl Fn(usize) -> f64) -> (Sweep, Vec<usize>) {
        let mut order = Vec::new();
        let swept = plan.conduct(&mut NullListener, |workers, listener| {
            order.push(workers);
            for index in 0..100 {
                let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
                listener.event(&Event::Finished(outcome))?;
            }
            Ok::<_, io::Error>(MeasuredRun {
                summary: Summary {
                    makespan: Some(Duration::from_secs_f64(1.0 / law(workers))),
                    ..Summary::default()
                },
                startup: Duration::ZERO,
            })
        });
        (swept.unwrap().expect("nothing was stopped"), order)
    }

    #[test]
    fn given_numbers_are_tried_there_and_back_again() {
        let plan = SweepPlan {
            counts: WorkerCounts::Given(vec![4, 1, 2, 4]),
            runs: 2,
            warmups: 1,
        };
        let (sweep, order) = conduct(&plan, |n| n as f64);
        assert_eq!(order, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
        let counts: Vec<_> = sweep.points.iter().map(|p| p.workers).collect();
        assert_eq!(counts, [1, 2, 4]);
        assert!(sweep.points.iter().all(|p| p.times.seconds.len() == 2));
        assert_eq!((sweep.targets, sweep.knee.unwrap().workers), (100, 4));
        assert_eq!(sweep.law, None, "three points fit anything");
    }

    #[test]
    fn an_automatic_sweep_ends_when_more_workers_gain_nothing_or_have_no_work() {
        let auto = |most| SweepPlan {
            counts: WorkerCounts::Auto { most },
            runs: 1,
            warmups: 0,
        };
        let (sweep, order) = conduct(&auto(1000), |n| n.min(8) as f64);
        assert_eq!(order, [1, 2, 4, 8, 16, 32]);
        assert_eq!(sweep.knee.unwrap().workers, 8);
        assert_eq!(sweep.law, None, "no smooth curve has such a bend");
        assert_eq!(sweep.notices, [single()]);
        let (sweep, order) = conduct(&auto(1000), |n| n as f64);
        assert!(sweep.law.is_some());
        assert_eq!(
            order,
            [1, 2, 4, 8, 16, 32, 64, 100],
            "there are 100 targets"
        );
        assert_eq!(sweep.notices, [single(), MeasurementNotice::ShortList(100)]);
        let (sweep, order) = conduct(&auto(6), |n| n as f64);
        assert_eq!(order, [1, 2, 4, 6]);
        assert_eq!(sweep.notices, [single()], "the list was not the limit");
    }

    #[test]
    fn rounds_that_are_whole_when_it_is_stopped_are_its_result() {
        let auto = WorkerCounts::Auto { most: 100 };
        let given = WorkerCounts::Given(vec![1, 2, 4]);
        for (counts, stop, expected) in [
            (&given, 1, None),
            (&given, 3, Some((vec![1, 2], 1))),
            (&given, 5, Some((vec![1, 2, 4], 1))),
            (&given, 9, Some((vec![1, 2, 4], 2))),
            (&auto, 3, None),
            (&auto, 8, Some((vec![1, 2], 3))),
        ] {
            let plan = SweepPlan {
                counts: counts.clone(),
                runs: 3,
                warmups: 0,
            };
            let mut made = 0;
            let swept = plan.conduct(&mut NullListener, |_, listener| {
                made += 1;
                let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
                listener.event(&Event::Finished(outcome))?;
                listener.event(&Event::Finished(Outcome::new(
                    9,
                    "http://h/".into(),
                    Verb::Get,
                )))?;
                Ok::<_, io::Error>(MeasuredRun {
                    summary: Summary {
                        makespan: Some(Duration::from_millis(10)),
                        stopped: made == stop,
                        ..Summary::default()
                    },
                    startup: Duration::ZERO,
                })
            });
            let swept = swept.expect("the listener takes all");
            let case = format!("{counts:?} {stop}: {swept:?}");
            assert_eq!(made, stop, "{case}");
            let found = swept.as_ref().map(|sweep| {
                let workers: Vec<usize> = sweep.points.iter().map(|point| point.workers).collect();
                let runs: Vec<usize> = sweep
                    .points
                    .iter()
                    .map(|point| point.times.seconds.len())
                    .collect();
                assert!(runs.iter().all(|count| *count == runs[0]), "{case}");
                (workers, runs[0])
            });
            assert_eq!(found, expected, "{case}");
            let stopped = swept.and_then(|sweep| sweep.stopped);
            assert_eq!(
                stopped.map(|made| made.done),
                expected.map(|_| stop - 1),
                "{case}"
            );
        }
    }

    /// Listener that keeps what the beginnings of runs say of how many there will be.
    struct OfListener(Vec<u32>);

    impl Listener for OfListener {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            if let Event::ArmStarted(run) = event {
                self.0.push(run.of);
            }
            Ok(())
        }
    }

    #[test]
    fn an_automatic_sweep_states_no_number_of_runs_that_it_does_not_know() {
        for (counts, of) in [
            (WorkerCounts::Auto { most: 2 }, 0),
            (WorkerCounts::Given(vec![1, 2]), 4),
        ] {
            let plan = SweepPlan {
                counts,
                runs: 2,
                warmups: 0,
            };
            let mut told = OfListener(Vec::new());
            let swept = plan.conduct(&mut told, |_, listener| {
                for index in 0..4 {
                    let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
                    listener.event(&Event::Finished(outcome))?;
                }
                Ok::<_, io::Error>(MeasuredRun {
                    summary: Summary {
                        makespan: Some(Duration::from_millis(10)),
                        ..Summary::default()
                    },
                    startup: Duration::ZERO,
                })
            });
            assert!(swept.expect("the listener takes all").is_some());
            assert_eq!(told.0, [of; 4], "{plan:?}");
        }
    }

    #[test]
    fn an_automatic_sweep_warms_up_at_each_number_of_workers() {
        let plan = SweepPlan {
            counts: WorkerCounts::Auto { most: 4 },
            runs: 2,
            warmups: 1,
        };
        let (sweep, order) = conduct(&plan, |n| n as f64);
        assert_eq!(order, [1, 1, 1, 2, 2, 2, 4, 4, 4]);
        assert!(sweep.points.iter().all(|p| p.times.seconds.len() == 2));
    }

    fn single() -> MeasurementNotice {
        MeasurementNotice::SingleRuns
    }

    #[test]
    fn given_numbers_beyond_the_list_are_tried_and_noted() {
        for (counts, is_noted) in [(vec![1, 101], true), (vec![1, 100], false)] {
            let plan = SweepPlan {
                counts: WorkerCounts::Given(counts.clone()),
                runs: 2,
                warmups: 0,
            };
            let (sweep, order) = conduct(&plan, |n| n.min(100) as f64);
            assert_eq!(order[..2], counts);
            let notices = [MeasurementNotice::ShortList(100)];
            assert_eq!(
                sweep.notices,
                notices[..usize::from(is_noted)],
                "{counts:?}"
            );
        }
        let text = MeasurementNotice::ShortList(100).to_string();
        assert_eq!(
            text,
            "the list is the limit: 100 URLs keep 100 workers busy at most"
        );
    }

    #[test]
    fn origins_that_push_back_are_noted_with_the_fewest_workers_that_they_push_back() {
        let limit = |push_backs, at_once| OriginLimit {
            origin: Arc::from("http://h"),
            at_once: Some(at_once),
            per_second: None,
            push_backs,
            given_up: None,
        };
        let run = |ms, limits| MeasuredRun {
            summary: Summary {
                makespan: Some(Duration::from_millis(ms)),
                origins: OriginLimits::new(limits, 0),
                ..Summary::default()
            },
            startup: Duration::ZERO,
        };
        let runs = vec![
            (2, vec![run(80, vec![])]),
            (4, vec![run(50, vec![limit(3, 3)]), run(50, vec![])]),
            (8, vec![run(40, vec![limit(20, 4)])]),
        ];
        let notices = push_back_notices(&runs);
        let texts: Vec<_> = notices.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["h: slowed down to 4 at once (23 requests pushed back), from 4 workers on"]
        );
    }
}
