//! The sentences that report formats share: counts, totals, estimate and verdicts.
//!
//! The formats lay these texts out and add none of their own about the same figures, so that a run is
//! described alike on the terminal, in Markdown and in HTML. What differs on purpose is how numbers are
//! written ([`Notation`]).

use crate::measure::{Bound, Estimate};
use crate::model::event::AssertionResult;
use crate::model::measurement::{Comparison, Sweep};
use crate::model::outcome::Verdict;
use crate::model::summary::{RunsMade, Summary};
use crate::report::format::{bytes, counted, distinct_ratio, duration, format_secs, grouped};
use crate::stats::{Finding, Interval, Knee};

/// The reason for which there is no bound of the speed-up.
const HELD_BACK: &str = "starts or bytes were held back as asked";

/// The notation of ratios and intervals in a format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Notation {
    /// The sign after a ratio.
    times: &'static str,
    /// The text between the ends of an interval.
    to: &'static str,
}

/// The notation on a terminal: `4.08x`, `3.99x … 4.16x`.
pub(super) const TERMINAL: Notation = Notation {
    times: "x",
    to: " … ",
};

/// The notation in Markdown: `4.08x`, `3.99x to 4.16x`.
pub(super) const MARKDOWN: Notation = Notation {
    times: "x",
    to: " to ",
};

/// The notation in HTML: `4.08×`, `3.99× to 4.16×`.
pub(super) const HTML: Notation = Notation {
    times: "×",
    to: " to ",
};

impl Notation {
    /// Formats a ratio with two decimals.
    pub(super) fn ratio(self, ratio: f64) -> String {
        format!("{ratio:.2}{}", self.times)
    }

    /// Formats the interval of a ratio: `95 % interval 3.99x … 4.16x`.
    pub(super) fn interval(self, interval: Interval) -> String {
        let [low, high] = [interval.low, interval.high].map(|end| self.ratio(end));
        format!("95 % interval {low}{}{high}", self.to)
    }

    /// Formats a comparison's ratio. One that is shown not to be 1 is never written as 1.
    pub(super) fn speedup(self, comparison: &Comparison) -> String {
        let speedup = &comparison.speedup;
        match speedup.finding() {
            Some(Finding::Faster | Finding::Slower) => {
                format!("{}{}", distinct_ratio(speedup.ratio), self.times)
            }
            Some(Finding::NoDifference) | None => self.ratio(speedup.ratio),
        }
    }

    /// Formats the largest speed-up that was possible: `best possible here 2.00x (2 workers)`.
    pub(super) fn best(self, estimate: &Estimate) -> String {
        match self.best_and_bound(estimate) {
            Some((best, bound)) => format!("best possible here {best} ({bound})"),
            None => HELD_BACK.to_owned(),
        }
    }

    /// Formats the same behind a speed-up: `of at most 2.00x here (2 workers)`.
    pub(super) fn bound(self, estimate: &Estimate) -> String {
        match self.best_and_bound(estimate) {
            Some((best, bound)) => format!("of at most {best} here ({bound})"),
            None => HELD_BACK.to_owned(),
        }
    }

    fn best_and_bound(self, estimate: &Estimate) -> Option<(String, String)> {
        let (best, bound) = estimate.best?;
        let bound = match bound {
            Bound::Slowest(slowest) => format!("slowest URL {}", duration(slowest)),
            Bound::Workers(workers) => counted(workers as u64, "worker"),
        };
        Some((self.ratio(best), bound))
    }
}

/// The number of targets with one verdict. Files that were up to date count as successes.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetCount {
    pub(super) verdict: Verdict,
    pub(super) count: u64,
    /// The successes among them whose file was up to date.
    unchanged: u64,
}

impl TargetCount {
    /// Formats it as `3 ok`, `3 ok (2 unchanged)`, `3 ok (unchanged)`, `2 done before`.
    pub(super) fn text(self) -> String {
        let name = match self.verdict {
            Verdict::Done => "done before",
            verdict => verdict.as_str(),
        };
        let count = grouped(self.count);
        match self.unchanged {
            0 => format!("{count} {name}"),
            all if all == self.count => format!("{count} {name} (unchanged)"),
            some => format!("{count} {name} ({} unchanged)", grouped(some)),
        }
    }
}

/// The numbers of targets by verdict, in the order of reports.
pub(super) fn target_counts(summary: &Summary) -> [TargetCount; 4] {
    [
        (Verdict::Ok, summary.ok + summary.unchanged),
        (Verdict::Failed, summary.failed),
        (Verdict::Skipped, summary.skipped),
        (Verdict::Done, summary.done_before),
    ]
    .map(|(verdict, count)| TargetCount {
        verdict,
        count,
        unchanged: match verdict {
            Verdict::Ok => summary.unchanged,
            _ => 0,
        },
    })
}

