//! `NAME.part`: the file that an incomplete body is in.
//!
//! A part belongs to one process while that holds its lock (flock). It is marked as pfetch's by its
//! record; a file with the name and without a record is another program's, or a copy that has lost its
//! mark, and is left alone: the part gets a second name then.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, flock, fstat, ftruncate, openat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::dir::{Dir, file_type_name, identity, is_file};
use super::error::errno_of;
use super::foreign_parts::ForeignPartsMet;
use super::xattr::FileRecord;
use super::{FileError, os};
use crate::model::file_name::{PARTIAL, stable_hash, with_room};
use crate::model::text::escape;

/// The number of times that creating a part is tried while other processes create, rename or delete it.
const TRIES: usize = 8;

/// The bytes after which preallocation begins: shorter files gain nothing by it.
const LARGE: u64 = 1024 * 1024;

/// The most bytes that are preallocated ahead of those that were received.
const MOST_AHEAD: u64 = 64 * 1024 * 1024;

/// The divisor of the free space that gives the most that one step of preallocation may take. However
/// many files take their shares, some space is left, so that no write fails for want of space that another
/// file has only preallocated.
const FREE_SPACE_DIVISOR: u64 = 16;

/// A length in bytes that any file system takes for a name. The shortest limit in use is that of eCryptfs,
/// 143.
const SHORT_NAME: usize = 120;

/// An open, locked part.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    /// The name in its directory.
    name: String,
    /// The device and inode number.
    identity: (u64, u64),
    /// True if this process created the part, or found it empty, or emptied it.
    is_new: bool,
    /// The length in bytes.
    length: u64,
    /// The end of the preallocated bytes, where that is beyond the length.
    preallocated: u64,
    /// True once preallocation has failed: it is not tried again.
    cannot_preallocate: bool,
}

/// The suffix, before that of a part, of one that has a range of the user's.
const RANGE: &str = ".range";

/// The body that a part is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum PartBody {
    /// The whole one.
    #[default]
    Whole,
    /// A range that the user's headers ask for. Its part has a name of its own, since the other may hold much of the
    /// whole, which a later run is to continue.
    Range,
}

/// The result of opening a file that has the name of a part.
enum ExistingPart {
    Own(Part, Option<FileRecord>),
    /// It was renamed or deleted meanwhile: the name is free again.
    Gone,
    /// It is not pfetch's, or may not be written to.
    Foreign(FileError),
    /// The file system has no extended attributes, so nothing shows whose it is.
    NoAttributes,
}

impl Part {
    /// Opens and locks the part that an earlier attempt or run has left for `file_name`, with its record.
    /// A foreign file with the part's name is left alone, and `met` is told of its path: then the part is looked for
    /// under the second name.
    pub(super) fn find(
        dir: &Dir,
        file_name: &str,
        shown: &str,
        met: &ForeignPartsMet,
    ) -> Result<Option<(Self, Option<FileRecord>)>, FileError> {
        for suffix in suffixes(file_name) {
            let name = name_of(dir, file_name, &suffix);
            if matches!(dir.stat(&name), Ok(None)) {
                return Ok(None);
            }
            let shown_part = shown_beside(shown, &name);
            match open_existing(dir, name, shown)? {
                ExistingPart::Own(part, record) => return Ok(Some((part, record))),
                ExistingPart::Gone | ExistingPart::NoAttributes => return Ok(None),
                ExistingPart::Foreign(_) => met.add(shown_part),
            }
        }
        // Creating the part reports both.
        Ok(None)
    }

