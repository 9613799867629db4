//! The listener between a run and its reports that records a baseline.

use std::io;

use super::SavedRun;
use super::collector::{FigureCollector, Unsaved};
use crate::model::event::{Event, Listener};
use crate::model::measurement::Against;

/// Passes events on to `L`, and records the figures of the run. At the end it compares them with an earlier
/// run's, if there is one.
#[derive(Debug)]
pub struct BaselineRecorder<L> {
    inner: L,
    /// `None` if nothing is recorded.
    collector: Option<FigureCollector>,
    /// The earlier run, with the name of its file.
    earlier: Option<(String, SavedRun)>,
    against: Option<Against>,
    end: Result<SavedRun, Unsaved>,
}

impl<L: Listener> BaselineRecorder<L> {
    /// A recorder that passes events on and records nothing.
    pub fn off(inner: L) -> Self {
        BaselineRecorder {
            inner,
            collector: None,
            earlier: None,
            against: None,
            end: Err(Unsaved::Stopped),
        }
    }

    /// A recorder that records the run, and compares it with `earlier`: a file's name and its content.
    pub fn new(inner: L, earlier: Option<(String, SavedRun)>) -> Self {
        BaselineRecorder {
            collector: Some(FigureCollector::new()),
            earlier,
            ..BaselineRecorder::off(inner)
        }
    }

    /// Comparison of the run with the earlier one. `None` without one, and before the run's end.
    pub fn against(&self) -> Option<&Against> {
        self.against.as_ref()
    }

    /// Drops the inner listener and returns the figures to save.
    ///
    /// # Errors
    ///
    /// The reason why the run cannot be a baseline.
    pub fn into_run(self) -> Result<SavedRun, Unsaved> {
        self.end
    }
}

impl<L: Listener> Listener for BaselineRecorder<L> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let collector = self.collector.as_mut();
        let end = collector.and_then(|collector| collector.add_event(event));
        if let Some(end) = end {
            let against = match (&end, &self.earlier) {
                (Ok(now), Some((file, then))) => Some(now.against(file, then)),
                _ => None,
            };
            self.against.clone_from(&against);
            self.end = end;
            if let Some(against) = against {
                self.inner.event(&Event::Against(against))?;
            }
        }
        self.inner.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn close(&mut self) -> io::Result<()> {
        self.inner.close()
    }
}
