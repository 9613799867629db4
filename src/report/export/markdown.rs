//! The report as GitHub's Markdown: the summary of a CI step.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use super::super::Baseline;
use super::super::against::items;
use super::super::format::{bytes, counted, duration, format_secs};
use super::super::wording::{self, MARKDOWN};
use super::markdown_why::{knee_reasons, phases, reasons};
use super::markup::{markdown_cell, markdown_code, markdown_sentence};
use super::run_label::RunLabels;
use super::words::{reason, short, tried_again};
use crate::measure::Estimate;
use crate::model::event::{AssertionResult, Event, Listener};
use crate::model::measurement::{Against, ArmLatency, ArmRun, ArmTimes, Comparison, Sweep};
use crate::model::notice::MeasurementNotice;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::stats::Latency;

/// The most failures that are listed.
const FAILURES: usize = 100;

/// The most targets that are listed of those that succeeded when they were tried again.
const TRIED_AGAIN: usize = 20;

/// The most of the slowest targets that are listed.
const SLOWEST: usize = 10;

/// The report as GitHub's Markdown, written to `W` when it is closed: the totals, the verdicts of
/// assertions, the percentiles, the statuses, the first hundred failures and targets that were not done at the
/// deadline, the first twenty that were tried again and
/// succeeded, and the ten slowest. In a comparison or a sweep its verdict and its times come first, and warm-ups are left out.
///
/// URLs and assertions are code spans, so that the source can be read as well as the page. All other characters with
/// a meaning in Markdown, HTML or GitHub's additions to them are written as character references, so that no URL and
/// no message can be more than text.
#[derive(Debug)]
pub struct Markdown<W> {
    out: W,
    baseline: Baseline,
    arm: Option<ArmRun>,
    labels: RunLabels,
    /// The first failures, as rows.
    failures: Vec<String>,
    failed: u64,
    /// The first that were not done at the run's deadline, as rows.
    not_done: Vec<String>,
    not_done_in_all: u64,
    /// The first that succeeded when they were tried again, as rows.
    tried_again: Vec<String>,
    tried_again_in_all: u64,
    /// The slowest targets, as rows, the slowest first.
    slowest: Vec<(Duration, String)>,
    /// The verdict or the totals, and the rest of the page; `None` until the run is over.
    result: Option<(String, String)>,
    /// The assertions and their verdicts, as rows.
    assertions: Vec<String>,
    /// The run against an earlier one.
    against: String,
}

impl<W: Write> Markdown<W> {
    /// A page written to `out`.
    pub fn new(out: W, baseline: Baseline) -> Self {
        Markdown {
            out,
            baseline,
            arm: None,
            labels: RunLabels::default(),
            failures: Vec::new(),
            failed: 0,
            not_done: Vec::new(),
            not_done_in_all: 0,
            tried_again: Vec::new(),
            tried_again_in_all: 0,
            slowest: Vec::new(),
            result: None,
            assertions: Vec::new(),
            against: String::new(),
        }
    }

    /// Adds a target to the failures and the slowest.
    fn note(&mut self, outcome: &Outcome) {
        // Neither what this run did not fetch nor a warm-up counts.
        let is_past_deadline = outcome.is_past_deadline();
        let is_left_out =
            matches!(outcome.verdict, Verdict::Skipped | Verdict::Done) && !is_past_deadline;
        if is_left_out || self.arm.is_some_and(|run| run.pair == 0) {
            return;
        }
        let mut url = markdown_code(&short(&outcome.url));
        if let Some(run) = self.arm {
            let _ = write!(url, " | {}", self.labels.run(run));
        }
        let time = outcome.elapsed();
        if outcome.verdict == Verdict::Failed || is_past_deadline {
            let (count, rows) = match is_past_deadline {
                true => (&mut self.not_done_in_all, &mut self.not_done),
                false => (&mut self.failed, &mut self.failures),
            };
            *count += 1;
            if rows.len() < FAILURES {
                let time = time.map(duration).unwrap_or_default();
                let reason = markdown_cell(&short(&reason(outcome)));
                rows.push(format!("| {url} | {time} | {reason} |\n"));
            }
        }
        if let Some(attempts) = tried_again(outcome) {
            self.tried_again_in_all += 1;
            if self.tried_again.len() < TRIED_AGAIN {
                let time = time.map(duration).unwrap_or_default();
                let attempts = markdown_cell(&short(&attempts));
                self.tried_again
                    .push(format!("| {url} | {time} | {attempts} |\n"));
            }
        }
        let Some(time) = time else { return };
        // Of two equally slow ones the earlier stays before the later.
        let place = self.slowest.partition_point(|(slower, _)| *slower >= time);
        if place < SLOWEST {
            let size = bytes(outcome.bytes);
            let time_text = wording::with_waits(time, outcome.retry_wait());
            let row = format!("| {url} | {time_text} | {size} |\n");
            self.slowest.truncate(SLOWEST - 1);
            self.slowest.insert(place, (time, row));
        }
    }

