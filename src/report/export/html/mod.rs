//! A run as one self-contained page: verdict, timeline, times, and a table of the URLs.
//!
//! The page needs no network and may not use it: its Content-Security-Policy allows the one style
//! and the one script in it, by hash, and nothing else. Plots and a plain table are drawn here, so
//! it can be read without JavaScript; that adds sorting, filtering and the details of a row. What
//! came from outside stands in the page as escaped text or as JSON that has nothing HTML could
//! read, and the script puts it in as text.
//!
//! Memory and the size of the page are bounded: past some thousands of URLs, the table is a sample
//! ([`kept`]) and the timeline goes by time slots ([`grid`]); the page says so. Of a sweep, that much is kept
//! of each number of workers, until it is known which of them is the knee.

mod arm;
mod axis;
mod escape;
mod grid;
mod kept;
mod lanes;
mod latency;
mod page;
mod row;
mod sweep;
mod table;
mod timeline;
mod verdict;

use std::collections::BTreeMap;
use std::io::{self, Write};

use arm::ArmData;
use page::Page;
use verdict::Result;

use crate::model::event::{Event, Judged, Listener, RunInfo};
use crate::model::measurement::{Against, Arm, ArmRun, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::report::Baseline;
use crate::report::format::counted;

/// The most warnings that are kept.
const WARNINGS: usize = 20;

/// A page, written to `W` when the report is closed.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    baseline: Baseline,
    info: Option<RunInfo>,
    warnings: Vec<String>,
    more_warnings: u64,
    /// The run, or the parallel arm that goes on.
    main: ArmData,
    /// In a comparison or a sweep the last parallel run with each number of workers.
    runs: BTreeMap<usize, ArmData>,
    /// In a comparison the last serial arm.
    serial: Option<ArmData>,
    /// The workers that it has.
    arm_workers: usize,
    /// Whose outcomes are being told.
    telling: Telling,
    end: Option<End>,
    /// What became of the assertions.
    gates: Vec<Judged>,
    against: Option<Against>,
}

/// How it ended.
#[derive(Debug)]
enum End {
    Run(Box<Summary>),
    Comparison(Box<Comparison>),
    Sweep(Sweep),
}

/// Whose outcomes are being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Main,
    Serial,
    /// A warm-up's, which do not count.
    Nobody,
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
            main: ArmData::default(),
            runs: BTreeMap::new(),
            serial: None,
            arm_workers: 1,
            telling: Telling::Main,
            end: None,
            gates: Vec::new(),
            against: None,
        }
    }

    /// Whether, and how, the serial baseline of a plain run stands in the page.
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
        self.telling = match run.arm {
            _ if run.pair == 0 => Telling::Nobody,
            Arm::Serial => {
                self.serial = Some(ArmData::new(1));
                Telling::Serial
            }
            Arm::Parallel => {
                self.arm_workers = run.workers;
                self.main = ArmData::new(run.workers);
                Telling::Main
            }
        };
    }

    fn telling(&mut self) -> Option<&mut ArmData> {
        match self.telling {
            Telling::Main => Some(&mut self.main),
            Telling::Serial => self.serial.as_mut(),
            Telling::Nobody => None,
        }
    }

    /// The run that the page shows: of a sweep one at the knee, else the last; with its workers.
    fn shown(&self, sweep: Option<&Sweep>) -> (usize, &ArmData) {
        let knee = sweep.and_then(|sweep| sweep.knee);
        let at_knee = knee.and_then(|knee| self.runs.get_key_value(&knee.by_means));
        match at_knee.or(self.runs.last_key_value()) {
            Some((workers, run)) if self.telling != Telling::Main => (*workers, run),
            _ => (self.arm_workers, &self.main),
        }
    }

    fn page(&self, end: &End) -> io::Result<Vec<u8>> {
        let mut notices = Vec::new();
        let (result, sweep) = match end {
            End::Run(summary) => (Result::of_run(summary, self.baseline), None),
            End::Comparison(comparison) => {
                notices.extend(comparison.notices.iter().map(ToString::to_string));
                notices.extend(not_alike(&comparison.differing));
                (Result::Comparison(comparison), None)
            }
            End::Sweep(sweep) => {
                notices.extend(sweep.notices.iter().map(ToString::to_string));
                notices.extend(not_alike(&sweep.differing));
                (Result::Sweep(sweep), Some(sweep))
            }
        };
        let (workers, main) = self.shown(sweep);
        let which = sweep.map(|_| {
            let workers = counted(workers as u64, "worker");
            format!("Of the last run with {workers}.")
        });
        let serial = self.serial.as_ref().map(|arm| ("serial", arm));
        let page = Page {
            result,
            info: self.info.as_ref(),
            arms: serial.into_iter().chain([("parallel", main)]).collect(),
            main,
            notices: notices
                .iter()
                .chain(&self.warnings)
                .map(String::as_str)
                .collect(),
            more_notices: self.more_warnings,
            gates: &self.gates,
            against: self.against.as_ref(),
            sweep,
            which,
        };
        let mut bytes = Vec::new();
        page.write(&mut bytes)?;
        Ok(bytes)
    }
}

impl<W: Write> Listener for Html<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => {
                self.info = Some(info.clone());
                self.main = ArmData::new(info.workers);
            }
            Event::Counted(_) => {}
            Event::Against(against) => self.against = Some(against.clone()),
            Event::Judged(judged) => self.gates.push(judged.clone()),
            Event::Swept(sweep) => self.end = Some(End::Sweep(sweep.clone())),
            Event::Finished(outcome) => {
                if let Some(arm) = self.telling() {
                    arm.add(outcome);
                }
            }
            Event::Warning(warning) => self.warn(warning),
            Event::ArmStarted(run) => self.begin_arm(run),
            Event::ArmEnded(summary) => {
                let summary = summary.clone();
                if let Some(arm) = self.telling() {
                    arm.summary = Some(summary);
                }
                if self.telling == Telling::Main {
                    let arm = std::mem::take(&mut self.main);
                    self.runs.insert(self.arm_workers, arm);
                }
                self.telling = Telling::Nobody;
            }
            Event::Compared(comparison) => {
                self.end = Some(End::Comparison(Box::new(comparison.clone())));
            }
            Event::Ended(summary) => {
                // A comparison or a sweep that was stopped has told the figures of its runs.
                if summary.runs.is_none() {
                    self.main.summary = Some(summary.clone());
                }
                self.end = Some(End::Run(Box::new(summary.clone())));
            }
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(end) = self.end.take() {
            let page = self.page(&end)?;
            self.out.write_all(&page)?;
        }
        self.out.flush()
    }
}

/// That the runs did not do the same work.
fn not_alike((count, urls): &(u64, Vec<String>)) -> Option<String> {
    let some: Vec<&str> = urls.iter().take(5).map(String::as_str).collect();
    (*count > 0).then(|| {
        format!(
            "Not the same in all runs: status or size of {}, as of {}",
            counted(*count, "URL"),
            some.join(", ")
        )
    })
}
