//! One target's end of the output: where a worker puts the body that it reads.

use std::fmt;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::io::Errno;

use super::{Shared, Waiting};
use crate::model::text::escape;
use crate::save::FileError;
use crate::save::download::{Ask, ContentRange, KnownLength, Refused, Version};
use crate::save::resume_check::{OVERLAP, Overlap, again_from};
use crate::save::xattr::Record;

/// The most that one early body keeps in memory, and all of them together.
const BODY_MEMORY: usize = 64 * 1024;
const ALL_MEMORY: usize = 8 * 1024 * 1024;

/// How far the body whose turn it is may be ahead of the output.
const AHEAD: usize = 1024 * 1024;

/// One target's end of the output.
pub struct Body {
    shared: Arc<Shared>,
    index: u64,
    /// A copy of what is remembered of what is there.
    held: u64,
    record: Option<Record>,
    /// How much was there before the response that is being read.
    held_before: u64,
    /// The bytes that are still to come again.
    overlap: Overlap,
}

impl Body {
    pub(super) fn new(shared: &Arc<Shared>, index: u64, is_unproven: bool) -> Self {
        let mut state = shared.lock();
        let waiting = state.waiting.entry(index).or_default();
        waiting.is_unproven = is_unproven;
        Body {
            shared: Arc::clone(shared),
            index,
            held: waiting.held,
            record: waiting.record.clone().filter(|_| waiting.is_resumable),
            held_before: 0,
            overlap: Overlap::default(),
        }
    }

