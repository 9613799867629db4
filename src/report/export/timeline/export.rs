//! The SVG export: a run's timeline, or a sweep's curve, in a file.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::layout::Picture;
use super::model::Timeline;
use super::{DrawnRun, SweepCurve, svg};
use crate::model::event::{AssertionResult, Event, Listener};
use crate::model::measurement::{Arm, ArmRun, Comparison, Sweep};
use crate::report::format::{counted, duration, format_secs};
use crate::report::wording::{self, HTML};

/// The timeline of a run as an SVG picture, for light and dark backgrounds.
///
/// Up to 2,000 attempts have a bar each, split by phase, with a tooltip. Of more than that the picture
/// shows what each worker did most of the time in each of some hundred columns, and says so; neither
/// its size nor the memory for it grows further. Of a comparison it shows the last run of each arm that
/// went to its end, on one scale. Of a sweep it shows the curve of the times by number of workers, with
/// its knee. Gates stand below the title, with their verdicts. It is written when it is closed.
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
    end: SvgEnd,
    gates: Vec<AssertionResult>,
    /// The title of a comparison: the runs that are drawn are but one pair of it.
    title: Option<String>,
}

/// The end of what the picture shows.
#[derive(Debug)]
enum SvgEnd {
    /// It has not come, or all is written.
    None,
    /// The end of a run or a comparison.
    Timeline,
    /// That of a run that was stopped, with the way that it came.
    Stopped(String),
    /// The end of a sweep.
    Curve(Box<SweepCurve>),
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
            end: SvgEnd::None,
            gates: Vec::new(),
            title: None,
        }
    }

    /// The picture of the timeline of the last runs.
    fn timeline(&self, stopped: Option<&str>) -> String {
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
        let top = svg::DOCUMENT_TOP + svg::LINE * self.gates.len() as f64;
        let mut picture = Picture::new(&runs, top);
        if let Some(title) = &self.title {
            picture.title.clone_from(title);
        }
        if let (Some(run), true) = (self.run, self.worker_counts.len() > 1) {
            let workers = counted(run.workers as u64, "worker");
            picture.title += &format!(" (the last run with {workers})");
        }
        match (stopped, &runs[..]) {
            // The targets that were cut off are drawn too, and are not done.
            (Some(progress), [run]) if self.title.is_none() && self.run.is_none() => {
                let took = duration(run.timeline.length());
                picture.title = format!("pfetch: {progress} in {took} · stopped early");
            }
            (Some(progress), _) => picture.title += &format!(" · stopped early: {progress}"),
            (None, _) => {}
        }
        svg::document(&picture, &self.gates).into_string()
    }

    /// Tells whether a run of the arm is there to be drawn.
    fn has_drawn(&self, arm: Arm) -> bool {
        match arm {
            Arm::Serial => self.serial.is_some(),
            Arm::Parallel => self.parallel.is_some(),
        }
    }

    /// Takes in the event of a picture that has not ended.
    fn draw(&mut self, event: &Event) {
        match event {
            Event::ArmStarted(run) => {
                self.run = Some(*run);
                self.current = Timeline::default();
            }
            Event::Finished(outcome) => self.current.add(outcome),
            Event::ArmEnded(summary) => {
                let whole = std::mem::take(&mut self.current);
                match self.run {
                    // The figures are of those that are whole.
                    Some(run) if summary.stopped && self.has_drawn(run.arm) => {}
                    Some(run) if run.arm == Arm::Serial => self.serial = Some(whole),
                    run => {
                        self.worker_counts.extend(run.map(|run| run.workers));
                        self.parallel = Some(whole);
                    }
                }
            }
            // One number of workers makes no curve.
            Event::Swept(sweep) if sweep.points.len() > 1 => self.end = SvgEnd::curve(sweep),
            Event::Compared(comparison) => {
                self.title = Some(comparison_title(comparison));
                self.end = SvgEnd::Timeline;
            }
            Event::Ended(summary) if summary.stopped => {
                self.end = SvgEnd::Stopped(match wording::missing(summary) {
                    Some(missing) => format!("{}, {missing}", wording::progress(summary)),
                    None => wording::progress(summary),
                });
            }
            Event::Ended(_) | Event::Swept(_) => self.end = SvgEnd::Timeline,
            Event::Started(_)
            | Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_) => {}
            Event::Against(_) | Event::Assertion(_) => {}
        }
    }
}

/// The geometric means of both arms, and the speed-up of the parallel one if there is one.
fn comparison_title(comparison: &Comparison) -> String {
    let [serial, parallel] =
        [&comparison.serial, &comparison.parallel].map(|arm| format_secs(arm.typical_seconds()));
    let targets = counted(comparison.targets, "URL");
    let times =
        format!("pfetch: {targets}, {serial} serial, {parallel} parallel (geometric means)");
    let title = match HTML.speedup(comparison) {
        Some(speedup) => format!("{times}: speed-up {speedup}"),
        None => match comparison.unlike_work() {
            Some(_) => format!("{times}: {}", wording::comparison_text(comparison)),
            None => times,
        },
    };
    match wording::comparison_stopped(comparison) {
        Some(stopped) => format!("{title} · {stopped}"),
        None => title,
    }
}

impl SvgEnd {
    fn curve(sweep: &Sweep) -> Self {
        SvgEnd::Curve(Box::new(SweepCurve::from(sweep)))
    }
}

impl<W: Write> Listener for Svg<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match (event, &self.end) {
            // Gates are judged after the end.
            (Event::Assertion(judged), _) => self.gates.push(judged.clone()),
            (_, SvgEnd::None) => self.draw(event),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.end, SvgEnd::None) {
            SvgEnd::None => {}
            SvgEnd::Timeline => self.out.write_all(self.timeline(None).as_bytes())?,
            SvgEnd::Stopped(progress) => {
                self.out
                    .write_all(self.timeline(Some(&progress)).as_bytes())?;
            }
            SvgEnd::Curve(curve) => {
                let document = curve.document(&self.gates).into_string();
                self.out.write_all(document.as_bytes())?;
            }
        }
        self.out.flush()
    }
}
