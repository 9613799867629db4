//! The SVG export: a run's timeline, or a sweep's curve, in a file.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::layout::Picture;
use super::model::Timeline;
use super::{DrawnRun, SweepCurve, svg};
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun, Sweep};
use crate::report::format::counted;

/// The timeline of a run as an SVG picture, for light and dark backgrounds.
///
/// Up to 2,000 attempts have a bar each, split by phase, with a tooltip. Of more than that the picture
/// shows what each worker did most of the time in each of some hundred columns, and says so; neither
/// its size nor the memory for it grows further. Of a comparison it shows the last run of each arm that
/// went to its end, on one scale. Of a sweep it shows the curve of the times by number of workers, with
/// its knee. It is written when all is over.
#[derive(Debug)]
pub struct Svg<W> {
    out: W,
    current: Timeline,
    /// The run that is under way, or was last.
    run: Option<ArmRun>,
    /// The last whole run of each arm.
    serial: Option<Timeline>,
    parallel: Option<Timeline>,
    /// The numbers of workers that parallel runs had: several in a sweep.
    worker_counts: BTreeSet<usize>,
    is_written: bool,
}

impl<W: Write> Svg<W> {
    /// A picture written to `out`.
    pub fn new(out: W) -> Self {
        Svg {
            out,
            current: Timeline::default(),
            run: None,
            serial: None,
            parallel: None,
            worker_counts: BTreeSet::new(),
            is_written: false,
        }
    }

    /// Writes the timeline of the last runs.
    fn write_timeline(&mut self) -> io::Result<()> {
        let arms = [(Arm::Serial, &self.serial), (Arm::Parallel, &self.parallel)];
        let mut runs: Vec<DrawnRun<'_>> = arms
            .into_iter()
            .filter_map(|(arm, timeline)| {
                let timeline = timeline.as_ref()?;
                let arm = Some(arm);
                Some(DrawnRun { arm, timeline })
            })
            .collect();
        if runs.is_empty() {
            runs.push(DrawnRun {
                arm: self.run.map(|run| run.arm),
                timeline: &self.current,
            });
        }
        let mut picture = Picture::new(&runs, svg::DOCUMENT_TOP);
        if let (Some(run), true) = (self.run, self.worker_counts.len() > 1) {
            let workers = counted(run.workers as u64, "worker");
            picture.title += &format!(" (the last run with {workers})");
        }
        self.write(svg::document(&picture).into_string())
    }

    fn write_curve(&mut self, sweep: &Sweep) -> io::Result<()> {
        let curve = SweepCurve::from(sweep);
        self.write(curve.document().into_string())
    }

    fn write(&mut self, document: String) -> io::Result<()> {
        self.is_written = true;
        self.out.write_all(document.as_bytes())?;
        self.out.flush()
    }
}

impl<W: Write> Listener for Svg<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.is_written {
            return Ok(());
        }
        match event {
            Event::ArmStarted(run) => {
                self.run = Some(*run);
                self.current = Timeline::default();
            }
            Event::Finished(outcome) => self.current.add(outcome),
            Event::ArmEnded(_) => {
                let whole = std::mem::take(&mut self.current);
                match self.run {
                    Some(run) if run.arm == Arm::Serial => self.serial = Some(whole),
                    run => {
                        self.worker_counts.extend(run.map(|run| run.workers));
                        self.parallel = Some(whole);
                    }
                }
            }
            Event::Swept(sweep) => return self.write_curve(sweep),
            Event::Ended(_) | Event::Compared(_) => return self.write_timeline(),
            Event::Started(_) | Event::Counted(_) | Event::Pending(_) | Event::Warning(_) => {}
            Event::Against(_) | Event::Assertion(_) => {}
        }
        Ok(())
    }
}
