//! The report as GitHub's Markdown: the summary of a CI step.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use super::super::against::items;
use super::super::format::{apart, counted, stopped};
use super::super::terminal::comparison::{enough, figure, knee};
use super::super::{Baseline, bytes, duration};
use super::words::{reason, short};
use crate::measure::Estimate;
use crate::model::event::{Event, Judged, Listener};
use crate::model::measurement::{Against, ArmRun, ArmTimes, Comparison, Sweep};
use crate::model::notice::MeasurementNotice;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::text::escape;
use crate::stats::{Finding, Latency};

/// How many failures are listed.
const FAILURES: usize = 100;

/// How many of the slowest are listed.
const SLOWEST: usize = 10;

/// The report as GitHub's Markdown, written to `W` when it is closed: the totals, what became of
/// assertions, the percentiles, the statuses, the first hundred failures and the ten slowest. In a
/// comparison or a sweep its verdict and its times come first, and warm-ups are left out.
///
/// Whatever means something in Markdown, HTML or GitHub's additions to them is written as a character
/// reference, so that no URL and no message can be more than text.
#[derive(Debug)]
pub struct Markdown<W> {
    out: W,
    baseline: Baseline,
    arm: Option<ArmRun>,
    /// The first of them, as rows.
    failures: Vec<String>,
    failed: u64,
    /// The slowest first.
    slowest: Vec<(Duration, String)>,
    /// What the run came to, and then the rest of it; `None` until it is over.
    result: Option<(String, String)>,
    /// What became of assertions, as rows.
    gates: Vec<String>,
    /// What the run comes to against an earlier one.
    against: String,
}

impl<W: Write> Markdown<W> {
    /// A page written to `out`.
    pub fn new(out: W, baseline: Baseline) -> Self {
        Markdown {
            out,
            baseline,
            arm: None,
            failures: Vec::new(),
            failed: 0,
            slowest: Vec::new(),
            result: None,
            gates: Vec::new(),
            against: String::new(),
        }
    }

    fn note(&mut self, outcome: &Outcome) {
        // A warm-up does not count.
        if outcome.verdict == Verdict::Skipped || self.arm.is_some_and(|run| run.pair == 0) {
            return;
        }
        let url = md(&short(&outcome.url));
        let time = outcome.elapsed();
        if outcome.verdict == Verdict::Failed {
            self.failed += 1;
            if self.failures.len() < FAILURES {
                let time = time.map(duration).unwrap_or_default();
                let reason = md(&short(&reason(outcome)));
                let arm = self.arm.map(|run| format!("{}: ", words(run)));
                let arm = arm.unwrap_or_default();
                self.failures
                    .push(format!("| {arm}{url} | {time} | {reason} |\n"));
            }
        }
        let Some(time) = time else { return };
        // Of two equally slow ones the earlier stays before the later.
        let place = self.slowest.partition_point(|(slower, _)| *slower >= time);
        if place < SLOWEST {
            let size = bytes(outcome.bytes);
            let row = format!("| {url} | {} | {size} |\n", duration(time));
            self.slowest.truncate(SLOWEST - 1);
            self.slowest.insert(place, (time, row));
        }
    }

    fn end(&mut self, summary: &Summary) {
        let totals = format!("## pfetch\n\n{}", totals(summary));
        let rest = times(summary, self.baseline) + &latencies(summary) + &statuses(summary);
        self.result = Some((totals, rest));
    }

    fn judge(&mut self, judged: &Judged) {
        let verdict = judged.verdict.as_str();
        let verdict = match judged.verdict.is_failure() {
            true => format!("**{verdict}**"),
            false => verdict.to_owned(),
        };
        let (gate, figure) = (md(&short(&judged.gate)), md(&figure(judged)));
        self.gates
            .push(format!("| {gate} | {figure} | {verdict} |\n"));
    }

