//! The receiving side of the ordered output: one attempt to receive a target's body.

use std::fmt;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::{BufferedBody, SharedOutput};
use crate::model::outcome::BodyProgress;
use crate::save::error::BodyError;
use crate::save::page;
use crate::save::resume_check::{OVERLAP, Overlap, is_continued, resume_position};
use crate::save::spill::spill_error;
use crate::save::version::{Conditions, ContentRange, KnownLength, Validators, Version};
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
    /// The bytes that were received before this response.
    held: u64,
    /// The record of those, if the rest can be requested.
    record: Option<FileRecord>,
    /// The position in the body of the first byte of this response.
    offset: u64,
    /// The position after the last byte of this response, if it continues those received before.
    end: Option<u64>,
    /// The length of the whole body, as far as that response states it.
    length: Option<u64>,
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
            held: body.received,
            record: body.record.clone().filter(|_| body.is_resumable),
            offset: 0,
            end: None,
            length: None,
            overlap: Overlap::default(),
        }
    }

    /// The conditions of a request for `url`, the one of the list.
    pub fn conditions(&self, url: &str) -> Conditions<'_> {
        let record = self.record.as_ref().filter(|record| record.is_from(url));
        let validator = record.and_then(|record| record.validators.strong());
        Conditions {
            unless: None,
            range: validator
                .filter(|_| self.held > 0)
                .map(|validator| (resume_position(self.held), Some(validator))),
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
            least_length: version.least_length,
            record: Some(FileRecord::new(url, version)),
            ..BufferedBody::default()
        };
        self.offset = 0;
        self.end = None;
        self.length = None;
        self.overlap = Overlap::default();
        Ok(())
    }

    /// The length of the body that was received before, if `version` from `url` may be the same.
    pub fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        let state = self.shared.lock();
        let body = state.buffered.get(&self.index)?;
        let record = body.record.as_ref().filter(|record| record.is_from(url));
        record?.known_length(body.received, version)
    }

    /// Begins to receive more of a body: `range` of this version. Returns false if that does not continue
    /// the bytes that were received before.
    pub fn resume(&mut self, range: ContentRange, version: &Version) -> bool {
        let mut state = self.shared.lock();
        let Some(body) = state.buffered.get_mut(&self.index) else {
            return false;
        };
        let Some(record) = &body.record else {
            return false;
        };
        let held = body.received;
        let length = record.length.or(range.length);
        let fits = record.is_continued_by(range, version) && is_continued(held, range, length);
        if fits {
            self.length = length;
            self.held = held;
            self.offset = range.first;
            self.end = Some(range.end());
            let skipped = resume_position(held) - range.first;
            self.overlap = Overlap::new(skipped, body.tail.clone());
        }
        fits
    }

    /// The length of the body of which some was received before from `url`. `None` if it is a web page, or
    /// nothing was.
    pub fn length_if_no_page(&self, url: &str) -> Option<u64> {
        let state = self.shared.lock();
        let body = state.buffered.get(&self.index)?;
        let record = body.record.as_ref().filter(|record| record.is_from(url))?;
        let is_page = match (&body.file, body.memory.front()) {
            (Some(file), _) => page::is_page(file),
            (None, Some(first)) => page::begins_page(first),
            (None, None) => return None,
        };
        (!is_page).then(|| record.length.unwrap_or(body.received))
    }

    /// Returns true if the response is a range after which more of the body may follow.
    pub fn is_range(&self) -> bool {
        self.end.is_some() && self.end != self.length
    }

    /// Ends such a range, after which the rest can be requested. Returns the number of bytes that it brought.
    ///
    /// # Errors
    ///
    /// If fewer bytes came than the range has.
    pub fn end_range(&mut self) -> Result<u64, BodyError> {
        self.overlap.finish()?;
        let state = self.shared.lock();
        let Some(body) = state.buffered.get(&self.index) else {
            return Err(BodyError::Stopped);
        };
        let received = body.received;
        if let Some(stated) = self.end.filter(|end| received < *end) {
            return Err(BodyError::LengthMismatch { received, stated });
        }
        let new = received - self.held;
        self.held = received;
        Ok(new)
    }

    /// Returns true if the response continues bytes that were received before.
    pub fn is_resumed(&self) -> bool {
        self.end.is_some()
    }

    /// The number of bytes to come that were received before.
    pub fn overlap(&self) -> usize {
        self.overlap.len()
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
            from: if self.is_resumed() { self.received } else { 0 },
            reached: body.received,
        })
    }

    /// Takes the received bytes for the whole body, which has `length` bytes. Returns false if they are not
    /// as many, or of another version.
    pub fn resume_at_end(&mut self, length: u64, validators: &Validators) -> bool {
        let mut state = self.shared.lock();
        let Some(body) = state.buffered.get_mut(&self.index) else {
            return false;
        };
        let Some(record) = &body.record else {
            return false;
        };
        let is_whole = body.received == length
            && record.length.is_none_or(|known| known == length)
            && !record.is_contradicted_by(validators);
        if is_whole {
            body.is_broken_off = false;
            self.end = Some(length);
            self.length = Some(length);
        }
        is_whole
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
    /// If they cannot be buffered, differ from those received before, are more than the range has, or the
    /// output has ended.
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
            let end = body.received + bytes.len() as u64;
            if self.end.is_some_and(|most| most < end) {
                return Err(BodyError::Changed);
            }
            // These bytes follow those received before, so those may be written.
            body.is_broken_off = false;
            if let Some(file) = body.file.clone() {
                let at = body.spilled;
                drop(guard);
                file.write_all_at(bytes, at)
                    .map_err(|error| spill_error(&error))?;
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
            let file = tempfile::tempfile().map_err(|error| spill_error(&error))?;
            for chunk in body.memory.drain(..) {
                file.write_all_at(&chunk, body.spilled)
                    .map_err(|error| spill_error(&error))?;
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
        match length.or(self.length) {
            Some(stated) if stated != body.received => Err(BodyError::LengthMismatch {
                received: body.received,
                stated,
            }),
            _ if body.received < body.least_length => Err(BodyError::FewerThanBefore {
                received: body.received,
                before: body.least_length,
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
