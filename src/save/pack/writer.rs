//! The packs of a run: members are appended to the current one, and a full one is published.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::append::{AppendError, Appender};
use super::body::MemberBytes;
use super::files::{PART, PackFolder};
use super::found::Found;
use super::frame::{FrameBuilder, MemberFrame, RecordEncoder};
use super::index::PackIndex;
use super::logged::LoggedPacks;
use super::{AbsentPacks, PackBody, PackConfig, PackError, PackFormat, PackMember, tar};
use crate::model::event::PackEvent;
use crate::model::outcome::{Outcome, Packed};
use crate::save::FileError;
use crate::save::spill::MemoryBudget;

/// The packs of a run.
#[derive(Debug)]
pub struct Packs {
    pub(super) config: PackConfig,
    folder: PackFolder,
    budget: MemoryBudget,
    pub(super) frames: FrameBuilder,
    /// The number of the pack after the current one.
    next: u64,
    pub(super) current: Option<OpenPart>,
    /// What the log does not know of the packs that earlier runs have left.
    untold: Option<PackEvent>,
    absent: Option<AbsentPacks>,
}

/// The pack that members are appended to.
#[derive(Debug)]
pub(super) struct OpenPart {
    pub(super) file: File,
    name: String,
    /// The path of the pack, by which the log knows it.
    pub(super) path: Arc<str>,
    /// The end of the last member that is in the log.
    pub(super) logged: u64,
    /// The members that are in the log.
    pub(super) members: u64,
    /// The ends of members that were appended and are not in the log, in their order.
    pub(super) appended: VecDeque<u64>,
    /// True if the log names the pack.
    is_told: bool,
    /// The index, of a format that has one.
    pub(super) index: Option<PackIndex>,
    /// The buffer of members that are written.
    buffer: Vec<u8>,
}

impl OpenPart {
    /// Appends a member behind the last one that is in the log. Returns where it begins and ends.
    fn append(
        &mut self,
        member: &PackMember,
        frame: &MemberFrame,
        is_stopped: &impl Fn() -> bool,
    ) -> Result<(u64, u64), AppendError> {
        let start = self.logged;
        let mut appender = Appender::new(&self.file, &mut self.buffer, start);
        match &member.bytes {
            MemberBytes::Body(body) => {
                appender.tar(body, frame, is_stopped)?;
                Ok((start, appender.finish()?))
            }
            MemberBytes::Records(records, _) => {
                let whole = self.name.strip_suffix(PART).unwrap_or(&self.name);
                let offset = appender.warc(records, whole, is_stopped)?;
                let end = appender.finish()?;
                let entry = self.index_entry(member, offset, end);
                self.append_to_index(&entry)?;
                Ok((offset, end))
            }
        }
    }

    /// The name of the pack once it is published.
    pub(super) fn whole_name(&self) -> &str {
        self.name.strip_suffix(PART).unwrap_or(&self.name)
    }

    /// The entry of this member in the index; empty in a format without one.
    pub(super) fn index_entry(&self, member: &PackMember, offset: u64, end: u64) -> String {
        let MemberBytes::Records(_, entries) = &member.bytes else {
            return String::new();
        };
        let lines = entries.iter();
        let lines = lines.map(|entry| entry.line(offset, self.whole_name()));
        PackIndex::entry(&lines.collect::<String>(), end)
    }

    pub(super) fn append_to_index(&mut self, entries: &str) -> io::Result<()> {
        match &mut self.index {
            Some(index) => index.append(entries),
            None => Ok(()),
        }
    }
}

/// The result of appending a member.
#[derive(Debug)]
pub enum Appended {
    /// It is there.
    Done(Packed),
    /// The run was stopped meanwhile, and nothing of it is there.
    Stopped,
    /// It could not be written, and nothing of it is there.
    Failed(FileError),
}

impl Packs {
    /// Opens the packs that this run log names, or the first one, for so many workers; `encode` makes the
    /// record of a member. What a killed run has left behind the last logged member is cut off; should members be missing, `logged` no longer holds them.
    ///
    /// # Errors
    ///
    /// [`PackError`]; what is there is then as it was.
    pub fn open(
        config: PackConfig,
        logged: &mut LoggedPacks,
        workers: usize,
        encode: RecordEncoder,
    ) -> Result<Self, PackError> {
        let folder = PackFolder::open(config.pattern.folder())?;
        let found = Found::look(&config, &folder, logged)?;
        let mut packs = Packs {
            budget: MemoryBudget::of_workers(workers),
            frames: FrameBuilder {
                format: config.format,
                encode,
            },
            next: found.next,
            current: None,
            untold: found.untold,
            absent: found.absent,
            config,
            folder,
        };
        if let Some(PackEvent::Published(path)) = &packs.untold
            && packs.has_index()
            && let Some(name) = packs.folder.name_in(path)
        {
            PackIndex::clean_up(&packs.folder, name)?;
        }
        match found.unpublished {
            Some((name, path)) => packs.current = Some(packs.reopen(name, path, logged)?),
            None => packs.begin_part()?,
        }
        Ok(packs)
    }

