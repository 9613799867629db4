//! Sweeps that choose their number of rounds, on times that are made up: when they end, and by simulation how often they
//! are right. `PFETCH_TEST_EXHAUSTIVE=1` simulates all knees and noises, and prints the table.

use std::io;
use std::time::Duration;

use super::{SweepPlan, WorkerCounts};
use crate::measure::assert::Assertion;
use crate::measure::made_up_times::{Noise, Random, chance};
use crate::measure::null_listener::NullListener;
use crate::measure::{Gates, MeasuredRun, Stopping};
use crate::model::auto_runs::AutoEnd;
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::Sweep;
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;
use crate::model::target::Verb;
use crate::stats::{Interval, Knee, LEVEL};

/// Keeps what the beginnings of runs say of how many there will be.
struct MostListener(Vec<(u32, u32)>);

impl Listener for MostListener {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::ArmStarted(run) = event {
            self.0.push((run.of, run.most));
        }
        Ok(())
    }
}

fn plan(counts: &[usize], most: u32) -> SweepPlan {
    SweepPlan {
        counts: WorkerCounts::Given(counts.to_vec()),
        runs: most,
        stopping: Some(Stopping {
            most_time: Duration::from_secs(60),
            precision: None,
            margin: Margin::default(),
        }),
        warmups: 0,
    }
}

/// Conducts a sweep over two URLs whose runs take as long as `seconds` says of the number of workers and of the runs
/// before.
fn conduct(
    plan: &SweepPlan,
    gates: &[Assertion],
    listener: &mut dyn Listener,
    mut seconds: impl FnMut(usize, usize) -> f64,
) -> Sweep {
    let gates = Gates {
        assertions: gates,
        earlier: None,
    };
    let mut made = 0;
    let swept = plan.conduct(gates, listener, |workers, listener| {
        for index in 0..2 {
            let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
            listener.event(&Event::Finished(outcome))?;
        }
        made += 1;
        Ok::<_, io::Error>(MeasuredRun {
            summary: Summary {
                ok: 2,
                makespan: Some(Duration::from_secs_f64(seconds(workers, made - 1))),
                ..Summary::default()
            },
            startup: Duration::ZERO,
        })
    });
    let swept = swept.expect("the listener takes all");
    swept.expect("nothing was stopped")
}

/// The numbers of runs at each number of workers, and how it ended.
fn course(sweep: &Sweep) -> (Vec<usize>, Option<AutoEnd>) {
    let runs = sweep.points.iter();
    (
        runs.map(|point| point.times.seconds.len()).collect(),
        sweep.auto.map(|auto| auto.ended_by),
    )
}

#[test]
fn rounds_are_added_until_the_knee_and_the_gates_are_decided() {
    // A run takes a thousandth longer or shorter than the one before it.
    let steady =
        |workers: usize, made: usize| (1.0 + 0.001 * (made % 3) as f64) / workers.min(4) as f64;
    // With 8 workers each other round takes twice as long as with 4, and the next half as long.
    let unsteady = |workers: usize, made: usize| match workers {
        8 if made % 8 < 4 => 2.0 * steady(workers, made),
        8 => 0.5 * steady(workers, made),
        _ => steady(workers, made),
    };
    let counts = [1, 2, 4, 8];
    let gate = |text: &str| vec![text.parse::<Assertion>().expect("it is an assertion")];
    let three = (vec![3; 4], Some(AutoEnd::Decided));
    let sweep = conduct(&plan(&counts, 30), &[], &mut NullListener, steady);
    assert_eq!(course(&sweep), three, "{sweep:?}");
    assert_eq!(
        sweep.knee.map(|knee| (knee.workers, knee.by_means)),
        Some((4, 4)),
        "{sweep:?}"
    );
    let sweep = conduct(
        &plan(&counts, 30),
        &gate("speedup>=2"),
        &mut NullListener,
        steady,
    );
    assert_eq!(course(&sweep), three, "{sweep:?}");
    // The very speed-up that it is, by the first three rounds.
    let exact = format!(
        "speedup>={}",
        sweep.speedup().expect("there are several").ratio
    );
    let sweep = conduct(&plan(&counts, 6), &gate(&exact), &mut NullListener, steady);
    assert_eq!(
        course(&sweep),
        (vec![6; 4], Some(AutoEnd::MostPairs)),
        "{sweep:?}"
    );
    // Rounds that were looked at before have a wider interval.
    let auto = sweep.auto.expect("it chose its rounds");
    let speedup = sweep.speedup().expect("there are several");
    let at_95 = speedup.at_level(auto.level, LEVEL).precision();
    assert!(at_95 < speedup.precision(), "{speedup:?}: {at_95:?}");
    let sweep = conduct(&plan(&counts, 6), &[], &mut NullListener, unsteady);
    assert_eq!(
        course(&sweep),
        (vec![6; 4], Some(AutoEnd::MostPairs)),
        "{sweep:?}"
    );
}

