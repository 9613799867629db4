//! Simulation of the search for a knee: the deciding code itself, on made-up times whose knee is known.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pfetch::stats::{Knee, KneeSearch, PooledScatter, SweepPoint};

use crate::exhaustive::is_exhaustive;

/// The most workers that a search may try, and the most runs with each, which are those of the program.
const MOST: usize = 1024;
const MOST_RUNS: usize = 5;

/// The warm-up of a search, which counts as a run of it.
const WARM_UP: usize = 1;

/// The knees that are looked for, and the standard deviations of the logarithms of the times.
const KNEES: [usize; 8] = [1, 2, 4, 8, 11, 16, 32, 64];
const NOISES: [f64; 5] = [0.01, 0.02, 0.05, 0.1, 0.2];

/// The dependence of a time on the number of workers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    /// The server answers as many at once as the knee, and more wait.
    Saturation,
    /// The Universal Scalability Law, with its peak 1.3 times as far as the knee: more are slower.
    Retrograde,
    /// The list has as many URLs as the knee, and each is one round.
    List,
}

impl Curve {
    fn seconds(self, knee: usize, workers: usize) -> f64 {
        let (knee, n) = (knee as f64, workers as f64);
        match self {
            Curve::Saturation | Curve::List => 1.0 / n.min(knee),
            Curve::Retrograde => {
                let (peak, sigma) = (1.3 * knee, 0.02);
                let kappa = (1.0 - sigma) / (peak * peak);
                (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)) / n
            }
        }
    }

    fn most(self, knee: usize) -> usize {
        match self {
            Curve::List => knee,
            Curve::Saturation | Curve::Retrograde => MOST,
        }
    }
}

/// A curve with a knee, and how much its times scatter.
#[derive(Debug, Clone, Copy)]
struct Setting {
    curve: Curve,
    knee: usize,
    noise: f64,
    /// One run in twenty takes up to twice as long, as on a machine that others use too.
    is_spiky: bool,
}

/// What came of many searches, in per cent of them unless it says otherwise.
#[derive(Debug, Default)]
struct Figures {
    mean_runs: f64,
    max_runs: usize,
    /// Found within a third of the true knee, and within a factor of two of it.
    near: f64,
    within_two: f64,
    /// Called undecided.
    undecided: f64,
    /// A tried number of workers that is within 5 % of the best was excluded.
    excluded: f64,
    /// Called decided, and more than 20 % slower than the best.
    costly: f64,
}

/// A value of the normal distribution (Box and Muller, "A Note on the Generation of Random Normal Deviates", Annals of
/// Mathematical Statistics 29, 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

impl Setting {
    /// Searches once. Returns the number of runs, the warm-up included, the knee and the numbers of workers tried.
    fn search(self, random: &mut fastrand::Rng) -> (usize, Knee, Vec<usize>) {
        let mut search = KneeSearch::new(self.curve.most(self.knee), MOST_RUNS);
        let mut tried: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let mut runs = WARM_UP;
        while let Some(workers) = search.next_count() {
            let seconds = self.curve.seconds(self.knee, workers);
            let spike = match self.is_spiky && random.f64() < 0.05 {
                true => 1.0 + random.f64(),
                false => 1.0,
            };
            let seconds = seconds * spike * (self.noise * normal(random)).exp();
            search.add(workers, seconds, false);
            tried.entry(workers).or_default().push(seconds);
            runs += 1;
            assert!(runs < 100, "no end: {self:?} {tried:?}");
        }
        let scatter = PooledScatter::of(tried.values().map(|times| &times[..]));
        let points: Vec<SweepPoint> = tried
            .iter()
            .map(|(workers, times)| {
                let seconds = times.iter().sum::<f64>() / times.len() as f64;
                SweepPoint {
                    workers: *workers,
                    seconds,
                    interval: scatter.map(|scatter| scatter.interval(seconds, times.len())),
                }
            })
            .collect();
        let knee = Knee::of(&points).expect("there are points");
        (runs, knee, tried.into_keys().collect())
    }