    /// Checks the same without changing anything, for a dry run. Returns the published packs that are not there.
    ///
    /// # Errors
    ///
    /// As for [`open`](Packs::open).
    pub fn preview(
        config: &PackConfig,
        logged: &mut LoggedPacks,
    ) -> Result<Option<AbsentPacks>, PackError> {
        let Some(folder) = PackFolder::preview(config.pattern.folder())? else {
            return Ok(None);
        };
        Ok(Found::look(config, &folder, logged)?.absent)
    }

    /// The published packs that are not there.
    pub fn absent(&self) -> Option<&AbsentPacks> {
        self.absent.as_ref()
    }

    /// A body on its way into a pack.
    pub fn body(&self) -> BodyMaker {
        BodyMaker {
            budget: self.budget.clone(),
            frames: self.frames.clone(),
        }
    }

    /// What the log does not know of the packs that earlier runs have left, and has to be told before anything is
    /// appended: that one is published, or has lost members.
    pub fn take_untold(&mut self) -> Option<PackEvent> {
        self.untold.take()
    }

    /// Makes a pack ready for a member. Returns its path if the log has to name it first.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn begin(&mut self) -> Result<Option<Arc<str>>, PackError> {
        if self.current.is_none() {
            self.begin_part()?;
        }
        let current = self.current.as_mut().expect("a pack was begun above");
        let is_told = std::mem::replace(&mut current.is_told, true);
        Ok((!is_told).then(|| Arc::clone(&current.path)))
    }

    /// Appends a member to the pack that [`begin`](Packs::begin) has made ready. It counts once it is
    /// [logged](Packs::note_logged). `has_changed` tells that the outcome is another than the worker had, which built
    /// the frame of the member for that.
    ///
    /// # Errors
    ///
    /// Those of encoding the outcome.
    pub fn append(
        &mut self,
        member: &mut PackMember,
        outcome: &Outcome,
        has_changed: bool,
        is_stopped: impl Fn() -> bool,
    ) -> io::Result<Appended> {
        let frame = match member.frame.take().filter(|_| !has_changed) {
            Some(frame) => frame,
            None => self.frames.build(outcome, member.body_length())?,
        };
        let part = self
            .current
            .as_mut()
            .expect("a pack is begun before a member is appended");
        let start = part.logged;
        let appended = match part.append(member, &frame, &is_stopped) {
            Ok((offset, end)) => {
                part.appended.push_back(end);
                Appended::Done(Packed {
                    pack: Arc::clone(&part.path),
                    offset,
                    length: end - offset,
                })
            }
            Err(error) => {
                // Should this fail too, the bytes are overwritten by the next member, or cut off at the end.
                let _ = part.file.set_len(start);
                match error {
                    AppendError::Stopped => Appended::Stopped,
                    AppendError::Io(error) => {
                        Appended::Failed(self.folder.failed("cannot write", &part.name, &error))
                    }
                }
            }
        };
        Ok(appended)
    }

    /// Notes that the line of the next member that was appended is in the log.
    pub fn note_logged(&mut self) {
        if let Some(part) = &mut self.current
            && let Some(end) = part.appended.pop_front()
        {
            part.logged = end;
            part.members += 1;
        }
    }

    /// Publishes the current pack if it is full. Returns its path.
    ///
    /// # Errors
    ///
    /// [`PackError`]; the part stays as it is.
    pub fn publish_if_full(&mut self) -> Result<Option<Arc<str>>, PackError> {
        let is_full = self.current.as_ref().is_some_and(|part| {
            part.logged >= self.config.full_bytes || part.members >= self.config.full_members
        });
        match is_full {
            true => self.publish(),
            false => Ok(None),
        }
    }

    /// Publishes the current pack: the run is done. One without members is removed. Returns its path.
    ///
    /// # Errors
    ///
    /// [`PackError`]; the part stays as it is.
    pub fn publish(&mut self) -> Result<Option<Arc<str>>, PackError> {
        let Some(part) = &self.current else {
            return Ok(None);
        };
        if part.members == 0 {
            self.folder.remove(&part.name)?;
            if let Some(index) = &part.index {
                index.remove(&self.folder)?;
            }
            self.current = None;
            return Ok(None);
        }
        let end: &[u8] = match self.config.format {
            PackFormat::Tar => &tar::END,
            PackFormat::Warc => &[],
        };
        // Something may lie behind the last member: of one that could not be written, or is not in the log.
        let ended = part
            .file
            .write_all_at(end, part.logged)
            .and_then(|()| part.file.set_len(part.logged + end.len() as u64));
        ended.map_err(|error| self.folder.failed("cannot write", &part.name, &error))?;
        let name = part.name.strip_suffix(PART).unwrap_or(&part.name);
        // First, so that whoever finds the pack finds its index.
        if let Some(index) = &part.index {
            index.publish(&self.folder, name)?;
        }
        self.folder.publish(&part.file, &part.name, name)?;
        if let Some(index) = &part.index {
            index.remove(&self.folder)?;
        }
        let path = Arc::clone(&part.path);
        self.current = None;
        Ok(Some(path))
    }

    /// Removes the current pack if it holds nothing, at the end of a run that is to be gone on with.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn leave(&mut self) -> Result<(), PackError> {
        match &self.current {
            Some(part) if part.members == 0 => self.publish().map(drop),
            _ => Ok(()),
        }
    }

    /// Begins the next pack.
    fn begin_part(&mut self) -> Result<(), PackError> {
        let name = self.config.pattern.name(self.next);
        let index = self.has_index().then(|| PackIndex::name(&name));
        for name in [Some(&name), index.as_ref()].into_iter().flatten() {
            if self.folder.contains(name) {
                return Err(PackError::Foreign(self.folder.shown(name)));
            }
        }
        let part = format!("{name}{PART}");
        let file = self.folder.open_part(&part)?;
        let length = self.length(&file, &part)?;
        // An empty one is nobody's: a run may be killed before its log names the pack.
        if length > 0 {
            return Err(PackError::Foreign(self.folder.shown(&part)));
        }
        self.next += 1;
        self.current = Some(OpenPart {
            index: self.open_index(&name, 0)?,
            file,
            path: self.folder.path_of(&name).into(),
            name: part,
            logged: 0,
            members: 0,
            appended: VecDeque::new(),
            is_told: false,
            buffer: Vec::new(),
        });
        Ok(())
    }

    /// Opens the part that the log names, and cuts it at the end of its last member.
    fn reopen(
        &self,
        name: String,
        path: Arc<str>,
        logged: &LoggedPacks,
    ) -> Result<OpenPart, PackError> {
        let part = format!("{name}{PART}");
        let file = self.folder.open_part(&part)?;
        let (_, end, members) = logged
            .unpublished()
            .expect("this is the pack that the log has as unpublished");
        file.set_len(end)
            .map_err(|error| self.folder.failed("cannot cut", &part, &error))?;
        Ok(OpenPart {
            index: self.open_index(&name, end)?,
            file,
            name: part,
            path,
            logged: end,
            members,
            appended: VecDeque::new(),
            is_told: true,
            buffer: Vec::new(),
        })
    }

    fn has_index(&self) -> bool {
        self.config.format == PackFormat::Warc
    }

    fn open_index(&self, pack: &str, end: u64) -> Result<Option<PackIndex>, PackError> {
        let has_index = self.has_index();
        let index = has_index.then(|| PackIndex::open(&self.folder, pack, end));
        index.transpose()
    }

    fn length(&self, file: &File, part: &str) -> Result<u64, PackError> {
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| self.folder.failed("cannot read", part, &error))?;
        Ok(metadata.len())
    }
}

/// Makes the bodies of a run that packs. Workers share it.
#[derive(Debug, Clone)]
pub struct BodyMaker {
    budget: MemoryBudget,
    frames: FrameBuilder,
}

impl BodyMaker {
    /// A body, for one attempt.
    pub fn body(&self) -> PackBody {
        PackBody::new(&self.budget, self.frames.format)
    }

    /// Builds what belongs to the body of a member, for its outcome as it is now.
    pub fn frame(&self, member: &mut PackMember, outcome: &Outcome) {
        // An outcome that cannot be encoded is an error when its member is appended.
        member.frame = self.frames.build(outcome, member.body_length()).ok();
    }
}
