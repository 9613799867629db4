//! Sweeps over given numbers of workers, in rounds that go up and down in turn.
//!
//! Each round has a run with each number of workers, those that are far from the knee too. Leaving them out once their
//! place is decided would take less time, and lose what the rounds are for: a machine that grows slower during the sweep
//! would make the numbers that go on look worse than those that stopped early, and the runs of a round are the pairs of
//! the speed-up.

use std::io;

use super::result;
use super::runner::{SweepRunner, SweptRuns};
use crate::measure::MeasuredRun;
use crate::measure::sequential::{Gates, Look, Sequence, Stopping};
use crate::model::auto_runs::AutoRuns;
use crate::model::event::Listener;
use crate::model::measurement::{Sweep, SweepRuns};
use crate::stats::{LEVEL, RunPair, Speedup, is_gain_open};

/// The rounds of a sweep, and the runs of those that were made.
pub(super) struct Rounds {
    warmups: u32,
    most: u32,
    swept: SweptRuns,
    /// Rounds that were made, warm-ups included.
    made: u32,
}

impl Rounds {
    /// Prepares so many rounds, after warm-ups.
    pub(super) fn new(counts: &[usize], warmups: u32, most: u32) -> Self {
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        counts.dedup();
        Rounds {
            warmups,
            most,
            swept: counts.into_iter().map(|n| (n, Vec::new())).collect(),
            made: 0,
        }
    }

    /// Makes all rounds.
    pub(super) fn all<E: From<io::Error>>(
        mut self,
        runner: &mut SweepRunner<
            '_,
            impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
        >,
    ) -> Result<SweptRuns, E> {
        runner.plan(self.most_runs());
        while self.made < self.warmups + self.most {
            if !self.make(runner)? {
                return Ok(self.whole());
            }
        }
        Ok(self.swept)
    }

    /// Makes rounds until the stopping rule has enough of them.
    pub(super) fn enough<E: From<io::Error>>(
        mut self,
        stopping: Stopping,
        gates: Gates<'_>,
        runner: &mut SweepRunner<
            '_,
            impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
        >,
    ) -> Result<(SweptRuns, AutoRuns), E> {
        runner.plan_most(self.most_runs());
        let mut sequence = Sequence::new(stopping, self.most);
        let mut spent = runner.spent();
        while self.make(runner)? {
            sequence.add_run(runner.spent().saturating_sub(spent));
            spent = runner.spent();
            let rounds = self.counted();
            let course_at = sequence.course_at();
            let look = |level| {
                let sweep =
                    result::sweep(&self.swept, runner.answers(), Some(course_at(level)), None)?;
                Some(look(&sweep, stopping, gates))
            };
            if rounds > 0 && sequence.is_over(rounds, look) {
                return Ok((self.swept, sequence.course(rounds)));
            }
        }
        let swept = self.whole();
        let rounds = swept.first().map_or(1, |(_, runs)| runs.len());
        Ok((swept, sequence.course(rounds)))
    }

    /// The number of runs with all numbers of workers, warm-ups included.
    fn most_runs(&self) -> u32 {
        let counts = u32::try_from(self.swept.len()).unwrap_or(u32::MAX);
        (self.warmups + self.most).saturating_mul(counts)
    }

    /// The number of rounds that count and are whole.
    fn counted(&self) -> usize {
        self.made.saturating_sub(self.warmups) as usize
    }

    /// Makes one round. False if a run of it was stopped, or had nothing to do.
    fn make<E: From<io::Error>>(
        &mut self,
        runner: &mut SweepRunner<
            '_,
            impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
        >,
    ) -> Result<bool, E> {
        let pair = (self.made + 1).saturating_sub(self.warmups);
        let mut order: Vec<usize> = (0..self.swept.len()).collect();
        if self.made % 2 == 1 {
            order.reverse();
        }
        for position in order {
            let (workers, runs) = &mut self.swept[position];
            match runner.run(*workers, pair)? {
                Some(run) if pair > 0 => runs.push(run),
                Some(_) => {}
                None => return Ok(false),
            }
        }
        self.made += 1;
        Ok(true)
    }

    /// The runs of the rounds that are whole; of the first one, if none is, those that were made.
    fn whole(mut self) -> SweptRuns {
        let whole = self.counted().max(1);
        let swept = self.swept.iter_mut();
        swept.for_each(|(_, runs)| runs.truncate(whole));
        self.swept.retain(|(_, runs)| !runs.is_empty());
        self.swept
    }
}

/// Looks at a sweep so far, whose intervals are at the level of the look.
fn look(sweep: &Sweep, stopping: Stopping, gates: Gates<'_>) -> Look {
    let beyond: Vec<Speedup> = gains_beyond_knee(sweep).collect();
    let speedup = match stopping.precision {
        // The knee gains nothing over itself: what another number gains is then to be precise.
        Some(_) => sweep.gain().or_else(|| beyond.first().copied()),
        None => sweep.gain(),
    };
    let mut intervals = beyond.iter().filter_map(|gain| gain.interval);
    Look {
        speedup,
        is_knee_open: sweep.is_undecided() || intervals.any(is_gain_open),
        are_gates_decided: gates.are_decided_by_sweep(sweep),
    }
}

/// What each larger number of workers than the knee gains over it, from the runs of each round as pairs.
fn gains_beyond_knee(sweep: &Sweep) -> impl Iterator<Item = Speedup> + '_ {
    let knee = sweep.at_knee();
    let pairs_with = |point: &SweepRuns, knee: &SweepRuns| -> Vec<RunPair> {
        let times = knee.times.seconds.iter().zip(&point.times.seconds);
        times
            .map(|(&serial, &parallel)| RunPair { serial, parallel })
            .collect()
    };
    sweep.comparable().filter_map(move |point| {
        let knee = knee.filter(|knee| point.workers > knee.workers)?;
        let gain = Speedup::of(&pairs_with(point, knee))?;
        Some(gain.at_level(LEVEL, sweep.level()))
    })
}
