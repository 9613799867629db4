//! Runs that are over, told again: JSON Lines back into events.
//!
//! What `report::JsonLines` wrote is read a line at a time, and told to a
//! [`Listener`] as the run, the comparison or the sweep was, and so is what became of assertions. Several
//! files become one run: results are numbered on, counts and parallel times are added up, and what was
//! asserted of each alone is not told of all together. What the lines do not hold (how a place was
//! chosen) is not there; percentiles are of the results themselves again.

mod attempt;
mod compared;
mod line;
mod number;
mod source;

use std::io;
use std::io::Read;

use crate::measure::runs::Runs;
use crate::model::event::{Event, Judged, Listener, RunInfo};
use crate::model::measurement::ArmRun;
use crate::model::summary::{Summary, Tally};
use crate::model::text::excerpt;

use compared::Gate;
use line::{Anchor, Line, Run, Totals};
use source::File;

const AFTER_THE_END: &str = "there is something after the end of the run";
/// The longest version of pfetch: what wrote the file need not have been pfetch.
const MAX_VERSION: usize = 40;

/// Why runs cannot be told again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Its name, safe to show.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{file}:{line}: {reason}")]
    Line {
        /// Its file, safe to show.
        file: String,
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Whoever was told cannot write it down.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

/// Tells the listener of the runs in these files, by name and content, as of one run. Between lines
/// it asks `is_stopped` whether to go on; if not, the listener is not told of an end. To close it is the
/// caller's, who may have more to tell.
///
/// Memory does not grow with the length of the files.
///
/// # Errors
///
/// [`ReplayError`].
pub fn replay(
    files: Vec<(String, Box<dyn Read>)>,
    listener: &mut dyn Listener,
    is_stopped: impl Fn() -> bool,
) -> Result<(), ReplayError> {
    let is_only = files.len() == 1;
    let mut opened = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let mut file = File::new(name, bytes);
        match file.next()? {
            Some(Line::Run(run)) => opened.push((file, run)),
            _ => return Err(file.wrong("it is empty, or its first line breaks off")),
        }
    }
    let Some(info) = merged(opened.iter().map(|(_, run)| run)) else {
        return Ok(());
    };
    let mut teller = Teller {
        anchor: Anchor::new(info.started_at),
        listener,
        is_only,
        before: 0,
        next: 0,
        all: None,
        gates: Vec::new(),
    };
    teller.listener.event(&Event::Started(info))?;
    for (file, run) in opened {
        match teller.file(file, &run, &is_stopped)? {
            Told::Run => {}
            Told::Measured => return teller.gates(),
            Told::Stopped => return Ok(()),
        }
    }
    let summary = teller.all.take().unwrap_or_default();
    teller.listener.event(&Event::Ended(summary))?;
    teller.gates()
}

/// What is known as the runs begin: the most workers, the first start.
fn merged<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<RunInfo> {
    let infos = runs.map(|run| RunInfo {
        version: excerpt(&run.version, MAX_VERSION),
        workers: run.workers,
        started_at: run.started_at.0,
        startup: run.startup.0,
    });
    infos.reduce(|one, other| RunInfo {
        version: match one.version == other.version {
            true => one.version,
            false => "several".to_owned(),
        },
        workers: one.workers.max(other.workers),
        started_at: one.started_at.min(other.started_at),
        startup: one.startup + other.startup,
    })
}

/// What was told of a file.
enum Told {
    Run,
    /// A comparison or a sweep, and its end.
    Measured,
    Stopped,
}

struct Teller<'a> {
    listener: &'a mut dyn Listener,
    anchor: Anchor,
    /// Whether there is one file only.
    is_only: bool,
    /// The indices that the files before this one have used up.
    before: u64,
    next: u64,
    /// The runs so far.
    all: Option<Summary>,
    /// What became of assertions on the one run that there is.
    gates: Vec<Judged>,
}

