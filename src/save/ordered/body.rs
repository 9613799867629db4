//! The receiving side of the ordered output: one attempt to receive a target's body.

use std::fmt;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::{BufferedBody, SharedOutput};
use crate::model::outcome::BodyProgress;
use crate::model::text::escape;
use crate::save::error::{BodyError, FileError, errno_of};
use crate::save::resume_check::{OVERLAP, Overlap, resume_position};
use crate::save::version::{Conditions, ContentRange, KnownLength, Version};
use crate::save::xattr::FileRecord;

/// The most bytes in memory of one body before its turn.
const BODY_MEMORY: usize = 64 * 1024;

/// The most bytes in memory of all bodies before their turn.
const ALL_MEMORY: usize = 8 * 1024 * 1024;

/// The most bytes in memory of the next body of the output: a worker that is ahead blocks.
const AHEAD: usize = 1024 * 1024;

/// One attempt to receive a target's body for the ordered output.
pub struct OrderedBody {
    shared: Arc<SharedOutput>,
    index: u64,
    /// The bytes that earlier attempts have received, as of the beginning of this one.
    received: u64,
    /// The record of those, if the rest can be requested.
    record: Option<FileRecord>,
    /// The position in the body of the first byte of this response.
    offset: u64,
    /// The bytes that are received again, to be compared.
    overlap: Overlap,
}

impl OrderedBody {
    pub(super) fn new(shared: &Arc<SharedOutput>, index: u64, is_unverified: bool) -> Self {
        let mut state = shared.lock();
        let body = state.buffered.entry(index).or_default();
        body.is_unverified = is_unverified;
        OrderedBody {
            shared: Arc::clone(shared),
            index,
            received: body.received,
            record: body.record.clone().filter(|_| body.is_resumable),
            offset: 0,
            overlap: Overlap::default(),
        }
    }

