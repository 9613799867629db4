//! `NAME.part`: what there is of a file that is not complete.
//!
//! A part is this process's own while it is locked. It bears pfetch's mark, its record; what has the
//! name and no mark is somebody else's, and is left alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, flock, fstat, ftruncate, openat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::dir::{Folder, identity, is_file, sort};
use super::xattr::Record;
use super::{FileError, os};

/// How often a name may turn out to have changed hands while it was being looked at.
const TRIES: usize = 8;

/// Preallocation begins when this much has come: shorter files are over too soon to gain by it.
const LARGE: u64 = 1024 * 1024;

/// The most that is preallocated ahead of what has come.
const MOST_AHEAD: u64 = 64 * 1024 * 1024;

/// The share of the free space that one step of preallocation may take: one in this many. However many
/// files take their shares, what is left of it is never nothing, so that no file that is written is
/// out of space for what another only might need.
const SHARE: u64 = 16;

/// An open, locked part.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    /// Its name in its folder.
    name: String,
    /// Which file it is.
    identity: (u64, u64),
    /// Whether nothing was there before, or nothing was in it.
    is_new: bool,
    /// Its length.
    length: u64,
    /// The end of what is preallocated, where that is beyond the length.
    set_aside: u64,
    /// Whether preallocation has failed once: it is not tried again.
    is_unaided: bool,
}

/// What is in the way of a part.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
enum Found {
    Own(Part, Option<Record>),
    /// The name is free again.
    Gone,
    /// The file system keeps no marks, so nobody can know whose it is.
    Unmarkable,
}

impl Part {
    /// The part that an earlier attempt or run has left for `file_name`, with its record.
    pub(super) fn find(
        folder: &Folder,
        file_name: &str,
        shown: &str,
    ) -> Result<Option<(Self, Option<Record>)>, FileError> {
        let name = format!("{file_name}.part");
        if matches!(folder.look(&name), Ok(None)) {
            return Ok(None);
        }
        Ok(match take_up(folder, name, shown)? {
            Found::Own(part, record) => Some((part, record)),
            Found::Gone | Found::Unmarkable => None,
        })
    }

    /// A new, empty part for `file_name`; or one that was left, emptied.
    pub(super) fn create(folder: &Folder, file_name: &str, shown: &str) -> Result<Self, FileError> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut name = format!("{file_name}.part");
        for _ in 0..TRIES {
            match openat(folder, &name, flags, Mode::from_raw_mode(0o666)) {
                Ok(fd) => {
                    // In the moment since, another process may have found it and taken it for left
                    // over: then it is theirs ...
                    if lock(&fd) == Ok(false) {
                        return Err(busy(shown));
                    }
                    // ... and they may even be done with it. File systems without locks have none to
                    // break.
                    let Ok(stat) = fstat(&fd) else { continue };
                    let part = Part {
                        file: File::from(fd),
                        name: name.clone(),
                        identity: identity(&stat),
                        is_new: true,
                        length: 0,
                        set_aside: 0,
                        is_unaided: false,
                    };
                    if stat.st_size == 0 && part.is_named(folder) {
                        return Ok(part);
                    }
                    continue;
                }
                Err(Errno::EXIST) => {}
                Err(Errno::NOENT) => {
                    return Err(FileError::new(format!(
                        "cannot create {shown}.part: its folder was removed in the meantime"
                    )));
                }
                Err(errno) => {
                    return Err(FileError::refused(
                        &format!("cannot create {shown}.part"),
                        errno,
                    ));
                }
            }
            match take_up(folder, name.clone(), shown)? {
                Found::Own(mut part, _) => {
                    part.empty(shown)?;
                    return Ok(part);
                }
                Found::Gone => {}
                Found::Unmarkable => name = format!("{file_name}.{:08x}.part", fastrand::u32(..)),
            }
        }
        Err(FileError::new(format!(
            "cannot create {shown}.part: other programs keep taking the name"
        )))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Its last `count` bytes.
    pub(super) fn tail(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut tail = vec![0; count];
        let from = self.length - count as u64;
        self.file.read_exact_at(&mut tail, from)?;
        Ok(tail)
    }

    /// All its bytes, in pieces.
    pub(super) fn read(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        pieces(&self.file, take)
    }

    /// Adds to it.
    pub(super) fn append(&mut self, bytes: &[u8], shown: &str) -> Result<(), FileError> {
        let mut from = 0;
        while from < bytes.len() {
            match self.file.write_at(&bytes[from..], self.length) {
                Ok(0) => return Err(FileError::refused(&cannot_write(shown), Errno::NOSPC)),
                Ok(count) => {
                    from += count;
                    self.length += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                    return Err(FileError::refused(&cannot_write(shown), errno));
                }
            }
        }
        Ok(())
    }

