//! Saving: files that are complete or absent.
//!
//! * A [`Store`] is a folder and what to do about files that are there already. For each target it
//!   gives a [`Draft`], or says that the file is there.
//! * A `Draft` collects a body in `NAME.part`, in the same folder, and gives it its name when it is
//!   whole, by a rename that replaces nothing unless it was told to. What is whole before there is a
//!   part needs none, where the system has files without a name.
//! * What is remembered of a file, to recognise its version later, is in its record, an extended
//!   attribute.
//! * [`Names`] deals out names: safe ones, each once, in the order of the input.

mod content_disposition;
mod dir;
mod download;
mod error;
mod finish;
mod names;
mod ordered;
mod os;
mod part;
mod publish;
mod resume_check;
mod tmpfile;
pub mod whole_file;
mod xattr;

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use rustix::fs::{Mode, OFlags, Stat, openat};

use crate::model::outcome::Saved;
use crate::model::save_path::SavePath;

pub use content_disposition::filename;
use dir::{Folder, Root, identity, is_file, is_symlink, sort};
pub use download::{Ask, ContentRange, Draft, KnownLength, Refused, Version};
pub use error::FileError;
pub use names::Names;
pub use ordered::{Body, Concat, ConcatEnd};
pub use publish::Published;
use xattr::Record;
pub use xattr::Validators;

/// What to do about a file that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exists {
    /// Leave it, and ask for nothing.
    Skip,
    /// Ask whether the server's is another, and if so replace it; but only a file that was saved from
    /// the same URL and has not been touched since.
    #[default]
    Update,
    /// Replace it.
    Overwrite,
    /// Leave it, and save under another name.
    Rename,
    /// Leave it, and fail.
    Fail,
}

/// How files are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConfig {
    /// What to do about files that are there already.
    pub exists: Exists,
    /// Whether a file's time is that of the server's `Last-Modified`.
    pub mtime: bool,
    /// Whether parts that were left are continued.
    pub resume: bool,
    /// Whether a file is on the disk for good before it gets its name.
    pub fsync: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig {
            exists: Exists::default(),
            mtime: true,
            resume: true,
            fsync: false,
        }
    }
}

/// A folder to save in. Clones are of the same one.
#[derive(Debug, Clone)]
pub struct Store {
    root: Arc<Root>,
    config: StoreConfig,
    /// A file that is in use, by its device and number: nothing takes its place.
    in_use: Option<(u64, u64)>,
}

/// What there is to do for a file.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are drafts, and each is moved once"
)]
pub enum Prior {
    /// Nothing: it is there.
    Kept(Saved),
    /// To fetch it.
    Wanted(Draft),
}

impl Store {
    /// The folder at `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made or opened.
    pub fn open(path: &Path, config: StoreConfig) -> Result<Self, FileError> {
        Ok(Store {
            root: Root::open(path)?,
            config,
            in_use: None,
        })
    }

    /// Keeps this file from being replaced, whatever the store was told: the run itself needs it.
    #[must_use]
    pub fn sparing(mut self, file: &std::fs::Metadata) -> Self {
        self.in_use = Some((file.dev(), file.ino()));
        self
    }

    /// Why nothing may take the place of what has this name, whatever the store was told.
    fn obstacle(&self, stat: &Stat, shown: &str) -> Option<FileError> {
        if self.in_use == Some(identity(stat)) {
            return Some(FileError::new(format!(
                "{shown} is this run's log; choose another name for one of them"
            )));
        }
        (!is_file(stat)).then(|| {
            let what = sort(stat);
            FileError::new(format!(
                "{shown} is {what}; move it away or choose another name"
            ))
        })
    }

    /// What to do about files that are there already.
    pub fn exists(&self) -> Exists {
        self.config.exists
    }

    /// Whether anything has this name. What cannot be looked at has not: saving there will say why.
    pub fn has(&self, place: &SavePath) -> bool {
        match self.root.find(place) {
            Ok(Some(folder)) => matches!(folder.look(place.file_name()), Ok(Some(_))),
            Ok(None) | Err(_) => false,
        }
    }

