//! The figures of a run, a comparison or a sweep.

use super::{Figure, Figures, Gate, Judgement, Metric};
use crate::model::event::{GateVerdict, Judged};
use crate::model::measurement::{Against, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::stats::Interval;

/// The figures of a run, of the parallel arm of a comparison, or of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct RunFigures<'a> {
    /// The run's; of a comparison or a sweep, those of all parallel runs that count together.
    pub summary: &'a Summary,
    /// What `failed` counts: the run, or all runs that count, the serial ones of a comparison too. No
    /// warm-up is in either.
    pub counted: &'a Summary,
    /// The speed-up that the run's own times make one expect, if that can be said.
    pub estimated_speedup: Option<f64>,
    /// What was measured, if it was.
    pub comparison: Option<&'a Comparison>,
    /// The sweep, if it was one. It has those figures only that [`Metric::is_of_sweeps`] names:
    /// `speedup` is that of its knee over the fewest workers tried, `total` the time at the knee, `failed`
    /// counts all runs but warm-ups, and `total_vs_baseline` is there if one number of workers was tried.
    pub sweep: Option<&'a Sweep>,
    /// What it comes to against a saved run, if it was set against one.
    pub against: Option<&'a Against>,
}

impl RunFigures<'_> {
    /// Holds a gate against the figures; with `strict`, one that they do not decide has failed. So has one
    /// then that a ratio without an interval would decide: it is the word of a single run.
    pub fn hold(&self, gate: &Gate, strict: bool) -> Judged {
        let (value, interval, verdict, why) = match (gate.judge(self), self.figure(gate.metric())) {
            (Judgement::Unknown(why), _) | (_, Err(why)) => (None, None, GateVerdict::Unknown, why),
            (judgement, Ok(figure)) => {
                let doubt = figure.interval.is_none().then(|| self.doubt(gate.metric()));
                let doubt = doubt.flatten().filter(|_| strict);
                let verdict = match judgement {
                    Judgement::Held if doubt.is_none() => GateVerdict::Held,
                    Judgement::Inconclusive if !strict => GateVerdict::Inconclusive,
                    _ => GateVerdict::Failed,
                };
                let why = match doubt {
                    Some(doubt) if judgement == Judgement::Held => {
                        format!("{doubt} (--strict-assert)")
                    }
                    _ if self.is_estimate(gate.metric()) => "estimated".to_owned(),
                    _ if judgement == Judgement::Failed && figure.interval.is_none() => {
                        barely(figure.value, gate.limit().value())
                    }
                    _ => String::new(),
                };
                (Some(figure.value), figure.interval, verdict, why)
            }
        };
        Judged {
            gate: gate.to_string(),
            value,
            interval,
            unit: gate.metric().unit(),
            verdict,
            why,
        }
    }
}

impl RunFigures<'_> {
    /// What there is to doubt in a figure without an interval, if it is a ratio of measured times.
    fn doubt(&self, metric: Metric) -> Option<&'static str> {
        let is_measured = self.comparison.is_some() || self.sweep.is_some();
        match metric {
            Metric::Speedup if is_measured => Some("a single pair of runs decides nothing"),
            Metric::TotalVsBaseline => Some("a single run on a side decides nothing"),
            _ => None,
        }
    }

    /// Whether the figure is not measured.
    fn is_estimate(&self, metric: Metric) -> bool {
        metric == Metric::Speedup && self.comparison.is_none() && self.sweep.is_none()
    }

    fn total_vs_baseline(&self) -> Result<Figure, String> {
        match self.against {
            Some(against) => against.total().map(|point| Figure {
                value: point.change.ratio,
                interval: point.change.interval,
            }),
            None if self.summary.makespan.is_none() => Err("no URL was tried".to_owned()),
            None => Err("there is no saved run to set it against (--against)".to_owned()),
        }
    }
}

impl Figures for RunFigures<'_> {
    fn figure(&self, metric: Metric) -> Result<Figure, String> {
        let summary = self.summary;
        if self.counted.stopped {
            return Err("the run was stopped before its end".to_owned());
        }
        let sweep = self.sweep.filter(|_| !metric.is_counted());
        if let Some(sweep) = sweep.filter(|_| metric != Metric::TotalVsBaseline) {
            return of_sweep(sweep, metric);
        }
        let seconds = |time: Option<std::time::Duration>| {
            time.map(|time| Figure::from(time.as_secs_f64()))
                .ok_or_else(|| "no URL succeeded".to_owned())
        };
        let counted = self.counted;
        let tried = counted.ok + counted.unchanged + counted.failed;
        let untried = || "no URL was tried".to_owned();
        match (metric, self.comparison) {
            (Metric::Speedup, Some(comparison)) => Ok(Figure {
                value: comparison.speedup.ratio,
                interval: comparison.speedup.interval,
            }),
            (Metric::Speedup, None) => self.estimated_speedup.map(Figure::from).ok_or_else(|| {
                "there is no serial time to set this run against (--compare measures one)"
                    .to_owned()
            }),
            (Metric::Total, Some(comparison)) => Ok(Figure {
                value: comparison.parallel.sample.mean,
                interval: Interval::of_mean(&comparison.parallel.seconds),
            }),
            (Metric::Total, None) => summary
                .makespan
                .map(|time| Figure::from(time.as_secs_f64()))
                .ok_or_else(untried),
            (Metric::TotalVsBaseline, _) => self.total_vs_baseline(),
            (Metric::Failed, _) => Ok(Figure::from(counted.failed as f64)),
            (Metric::FailedShare, _) if tried == 0 => Err(untried()),
            (Metric::FailedShare, _) => {
                Ok(Figure::from(counted.failed as f64 * 100.0 / tried as f64))
            }
            (Metric::Throughput, _) => summary.throughput().map(Figure::from).ok_or_else(untried),
            (Metric::RequestsPerSecond, _) => summary.rate().map(Figure::from).ok_or_else(untried),
            (Metric::Mean, _) => seconds(summary.latency.mean()),
            (Metric::Median, _) => seconds(summary.latency.p(50.0)),
            (Metric::Max, _) => seconds(summary.latency.max()),
            (Metric::Percentile(percent), _) => seconds(summary.latency.p(percent.value())),
            (Metric::TtfbPercentile(percent), _) => seconds(summary.ttfb.p(percent.value())),
        }
    }
}

/// The measured figures of a sweep.
/// By how much a figure misses its limit, if it is so little that both may look alike.
fn barely(value: f64, limit: f64) -> String {
    let share = (value / limit - 1.0).abs() * 100.0;
    match share < 1.0 {
        true => format!("{share:.3} % off"),
        false => String::new(),
    }
}

fn of_sweep(sweep: &Sweep, metric: Metric) -> Result<Figure, String> {
    let figure = match metric {
        Metric::Speedup => sweep.speedup().map(|speedup| Figure {
            value: speedup.ratio,
            interval: speedup.interval,
        }),
        Metric::Total => sweep.at_knee().map(|point| Figure {
            value: point.times.sample.mean,
            interval: point.interval,
        }),
        _ => return Err(metric.not_of_sweeps()),
    };
    figure.ok_or_else(|| "the sweep has no knee".to_owned())
}
