//! The sentences that report formats share: counts, totals, estimate and verdicts.
//!
//! The formats lay these texts out and add none of their own about the same figures, so that a run is
//! described alike on the terminal, in Markdown and in HTML. What differs on purpose is how numbers are
//! written ([`notation`]).

mod asked_rate;
mod course;
mod failure;
mod notation;
mod reason;
mod sweep;
mod verdict;

pub(super) use asked_rate::missed_rate;
pub(super) use course::{after_warm_ups, course, level, sweep_course};
pub(super) use failure::{ShownStatus, attempts, failure_reason, shown_status};
pub(super) use notation::{HTML, MARKDOWN, NO_INTERVAL, TERMINAL, capitalized, with_waits};
pub(super) use reason::{knee_reasons, reasons};
pub(super) use sweep::{
    efficiency, gain_sentences, marginal_gains, percent, runs_at_each, search_cost, small_gain,
    sweep_hint,
};
pub(super) use verdict::{
    comparison_heading, comparison_stopped, comparison_text, comparison_verdict, knee,
    no_difference, sweep_heading, sweep_stopped, sweep_verdict, would_tell,
};

use std::fmt::Write as _;

use crate::measure::{Estimate, Unbounded, UnseenLimit, Withheld};
use crate::model::event::AssertionResult;
use crate::model::measurement::ArmTimes;
use crate::model::outcome::{FailureKind, Verdict};
use crate::model::summary::{RunsMade, Summary};
use crate::report::format::{bytes, counted, duration, format_secs, grouped, rate};
use crate::report::interval_text::{bytes_step, interval_ends, rate_step, secs_step};

/// The name of those that were cut off by the run's deadline.
const AT_DEADLINE: &str = "not done at the deadline";

/// The words for a file that was kept without a look at it.
pub(super) const UNCHECKED: &str = "kept, not checked";

/// The number of targets with one verdict. Files that were up to date count as successes, and targets that the
/// deadline cut off apart from those that another stop did.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetCount {
    /// The verdict that it is shown like: a deadline that passed is no better than a failure.
    pub(super) verdict: Verdict,
    pub(super) count: u64,
    name: &'static str,
    /// Set for a count that is told though it is 0.
    pub(super) is_always_told: bool,
    /// The successes among them whose file was up to date.
    unchanged: u64,
    /// The successes among them whose file was kept without a look at it.
    unchecked: u64,
}

impl TargetCount {
    /// Formats it as `3 ok`, `3 ok (2 unchanged)`, `3 ok (unchanged)`, `3 ok (kept, not checked)`, `2 done before`.
    pub(super) fn text(self) -> String {
        let name = self.name;
        let count = grouped(self.count);
        let kept = [(self.unchanged, "unchanged"), (self.unchecked, UNCHECKED)];
        let kept = kept.into_iter().filter(|(some, _)| *some > 0);
        let kept: Vec<String> = kept
            .map(|(some, word)| match some == self.count {
                true => word.to_owned(),
                false => format!("{} {word}", grouped(some)),
            })
            .collect();
        match kept.is_empty() {
            true => format!("{count} {name}"),
            false => format!("{count} {name} ({})", kept.join(", ")),
        }
    }
}

/// The numbers of targets by verdict, in the order of reports.
pub(super) fn target_counts(summary: &Summary) -> [TargetCount; 5] {
    let skipped = summary.skipped.saturating_sub(summary.not_done);
    [
        (Verdict::Ok, summary.succeeded(), "ok", true),
        (Verdict::Failed, summary.failed, "failed", true),
        (Verdict::Failed, summary.not_done, AT_DEADLINE, false),
        (Verdict::Skipped, skipped, "skipped", false),
        (Verdict::Done, summary.done_before, "done before", false),
    ]
    .map(|(verdict, count, name, is_always_told)| TargetCount {
        verdict,
        count,
        name,
        is_always_told,
        unchanged: match verdict {
            Verdict::Ok => summary.unchanged.saturating_sub(summary.unchecked),
            _ => 0,
        },
        unchecked: match verdict {
            Verdict::Ok => summary.unchecked,
            _ => 0,
        },
    })
}

