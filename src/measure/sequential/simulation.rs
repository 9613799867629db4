//! Simulation of comparisons whose number of pairs is chosen as they go: how often the interval that is reported covers
//! the true speed-up, and how often a difference is found where there is none.
//!
//! The rule is the one that comparisons use; only the times are made up. `PFETCH_TEST_EXHAUSTIVE=1` simulates all
//! ratios and noises, and prints the table.

use std::fmt;
use std::time::Duration;

use super::*;
use crate::measure::assert::{Assertion, Judgement, Metric, MetricValue};
use crate::measure::made_up_times::{Noise, Random, chance};
use crate::stats::RunPair;

/// Counts of comparisons, by how they ended.
#[derive(Debug, Default, Clone, Copy)]
struct Simulated {
    trials: u32,
    covered: u32,
    faster: u32,
    slower: u32,
    undecided: u32,
    /// The assertion was found to hold, or to fail.
    judged: u32,
    pairs: usize,
}

impl Simulated {
    fn percent(&self, count: u32) -> f64 {
        f64::from(count) * 100.0 / f64::from(self.trials)
    }
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |count| self.percent(count);
        write!(
            f,
            "covered {:5.1} %, faster {:5.1} %, slower {:4.1} %, undecided {:5.1} %, gate {:4.1} %, {:4.1} pairs",
            percent(self.covered),
            percent(self.faster),
            percent(self.slower),
            percent(self.undecided),
            percent(self.judged),
            self.pairs as f64 / f64::from(self.trials)
        )
    }
}

/// A rule, and the true figures that it is to find.
#[derive(Debug, Clone, Copy)]
struct Cell {
    ratio: f64,
    noise: Noise,
    stopping: Stopping,
    /// An assertion that does not hold, or just so.
    gate: Option<&'static str>,
}

const MOST_PAIRS: u32 = 30;

fn cell(ratio: f64, noise: Noise) -> Cell {
    Cell {
        ratio,
        noise,
        stopping: Stopping {
            most_time: Duration::from_secs(60),
            precision: None,
            margin: Margin::default(),
        },
        gate: None,
    }
}

impl Cell {
    /// One comparison of runs that take a second in parallel: its last speed-up, and how it went.
    fn compare(&self, looks: &Looks, random: &mut Random) -> (Speedup, AutoRuns) {
        let mut sequence = Sequence::with(looks.clone(), self.stopping, MOST_PAIRS);
        let mut pairs = Vec::new();
        loop {
            let mut times = [0.0, 0.0];
            // ABBA order, after a warm-up: the parallel arm goes first in odd pairs.
            let first = usize::from(pairs.len() % 2 == 0);
            for (place, arm) in [first, 1 - first].into_iter().enumerate() {
                let time = if arm == 0 { self.ratio } else { 1.0 };
                times[arm] = 0.1 * time * random.factor(self.noise, 2 * pairs.len() + place);
                sequence.add_run(Duration::from_secs_f64(times[arm]));
            }
            let [serial, parallel] = times;
            pairs.push(RunPair { serial, parallel });
            let speedup = || Speedup::of(&pairs).expect("all times are positive");
            let is_over = sequence.is_over(pairs.len(), |level| {
                let speedup = speedup().at_level(LEVEL, level);
                Some(Look {
                    speedup: Some(speedup),
                    is_knee_open: false,
                    are_gates_decided: self.judge(&speedup) != Some(Judgement::Inconclusive),
                })
            });
            if is_over {
                return (speedup(), sequence.course(pairs.len()));
            }
        }
    }

    /// The judgement of the assertion, if there is one.
    fn judge(&self, speedup: &Speedup) -> Option<Judgement> {
        let assertion: Assertion = self.gate?.parse().expect("it is an assertion");
        let figures = |_: Metric| {
            Ok(MetricValue {
                value: speedup.ratio,
                interval: speedup.interval,
            })
        };
        Some(assertion.judge(&figures))
    }

    fn simulate(&self, trials: u32) -> Simulated {
        let mut random = Random::default();
        let looks = Looks::up_to(MOST_PAIRS as usize);
        let mut tally = Simulated {
            trials,
            ..Simulated::default()
        };
        for _ in 0..trials {
            let (speedup, course) = self.compare(&looks, &mut random);
            let interval_at = |level| {
                let interval = speedup.at_level(LEVEL, level).interval;
                interval.expect("there are three pairs at least")
            };
            let deciding = interval_at(course.deciding_level);
            tally.covered += u32::from(interval_at(course.level).contains(self.ratio));
            match Finding::of(deciding) {
                Finding::Faster => tally.faster += 1,
                Finding::Slower => tally.slower += 1,
                Finding::NoDifference => {
                    tally.undecided += u32::from(!is_decided(deciding, self.stopping.margin))
                }
            }
            let judged = self.judge(&speedup.at_level(LEVEL, course.level));
            let is_judged = judged.is_some_and(|judged| judged != Judgement::Inconclusive);
            tally.judged += u32::from(is_judged);
            tally.pairs += speedup.pairs;
        }
        tally
    }
}

const RATIOS: [f64; 5] = [1.0, 1.05, 1.3, 2.0, 8.0];

