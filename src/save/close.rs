//! Checked close(2): the errors of a write that a file system reports only at close.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

/// The number of times that a close is tried that a signal interrupts.
const TRIES: usize = 8;

/// An error at close: it is not known whether what was written to the file is there.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The descriptor cannot be duplicated, so there is none to close.
    #[error(
        "{0}, so its close cannot be checked; use fewer workers (-j) or raise the limit (ulimit -n)"
    )]
    Unchecked(io::Error),
    /// The close failed.
    #[error("{0} (on close, so what was written may be lost); make room or write to another disk")]
    Lost(io::Error),
}

impl CloseError {
    /// The system's own error.
    pub fn io_error(&self) -> &io::Error {
        match self {
            CloseError::Unchecked(error) | CloseError::Lost(error) => error,
        }
    }
}

impl From<CloseError> for io::Error {
    fn from(error: CloseError) -> Self {
        io::Error::new(error.io_error().kind(), error)
    }
}

/// Closes a duplicate of the file's descriptor and returns the error, if there is one. NFS, CIFS, FUSE
/// and quotas may report a failed write only at close(2), but of any descriptor of the file: so the file
/// itself stays open and locked.
///
/// # Errors
///
/// [`CloseError`]: what was written to the file may be lost.
pub fn check_close(file: impl AsFd) -> Result<(), CloseError> {
    let file = file.as_fd();
    let mut last = Errno::EINTR;
    for _ in 0..TRIES {
        let duplicate = duplicate(file).map_err(CloseError::Unchecked)?;
        match close(duplicate) {
            Ok(()) => return Ok(()),
            // The descriptor is closed, but the file system may not have reported yet: close another
            // duplicate.
            Err(Errno::EINTR) => {}
            Err(errno) => {
                last = errno;
                break;
            }
        }
    }
    Err(CloseError::Lost(last.into()))
}

/// A duplicate of a file's descriptor that is kept for the check of its close. At the end of a run there may
/// be none left to make one (`ulimit -n`), though all was fetched.
#[derive(Debug)]
pub struct CloseCheck {
    /// `None` once it is closed, or if there was no descriptor to begin with.
    spare: Option<OwnedFd>,
}

impl CloseCheck {
    /// Keeps a duplicate of the file's descriptor.
    pub fn of(file: impl AsFd) -> Self {
        CloseCheck {
            spare: duplicate(file.as_fd()).ok(),
        }
    }

    /// Closes the duplicate, as [`check_close`] does with one that it makes. `file` is the same file.
    ///
    /// # Errors
    ///
    /// As for [`check_close`].
    pub fn check(&mut self, file: impl AsFd) -> Result<(), CloseError> {
        match self.spare.take().map(close) {
            Some(Ok(())) => Ok(()),
            // Its descriptor is free now, if there was one.
            Some(Err(Errno::EINTR)) | None => check_close(file),
            Some(Err(errno)) => Err(CloseError::Lost(errno.into())),
        }
    }
}

fn duplicate(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    #[cfg(test)]
    if faults::has_no_descriptors() {
        return Err(Errno::EMFILE.into());
    }
    file.try_clone_to_owned()
}

fn close(fd: OwnedFd) -> nix::Result<()> {
    let closed = nix::unistd::close(fd);
    #[cfg(test)]
    let closed = faults::next().map_or(closed, Err);
    closed
}

/// Injected errors of close(2) and dup(2), since a test has no disk that reports any, and descriptors enough.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;

    pub(crate) use nix::errno::Errno;

    thread_local! {
        static NEXT: RefCell<VecDeque<Errno>> = const { RefCell::new(VecDeque::new()) };
        static NO_DESCRIPTORS: Cell<bool> = const { Cell::new(false) };
    }

    /// Leaves this thread no descriptor to duplicate one with.
    pub(crate) fn take_descriptors(are_taken: bool) {
        NO_DESCRIPTORS.set(are_taken);
    }

    pub(super) fn has_no_descriptors() -> bool {
        NO_DESCRIPTORS.get()
    }

    /// Makes this thread's next checked closes fail with these errors, one each.
    pub(crate) fn inject(errnos: &[Errno]) {
        NEXT.with_borrow_mut(|next| *next = errnos.iter().copied().collect());
    }

    /// The number of errors that have not been returned yet.
    pub(crate) fn left() -> usize {
        NEXT.with_borrow(VecDeque::len)
    }

    pub(super) fn next() -> Option<Errno> {
        NEXT.with_borrow_mut(VecDeque::pop_front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_checked_with_the_descriptor_that_was_kept() {
        let file = tempfile::tempfile().expect("there is a place for temporary files");
        for (errnos, expected) in [
            (&[][..], None),
            (&[Errno::EINTR], None),
            (&[Errno::EINTR, Errno::ENOSPC], Some(Errno::ENOSPC)),
            (&[Errno::EDQUOT], Some(Errno::EDQUOT)),
        ] {
            let mut check = CloseCheck::of(&file);
            assert!(check.spare.is_some(), "there is a descriptor");
            faults::inject(errnos);
            let found = match check.check(&file) {
                Ok(()) => None,
                Err(error) => error.io_error().raw_os_error(),
            };
            assert_eq!(found, expected.map(|errno| errno as i32), "{errnos:?}");
            assert_eq!(faults::left(), 0, "{errnos:?}");
            assert!(check.spare.is_none(), "it is closed");
            // It can be asked again.
            check.check(&file).expect("nothing is wrong now");
        }
    }

    #[test]
    fn a_close_that_cannot_be_checked_is_no_close_that_failed() {
        let file = tempfile::tempfile().expect("there is a place for temporary files");
        let mut kept = CloseCheck::of(&file);
        faults::take_descriptors(true);
        let unchecked = check_close(&file);
        let mut late = CloseCheck::of(&file);
        let (kept, late) = (kept.check(&file), late.check(&file));
        faults::take_descriptors(false);
        for unchecked in [unchecked, late] {
            let is_unchecked = matches!(&unchecked, Err(CloseError::Unchecked(_)));
            assert!(is_unchecked, "{unchecked:?}");
        }
        assert!(kept.is_ok(), "{kept:?}");
    }

    #[test]
    fn an_error_at_close_is_reported_and_an_interrupted_close_is_tried_again() {
        let file = tempfile::tempfile().expect("there is a place for temporary files");
        for (errnos, expected) in [
            (&[][..], None),
            (&[Errno::EINTR], None),
            (&[Errno::EINTR, Errno::EINTR, Errno::EIO], Some(Errno::EIO)),
            (&[Errno::EDQUOT], Some(Errno::EDQUOT)),
            (&[Errno::ENOSPC], Some(Errno::ENOSPC)),
            (&[Errno::EINTR; TRIES], Some(Errno::EINTR)),
        ] {
            faults::inject(errnos);
            let found = match check_close(&file) {
                Ok(()) => None,
                Err(CloseError::Lost(error)) => error.raw_os_error(),
                Err(error) => panic!("{errnos:?}: {error}"),
            };
            assert_eq!(found, expected.map(|errno| errno as i32), "{errnos:?}");
            assert_eq!(faults::left(), 0, "{errnos:?}");
        }
    }
}
