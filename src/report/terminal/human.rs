//! The report for people: a line per URL as it ends, then the totals.

use std::io::{self, Write};

use crate::measure::{Bound, Estimate};
use crate::model::event::{Event, GateVerdict, Listener};
use crate::model::measurement::{Against, Arm};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::text::escape;

use super::comparison;
use crate::report::Baseline;
use crate::report::against;
use crate::report::format::{
    align_right, bytes, counted, duration, push_bytes, push_duration, push_number, stopped,
};

/// How a [`Human`] report looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct HumanStyle {
    /// Whether to use colour.
    pub colour: bool,
    /// Whether to leave out everything but failures.
    pub quiet: bool,
    /// The serial baseline.
    pub baseline: Baseline,
}

/// The report for people, written to `W`.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    /// The last line's text: memory for the next.
    line: String,
    style: HumanStyle,
    /// Whether what is going on is a run whose lines have been printed already, in another run of a
    /// comparison, or will be.
    is_repeat: bool,
    /// Whether that one run has begun.
    has_shown: bool,
    /// What the run comes to against an earlier one, until its place has come.
    against: Option<Against>,
}

/// From so many targets on percentiles say something.
const HANDFUL: u64 = 10;

/// The percentiles that are shown, beside the longest time.
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

    fn line(&mut self, outcome: &Outcome) -> io::Result<()> {
        if outcome.verdict == Verdict::Skipped
            || (self.style.quiet && outcome.verdict != Verdict::Failed)
        {
            // How many were skipped stands in the summary; their names are no news.
            return Ok(());
        }
        let (colour, dim, reset) = if self.style.colour {
            let colour = match outcome.verdict {
                Verdict::Ok => GREEN,
                Verdict::Failed => RED,
                Verdict::Unchanged | Verdict::Skipped => DIM,
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
        if let Some(failure) = outcome.error() {
            write!(self.out, "  {colour}{failure}{reset}")?;
            if outcome.requests() > 1 {
                write!(self.out, " ({} attempts)", outcome.requests())?;
            }
        }
        self.out.write_all(b"\n")
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let targets = summary.targets();
        if self.style.quiet || targets + summary.done_before == 0 {
            return Ok(());
        }
        write!(self.out, "\n  {}: ", counted(targets, "URL"))?;
        let failed_colour = if summary.failed > 0 { RED } else { "" };
        let mut parts = vec![(GREEN, summary.ok, "ok")];
        if summary.unchanged > 0 {
            parts.push((DIM, summary.unchanged, "unchanged"));
        }
        parts.push((failed_colour, summary.failed, "failed"));
        if summary.skipped > 0 {
            parts.push((DIM, summary.skipped, "skipped"));
        }
        for (position, (colour, count, what)) in parts.into_iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            if self.style.colour && !colour.is_empty() {
                write!(self.out, "{comma}{colour}{count} {what}{RESET}")?;
            } else {
                write!(self.out, "{comma}{count} {what}")?;
            }
        }
        if summary.done_before > 0 {
            write!(self.out, " · {} done before", summary.done_before)?;
        }
        if summary.retries > 0 {
            write!(self.out, " · {}", counted(summary.retries, "retry"))?;
        }
        write!(
            self.out,
            " · {} · {}",
            bytes(summary.bytes),
            counted(summary.workers as u64, "worker")
        )?;
        if let Some(stopped) = stopped(summary) {
            write!(self.out, " · {stopped}")?;
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
        if let (Baseline::Estimate, Some(estimate)) = (self.style.baseline, Estimate::of(summary)) {
            self.estimate(&estimate)?;
        }
        self.set_against(false)?;
        self.figures(summary)
    }

    fn set_against(&mut self, is_sweep: bool) -> io::Result<()> {
        match self.against.take() {
            Some(told) => against::against(&mut self.out, &told, is_sweep),
            None => Ok(()),
        }
    }

    /// What only says something of more than a handful.
    fn figures(&mut self, summary: &Summary) -> io::Result<()> {
        let tried = summary.ok + summary.unchanged + summary.failed;
        if tried < HANDFUL {
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
        if let (Some(throughput), Some(rate)) = (summary.throughput(), summary.rate()) {
            let throughput = bytes(throughput as u64);
            writeln!(self.out, "  rate       {throughput}/s · {rate:.0} URLs/s")?;
        }
        self.out.write_all(b"  statuses ")?;
        for (status, count) in &summary.statuses {
            write!(self.out, "  {count} × {status}")?;
        }
        let without = tried.saturating_sub(summary.statuses.values().sum());
        if without > 0 {
            write!(self.out, "  {without} without")?;
        }
        self.out.write_all(b"\n")
    }

    fn estimate(&mut self, estimate: &Estimate) -> io::Result<()> {
        write!(
            self.out,
            "  serial    {:>9}  estimated (sum of per-URL times) · {:.2}x",
            duration(estimate.serial),
            estimate.speedup
        )?;
        let Some((best, bound)) = estimate.best else {
            return writeln!(self.out, " · starts were held back as asked");
        };
        write!(self.out, " · best possible here {best:.2}x")?;
        match bound {
            Bound::Slowest(slowest) => writeln!(self.out, " (slowest URL {})", duration(slowest)),
            Bound::Workers(workers) => {
                writeln!(self.out, " ({})", counted(workers as u64, "worker"))
            }
        }
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
                self.set_against(true)
            }
            Event::Compared(comparison) => {
                comparison::comparison(&mut self.out, comparison)?;
                self.set_against(false)
            }
            Event::Judged(held) if self.style.quiet && held.verdict == GateVerdict::Held => Ok(()),
            Event::Judged(judged) => comparison::judged(&mut self.out, judged),
            Event::ArmEnded(_) => Ok(()),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
