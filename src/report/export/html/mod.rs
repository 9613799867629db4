//! A run as one self-contained page: verdict, timeline, times, and a table of the URLs.
//!
//! The page needs no network and may not use it: its Content-Security-Policy allows the one style
//! and the one script in it, by hash, and nothing else. Plots and a plain table are drawn here, so
//! it can be read without JavaScript; that adds sorting, filtering and the details of a row. What
//! came from outside stands in the page as escaped text or as JSON that has nothing HTML could
//! read, and the script puts it in as text.
//!
//! Memory and the size of the page are bounded: past some thousands of URLs, the table is a sample
//! ([`row_sample`]) and the timeline goes by columns of time; the page says so. Of a sweep, that much is
//! kept of each number of workers, until it is known which of them is the knee.
//!
//! The templates are [`maud`]'s, which escape by default. [`PreEscaped`](maud::PreEscaped) is used for the
//! style, the script and the JSON only.

mod failure_groups;
mod failures;
mod json_data;
mod latency;
mod page;
mod pairs;
mod result;
mod row;
mod row_sample;
mod run_data;
mod sweep;
mod table;
mod timeline;
mod why;

use std::collections::BTreeMap;
use std::io::{self, Write};

use page::HtmlPage;
use result::PageResult;
use run_data::RunData;

use crate::model::event::{AssertionResult, Event, Listener, RunInfo};
use crate::model::measurement::{Against, Arm, ArmRun, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::report::Baseline;
use crate::report::format::counted;
use crate::report::wording;

/// The most warnings that are kept.
const WARNINGS: usize = 20;

/// The most URLs that a warning names.
const DIFFERING: usize = 5;

/// A page, written to `W` when the report is closed.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    baseline: Baseline,
    info: Option<RunInfo>,
    warnings: Vec<String>,
    more_warnings: u64,
    /// The run, or the parallel run that is under way.
    main: RunData,
    /// The last parallel run with each number of workers, in a comparison or a sweep.
    runs: BTreeMap<usize, RunData>,
    /// The last serial run of a comparison.
    serial: Option<RunData>,
    /// The one before, until the last one is whole.
    whole_serial: Option<RunData>,
    /// The number of workers of `main`.
    arm_workers: usize,
    /// The run that outcomes belong to.
    current: CurrentRun,
    end: Option<RunEnd>,
    /// The assertions and their verdicts.
    assertions: Vec<AssertionResult>,
    against: Option<Against>,
}

/// The end of a run, a comparison or a sweep, with its figures.
#[derive(Debug)]
enum RunEnd {
    Run(Box<Summary>),
    Comparison(Box<Comparison>),
    Sweep(Box<Sweep>),
}

/// The run that outcomes belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CurrentRun {
    Main,
    Serial,
    /// A warm-up, or none: outcomes do not count.
    Ignored,
}

impl<W: Write> Html<W> {
    /// A page written to `out`, with an estimate of the serial time.
    pub fn new(out: W) -> Self {
        Html {
            out,
            baseline: Baseline::default(),
            info: None,
            warnings: Vec::new(),
            more_warnings: 0,
            main: RunData::default(),
            runs: BTreeMap::new(),
            serial: None,
            whole_serial: None,
            arm_workers: 1,
            current: CurrentRun::Main,
            end: None,
            assertions: Vec::new(),
            against: None,
        }
    }