    fn simulate(self, searches: u64) -> Figures {
        let Setting { curve, knee, .. } = self;
        let all = 1..=curve.most(knee);
        let seconds = |workers| curve.seconds(knee, workers);
        let best = all.clone().map(seconds).fold(f64::INFINITY, f64::min);
        let is_close = |workers: &usize| seconds(*workers) <= 1.05 * best;
        let truth = all
            .clone()
            .find(is_close)
            .expect("the best is close to itself");
        let mut figures = Figures::default();
        let share = 100.0 / searches as f64;
        for seed in 0..searches {
            let mut random = fastrand::Rng::with_seed(seed);
            let (runs, found, tried) = self.search(&mut random);
            figures.mean_runs += runs as f64 / searches as f64;
            figures.max_runs = figures.max_runs.max(runs);
            let off = found.by_means as f64 / truth as f64;
            let off = off.max(1.0 / off);
            // The grid doubles: where the truth is 31, 64 is the next after 32.
            let count = |figure: &mut f64, holds: bool| *figure += if holds { share } else { 0.0 };
            count(&mut figures.near, off < 1.34);
            count(&mut figures.within_two, off < 2.1);
            count(&mut figures.undecided, !found.is_decided());
            let close = tried.into_iter().find(is_close);
            let is_excluded = close.is_some_and(|close| close < found.workers);
            count(&mut figures.excluded, is_excluded);
            let is_costly = found.is_decided() && seconds(found.by_means) > 1.2 * best;
            count(&mut figures.costly, is_costly);
        }
        figures
    }
}

/// Simulates all settings: 40 searches each, and 1000 if all cases are asked for.
fn table() -> Vec<(Setting, Figures)> {
    let searches = if is_exhaustive() { 1000 } else { 40 };
    let mut table = Vec::new();
    for curve in [Curve::Saturation, Curve::Retrograde, Curve::List] {
        for knee in KNEES {
            let kinds = NOISES.map(|noise| [(noise, false), (noise, true)]);
            for (noise, is_spiky) in kinds.into_iter().flatten() {
                let setting = Setting {
                    curve,
                    knee,
                    noise,
                    is_spiky,
                };
                table.push((setting, setting.simulate(searches)));
            }
        }
    }
    table
}

fn text(table: &[(Setting, Figures)]) -> String {
    let mut text = String::from(
        "curve       knee noise         | runs  max | near  x2    undecided excluded costly\n",
    );
    for (setting, figures) in table {
        let Setting {
            curve, knee, noise, ..
        } = setting;
        let Figures {
            mean_runs,
            max_runs,
            near,
            within_two,
            undecided,
            excluded,
            costly,
        } = figures;
        let curve = format!("{curve:?}");
        let noise = noise * 100.0;
        let spikes = if setting.is_spiky { "spikes" } else { "" };
        let _ = writeln!(
            text,
            "{curve:<11} {knee:>4} {noise:>3.0} % {spikes:<6} | {mean_runs:>4.1} {max_runs:>4} | {near:>5.1} {within_two:>5.1} \
             {undecided:>5.1}     {excluded:>5.1}    {costly:>5.1}"
        );
    }
    text
}

/// The average of a figure over these settings.
fn mean(
    table: &[(Setting, Figures)],
    is_in: impl Fn(&Setting) -> bool,
    figure: impl Fn(&Figures) -> f64,
) -> f64 {
    let chosen = table.iter().filter(|(setting, _)| is_in(setting));
    let chosen: Vec<f64> = chosen.map(|(_, figures)| figure(figures)).collect();
    assert!(!chosen.is_empty(), "there is such a setting");
    chosen.iter().sum::<f64>() / chosen.len() as f64
}

