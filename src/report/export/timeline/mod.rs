//! The timeline as a picture: a lane per worker, a bar per attempt.

mod axis;
mod draw;
mod grid;
mod panel;
mod scene;
mod words;

use std::io::{self, Write};

use self::panel::Panel;
use self::scene::Scene;
use crate::model::event::{Event, Listener};
use crate::model::measurement::Arm;
use crate::model::timing::Phase;

/// What a moment of an attempt can be: in one of the phases, or in none that was measured.
const CLASSES: usize = Phase::ALL.len() + 1;

/// The timeline of a run as an SVG picture, for light and dark backgrounds.
///
/// Up to 2,000 attempts have a bar each, split by phase, with a tooltip. Of more than that the picture
/// shows what each worker did most of the time in each of some hundred columns, and says so; neither
/// its size nor the memory for it grows further. Of a comparison it shows the last run of each arm that
/// went to its end, on one scale. It is written when all is over.
#[derive(Debug)]
pub struct Svg<W> {
    out: W,
    current: Panel,
    arm: Option<Arm>,
    /// The last whole run of each arm.
    serial: Option<Panel>,
    parallel: Option<Panel>,
    is_written: bool,
}

impl<W: Write> Svg<W> {
    /// A picture written to `out`.
    pub fn new(out: W) -> Self {
        Svg {
            out,
            current: Panel::default(),
            arm: None,
            serial: None,
            parallel: None,
            is_written: false,
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.is_written {
            return Ok(());
        }
        self.is_written = true;
        let arms = [
            (Some(Arm::Serial), &self.serial),
            (Some(Arm::Parallel), &self.parallel),
        ];
        let mut panels: Vec<_> = arms
            .into_iter()
            .filter_map(|(arm, panel)| Some((arm, panel.as_ref()?)))
            .collect();
        if panels.is_empty() {
            panels.push((self.arm, &self.current));
        }
        draw::write(&mut self.out, &Scene::new(&panels))?;
        self.out.flush()
    }
}

impl<W: Write> Listener for Svg<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::ArmStarted(run) => {
                self.arm = Some(run.arm);
                self.current = Panel::default();
            }
            Event::Finished(outcome) => self.current.add(outcome),
            Event::ArmEnded(_) => {
                let whole = std::mem::take(&mut self.current);
                match self.arm {
                    Some(Arm::Serial) => self.serial = Some(whole),
                    _ => self.parallel = Some(whole),
                }
            }
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_) => return self.end(),
            Event::Started(_) | Event::Counted(_) | Event::Warning(_) => {}
            Event::Against(_) | Event::Judged(_) => {}
        }
        Ok(())
    }
}