/// The number of retries, if there were any.
pub(super) fn retries(summary: &Summary) -> Option<String> {
    (summary.retries > 0).then(|| counted(summary.retries, "retry"))
}

/// The number of workers; of merged runs, the most at one time. `None` if it is not known.
pub(super) fn workers(summary: &Summary) -> Option<String> {
    let workers = counted(summary.workers as u64, "worker");
    match (summary.workers, summary.merged) {
        (0, _) => None,
        (_, Some(_)) => Some(format!("{workers} at one time")),
        (_, None) => Some(workers),
    }
}

/// The meaning of the parallel time, where it is another than usual: of merged runs, which rests on more than one clock,
/// and of a run that was to last for so long.
pub(super) fn parallel_meaning(summary: &Summary) -> Option<String> {
    if let Some(time) = summary.repeat_time {
        return Some(format!(
            "as asked (--repeat {}), to the end of what had begun",
            humantime::format_duration(time)
        ));
    }
    let runs = summary.merged?;
    Some(format!(
        "while any of {} was at work, by their clocks",
        counted(runs, "run")
    ))
}

/// The targets that latencies are of, where others failed: `of 10 ok`.
pub(super) fn of_succeeded(summary: &Summary) -> Option<String> {
    let all = summary.succeeded();
    (summary.failed > 0).then(|| format!("of {} ok", grouped(all)))
}

/// The parts of a URL's time, where one was tried again: also the attempts that the server refused, but not pfetch's own
/// waits.
pub(super) fn all_attempts(summary: &Summary) -> Option<&'static str> {
    (summary.retries > 0).then_some("all attempts of a URL, without the waits between them")
}

/// The percentiles of both arms' URLs, all runs together: `serial p50 20.5 ms  p95 20.7 ms`.
pub(super) fn arm_latencies(serial: &ArmTimes, parallel: &ArmTimes) -> Vec<String> {
    let arms = [("serial", serial), ("parallel", parallel)];
    let arms = arms.iter();
    arms.filter_map(|(name, times)| Some(format!("{name} {}", latency_of_runs(times)?)))
        .collect()
}

/// The percentiles of the URLs of several runs together: `p50 20.5 ms  p95 20.7 ms`.
pub(super) fn latency_of_runs(times: &ArmTimes) -> Option<String> {
    let latency = times.latency?;
    let [p50, p95] = [latency.p50, latency.p95].map(format_secs);
    Some(format!("p50 {p50}  p95 {p95}"))
}

/// The name of the latency that counts from the start that the rate of the run intended.
pub(super) const FROM_INTENDED_START: &str = "from the intended start";

/// The throughput and the rate of URLs: `10.6 kB/s`, `10.0 URLs/s`. Both are of what succeeded. The rate says so if
/// something failed, and that it is of what was fetched if files were kept without a request, and the throughput if the size of the run has more bytes, those of error pages or of bodies that
/// a stop cut off: `10.6 kB/s (51.0 kB of 38 ok)`.
pub(super) fn rates(summary: &Summary) -> Option<[String; 2]> {
    // The runs of a measurement that was stopped are of different arms, and of merged ones that were, nobody knows how
    // long they went on. One run has the rate of what was done in all of its time.
    if summary.stopped && (summary.runs.is_some() || summary.merged.is_some()) {
        return None;
    }
    let (throughput, per_second) = (summary.throughput()?, summary.rate()?);
    let mut throughput = format!("{}/s", bytes(throughput as u64));
    let [served, all] = [summary.served_bytes, summary.bytes].map(bytes);
    if served != all {
        let _ = write!(
            throughput,
            " ({served} of {} ok)",
            grouped(summary.succeeded())
        );
    }
    let urls = match (summary.failed, summary.kept) {
        (0, 0) => "URLs/s",
        (0, _) => "fetched URLs/s",
        (_, 0) => "successful URLs/s",
        _ => "successfully fetched URLs/s",
    };
    Some([throughput, format!("{} {urls}", rate(per_second))])
}

/// The most origins that a report tells of.
const MAX_SERVERS: usize = 5;

