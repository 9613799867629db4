//! Figures of a run, a comparison or a sweep, and the check of assertions against them.

use std::time::Duration;

use super::cut_off::CutOff;
use super::remedy::more_would_decide;
use super::{Assertion, Judgement, Metric, MetricSource, MetricValue, more_rounds_would_tell};
use crate::measure::{Estimate, Withheld};
use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::model::measurement::{Against, AgainstPoint, ArmTimes, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::stats::{Interval, LEVEL, Sample, geometric_mean};

/// The reason for which a gate on a baseline is not judged in the run that makes the baseline.
pub const NO_BASELINE_YET: &str = "no baseline yet: this run makes it";

/// The reason for which no gate is judged by an input that may have no URLs, and has none.
const NO_URL: &str = "not judged: no URL";

/// The reason for which a run has no figures of speed.
const NO_SUCCESS: &str = "no URL succeeded";

/// Figures of a run, of the parallel arm of a comparison, or of a sweep.
///
/// A sweep of several numbers of workers has the metrics only that [`Metric::is_of_sweeps`] names: `speedup` is that of its knee over the
/// fewest workers tried, `total` the time at the knee, `failed` counts all runs but warm-ups, and
/// `total_vs_baseline` exists if one number of workers was tried.
#[derive(Debug, Clone, Copy)]
pub struct RunFigures<'a> {
    /// Summary of the run; of a comparison or a sweep, that of all counted parallel runs together.
    pub summary: &'a Summary,
    /// Summary that `failed` counts in: the run, or all counted runs, the serial ones included. Warm-ups are in
    /// neither.
    pub counted: &'a Summary,
    /// Speed-up estimated from the run's own times, if it can be. It decides no assertion, and is told beside.
    pub estimated_speedup: Option<f64>,
    /// Result of the comparison, if it was one.
    pub comparison: Option<&'a Comparison>,
    /// Result of the sweep, if it was one.
    pub sweep: Option<&'a Sweep>,
    /// Comparison with a baseline, if there is one.
    pub against: Option<&'a Against>,
    /// True if this run makes the baseline that it would be compared with. `total_vs_baseline` is skipped then.
    pub is_first: bool,
    /// True if an input without URLs is a success, as that of a shard: no assertion is judged by it then.
    pub allows_empty: bool,
}

