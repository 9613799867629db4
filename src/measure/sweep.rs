//! The sweep: the same URLs at several numbers of workers.

use std::io;

use super::Ran;
use super::comparison::{Alike, Within, times, warm_ups};
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun, Sweep, SweepRuns};
use crate::stats::{Interval, Knee, SweepPoint, Usl};

/// The numbers of workers to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// These.
    Given(Vec<usize>),
    /// 1, 2, 4 and so on, until twice as many gain less than 5 % twice in a row.
    Auto {
        /// But not more than this.
        most: usize,
    },
}

/// How a sweep goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepPlan {
    /// The numbers of workers.
    pub counts: Counts,
    /// Runs at each of them.
    pub runs: u32,
    /// Runs that do not count, before the others.
    pub warmups: u32,
}

/// Numbers of workers, each with its runs.
type Points = Vec<(usize, Vec<Ran>)>;

/// A gain below this is none: 5 %.
const GAIN: f64 = 1.05;

impl SweepPlan {
    /// Has `run` fetch everything with so many workers, again and again, and says what it came to.
    /// `None` if a run was stopped, or had nothing to do.
    ///
    /// Numbers that are given are tried in rounds, there and back again, so that what changes steadily
    /// over time favours none of them. With `Auto` the next number depends on those before it.
    ///
    /// # Errors
    ///
    /// What `run` gives.
    pub fn conduct<E: From<io::Error>>(
        &self,
        listener: &mut dyn Listener,
        run: impl FnMut(usize, &mut dyn Listener) -> Result<Ran, E>,
    ) -> Result<Option<Sweep>, E> {
        let mut alike = Alike::default();
        let mut runner = Runner {
            listener,
            alike: &mut alike,
            run,
            done: 0,
            of: 0,
            warm_failed: 0,
        };
        let points = match &self.counts {
            Counts::Given(counts) => self.rounds(counts, &mut runner)?,
            Counts::Auto { most } => self.doubling(*most, &mut runner)?,
        };
        let mut notices: Vec<String> = warm_ups(runner.warm_failed).into_iter().collect();
        if self.runs == 1 {
            notices.push(
                "one run at each number of workers says nothing of how much they vary: there is no \
                 interval (--runs 3)"
                    .to_owned(),
            );
        }
        Ok(points.and_then(|points| sweep(points, alike, notices)))
    }