    /// The conditions of a request for `url`.
    pub fn conditions(&self, url: &str) -> Conditions<'_> {
        let record = self.record.as_ref().filter(|record| record.is_from(url));
        let validator = record.and_then(|record| record.validators.strong());
        Conditions {
            unless: None,
            range: validator
                .filter(|_| self.received > 0)
                .map(|validator| (resume_position(self.received), Some(validator))),
        }
    }

    /// Begins to receive a whole body.
    ///
    /// # Errors
    ///
    /// If some of the body is written to the output already.
    pub fn start(&mut self, url: &str, version: Version) -> Result<(), BodyError> {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        if state.end.is_some() {
            return Err(BodyError::Stopped);
        }
        let body = state.buffered.entry(self.index).or_default();
        if body.written > 0 {
            return Err(BodyError::AlreadyWritten(body.written));
        }
        state.memory -= body.in_memory;
        *body = BufferedBody {
            is_unverified: body.is_unverified,
            // A checksum is verified over one response, so the whole body has to be in it.
            is_resumable: version.is_plain
                && version.validators.strong().is_some()
                && !body.is_unverified,
            record: Some(FileRecord::new(url, version)),
            ..BufferedBody::default()
        };
        self.offset = 0;
        self.overlap = Overlap::default();
        Ok(())
    }

    /// The length of the body that was received before, if `version` from `url` may be the same.
    pub fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        let state = self.shared.lock();
        let record = state.buffered.get(&self.index)?.record.as_ref();
        record
            .filter(|record| record.is_from(url))?
            .known_length(version)
    }

    /// Begins to receive the rest of a body: `range` of this version. Returns false if that does not follow
    /// the bytes that were received before.
    pub fn resume(&mut self, range: ContentRange, version: &Version) -> bool {
        let mut state = self.shared.lock();
        let Some(body) = state.buffered.get_mut(&self.index) else {
            return false;
        };
        let Some(record) = &mut body.record else {
            return false;
        };
        let fits =
            record.is_continued_by(range, version) && range.first == resume_position(body.received);
        if fits {
            record.length = Some(range.length);
            self.offset = range.first;
            self.overlap = Overlap::new(body.tail.clone());
        }
        fits
    }

    /// The position in the body of the first byte of this response.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The part of the body that this attempt has brought, if it can be continued.
    pub fn progress(&self) -> Option<BodyProgress> {
        let state = self.shared.lock();
        let body = state.buffered.get(&self.index)?;
        body.is_resumable.then_some(BodyProgress {
            from: if self.offset > 0 { self.received } else { 0 },
            reached: body.received,
        })
    }

    /// Takes the received bytes for the whole body, which has `length` bytes. Returns false if they are not
    /// as many.
    pub fn resume_at_end(&mut self, length: u64) -> bool {
        let state = self.shared.lock();
        let body = state.buffered.get(&self.index);
        body.is_some_and(|body| body.received == length)
    }

    /// Gives up the received bytes: from now on the whole body is requested.
    pub fn discard_progress(&mut self) {
        self.record = None;
        let mut state = self.shared.lock();
        if let Some(body) = state.buffered.get_mut(&self.index) {
            body.is_resumable = false;
        }
    }

    /// Buffers the next bytes. Blocks while the output is far behind.
    ///
    /// # Errors
    ///
    /// If they cannot be buffered, differ from those received before, or the output has ended.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        let bytes = self.overlap.check(bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut guard = self.shared.lock();
        loop {
            let state = &mut *guard;
            if state.end.is_some() {
                return Err(BodyError::Stopped);
            }
            let is_turn = state.next == self.index;
            let body = state.buffered.entry(self.index).or_default();
            // These bytes follow those received before, so those may be written.
            body.is_broken_off = false;
            if let Some(file) = body.file.clone() {
                let at = body.spilled;
                drop(guard);
                file.write_all_at(bytes, at).map_err(spill_error)?;
                let mut state = self.shared.lock();
                if let Some(body) = state.buffered.get_mut(&self.index) {
                    body.spilled += bytes.len() as u64;
                    body.note_received(bytes);
                }
                break;
            }
            let fits = if is_turn && !body.is_unverified {
                if body.in_memory >= AHEAD {
                    guard = self.shared.wait(guard);
                    continue;
                }
                true
            } else {
                body.in_memory + bytes.len() <= BODY_MEMORY
                    && state.memory + bytes.len() <= ALL_MEMORY
            };
            if fits {
                body.memory.push_back(bytes.to_vec());
                body.in_memory += bytes.len();
                body.note_received(bytes);
                state.memory += bytes.len();
                break;
            }
            // From here on the body goes to a file, the bytes in memory first.
            let file = tempfile::tempfile().map_err(spill_error)?;
            for chunk in body.memory.drain(..) {
                file.write_all_at(&chunk, body.spilled)
                    .map_err(spill_error)?;
                body.spilled += chunk.len() as u64;
            }
            state.memory -= body.in_memory;
            body.in_memory = 0;
            body.file = Some(Arc::new(file));
        }
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Buffers the last bytes and checks the length of the body.
    ///
    /// # Errors
    ///
    /// If it is not as stated, or as for [`write`](OrderedBody::write).
    pub fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        if !last.is_empty() {
            self.write(last)?;
        }
        self.overlap.finish()?;
        let state = self.shared.lock();
        let Some(body) = state.buffered.get(&self.index) else {
            return Err(BodyError::Stopped);
        };
        let length = body.record.as_ref().and_then(|record| record.length);
        match length {
            Some(stated) if stated != body.received => Err(BodyError::LengthMismatch {
                received: body.received,
                stated,
            }),
            _ => Ok(()),
        }
    }
}

impl BufferedBody {
    /// Counts received bytes and keeps the last of them for a later comparison.
    fn note_received(&mut self, bytes: &[u8]) {
        self.received += bytes.len() as u64;
        let most = usize::try_from(OVERLAP).unwrap_or(usize::MAX);
        let new = &bytes[bytes.len().saturating_sub(most)..];
        let too_many = (self.tail.len() + new.len()).saturating_sub(most);
        self.tail.drain(..too_many);
        self.tail.extend_from_slice(new);
    }
}

/// Marks the end of the attempt. Another one may have to replace the received bytes, so no more of them are
/// written before that is known.
impl Drop for OrderedBody {
    fn drop(&mut self) {
        if let Some(body) = self.shared.lock().buffered.get_mut(&self.index) {
            body.is_broken_off = true;
        }
    }
}

impl fmt::Debug for OrderedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderedBody")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

fn spill_error(error: io::Error) -> BodyError {
    let folder = std::env::temp_dir();
    let what = format!(
        "cannot keep an early body in {} (TMPDIR)",
        escape(&folder.display().to_string())
    );
    BodyError::File(FileError::refused(&what, errno_of(&error)))
}
