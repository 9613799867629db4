//! Figures of a run that its deadline cut off: those that are true of what was done before.

use std::time::Duration;

use super::{Metric, MetricValue};
use crate::model::summary::Summary;
use crate::stats::{Interval, Latency};

/// The end of a plain run at its deadline, before that of its list. The user gave it, and the exit code has it anyway. A
/// signal, a report that breaks off and a shard that is missing are no such ends: what else there was is not known.
///
/// Rates are of the URLs that came to their end, in all of the time. Times of URLs are those of the same, and rather too
/// short: what takes long is more likely to be under way when the run is cut off (right censoring: Kaplan and Meier,
/// "Nonparametric Estimation from Incomplete Observations", Journal of the American Statistical Association 53, 1958).
/// So a percentile has an upper bound too, as if all that were cut off had taken longer than any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CutOff {
    /// The most URLs that may have been under way: one a worker.
    under_way: u64,
}

impl CutOff {
    /// A remark on a figure that decides.
    pub(super) const REMARK: &'static str = "of what was done before the deadline";

    /// A remark on one that does not.
    pub(super) const DOUBT: &'static str = "URLs that the deadline cut off may have taken longer";

    /// The end of this run, if it was cut off. The runs of a measurement, and merged ones, are not.
    pub(super) fn of(summary: &Summary) -> Option<Self> {
        let is_run = summary.runs.is_none() && summary.merged.is_none();
        let is_cut_off = is_run && summary.stopped && summary.not_done > 0;
        is_cut_off.then(|| CutOff {
            under_way: summary.not_done.min(summary.workers as u64),
        })
    }

    /// The figure of the URLs that were done, of a run in which some succeeded.
    pub(super) fn value(self, metric: Metric, summary: &Summary) -> Result<MetricValue, String> {
        let none = || "nothing was fetched before the deadline".to_owned();
        let rate = |rate: Option<f64>| rate.map(MetricValue::from).ok_or_else(none);
        let percentile =
            |latency: &Latency, percent| self.percentile(latency, percent).ok_or_else(none);
        let failed = summary.failed;
        let ended = summary.tried() + summary.done_before;
        match metric {
            Metric::Failed | Metric::FailedShare if ended == 0 => {
                Err("no URL was done before the deadline".to_owned())
            }
            Metric::Failed => Ok(MetricValue::from(failed as f64)),
            Metric::FailedShare => Ok(MetricValue::from(failed as f64 * 100.0 / ended as f64)),
            Metric::Throughput => rate(summary.throughput()),
            Metric::UrlsPerSecond => rate(summary.rate()),
            Metric::Median => percentile(&summary.latency, 50.0),
            Metric::Max => percentile(&summary.latency, 100.0),
            Metric::Percentile(percent) => percentile(&summary.latency, percent.value()),
            Metric::TtfbPercentile(percent) => percentile(&summary.ttfb, percent.value()),
            Metric::Mean => Err("URLs that the deadline cut off have no time".to_owned()),
            Metric::Total | Metric::TotalVsBaseline | Metric::Speedup => {
                Err("the run was stopped before its end".to_owned())
            }
        }
    }

    /// The percentile of these times, with the bound that it has if those that were cut off took longer than all.
    fn percentile(self, latency: &Latency, percent: f64) -> Option<MetricValue> {
        let count = latency.count();
        let all = (count + self.under_way) as f64;
        let value = latency.p(percent)?.as_secs_f64();
        let of_done = percent * all / count as f64;
        // Beyond the longest of those that were done nothing is known.
        let high = match of_done <= 100.0 {
            true => latency
                .p(of_done)
                .map(|time: Duration| time.as_secs_f64())?,
            false => f64::INFINITY,
        };
        Some(MetricValue {
            value,
            interval: Some(Interval { low: value, high }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::assert::{Assertion, RunFigures};
    use crate::model::event::AssertionVerdict::{self, Failed, Held, Inconclusive, Unknown};

    /// 100 URLs that took 1 to 100 ms, one of which failed besides, and four workers with one under way each.
    fn cut_off() -> Summary {
        let mut summary = Summary {
            ok: 100,
            failed: 1,
            skipped: 4,
            not_done: 4,
            served_bytes: 100_000,
            workers: 4,
            stopped: true,
            makespan: Some(Duration::from_secs(2)),
            ..Summary::default()
        };
        for ms in 1..=100 {
            summary.latency.record(Duration::from_millis(ms));
            summary.ttfb.record(Duration::from_millis(ms));
        }
        summary
    }

    fn check(summary: &Summary, gate: &str) -> (AssertionVerdict, String) {
        let gate: Assertion = gate.parse().expect("it is an assertion");
        let figures = RunFigures {
            summary,
            counted: summary,
            estimated_speedup: None,
            comparison: None,
            sweep: None,
            against: None,
            is_first: false,
            allows_empty: false,
        };
        let judged = figures.check(&gate, false);
        assert_eq!(
            judged.interval, None,
            "it is no confidence interval: {judged:?}"
        );
        (judged.verdict, judged.why)
    }

    #[test]
    fn gates_on_what_was_done_before_a_deadline_are_judged_and_others_say_why_not() {
        let (remark, doubt) = (CutOff::REMARK, CutOff::DOUBT);
        let stopped = "the run was stopped before its end";
        for (gate, verdict, why) in [
            ("urls_per_second>=50", Held, remark),
            ("urls_per_second>=51", Failed, remark),
            ("throughput>=50kB/s", Held, remark),
            ("failed<=1", Held, remark),
            ("failed==0", Failed, remark),
            ("failed<=1%", Held, remark),
            ("p50<60ms", Held, remark),
            ("p50<40ms", Failed, remark),
            // The 95th of 100 is 95 ms; of 104, were those under way the longest, it is the 99th.
            ("p95<98ms", Inconclusive, doubt),
            ("p95<100ms", Held, remark),
            ("ttfb_p95<90ms", Failed, remark),
            // Four of 104 may have taken any time.
            ("p99<10s", Inconclusive, doubt),
            ("max<10s", Inconclusive, doubt),
            ("max<50ms", Failed, remark),
            (
                "mean<1s",
                Unknown,
                "URLs that the deadline cut off have no time",
            ),
            ("total<5s", Unknown, stopped),
            ("speedup>=1", Unknown, stopped),
        ] {
            let found = check(&cut_off(), gate);
            assert_eq!(found, (verdict, why.to_owned()), "{gate}");
        }
    }

    #[test]
    fn a_run_that_did_nothing_before_its_deadline_has_no_figures() {
        let summary = Summary {
            skipped: 4,
            not_done: 4,
            workers: 4,
            stopped: true,
            ..Summary::default()
        };
        for gate in [
            "failed<=0",
            "failed<=1%",
            "p95<1s",
            "urls_per_second>=0",
            "total<1s",
        ] {
            let (verdict, why) = check(&summary, gate);
            assert_eq!(verdict, Unknown, "{gate}: {why}");
            assert!(why.contains("before"), "{gate}: {why}");
        }
    }

    #[test]
    fn a_run_that_something_else_stopped_has_none_either() {
        let signalled = Summary {
            failed: 1,
            not_done: 0,
            skipped: 4,
            ..cut_off()
        };
        let merged = Summary {
            merged: Some(2),
            ..cut_off()
        };
        for summary in [signalled, merged] {
            for gate in ["failed<=1", "p95<1s", "urls_per_second>=0"] {
                let found = check(&summary, gate);
                let why = "the run was stopped before its end".to_owned();
                assert_eq!(found, (Unknown, why), "{gate}");
            }
        }
    }
}