#[test]
fn the_time_ends_a_sweep_after_three_rounds_at_the_earliest_and_warm_ups_count() {
    let unsteady = |workers: usize, made: usize| match (workers, made % 4) {
        (2, 0 | 1) => 2.0,
        _ => 1.0,
    };
    // A round takes 2 or 3 s.
    for (seconds, warmups, rounds) in [(1, 0, 3), (11, 0, 4), (12, 2, 3)] {
        let mut plan = plan(&[1, 2], 30);
        plan.warmups = warmups;
        plan.stopping = plan.stopping.map(|stopping| Stopping {
            most_time: Duration::from_secs(seconds),
            ..stopping
        });
        let sweep = conduct(&plan, &[], &mut NullListener, unsteady);
        let expected = (vec![rounds; 2], Some(AutoEnd::MostTime));
        assert_eq!(course(&sweep), expected, "{seconds} s: {sweep:?}");
    }
}

#[test]
fn a_precision_is_judged_after_eight_rounds_and_one_number_of_workers_ends_after_three() {
    let steady = |workers: usize, made: usize| (1.0 + 0.001 * (made % 3) as f64) / workers as f64;
    let mut precise = plan(&[1, 2], 30);
    precise.stopping = precise.stopping.map(|stopping| Stopping {
        precision: Some(0.01),
        ..stopping
    });
    let sweep = conduct(&precise, &[], &mut NullListener, steady);
    assert_eq!(
        course(&sweep),
        (vec![8; 2], Some(AutoEnd::Precise)),
        "{sweep:?}"
    );
    // With one worker for the knee it is the gain of two that has to be precise.
    let useless = |workers: usize, made: usize| match (workers, made % 4) {
        (2, 0 | 1) => 1.5,
        _ => 1.0,
    };
    precise.runs = 11;
    let sweep = conduct(&precise, &[], &mut NullListener, useless);
    let expected = (vec![11; 2], Some(AutoEnd::MostPairs));
    assert_eq!(course(&sweep), expected, "{sweep:?}");
    let sweep = conduct(&plan(&[4], 30), &[], &mut NullListener, steady);
    assert_eq!(
        course(&sweep),
        (vec![3], Some(AutoEnd::Decided)),
        "{sweep:?}"
    );
    assert_eq!(sweep.speedup(), None, "{sweep:?}");
}

#[test]
fn the_most_runs_are_told_where_their_number_is_not_known() {
    let mut told = MostListener(Vec::new());
    conduct(&plan(&[1, 2], 30), &[], &mut told, |workers, _| {
        1.0 / workers as f64
    });
    assert_eq!(told.0, [(0, 60); 6]);
}

#[test]
fn reported_intervals_are_at_95_percent_and_the_knee_is_at_the_level_of_the_look() {
    // Twelve workers are 10 % slower than sixteen, which the reported intervals show and the wider ones of the first look
    // do not.
    let scattered = |workers: usize, made: usize| {
        let round = made / 3;
        match workers {
            // It grows faster as the others grow slower, so that their ratios scatter.
            1 => 16.0 * (1.008 - 0.004 * round as f64),
            12 => 1.1 * (1.0 + 0.004 * round as f64),
            _ => 1.0 + 0.004 * round as f64,
        }
    };
    let sweep = conduct(&plan(&[1, 12, 16], 30), &[], &mut NullListener, scattered);
    let auto = sweep.auto.expect("it chose its rounds");
    assert_eq!(course(&sweep).0, [3; 3], "{sweep:?}");
    assert!(auto.level < auto.deciding_level, "{auto:?}");
    for point in &sweep.points {
        let reported = Interval::of_median_at(LEVEL, &point.times.seconds);
        assert_eq!(point.interval, reported, "{point:?}");
    }
    let knee = sweep.knee.map(|knee| (knee.workers, knee.by_means));
    assert_eq!(knee, Some((12, 16)), "{sweep:?}");
    let reported = Knee::of(&sweep.sweep_points()).map(|knee| knee.workers);
    assert_eq!(reported, Some(16), "{sweep:?}");
}

/// Counts of sweeps.
#[derive(Debug, Default)]
struct SimulatedSweeps {
    trials: u32,
    /// The interval of a point covers its true median; of so many points.
    covered: u32,
    points: u32,
    /// The interval of the speed-up covers the true one.
    speedup_covered: u32,
    decided: u32,
    /// A number of workers within 5 % of the best is excluded.
    excluded: u32,
    /// Called decided, and more than 20 % slower than the best.
    costly: u32,
    rounds: usize,
}