    /// A draft at `place` of a file that gets another name in its folder, a free one.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn beside(&self, place: &SavePath) -> Result<Draft, FileError> {
        Ok(self.unnamed(place)?.of_free_name())
    }

    /// A draft at `place` of a file that gets its name later. Until then its part can be seen, and is
    /// there if pfetch is killed.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn unnamed(&self, place: &SavePath) -> Result<Draft, FileError> {
        Draft::new(self, place, self.root.find(place)?, None)
    }

    /// What there is to do for the file at `place`, which is to have this SHA-256 if one is given.
    ///
    /// # Errors
    ///
    /// If something has the name that may not be replaced, or the system refuses.
    pub fn draft(&self, place: &SavePath, sha256: Option<&[u8; 32]>) -> Result<Prior, FileError> {
        let Some(folder) = self.root.find(place)? else {
            let draft = Draft::new(self, place, None, None)?;
            return Ok(Prior::Wanted(draft.of_free_name()));
        };
        let shown = self.root.shown(place);
        let name = place.file_name();
        let there = folder
            .look(name)
            .map_err(|errno| FileError::refused(&format!("cannot look at {shown}"), errno))?;
        let Some(stat) = there else {
            let draft = Draft::new(self, place, Some(folder), None)?;
            return Ok(Prior::Wanted(draft.of_free_name()));
        };
        let exists = self.config.exists;
        let is_link_to_skip = exists == Exists::Skip && is_symlink(&stat);
        if let Some(obstacle) = self.obstacle(&stat, &shown).filter(|_| !is_link_to_skip) {
            return Err(obstacle);
        }
        let mut kept = Saved {
            path: self.root.path_of(place),
            bytes: u64::try_from(stat.st_size).unwrap_or_default(),
            sha256: None,
            resumed_from: None,
        };
        let file = match exists {
            Exists::Fail => {
                return Err(FileError::new(format!("{shown} exists (--exists fail)")));
            }
            Exists::Skip | Exists::Update => {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                openat(&folder, name, flags, Mode::empty())
                    .ok()
                    .map(File::from)
            }
            Exists::Overwrite | Exists::Rename => None,
        };
        if is_link_to_skip && file.is_none() {
            return Err(FileError::new(format!(
                "{shown} is a symbolic link that leads nowhere; delete it"
            )));
        }
        if let (Some(file), Some(wanted)) = (&file, sha256)
            && sha256_of(file).is_ok_and(|found| found == *wanted)
        {
            kept.sha256 = Some(*wanted);
            return Ok(Prior::Kept(kept));
        }
        if exists == Exists::Skip {
            return match sha256 {
                None => Ok(Prior::Kept(kept)),
                Some(_) => Err(FileError::new(format!(
                    "{shown} exists, and its SHA-256 is not the one that is asked for \
                     (--exists skip)"
                ))),
            };
        }
        // A file with the wrong checksum is not worth asking about.
        let known = file
            .filter(|_| sha256.is_none())
            .and_then(|file| Record::of(&file).ok().flatten())
            .filter(|record| record.is_untouched(&stat));
        Ok(Prior::Wanted(Draft::new(self, place, Some(folder), known)?))
    }

    /// The file at `place`, as it is: what a server said has not changed.
    ///
    /// # Errors
    ///
    /// If it is there no more.
    pub fn kept(&self, place: &SavePath) -> Result<Saved, FileError> {
        let look = |folder: Folder| folder.look(place.file_name()).ok().flatten();
        match self.root.find(place)?.and_then(look) {
            Some(stat) => Ok(Saved {
                path: self.root.path_of(place),
                bytes: u64::try_from(stat.st_size).unwrap_or_default(),
                sha256: None,
                resumed_from: None,
            }),
            None => Err(FileError::new(format!(
                "{} was removed while the server was asked about it; run again",
                self.root.shown(place)
            ))),
        }
    }
}

fn sha256_of(file: &File) -> io::Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    part::pieces(file, |bytes| context.update(bytes))?;
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    Ok(sum)
}
