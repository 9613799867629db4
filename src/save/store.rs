//! The store: a directory to save in, and the policy for files that exist already.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Stat;

use super::dir::{Dir, RootDir, file_type_name, identity, is_file};
use super::duties::RefusedDuty;
use super::error::FileOrigin;
use super::foreign_parts::ForeignParts;
use super::names::NameHolder;
use super::part;
use super::xattr::FileRecord;
use super::{FileError, os};
use crate::model::file_name::{NameLimits, PARTIAL};
use crate::model::outcome::Saved;
use crate::model::save_path::SavePath;

/// The policy for files that exist already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exists {
    /// Keep the file, without a request.
    Skip,
    /// Replace the file if the server has another version, but only if pfetch saved it from the same URL
    /// and nothing has changed it since.
    #[default]
    Update,
    /// Keep the file if pfetch saved it from the same URL, nothing has changed it since and the server has the
    /// same version, or if its content is that of the new one; otherwise replace it, whatever it is.
    Refresh,
    /// Replace the file, unless it has the SHA-256 that is asked for.
    Overwrite,
    /// Keep the file, and save under another name.
    Rename,
    /// Keep the file, and fail.
    Fail,
}

/// The options of saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConfig {
    /// The policy for files that exist already.
    pub exists: Exists,
    /// True to set a file's modification time to the server's `Last-Modified`.
    pub mtime: bool,
    /// True to continue parts that earlier runs have left.
    pub resume: bool,
    /// True to sync a file to the disk (fsync) before it gets its name.
    pub fsync: bool,
    /// True if files are expected to be continued, as curl's `-C -` and wget's `-c` do with any: an error for one
    /// that is not says which are.
    pub expects_continuation: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig {
            exists: Exists::default(),
            mtime: true,
            resume: true,
            fsync: false,
            expects_continuation: false,
        }
    }
}

/// A directory to save in. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) root: Arc<RootDir>,
    pub(super) config: StoreConfig,
    /// The device and inode number of a file that is in use and must not be replaced.
    in_use: Option<(u64, u64)>,
    /// True if there was nothing in the directory when it was opened.
    was_empty: bool,
    /// True if there is no directory, in a preview.
    is_absent: bool,
}

impl Store {
    /// Opens the directory at `path`, and creates it if it is missing.
    ///
    /// # Errors
    ///
    /// If it cannot be created or opened.
    pub fn open(path: &Path, config: StoreConfig) -> Result<Self, FileError> {
        let root = RootDir::open(path, config.fsync)?;
        Ok(Store {
            was_empty: root.is_empty(),
            is_absent: false,
            root,
            config,
            in_use: None,
        })
    }

    /// Opens the directory at `path` to see which names are taken. If it is missing it stays so, and none is.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or the place where it would be.
    pub fn preview(path: &Path, config: StoreConfig) -> Result<Self, FileError> {
        let (root, is_there) = RootDir::preview(path)?;
        Ok(Store {
            was_empty: !is_there || root.is_empty(),
            is_absent: !is_there,
            root,
            config,
            in_use: None,
        })
    }

    /// The path of the file at `place`, beginning with the directory as it was given.
    pub fn path_of(&self, place: &SavePath) -> PathBuf {
        self.root.path_of(place)
    }

    /// Protects this file from being replaced, whatever the policy: the run itself writes it.
    #[must_use]
    pub fn protecting(mut self, file: &std::fs::Metadata) -> Self {
        self.in_use = Some((file.dev(), file.ino()));
        self
    }

    /// Tells that there is no directory, in a preview.
    pub(super) fn is_absent(&self) -> bool {
        self.is_absent
    }

    /// The policy for files that exist already.
    pub fn exists(&self) -> Exists {
        self.config.exists
    }

    /// Takes the lesser duties that the system has refused since the last call: each kind once.
    pub fn take_refused(&self) -> Vec<RefusedDuty> {
        self.root.duties().take()
    }

    /// Takes the files with the names of parts that are not pfetch's, and that were met so far.
    pub fn take_foreign_parts(&self) -> Option<ForeignParts> {
        self.root.foreign_parts().take()
    }

    /// The limits of names on the directory's file system.
    pub(crate) fn name_limits(&self) -> NameLimits {
        NameLimits::within(os::longest_name(&self.root))
    }