impl SimulatedSweeps {
    fn percent(&self, count: u32) -> f64 {
        f64::from(count) * 100.0 / f64::from(self.trials)
    }

    fn of_points(&self) -> f64 {
        f64::from(self.covered) * 100.0 / f64::from(self.points)
    }
}

impl std::fmt::Display for SimulatedSweeps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "covered {:5.1} %, speed-up {:5.1} %, decided {:5.1} %, excluded {:4.1} %, costly {:4.1} %, {:4.1} rounds",
            self.of_points(),
            self.percent(self.speedup_covered),
            self.percent(self.decided),
            self.percent(self.excluded),
            self.percent(self.costly),
            self.rounds as f64 / f64::from(self.trials)
        )
    }
}

/// The factor by which the noise makes the middle time longer, by a million of them. It drops out of ratios.
fn median_factor(noise: Noise) -> f64 {
    let mut random = Random::default();
    let mut factors: Vec<f64> = (0..1_000_000).map(|_| random.factor(noise, 0)).collect();
    let (_, middle, _) = factors.select_nth_unstable_by(500_000, f64::total_cmp);
    *middle
}

/// Sweeps 1, 2, 4, 8 and 16 workers, of which `knee` are enough.
fn simulate(knee: usize, noise: Noise, trials: u32) -> SimulatedSweeps {
    let mut random = Random::default();
    let truth = |workers: usize| 0.05 / workers.min(knee) as f64;
    let median = median_factor(noise);
    let mut tally = SimulatedSweeps {
        trials,
        ..SimulatedSweeps::default()
    };
    for _ in 0..trials {
        let sweep = conduct(
            &plan(&[1, 2, 4, 8, 16], 30),
            &[],
            &mut NullListener,
            |workers, made| truth(workers) * random.factor(noise, made),
        );
        for point in &sweep.points {
            let interval = point.interval.expect("there are three rounds at least");
            tally.points += 1;
            tally.covered += u32::from(interval.contains(truth(point.workers) * median));
        }
        let found = sweep.knee.expect("all times are numbers");
        let speedup = sweep.speedup().expect("all times are positive");
        let is_covered = speedup
            .interval
            .is_some_and(|interval| interval.contains(truth(1) / truth(found.by_means)));
        tally.speedup_covered += u32::from(is_covered);
        tally.decided += u32::from(found.is_decided());
        tally.excluded += u32::from(found.workers > knee);
        let is_costly = found.is_decided() && truth(found.by_means) > 1.2 * truth(knee);
        tally.costly += u32::from(is_costly);
        tally.rounds += sweep.points[0].times.seconds.len();
    }
    tally
}

#[test]
fn chosen_rounds_keep_the_coverage_and_name_no_wrong_knee() {
    let is_all = std::env::var_os("PFETCH_TEST_EXHAUSTIVE").is_some();
    let (knees, noises, trials): (&[usize], &[Noise], u32) = match is_all {
        true => (
            &[1, 2, 4, 8, 16],
            &[
                Noise::Normal(0.01),
                Noise::Normal(0.03),
                Noise::Normal(0.1),
                Noise::Normal(0.2),
                Noise::Spikes(0.03),
                Noise::Tail(0.03),
                Noise::Tail(0.1),
            ],
            100,
        ),
        false => (&[1, 4], &[Noise::Normal(0.03), Noise::Normal(0.1)], 60),
    };
    // The knees beside one another: all of them take minutes of a processor's time.
    std::thread::scope(|scope| {
        for knee in knees {
            scope.spawn(|| {
                for noise in noises {
                    holds(*knee, *noise, trials);
                }
            });
        }
    });
}

/// Simulates sweeps with this knee and noise, and holds them to what is promised.
fn holds(knee: usize, noise: Noise, trials: u32) {
    let tally = simulate(knee, noise, trials);
    let case = format!("knee {knee:2} {:13} {tally}", format!("{noise:?}"));
    println!("{case}");
    let within = |share: f64| (93.0 - chance(trials)..=100.0).contains(&share);
    let of_points = 93.0 - chance(tally.points)..=97.0 + chance(tally.points);
    assert!(of_points.contains(&tally.of_points()), "{case}");
    assert!(within(tally.percent(tally.speedup_covered)), "{case}");
    assert!(
        tally.percent(tally.excluded) <= 5.0 + chance(trials),
        "{case}"
    );
    assert!(
        tally.percent(tally.costly) <= 1.0 + chance(trials),
        "{case}"
    );
    let is_steady = noise == Noise::Normal(0.01) || noise == Noise::Normal(0.03);
    assert!(!is_steady || tally.decided == trials, "{case}");
}