/// What the run slowed down to for the origins that pushed back, or why they were given up, one each, and the
/// number of further ones.
pub(super) fn servers(summary: &Summary) -> Vec<String> {
    let origins = &summary.origins;
    let all = origins.more.saturating_add(origins.listed.len() as u64);
    let listed = origins.listed.iter().take(MAX_SERVERS);
    let mut servers: Vec<_> = listed.map(ToString::to_string).collect();
    servers.extend(more_than(all, servers.len()));
    servers
}

/// The time that the run waited for its list, if that was a noticeable part of it: `waited 4.90 s for URLs, 3.20 s
/// idle: not in the speed-up`.
pub(super) fn input_wait(summary: &Summary, estimate: Option<&Estimate>) -> Option<String> {
    if !summary.is_fed_slowly() {
        return None;
    }
    let waited = format!("waited {} for URLs", duration(summary.input_wait));
    if summary.input_idle < summary.input_wait / 100 {
        return Some(format!("{waited}: the list came slowly"));
    }
    let left_out = estimate.map_or("", |_| ": not in the speed-up");
    let idle = duration(summary.input_idle);
    Some(format!("{waited}, {idle} idle{left_out}"))
}

/// The time that the run waited for other tries with nothing else under way, if that was a noticeable part of it, and
/// what waits less for that which most of it was waited for.
pub(super) fn retry_wait(summary: &Summary) -> Option<String> {
    let idle = summary.retry_idle;
    let waited = duration(idle.total);
    let causes = [
        (
            idle.retry_after,
            "--retry-after-max 1s fails URLs that are asked to wait for longer",
        ),
        (
            idle.no_answer,
            "a shorter --give-up waits less for a server that answers nothing",
        ),
        (idle.delay, "--retry 0 tries each once"),
    ];
    let causes = causes.iter().filter(|(time, _)| *time > idle.total / 5);
    let advice: Vec<&str> = causes.map(|(_, advice)| *advice).collect();
    summary.is_held_up().then(|| {
        let colon = if advice.is_empty() { "" } else { ": " };
        format!(
            "waited {waited} for other tries with nothing else under way{colon}{}",
            advice.join(", ")
        )
    })
}

/// The remedy for a speed-up that is not measured. A run that limits of the user's held back has none: they are refused in
/// a measurement.
pub(super) fn measured_by(estimate: &Estimate) -> Option<String> {
    let is_held_back = matches!(estimate.best, Err(Unbounded::HeldBack(_)));
    (!is_held_back).then(|| "--compare measures it".to_owned())
}

/// The condition under which an estimated speed-up is true: it is too high by as much as the server, or the line,
/// slowed down. Where the run would not show that, this is the reason for its range.
pub(super) fn condition(estimate: &Estimate) -> &'static str {
    match estimate.unseen {
        None => "estimated, if the server is not the limit",
        Some(UnseenLimit::Line) => "estimated: a full line would not be seen",
        Some(UnseenLimit::Server) => "estimated: a server's limit would not be seen",
    }
}

/// The reason why a run that has times has no estimate: `not estimated: the server pushed back`.
pub(super) fn withheld(summary: &Summary) -> Option<String> {
    let why = match Estimate::withheld(summary)? {
        Withheld::PushedBack => "a server pushed back, as it might not do one by one".to_owned(),
        Withheld::Waited => {
            "the run waited for retries for longer than its requests took".to_owned()
        }
        Withheld::Paced(limits) => format!("{limits}, as they would be one by one"),
        Withheld::SlowedDown(slowdown) => format!(
            "the server slowed down as more was asked: {} with up to {} under way, {} with more",
            duration(slowdown.few),
            slowdown.under_way,
            duration(slowdown.many),
        ),
    };
    Some(format!("not estimated: {why}"))
}

