//! The search for the knee of a sweep with few runs: decides which worker count the next run has.

use std::collections::{BTreeMap, BTreeSet};

use super::interval::Interval;
use super::knee::{CLOSE, Knee, SweepPoint, is_gain_open, is_within_resolution};
use super::pooled::{PooledScatter, geometric_mean};

/// The number of runs at the knee, and at the next larger count, before anything is decided by their scatter.
const FIRST_RUNS: usize = 2;

/// The gain of one run over another that needs no second look.
const CLEAR: f64 = 1.25;

/// The number of runs with which a count between two neighbours has to be decidable, to be worth a try. More than most
/// get, as the first runs tell little of the scatter, and rather too much.
const WORTH: f64 = 5.0;

/// The search for the knee: bracketing by doubling, then bisection between the knee and its smaller neighbour.
///
/// Each look at the runs so far takes one more run where it decides most: a count far below the knee has one, the
/// knee and its neighbours have up to `most_runs`. All intervals come from the [pooled](PooledScatter) scatter.
///
/// Looking again after each run, at several counts, is many tests, each with a chance to err. The rule of the
/// [`Knee`] allows for that: it excludes a count only if its interval and that of the best do not overlap, and for two
/// 95 % intervals of alike width that is a test at the level of 0.6 % (Schenker and Gentleman, "On Judging the
/// Significance of Differences by Examining the Overlap Between Confidence Intervals", The American Statistician 55,
/// 2001). So by Bonferroni's inequality eight independent looks together are wrong in 5 % of all searches at most.
/// Differences below 5 % are not looked for, as in procedures with an indifference zone (Kim and Nelson, "A Fully
/// Sequential Procedure for Indifference-Zone Selection in Simulation", ACM TOMACS 11, 2001).
#[derive(Debug, Clone)]
pub struct KneeSearch {
    most: usize,
    most_runs: usize,
    tried: BTreeMap<usize, CountRuns>,
    passed_over: BTreeSet<usize>,
}

/// The runs at one worker count.
#[derive(Debug, Clone, Default)]
struct CountRuns {
    seconds: Vec<f64>,
    /// Runs that did other work than those elsewhere.
    unlike: usize,
}

impl CountRuns {
    /// True if each run did other work: one alone may have been bad luck.
    fn is_unlike(&self) -> bool {
        self.unlike > 0 && self.unlike == self.seconds.len()
    }
}

impl KneeSearch {
    /// Begins a search among 1 to `most` workers, with up to `most_runs` runs at each worker count.
    pub fn new(most: usize, most_runs: usize) -> Self {
        KneeSearch {
            most: most.max(1),
            most_runs: most_runs.max(1),
            tried: BTreeMap::new(),
            passed_over: BTreeSet::new(),
        }
    }

    /// Lowers the largest worker count.
    pub fn limit(&mut self, most: usize) {
        self.most = self.most.min(most.max(1));
    }

    /// Adds a run. With `is_unlike`, it did other work than those with other worker counts: more failed.
    pub fn add(&mut self, workers: usize, seconds: f64, is_unlike: bool) {
        let runs = self.tried.entry(workers).or_default();
        runs.seconds.push(seconds);
        runs.unlike += usize::from(is_unlike);
    }

    /// Sets the worker counts whose times are not compared with others, because some of their runs did other work.
    pub fn pass_over(&mut self, counts: impl IntoIterator<Item = usize>) {
        self.passed_over = counts.into_iter().collect();
    }

    /// The worker counts of a fixed grid that would have found the knee: those of the doubling.
    pub fn grid(&self) -> Vec<usize> {
        let top = self.tried.keys().last().copied().unwrap_or(1);
        let doubled = std::iter::successors(Some(1), |count: &usize| count.checked_mul(2));
        let mut grid: Vec<usize> = doubled.take_while(|count| *count < top).collect();
        grid.push(top);
        grid
    }

    /// The worker count of the next run; `None` once the knee is found, or once more runs would not find it.
    pub fn next_count(&self) -> Option<usize> {
        if self.tried.is_empty() {
            return Some(1);
        }
        if let Some(count) = self.unconfirmed_limit() {
            return Some(count);
        }
        let usable = self.usable();
        let (top, _) = *usable.last()?;
        let scatter = PooledScatter::of(usable.iter().map(|(_, runs)| &runs.seconds[..]));
        let points: Vec<SweepPoint> = usable
            .iter()
            .map(|(workers, runs)| point(*workers, &runs.seconds, scatter.as_ref()))
            .collect();
        let knee = Knee::of(&points)?;
        if knee.by_means == top
            && let Some(next) = self.doubled(top)
            && (next > top.saturating_mul(2) || self.is_faster(&usable, knee))
        {
            return Some(next);
        }
        self.too_few_runs(&points, knee)
            .or_else(|| self.undecided(&points, knee))
            .or_else(|| self.open_above(&points, knee, scatter.as_ref()?))
            .or_else(|| self.between(&points, knee, scatter.as_ref()?))
            .or_else(|| self.single_below(knee))
    }

    /// The count of other work that has not been seen twice.
    fn unconfirmed_limit(&self) -> Option<usize> {
        let needed = FIRST_RUNS.min(self.most_runs);
        let mut counts = self.tried.iter();
        let (count, _) =
            counts.find(|(_, runs)| runs.is_unlike() && runs.seconds.len() < needed)?;
        Some(*count)
    }

