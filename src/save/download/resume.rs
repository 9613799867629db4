//! The continuation of a part: by a range of the body, by several, or by the word that there is no more of it.

use std::time::SystemTime;

use super::state::{ReceivedPart, Resumed, State, SuspendedPart};
use super::{Download, not_started};
use crate::save::BodyError;
use crate::save::part::Part;
use crate::save::resume_check::{Overlap, is_continued, resume_position};
use crate::save::version::{ContentRange, KnownLength, Validators, Version};

impl Download {
    /// The length of the body that the part is of, if `version` from `url` may be the same.
    pub fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        let record = self.state.record().filter(|record| record.is_from(url));
        let held = self.state.part().map_or(0, Part::length);
        record?.known_length(held, version)
    }

    /// Begins to receive more of a body: `range` of this version. Returns false if that does not continue
    /// the part.
    pub fn resume(&mut self, range: ContentRange, version: &Version) -> bool {
        let State::Suspended(SuspendedPart {
            part,
            record: Some(record),
            ..
        }) = &mut self.state
        else {
            return false;
        };
        let held = part.length();
        let compared_from = resume_position(held);
        let length = record.length.or(range.length);
        let fits = record.is_continued_by(range, version) && is_continued(held, range, length);
        let overlap = usize::try_from(held - compared_from).unwrap_or_default();
        let Some(Ok(tail)) = fits.then(|| part.tail(overlap)) else {
            return false;
        };
        if version.server_name.is_some() {
            record.server_name.clone_from(&version.server_name);
        }
        self.receive_rest(
            version.modified,
            Resumed {
                overlap: Overlap::new(compared_from - range.first, tail),
                offset: range.first,
                end: range.end(),
                length,
                held,
                from: held,
            },
        )
    }

    /// Takes the part for the whole body, which has `length` bytes: the server says that no byte follows.
    /// Returns false if the part is not as long, or of another version.
    pub fn resume_at_end(&mut self, length: u64, validators: &Validators) -> bool {
        let State::Suspended(SuspendedPart {
            part,
            record: Some(record),
            ..
        }) = &mut self.state
        else {
            return false;
        };
        if part.length() != length
            || record.length.is_some_and(|known| known != length)
            || record.is_contradicted_by(validators)
        {
            return false;
        }
        self.receive_rest(
            None,
            Resumed {
                overlap: Overlap::default(),
                offset: 0,
                end: length,
                length: Some(length),
                held: length,
                from: length,
            },
        )
    }

    /// Goes on with a suspended part; returns false if there is none with a record.
    fn receive_rest(&mut self, modified: Option<SystemTime>, mut resumed: Resumed) -> bool {
        match std::mem::take(&mut self.state) {
            State::Suspended(SuspendedPart {
                part,
                record: Some(record),
                is_resumable,
                resumed_from,
            }) => {
                resumed.from = resumed_from.unwrap_or(resumed.held);
                // A 206 need not repeat what the first answer said.
                let modified = modified.or_else(|| record.modified());
                self.state = State::Receiving(ReceivedPart {
                    part: Some(part),
                    record,
                    modified,
                    is_resumable,
                    least_length: 0,
                    has_space: false,
                    resumed: Some(resumed),
                });
                true
            }
            other => {
                self.state = other;
                false
            }
        }
    }

    /// Returns true if the response is a range after which more of the body may follow.
    pub fn is_range(&self) -> bool {
        let resumed = self.state.resumed();
        resumed.is_some_and(|resumed| resumed.length != Some(resumed.end))
    }

    /// Ends such a range, after which the rest can be requested. Returns the number of bytes that it brought.
    ///
    /// # Errors
    ///
    /// If fewer bytes came than the range has.
    pub fn end_range(&mut self) -> Result<u64, BodyError> {
        match std::mem::take(&mut self.state) {
            State::Receiving(ReceivedPart {
                part: Some(part),
                record,
                is_resumable,
                resumed: Some(resumed),
                ..
            }) => {
                let reached = part.length();
                let Resumed { held, end, .. } = resumed;
                self.state = State::Suspended(SuspendedPart {
                    part,
                    record: Some(record),
                    is_resumable,
                    resumed_from: Some(resumed.from),
                });
                resumed.overlap.finish()?;
                if reached < end {
                    return Err(BodyError::LengthMismatch {
                        received: reached,
                        stated: end,
                    });
                }
                Ok(reached - held)
            }
            other => {
                self.state = other;
                Err(not_started(&self.store.root.shown(&self.place)))
            }
        }
    }
}