    fn rounds<E: From<io::Error>>(
        &self,
        counts: &[usize],
        runner: &mut Runner<'_, impl FnMut(usize, &mut dyn Listener) -> Result<Ran, E>>,
    ) -> Result<Option<Points>, E> {
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        counts.dedup();
        runner.of = (self.warmups + self.runs) * u32::try_from(counts.len()).unwrap_or(u32::MAX);
        let mut points: Points = counts.iter().map(|n| (*n, Vec::new())).collect();
        for round in 0..self.warmups + self.runs {
            let pair = (round + 1).saturating_sub(self.warmups);
            let mut order: Vec<usize> = (0..points.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for position in order {
                let (workers, runs) = &mut points[position];
                match runner.go(*workers, pair)? {
                    Some(ran) if pair > 0 => runs.push(ran),
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(points))
    }

    fn doubling<E: From<io::Error>>(
        &self,
        most: usize,
        runner: &mut Runner<'_, impl FnMut(usize, &mut dyn Listener) -> Result<Ran, E>>,
    ) -> Result<Option<Points>, E> {
        let mut points: Points = Vec::new();
        let mut best = f64::INFINITY;
        let mut in_vain = 0;
        let mut workers = 1;
        while in_vain < 2 {
            let mut runs = Vec::new();
            // The first number of workers has the caches to warm for all.
            let warmups = if points.is_empty() { self.warmups } else { 0 };
            for round in 0..warmups + self.runs {
                let pair = (round + 1).saturating_sub(warmups);
                match runner.go(workers, pair)? {
                    Some(ran) if pair > 0 => runs.push(ran),
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
            let mean = times(&runs).map_or(f64::INFINITY, |times| times.sample.mean);
            in_vain = if mean * GAIN <= best { 0 } else { in_vain + 1 };
            best = best.min(mean);
            points.push((workers, runs));
            // More workers than there is work for change nothing.
            let is_enough = workers as u64 >= runner.alike.targets();
            if workers >= most || is_enough {
                break;
            }
            workers = (workers * 2).min(most);
        }
        Ok(Some(points))
    }
}

struct Runner<'a, F> {
    listener: &'a mut dyn Listener,
    alike: &'a mut Alike,
    run: F,
    done: u32,
    /// How many runs there will be; 0 if that is not known.
    of: u32,
    /// How many URLs failed in warm-ups.
    warm_failed: u64,
}

impl<F> Runner<'_, F> {
    /// One run; `None` if it was stopped, or had nothing to do.
    fn go<E: From<io::Error>>(&mut self, workers: usize, pair: u32) -> Result<Option<Ran>, E>
    where
        F: FnMut(usize, &mut dyn Listener) -> Result<Ran, E>,
    {
        self.listener.event(&Event::ArmStarted(ArmRun {
            arm: Arm::Parallel,
            pair,
            workers,
            done: self.done,
            of: self.of.max(self.done + 1),
        }))?;
        self.done += 1;
        self.alike.begin();
        let mut within = Within {
            listener: &mut *self.listener,
            alike: &mut *self.alike,
        };
        let ran = (self.run)(workers, &mut within)?;
        self.listener.event(&Event::ArmEnded(ran.summary.clone()))?;
        self.listener.idle()?;
        if pair == 0 {
            self.warm_failed += ran.summary.failed;
        }
        let is_over = ran.summary.stopped || ran.summary.makespan.is_none();
        Ok((!is_over).then_some(ran))
    }
}

fn sweep(points: Points, alike: Alike, notices: Vec<String>) -> Option<Sweep> {
    let targets = alike.targets();
    let points: Option<Vec<SweepRuns>> = points
        .iter()
        .map(|(workers, runs)| {
            let times = times(runs)?;
            Some(SweepRuns {
                workers: *workers,
                interval: Interval::of_mean(&times.seconds),
                times,
            })
        })
        .collect();
    let points = points.filter(|points| !points.is_empty())?;
    let plain: Vec<SweepPoint> = points
        .iter()
        .map(|point| SweepPoint {
            workers: point.workers,
            seconds: point.times.sample.mean,
            interval: point.interval,
        })
        .collect();
    let throughputs: Vec<(usize, f64)> = plain
        .iter()
        .map(|point| (point.workers, targets as f64 / point.seconds))
        .collect();
    Some(Sweep {
        targets,
        knee: Knee::of(&plain),
        law: Usl::fit(&throughputs),
        differing: alike.differing(),
        notices,
        points,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::outcome::Outcome;
    use crate::model::summary::Summary;
    use crate::model::target::Verb;

    struct Deaf;

    impl Listener for Deaf {
        fn event(&mut self, _: &Event) -> io::Result<()> {
            Ok(())
        }
    }

    /// Conducts it over 100 targets that take a second in all, which `law` says how to share; returns
    /// the order of the runs too.
    fn conduct(plan: &SweepPlan, law: impl Fn(usize) -> f64) -> (Sweep, Vec<usize>) {
        let mut order = Vec::new();
        let swept = plan.conduct(&mut Deaf, |workers, listener| {
            order.push(workers);
            for index in 0..100 {
                let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
                listener.event(&Event::Finished(outcome))?;
            }
            Ok::<_, io::Error>(Ran {
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
            counts: Counts::Given(vec![4, 1, 2, 4]),
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
            counts: Counts::Auto { most },
            runs: 1,
            warmups: 0,
        };
        let (sweep, order) = conduct(&auto(1000), |n| n.min(8) as f64);
        assert_eq!(order, [1, 2, 4, 8, 16, 32]);
        assert_eq!(sweep.knee.unwrap().workers, 8);
        assert!(sweep.law.is_some());
        let (_, order) = conduct(&auto(1000), |n| n as f64);
        assert_eq!(
            order,
            [1, 2, 4, 8, 16, 32, 64, 128],
            "there are 100 targets"
        );
        let (_, order) = conduct(&auto(6), |n| n as f64);
        assert_eq!(order, [1, 2, 4, 6]);
    }
}