    /// The places in the directory that the file at this path has or may get: that of the path itself, and that
    /// of the file that it leads to if it is a symbolic link. None for a file elsewhere.
    ///
    /// A name that is not UTF-8 is no place: no URL's file gets one.
    pub(crate) fn places_of(&self, path: &Path) -> Vec<SavePath> {
        let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
        let named = fs::canonicalize(parent.unwrap_or(Path::new(".")))
            .ok()
            .zip(path.file_name())
            .map(|(parent, name)| parent.join(name));
        let target = fs::canonicalize(path).ok();
        let mut places = Vec::new();
        for found in named.into_iter().chain(target) {
            let place = self.root.place_of(&found);
            places.extend(place.filter(|place| !places.contains(place)));
        }
        places
    }

    /// Returns true if the name at `place` is taken. If that cannot be found out it counts as free, since
    /// saving there will report why.
    pub fn contains(&self, place: &SavePath) -> bool {
        if self.is_absent {
            return false;
        }
        match self.root.find(place) {
            Ok(Some(dir)) => matches!(dir.stat(place.file_name()), Ok(Some(_))),
            Ok(None) | Err(_) => false,
        }
    }

    /// The holder of the name at `place`: the URL in the record of the file that has it. If that cannot be
    /// found out the name counts as free, since saving there will report why.
    pub fn holder(&self, place: &SavePath) -> NameHolder {
        self.holder_of(place, |_| place.file_name().to_owned())
    }

    /// The holder of the part at `place`, if there is one that pfetch has left.
    pub fn part_holder(&self, place: &SavePath) -> NameHolder {
        self.holder_of(place, |dir| part::name_of(dir, place.file_name(), PARTIAL))
    }

    fn holder_of(&self, place: &SavePath, name: impl Fn(&Dir) -> String) -> NameHolder {
        // Then only this run has saved there, whose names are known without looking.
        if self.was_empty {
            return NameHolder::Nobody;
        }
        let Ok(Some(dir)) = self.root.find(place) else {
            return NameHolder::Nobody;
        };
        let name = &*name(&dir);
        match dir.stat(name) {
            Ok(Some(stat)) if is_file(&stat) => {}
            Ok(Some(_)) => return NameHolder::Unknown,
            Ok(None) | Err(_) => return NameHolder::Nobody,
        }
        let file = dir.open_to_read(name);
        match file.map(FileRecord::read_from) {
            Some(Ok(Some(record))) => NameHolder::Url(record.source()),
            Some(Ok(None) | Err(_)) | None => NameHolder::Unknown,
        }
    }

    /// The error for a file that is to stay, and that is not as pfetch saved it from the URL.
    pub(super) fn other_content(&self, shown: &str, origin: FileOrigin) -> FileError {
        let error = FileError::other_content(shown, origin);
        match self.config.expects_continuation {
            true => error.of_no_part(),
            false => error,
        }
    }

    /// The file at `place`, as it is: the server says that its version has not changed.
    ///
    /// # Errors
    ///
    /// If the file was removed meanwhile.
    pub fn existing(&self, place: &SavePath) -> Result<Saved, FileError> {
        let stat = |dir: Dir| dir.stat(place.file_name()).ok().flatten();
        match self.root.find(place)?.and_then(stat) {
            Some(stat) => Ok(self.saved(place, &stat)),
            None => Err(FileError::new(format!(
                "{} was removed while the server was asked about it; run again",
                self.root.shown(place)
            ))),
        }
    }

    /// The file at `place`, of which this is the stat.
    pub(super) fn saved(&self, place: &SavePath, stat: &Stat) -> Saved {
        Saved {
            path: self.root.path_of(place),
            bytes: u64::try_from(stat.st_size).unwrap_or_default(),
            sha256: None,
            resumed_from: None,
        }
    }

    /// The error for a file that must not be replaced, whatever the policy: one in use, or one that is
    /// not a regular file.
    pub(super) fn replace_error(&self, stat: &Stat, shown: &str) -> Option<FileError> {
        if self.in_use == Some(identity(stat)) {
            return Some(FileError::new(format!(
                "{shown} is this run's log; choose another name for one of them"
            )));
        }
        (!is_file(stat)).then(|| {
            let what = file_type_name(stat);
            FileError::new(format!(
                "{shown} is {what}; move it away or choose another name"
            ))
        })
    }
}