/// The number of retries, if there were any.
pub(super) fn retries(summary: &Summary) -> Option<String> {
    (summary.retries > 0).then(|| counted(summary.retries, "retry"))
}

/// The number of workers; of merged runs, the most at one time.
pub(super) fn workers(summary: &Summary) -> String {
    let workers = counted(summary.workers as u64, "worker");
    match summary.merged {
        Some(_) => format!("{workers} at one time"),
        None => workers,
    }
}

/// The meaning of the parallel time of merged runs, which rests on more than one clock.
pub(super) fn merged(summary: &Summary) -> Option<String> {
    let runs = summary.merged?;
    Some(format!(
        "while any of {} was at work, by their clocks",
        counted(runs, "run")
    ))
}

/// The throughput and the rate of URLs, with this many decimals: `10.6 kB/s`, `10.0 URLs/s`.
pub(super) fn rates(summary: &Summary, decimals: usize) -> Option<[String; 2]> {
    let (throughput, rate) = (summary.throughput()?, summary.rate()?);
    let throughput = format!("{}/s", bytes(throughput as u64));
    Some([throughput, format!("{rate:.decimals$} URLs/s")])
}

/// The number of targets that were tried.
pub(super) fn tried(summary: &Summary) -> u64 {
    summary.ok + summary.unchanged + summary.failed
}

/// The number of targets that were tried and got no status.
pub(super) fn without_status(summary: &Summary) -> u64 {
    tried(summary).saturating_sub(summary.statuses.values().sum())
}

/// The end of a run that was stopped: `stopped before its end`.
pub(super) fn stopped(summary: &Summary) -> Option<String> {
    if !summary.stopped {
        return None;
    }
    Some(match (summary.runs, summary.listed) {
        (Some(RunsMade { done, of }), _) => format!("stopped after {done} of {of} runs"),
        (None, Some(_)) => "stopped before its end".to_owned(),
        (None, None) => "stopped before its end; the rest of the list was not read".to_owned(),
    })
}

/// The progress of a run that was stopped: `16 of 800 URLs done`, or `16 URLs done` if nobody knows of how many.
/// Those that an earlier run had done count, since they are in the list.
pub(super) fn progress(summary: &Summary) -> String {
    let done = tried(summary) + summary.done_before;
    match summary.listed {
        // A list may be cut while it is read.
        Some(listed) => {
            let all = listed.max(done + summary.skipped);
            format!("{} of {} done", grouped(done), counted(all, "URL"))
        }
        None => format!("{} done", counted(done, "URL")),
    }
}

/// The verdict of a run, as a heading.
pub(super) fn run_heading(summary: &Summary, estimate: Option<&Estimate>) -> String {
    let targets = summary.targets();
    if targets == 0 {
        return match summary.done_before {
            0 if summary.stopped => "Stopped before anything was fetched".to_owned(),
            0 => "There was nothing to fetch".to_owned(),
            done => format!(
                "Nothing left to fetch: {} done before",
                counted(done, "URL")
            ),
        };
    }
    let result = if summary.stopped {
        match summary.runs {
            Some(RunsMade { done, of }) => format!(
                "Stopped early: {} of {} done, after {done} of {of} runs",
                grouped(tried(summary)),
                counted(targets, "URL")
            ),
            None => format!("Stopped early: {}", progress(summary)),
        }
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
    match estimate.filter(|_| targets > 1) {
        Some(estimate) => {
            let gain = HTML.ratio(estimate.speedup);
            format!("{result}, an estimated {gain} as fast as one after the other")
        }
        None => result,
    }
}

/// The finding of a comparison; `None` for one pair of runs, which has no interval.
pub(super) fn comparison_finding(comparison: &Comparison) -> Option<&'static str> {
    comparison.speedup.finding().map(|finding| match finding {
        Finding::Faster => "parallel is faster",
        Finding::Slower => "parallel is slower",
        Finding::NoDifference => "no difference shown",
    })
}

/// The verdict of a comparison, in a sentence: `parallel is faster, 4.08 times`.
pub(super) fn comparison_verdict(comparison: &Comparison) -> String {
    let Some(finding) = comparison_finding(comparison) else {
        return "one pair of runs shows no difference beyond chance".to_owned();
    };
    let ratio = comparison.speedup.ratio;
    match comparison.speedup.finding() {
        Some(Finding::Faster) => format!("{finding}, {} times", distinct_ratio(ratio)),
        Some(Finding::Slower) => format!("{finding}, {} times", distinct_ratio(1.0 / ratio)),
        Some(Finding::NoDifference) | None => finding.to_owned(),
    }
}

