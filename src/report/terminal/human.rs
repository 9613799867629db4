//! The report for people: a line for each URL as it ends, then the totals.

use std::io::{self, Write};

use crate::measure::Estimate;
use crate::model::event::{AssertionVerdict, Event, Listener};
use crate::model::measurement::{Against, Arm};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::text::escape;

use super::comparison;
use crate::report::Baseline;
use crate::report::against;
use crate::report::format::{
    align_right, bytes, counted, duration, push_bytes, push_duration, push_number,
};
use crate::report::wording::{self, TERMINAL};

/// The style of a [`Human`] report.
#[derive(Debug, Clone, Copy, Default)]
pub struct HumanStyle {
    /// Uses colour.
    pub colour: bool,
    /// Leaves out everything but failures.
    pub quiet: bool,
    /// The serial baseline.
    pub baseline: Baseline,
}

/// The report for people, written to `W`.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    /// The buffer of a URL's line, kept for the next.
    line: String,
    style: HumanStyle,
    /// The run that is under way is a repetition in a comparison: the lines of another run stand for it.
    is_repeat: bool,
    /// The run whose lines are printed has begun.
    has_shown: bool,
    /// The run against an earlier one, until it is written in its place.
    against: Option<Against>,
}

/// The least number of targets of which percentiles are shown.
const HANDFUL: u64 = 10;

/// The maximum number of origins that are told of.
const MAX_ORIGINS: usize = 5;

/// The percentiles that are shown, before the longest time.
const PERCENTILES: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

impl<W: Write> Human<W> {
    /// A report written to `out`.
    pub fn new(out: W, style: HumanStyle) -> Self {
        Human {
            out,
            line: String::new(),
            style,
            is_repeat: false,
            has_shown: false,
            against: None,
        }
    }

    /// Writes the line of a URL.
    fn line(&mut self, outcome: &Outcome) -> io::Result<()> {
        if matches!(outcome.verdict, Verdict::Skipped | Verdict::Done)
            || (self.style.quiet && outcome.verdict != Verdict::Failed)
        {
            // How many there are of them stands in the summary; their names are no news.
            return Ok(());
        }
        let (colour, dim, reset) = if self.style.colour {
            let colour = match outcome.verdict {
                Verdict::Ok => GREEN,
                Verdict::Failed => RED,
                Verdict::Unchanged | Verdict::Done | Verdict::Skipped => DIM,
            };
            (colour, DIM, RESET)
        } else {
            ("", "", "")
        };
        // Most of what a run prints, and all of it for most URLs: without the formatting machinery.
        let text = &mut self.line;
        text.clear();
        text.push_str(colour);
        let start = text.len();
        match outcome.status() {
            Some(status) => push_number(text, status.into()),
            None if outcome.verdict == Verdict::Unchanged => text.push_str("kept"),
            None => text.push_str("fail"),
        }
        align_right(text, start, 5);
        text.push_str(reset);
        text.push_str("  ");
        let start = text.len();
        // Of a target that was tried again, the time of all attempts.
        if let Some(elapsed) = outcome.elapsed() {
            push_duration(text, elapsed);
        }
        align_right(text, start, 9);
        text.push_str("  ");
        let start = text.len();
        if outcome.status().is_some() {
            push_bytes(text, outcome.bytes);
        }
        align_right(text, start, 9);
        text.push_str("  ");
        text.push_str(&outcome.url);
        self.out.write_all(text.as_bytes())?;
        self.details(outcome, [colour, dim, reset])
    }

    /// Writes the rest of a URL's line, which most have not: where it redirected to, its file, its error.
    fn details(&mut self, outcome: &Outcome, [colour, dim, reset]: [&str; 3]) -> io::Result<()> {
        if let Some(url) = outcome.final_url() {
            write!(self.out, " {dim}-> {url}{reset}")?;
        }
        if let Some(saved) = outcome.saved() {
            let path = escape(&saved.path.display().to_string());
            write!(self.out, "  {dim}=> {path}{reset}")?;
            if outcome.verdict == Verdict::Unchanged {
                self.out.write_all(b" (unchanged)")?;
            }
            if let Some(from) = saved.resumed_from {
                write!(self.out, " (resumed at {})", bytes(from))?;
            }
        }
        for notice in outcome.notices() {
            write!(self.out, "  {dim}({notice}){reset}")?;
        }
        if let Some(failure) = outcome.error() {
            write!(self.out, "  {colour}{failure}{reset}")?;
            if outcome.requests() > 1 {
                write!(self.out, " ({} attempts)", outcome.requests())?;
            }
        }
        self.out.write_all(b"\n")
    }

