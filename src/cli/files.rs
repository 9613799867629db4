//! The files that options name. A file that is written must not be that of another option too.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most symbolic links that are followed, as in Linux (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// The two options that may name one file: it is read before it is replaced, from one run to the next.
const MAY_BE_SAME: [&str; 2] = ["--save-baseline", "--against"];

/// Files that the command line names, each with its option.
#[derive(Debug, Default)]
pub(super) struct NamedFiles {
    written: Vec<(&'static str, FileIdentity)>,
    read: Vec<(&'static str, FileIdentity)>,
}

/// Identity of a file, equal for two names of the same one.
#[derive(Debug, PartialEq, Eq)]
enum FileIdentity {
    /// Device and inode of an existing file, which no hard or symbolic link hides.
    Inode(u64, u64),
    /// Resolved path of a file that does not exist yet.
    Path(PathBuf),
}

impl NamedFiles {
    /// Adds a file that is written.
    pub(super) fn add_written(&mut self, option: &'static str, path: &Path) {
        self.written
            .extend(identity(path).map(|identity| (option, identity)));
    }

    /// Adds a file that is read.
    pub(super) fn add_read(&mut self, option: &'static str, path: &Path) {
        if path.as_os_str() != "-" {
            self.read
                .extend(identity(path).map(|identity| (option, identity)));
        }
    }

    /// Adds the file that standard input is redirected from.
    pub(super) fn add_stdin(&mut self) {
        self.read
            .extend(open_identity(io::stdin()).map(|identity| ("standard input", identity)));
    }

    /// Adds the file that standard output is redirected to.
    pub(super) fn add_stdout(&mut self) {
        self.written
            .extend(open_identity(io::stdout()).map(|identity| ("standard output", identity)));
    }

    /// Refuses two options with one file, of which one's content would be lost.
    pub(super) fn check(&self) -> Result<(), String> {
        for (place, (option, file)) in self.written.iter().enumerate() {
            let mut others = self.written[place + 1..].iter().chain(&self.read);
            let clash =
                others.find(|(other, same)| same == file && [*option, other] != MAY_BE_SAME);
            match clash {
                None => {}
                Some((other, _)) if other == option => {
                    return Err(format!(
                        "two {option} have the same file; give each its own"
                    ));
                }
                Some((other, _)) => return Err(format!("{option} and {other} have the same file")),
            }
        }
        Ok(())
    }
}

/// Tests whether two paths name the same file, which need not exist.
pub(super) fn are_same(one: &Path, other: &Path) -> bool {
    identity(one).is_some_and(|identity_of_one| identity(other) == Some(identity_of_one))
}

/// Identity of the file at `path`; `None` for a device or a pipe, which loses nothing by being written to.
fn identity(path: &Path) -> Option<FileIdentity> {
    match fs::metadata(path) {
        Ok(metadata) => regular(&metadata),
        Err(_) => Some(FileIdentity::Path(resolve_absent(path.to_path_buf()))),
    }
}

/// Identity of an open file.
fn open_identity(file: impl AsFd) -> Option<FileIdentity> {
    let file = File::from(file.as_fd().try_clone_to_owned().ok()?);
    regular(&file.metadata().ok()?)
}

fn regular(metadata: &Metadata) -> Option<FileIdentity> {
    metadata
        .is_file()
        .then(|| FileIdentity::Inode(metadata.dev(), metadata.ino()))
}

/// Resolves the path of a file that does not exist, through symbolic links that may lead to it.
fn resolve_absent(mut path: PathBuf) -> PathBuf {
    for _ in 0..MOST_LINKS {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")));
        let (Ok(parent), Some(name)) = (parent, path.file_name()) else {
            break;
        };
        let whole = parent.join(name);
        match fs::read_link(&whole) {
            Ok(target) => path = parent.join(target),
            Err(_) => return whole,
        }
    }
    path
}