    /// What to ask for at `url`.
    pub fn ask(&self, url: &str) -> Ask<'_> {
        let record = self.record.as_ref().filter(|record| record.is_from(url));
        let validator = record.and_then(|record| record.validators.strong());
        Ask {
            unless: None,
            range: validator
                .filter(|_| self.held > 0)
                .map(|validator| (again_from(self.held), validator)),
        }
    }

    /// A whole body is about to come.
    ///
    /// # Errors
    ///
    /// If a part of it is out already.
    pub fn start(&mut self, url: &str, version: Version) -> Result<(), Refused> {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        if state.end.is_some() {
            return Err(Refused::Ended);
        }
        let waiting = state.waiting.entry(self.index).or_default();
        if waiting.given > 0 {
            return Err(Refused::Begun(waiting.given));
        }
        state.memory -= waiting.in_memory;
        *waiting = Waiting {
            is_unproven: waiting.is_unproven,
            // The proof is of all of it, so all of it has to come at once.
            is_resumable: version.is_plain
                && version.validators.strong().is_some()
                && !waiting.is_unproven,
            record: Some(Record::new(url, version)),
            ..Waiting::default()
        };
        self.held_before = 0;
        self.overlap = Overlap::default();
        Ok(())
    }

    /// The length that is known of what came before, if `version` from `url` may be the same.
    pub fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        let state = self.shared.lock();
        let record = state.waiting.get(&self.index)?.record.as_ref();
        record
            .filter(|record| record.is_from(url))?
            .known_length(version)
    }

    /// A later part of the body is about to come. Returns whether it fits.
    pub fn go_on(&mut self, range: ContentRange, version: &Version) -> bool {
        let mut state = self.shared.lock();
        let Some(waiting) = state.waiting.get_mut(&self.index) else {
            return false;
        };
        let Some(record) = &mut waiting.record else {
            return false;
        };
        let fits =
            record.is_continued_by(range, version) && range.first == again_from(waiting.held);
        if fits {
            record.length = Some(range.length);
            self.held_before = range.first;
            self.overlap = Overlap::new(waiting.tail.clone());
        }
        fits
    }

    /// How much was there before the response that is being read.
    pub fn held_before(&self) -> u64 {
        self.held_before
    }

    /// Whether what is there, which is to be `length` bytes, is all.
    pub fn is_all(&mut self, length: u64) -> bool {
        let state = self.shared.lock();
        let waiting = state.waiting.get(&self.index);
        waiting.is_some_and(|waiting| waiting.held == length)
    }

    /// What is there is of no use for going on.
    pub fn forget(&mut self) {
        self.record = None;
        let mut state = self.shared.lock();
        if let Some(waiting) = state.waiting.get_mut(&self.index) {
            waiting.is_resumable = false;
        }
    }

    /// Takes the next bytes. Waits while the output is far behind.
    ///
    /// # Errors
    ///
    /// If they cannot be kept, or the output has ended.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let bytes = self.overlap.pass(bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut guard = self.shared.lock();
        loop {
            let state = &mut *guard;
            if state.end.is_some() {
                return Err(Refused::Ended);
            }
            let is_turn = state.next == self.index;
            let waiting = state.waiting.entry(self.index).or_default();
            // What comes is right, so what there was is.
            waiting.is_broken_off = false;
            if let Some(file) = waiting.file.clone() {
                let at = waiting.spilled;
                drop(guard);
                file.write_all_at(bytes, at).map_err(unspilled)?;
                let mut state = self.shared.lock();
                if let Some(waiting) = state.waiting.get_mut(&self.index) {
                    waiting.spilled += bytes.len() as u64;
                    waiting.took(bytes);
                }
                break;
            }
            let fits = if is_turn && !waiting.is_unproven {
                if waiting.in_memory >= AHEAD {
                    guard = self.shared.wait(guard);
                    continue;
                }
                true
            } else {
                waiting.in_memory + bytes.len() <= BODY_MEMORY
                    && state.memory + bytes.len() <= ALL_MEMORY
            };
            if fits {
                waiting.memory.push_back(bytes.to_vec());
                waiting.in_memory += bytes.len();
                waiting.took(bytes);
                state.memory += bytes.len();
                break;
            }
            // From here on it goes to a file, what there is of it first.
            let file = tempfile::tempfile().map_err(unspilled)?;
            for piece in waiting.memory.drain(..) {
                file.write_all_at(&piece, waiting.spilled)
                    .map_err(unspilled)?;
                waiting.spilled += piece.len() as u64;
            }
            state.memory -= waiting.in_memory;
            waiting.in_memory = 0;
            waiting.file = Some(Arc::new(file));
        }
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Takes the last bytes, and looks whether it is all there.
    ///
    /// # Errors
    ///
    /// If not, or as for [`write`](Body::write).
    pub fn complete(&mut self, last: &[u8]) -> Result<(), Refused> {
        if !last.is_empty() {
            self.write(last)?;
        }
        self.overlap.end()?;
        let state = self.shared.lock();
        let Some(waiting) = state.waiting.get(&self.index) else {
            return Err(Refused::Ended);
        };
        let length = waiting.record.as_ref().and_then(|record| record.length);
        match length {
            Some(length) if length != waiting.held => Err(Refused::Short {
                held: waiting.held,
                length,
            }),
            _ => Ok(()),
        }
    }
}

impl Waiting {
    /// Takes note of what was taken in.
    fn took(&mut self, bytes: &[u8]) {
        self.held += bytes.len() as u64;
        let most = usize::try_from(OVERLAP).unwrap_or(usize::MAX);
        let new = &bytes[bytes.len().saturating_sub(most)..];
        let too_many = (self.tail.len() + new.len()).saturating_sub(most);
        self.tail.drain(..too_many);
        self.tail.extend_from_slice(new);
    }
}

/// An attempt is over. Should there be another, what is there of the body may have to be replaced, so
/// no more of it is passed on before that is known.
impl Drop for Body {
    fn drop(&mut self) {
        if let Some(waiting) = self.shared.lock().waiting.get_mut(&self.index) {
            waiting.is_broken_off = true;
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

fn unspilled(error: io::Error) -> Refused {
    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let folder = std::env::temp_dir();
    let what = format!(
        "cannot keep an early body in {} (TMPDIR)",
        escape(&folder.display().to_string())
    );
    Refused::File(FileError::refused(&what, errno))
}
