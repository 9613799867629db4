//! The files that options name, held against each other: none that is written may be another's too.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most symbolic links that are followed, as in the system.
const MOST_LINKS: usize = 40;

/// The two files of options that follow a run from one time to the next.
const FOLLOWING: [&str; 2] = ["--save-baseline", "--against"];

/// The files that the command line names, each with its option.
#[derive(Debug, Default)]
pub(super) struct Files {
    written: Vec<(&'static str, Identity)>,
    read: Vec<(&'static str, Identity)>,
}

/// The same for two names of the same file.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Device and number of one that is there: links, hard and symbolic, do not hide it.
    There(u64, u64),
    /// The path of one that is not there yet.
    Path(PathBuf),
}

impl Files {
    /// Notes a file that is to be written.
    pub(super) fn written(&mut self, option: &'static str, path: &Path) {
        self.written
            .extend(identity(path).map(|identity| (option, identity)));
    }

    /// Notes a file that is read.
    pub(super) fn read(&mut self, option: &'static str, path: &Path) {
        if path.as_os_str() != "-" {
            self.read
                .extend(identity(path).map(|identity| (option, identity)));
        }
    }

    /// Notes what standard input is read from.
    pub(super) fn read_stdin(&mut self) {
        self.read
            .extend(open(io::stdin()).map(|identity| ("standard input", identity)));
    }

    /// Notes what standard output goes to.
    pub(super) fn written_stdout(&mut self) {
        self.written
            .extend(open(io::stdout()).map(|identity| ("standard output", identity)));
    }

    /// Refuses two of which one would be lost.
    pub(super) fn check(&self) -> Result<(), String> {
        for (place, (option, file)) in self.written.iter().enumerate() {
            let mut others = self.written[place + 1..].iter().chain(&self.read);
            let clash = others.find(|(other, same)| same == file && [*option, other] != FOLLOWING);
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

/// `None` of a device or a pipe, which loses nothing by being written to.
fn identity(path: &Path) -> Option<Identity> {
    match fs::metadata(path) {
        Ok(there) => regular(&there),
        Err(_) => Some(Identity::Path(absent(path.to_path_buf()))),
    }
}

/// That of an open file.
fn open(file: impl AsFd) -> Option<Identity> {
    let file = File::from(file.as_fd().try_clone_to_owned().ok()?);
    regular(&file.metadata().ok()?)
}

fn regular(there: &Metadata) -> Option<Identity> {
    there
        .is_file()
        .then(|| Identity::There(there.dev(), there.ino()))
}

/// The one path of a file that is not there, though a symbolic link to it may be.
fn absent(mut path: PathBuf) -> PathBuf {
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
