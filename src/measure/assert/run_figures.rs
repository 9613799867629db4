//! Figures of a run, a comparison or a sweep, and the check of assertions against them.

use std::time::Duration;

use super::{Assertion, Judgement, Metric, MetricSource, MetricValue};
use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::model::measurement::{Against, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::stats::Interval;

/// Figures of a run, of the parallel arm of a comparison, or of a sweep.
///
/// A sweep has the metrics only that [`Metric::is_of_sweeps`] names: `speedup` is that of its knee over the
/// fewest workers tried, `total` the time at the knee, `failed` counts all runs but warm-ups, and
/// `total_vs_baseline` exists if one number of workers was tried.
#[derive(Debug, Clone, Copy)]
pub struct RunFigures<'a> {
    /// Summary of the run; of a comparison or a sweep, that of all counted parallel runs together.
    pub summary: &'a Summary,
    /// Summary that `failed` counts in: the run, or all counted runs, the serial ones included. Warm-ups are in
    /// neither.
    pub counted: &'a Summary,
    /// Speed-up estimated from the run's own times, if it can be.
    pub estimated_speedup: Option<f64>,
    /// Result of the comparison, if it was one.
    pub comparison: Option<&'a Comparison>,
    /// Result of the sweep, if it was one.
    pub sweep: Option<&'a Sweep>,
    /// Comparison with a baseline, if there is one.
    pub against: Option<&'a Against>,
}

impl RunFigures<'_> {
    /// Checks an assertion against the figures. With `strict`, an inconclusive one fails, and so does one that
    /// holds by a ratio measured only once, because one run proves nothing.
    pub fn check(&self, assertion: &Assertion, strict: bool) -> AssertionResult {
        let metric = assertion.metric();
        let (value, interval, verdict, why) = match (assertion.judge(self), self.value(metric)) {
            (Judgement::Unknown(why), _) | (_, Err(why)) => {
                (None, None, AssertionVerdict::Unknown, why)
            }
            (judgement, Ok(figure)) => {
                let (verdict, why) = self.verdict(assertion, &judgement, figure, strict);
                (Some(figure.value), figure.interval, verdict, why)
            }
        };
        AssertionResult {
            assertion: assertion.to_string(),
            value,
            interval,
            unit: metric.unit(),
            verdict,
            why,
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
        let is_single = figure.interval.is_none();
        let doubt = (strict && is_single).then(|| self.doubt(assertion.metric()));
        let doubt = doubt.flatten();
        let verdict = match judgement {
            Judgement::Held if doubt.is_none() => AssertionVerdict::Held,
            Judgement::Inconclusive if !strict => AssertionVerdict::Inconclusive,
            _ => AssertionVerdict::Failed,
        };
        let why = match doubt {
            Some(doubt) if *judgement == Judgement::Held => format!("{doubt} (--strict-assert)"),
            _ if self.is_estimate(assertion.metric()) => "estimated".to_owned(),
            _ if *judgement == Judgement::Failed && is_single => {
                near_miss(figure.value, assertion.threshold().value())
            }
            _ => String::new(),
        };
        (verdict, why)
    }

    /// The reason to doubt a figure without an interval, if it is a ratio of measured times.
    fn doubt(&self, metric: Metric) -> Option<&'static str> {
        let is_measured = self.comparison.is_some() || self.sweep.is_some();
        match metric {
            Metric::Speedup if is_measured => Some("a single pair of runs decides nothing"),
            Metric::TotalVsBaseline => Some("a single run on a side decides nothing"),
            _ => None,
        }
    }

    /// True if the figure is not measured.
    fn is_estimate(&self, metric: Metric) -> bool {
        metric == Metric::Speedup && self.comparison.is_none() && self.sweep.is_none()
    }

    fn total_vs_baseline(&self) -> Result<MetricValue, String> {
        match self.against {
            Some(against) => against.total().map(|point| MetricValue {
                value: point.change.ratio,
                interval: point.change.interval,
            }),
            None if self.summary.makespan.is_none() => Err("no URL was tried".to_owned()),
            None => Err("there is no saved run to set it against (--against)".to_owned()),
        }
    }
}

impl MetricSource for RunFigures<'_> {
    fn value(&self, metric: Metric) -> Result<MetricValue, String> {
        let summary = self.summary;
        if self.counted.stopped {
            return Err("the run was stopped before its end".to_owned());
        }
        let sweep = self.sweep.filter(|_| !metric.is_counted());
        if let Some(sweep) = sweep.filter(|_| metric != Metric::TotalVsBaseline) {
            return sweep_value(sweep, metric);
        }
        let seconds = |time: Option<Duration>| {
            time.map(|time| MetricValue::from(time.as_secs_f64()))
                .ok_or_else(|| "no URL succeeded".to_owned())
        };
        let counted = self.counted;
        let tried = counted.ok + counted.unchanged + counted.failed;
        let untried = || "no URL was tried".to_owned();
        match (metric, self.comparison) {
            (Metric::Speedup, Some(comparison)) => Ok(MetricValue {
                value: comparison.speedup.ratio,
                interval: comparison.speedup.interval,
            }),
            (Metric::Speedup, None) => {
                self.estimated_speedup
                    .map(MetricValue::from)
                    .ok_or_else(|| {
                        "there is no serial time to set this run against (--compare measures one)"
                            .to_owned()
                    })
            }
            (Metric::Total, Some(comparison)) => Ok(MetricValue {
                value: comparison.parallel.sample.mean,
                interval: Interval::of_mean(&comparison.parallel.seconds),
            }),
            (Metric::Total, None) => summary
                .makespan
                .map(|time| MetricValue::from(time.as_secs_f64()))
                .ok_or_else(untried),
            (Metric::TotalVsBaseline, _) => self.total_vs_baseline(),
            (Metric::Failed, _) => Ok(MetricValue::from(counted.failed as f64)),
            (Metric::FailedShare, _) if tried == 0 => Err(untried()),
            (Metric::FailedShare, _) => Ok(MetricValue::from(
                counted.failed as f64 * 100.0 / tried as f64,
            )),
            (Metric::Throughput, _) => summary
                .throughput()
                .map(MetricValue::from)
                .ok_or_else(untried),
            (Metric::RequestsPerSecond, _) => {
                summary.rate().map(MetricValue::from).ok_or_else(untried)
            }
            (Metric::Mean, _) => seconds(summary.latency.mean()),
            (Metric::Median, _) => seconds(summary.latency.p(50.0)),
            (Metric::Max, _) => seconds(summary.latency.max()),
            (Metric::Percentile(percent), _) => seconds(summary.latency.p(percent.value())),
            (Metric::TtfbPercentile(percent), _) => seconds(summary.ttfb.p(percent.value())),
        }
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
        Metric::Total => sweep.at_knee().map(|point| MetricValue {
            value: point.times.sample.mean,
            interval: point.interval,
        }),
        _ => return Err(metric.not_of_sweeps()),
    };
    figure.ok_or_else(|| "the sweep has no knee".to_owned())
}
