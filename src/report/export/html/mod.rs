//! A run as one self-contained page: verdict, timeline, times, and a table of the URLs.
//!
//! The page needs no network and may not use it: its Content-Security-Policy allows the one style
//! and the one script in it, by hash, and nothing else. Plots and a plain table are drawn here, so
//! it can be read without JavaScript; that adds sorting, filtering and the details of a row. What
//! came from outside stands in the page as escaped text or as JSON that has nothing HTML could
//! read, and the script puts it in as text.
//!
//! Memory and the size of the page are bounded: past some thousands of URLs, the table is a sample
//! ([`kept`]) and the timeline goes by time slots ([`grid`]); the page says so.

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

use std::io::{self, Write};

pub use sweep::{SweepCurve, SweepMark};

use arm::ArmData;
use page::Page;
use verdict::Result;

use crate::comparison::{Arm, ArmRun, Comparison, Sweep};
use crate::event::{Event, Listener, RunInfo};
use crate::report::Baseline;
use crate::summary::Summary;

/// The most warnings that are kept.
const WARNINGS: usize = 20;

/// A page, written to `W` when the run is over.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    baseline: Baseline,
    sweep: Option<SweepCurve>,
    info: Option<RunInfo>,
    warnings: Vec<String>,
    more_warnings: u64,
    /// In a comparison the last parallel arm, else the run.
    main: ArmData,
    /// In a comparison the last serial arm.
    serial: Option<ArmData>,
    /// The workers that it has.
    arm_workers: usize,
    /// Whose outcomes are being told.
    telling: Telling,
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
            sweep: None,
            info: None,
            warnings: Vec::new(),
            more_warnings: 0,
            main: ArmData::default(),
            serial: None,
            arm_workers: 1,
            telling: Telling::Main,
        }
    }

    /// Whether, and how, the serial baseline of a plain run stands in the page.
    #[must_use]
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// Adds the curve of a sweep, before the end is told. It is drawn if it has points.
    pub fn set_sweep(&mut self, curve: SweepCurve) {
        self.sweep = Some(curve);
    }

    /// The writer, with everything written so far.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn warn(&mut self, warning: &str) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(crate::text::excerpt(warning, 1000));
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

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if self.serial.is_none() {
            self.main.summary = Some(summary.clone());
        }
        self.page(Result::of_run(summary, self.baseline), Vec::new())
    }

    fn compared(&mut self, comparison: &Comparison) -> io::Result<()> {
        let mut notices = comparison.notices.clone();
        let (count, urls) = &comparison.differing;
        if *count > 0 {
            let some: Vec<&str> = urls.iter().take(5).map(String::as_str).collect();
            notices.push(format!(
                "Not the same in all runs: status or size of {}, as of {}",
                verdict::many(*count, "URL"),
                some.join(", ")
            ));
        }
        self.page(Result::Comparison(comparison), notices)
    }

    /// The page of a sweep: its curve, and the last of its runs.
    fn swept(&mut self, sweep: &Sweep) -> io::Result<()> {
        let mut notices = vec![format!(
            "This is a sweep over numbers of workers. The totals, the timeline and the table are of \
             its last run, with {}",
            verdict::many(self.arm_workers as u64, "worker")
        )];
        if let Some(knee) = sweep.knee {
            notices.push(format!(
                "{} are the fewest that are not shown to be 5 % slower than the best",
                verdict::many(knee.workers as u64, "worker")
            ));
        }
        self.sweep = Some(SweepCurve::from(sweep));
        let summary = self.main.summary.clone().unwrap_or_default();
        self.page(Result::of_run(&summary, Baseline::None), notices)
    }

    fn page(&mut self, result: Result<'_>, notices: Vec<String>) -> io::Result<()> {
        let serial = self.serial.as_ref().map(|arm| ("serial", arm));
        let page = Page {
            result,
            info: self.info.as_ref(),
            arms: serial
                .into_iter()
                .chain([("parallel", &self.main)])
                .collect(),
            main: &self.main,
            notices: notices
                .iter()
                .chain(&self.warnings)
                .map(String::as_str)
                .collect(),
            more_notices: self.more_warnings,
            sweep: self.sweep.as_ref(),
        };
        page.write(&mut self.out)?;
        self.out.flush()
    }
}

impl<W: Write> Listener for Html<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => {
                self.info = Some(info.clone());
                self.main = ArmData::new(info.workers);
            }
            Event::Counted(_) | Event::Against(_) | Event::Judged(_) => {}
            Event::Swept(sweep) => self.swept(sweep)?,
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
                self.telling = Telling::Nobody;
            }
            Event::Compared(comparison) => self.compared(comparison)?,
            Event::Ended(summary) => self.end(summary)?,
        }
        Ok(())
    }
}