    /// Writes the totals.
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let targets = summary.targets();
        let has_none = targets + summary.done_before == 0;
        if self.style.quiet || (has_none && !summary.stopped) {
            return Ok(());
        }
        write!(self.out, "\n  {}: ", counted(targets, "URL"))?;
        self.counts(summary)?;
        let parts = [
            wording::retries(summary),
            Some(bytes(summary.bytes)),
            Some(wording::workers(summary)),
            wording::stopped(summary),
        ];
        for part in parts.into_iter().flatten() {
            write!(self.out, " · {part}")?;
        }
        self.out.write_all(b"\n")?;
        let Some(makespan) = summary.makespan else {
            return Ok(());
        };
        let (bold, reset) = if self.style.colour {
            (BOLD, RESET)
        } else {
            ("", "")
        };
        writeln!(
            self.out,
            "  parallel  {bold}{:>9}{reset}",
            duration(makespan)
        )?;
        let estimate = match self.style.baseline {
            Baseline::Estimate => Estimate::of(summary),
            Baseline::None => None,
        };
        if let Some(estimate) = &estimate {
            self.estimate(estimate)?;
        }
        if let Some(waited) = wording::input_wait(summary, estimate.as_ref()) {
            writeln!(self.out, "  input      {waited}")?;
        }
        self.write_against(false)?;
        self.origins(summary)?;
        self.figures(summary)
    }

    /// Writes what the origins take that pushed back, or why they were given up.
    fn origins(&mut self, summary: &Summary) -> io::Result<()> {
        let origins = &summary.origins;
        for limit in origins.listed.iter().take(MAX_ORIGINS) {
            writeln!(self.out, "  server     {limit}")?;
        }
        let beyond = origins.listed.len().saturating_sub(MAX_ORIGINS) as u64;
        match origins.more.saturating_add(beyond) {
            0 => Ok(()),
            more => writeln!(self.out, "  server     and {more} more"),
        }
    }

    /// Writes the number of targets by verdict. Those that were done before stand apart, because they are
    /// not of this run.
    fn counts(&mut self, summary: &Summary) -> io::Result<()> {
        let mut gap = "";
        for target in wording::target_counts(summary) {
            let colour = match target.verdict {
                Verdict::Ok => GREEN,
                Verdict::Failed if target.count > 0 => RED,
                Verdict::Failed => "",
                _ if target.count == 0 => continue,
                Verdict::Unchanged | Verdict::Skipped => DIM,
                Verdict::Done => {
                    gap = " · ";
                    ""
                }
            };
            let text = target.text();
            if self.style.colour && !colour.is_empty() {
                write!(self.out, "{gap}{colour}{text}{RESET}")?;
            } else {
                write!(self.out, "{gap}{text}")?;
            }
            gap = ", ";
        }
        Ok(())
    }

    /// Writes the run against an earlier one, if it was given.
    fn write_against(&mut self, is_sweep: bool) -> io::Result<()> {
        match self.against.take() {
            Some(against) => against::against(&mut self.out, &against, is_sweep),
            None => Ok(()),
        }
    }

    /// Writes the percentiles, the rates and the statuses, which say little about a few targets.
    fn figures(&mut self, summary: &Summary) -> io::Result<()> {
        if wording::tried(summary) < HANDFUL {
            return Ok(());
        }
        if let Some(max) = summary.latency.max() {
            self.out.write_all(b"  latency  ")?;
            for percent in PERCENTILES {
                let time = summary.latency.p(percent).unwrap_or_default();
                write!(self.out, "  p{percent} {}", duration(time))?;
            }
            writeln!(self.out, "  max {}", duration(max))?;
        }
        if let Some(rates) = wording::rates(summary) {
            writeln!(self.out, "  rate       {}", rates.join(" · "))?;
        }
        self.out.write_all(b"  statuses ")?;
        for (status, count) in &summary.statuses {
            write!(self.out, "  {count} × {status}")?;
        }
        let without = wording::without_status(summary);
        if without > 0 {
            write!(self.out, "  {without} without")?;
        }
        self.out.write_all(b"\n")
    }

    /// Writes the estimated serial time and what it says about the speed-up.
    fn estimate(&mut self, estimate: &Estimate) -> io::Result<()> {
        writeln!(
            self.out,
            "  serial    {:>9}  estimated (sum of per-URL times) · {} · {}",
            duration(estimate.serial),
            TERMINAL.ratio(estimate.speedup),
            TERMINAL.best(estimate)
        )
    }
}

impl<W: Write> Listener for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(_) if self.is_repeat => Ok(()),
            Event::Finished(outcome) => self.line(outcome),
            Event::Ended(summary) => self.summary(summary),
            Event::Started(_) | Event::Counted(_) | Event::Warning(_) => Ok(()),
            Event::ArmStarted(run) => {
                // The lines of one run, the first that counts, are those of all.
                self.is_repeat = self.has_shown || (run.arm, run.pair) != (Arm::Parallel, 1);
                self.has_shown |= !self.is_repeat;
                Ok(())
            }
            Event::Compared(_) | Event::Swept(_) if self.style.quiet => Ok(()),
            Event::Against(against) => {
                self.against = Some(against.clone());
                Ok(())
            }
            Event::Swept(sweep) => {
                comparison::sweep(&mut self.out, sweep)?;
                self.write_against(true)
            }
            Event::Compared(comparison) => {
                comparison::comparison(&mut self.out, comparison)?;
                self.write_against(false)
            }
            Event::Assertion(held)
                if self.style.quiet && held.verdict == AssertionVerdict::Held =>
            {
                Ok(())
            }
            Event::Assertion(judged) => comparison::judged(&mut self.out, judged),
            Event::ArmEnded(_) => Ok(()),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