    /// Creates and locks an empty part for `file_name`, or truncates the one that was left.
    pub(super) fn create(
        dir: &Dir,
        file_name: &str,
        shown: &str,
        body: PartBody,
    ) -> Result<Self, FileError> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let [first, second] = match body {
            PartBody::Whole => suffixes(file_name),
            PartBody::Range => suffixes(file_name).map(|suffix| format!("{RANGE}{suffix}")),
        };
        let mut suffix = first;
        for _ in 0..TRIES {
            let name = name_of(dir, file_name, &suffix);
            match openat(dir, &name, flags, Mode::from_raw_mode(0o666)) {
                Ok(fd) => {
                    // Between openat and flock, another process may have found the part and locked it as
                    // one that was left: then it is that process's ...
                    if lock(&fd) == Ok(false) {
                        return Err(busy(&shown_beside(shown, &name)));
                    }
                    // ... which may even have renamed it already. File systems without locks report
                    // another error, and do without.
                    let Ok(stat) = fstat(&fd) else { continue };
                    let part = Part {
                        file: File::from(fd),
                        name,
                        identity: identity(&stat),
                        is_new: true,
                        length: 0,
                        preallocated: 0,
                        cannot_preallocate: false,
                    };
                    if stat.st_size == 0 && part.is_named(dir) {
                        return Ok(part);
                    }
                    continue;
                }
                Err(Errno::EXIST) => {}
                // A folder that is there may say so too, as /proc does.
                Err(Errno::NOENT) if fstat(dir).is_ok_and(|stat| stat.st_nlink == 0) => {
                    return Err(FileError::new(format!(
                        "cannot create {}: its folder was removed in the meantime",
                        shown_beside(shown, &name)
                    )));
                }
                Err(errno) => {
                    return Err(FileError::refused(
                        &format!("cannot create {}", shown_beside(shown, &name)),
                        errno,
                    ));
                }
            }
            match open_existing(dir, name, shown)? {
                ExistingPart::Own(mut part, _) => {
                    part.truncate(shown)?;
                    return Ok(part);
                }
                ExistingPart::Gone => {}
                ExistingPart::Foreign(error) if suffix == second => return Err(error),
                ExistingPart::Foreign(_) => suffix.clone_from(&second),
                ExistingPart::NoAttributes => {
                    suffix = format!(".{:08x}{PARTIAL}", fastrand::u32(..));
                }
            }
        }
        Err(FileError::new(format!(
            "cannot create {}: other programs keep taking the name",
            shown_beside(shown, &name_of(dir, file_name, &suffix))
        )))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The part's path for messages, `shown` being that of its file.
    pub(super) fn shown(&self, shown: &str) -> String {
        shown_beside(shown, &self.name)
    }

    /// The length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the last `count` bytes.
    pub(super) fn tail(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut tail = vec![0; count];
        let from = self.length - count as u64;
        self.file.read_exact_at(&mut tail, from)?;
        Ok(tail)
    }

    /// Reads all bytes in chunks, each of which `take` is given.
    pub(super) fn read(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        read_chunks(&self.file, take)
    }

    /// Appends the bytes.
    pub(super) fn append(&mut self, bytes: &[u8], shown: &str) -> Result<(), FileError> {
        let mut from = 0;
        while from < bytes.len() {
            match self.file.write_at(&bytes[from..], self.length) {
                Ok(0) => {
                    return Err(FileError::refused(
                        &cannot_write(&self.shown(shown)),
                        Errno::NOSPC,
                    ));
                }
                Ok(count) => {
                    from += count;
                    self.length += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let errno = errno_of(&error);
                    return Err(FileError::refused(&cannot_write(&self.shown(shown)), errno));
                }
            }
        }
        Ok(())
    }

    /// Preallocates the next bytes of a file of `whole` bytes, which keeps it in one piece on the disk. The
    /// length is only the server's word, so this is done in steps: ahead by as many bytes as were received,
    /// within bounds.
    pub(super) fn preallocate(&mut self, coming: usize, whole: u64) {
        let needed = self.length + coming as u64;
        if self.cannot_preallocate
            || needed < LARGE
            || needed <= self.preallocated
            || needed >= whole
        {
            return;
        }
        let Some(to) = end_of_step(needed, whole, os::free_space(&self.file)) else {
            return;
        };
        // ENOSPC here is no error: only a failed write shows that the disk is full.
        match os::preallocate(&self.file, self.length, to) {
            Ok(()) => self.preallocated = to,
            Err(_) => self.cannot_preallocate = true,
        }
    }