/// The numbers of targets on which no status decided, by the reason: the kind of their failure, or that no server was
/// asked.
pub(super) fn without_status(
    summary: &Summary,
) -> impl Iterator<Item = (u64, &'static str)> + use<'_> {
    let failures = summary.failures.iter();
    let failures = failures.filter(|(kind, _)| **kind != FailureKind::Status);
    let failures = failures.map(|(kind, count)| (*count, kind.as_str()));
    let known: u64 = (summary.statuses.values().copied())
        .chain(failures.clone().map(|(count, _)| count))
        .sum();
    let none = summary.tried().saturating_sub(known + summary.kept);
    failures
        .chain([(none, "without a status"), (summary.kept, "not asked")])
        .filter(|(count, _)| *count > 0)
}

/// The end of a run that was stopped: `stopped before its end`.
pub(super) fn stopped(summary: &Summary) -> Option<String> {
    if !summary.stopped {
        return None;
    }
    if let Some(missing) = missing(summary) {
        return Some(missing);
    }
    Some(match (summary.runs, summary.listed) {
        (Some(made), _) => stopped_after(made),
        (None, Some(_)) => "stopped before its end".to_owned(),
        (None, None) => "stopped before its end; the rest of the list was not read".to_owned(),
    })
}

/// The end of a measurement that was stopped: `stopped after 3 of 12 runs`.
pub(super) fn stopped_after(made: RunsMade) -> String {
    format!("stopped after {}", runs_made(made))
}

/// The lists that could not be read to their end, if there are some: `not all of urls.txt was read`.
pub(super) fn unread_lists(summary: &Summary) -> Option<String> {
    let names: Vec<&str> = summary.unreadable.iter().map(|list| &*list.name).collect();
    match names[..] {
        [] => None,
        _ => Some(format!("not all of {} was read", names.join(" and "))),
    }
}

/// The shards that a merged report lacks, and that one of its runs was stopped, if so: `shard 2/4 is missing`.
pub(super) fn missing(summary: &Summary) -> Option<String> {
    let missing = summary.missing_shards()?.brief();
    Some(match summary.parts.iter().any(|part| part.stopped) {
        true => format!("stopped before its end, and {missing}"),
        false => missing,
    })
}

/// The runs of a measurement that was stopped: `3 of 12 runs`, `3 of at most 62 runs`.
fn runs_made(RunsMade { done, of, at_most }: RunsMade) -> String {
    match at_most {
        true => format!("{done} of at most {of} runs"),
        false => format!("{done} of {of} runs"),
    }
}

/// The progress of a run that was stopped: `16 of 800 URLs done`, or `16 URLs done` if nobody knows of how many.
/// Those that an earlier run had done count, since they are in the list.
pub(super) fn progress(summary: &Summary) -> String {
    let done = summary.tried() + summary.done_before;
    match summary.listed {
        // A list may be cut while it is read.
        Some(listed) => {
            let all = listed.max(done + summary.skipped);
            format!("{} of {} done", grouped(done), counted(all, "URL"))
        }
        None => format!("{} done", counted(done, "URL")),
    }
}

/// The targets that a stopped run left undone: `22 of 30 URLs were not done`.
pub fn left_undone(summary: &Summary) -> String {
    let read = summary.skipped;
    let were = |count| if count == 1 { "was" } else { "were" };
    match (summary.unread(), summary.all_listed()) {
        (Some(unread), Some(all)) => {
            let left = read + unread;
            let all = counted(all.max(left), "URL");
            format!("{} of {all} {} not done", grouped(left), were(left))
        }
        _ if read == 0 => "the rest of the list was not read".to_owned(),
        _ => format!(
            "{} {} not done, and the rest of the list was not read",
            counted(read, "URL"),
            were(read)
        ),
    }
}

/// The verdict of a run, as a heading.
pub(super) fn run_heading(summary: &Summary, estimate: Option<&Estimate>) -> String {
    if let Some(missing) = missing(summary) {
        return format!("Incomplete: {}, {missing}", progress(summary));
    }
    let targets = summary.targets();
    let unread = unread_lists(summary);
    if targets == 0 {
        return match summary.done_before {
            0 if summary.stopped => "Stopped before anything was fetched".to_owned(),
            0 if unread.is_some() => format!("Nothing was fetched: {}", unread.unwrap_or_default()),
            0 => "There was nothing to fetch".to_owned(),
            done => format!(
                "Nothing left to fetch: {} done before",
                counted(done, "URL")
            ),
        };
    }
    let result = if summary.stopped {
        match summary.runs {
            Some(made) => format!(
                "Stopped early, after {}: {} done in all",
                runs_made(made),
                counted(summary.tried(), "URL")
            ),
            None => format!("Stopped early: {}", progress(summary)),
        }
    } else if summary.failed == targets && targets > 1 {
        format!("All {} failed", counted(targets, "URL"))
    } else if summary.failed > 0 {
        format!(
            "{} of {} failed",
            grouped(summary.failed),
            counted(targets, "URL")
        )
    } else if targets == 1 {
        "The URL succeeded".to_owned()
    } else {
        format!("All {} succeeded", counted(targets, "URL"))
    };
    let result = match unread {
        Some(unread) => format!("{result}, but {unread}"),
        None => result,
    };
    // A range from 1 on is no headline.
    match estimate.filter(|estimate| targets > 1 && estimate.unseen.is_none()) {
        Some(estimate) => {
            let (gain, condition) = (HTML.estimate(estimate), condition(estimate));
            format!("{result}, {gain} as fast as one after the other ({condition})")
        }
        None => result,
    }
}

/// The warning that targets were not answered alike: how many, and some of their URLs. Pages that change from run to run
/// are among them, so that it decides nothing.
pub(super) fn differing((count, urls): &(u64, Vec<String>)) -> Option<String> {
    (*count > 0).then(|| {
        format!(
            "{} {} not answered alike in all runs: {}{}",
            counted(*count, "URL"),
            if *count == 1 { "was" } else { "were" },
            urls.join(" "),
            more_than(*count, urls.len()).map_or(String::new(), |more| format!(" {more}"))
        )
    })
}

/// The number of things that a list leaves out, if it does: `and 20 more`.
pub(super) fn more_than(count: u64, shown: usize) -> Option<String> {
    let more = count.saturating_sub(shown as u64);
    (more > 0).then(|| format!("and {} more", grouped(more)))
}

/// The figure that an assertion was held against, or the reason why there is none.
pub(super) fn assertion_figure(judged: &AssertionResult) -> String {
    let figure = match (judged.value, judged.interval) {
        (Some(value), Some(interval)) if !interval.says_something() => {
            format!("{} ({NO_INTERVAL})", in_unit(value, judged.unit))
        }
        (Some(value), Some(interval)) => {
            let unit = judged.unit;
            let step = |value| unit_step(value, unit);
            let [low, high] = interval_ends(interval, step, |end| in_unit(end, unit));
            let value = in_unit(value, unit);
            format!("{value} (95 % interval {low} … {high})")
        }
        (Some(value), None) => match judged.of {
            Some(of) => failed_of(value, judged.unit, of),
            None => in_unit(value, judged.unit),
        },
        (None, _) => return judged.why.clone(),
    };
    match judged.why.is_empty() {
        true => figure,
        false => format!("{figure}, {}", judged.why),
    }
}

/// A number or a share of failures, with the number of URLs that they are of: `1 of 4 failed`.
fn failed_of(value: f64, unit: &str, of: u64) -> String {
    let all = grouped(of);
    match unit {
        "%" => {
            let failed = (value * of as f64 / 100.0).round() as u64;
            format!(
                "{} ({} of {all} failed)",
                in_unit(value, unit),
                grouped(failed)
            )
        }
        _ => format!("{} of {all} failed", grouped(value as u64)),
    }
}

fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "s" => format_secs(value),
        "B/s" => format!("{}/s", bytes(value as u64)),
        "x" => TERMINAL.ratio(value),
        "%" => format!("{value:.2} %"),
        "/s" => format!("{}/s", rate(value)),
        _ => format!("{value}"),
    }
}

/// The distance of the numbers that [`in_unit`] tells apart near this one.
fn unit_step(value: f64, unit: &str) -> f64 {
    match unit {
        "s" => secs_step(value),
        "B/s" => bytes_step(value),
        "/s" => rate_step(value),
        _ => 0.01,
    }
}