    fn end(&mut self, summary: &Summary) {
        let totals = format!("## pfetch\n\n{}", totals(summary));
        let rest = times(summary, self.baseline) + &latencies(summary) + &statuses(summary);
        self.result = Some((totals, rest));
    }

    fn judge(&mut self, judged: &AssertionResult) {
        let verdict = judged.verdict.as_str();
        let verdict = match judged.verdict.is_failure() {
            true => format!("**{verdict}**"),
            false => verdict.to_owned(),
        };
        let (assertion, figure) = (
            markdown_code(&short(&judged.assertion)),
            markdown_cell(&wording::assertion_figure(judged)),
        );
        self.assertions
            .push(format!("| {assertion} | {figure} | {verdict} |\n"));
    }

    fn finish(&mut self, (mut page, rest): (String, String)) -> io::Result<()> {
        if !self.assertions.is_empty() {
            page += "\n| gate | figure | verdict |\n| --- | ---: | --- |\n";
            page.extend(self.assertions.drain(..));
        }
        page += &self.against;
        page += &rest;
        let [run, line] = match self.labels.has_runs() {
            true => [" run |", " --- |"],
            false => ["", ""],
        };
        for (heading, why, count, rows) in [
            ("Failures", "why", self.failed, &mut self.failures),
            (
                "Not done at the deadline",
                "why",
                self.not_done_in_all,
                &mut self.not_done,
            ),
            (
                "Succeeded when tried again",
                "attempts",
                self.tried_again_in_all,
                &mut self.tried_again,
            ),
        ] {
            if count == 0 {
                continue;
            }
            let _ = write!(page, "\n### {heading} ({count})\n\n");
            let _ = write!(
                page,
                "| URL |{run} time | {why} |\n| --- |{line} ---: | --- |\n"
            );
            let more = wording::more_than(count, rows.len());
            page.extend(rows.drain(..));
            if let Some(more) = more {
                let _ = write!(page, "\n{more}\n");
            }
        }
        // A single one is the slowest of nothing.
        if self.slowest.len() > 1 {
            page += "\n### Slowest\n\n";
            let _ = write!(
                page,
                "| URL |{run} time | size |\n| --- |{line} ---: | ---: |\n"
            );
            page.extend(self.slowest.drain(..).map(|(_, row)| row));
        }
        self.out.write_all(page.as_bytes())
    }
}

/// The line of counts.
fn totals(summary: &Summary) -> String {
    let counts = wording::target_counts(summary);
    let [ok, failed, not_done, skipped, before] = counts;
    if summary.targets() == 0 && before.count > 0 && !summary.stopped {
        return format!("**nothing left to do: {}**\n", before.text());
    }
    let mut text = format!("**{}, {}", ok.text(), failed.text());
    if not_done.count > 0 {
        let _ = write!(text, ", {}", not_done.text());
    }
    text += "**";
    let is_partial = summary.stopped && summary.runs.is_none();
    if is_partial {
        let _ = write!(text, " · {}", wording::progress(summary));
    } else {
        if skipped.count > 0 {
            let _ = write!(text, ", {}", skipped.text());
        }
        let _ = write!(text, " of {}", summary.targets());
    }
    // Those that were done before are none of this run's targets.
    if before.count > 0 {
        let _ = write!(text, " · {}", before.text());
    }
    let _ = write!(text, " · {}", bytes(summary.bytes));
    let parts = [
        wording::workers(summary),
        wording::retries(summary),
        wording::stopped(summary),
        wording::unread_lists(summary).map(|unread| markdown_sentence(&short(&unread))),
    ];
    for part in parts.into_iter().flatten() {
        let _ = write!(text, " · {part}");
    }
    text + "\n"
}

