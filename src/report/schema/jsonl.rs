//! The JSON Lines report: an object per event, for programs.

use std::io::{self, Write};

use crate::model::event::{Event, Listener};
use crate::model::measurement::ArmRun;
use crate::model::outcome::Outcome;
use crate::model::run_id::RunId;

use super::line::{SchemaLine, TaggedLine, WarningTopic};
use super::{
    AgainstRecord, ArmSummaryRecord, AssertionRecord, ComparisonRecord, ResultRecord, RunRecord,
    SummaryRecord, SweepRecord,
};
use crate::report::Baseline;

/// JSON Lines report, written to `W` as events arrive.
///
/// # Schema, version 1
///
/// [`json_schema`](fn@crate::report::json_schema) is the same for programs.
///
/// Every line has `type` and `run`, the identifier of its run: lines of several runs may stand in one file. Times are numbers of seconds; `*_at` is wall-clock time in RFC 3339. `null` stands for
/// a phase or a fact that did not occur or is unknown, never for zero.
///
/// | `type` | when | fields |
/// |---|---|---|
/// | `run` | first | `schema`, `version`, `workers`, `started_at`, `startup`, `log`, `shard` |
/// | `result` | a target ended | `index`, `url`, `final_url`, `action`, `outcome` (`ok`, `unchanged`, `done`, `failed`, `skipped`), `status`, `http_version`, `content_type`, `meta`, `body` (may be absent), `attempts`, `bytes`, `wire_bytes`, `remote`, `reused`, `worker`, `started_at`, `elapsed`, `retry_wait` (may be absent), `start_delay` (may be absent), `timing`, `redirects`, `saved`, `exchanges`, `earlier`, `error`, `notices` |
/// | `warning` | any time | `message`, `about` |
/// | `arm` | in a comparison or a sweep, before the results of an arm's run | `arm` (`serial`, `parallel`), `pair`, `workers`, `done`, `of`, `most` |
/// | `arm_summary` | after those results | `arm`, `pair`, and the fields of `summary` |
/// | `comparison` | last in a comparison, in place of the summary | `workers`, `targets`, `warmups`, `stopped`, `auto`, `serial`, `parallel`, `speedup`, `work`, `verdict`, `efficiency`, `estimated`, `differing`, `margin`, `notices`, `why` |
/// | `sweep` | last in a sweep, in place of the summary | `targets`, `stopped`, `search`, `points`, `passed_over`, `knee`, `speedup`, `law`, `gains`, `differing`, `margin`, `notices`, `why` |
/// | `against` | just before the last, if there is a baseline | `file`, `version`, `started_at`, `points`, `why`, `margin`, `notices` |
/// | `gate` | after the last, for each assertion | `gate`, `verdict` (`held`, `failed`, `inconclusive`, `unknown`, `skipped`), `value`, `unit`, `interval`, `why`, `of` |
/// | `summary` | last | `targets`, `ok`, `unchanged`, `kept`, `failed`, `not_done`, `skipped`, `done_before`, `retries`, `bytes`, `served_bytes`, `wire_bytes`, `workers`, `paced`, `pacing`, `stopped`, `listed`, `unreadable`, `runs`, `parallel`, `input_wait`, `input_idle`, `retry_idle`, `retry_idle_for`, `repeat_time` (may be absent), `serial`, `throughput`, `urls_per_second`, `latency`, `ttfb`, `intended_latency`, `slowdown`, `statuses`, `failures`, `origins`, `more_origins`, `merged`, `parts` |
///
/// `workers` of `run` is the most that the run may have; an automatic sweep may need fewer, which its `arm` lines say.
///
/// A dry run (`--dry-run`) has lines of type `planned` instead, one for each target: `index`, `url`, `action`,
/// `outcome` (`planned`, `unchanged` for a file that is kept without a request, `failed` for what is refused, `done`),
/// `path` (the file that it would get, or `null`) and `error` (the reason, or `null`).
///
/// `log` is `null`, or the place of the run in its run log as `{id, offset}`: the log's identifier, and its length
/// in bytes as the run began. Of results with the same `id`, `index` and `url`, the last one counts
/// ([`replay`](super::replay)).
///
/// `shard` is `null`, or the shard that the run took of its list as `{number, count, by}`: `number` counts from 0, and
/// `by` is `host` or `line`. A [replay](super::replay) warns if it has several shards and not all of them.
///
/// ## Fields of `result`
///
/// - `workers`: the number of workers of the run, in a comparison or a sweep; elsewhere the field is left out.
/// - `outcome`: `done` is for a target that an earlier run has fetched (`--resume`). Its `status`, `content_type`,
///   `bytes` and `saved` are those of the run log; it counts as `done_before` in the summary, and nowhere else.
///   `unchanged` with no `attempts` is a file that was kept without a request (`--exists skip`), and without a look
///   at it if its `sha256` is `null` too.
/// - `elapsed`: the time of the target in all, earlier attempts and the waiting between them included; `attempts`
///   and `wire_bytes` are of all attempts too, and so is `bytes` where one continued the body of another. The
///   other figures are of the last attempt.
/// - `start_delay`: in a run with a rate (`--rate`), the time by which it was started later than the rate intended,
///   because no worker was free or pfetch itself was held up; elsewhere the field is left out.
/// - `pushed_back`: those of the `attempts` that the server pushed back (429, 503, a refused connection). They use up
///   no retry.
/// - `status` of a target that was given up, or was not tried again when the run ended, is that of the last answer.
/// - `content_type`: the media type of the last answer, with its parameters, as its `Content-Type` states it.
/// - `meta`: `null`, or the JSON that the line of the input has as `meta`, as it was written.
/// - `body`: the body, decoded, in base64 (RFC 4648, with padding), if bodies were asked for
///   (`--jsonl-bodies`) and the target was fetched. Otherwise the field is left out.
/// - `timing`: `{blocked, dns, connect, ssl, send, wait, receive, total, ttfb}`
///   ([`Timing`](crate::model::timing::Timing)).
/// - `redirects`: a list of `{url, status}`.
/// - `saved`: `null`, or the file as `{path, bytes, sha256, resumed_from}`. `sha256` is in hexadecimal, if the
///   input asked for it; `resumed_from` is the number of bytes that were there before.
/// - `earlier`: the failed attempts before the last one, as `{started_at, worker, total, timing, status, requests,
///   wire_bytes, exchanges, error}`. `attempts` is the sum of the `requests` here and of the last attempt: more than one
///   where a request was repeated at once, because an idle connection had been closed or a body could not be
///   continued. Of more than 16 items the first and the last 15 are kept, and the second of these has the requests and
///   bytes of those left out besides its own.
/// - `exchanges`: each request with its response, if the run keeps headers (`-v`), as `{method, url, remote,
///   proxy, reused, request, http_version, status, response}`. `request` and `response` are lists of
///   `[name, value]`, without secrets.
/// - `error`: `null` or `{kind, phase, message}`.
/// - `notices`: sentences about a response that was taken although its `Content-Encoding` is odd, or it is a web
///   page in the place of a file.
///
/// ## Fields of `summary`
///
/// - `serial`: `null` or `{method, seconds, speedup, best_speedup, unseen_limit}`, where `method` is `estimate`: `seconds`
///   is the sum of the times of all attempts, without the waits between them, and `speedup` is reached if neither the
///   server nor the line is the limit. `unseen_limit` is `line` or `server` if the run would not show such a limit, so
///   that the speed-up may be anything from 1 on, else `null`. A `stopped` run has none, nor has one in which nothing succeeded, a server pushed
///   back (`origins`) or slowed down (`slowdown`), or that waited between attempts, or was held back as asked, for longer than it fetched.
///   `best_speedup` is `null` if starts were held back, or the list came slowly.
/// - `slowdown`: `null`, or `{under_way, few, many}` if answers took longer when more requests were under way: the
///   median wait for an answer with up to `under_way` requests under way, and with more.
/// - `targets` are `ok`, `unchanged`, `failed` and `skipped` together. `skipped`: those that were left undone by a stop
///   (a signal, `--fail-fast`) or the deadline, under way or not begun; nothing was found out about them, so that they
///   are not among the `failed`. `not_done`: those of them that the deadline of the run (`--deadline`) cut off, whose
///   `error` has the kind `deadline`; 0 after a stop, which the user knows of.
/// - `bytes`: the body bytes of all targets, those of error pages and of bodies that a stop cut off too; `served_bytes`:
///   those of the targets that succeeded.
/// - `input_wait`: the part of `parallel` in which a worker was idle because the input gave nothing; `input_idle`:
///   the part of that in which nothing was under way, which `speedup` leaves out.
/// - `retry_idle`: the part of `parallel` in which nothing was under way, as all that was left waited for another try or
///   for as long as a server had asked for (`Retry-After`); 0 in older reports and in those of merged runs. `retry_idle_for`
///   has parts of it: `retry_after` (as servers asked), `no_answer` (servers that answered nothing) and `delay` (before
///   retries); the rest are distances between starts.
/// - `repeat_time`: the time for which the input was repeated (`--repeat TIME`): no target began after it, so that
///   `parallel` is hardly shorter, whatever was done. Of a run that ended for another reason the field is left out.
/// - `latency`, `ttfb` (to the first byte): `null` or `{mean, p50, p90, p95, p99, max}` of the targets that
///   succeeded, from histograms with three significant digits. `latency` is of all their attempts, without the waits
///   between them, which `elapsed` of a result has; `ttfb` is of the last attempt.
/// - `intended_latency`: `null`, or the same of the latency from the intended start, in a run with a rate: `latency` and
///   the `start_delay` of each. While a server stalls no requests are sent, which `latency` knows nothing of.
/// - `throughput`: `served_bytes`, the body bytes of the targets that succeeded, per second;
///   `urls_per_second`: the targets that succeeded, without those of `kept` files. Both are `null` if there are none. `statuses`: the number of targets that ended with each status;
///   `failures`: that of the `failed` ones by the `kind` of their error. One whose failure is not of the kind `status` is
///   not among the `statuses`, whatever had come before.
/// - `origins`: those that pushed back or were given up, as `{origin, at_once, per_second, push_backs, too_many,
///   unavailable, refused, rate_limit, untold, given_up}`, 100 at most; `more_origins` counts the others. `at_once` is the number of requests at once that pfetch
///   slowed down to, `per_second` that in a second if it is less than one at once gives; `null` if nothing
///   was found. `push_backs` are all requests that were pushed back: `too_many` by 429, `unavailable` by 503, and
///   `refused` by a connection that was refused, reset or closed without a byte (all 0 in merged reports of older
///   versions). `rate_limit` is an estimate of the requests a second that the server takes, where it limits these and
///   not the number at once; `null` without evidence. `untold` is `null` or the reason why no more is known of what it
///   takes: `rate-of-few` or `rate-between-waits` (it limits the rate, of which too few answers, or too long waits between
///   them, tell nothing), `kind` (too few answers to tell a rate from a number at once). `given_up` is `null` or `no-answer`, `retry-after`, `holds`, `too-many`
///   ([`GivenUp`](crate::model::origin::GivenUp)).
/// - `paced`: true if the user limited starts or bytes (`--rate`, `--host-delay`, `--per-host`, `--limit-rate`).
/// - `pacing`: `null` without such limits and in older reports, else `{rate, held_back}`. `held_back` is `{rate, host_delay,
///   per_host, limit_rate}`: the seconds for which each limit held back what could have gone on without it, `null` if it
///   was not set; those of `limit_rate` are the sum over all workers. `rate` is `null` without `--rate`, else `{asked,
///   reached, missed_by}`: starts a second, those of retries too, from the first to the last (`null` of fewer than two).
///   `missed_by` is `null` unless less than nine tenths were reached in ten starts or more, else that to which most time
///   was lost: `workers` (all were busy), `server` (they would be however many: it slowed down, pushed back, or was to be
///   asked again), `list` (it came slowly), `pfetch` (it was stopped, or the machine or its output kept it up),
///   `per-host`, `host-delay`, `limit-rate`. Of merged runs the times are sums, and the rate is that of the run that
///   missed it by most.
/// - `unreadable`: the lists of the input that could not be read to their end, as `{name, reason}`; left out where all
///   could. The targets are then not all that were asked for, whatever became of them.
/// - `listed`: `null`, or the targets of the whole input of a run that was `stopped`, if they could be counted;
///   `targets` are those that the run came to read.
/// - `merged`: `null`, or the number of runs that a replay merged. Then `parallel` is the time in which any of them
///   was at work, and `workers` the most at one time, both by the clocks of their machines.
/// - `parts`: the runs that were merged, each `{run, log, shard, stopped}` (`log` is the identifier of its run log or
///   `null`, `stopped` true if it was stopped and no other part went on with its log); left out where none were.
/// - `runs`: `null`, or `{done, of, at_most}` at the end of a comparison or sweep that was stopped before any pair or round was
///   whole. Its summary has the counts of all runs together, and no times.
///
/// ## Fields of `arm`, `comparison` and `sweep`
///
/// - `pair` counts from 1, and is 0 for a warm-up; `done` of `of` runs have ended, where `of` is 0 as long as
///   their number is not known (`--sweep auto`, `--runs auto`). `most` is then the most that there may be, or 0.
/// - `stopped`: `null`, or `{done, of, at_most}` of a comparison or a sweep that was stopped early: `done` of `of` runs
///   were made (`at_most`: there might have been fewer than `of`), and the figures are of the pairs, or rounds, that are
///   whole. If none is, there is a `summary` instead.
/// - `auto`: `null` if the number of pairs (of a sweep: rounds) was given, or `{ended_by, most_pairs, most_seconds, precision, level,
///   deciding_level}`. `ended_by` is `decided`, `precise`, `most_pairs`, `most_time` or `stopped`; `level` is the nominal
///   level of the interval, with which it covers as often as one at 95 % of a given number of pairs (higher the more looks
///   there were before); the verdict is by
///   the interval at `deciding_level`, which is higher the earlier the pairs were enough.
/// - `serial`, `parallel`: `{seconds, sample, failed, retries, startup, latency, left_out}`: the time of each run in the
///   order of the pairs, their sample as `{n, mean, median, deviation, min, max}`, the failures and retries of all runs
///   together, the mean set-up time, and `null` or the latency of all runs together as `{p50, p95}`. `left_out`: the
///   seconds of each run that are not in its time, because nothing but URLs was under way that fail in all runs; empty
///   if nothing is left out.
/// - `work`: `null` in older logs, or `{unlike_pairs, failed_in_parallel, failed_serially, other_status, other_size,
///   failed_in_both}`: the pairs whose arms were not answered alike, which are no part of the speed-up, and the numbers
///   of URLs by the difference ([`PairedWork`](crate::model::work::PairedWork)). With more than a fifth of the pairs
///   unlike the arms are not comparable, and there is no `speedup`.
/// - `passed_over`: the numbers of workers of a sweep that were answered otherwise than others, as `{workers, urls,
///   difference, cause}`: `difference` is `failed` (`cause`: a status, a kind of failure, or `null`), `other-status`
///   (`cause`: that status) or `other-size`. The knee, the law and the speed-up leave them out.
/// - `speedup`: `{pairs, ratio, interval}`, where `interval` is `null` or the 95 % confidence interval as `{low,
///   high}` (at the `level` of `auto`). In a sweep it is that of the knee over the fewest workers. `null` if nothing succeeded in an arm, if the
///   arms are not comparable, or a sweep has one number of workers to compare; then there is no `efficiency` either.
/// - `verdict`: `faster`, `hardly faster`, `no difference` (beyond the margin), `no difference shown`, `hardly slower`,
///   `slower`; `null` for one pair, and without a `speedup`. `margin` is the share from which on a difference matters.
/// - `estimated`: the speed-up that the per-URL times alone would have suggested.
/// - `differing`: `{count, urls}` of the targets that were not answered alike in all runs, with some of their URLs.
/// - `why`: `{reasons, lost, phases, unlisted}`: why the speed-up is what it is. `reasons`, the strongest first, are
///   `{reason, …, share}`, where `reason` is `slowest-url`, `at-once`, `full-line`, `machine`, `connections`,
///   `push-back`, `asked-limit` or `rate-limit`, with the figures of [`Reason`](crate::model::reason::Reason), and `share` the part of the workers'
///   time that it explains; `lost` is the part that the same work does not take one by one. `phases` has the mean
///   times of each origin as `{origin, serial, parallel}`
///   ([`PhaseMeans`](crate::model::reason::PhaseMeans)); `unlisted` counts the requests to other origins. Of
///   a sweep it is `null`, or has `workers` besides, the next number that was tried beyond the knee: why it gained no
///   more; the serial arm is one worker then.
/// - `points`: `{workers, seconds, sample, failed, retries, startup, latency, interval}`, where `interval` is that of the
///   median, and of an automatic sweep that of the geometric mean.
/// - `search`: `null`, or the cost of an automatic sweep as `{runs, warmups, grid, grid_runs}`
///   ([`SearchCost`](crate::model::search_cost::SearchCost)). Its points have unlike numbers of runs, and intervals by
///   the scatter of all runs; `pairs` of its `speedup` counts no pairs, but the runs of the side with fewer.
/// - `gains`: `null` or `{by, counts}`, estimates of what more workers gained; `by` is `law` or `means`, `counts` are
///   `{workers, speedup, efficiency, marginal}` ([`WorkerGain`](crate::model::worker_gain::WorkerGain)).
/// - `knee`: `null` or `{workers, by_means}` ([`Knee`](crate::stats::Knee)).
/// - `law`: `null` or `{lambda, sigma, kappa, r_squared}` ([`Usl`](crate::stats::Usl)).
///
/// The fields of `comparison` are those of [`Comparison`](crate::model::measurement::Comparison).
///
/// ## Fields of `against` and `gate`
///
/// - `file`, `version`, `started_at` are those of the baseline's latest run; [`baseline`](crate::measure::baseline)
///   describes the file.
/// - `points`: `{arm, workers, workers_then, seconds, seconds_then, now, then, reference, ratio, interval, verdict, why,
///   changed}`. `now` and `then` are samples, `seconds` and `seconds_then` geometric means, `ratio` is now over then; `interval` and `verdict` (as of a comparison, of the run
///   now) are `null` if either side is a single run. `verdict` is also `null` if the work was not the same, and
///   then `why` names the difference.
/// - `reference`: the saved runs that `then` is of, as `{runs, from, to, deviation}`, where `deviation` is the standard
///   deviation between them as a share of their time, and `null` for one run. With several, `interval` is a prediction
///   interval, which has that scatter in it.
/// - `changed`: `null`, or the last change of the level of the times, as `{run, of, started_at, ratio, verdict}`: since
///   `run` of the `of` runs that can be compared, the one now included, they take `ratio` times as long, which is an
///   estimate; `verdict` is `null` within 5 %.
/// - `why` of `against`: the reason if there are no points. `notices`: other differences between the runs.
/// - `why` of `gate`: the reason if there is no `value`, else a remark such as `estimated`. `skipped` is a gate on a
///   baseline that this run makes, or that has no runs with its number of workers. `of`: `null`,
///   or the number of targets that `value` counts the failed ones of, or has the share of.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    baseline: Baseline,
    /// Leaves results out.
    is_summary_only: bool,
    /// The run, once its own line is written.
    run: Option<RunId>,
    /// In a comparison or a sweep: the arm's run that has not ended.
    arm: Option<ArmRun>,
}