    /// Preallocates what is to come next of a file of `whole` bytes, which keeps it in one piece on
    /// the disk. The length is only what a server states, so it is done in steps: ahead by as much as
    /// has come, within bounds.
    pub(super) fn prepare(&mut self, coming: usize, whole: u64) {
        let needed = self.length + coming as u64;
        if self.is_unaided || needed < LARGE || needed <= self.set_aside || needed >= whole {
            return;
        }
        let Some(to) = end_of_step(needed, whole, os::room(&self.file)) else {
            return;
        };
        // No space to preallocate is no full disk: it takes a failed write to say that.
        match os::set_aside(&self.file, self.length, to) {
            Ok(()) => self.set_aside = to,
            Err(_) => self.is_unaided = true,
        }
    }

    /// Gives back what is preallocated beyond its end.
    pub(super) fn give_back(&mut self) {
        // Truncating a file to the length that it has frees what lies beyond.
        if self.set_aside > self.length && ftruncate(&self.file, self.length).is_ok() {
            self.set_aside = 0;
        }
    }

    /// Makes it empty.
    pub(super) fn empty(&mut self, shown: &str) -> Result<(), FileError> {
        ftruncate(&self.file, 0)
            .map_err(|errno| FileError::refused(&cannot_write(shown), errno))?;
        self.length = 0;
        self.set_aside = 0;
        Ok(())
    }

    /// Deletes it, if all that is or was in it is this process's, or nothing is, and if it is still
    /// what has the name.
    pub(super) fn discard(mut self, folder: &Folder) {
        if (self.is_new || self.length == 0) && self.is_named(folder) {
            // What cannot be deleted is left over, and bears the mark.
            let _ = unlinkat(folder, &self.name, AtFlags::empty());
        } else {
            self.give_back();
        }
    }

    /// Whether it is still what has its name.
    pub(super) fn is_named(&self, folder: &Folder) -> bool {
        matches!(folder.look(&self.name), Ok(Some(named)) if identity(&named) == self.identity)
    }
}

/// The end of the next step of preallocation of a file of `whole` bytes, of which `needed` will be
/// there in a moment. `None` where the free space is too scarce to take any of it beforehand.
fn end_of_step(needed: u64, whole: u64, room: Option<u64>) -> Option<u64> {
    let share = room.map_or(MOST_AHEAD, |room| room / SHARE);
    let ahead = needed.min(MOST_AHEAD).min(share);
    (ahead >= LARGE).then(|| needed.saturating_add(ahead).min(whole))
}

/// All bytes of a file, in pieces.
pub(super) fn pieces(file: &File, mut take: impl FnMut(&[u8])) -> io::Result<()> {
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

/// Opens what has the name of a part, if it is one of pfetch's and nobody is at it.
fn take_up(folder: &Folder, name: String, shown: &str) -> Result<Found, FileError> {
    let refused = |errno| FileError::refused(&format!("cannot open {shown}.part"), errno);
    let foreign = |why: &str| {
        FileError::new(format!(
            "{shown}.part is in the way: {why}; move it away or delete it"
        ))
    };
    let named = match folder.look(&name) {
        Ok(Some(stat)) => stat,
        Ok(None) => return Ok(Found::Gone),
        Err(errno) => return Err(refused(errno)),
    };
    if !is_file(&named) {
        return Err(foreign(&format!("it is {}", sort(&named))));
    }
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = match openat(folder, &name, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(Found::Gone),
        Err(errno) => return Err(refused(errno)),
    };
    if lock(&fd) == Ok(false) {
        return Err(busy(shown));
    }
    // Only now nobody renames it any more: is what is open still what has the name?
    let stat = fstat(&fd).map_err(refused)?;
    match folder.look(&name) {
        Ok(Some(named)) if identity(&named) == identity(&stat) => {}
        _ => return Ok(Found::Gone),
    }
    // A second name is another file's, whoever made it.
    if !is_file(&stat) || stat.st_nlink != 1 || stat.st_uid != geteuid().as_raw() {
        return Err(foreign("it is another user's, or has another name too"));
    }
    let length = u64::try_from(stat.st_size).unwrap_or_default();
    let record = match Record::of(&fd) {
        Ok(record) => record,
        Err(_) if length == 0 => None,
        Err(_) => return Ok(Found::Unmarkable),
    };
    // An empty one may have been left in the moment before it was marked, and is nobody's loss.
    if record.is_none() && length > 0 {
        return Err(foreign("it bears no mark of pfetch's"));
    }
    let part = Part {
        file: File::from(fd),
        name,
        identity: identity(&stat),
        // Whoever made an empty one and has not locked it leaves it to this process.
        is_new: length == 0,
        length,
        set_aside: 0,
        is_unaided: false,
    };
    Ok(Found::Own(part, record))
}

fn lock(fd: impl rustix::fd::AsFd) -> Result<bool, Errno> {
    match flock(fd, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn busy(shown: &str) -> FileError {
    FileError::new(format!(
        "another process is writing {shown}.part; wait for it, or save to another folder"
    ))
}

fn cannot_write(shown: &str) -> String {
    format!("cannot write {shown}.part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preallocation_is_ahead_by_what_has_come_within_bounds() {
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
}