    /// Frees the preallocated bytes beyond the end.
    pub(super) fn free_preallocated(&mut self) {
        // Truncating a file to the length that it has frees the blocks beyond.
        if self.preallocated > self.length && ftruncate(&self.file, self.length).is_ok() {
            self.preallocated = 0;
        }
    }

    /// Truncates the part to nothing.
    pub(super) fn truncate(&mut self, shown: &str) -> Result<(), FileError> {
        ftruncate(&self.file, 0)
            .map_err(|errno| FileError::refused(&cannot_write(&self.shown(shown)), errno))?;
        self.is_new = true;
        self.length = 0;
        self.preallocated = 0;
        Ok(())
    }

    /// Deletes the part if all of it is this process's, and if the name still refers to it.
    pub(super) fn discard(mut self, dir: &Dir) {
        if self.is_new && self.is_named(dir) {
            // If that fails, a part is left that is marked as pfetch's.
            let _ = unlinkat(dir, &self.name, AtFlags::empty());
        } else {
            self.free_preallocated();
        }
    }

    /// Returns true if the part's name still refers to this file.
    pub(super) fn is_named(&self, dir: &Dir) -> bool {
        matches!(dir.stat(&self.name), Ok(Some(named)) if identity(&named) == self.identity)
    }
}

/// The name of a temporary file for `file_name`: with this suffix, and shorter if the directory's file system
/// takes none that long. It is the same each time, so that a later run finds the part.
pub(super) fn name_of(dir: &Dir, file_name: &str, suffix: &str) -> String {
    // Nearly all names are far from any limit, which is then not asked for.
    if file_name.len() + suffix.len() <= SHORT_NAME {
        return format!("{file_name}{suffix}");
    }
    let longest = os::longest_name(dir);
    format!("{}{suffix}", with_room(file_name, longest, suffix.len()))
}

/// The end of the next step of preallocation of a file of `whole` bytes, of which `needed` are about to
/// be written. `None` if the free space is too scarce to preallocate any.
fn end_of_step(needed: u64, whole: u64, free_space: Option<u64>) -> Option<u64> {
    let share = free_space.map_or(MOST_AHEAD, |free| free / FREE_SPACE_DIVISOR);
    let ahead = needed.min(MOST_AHEAD).min(share);
    (ahead >= LARGE).then(|| needed.saturating_add(ahead).min(whole))
}

/// Reads all bytes of a file in chunks, each of which `take` is given.
pub(super) fn read_chunks(file: &File, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    let mut from = 0;
    loop {
        match file.read_at(&mut buffer, from) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                take(&buffer[..count]);
                from += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The suffixes of a part's name, in the order in which they are tried. The second is the same in every run,
/// so that a part of that name is continued too. It contains a hash, because `NAME.1.part` would be the part
/// of a file `NAME.1`.
fn suffixes(file_name: &str) -> [String; 2] {
    let hash = stable_hash(file_name) as u32;
    [PARTIAL.to_owned(), format!(".{hash:08x}{PARTIAL}")]
}

/// Opens and locks the file that has the name of a part, if it is pfetch's and no process holds it.
fn open_existing(dir: &Dir, name: String, shown: &str) -> Result<ExistingPart, FileError> {
    let shown = &shown_beside(shown, &name);
    let refused = |errno| FileError::refused(&format!("cannot open {shown}"), errno);
    let foreign = |why: &str| {
        Ok(ExistingPart::Foreign(FileError::new(format!(
            "{shown} is in the way: {why}; move it away or delete it"
        ))))
    };
    let named = match dir.stat(&name) {
        Ok(Some(stat)) => stat,
        Ok(None) => return Ok(ExistingPart::Gone),
        Err(errno) => return Err(refused(errno)),
    };
    if !is_file(&named) {
        return foreign(&format!("it is {}", file_type_name(&named)));
    }
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = match openat(dir, &name, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(ExistingPart::Gone),
        Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::LOOP)) => {
            return Ok(ExistingPart::Foreign(refused(errno)));
        }
        Err(errno) => return Err(refused(errno)),
    };
    if lock(&fd) == Ok(false) {
        return Err(busy(shown));
    }
    // Only a process with the lock renames a part: from here on the name stays, so make sure that it still
    // refers to the open file.
    let stat = fstat(&fd).map_err(refused)?;
    match dir.stat(&name) {
        Ok(Some(named)) if identity(&named) == identity(&stat) => {}
        _ => return Ok(ExistingPart::Gone),
    }
    // Writing to a file with a second link would change that other file too.
    if !is_file(&stat) || stat.st_nlink != 1 || stat.st_uid != geteuid().as_raw() {
        return foreign("it is another user's, or has another name too");
    }
    let length = u64::try_from(stat.st_size).unwrap_or_default();
    let record = match FileRecord::read_from(&fd) {
        Ok(record) => record,
        Err(_) if length == 0 => None,
        Err(_) => return Ok(ExistingPart::NoAttributes),
    };
    // An empty one may have been left by a process that was killed before it set the record.
    if record.is_none() && length > 0 {
        return foreign("it bears no mark of pfetch's");
    }
    let part = Part {
        file: File::from(fd),
        name,
        identity: identity(&stat),
        // A process that has created an empty one and not locked it yet gives way to this one.
        is_new: length == 0,
        length,
        preallocated: 0,
        cannot_preallocate: false,
    };
    Ok(ExistingPart::Own(part, record))
}