    fn finish(&mut self, (mut page, rest): (String, String)) -> io::Result<()> {
        if !self.gates.is_empty() {
            page += "\n| gate | figure | verdict |\n| --- | ---: | --- |\n";
            page.extend(self.gates.drain(..));
        }
        page += &self.against;
        page += &rest;
        if self.failed > 0 {
            let _ = write!(page, "\n### Failures ({})\n\n", self.failed);
            page += "| URL | time | why |\n| --- | ---: | --- |\n";
            page.extend(self.failures.drain(..));
            let more = self.failed.saturating_sub(FAILURES as u64);
            if more > 0 {
                let _ = write!(page, "\nand {more} more\n");
            }
        }
        // A single one is the slowest of nothing.
        if self.slowest.len() > 1 {
            page += "\n### Slowest\n\n| URL | time | size |\n| --- | ---: | ---: |\n";
            page.extend(self.slowest.drain(..).map(|(_, row)| row));
        }
        self.out.write_all(page.as_bytes())
    }
}

fn words(run: ArmRun) -> String {
    format!("{} {}", run.arm.as_str(), run.pair)
}

fn totals(summary: &Summary) -> String {
    let mut text = format!("**{} ok, {} failed**", summary.ok, summary.failed);
    for (count, what) in [
        (summary.unchanged, "unchanged"),
        (summary.skipped, "skipped"),
        (summary.done_before, "done before"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    let (targets, size) = (summary.targets(), bytes(summary.bytes));
    let workers = counted(summary.workers as u64, "worker");
    let _ = write!(text, " of {targets} · {size} · {workers}");
    if summary.retries > 0 {
        let _ = write!(text, " · {}", counted(summary.retries, "retry"));
    }
    if let Some(stopped) = stopped(summary) {
        let _ = write!(text, " · {stopped}");
    }
    text + "\n"
}

fn times(summary: &Summary, baseline: Baseline) -> String {
    let Some(makespan) = summary.makespan else {
        return String::new();
    };
    let mut text = String::from("\n| | time |\n| --- | ---: |\n");
    let _ = writeln!(text, "| parallel | {} |", duration(makespan));
    let estimate = Estimate::of(summary).filter(|_| baseline == Baseline::Estimate);
    if let Some(estimate) = estimate {
        let serial = duration(estimate.serial);
        let _ = writeln!(
            text,
            "| serial, estimated as the sum of per-URL times | {serial} |"
        );
        let _ = writeln!(text, "| speed-up | {:.2}x |", estimate.speedup);
        if let Some((best, _)) = estimate.best {
            let _ = writeln!(text, "| best possible here | {best:.2}x |");
        }
    }
    if let (Some(throughput), Some(rate)) = (summary.throughput(), summary.rate()) {
        let throughput = bytes(throughput as u64);
        let _ = writeln!(text, "| rate | {throughput}/s, {rate:.1} URLs/s |");
    }
    text
}

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
    let rows: String = [
        row("time", &summary.latency),
        row("to the first byte", &summary.ttfb),
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

fn statuses(summary: &Summary) -> String {
    let tried = summary.ok + summary.unchanged + summary.failed;
    let without = tried.saturating_sub(summary.statuses.values().sum());
    let mut text = String::new();
    for (status, count) in &summary.statuses {
        let _ = writeln!(text, "| {status} | {count} |");
    }
    if without > 0 {
        let _ = writeln!(text, "| none | {without} |");
    }
    if text.is_empty() {
        return text;
    }
    format!("\n| status | URLs |\n| --- | ---: |\n{text}")
}

/// The verdict of a comparison, and its times.
fn compared(comparison: &Comparison) -> (String, String) {
    let speedup = &comparison.speedup;
    let mut page = String::from("## pfetch: serial and parallel\n\n**");
    page += match speedup.finding().map(Finding::as_str) {
        Some("no difference") => "no difference shown",
        Some("faster") => "parallel is faster",
        Some(_) => "parallel is slower",
        None => "one pair only: no verdict",
    };
    let ratio = match speedup.finding() {
        Some(Finding::Faster | Finding::Slower) => apart(speedup.ratio),
        _ => format!("{:.2}", speedup.ratio),
    };
    let _ = write!(page, ": {ratio}x**");
    if let Some(interval) = speedup.interval {
        let (low, high) = (interval.low, interval.high);
        let _ = write!(page, ", 95 % interval {low:.2}x to {high:.2}x");
    }
    let _ = writeln!(
        page,
        " · {} · {} · {} · efficiency {:.0} %",
        counted(comparison.targets, "URL"),
        counted(speedup.pairs as u64, "pair"),
        counted(comparison.workers as u64, "worker"),
        comparison.efficiency() * 100.0
    );
    let verdict = std::mem::take(&mut page);
    page += "\n| | mean | median | deviation | min | max | failed | retries |\n";
    page += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    page += &arm("serial", &comparison.serial);
    page += &arm("parallel", &comparison.parallel);
    if let Some(estimated) = comparison.estimated {
        let _ = write!(
            page,
            "\nThe per-URL times alone would have said {estimated:.2}x.\n"
        );
    }
    page += &not_alike(&comparison.differing);
    page += &notices(&comparison.notices);
    (verdict, page)
}

/// The verdict of a sweep, and its times.
fn swept(sweep: &Sweep) -> (String, String) {
    let mut verdict = format!("## pfetch: numbers of workers\n\n**{}**", enough(sweep));
    if let Some(interval) = sweep.speedup().and_then(|speedup| speedup.interval) {
        let (low, high) = (interval.low, interval.high);
        let _ = write!(verdict, ", 95 % interval {low:.2}x to {high:.2}x");
    }
    let _ = writeln!(verdict, " · {}", counted(sweep.targets, "URL"));
    let mut page =
        String::from("\n| workers | mean | median | deviation | min | max | failed | retries |\n");
    page += "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for point in &sweep.points {
        page += &arm(&point.workers.to_string(), &point.times);
    }
    if let Some(knee) = sweep.knee {
        let _ = writeln!(page, "\nThe knee is {}.", self::knee(knee));
    }
    page += &not_alike(&sweep.differing);
    page += &notices(&sweep.notices);
    (verdict, page)
}

fn notices(notices: &[MeasurementNotice]) -> String {
    let mut text = String::new();
    for (place, notice) in notices.iter().enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}- {}", item(&notice.to_string()));
    }
    text
}

