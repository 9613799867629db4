//! The report for people: a line for each URL as it ends, then the totals.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::mem;

use console::truncate_str;

use crate::model::event::{AssertionVerdict, Event, Listener};
use crate::model::measurement::Against;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::text::escape;

use super::comparison;
use super::heads;
use super::lines::TextWriter;
use super::refused_heads::RefusedHeads;
use super::style::{HumanStyle, Remainder, WayOn};
use super::totals::{self, DIM, GREEN, RED, RESET};
use crate::report::format::{bytes, bytes_cell, counted, duration_cell, number_cell};
use crate::report::shown_run::ShownRun;
use crate::report::text_cell::TextCell;
use crate::report::wording::{self, ShownStatus};

/// The report for people, written to `W`. URLs are as they were fetched:
/// [`WithoutSecrets`](crate::report::WithoutSecrets) masks what is not for others.
#[derive(Debug)]
pub struct Human<W> {
    out: TextWriter<W>,
    /// The buffer of a URL's line, kept for the next.
    line: Vec<u8>,
    style: HumanStyle,
    shown: ShownRun,
    /// The run against an earlier one, until it is written in its place.
    against: Option<Against>,
    /// Targets that were to be tried again when the run was stopped, by the reason of their last failure, and
    /// those with yet other reasons.
    interrupted: HashMap<String, u64>,
    more_interrupted: u64,
    /// What is left of the last file that the stop has left undone.
    remainder: Option<Remainder>,
    /// Targets that failed because their server has no HEAD.
    refused_heads: RefusedHeads,
    /// True once there is a line that a summary has to stand off from.
    has_lines: bool,
}

/// The most reasons of failed attempts that are counted apart, of targets that were to be tried again.
const MAX_REASONS: usize = 20;

/// The most of them that are shown.
const SHOWN_REASONS: usize = 3;

/// The blanks between two columns.
const GAP: &str = "  ";

/// The columns of a reason.
const REASON_WIDTH: usize = 60;

impl<W: Write> Human<W> {
    /// A report written to `out`.
    pub fn new(out: W, style: HumanStyle) -> Self {
        Human {
            out: TextWriter::new(out, style.columns),
            line: Vec::new(),
            style,
            shown: ShownRun::default(),
            against: None,
            interrupted: HashMap::new(),
            more_interrupted: 0,
            remainder: None,
            refused_heads: RefusedHeads::default(),
            has_lines: style.follows_other,
        }
    }

    /// Writes the line of a URL.
    fn line(&mut self, outcome: &Outcome) -> io::Result<()> {
        if outcome.verdict == Verdict::Skipped {
            self.note_interrupted(outcome);
            self.remainder = Remainder::of(outcome);
        }
        self.refused_heads.add(outcome);
        // With -s they are all that is asked for.
        if self.style.shows_heads {
            heads::write(&mut self.out, outcome)?;
        }
        if !self.style.detail.tells(outcome) {
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
        let line = &mut self.line;
        line.clear();
        line.extend_from_slice(colour.as_bytes());
        let shown = wording::shown_status(outcome);
        let status = match shown {
            ShownStatus::Status(status) => number_cell(status.into()),
            ShownStatus::Word(word) => TextCell::of(word),
        };
        line.extend_from_slice(status.aligned(5));
        line.extend_from_slice(reset.as_bytes());
        // Of a target that was tried again, the time of all attempts.
        let time = outcome.elapsed().map(duration_cell);
        // Of a failure for another reason than its status, what had come.
        let has_bytes = outcome.bytes > 0 || matches!(shown, ShownStatus::Status(_));
        let has_size = outcome.status().is_some() && has_bytes && !outcome.is_left_undone();
        let size = has_size.then(|| bytes_cell(outcome.bytes));
        for cell in [time, size] {
            let mut cell = cell.unwrap_or_default();
            cell.prepend(GAP);
            line.extend_from_slice(cell.aligned(GAP.len() + 9));
        }
        line.extend_from_slice(GAP.as_bytes());
        line.extend_from_slice(outcome.url.as_bytes());
        self.has_lines = true;
        // Nothing more to say, as of most.
        let is_plain = outcome.details.is_none() && outcome.error().is_none();
        if is_plain && outcome.last.requests < 2 {
            line.push(b'\n');
            return self.out.write_all(line);
        }
        let parts = details(outcome, dim, reset);
        let end = end(outcome, colour, reset);
        // Whole characters only are in it.
        let line = String::from_utf8_lossy(line);
        self.out.write_row(&line, &parts, &end)
    }

    /// Writes the totals.
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let style = self.style;
        let has_none = summary.targets() + summary.done_before == 0;
        if !style.detail.has_summary() || (has_none && !summary.stopped && !style.shows_empty) {
            return Ok(());
        }
        self.stand_off()?;
        totals::counts(&mut self.out, summary, style)?;
        self.interrupted()?;
        totals::times(&mut self.out, summary, style)?;
        totals::waits(&mut self.out, summary)?;
        self.write_against(false)?;
        totals::origins(&mut self.out, summary)?;
        totals::figures(&mut self.out, summary)?;
        self.advise(summary)
    }

    /// Writes an empty line between what stands there and a summary.
    fn stand_off(&mut self) -> io::Result<()> {
        match mem::replace(&mut self.has_lines, true) {
            true => self.out.write_all(b"\n"),
            false => Ok(()),
        }
    }

    /// Says of which run of a measurement the lines above are.
    fn name_lines(&mut self) -> io::Result<()> {
        let has_lines = self.style.detail.has_line(Verdict::Ok);
        match self.shown.run().filter(|_| has_lines) {
            Some(run) => {
                let workers = counted(run.workers as u64, "worker");
                writeln!(
                    self.out,
                    "  above      the first run with {workers} that counts"
                )
            }
            None => Ok(()),
        }
    }