impl RunFigures<'_> {
    /// Checks an assertion against the figures. With `strict`, an inconclusive one fails, and so does one that
    /// holds by a ratio that was measured only once, because that proves nothing.
    ///
    /// An estimated speed-up is no figure: a full line makes it too high, and delays that a serial client alone meets
    /// (as acknowledgements on kept connections) too low. An assertion on it is unknown, which fails.
    ///
    /// Of a plain run that was [cut off](CutOff) there are the figures of what was done before.
    pub fn check(&self, assertion: &Assertion, strict: bool) -> AssertionResult {
        let metric = assertion.metric();
        if self.is_empty() {
            return AssertionResult {
                assertion: assertion.to_string(),
                value: None,
                interval: None,
                unit: metric.unit(),
                verdict: AssertionVerdict::Skipped,
                why: NO_URL.to_owned(),
                of: None,
            };
        }
        let (value, interval, verdict, why) = match (assertion.judge(self), self.value(metric)) {
            (Judgement::Unknown(why), _) | (_, Err(why)) => {
                let verdict = match self.is_skipped(metric, strict) {
                    true => AssertionVerdict::Skipped,
                    false => AssertionVerdict::Unknown,
                };
                (None, None, verdict, why)
            }
            (judgement, Ok(figure)) => {
                let (verdict, why) = self.verdict(assertion, &judgement, figure, strict);
                // That of a run that was cut off is no confidence interval.
                let interval = figure.interval.filter(|_| self.cut_off().is_none());
                (Some(figure.value), interval, verdict, why)
            }
        };
        let is_count = value.is_some() && metric.is_counted();
        AssertionResult {
            assertion: assertion.to_string(),
            value,
            interval,
            unit: metric.unit(),
            verdict,
            why,
            of: is_count.then(|| self.all()),
        }
    }

    /// The verdict on a figure, and a remark on it; an empty remark is none.
    fn verdict(
        &self,
        assertion: &Assertion,
        judgement: &Judgement,
        figure: MetricValue,
        strict: bool,
    ) -> (AssertionVerdict, String) {
        let metric = assertion.metric();
        let is_single = figure.interval.is_none();
        let doubt = (strict && is_single).then(|| self.doubt(metric)).flatten();
        let verdict = match judgement {
            Judgement::Held if doubt.is_none() => AssertionVerdict::Held,
            Judgement::Inconclusive if !strict => AssertionVerdict::Inconclusive,
            _ => AssertionVerdict::Failed,
        };
        let why = match doubt {
            Some(doubt) if *judgement == Judgement::Held => format!("{doubt} (--strict-assert)"),
            _ if *judgement == Judgement::Inconclusive && strict => {
                let more = self.what_would_tell(assertion, figure);
                let colon = if more.is_empty() { "" } else { ": " };
                format!("undecided, which fails with --strict-assert{colon}{more}")
            }
            _ if *judgement == Judgement::Inconclusive => self.what_would_tell(assertion, figure),
            _ if self.cut_off().is_some() => CutOff::REMARK.to_owned(),
            // A count is exact, and has its total beside it.
            _ if *judgement == Judgement::Failed && is_single && !metric.is_counted() => {
                near_miss(figure.value, assertion.threshold().value())
            }
            _ => String::new(),
        };
        (verdict, why)
    }

    /// The URLs that failures are counted among: the whole list, of which a resumed run tries again only what had
    /// failed; of a run that was cut off, those that came to their end.
    fn all(&self) -> u64 {
        self.counted.tried() + self.counted.done_before
    }

    /// The end of a plain run before that of its list, if it was cut off.
    fn cut_off(&self) -> Option<CutOff> {
        let is_plain = self.comparison.is_none() && self.sweep.is_none();
        CutOff::of(self.counted).filter(|_| is_plain)
    }

    /// True for an input without URLs that is a success.
    fn is_empty(&self) -> bool {
        let counted = self.counted;
        self.allows_empty && !counted.stopped && counted.targets() + counted.done_before == 0
    }

    /// True for a gate on the baseline in the run that makes it, the first one or one of something else. With `strict`
    /// the latter fails, because the list or the workers changed and nothing was judged; that there is no file yet is
    /// what the user gave.
    fn is_skipped(&self, metric: Metric, strict: bool) -> bool {
        let is_renewed = self.against.is_some_and(|against| against.is_renewed) && !strict;
        metric == Metric::TotalVsBaseline
            && (self.is_first || is_renewed)
            && !self.counted.stopped
            && self.has_success()
    }

    /// The reason for which there are no figures of speed, where nothing succeeded.
    fn no_success(&self) -> String {
        match self.counted.tried() {
            0 => self.untried(),
            _ => NO_SUCCESS.to_owned(),
        }
    }

    /// The reason for which there are no figures where nothing was fetched.
    fn untried(&self) -> String {
        let text = match (self.counted.done_before, self.counted.kept) {
            (_, 1..) => "nothing was fetched in this run: files were kept without a request",
            (0, _) => "no URL was tried",
            _ => "nothing was fetched in this run: all was done before",
        };
        text.to_owned()
    }

    /// True if a URL succeeded in the runs that the figures of speed are of.
    fn has_success(&self) -> bool {
        match (self.comparison, self.sweep) {
            (Some(comparison), _) => comparison.parallel.has_success(comparison.targets),
            (None, Some(sweep)) => {
                let mut points = sweep.points.iter();
                points.any(|point| point.times.has_success(sweep.targets))
            }
            (None, None) => self.summary.succeeded() > 0,
        }
    }

    /// What would narrow the interval of a figure so far that it decides an assertion.
    fn what_would_tell(&self, assertion: &Assertion, figure: MetricValue) -> String {
        if self.cut_off().is_some() {
            return CutOff::DOUBT.to_owned();
        }
        let against = self.against.and_then(|against| against.total().ok());
        if assertion.metric() == Metric::TotalVsBaseline
            && against.is_some_and(AgainstPoint::is_of_history)
        {
            return "more saved runs would tell (--save-baseline)".to_owned();
        }
        match (self.comparison, self.sweep) {
            (Some(comparison), _) => {
                more_would_decide(comparison, figure, assertion.threshold().value())
            }
            (None, Some(sweep)) => more_rounds_would_tell(sweep),
            (None, None) => String::new(),
        }
    }

    /// The reason to doubt a figure without an interval, if it is a ratio of times.
    fn doubt(&self, metric: Metric) -> Option<&'static str> {
        match metric {
            Metric::Speedup => Some("a single pair of runs decides nothing"),
            Metric::TotalVsBaseline => Some("a single run on a side decides nothing"),
            _ => None,
        }
    }

    /// The reason why a plain run has no speed-up: it was not measured, and what was estimated, or why nothing was.
    fn unmeasured(&self) -> String {
        let estimate = match (self.estimated_speedup, Estimate::withheld(self.summary)) {
            (Some(speedup), _) => &*format!("estimated up to {speedup:.2}x"),
            (None, Some(Withheld::PushedBack)) => "not estimated, as a server pushed back",
            (None, Some(Withheld::Waited)) => "not estimated, as the run waited for retries",
            (None, Some(Withheld::Paced(_))) => "not estimated, as the run was paced as asked",
            (None, Some(Withheld::SlowedDown(_))) => "not estimated, as the server slowed down",
            (None, None) => return "not measured: --compare measures it".to_owned(),
        };
        format!("not measured, {estimate}: --compare measures it")
    }

    /// The interval of a change at the level of the comparison or the sweep. The fewer degrees of freedom of both sides are not more
    /// than those of the change, so that the interval is rather too wide.
    fn at_level(&self, point: &AgainstPoint, interval: Interval) -> Interval {
        let freedom = point.now.n.min(point.then.n).saturating_sub(1);
        let level = match (self.comparison, self.sweep) {
            (Some(comparison), _) => comparison.level(),
            (None, Some(sweep)) => sweep.level(),
            (None, None) => LEVEL,
        };
        match level == LEVEL {
            true => interval,
            false => interval.at_level((LEVEL, level), point.change.ratio, freedom),
        }
    }

    fn total_vs_baseline(&self) -> Result<MetricValue, String> {
        match self.against {
            Some(against) => against.total().map(|point| MetricValue {
                value: point.change.ratio,
                interval: point
                    .change
                    .interval
                    .map(|interval| self.at_level(point, interval)),
            }),
            None if self.summary.makespan.is_none() => Err(self.untried()),
            None if self.is_first => Err(NO_BASELINE_YET.to_owned()),
            None => Err("there is no saved run to set it against (--against)".to_owned()),
        }
    }
}

