//! The reading of a log: each line in turn changes which targets are done.

use std::fs::File;

use super::JournalError;
use super::done::DoneTargets;
use super::error::DamagedLine;
use super::line::{MAX_LINE_BYTES, PackState, is_run, without_folder};
use super::line_read::{LogEntry, LoggedFile, LoggedResult, LoggedRun, read_line};
use super::log_lines::LogLines;
use super::target_key::{key, key_of_index};
use super::window::LogWindow;
use crate::model::outcome::Verdict;
use crate::model::target::Verb;

/// The most damaged lines that are named.
const NAMED: usize = 10;

impl DoneTargets {
    /// Adds what the lines after the header say. Calls `each` with each file that they have.
    pub(super) fn with_log(
        self,
        file: &mut File,
        name: &str,
        mut each: impl FnMut(&LoggedFile<'_>),
    ) -> Result<Self, JournalError> {
        let unreadable = |source| JournalError::Read {
            file: name.to_owned(),
            source,
        };
        let mut done = DoneTargets {
            log: Some(LogWindow::of(file).map_err(unreadable)?),
            log_name: name.to_owned(),
            ..self
        };
        let mut lines = LogLines::after_header(file).map_err(unreadable)?;
        let mut bytes = Vec::new();
        // The line before, if it cannot be read.
        let mut torn: Option<(u64, DamagedLine)> = None;
        while let Some(length) = lines.next(&mut bytes).map_err(unreadable)? {
            // A run that is killed leaves a torn last line, and the next run begins a new one: with a `run`
            // line, which may be torn too.
            if let Some((number, damage)) = torn.take()
                && !is_run(&bytes)
            {
                done.note_damage(number, damage);
            }
            if length > MAX_LINE_BYTES as u64 {
                torn = Some((lines.number, DamagedLine::TooLong));
            } else if bytes == b"\n" {
                // Left by a failed write. It stands for no target.
                continue;
            } else {
                // A last line without its line feed is whole and counts: the next run adds the line feed.
                match read_line(&bytes) {
                    Ok(LogEntry::Header) => {}
                    Ok(LogEntry::Run(run)) => done.note_run(&run, lines.start),
                    Ok(LogEntry::Result(result)) => done.note(&result, lines.start, &mut each),
                    Ok(LogEntry::Pack(pack, state, length)) => done.note_pack(&pack, state, length),
                    Err(reason) => torn = Some((lines.number, DamagedLine::Malformed(reason))),
                }
            }
        }
        Ok(done)
    }

    /// Notes a run whose line is at this position. One that could not write a line has its own there again.
    fn note_run(&mut self, run: &LoggedRun, position: u64) {
        let is_other = run.id.is_none() || run.id != self.last_run;
        if is_other && !run.is_resumed {
            self.afresh = position;
        }
        self.last_run = run.id;
    }

    fn note_pack(&mut self, pack: &str, state: PackState, length: u64) {
        let Some(packs) = &mut self.packs else {
            return;
        };
        match state {
            PackState::Begun => packs.note_begun(pack),
            PackState::Cut => packs.note_cut(pack, length),
            PackState::Published => packs.note_published(pack),
        }
    }

    /// Notes a target whose line begins at this position.
    fn note(
        &mut self,
        result: &LoggedResult<'_>,
        position: u64,
        mut each: impl FnMut(&LoggedFile<'_>),
    ) {
        if let (Some(packs), Verb::Get) = (&mut self.packs, result.verb) {
            // A body that is in no pack is fetched again.
            if let (Some(packed), Ok(index)) = (&result.packed, result.index())
                && result.is_done()
            {
                packs.note_member(&packed.pack, packed.offset, packed.end(), position);
                self.lines.replace(key_of_index(index), position);
                self.last_packed = self.last_packed.max(Some(index));
            }
            return;
        }
        if !self.takes(result) {
            return;
        }
        let (name, request) = (result.name.as_deref(), result.request);
        let key = key(result.verb, &result.url, name, request);
        let is_done = match result.verdict {
            Verdict::Ok | Verdict::Unchanged => true,
            Verdict::Failed => false,
            // Never written, and no reason to change what an earlier line says.
            Verdict::Done | Verdict::Skipped => return,
        };
        if let (Some(name), Some(saved), true) = (&result.name, &result.saved, is_done)
            && let Some(name) = without_folder(self.run.folder.as_deref(), name)
        {
            each(&LoggedFile {
                name,
                path: saved,
                bytes: result.saved_bytes.unwrap_or(result.bytes),
            });
        }
        match (&result.name, is_done) {
            // There is one file, which is as the last line says.
            (Some(_), true) => self.lines.replace(key, position),
            (Some(_), false) => self.lines.remove(key),
            (None, _) => {
                self.lines.remove_before(key, self.afresh);
                if is_done {
                    self.lines.add(key, position);
                }
            }
        }
    }

    /// Tells whether a line may be of a target of this run. Identical requests may be in several shards that lists are
    /// dealt out to by their lines: there the index says whose a line is, should shards have gone on with one log.
    fn takes(&self, result: &LoggedResult<'_>) -> bool {
        let shard = self.run.shard.filter(|_| result.name.is_none());
        match (shard, result.index()) {
            (Some(shard), Ok(index)) => shard.may_take(index),
            _ => true,
        }
    }

    fn note_damage(&mut self, number: u64, damage: DamagedLine) {
        self.damaged_count += 1;
        if self.damaged.len() < NAMED {
            self.damaged.push((number, damage));
        }
    }
}
