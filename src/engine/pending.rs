//! The targets that have been tried and have not ended, as far as they are not under way, for the listener.

use std::time::Instant;

use super::Engine;
use super::config::CutShort;
use crate::model::event::{Event, Pending};

impl Engine<'_> {
    /// Emits them if they have changed.
    pub(super) fn emit_pending(&mut self, now: Instant) -> Result<(), CutShort> {
        let (retries, next) = self.schedule.retries(now);
        let buffered = self.reorder.buffered();
        let pending = Pending {
            unreleased: buffered.count,
            unreleased_kept: buffered.kept,
            unreleased_bytes: buffered.bytes,
            retries,
            next: next.map(|(moment, _)| moment),
            cause: next.map(|(_, cause)| cause),
        };
        if pending == self.pending {
            return Ok(());
        }
        self.pending = pending;
        Ok(self.listener.event(&Event::Pending(pending))?)
    }
}