impl<W: Write> JsonLines<W> {
    /// A report that is written to `out`.
    pub fn new(out: W, baseline: Baseline) -> Self {
        JsonLines {
            out,
            baseline,
            is_summary_only: false,
            run: None,
            arm: None,
        }
    }

    /// Leaves the results out: run, warnings and summary are written.
    #[must_use]
    pub fn without_results(mut self) -> Self {
        self.is_summary_only = true;
        self
    }

    fn write(&mut self, line: &SchemaLine<'_>) -> io::Result<()> {
        let run = self.run;
        serde_json::to_writer(&mut self.out, &TaggedLine { line, run })?;
        self.out.write_all(b"\n")
    }
}

/// The `result` line of an outcome, with its end.
///
/// # Errors
///
/// serde's, as of a value that JSON has no text for.
pub fn result_line(outcome: &Outcome, line: &mut Vec<u8>) -> io::Result<()> {
    let record = SchemaLine::Result(ResultRecord::from(outcome));
    serde_json::to_writer(&mut *line, &record)?;
    line.push(b'\n');
    Ok(())
}

impl<W: Write> Listener for JsonLines<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = match event {
            Event::Started(info) => {
                self.write(&SchemaLine::Run(RunRecord::from(info)))?;
                self.run = Some(info.id);
                return Ok(());
            }
            Event::Finished(_) if self.is_summary_only => return Ok(()),
            Event::Finished(outcome) => {
                SchemaLine::Result(ResultRecord::from(outcome).in_run(self.arm))
            }
            Event::Warning(message) => SchemaLine::Warning {
                message: message.into(),
                about: None,
            },
            Event::MissingShards(missing) => SchemaLine::Warning {
                message: missing.to_string().into(),
                about: Some(WarningTopic::Shards),
            },
            Event::Counted(_) | Event::Pending(_) | Event::Pack(_) => return Ok(()),
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
            Event::Assertion(judged) => SchemaLine::Assertion(AssertionRecord::from(judged)),
        };
        self.write(&line)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