const NOISES: [Noise; 13] = [
    Noise::Normal(0.01),
    Noise::Normal(0.03),
    Noise::Normal(0.1),
    Noise::Normal(0.2),
    Noise::Drift(0.01),
    Noise::Drift(0.03),
    Noise::Drift(0.1),
    Noise::Spikes(0.01),
    Noise::Spikes(0.03),
    Noise::Spikes(0.1),
    Noise::Tail(0.03),
    Noise::Tail(0.1),
    Noise::Tail(0.3),
];

/// The sample of ratios and noises that is always simulated.
const SAMPLE: [(f64, Noise); 7] = [
    (1.0, Noise::Normal(0.1)),
    (1.0, Noise::Spikes(0.03)),
    (1.05, Noise::Normal(0.03)),
    (1.3, Noise::Drift(0.03)),
    (2.0, Noise::Normal(0.2)),
    (2.0, Noise::Tail(0.1)),
    (8.0, Noise::Normal(0.03)),
];

/// The ratios and noises to simulate, with the number of comparisons of each.
fn cells() -> (Vec<(f64, Noise)>, u32) {
    if std::env::var_os("PFETCH_TEST_EXHAUSTIVE").is_none() {
        return (SAMPLE.to_vec(), 500);
    }
    let all = RATIOS
        .iter()
        .flat_map(|ratio| NOISES.map(|noise| (*ratio, noise)));
    (all.collect(), 4000)
}

/// The shares of intervals that cover the truth, in percent, that are right whatever the noise, within the chance of the
/// simulation.
fn coverage(trials: u32) -> std::ops::RangeInclusive<f64> {
    93.0 - chance(trials)..=97.0 + chance(trials)
}

#[test]
fn intervals_cover_the_truth_and_differences_are_not_found_where_there_are_none() {
    let (cells, trials) = cells();
    for (ratio, noise) in cells {
        let tally = cell(ratio, noise).simulate(trials);
        let case = format!("{ratio:4} {:13} {tally}", format!("{noise:?}"));
        println!("{case}");
        let covered = tally.percent(tally.covered);
        assert!(coverage(trials).contains(&covered), "{case}");
        if ratio == 1.0 {
            let found = tally.percent(tally.faster + tally.slower);
            assert!(found <= 5.0 + chance(trials), "{case}");
            assert!(tally.percent(tally.faster) <= 5.0, "{case}");
        }
        if ratio >= 2.0 {
            assert_eq!(tally.undecided + tally.slower, 0, "{case}");
        }
    }
}

/// The true speed-up is the one asked for, so that the assertion neither holds nor fails but by chance.
#[test]
fn an_assertion_on_the_very_speed_up_is_seldom_decided() {
    for noise in [Noise::Normal(0.03), Noise::Normal(0.1)] {
        let cell = Cell {
            gate: Some("speedup>=2"),
            ..cell(2.0, noise)
        };
        let tally = cell.simulate(300);
        assert!(
            tally.percent(tally.judged) <= 5.0 + chance(300),
            "{noise:?}: {tally}"
        );
        assert_eq!(tally.slower + tally.undecided, 0, "{noise:?}: {tally}");
    }
    // Where it is not, few pairs tell.
    let cell = Cell {
        gate: Some("speedup>=2"),
        ..cell(2.4, Noise::Normal(0.03))
    };
    let tally = cell.simulate(200);
    assert_eq!(tally.judged, 200, "{tally}");
    assert!(tally.pairs < 200 * 8, "{tally}");
}

#[test]
fn a_precision_is_reached_without_losing_coverage() {
    for (precision, noise) in [
        (0.05, Noise::Normal(0.03)),
        (0.05, Noise::Spikes(0.03)),
        (0.1, Noise::Spikes(0.1)),
        // It is not reached.
        (0.01, Noise::Spikes(0.1)),
    ] {
        for ratio in [1.0, 2.0] {
            let mut cell = cell(ratio, noise);
            cell.stopping.precision = Some(precision);
            let (_, trials) = cells();
            let tally = cell.simulate(trials);
            let covered = tally.percent(tally.covered);
            let case = format!("{ratio} {noise:?} to {precision}: {tally}");
            println!("{case}");
            assert!(coverage(trials).contains(&covered), "{case}");
            let found = tally.percent(tally.faster + tally.slower);
            assert!(found <= 5.0 || ratio > 1.0, "{case}");
        }
    }
}

#[test]
fn an_end_by_the_time_keeps_the_coverage() {
    let mut cell = cell(1.0, Noise::Normal(0.1));
    for seconds in [1, 2] {
        // Pairs take 0.2 s.
        cell.stopping.most_time = Duration::from_secs(seconds);
        let tally = cell.simulate(500);
        let covered = tally.percent(tally.covered);
        let case = format!("{seconds} s: {tally}");
        assert!(coverage(500).contains(&covered), "{case}");
        let found = tally.percent(tally.faster + tally.slower);
        assert!(found <= 5.0 + chance(500), "{case}");
        assert!(tally.pairs <= 500 * 5 * seconds as usize, "{case}");
    }
}
