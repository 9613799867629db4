//! Bodies are appended to packs as their outcomes are emitted, so that the order of a pack is that of the run log.

use super::Engine;
use super::config::CutShort;
use crate::model::event::{Event, PackEvent};
use crate::model::outcome::{Failure, FailureKind, Outcome, Verdict};
use crate::model::text::escape;
use crate::save::pack::{Appended, PackMember, Packs};

impl Engine<'_> {
    /// Tells the log what it does not know of the packs that earlier runs have left.
    pub(super) fn tell_untold_pack(&mut self) -> Result<(), CutShort> {
        let packs = self.bodies.packs();
        let Some(event) = packs.and_then(Packs::take_untold) else {
            return Ok(());
        };
        if let PackEvent::Cut(pack, length) = &event {
            let pack = escape(pack);
            self.emit_warning(format!(
                "{pack}.part has less than the run log says; what was behind byte {length} is fetched \
                 again"
            ))?;
        }
        self.emit(&Event::Pack(event))
    }

    /// Appends a member, whose outcome is emitted next. One that cannot be written fails its target.
    pub(super) fn append_to_pack(
        &mut self,
        member: &mut PackMember,
        outcome: &mut Outcome,
    ) -> Result<(), CutShort> {
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        if outcome.verdict != Verdict::Ok {
            return Ok(());
        }
        if let Some(pack) = packs.begin()? {
            self.emit(&Event::Pack(PackEvent::Begun(pack)))?;
        }
        let pool = self.pool;
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        // Attempts before the last one, and what the line of the list has, are not known to the worker.
        let has_changed =
            !outcome.earlier().is_empty() || outcome.pushed_back() > 0 || outcome.meta().is_some();
        let is_stopped = || pool.stop_token().is_stopped();
        let appended = packs.append(member, outcome, has_changed, is_stopped)?;
        let (verdict, failure) = match appended {
            Appended::Done(packed) => {
                outcome.details_mut().packed = Some(packed);
                return Ok(());
            }
            Appended::Failed(error) => (Verdict::Failed, error.into()),
            Appended::Stopped => {
                let failure = Failure {
                    kind: FailureKind::Stopped,
                    phase: None,
                    message: "stopped before it was in a pack".to_owned(),
                    is_transient: false,
                };
                (Verdict::Skipped, failure)
            }
        };
        outcome.verdict = verdict;
        outcome.last.error = Some(Box::new(failure));
        Ok(())
    }

    /// Publishes the pack if the outcome that was emitted has filled it.
    pub(super) fn publish_full_pack(&mut self) -> Result<(), CutShort> {
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        packs.note_logged();
        match packs.publish_if_full()? {
            Some(pack) => self.emit(&Event::Pack(PackEvent::Published(pack))),
            None => Ok(()),
        }
    }

    /// Publishes the last pack, unless something is left to do: then a later run goes on with it.
    pub(super) fn end_packs(&mut self) -> Result<(), CutShort> {
        let is_stopped = self.stopped.is_some_and(|reason| !self.is_all_done(reason));
        let is_done = !is_stopped && !self.is_disk_full && self.bad.is_none();
        let is_done = is_done && self.unreadable.is_empty();
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        if !is_done {
            return Ok(packs.leave()?);
        }
        match packs.publish()? {
            Some(pack) => self.emit(&Event::Pack(PackEvent::Published(pack))),
            None => Ok(()),
        }
    }
}