    /// Writes why targets had failed that were to be tried again when the run was stopped.
    fn interrupted(&mut self) -> io::Result<()> {
        let mut reasons: Vec<_> = mem::take(&mut self.interrupted).into_iter().collect();
        reasons.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        let rest: u64 = reasons.iter().skip(SHOWN_REASONS).map(|(_, n)| n).sum();
        let rest = rest + mem::take(&mut self.more_interrupted);
        if !reasons.is_empty() {
            self.out
                .write_all(b"  not done   was to be tried again, after:\n")?;
        }
        for (reason, count) in reasons.into_iter().take(SHOWN_REASONS) {
            let reason = truncate_str(&reason, REASON_WIDTH, "…");
            writeln!(self.out, "             {count} × {reason}")?;
        }
        match rest {
            0 => Ok(()),
            rest => writeln!(self.out, "             and {rest} more"),
        }
    }

    /// Counts a target that was to be tried again, by the reason for which it had failed.
    fn note_interrupted(&mut self, outcome: &Outcome) {
        let last = outcome.earlier().last();
        let Some((attempt, failure)) = last.and_then(|last| Some((last, last.error.as_ref()?)))
        else {
            return;
        };
        let reason = match attempt.status {
            Some(status) => format!("{status} {failure}"),
            None => failure.to_string(),
        };
        if self.interrupted.len() < MAX_REASONS || self.interrupted.contains_key(&reason) {
            *self.interrupted.entry(reason).or_default() += 1;
        } else {
            self.more_interrupted += 1;
        }
    }

    /// Writes the way on after a stop, and where the bodies went.
    fn advise(&mut self, summary: &Summary) -> io::Result<()> {
        let advice = self.style.advice;
        // Servers that were given up may be there again later.
        let has_left_some = summary.stopped || summary.origins.has_given_up();
        let may_go_on = has_left_some && !summary.output_failed;
        // A list of which nobody knows the end may have none, and nothing to go on with: `yes URL`.
        let has_end = summary.listed.is_some() || !summary.stopped;
        let is_of_use = |way: &WayOn| may_go_on && (has_end || *way != WayOn::NoLog);
        let way_on = advice.after_stop.filter(is_of_use);
        let bodies = advice.on_bodies && summary.ok > 0 && !summary.stopped;
        let bodies = bodies.then_some("bodies were not kept: -d DIR saves them, --cat prints them");
        let (dim, reset) = match self.style.colour {
            true => (DIM, RESET),
            false => ("", ""),
        };
        if let Some(refused) = self.refused_heads.note() {
            writeln!(self.out, "  {dim}{refused}{reset}")?;
        }
        let remainder = self.remainder.take();
        let way_on = way_on.map(|way_on| way_on.lines(remainder.as_ref()));
        for text in way_on
            .into_iter()
            .flatten()
            .chain(bodies.map(Cow::Borrowed))
        {
            writeln!(self.out, "  {dim}{text}{reset}")?;
        }
        Ok(())
    }

    /// Writes the run against an earlier one, if it was given.
    fn write_against(&mut self, is_sweep: bool) -> io::Result<()> {
        match self.against.take() {
            Some(against) => comparison::against(&mut self.out, &against, is_sweep),
            None => Ok(()),
        }
    }
}

/// The middle of a URL's line, which most have not: where it redirected to, its file, remarks.
fn details(outcome: &Outcome, dim: &str, reset: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(url) = outcome.final_url() {
        parts.push(format!(" {dim}-> {url}{reset}"));
    }
    if let Some(saved) = outcome.saved() {
        let path = escape(&saved.path.display().to_string());
        let mut part = format!("  {dim}=> {path}{reset}");
        if outcome.is_unchecked() {
            // Its first word says that it was kept.
            part += " (not checked)";
        } else if outcome.verdict == Verdict::Unchanged {
            part += " (unchanged)";
        }
        if let Some(from) = saved.resumed_from {
            part += &format!(" (resumed at {})", bytes(from));
        }
        parts.push(part);
    }
    let notices = outcome.notices().iter();
    parts.extend(notices.map(|notice| format!("  {dim}({notice}){reset}")));
    parts
}

/// The end of a URL's line, which most have not: why it failed, and in how many attempts.
fn end(outcome: &Outcome, colour: &str, reset: &str) -> String {
    let reason = wording::failure_reason(outcome);
    let mut end = reason.map_or(String::new(), |reason| format!("  {colour}{reason}{reset}"));
    if let Some(attempts) = wording::attempts(outcome) {
        end += &format!(" ({attempts})");
    }
    end
}

impl<W: Write> Listener for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(_) if !self.shown.is_it() => Ok(()),
            Event::Finished(outcome) => self.line(outcome),
            Event::Ended(summary) => self.summary(summary),
            Event::Started(_)
            | Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_) => Ok(()),
            Event::ArmStarted(run) => {
                self.shown.begin(*run);
                Ok(())
            }
            Event::Compared(_) | Event::Swept(_) if !self.style.detail.has_summary() => Ok(()),
            Event::Against(against) => {
                self.against = Some(against.clone());
                Ok(())
            }
            Event::Swept(sweep) => {
                self.stand_off()?;
                self.name_lines()?;
                comparison::sweep(&mut self.out, sweep)?;
                self.write_against(true)
            }
            Event::Compared(comparison) => {
                self.stand_off()?;
                self.name_lines()?;
                comparison::comparison(&mut self.out, comparison)?;
                self.write_against(false)
            }
            Event::Assertion(held)
                if !self.style.detail.has_summary() && held.verdict == AssertionVerdict::Held =>
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
