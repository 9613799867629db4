//! Bodies are appended to packs as their outcomes are emitted, so that the order of a pack is that of the run log.
//! Outcomes of a run that packs wait for one another as long as the engine has others to collect, so that their bodies
//! are written together.

use std::collections::VecDeque;

use super::Engine;
use super::config::CutShort;
use super::reorder::Ready;
use crate::http::UnplacedBody;
use crate::model::event::{Event, PackEvent};
use crate::model::outcome::{Failure, FailureKind, Outcome, Verdict};
use crate::model::text::escape;
use crate::save::pack::{Appended, BatchMember, PackMember, Packs};

/// The most outcomes that wait to be emitted together. It bounds what a killed run has done and not logged.
const MAX_BATCH: usize = 32;

/// The bytes of bodies with which they wait no longer.
const BATCH_BYTES: u64 = 512 * 1024;

/// Outcomes that wait to be emitted together, in their order.
#[derive(Debug, Default)]
pub(super) struct PackBatch {
    waiting: VecDeque<Ready>,
    /// The bytes of their bodies.
    bytes: u64,
}

impl PackBatch {
    /// Adds an outcome. Returns true if none is to be waited for any more.
    fn push(&mut self, ready: Ready) -> bool {
        self.bytes = self.bytes.saturating_add(ready.outcome.bytes);
        let is_large = member(&ready).is_some_and(|member| !member.is_small());
        self.waiting.push_back(ready);
        is_large || self.waiting.len() >= MAX_BATCH || self.bytes >= BATCH_BYTES
    }
}

/// The member that the outcome has for a pack, if it is not there yet.
fn member(ready: &Ready) -> Option<&PackMember> {
    let (unplaced, _) = ready.unplaced.as_ref()?;
    match &**unplaced {
        UnplacedBody::Member(member) if ready.outcome.verdict == Verdict::Ok => Some(member),
        UnplacedBody::Member(_) | UnplacedBody::File(_) => None,
    }
}

/// Tells that the frame that the worker has built for a member is not that of its outcome: attempts before the last
/// one, and what the line of the list has, are not known to the worker.
fn has_changed(outcome: &Outcome) -> bool {
    !outcome.earlier().is_empty() || outcome.pushed_back() > 0 || outcome.meta().is_some()
}

impl Engine<'_> {
    /// Emits an outcome: in a run that packs together with those that end at about the same time.
    pub(super) fn emit_outcome(&mut self, ready: Ready) -> Result<(), CutShort> {
        if self.bodies.packs().is_none() {
            return self.emit_placed(ready);
        }
        match self.batch.push(ready) {
            true => self.flush_batch(),
            false => Ok(()),
        }
    }

    /// Emits the outcomes that wait for one another.
    pub(super) fn flush_batch(&mut self) -> Result<(), CutShort> {
        let mut waiting = std::mem::take(&mut self.batch).waiting;
        while !waiting.is_empty() {
            self.append_together(waiting.make_contiguous())?;
            // Up to a member that was not written with the others: it is of the next pack, or is written alone.
            let placed = waiting.iter().take_while(|ready| member(ready).is_none());
            let count = placed.count().max(1);
            for ready in waiting.drain(..count) {
                self.emit_placed(ready)?;
            }
        }
        Ok(())
    }

    /// Appends members from the first on, as many as can be written together.
    fn append_together(&mut self, waiting: &mut [Ready]) -> Result<(), CutShort> {
        let count = waiting
            .iter()
            .filter_map(member)
            .take_while(|member| member.is_small())
            .count();
        if count < 2 {
            return Ok(());
        }
        self.begin_pack()?;
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        let with_member = waiting.iter_mut().filter(|ready| member(ready).is_some());
        let mut with_member: Vec<&mut Ready> = with_member.take(count).collect();
        let members = with_member.iter_mut().filter_map(|ready| {
            let (unplaced, _) = ready.unplaced.as_mut()?;
            let UnplacedBody::Member(member) = &mut **unplaced else {
                return None;
            };
            Some(BatchMember {
                member,
                has_changed: has_changed(&ready.outcome),
                outcome: &ready.outcome,
            })
        });
        let placed = packs.append_together(members.collect())?;
        for (ready, packed) in with_member.into_iter().zip(placed) {
            ready.outcome.details_mut().packed = Some(packed);
            ready.unplaced = None;
        }
        Ok(())
    }

    /// Makes a pack ready for members, and has the log name it.
    fn begin_pack(&mut self) -> Result<(), CutShort> {
        // An earlier run may have been killed before it published the pack that it had filled.
        self.publish_full_pack()?;
        let begun = self.bodies.packs().map(Packs::begin).transpose()?.flatten();
        match begun {
            Some(pack) => self.emit(&Event::Pack(PackEvent::Begun(pack))),
            None => Ok(()),
        }
    }

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
        if outcome.verdict != Verdict::Ok {
            return Ok(());
        }
        self.begin_pack()?;
        let pool = self.pool;
        let Some(packs) = self.bodies.packs() else {
            return Ok(());
        };
        let is_stopped = || pool.stop_token().is_stopped();
        let appended = packs.append(member, outcome, has_changed(outcome), is_stopped)?;
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
                    is_alone: false,
                };
                (Verdict::Skipped, failure)
            }
        };
        outcome.verdict = verdict;
        outcome.last.error = Some(Box::new(failure));
        Ok(())
    }

    /// Notes that the line of the member that comes next is in the log, and publishes the pack if that has filled it.
    pub(super) fn note_packed(&mut self) -> Result<(), CutShort> {
        if let Some(packs) = self.bodies.packs() {
            packs.note_logged();
        }
        self.publish_full_pack()
    }

    fn publish_full_pack(&mut self) -> Result<(), CutShort> {
        let packs = self.bodies.packs();
        let published = packs.map(Packs::publish_if_full).transpose()?.flatten();
        match published {
            Some(pack) => self.emit(&Event::Pack(PackEvent::Published(pack))),
            None => Ok(()),
        }
    }

    /// Publishes the last pack, unless something is left to do: then a later run goes on with it.
    pub(super) fn end_packs(&mut self) -> Result<(), CutShort> {
        let is_stopped = self.stopped.is_some_and(|reason| !self.is_all_done(reason));
        let is_done = !is_stopped && !self.is_disk_full && self.bad.is_none();
        let is_done = is_done && self.tally.unreadable().is_empty();
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