/// The verdict of a comparison, as a heading.
pub(super) fn comparison_heading(comparison: &Comparison) -> String {
    let ratio = HTML.speedup(comparison);
    match (comparison_finding(comparison), comparison.speedup.finding()) {
        (Some(finding), Some(Finding::Faster | Finding::Slower)) => {
            format!("{}: {ratio} the speed of serial", capitalized(finding))
        }
        (Some(finding), _) => {
            format!("{} between parallel and serial", capitalized(finding))
        }
        (None, _) => format!("{ratio} in a single pair, which gives no interval and no verdict"),
    }
}

/// The verdict of a sweep, in a sentence.
pub(super) fn sweep_verdict(sweep: &Sweep) -> String {
    let (Some(fewest), Some(most), Some(knee)) =
        (sweep.points.first(), sweep.points.last(), sweep.knee)
    else {
        return "the times do not tell how many workers are enough".to_owned();
    };
    let workers = counted(knee.workers as u64, "worker");
    let gain = sweep.speedup().map(|speedup| speedup.ratio);
    let gain = gain.map(|gain| format!("{gain:.2} times as fast as {}", fewest.workers));
    if sweep.is_undecided() {
        let by_means = counted(knee.by_means as u64, "worker");
        let gain = gain.map(|gain| format!(", {gain}")).unwrap_or_default();
        return format!(
            "the runs do not decide how many workers are enough: by the means {by_means}{gain}, but \
             {workers} {} not shown to be too few",
            if knee.workers == 1 { "is" } else { "are" }
        );
    }
    let verdict = match gain.filter(|_| knee.workers > fewest.workers) {
        // Perhaps more would be faster still.
        Some(gain) if knee.workers == most.workers => {
            format!("{workers} are {gain}, and more were not tried")
        }
        Some(gain) => format!("{workers} are enough: {gain}"),
        None if knee.workers == most.workers => {
            format!("{workers}, and no other number was tried")
        }
        None if knee.workers == 1 => {
            format!("{workers} is enough: more are not shown to gain more than 5 %")
        }
        None => format!("{workers} are enough: more are not shown to gain more than 5 %"),
    };
    match sweep.is_single() && sweep.points.len() > 1 {
        true => format!("{verdict} (one run each, which shows little)"),
        false => verdict,
    }
}

/// The place of the knee, and what it means.
pub(super) fn knee(knee: Knee) -> String {
    let workers = counted(knee.workers as u64, "worker");
    let is = if knee.workers == 1 { "is" } else { "are" };
    match knee.by_means == knee.workers {
        true => {
            format!("{workers}: the fewest that are not shown to be 5 % slower than the best")
        }
        false => format!(
            "not decided: {} by the means, but {workers} {is} not shown to be 5 % slower than the best",
            counted(knee.by_means as u64, "worker")
        ),
    }
}

/// The warning that runs did not do the same work: how many targets differed, and some of their URLs.
pub(super) fn differing((count, urls): &(u64, Vec<String>)) -> Option<String> {
    (*count > 0).then(|| {
        format!(
            "{} {} not answered alike in all runs, so the arms did not do the same work: {}",
            counted(*count, "URL"),
            if *count == 1 { "was" } else { "were" },
            urls.join(" ")
        )
    })
}

/// The figure that an assertion was held against, or the reason why there is none.
pub(super) fn assertion_figure(judged: &AssertionResult) -> String {
    let figure = match (judged.value, judged.interval) {
        (Some(value), Some(Interval { low, high })) => format!(
            "{} (95 % interval {} … {})",
            in_unit(value, judged.unit),
            in_unit(low, judged.unit),
            in_unit(high, judged.unit)
        ),
        (Some(value), None) => in_unit(value, judged.unit),
        (None, _) => return judged.why.clone(),
    };
    match judged.why.is_empty() {
        true => figure,
        false => format!("{figure}, {}", judged.why),
    }
}

fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "s" => format_secs(value),
        "B/s" => format!("{}/s", bytes(value as u64)),
        "x" => TERMINAL.ratio(value),
        "%" => format!("{value:.2} %"),
        "/s" => format!("{value:.0}/s"),
        _ => format!("{value}"),
    }
}

/// The text with its first letter in upper case.
pub(super) fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}