impl MetricSource for RunFigures<'_> {
    fn value(&self, metric: Metric) -> Result<MetricValue, String> {
        let summary = self.summary;
        match self.cut_off() {
            Some(cut_off) => return cut_off.value(metric, self.counted),
            None if self.counted.stopped => {
                return Err(match self.counted.missing_shards() {
                    Some(missing) => missing.brief(),
                    None => "the run was stopped before its end".to_owned(),
                });
            }
            None => {}
        }
        let sweep = self
            .sweep
            .filter(|_| !metric.is_counted() && self.has_success());
        // All runs of a sweep of one number are alike, so their figures of URLs are those of one arm.
        let is_of_points = |sweep: &&Sweep| sweep.points.len() > 1 || metric.is_of_sweeps();
        let sweep = sweep.filter(|_| metric != Metric::TotalVsBaseline);
        if let Some(sweep) = sweep.filter(is_of_points) {
            return sweep_value(sweep, metric);
        }
        let seconds = |time: Option<Duration>| {
            time.map(|time| MetricValue::from(time.as_secs_f64()))
                .ok_or_else(|| match summary.kept {
                    0 => NO_SUCCESS.to_owned(),
                    _ => self.untried(),
                })
        };
        let counted = self.counted;
        let of = self.all();
        let untried = || self.untried();
        // What fails at once is fast, and proves nothing.
        if !metric.is_counted() && !self.has_success() {
            return Err(self.no_success());
        }
        match (metric, self.comparison) {
            (Metric::Speedup, Some(comparison)) if comparison.is_one_by_one() => {
                Err(one_by_one(comparison).to_owned())
            }
            (Metric::Speedup, Some(comparison)) => comparison
                .speedup
                .map(|speedup| MetricValue {
                    value: speedup.ratio,
                    interval: speedup.interval,
                })
                .ok_or_else(|| match comparison.unlike_work() {
                    Some(unlike) if comparison.serial.has_success(comparison.targets) => {
                        format!("not comparable: {unlike}")
                    }
                    _ => "no URL succeeded serially".to_owned(),
                }),
            (Metric::Speedup, None) => Err(self.unmeasured()),
            (Metric::Total, Some(comparison)) => {
                Ok(geometric_total(&comparison.parallel, comparison.level()))
            }
            (Metric::Total, None) => summary
                .makespan
                .map(|time| MetricValue::from(time.as_secs_f64()))
                .ok_or_else(untried),
            (Metric::TotalVsBaseline, _) => self.total_vs_baseline(),
            (Metric::Failed, _) => Ok(MetricValue::from(counted.failed as f64)),
            (Metric::FailedShare, _) if of == 0 => Err(untried()),
            (Metric::FailedShare, _) => {
                Ok(MetricValue::from(counted.failed as f64 * 100.0 / of as f64))
            }
            (Metric::Throughput, _) => summary
                .throughput()
                .map(MetricValue::from)
                .ok_or_else(untried),
            (Metric::UrlsPerSecond, _) => summary.rate().map(MetricValue::from).ok_or_else(untried),
            (Metric::Mean, _) => seconds(summary.latency.mean()),
            (Metric::Median, _) => seconds(summary.latency.p(50.0)),
            (Metric::Max, _) => seconds(summary.latency.max()),
            (Metric::Percentile(percent), _) => seconds(summary.latency.p(percent.value())),
            (Metric::TtfbPercentile(percent), _) => seconds(summary.ttfb.p(percent.value())),
        }
    }
}