/// The table of times.
fn times(summary: &Summary, baseline: Baseline) -> String {
    let Some(makespan) = summary.makespan else {
        return String::new();
    };
    let mut text = String::from("\n| | time |\n| --- | ---: |\n");
    let meaning =
        wording::parallel_meaning(summary).map_or(String::new(), |meaning| format!(", {meaning}"));
    let _ = writeln!(text, "| parallel{meaning} | {} |", duration(makespan));
    let estimate = Estimate::of(summary).filter(|_| baseline == Baseline::Estimate);
    if let Some(estimate) = estimate {
        let serial = duration(estimate.serial);
        let _ = writeln!(
            text,
            "| serial, estimated as the sum of the requests' times | {serial} |"
        );
        let speedup = MARKDOWN.estimate(&estimate);
        let condition = wording::condition(&estimate);
        let _ = writeln!(text, "| speed-up, {condition} | {speedup} |");
        if let Ok((best, _)) = estimate.best {
            let best = MARKDOWN.most(best);
            let _ = writeln!(text, "| best possible by these times | {best} |");
        }
    }
    let withheld = wording::withheld(summary).filter(|_| baseline == Baseline::Estimate);
    if let Some(withheld) = withheld {
        let _ = writeln!(text, "| speed-up | {withheld} |");
    }
    if let Some(rates) = wording::rates(summary) {
        let _ = writeln!(text, "| rate | {} |", rates.join(", "));
    }
    if let Some(missed) = wording::missed_rate(summary) {
        let _ = writeln!(text, "| asked rate | {missed} |");
    }
    if let Some(waited) = wording::input_wait(summary, estimate.as_ref()) {
        let _ = writeln!(text, "| input | {waited} |");
    }
    if let Some(waited) = wording::retry_wait(summary) {
        let _ = writeln!(text, "| retries | {waited} |");
    }
    for server in wording::servers(summary) {
        let _ = writeln!(text, "| server | {} |", markdown_cell(&short(&server)));
    }
    text
}

/// The table of percentiles.
fn latencies(summary: &Summary) -> String {
    let row = |what: &str, latency: &Latency| {
        let p = |percent| latency.p(percent).map(duration);
        Some(format!(
            "| {what} | {} | {} | {} | {} | {} |\n",
            p(50.0)?,
            p(90.0)?,
            p(95.0)?,
            p(99.0)?,
            duration(latency.max()?)
        ))
    };
    let attempts = wording::all_attempts(summary).map_or(String::new(), |text| format!(": {text}"));
    let rows: String = [
        row(&format!("time{attempts}"), &summary.latency),
        row("to the first byte", &summary.ttfb),
        summary
            .intended
            .as_ref()
            .and_then(|latency| row(wording::FROM_INTENDED_START, latency)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if rows.is_empty() {
        return rows;
    }
    let heading = "| of those that succeeded | p50 | p90 | p95 | p99 | max |";
    format!("\n{heading}\n| --- | ---: | ---: | ---: | ---: | ---: |\n{rows}")
}

/// The table of statuses.
fn statuses(summary: &Summary) -> String {
    let mut text = String::new();
    for (status, count) in &summary.statuses {
        let _ = writeln!(text, "| {status} | {count} |");
    }
    for (count, why) in wording::without_status(summary) {
        let _ = writeln!(text, "| {why} | {count} |");
    }
    if text.is_empty() {
        return text;
    }
    format!("\n| status | URLs |\n| --- | ---: |\n{text}")
}

/// The verdict of a comparison, and the rest of its page.
fn compared(comparison: &Comparison) -> (String, String) {
    let mut page = String::from("## pfetch: serial and parallel\n\n**");
    page += &wording::comparison_text(comparison);
    if let Some(ratio) = MARKDOWN.speedup(comparison) {
        let _ = write!(page, ": {ratio}");
    }
    page += "**";
    let interval = |speedup| MARKDOWN.interval(speedup);
    if let Some(interval) = comparison.speedup.and_then(interval) {
        let _ = write!(page, ", {interval}");
    }
    if let Some(remedy) = wording::would_tell(comparison) {
        let _ = write!(page, " – {remedy}");
    }
    let _ = write!(
        page,
        " · {} · {} · {}",
        counted(comparison.targets, "URL"),
        counted(comparison.pairs() as u64, "pair"),
        counted(comparison.workers as u64, "worker"),
    );
    if let Some(efficiency) = comparison.efficiency() {
        let _ = write!(page, " · efficiency {:.0} %", efficiency * 100.0);
    }
    if let Some(course) = wording::course(comparison) {
        let _ = write!(page, " · {course}");
    }
    if let Some(stopped) = wording::comparison_stopped(comparison) {
        let _ = write!(page, " · {stopped}");
    }
    page += "\n";
    let verdict = std::mem::take(&mut page);
    page += &reasons(&comparison.why);
    page += "\n| | geometric mean | median | deviation | min | max | p50 of URLs | p95 of URLs | failed | retries |\n";
    page += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    page += &arm("serial", &comparison.serial);
    page += &arm("parallel", &comparison.parallel);
    if let Some(level) = wording::level(comparison) {
        let level = wording::capitalized(&level) + ".";
        let _ = write!(page, "\n{}\n", markdown_sentence(&level));
    }
    if let Some(estimated) = comparison.estimated {
        let _ = write!(
            page,
            "\nThe per-URL times alone would have said {}.\n",
            MARKDOWN.ratio(estimated)
        );
    }
    if let Some(hint) = wording::sweep_hint(comparison) {
        let _ = writeln!(page, "\n{}.", wording::capitalized(hint));
    }
    page += &phases(&comparison.why);
    page += &differing(&comparison.differing);
    page += &notices(&comparison.notices);
    (verdict, page)
}

/// The verdict of a sweep, and the rest of its page.
fn swept(sweep: &Sweep) -> (String, String) {
    let mut verdict = format!(
        "## pfetch: numbers of workers\n\n**{}**",
        wording::sweep_heading(sweep)
    );
    let interval = |speedup| MARKDOWN.interval(speedup);
    if let Some(interval) = sweep.gain().and_then(interval) {
        let _ = write!(verdict, ", {interval}");
    }
    let _ = write!(verdict, " · {}", counted(sweep.targets, "URL"));
    if let Some(course) = wording::sweep_course(sweep) {
        let runs = wording::runs_at_each(sweep);
        let _ = write!(verdict, " · {runs} at each number of workers · {course}");
    }
    verdict += "\n";
    let mut page = String::from(
        "\n| workers | geometric mean | median | deviation | min | max | p50 of URLs | p95 of URLs | failed | retries |\n",
    );
    page += "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for point in &sweep.points {
        let passed_over = sweep.passed_over(point.workers).map(|_| " (passed over)");
        let name = format!("{}{}", point.workers, passed_over.unwrap_or_default());
        page += &arm(&name, &point.times);
    }
    if let Some(knee) = sweep.knee {
        let _ = writeln!(page, "\nThe knee is {}.", wording::knee(sweep, knee));
    }
    page += &knee_reasons(sweep.why.as_ref());
    for sentence in wording::gain_sentences(sweep, MARKDOWN) {
        let _ = writeln!(page, "\n{sentence}");
    }
    page += &differing(&sweep.differing);
    page += &notices(&sweep.notices);
    (verdict, page)
}

/// The notices as a list.
fn notices(notices: &[MeasurementNotice]) -> String {
    let mut text = String::new();
    for (place, notice) in notices.iter().enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        let _ = writeln!(
            text,
            "{gap}- {}",
            markdown_sentence(&short(&notice.to_string()))
        );
    }
    text
}