impl Teller<'_> {
    fn file(
        &mut self,
        mut file: File,
        run: &Run,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Told, ReplayError> {
        self.before = self.next;
        let mut tally = Tally::new(run.workers);
        let mut arm: Option<(ArmRun, Tally)> = None;
        let mut runs = Runs::default();
        let mut end = None;
        while let Some(line) = file.next()? {
            if is_stopped() {
                return Ok(Told::Stopped);
            }
            if let Line::Gate(gate) = line {
                self.note(*gate);
                continue;
            }
            if end.is_some() {
                return Err(file.wrong(AFTER_THE_END));
            }
            match line {
                Line::Run(_) => {
                    return Err(file.wrong("another run begins; give it a file of its own"));
                }
                Line::Warning { message } => {
                    self.listener
                        .event(&Event::Warning(crate::model::text::escape(&message)))?;
                }
                Line::Result(result) => {
                    result
                        .check(run.workers)
                        .map_err(|reason| file.wrong(reason))?;
                    let outcome = result.into_outcome(self.before, self.anchor);
                    self.next = self.next.max(outcome.index.saturating_add(1));
                    tally.add(&outcome);
                    if let Some((_, arm)) = &mut arm {
                        arm.add(&outcome);
                    }
                    self.listener.event(&Event::Finished(outcome))?;
                }
                Line::Arm(_) if !self.is_only => {
                    let alone = "a comparison or a sweep cannot be merged; replay it alone";
                    return Err(file.wrong(alone));
                }
                Line::Arm(run) => {
                    number::part(run.workers).map_err(|reason| file.wrong(reason))?;
                    arm = Some((run, Tally::new(run.workers)));
                    self.pass_on(&mut runs, &Event::ArmStarted(run))?;
                }
                Line::ArmSummary(totals) => {
                    let Some((_, tally)) = arm.take() else {
                        return Err(file.wrong("it ends a run of an arm that has not begun"));
                    };
                    let summary = complete(&tally, &totals);
                    self.check(&file, &summary, &totals)?;
                    self.pass_on(&mut runs, &Event::ArmEnded(summary))?;
                }
                Line::Comparison(compared) => {
                    let comparison = compared.into_comparison();
                    let event = Event::Compared(comparison.map_err(|reason| file.wrong(reason))?);
                    return self.measured(file, &event);
                }
                Line::Sweep(swept) => {
                    let sweep = swept.into_sweep();
                    let event = Event::Swept(sweep.map_err(|reason| file.wrong(reason))?);
                    return self.measured(file, &event);
                }
                Line::Summary(totals) => end = Some(totals),
                Line::Gate(_) | Line::Against {} => {}
            }
        }
        let summary = match &end {
            Some(totals) => {
                let summary = complete(&tally, totals);
                self.check(&file, &summary, totals)?;
                summary
            }
            None if runs.have_begun() => {
                self.warn(
                    &file,
                    "has no end: not all of its comparison or sweep is there, so it has no result",
                )?;
                if let Some((_, mut arm)) = arm.take() {
                    arm.set_stopped();
                    self.pass_on(&mut runs, &Event::ArmEnded(arm.summary()))?;
                }
                Summary::default()
            }
            None => {
                self.warn(
                    &file,
                    "has no end: the run was killed, or goes on; it counts as stopped",
                )?;
                tally.set_stopped();
                tally.summary()
            }
        };
        // The results of several runs together are not those of one.
        let summary = match runs.have_begun() {
            true => runs.without_result(end.is_none_or(|end| end.stopped)),
            false => summary,
        };
        match &mut self.all {
            Some(all) => all.merge(&summary),
            None => self.all = Some(summary),
        }
        Ok(Told::Run)
    }

    /// Tells of the end of a comparison or a sweep, after which only assertions come.
    fn measured(&mut self, mut file: File, event: &Event) -> Result<Told, ReplayError> {
        self.listener.event(event)?;
        while let Some(line) = file.next()? {
            match line {
                Line::Gate(gate) => self.note(*gate),
                _ => return Err(file.wrong(AFTER_THE_END)),
            }
        }
        Ok(Told::Measured)
    }

    fn pass_on(&mut self, runs: &mut Runs, event: &Event) -> Result<(), ReplayError> {
        runs.note(event);
        Ok(self.listener.event(event)?)
    }

    /// Keeps an assertion until the run has ended, if the run is all that there is.
    fn note(&mut self, gate: Gate) {
        if self.is_only {
            self.gates.push(gate.into_judged());
        }
    }

    /// Tells what became of assertions.
    fn gates(&mut self) -> Result<(), ReplayError> {
        for judged in self.gates.drain(..) {
            self.listener.event(&Event::Judged(judged))?;
        }
        Ok(self.listener.idle()?)
    }

    /// Results that are missing in the middle would make wrong figures in silence.
    fn check(&mut self, file: &File, found: &Summary, said: &Totals) -> Result<(), ReplayError> {
        if found.targets() == said.targets {
            return Ok(());
        }
        let (found, said) = (found.targets(), said.targets);
        self.warn(
            file,
            &format!("has {found} results where its summary counts {said}"),
        )
    }

    fn warn(&mut self, file: &File, what: &str) -> Result<(), ReplayError> {
        let warning = format!("{} {what}", file.name());
        Ok(self.listener.event(&Event::Warning(warning))?)
    }
}

fn complete(tally: &Tally, totals: &Totals) -> Summary {
    let mut summary = tally.summary();
    totals.complete(&mut summary);
    summary
}
