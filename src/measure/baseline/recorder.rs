//! Between a run and its reports.

use std::io;

use super::SavedRun;
use super::record::{Record, Unsaved};
use crate::model::event::{Event, Listener};
use crate::model::measurement::Against;

/// Passes on what happens to `L`, and knows at the end what there is to save of the run, and what it comes
/// to against an earlier one.
#[derive(Debug)]
pub struct Keeper<L> {
    inner: L,
    /// `None` if nobody wants to know.
    record: Option<Record>,
    /// The earlier run, with the name of its file.
    earlier: Option<(String, SavedRun)>,
    against: Option<Against>,
    end: Result<SavedRun, Unsaved>,
}

impl<L: Listener> Keeper<L> {
    /// Keeps nothing.
    pub fn off(inner: L) -> Self {
        Keeper {
            inner,
            record: None,
            earlier: None,
            against: None,
            end: Err(Unsaved::Stopped),
        }
    }

    /// Keeps the run's figures, and sets them against an earlier run's, if there is one, which is in the
    /// file of this name.
    pub fn new(inner: L, earlier: Option<(String, SavedRun)>) -> Self {
        Keeper {
            record: Some(Record::new()),
            earlier,
            ..Keeper::off(inner)
        }
    }

    /// What the run comes to against the earlier one. `None` without one, and before the run's end.
    pub fn against(&self) -> Option<&Against> {
        self.against.as_ref()
    }

    /// Whoever was told of the run goes away, and what there is to save of it remains.
    ///
    /// # Errors
    ///
    /// Why there is nothing.
    pub fn into_run(self) -> Result<SavedRun, Unsaved> {
        self.end
    }
}

impl<L: Listener> Listener for Keeper<L> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let end = self.record.as_mut().and_then(|record| record.note(event));
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