    /// Sets the serial baseline of a plain run.
    #[must_use]
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// The writer, with everything written so far.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn warn(&mut self, warning: &str) {
        if self.warnings.len() < WARNINGS {
            self.warnings
                .push(crate::model::text::excerpt(warning, 1000));
        } else {
            self.more_warnings += 1;
        }
    }

    fn begin_arm(&mut self, run: &ArmRun) {
        self.current = match run.arm {
            _ if run.pair == 0 => CurrentRun::Ignored,
            Arm::Serial => {
                self.whole_serial = self.serial.replace(RunData::default());
                CurrentRun::Serial
            }
            Arm::Parallel => {
                self.arm_workers = run.workers;
                self.main = RunData::default();
                CurrentRun::Main
            }
        };
    }

    /// Keeps the run of an arm, unless it was stopped and there is one before it that is whole.
    fn end_arm(&mut self, summary: Summary) {
        let is_whole = !summary.stopped;
        if let Some(arm) = self.current_data() {
            arm.summary = Some(summary);
        }
        let before = self.whole_serial.take();
        match self.current {
            CurrentRun::Main => {
                let arm = std::mem::take(&mut self.main);
                if is_whole || !self.runs.contains_key(&self.arm_workers) {
                    self.runs.insert(self.arm_workers, arm);
                }
            }
            CurrentRun::Serial if !is_whole => self.serial = before.or(self.serial.take()),
            CurrentRun::Serial | CurrentRun::Ignored => {}
        }
        self.current = CurrentRun::Ignored;
    }

    /// The data that outcomes are added to.
    fn current_data(&mut self) -> Option<&mut RunData> {
        match self.current {
            CurrentRun::Main => Some(&mut self.main),
            CurrentRun::Serial => self.serial.as_mut(),
            CurrentRun::Ignored => None,
        }
    }

    /// The run that the page shows, with its number of workers: of a sweep one at the knee, else the last.
    fn shown(&self, sweep: Option<&Sweep>) -> (usize, &RunData) {
        let knee = sweep.and_then(|sweep| sweep.knee);
        let at_knee = knee.and_then(|knee| self.runs.get_key_value(&knee.by_means));
        match at_knee.or(self.runs.last_key_value()) {
            Some((workers, run)) if self.current != CurrentRun::Main => (*workers, run),
            _ => (self.arm_workers, &self.main),
        }
    }

    fn page(&self, end: &RunEnd) -> io::Result<String> {
        let mut notices = Vec::new();
        let (result, sweep) = match end {
            RunEnd::Run(summary) => {
                notices.extend(wording::servers(summary));
                (PageResult::of_run(summary, self.baseline), None)
            }
            RunEnd::Comparison(comparison) => {
                notices.extend(comparison.notices.iter().map(ToString::to_string));
                notices.extend(differing(&comparison.differing));
                (PageResult::Comparison(comparison), None)
            }
            RunEnd::Sweep(sweep) => {
                notices.extend(sweep.notices.iter().map(ToString::to_string));
                notices.extend(differing(&sweep.differing));
                (PageResult::Sweep(sweep), Some(&**sweep))
            }
        };
        let (workers, main) = self.shown(sweep);
        let workers = counted(workers as u64, "worker");
        let of_sweep = sweep.map(|_| format!("Of the last run with {workers}."));
        let of_arm = self
            .serial
            .is_some()
            .then(|| "Of the last parallel run.".to_owned());
        let serial = self.serial.as_ref().map(|run| (Arm::Serial, run));
        let page = HtmlPage {
            result,
            info: self.info.as_ref(),
            arms: serial.into_iter().chain([(Arm::Parallel, main)]).collect(),
            main,
            notices: notices
                .iter()
                .chain(&self.warnings)
                .map(String::as_str)
                .collect(),
            more_notices: self.more_warnings,
            assertions: &self.assertions,
            against: self.against.as_ref(),
            sweep,
            which: of_sweep.or(of_arm),
        };
        Ok(page.write()?.into_string())
    }
}

impl<W: Write> Listener for Html<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => {
                self.info = Some(info.clone());
                self.main = RunData::default();
            }
            Event::Counted(_) | Event::Pending(_) | Event::Pack(_) => {}
            Event::Against(against) => self.against = Some(against.clone()),
            Event::Assertion(judged) => self.assertions.push(judged.clone()),
            Event::Swept(sweep) => self.end = Some(RunEnd::Sweep(Box::new(sweep.clone()))),
            Event::Finished(outcome) => {
                if let Some(arm) = self.current_data() {
                    arm.add(outcome);
                }
            }
            Event::Warning(warning) => self.warn(warning),
            Event::MissingShards(missing) => self.warn(&missing.to_string()),
            Event::ArmStarted(run) => self.begin_arm(run),
            Event::ArmEnded(summary) => self.end_arm(summary.clone()),
            Event::Compared(comparison) => {
                self.end = Some(RunEnd::Comparison(Box::new(comparison.clone())));
            }
            Event::Ended(summary) => {
                // The runs of a stopped comparison or sweep have figures of their own.
                if summary.runs.is_none() {
                    self.main.summary = Some(summary.clone());
                }
                self.end = Some(RunEnd::Run(Box::new(summary.clone())));
            }
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(end) = self.end.take() {
            let page = self.page(&end)?;
            self.out.write_all(page.as_bytes())?;
        }
        self.out.flush()
    }
}

/// The warning that runs did not do the same work, with a few of the URLs.
fn differing((count, urls): &(u64, Vec<String>)) -> Option<String> {
    wording::differing(&(*count, urls.iter().take(DIFFERING).cloned().collect()))
}