fn lock(fd: impl rustix::fd::AsFd) -> Result<bool, Errno> {
    match flock(fd, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// The path of the file `name`, for messages, in the folder of the path `shown`.
fn shown_beside(shown: &str, name: &str) -> String {
    let name = escape(name);
    match shown.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name,
    }
}

fn busy(shown: &str) -> FileError {
    FileError::new(format!(
        "another process is writing {shown}; wait for it, or save to another folder"
    ))
}

fn cannot_write(shown: &str) -> String {
    format!("cannot write {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save::dir::RootDir;

    #[test]
    fn preallocation_is_ahead_by_the_received_bytes_within_bounds() {
        const MIB: u64 = 1024 * 1024;
        const MUCH: Option<u64> = Some(1 << 50);
        for (needed, whole, room, expected) in [
            (MIB, u64::MAX, MUCH, Some(2 * MIB)),
            (50 * MIB, u64::MAX, MUCH, Some(100 * MIB)),
            (64 * MIB, u64::MAX, MUCH, Some(128 * MIB)),
            (100 * MIB, u64::MAX, MUCH, Some(164 * MIB)),
            (1 << 40, u64::MAX, MUCH, Some((1 << 40) + 64 * MIB)),
            // No further than the end.
            (50 * MIB, 60 * MIB, MUCH, Some(60 * MIB)),
            (u64::MAX - 1, u64::MAX, MUCH, Some(u64::MAX)),
            // Where space is scarce, a share of it, or nothing.
            (50 * MIB, u64::MAX, Some(160 * MIB), Some(60 * MIB)),
            (50 * MIB, u64::MAX, Some(15 * MIB), None),
            (50 * MIB, u64::MAX, Some(0), None),
            // Where the file system does not say.
            (50 * MIB, u64::MAX, None, Some(100 * MIB)),
        ] {
            let found = end_of_step(needed, whole, room);
            assert_eq!(found, expected, "{needed} of {whole}, room {room:?}");
        }
    }

    #[test]
    fn a_part_is_not_made_through_a_link_that_lies_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        let target = outside.path().join("file");
        let link = folder.path().join("f.part");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        let dir = Dir::Root(RootDir::open(folder.path(), false).expect("it is there"));
        let part = Part::create(&dir, "f", "f", PartBody::Whole).expect("it gets a second name");
        assert!(!target.exists(), "made behind a link to nothing");
        drop(part);
        std::fs::write(&target, "kept").expect("there is room");
        drop(Part::create(&dir, "f", "f", PartBody::Whole).expect("it gets a second name"));
        let content = std::fs::read_to_string(&target).expect("it is there");
        assert_eq!(content, "kept", "truncated behind a link");
        assert!(link.is_symlink(), "the link is left as it is");
    }
}
