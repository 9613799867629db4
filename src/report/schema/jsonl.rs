//! The JSON Lines report: an object per event, for programs.

use std::io::{self, Write};

use crate::model::event::{Event, Listener};
use crate::model::measurement::ArmRun;

use super::line::SchemaLine;
use super::{
    AgainstRecord, ArmSummaryRecord, AssertionRecord, ComparisonRecord, ResultRecord, RunRecord,
    SummaryRecord, SweepRecord,
};
use crate::report::Baseline;

/// The report for programs, written to `W`.
///
/// The schema, version 1. Every line has `type`. Times are seconds as numbers, `*_at` is wall clock
/// in RFC 3339; `null` stands for what did not happen or is not known, never a made-up zero.
///
/// | `type` | when | fields |
/// |---|---|---|
/// | `run` | first | `schema`, `version`, `workers`, `started_at`, `startup` |
/// | `result` | a target ended | `index`, `url`, `final_url`, `action`, `outcome` (`ok`, `unchanged`, `failed`, `skipped`), `status`, `http_version`, `attempts`, `bytes`, `wire_bytes`, `remote`, `reused`, `worker`, `started_at`, `elapsed`, `timing`, `redirects`, `saved`, `exchanges`, `earlier`, `error` |
/// | `warning` | something worth knowing | `message` |
/// | `arm` | in a comparison or a sweep, before the results of a run of one of its arms | `arm` (`serial`, `parallel`), `pair`, `workers`, `done`, `of` |
/// | `arm_summary` | after them | `arm`, `pair`, and the fields of `summary` |
/// | `comparison` | last in a comparison, in place of the summary | `workers`, `targets`, `warmups`, `serial`, `parallel`, `speedup`, `verdict` (`faster`, `slower`, `no difference`, `null`), `efficiency`, `estimated`, `differing`, `notices` |
/// | `sweep` | last in a sweep, likewise | `targets`, `points`, `knee`, `speedup`, `law`, `differing`, `notices` |
/// | `against` | just before the last, if the run is set against a saved one | `file`, `version`, `started_at`, `points`, `why`, `notices` |
/// | `gate` | after the end, for each assertion | `gate`, `verdict` (`held`, `failed`, `inconclusive`, `unknown`), `value`, `unit`, `interval`, `why` |
/// | `summary` | last | `targets`, `ok`, `unchanged`, `failed`, `skipped`, `done_before`, `retries`, `bytes`, `wire_bytes`, `workers`, `paced`, `stopped`, `runs`, `parallel`, `serial`, `throughput`, `requests_per_second`, `latency`, `ttfb`, `statuses` |
///
/// `elapsed` is what the target took in all: earlier attempts and the waiting between them
/// included. The figures beside it are of the last attempt. `timing` is `{blocked, dns, connect, ssl, send, wait, receive, total, ttfb}` (see
/// [`Timing`](crate::model::timing::Timing)), `redirects` a list of `{url, status}`, `saved` `null` or the
/// file as `{path, bytes, sha256, resumed_from}` (`sha256` in hexadecimal, if the input asked for it;
/// `resumed_from` the bytes that were there before), `earlier` the attempts
/// that failed before this one as `{started_at, worker, total, timing, status, requests, wire_bytes,
/// exchanges, error}`. `exchanges` is empty unless the run keeps headers (`-v`), and then has each request
/// with its response as `{method, url, remote, proxy, reused, request, http_version, status, response}`,
/// where `request` and `response` are lists of `[name, value]`, secrets left out. `error` is `null` or `{kind, phase, message}`. `serial` is `null` or `{method, seconds, speedup,
/// best_speedup}`, where `method` is `estimate`. `latency` and `ttfb` (to the first byte) are `null` or
/// `{mean, p50, p90, p95, p99, max}` of the targets that succeeded, from histograms that keep three
/// digits; `throughput` is body bytes in a second, `statuses` how many targets ended with each. `paced`
/// says that starts were held back as asked, so that the parallel time is longer than the work. A run
/// that was `stopped` has no `serial`. `runs` is `null`, or `{done, of}` at the end of a comparison or a
/// sweep that was stopped: its summary has the counts of all runs together, and no times.
///
/// `pair` counts from 1, and is 0 for a warm-up; `done` of `of` runs were over before it. In a
/// `comparison`, `serial` and `parallel` are `{seconds, sample, failed, retries, startup}`: the time of
/// each run in the order of the pairs, what they come to as `{n, mean, median, deviation, min, max}`,
/// the failures and retries of all runs together, and how long getting ready took on the average.
/// `speedup` is `{pairs, ratio, interval}`, where `interval` is `null` or `{low, high}`: 95 of 100 such
/// hold the true ratio. `estimated` is what the per-URL times alone would have made of it, `differing`
/// `{count, urls}`: the targets that were not answered alike in all runs, and some of their URLs. The
/// fields are those of [`Comparison`](crate::model::measurement::Comparison). In a `sweep`, each of `points` is
/// `{workers, seconds, sample, failed, retries, startup, interval}`, where `interval` is that of the mean;
/// `knee` is `null` or `{workers, by_means}` ([`Knee`](crate::stats::Knee)), `speedup` that of the knee
/// over the fewest workers, and `law` is `null` or `{lambda, sigma, kappa, r_squared}`
/// ([`Usl`](crate::stats::Usl)).
///
/// In `against`, `file`, `version` and `started_at` are of the saved run. A point is `{arm, workers,
/// workers_then, now, then, ratio, interval, verdict, why}`, where `now` and `then` are samples of the runs'
/// times, `ratio` is now over then, and `interval` and `verdict` (`faster`, `slower`, `no difference`, of
/// the run now) are `null` if either side is a single run. So is `verdict` if the sides are not alike, and
/// then the point's `why` says in what. `why` beside the points says why there are none, `notices` what
/// else is different about the two runs. The saved run's own file is described with
/// [`baseline`](crate::measure::baseline). The `why` of a `gate` says why it has no `value`, or what is to be known
/// of that: `estimated`.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    baseline: Baseline,
    /// In a comparison or a sweep: the arm's run that has not ended.
    arm: Option<ArmRun>,
}

impl<W: Write> JsonLines<W> {
    /// A report written to `out`.
    pub fn new(out: W, baseline: Baseline) -> Self {
        JsonLines {
            out,
            baseline,
            arm: None,
        }
    }

    fn write(&mut self, line: &SchemaLine<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Listener for JsonLines<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = match event {
            Event::Started(info) => SchemaLine::Run(RunRecord::from(info)),
            Event::Finished(outcome) => SchemaLine::Result(ResultRecord::from(outcome)),
            Event::Warning(message) => SchemaLine::Warning {
                message: message.into(),
            },
            Event::Counted(_) => return Ok(()),
            Event::ArmStarted(run) => {
                self.arm = Some(*run);
                SchemaLine::Arm(*run)
            }
            Event::ArmEnded(summary) => match self.arm.take() {
                Some(run) => SchemaLine::ArmSummary(ArmSummaryRecord::new(run, summary)),
                None => return Ok(()),
            },
            Event::Compared(comparison) => {
                SchemaLine::Comparison(ComparisonRecord::from(comparison))
            }
            Event::Ended(summary) => {
                SchemaLine::Summary(SummaryRecord::new(summary, self.baseline))
            }
            Event::Swept(sweep) => SchemaLine::Sweep(SweepRecord::from(sweep)),
            Event::Against(against) => SchemaLine::Against(AgainstRecord::from(against)),
            Event::Judged(judged) => SchemaLine::Gate(AssertionRecord::from(judged)),
        };
        self.write(&line)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
