//! The listener between a run and its reports that records a baseline.

use std::io;

use super::collector::{FigureCollector, Unsaved};
use super::{History, Machine, SavedRun};
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::Against;

/// Earlier runs that a run is compared with.
#[derive(Debug, Clone)]
pub struct EarlierRuns {
    /// The name of their file.
    pub file: String,
    /// Their figures.
    pub history: History,
    /// True if the run is added to them. Those that it cannot be compared with count as missing then: else no gate
    /// on them would ever hold again.
    pub is_followed: bool,
    /// The change from which on one matters.
    pub margin: Margin,
}

/// Passes events on to `L`, and records the figures of the run. At the end it compares them with an earlier
/// ones, if there are any.
#[derive(Debug)]
pub struct BaselineRecorder<L> {
    inner: L,
    /// `None` if nothing is recorded.
    collector: Option<FigureCollector>,
    earlier: Option<EarlierRuns>,
    against: Option<Against>,
    end: Result<SavedRun, Unsaved>,
}

impl EarlierRuns {
    fn compare(&self, now: &SavedRun) -> Against {
        let mut against = now.against(&self.file, &self.history);
        // A run without a success is never saved.
        against.margin = self.margin;
        against.is_renewed = self.is_followed && now.has_success() && against.is_of_other();
        against
    }
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

    /// A recorder that records the run of this machine (`None`: not known), and compares it with `earlier`.
    pub fn new(inner: L, earlier: Option<EarlierRuns>, machine: Option<Machine>) -> Self {
        BaselineRecorder {
            collector: Some(FigureCollector::new(machine)),
            earlier,
            ..BaselineRecorder::off(inner)
        }
    }

    /// The earlier runs, if there are any.
    pub fn earlier(&self) -> Option<&EarlierRuns> {
        self.earlier.as_ref()
    }

    /// Comparison of the run with the earlier ones. `None` without any, and before the run's end.
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
                (Ok(now), Some(earlier)) => Some(earlier.compare(now)),
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