/// The targets that were not answered alike in all runs, as a list.
fn differing((count, urls): &(u64, Vec<String>)) -> String {
    let mut text = String::new();
    if *count > 0 {
        let _ = write!(text, "\nNot answered alike in all runs ({count}):\n\n");
        for url in urls {
            let _ = writeln!(text, "- {}", markdown_code(&short(url)));
        }
        if let Some(more) = wording::more_than(*count, urls.len()) {
            let _ = writeln!(text, "- {more}");
        }
    }
    text
}

/// The run against an earlier one, as a list.
fn against(against: &Against) -> String {
    let mut page = String::from("\nAgainst the baseline:\n\n");
    for text in items(against) {
        let _ = writeln!(page, "- {}", markdown_sentence(&short(&text)));
    }
    page
}

/// The times of an arm, as a row.
fn arm(name: &str, times: &ArmTimes) -> String {
    let sample = &times.sample;
    let none = || "–".to_owned();
    let latency = |percentile: fn(ArmLatency) -> f64| {
        times.latency.map(percentile).map_or_else(none, format_secs)
    };
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        format_secs(times.typical_seconds()),
        format_secs(sample.median),
        sample.deviation.map_or_else(none, format_secs),
        format_secs(sample.min),
        format_secs(sample.max),
        latency(|latency| latency.p50),
        latency(|latency| latency.p95),
        times.failed,
        times.retries
    )
}

impl<W: Write> Listener for Markdown<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(outcome) => self.note(outcome),
            Event::ArmStarted(run) => {
                self.arm = Some(*run);
                self.labels.note(*run);
            }
            Event::ArmEnded(_) => self.arm = None,
            Event::Against(compared) => self.against = against(compared),
            Event::Compared(comparison) => self.result = Some(compared(comparison)),
            Event::Swept(sweep) => self.result = Some(swept(sweep)),
            Event::Ended(summary) => self.end(summary),
            Event::Assertion(judged) => self.judge(judged),
            Event::Started(_)
            | Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_) => {}
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(result) = self.result.take() {
            self.finish(result)?;
        }
        self.out.flush()
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