    /// The counts below the limit, without those that are passed over.
    fn usable(&self) -> Vec<(usize, &CountRuns)> {
        let counts = self.tried.iter().take_while(|(_, runs)| !runs.is_unlike());
        let counts = counts.map(|(count, runs)| (*count, runs));
        counts
            .filter(|(count, _)| !self.passed_over.contains(count))
            .collect()
    }

    /// The count to try after `top`, the largest usable one. `None` at the limit. One larger count that is passed over
    /// by bad luck is doubled in its turn; after a second one that is no luck.
    fn doubled(&self, top: usize) -> Option<usize> {
        if top >= self.most || self.tried.values().any(CountRuns::is_unlike) {
            return None;
        }
        let mut beyond = self.tried.range(top + 1..).map(|(count, _)| *count);
        let from = match (beyond.next(), beyond.next()) {
            (None, _) => top,
            (Some(count), None) if count < self.most => count,
            (Some(_), _) => return None,
        };
        Some(from.saturating_mul(2).min(self.most))
    }

    fn runs(&self, workers: usize) -> usize {
        self.tried
            .get(&workers)
            .map_or(0, |runs| runs.seconds.len())
    }

    /// Tests whether the largest count is worth doubling: it is shown to be faster than all others, or its fastest run
    /// clearly is, which a run that something else slowed down does not hide.
    fn is_faster(&self, usable: &[(usize, &CountRuns)], knee: Knee) -> bool {
        let has_intervals = usable.iter().any(|(_, runs)| runs.seconds.len() > 1);
        if knee.workers == knee.by_means && (has_intervals || self.most_runs == 1) {
            return true;
        }
        let (fewer, most) = usable.split_at(usable.len().saturating_sub(1));
        let fastest = |runs: &[(usize, &CountRuns)]| {
            let times = runs
                .iter()
                .flat_map(|(_, runs)| runs.seconds.iter().copied());
            times.fold(f64::INFINITY, f64::min)
        };
        fastest(most) * CLEAR <= fastest(fewer)
    }

    /// The one of these counts with the fewest runs, unless all have the most that they may have.
    fn fewest_runs<const N: usize>(&self, counts: [usize; N]) -> Option<usize> {
        let open = counts
            .into_iter()
            .filter(|count| self.runs(*count) < self.most_runs);
        open.min_by_key(|count| self.runs(*count))
    }

    /// The knee, or the next larger count: without a second run nothing tells how much runs vary.
    fn too_few_runs(&self, points: &[SweepPoint], knee: Knee) -> Option<usize> {
        let needed = FIRST_RUNS.min(self.most_runs);
        let counts = points.iter().map(|point| point.workers);
        let from_knee = counts.skip_while(|workers| *workers < knee.by_means);
        let mut open = from_knee.take(2).filter(|count| self.runs(*count) < needed);
        open.next()
    }

    /// The count that decides whether fewer workers than the means suggest will do.
    fn undecided(&self, points: &[SweepPoint], knee: Knee) -> Option<usize> {
        if knee.is_decided() {
            return None;
        }
        let best = points
            .iter()
            .min_by(|one, other| one.interval().high.total_cmp(&other.interval().high))?;
        self.fewest_runs([knee.by_means, best.workers, knee.workers])
    }

    /// The count that decides whether more workers than the knee are clearly faster.
    fn open_above(
        &self,
        points: &[SweepPoint],
        knee: Knee,
        scatter: &PooledScatter,
    ) -> Option<usize> {
        let at_knee = points.iter().find(|p| p.workers == knee.by_means)?;
        let above = points.iter().filter(|point| point.workers > knee.by_means);
        let gain = |point: &SweepPoint| {
            let runs = [knee.by_means, point.workers].map(|count| self.runs(count));
            let ratio = at_knee.seconds / point.seconds;
            scatter.interval_of_ratio(ratio, runs)
        };
        let (gain, workers) = above
            .map(|point| (gain(point), point.workers))
            .max_by(|one, other| one.0.high.total_cmp(&other.0.high))?;
        match is_gain_open(gain) {
            true => self.fewest_runs([knee.by_means, workers]),
            false => None,
        }
    }

    /// The smaller count that may do as well, within the resolution, if one run is all that tells so. By the means it
    /// loses to larger ones only because the best of several means is too good.
    fn single_below(&self, knee: Knee) -> Option<usize> {
        let needed = FIRST_RUNS.min(self.most_runs);
        let is_open = knee.workers < knee.by_means && self.runs(knee.workers) < needed;
        is_open.then_some(knee.workers)
    }

    /// The count halfway between the knee and its smaller neighbour, if the two are far apart, and if the runs vary so
    /// little that a few would show this one to be slower.
    fn between(&self, points: &[SweepPoint], knee: Knee, scatter: &PooledScatter) -> Option<usize> {
        let fewer = points.iter().filter(|p| p.workers < knee.by_means);
        let below = fewer.map(|point| point.workers).max()?;
        let middle = below + (knee.by_means - below) / 2;
        if self.tried.contains_key(&middle) || is_within_resolution(below, knee.by_means) {
            return None;
        }
        let Interval { high, .. } = scatter.interval(1.0, 1);
        let reach = 2.0 * high.ln() / WORTH.sqrt();
        let gap = (knee.by_means as f64 / middle as f64).ln();
        (gap > CLOSE.ln() + reach).then_some(middle)
    }
}

fn point(workers: usize, seconds: &[f64], scatter: Option<&PooledScatter>) -> SweepPoint {
    let mean = geometric_mean(seconds);
    let interval = scatter.map(|scatter| scatter.interval(mean, seconds.len()));
    SweepPoint {
        workers,
        seconds: mean,
        interval,
    }
}