#[test]
fn simulated_searches_find_the_knee_with_few_runs_and_claim_no_wrong_one() {
    let table = table();
    let shown = text(&table);
    if is_exhaustive() {
        println!("{shown}");
    }
    // Half the runs of the grid 1 2 4 8 16 32 × 5, the warm-up included; rarely more where runs vary by 5 %.
    for (setting, figures) in &table {
        if setting.knee != 16 || setting.noise > 0.05 {
            continue;
        }
        let case = format!("{setting:?}: {figures:?}\n{shown}");
        assert!(figures.mean_runs <= 15.0, "{case}");
        let is_steady = setting.noise <= 0.02 && !setting.is_spiky;
        assert!(!is_steady || figures.max_runs <= 15, "{case}");
    }
    for (noise, near, within_two) in [
        (0.01, 98.0, 99.0),
        (0.02, 96.0, 99.0),
        (0.05, 88.0, 98.0),
        (0.1, 75.0, 94.0),
        (0.2, 55.0, 87.0),
    ] {
        let steady = |setting: &Setting| setting.noise == noise && !setting.is_spiky;
        let spiky = |setting: &Setting| setting.noise == noise && setting.is_spiky;
        let is_near = |figures: &Figures| figures.near;
        let is_within = |figures: &Figures| figures.within_two;
        // Spikes cost a few in a hundred.
        for (found, least) in [
            (mean(&table, steady, is_near), near),
            (mean(&table, spiky, is_near), near - 6.0),
            (mean(&table, steady, is_within), within_two),
            (mean(&table, spiky, is_within), within_two - 4.0),
        ] {
            assert!(
                found >= least,
                "{noise}: {found} % and not {least} %\n{shown}"
            );
        }
    }
    // A smaller number that would do is excluded no more often than the intervals' level allows.
    for (setting, figures) in &table {
        let most = if is_exhaustive() { 5.0 } else { 10.0 };
        assert!(figures.excluded <= most, "{setting:?}\n{shown}");
    }
    let excluded = mean(&table, |_| true, |figures| figures.excluded);
    let costly = mean(&table, |_| true, |figures| figures.costly);
    assert!(
        excluded <= 2.0 && costly <= 2.0,
        "{excluded} {costly}\n{shown}"
    );
}

#[test]
fn a_smaller_number_that_may_do_as_well_loses_to_no_larger_one_by_a_single_run() {
    let mut search = KneeSearch::new(MOST, MOST_RUNS);
    let mut order = Vec::new();
    while let Some(workers) = search.next_count() {
        let run = order.iter().filter(|tried| **tried == workers).count();
        order.push(workers);
        let slow = match (workers, run) {
            (12, 0) => 1.07,
            (16 | 32, 1) => 1.03,
            _ => 1.0,
        };
        search.add(workers, slow / workers.min(11) as f64, false);
    }
    let runs = |wanted: usize| order.iter().filter(|tried| **tried == wanted).count();
    assert_eq!((runs(12), runs(16)), (2, 2), "{order:?}");
}

#[test]
fn a_single_slow_run_does_not_end_the_doubling() {
    let mut search = KneeSearch::new(MOST, MOST_RUNS);
    let mut order = Vec::new();
    while let Some(workers) = search.next_count() {
        let is_first = !order.contains(&workers);
        order.push(workers);
        let slow = if workers == 8 && is_first { 3.0 } else { 1.0 };
        search.add(workers, slow / workers.min(16) as f64, false);
    }
    assert!(order.contains(&16) && order.contains(&32), "{order:?}");
}

#[test]
fn one_run_at_each_number_of_workers_doubles_and_no_more() {
    let mut search = KneeSearch::new(MOST, 1);
    let mut order = Vec::new();
    while let Some(workers) = search.next_count() {
        order.push(workers);
        search.add(workers, 1.0 / workers.min(4) as f64, false);
    }
    assert_eq!(order, [1, 2, 4, 8]);
}

#[test]
fn times_that_are_none_end_the_search() {
    for bad in [0.0, f64::NAN, f64::INFINITY, -1.0] {
        let mut search = KneeSearch::new(MOST, MOST_RUNS);
        let mut runs = 0;
        while let Some(workers) = search.next_count() {
            runs += 1;
            assert!(runs < 50, "{bad}");
            search.add(workers, bad, false);
        }
        assert!(runs < 10, "{bad}: {runs}");
    }
}

#[test]
fn a_number_at_which_more_fails_twice_bounds_the_search() {
    let mut search = KneeSearch::new(MOST, MOST_RUNS);
    let mut order = Vec::new();
    while let Some(workers) = search.next_count() {
        order.push(workers);
        search.add(workers, 1.0 / workers as f64, workers > 8);
    }
    assert_eq!(
        order.iter().filter(|count| **count == 16).count(),
        2,
        "{order:?}"
    );
    let beyond = order.iter().filter(|count| **count > 8);
    assert!(beyond.clone().all(|count| *count == 16), "{order:?}");
}
