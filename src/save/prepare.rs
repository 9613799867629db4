//! The first step of saving: looks at the file that exists, and decides whether to keep or to fetch it.

use std::fs::File;
use std::io;

use ring::digest::{Context, SHA256};
use rustix::fs::{Mode, OFlags, Stat, openat};

use super::FileError;
use super::dir::{Dir, is_symlink};
use super::download::Download;
use super::part::read_chunks;
use super::store::{Exists, Store};
use super::xattr::FileRecord;
use crate::model::outcome::Saved;
use crate::model::save_path::SavePath;

/// The decision about a file before any request.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are downloads, and each is moved once"
)]
pub enum SaveDecision {
    /// Keep the file that exists.
    Keep(Saved),
    /// Fetch the file.
    Fetch(Download),
}

/// What is at the place of a file, before any request.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is moved once"
)]
pub(super) enum PlaceContent {
    /// Nothing; its folder, if that is there.
    Nothing(Option<Dir>),
    /// The file that stays as it is.
    Kept(Saved),
    /// A file that may be replaced.
    File {
        /// Its folder.
        dir: Dir,
        /// Its stat.
        stat: Stat,
        /// Its record, if nothing has changed it since, and the policy asks for it.
        record: Option<FileRecord>,
    },
}

impl Store {
    /// Decides about the file at `place`, which is to have this SHA-256 if one is given.
    ///
    /// # Errors
    ///
    /// If the name is taken by something that may not be replaced, or a system call fails.
    pub fn prepare(
        &self,
        place: &SavePath,
        sha256: Option<&[u8; 32]>,
    ) -> Result<SaveDecision, FileError> {
        match self.look_at(place, sha256)? {
            PlaceContent::Nothing(dir) => {
                let download = Download::new(self, place, dir, None)?;
                Ok(SaveDecision::Fetch(download.of_free_name()))
            }
            PlaceContent::Kept(saved) => Ok(SaveDecision::Keep(saved)),
            PlaceContent::File { dir, stat, record } => {
                // A file with the wrong checksum is fetched again even if the server's version is the same.
                let existing = record.filter(|_| sha256.is_none());
                let mut download = Download::new(self, place, Some(dir), existing)?;
                // An empty file, such as mktemp(1) makes, has nothing to lose: it is replaced.
                let length = u64::try_from(stat.st_size).unwrap_or_default();
                if self.config.exists == Exists::Update && sha256.is_none() && length > 0 {
                    download = download.of_held_name(length);
                }
                Ok(SaveDecision::Fetch(download))
            }
        }
    }

    /// Looks at what is at `place`, and decides as far as that alone and the policy decide.
    ///
    /// # Errors
    ///
    /// If what is there has to stay and is not what was asked for, or a system call fails.
    pub(super) fn look_at(
        &self,
        place: &SavePath,
        sha256: Option<&[u8; 32]>,
    ) -> Result<PlaceContent, FileError> {
        let Some(dir) = self.root.find(place)? else {
            return Ok(PlaceContent::Nothing(None));
        };
        let shown = self.root.shown(place);
        let stat = dir
            .stat(place.file_name())
            .map_err(|errno| FileError::refused(&format!("cannot look at {shown}"), errno))?;
        let Some(stat) = stat else {
            return Ok(PlaceContent::Nothing(Some(dir)));
        };
        let file = self.open_existing(&dir, place, &stat, sha256.is_some())?;
        if let (Some(file), Some(wanted)) = (&file, sha256)
            && sha256_of(file).is_ok_and(|found| found == *wanted)
        {
            return Ok(PlaceContent::Kept(Saved {
                sha256: Some(*wanted),
                ..self.saved(place, &stat)
            }));
        }
        if self.config.exists == Exists::Skip {
            return match sha256 {
                None => Ok(PlaceContent::Kept(self.saved(place, &stat))),
                Some(_) => Err(FileError::other_sum(&shown)),
            };
        }
        let record = file
            .and_then(|file| FileRecord::read_from(&file).ok().flatten())
            .filter(|record| record.is_untouched(&stat));
        Ok(PlaceContent::File { dir, stat, record })
    }

    /// Returns true if the file at `place` has this SHA-256.
    pub(crate) fn has_sum(&self, place: &SavePath, sha256: &[u8; 32]) -> bool {
        let dir = self.root.find(place).ok().flatten();
        let file = dir.and_then(|dir| dir.open_to_read(place.file_name()));
        file.is_some_and(|file| sha256_of(&file).is_ok_and(|found| found == *sha256))
    }

    /// Prepares a download at `place` of a file that will get another name in its directory, a free one.
    ///
    /// # Errors
    ///
    /// If a system call fails.
    pub fn prepare_for_free_name(&self, place: &SavePath) -> Result<Download, FileError> {
        let download = Download::new(self, place, self.root.find(place)?, None)?;
        Ok(download.of_free_name())
    }

    /// Prepares a download at `place` of a file that will get its name later, such as the server's. Until
    /// then it waits in a part: visible, and kept if pfetch is killed.
    ///
    /// # Errors
    ///
    /// If a system call fails.
    pub fn prepare_for_later_name(&self, place: &SavePath) -> Result<Download, FileError> {
        let download = Download::new(self, place, self.root.find(place)?, None)?;
        Ok(download.of_later_name())
    }

    /// Opens the existing file if the policy depends on its content, or returns the error that the policy
    /// asks for.
    fn open_existing(
        &self,
        dir: &Dir,
        place: &SavePath,
        stat: &Stat,
        has_sum: bool,
    ) -> Result<Option<File>, FileError> {
        let shown = &self.root.shown(place);
        let exists = self.config.exists;
        let is_link_to_skip = exists == Exists::Skip && is_symlink(stat);
        if let Some(error) = self.replace_error(stat, shown).filter(|_| !is_link_to_skip) {
            return Err(error);
        }
        let file = match exists {
            Exists::Fail => {
                return Err(FileError::new(format!("{shown} exists (--exists fail)")));
            }
            Exists::Overwrite if !has_sum => None,
            Exists::Rename => None,
            Exists::Skip | Exists::Update | Exists::Refresh | Exists::Overwrite => {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                openat(dir, place.file_name(), flags, Mode::empty())
                    .ok()
                    .map(File::from)
            }
        };
        if is_link_to_skip && file.is_none() {
            return Err(FileError::new(format!(
                "{shown} is a symbolic link that leads nowhere; delete it"
            )));
        }
        Ok(file)
    }
}

fn sha256_of(file: &File) -> io::Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    read_chunks(file, |bytes| context.update(bytes))?;
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    Ok(sum)
}