fn not_alike((count, urls): &(u64, Vec<String>)) -> String {
    let mut text = String::new();
    if *count > 0 {
        let _ = write!(text, "\nNot answered alike in all runs ({count}):\n\n");
        for url in urls {
            let _ = writeln!(text, "- {}", item(url));
        }
    }
    text
}

/// The run against an earlier one, as a list.
fn against(against: &Against) -> String {
    let mut page = String::from("\nAgainst the baseline:\n\n");
    for told in items(against) {
        let _ = writeln!(page, "- {}", item(&told));
    }
    page
}

fn arm(name: &str, times: &ArmTimes) -> String {
    let time = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_or_else(|_| "–".to_owned(), duration)
    };
    let sample = &times.sample;
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} |\n",
        time(sample.mean),
        time(sample.median),
        sample.deviation.map_or_else(|| "–".to_owned(), time),
        time(sample.min),
        time(sample.max),
        times.failed,
        times.retries
    )
}

/// Text that stays text in a table's cell: what means something in Markdown, in HTML, or to GitHub
/// (`@name`, `#1`, `:smile:`, `$math$`, addresses that become links) is written as a character
/// reference, which no reader of Markdown takes for anything but the character.
fn md(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for c in escape(text).chars() {
        let plain = match c {
            // "www." makes a link as a scheme does.
            '.' => !before.eq_ignore_ascii_case(&'w'),
            '/' | ',' | ';' | '?' | '=' | '%' | '(' | ')' | '+' => true,
            '-' => before != '-',
            c => !c.is_ascii_punctuation(),
        };
        if plain {
            safe.push(c);
        } else {
            let _ = write!(safe, "&#{};", u32::from(c));
        }
        before = c;
    }
    safe
}

/// Text that stays text in a list's item, where digits, signs and spaces mean something at the start.
fn item(text: &str) -> String {
    let text = short(text);
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if !first.is_alphabetic() => {
            format!("&#{};{}", u32::from(first), md(rest.as_str()))
        }
        _ => md(&text),
    }
}

impl<W: Write> Listener for Markdown<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(outcome) => self.note(outcome),
            Event::ArmStarted(run) => self.arm = Some(*run),
            Event::ArmEnded(_) => self.arm = None,
            Event::Against(told) => self.against = against(told),
            Event::Compared(comparison) => self.result = Some(compared(comparison)),
            Event::Swept(sweep) => self.result = Some(swept(sweep)),
            Event::Ended(summary) => self.end(summary),
            Event::Judged(judged) => self.judge(judged),
            Event::Started(_) | Event::Counted(_) | Event::Warning(_) => {}
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