/// The time of the runs of an arm, that of their failures included: it is their time, too, that is waited for. It is the
/// geometric mean, as in the reports; its interval is at this level.
fn geometric_total(times: &ArmTimes, level: f64) -> MetricValue {
    let makespans = times.makespans();
    MetricValue {
        value: geometric_mean(&makespans),
        interval: Interval::of_geometric_mean_at(level, &makespans),
    }
}

/// The same of the runs of a sweep at a number of workers: its [typical time](Sweep::typical_seconds).
fn total_of_sweep(sweep: &Sweep, times: &ArmTimes) -> Option<MetricValue> {
    if sweep.search.is_some() {
        return Some(geometric_total(times, sweep.level()));
    }
    let makespans = times.makespans();
    Some(MetricValue {
        value: Sample::of(&makespans)?.median,
        interval: Interval::of_median_at(sweep.level(), &makespans),
    })
}

/// The reason for which a comparison whose arms both fetch one by one says nothing of parallel fetching.
pub fn one_by_one(comparison: &Comparison) -> &'static str {
    match comparison.targets {
        1 => "one URL is fetched one by one either way",
        _ => "one worker fetches one by one either way",
    }
}

/// The distance of a figure from its threshold, if it is so small that both may be displayed alike.
fn near_miss(value: f64, threshold: f64) -> String {
    let share = (value / threshold - 1.0).abs() * 100.0;
    match share < 1.0 {
        true => format!("{share:.3} % off"),
        false => String::new(),
    }
}

/// The value of a metric of a sweep.
fn sweep_value(sweep: &Sweep, metric: Metric) -> Result<MetricValue, String> {
    let figure = match metric {
        Metric::Speedup => sweep.speedup().map(|speedup| MetricValue {
            value: speedup.ratio,
            interval: speedup.interval,
        }),
        Metric::Total => sweep
            .at_knee()
            .and_then(|point| total_of_sweep(sweep, &point.times)),
        _ => return Err(metric.not_of_sweeps()),
    };
    figure.ok_or_else(|| match sweep.knee {
        Some(_) if sweep.points.len() > 1 => {
            "no other number of workers was answered alike".to_owned()
        }
        Some(_) => "one number of workers has no speed-up; give --sweep several".to_owned(),
        None => "the sweep has no knee".to_owned(),
    })
}
