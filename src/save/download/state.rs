//! The states of a download, and what each of them has.

use std::time::SystemTime;

use crate::save::part::Part;
use crate::save::resume_check::Overlap;
use crate::save::tmpfile::TmpFile;
use crate::save::xattr::FileRecord;

/// The state of a download: which file the bytes are in, and whether more of them come.
///
/// ```text
/// Fresh ──────┬─▶ Receiving ──▶ Whole ──────▶ (published)
/// Suspended ──┘    │     └────▶ TmpFile ───▶ (published)
///     ▲────────────┘
/// ```
#[derive(Debug, Default)]
pub(in crate::save) enum State {
    /// No part exists, and no body has begun.
    #[default]
    Fresh,
    /// A part exists, of an earlier attempt or run, and no body is being received.
    Suspended(SuspendedPart),
    /// A body is being received.
    Receiving(ReceivedPart),
    /// The body is whole, in a part that waits for its name.
    Whole(WholePart),
    /// The body is whole, in a file without a name.
    TmpFile(TmpFile, FileRecord),
}

/// A part of which nothing is being received.
#[derive(Debug)]
pub(in crate::save) struct SuspendedPart {
    pub(super) part: Part,
    /// The part's record; only an empty part may have none.
    pub(super) record: Option<FileRecord>,
    /// True if the rest of the body can be requested.
    pub(super) is_resumable: bool,
    /// The length of the part before this attempt, if this attempt has continued it already.
    pub(super) resumed_from: Option<u64>,
}

/// A body that is being received.
#[derive(Debug)]
pub(in crate::save) struct ReceivedPart {
    /// The part, once there were bytes to write: a small body is held back until it is whole.
    pub(in crate::save) part: Option<Part>,
    pub(in crate::save) record: FileRecord,
    /// The modification time that the server states.
    pub(in crate::save) modified: Option<SystemTime>,
    /// True if the rest could be requested, should the body break off.
    pub(in crate::save) is_resumable: bool,
    /// The fewest bytes that the whole body may have.
    pub(in crate::save) least_length: u64,
    /// True once the free space was checked against the stated length.
    pub(super) has_space: bool,
    /// The continuation, if this is the rest of a body.
    pub(in crate::save) resumed: Option<Resumed>,
}

/// The continuation of a part.
#[derive(Debug)]
pub(in crate::save) struct Resumed {
    /// The bytes that are received again, to be compared.
    pub(in crate::save) overlap: Overlap,
    /// The position in the file of the first byte that is received.
    pub(super) offset: u64,
    /// The position after the last byte that is to be received.
    pub(super) end: u64,
    /// The length of the whole body, if it is known. One that only a range states is not recorded: a wrong one
    /// would contradict all answers to come.
    pub(in crate::save) length: Option<u64>,
    /// The length of the part before this response.
    pub(super) held: u64,
    /// The length of the part before this attempt.
    pub(in crate::save) from: u64,
}

/// A part with the whole body.
#[derive(Debug)]
pub(in crate::save) struct WholePart {
    pub(in crate::save) part: Part,
    pub(in crate::save) record: FileRecord,
    /// True if the part is kept, should it not get its name.
    pub(in crate::save) is_resumable: bool,
    /// The length of the part before this attempt, if it was continued.
    pub(in crate::save) resumed_from: Option<u64>,
}

impl ReceivedPart {
    /// A whole body that is still to be written to a part.
    pub(in crate::save) fn held_back(record: FileRecord) -> Self {
        ReceivedPart {
            part: None,
            record,
            modified: None,
            is_resumable: false,
            least_length: 0,
            has_space: false,
            resumed: None,
        }
    }
}

impl State {
    pub(super) fn record(&self) -> Option<&FileRecord> {
        match self {
            State::Fresh => None,
            State::Suspended(suspended) => suspended.record.as_ref(),
            State::Receiving(received) => Some(&received.record),
            State::Whole(whole) => Some(&whole.record),
            State::TmpFile(_, record) => Some(record),
        }
    }

    pub(super) fn resumed(&self) -> Option<&Resumed> {
        match self {
            State::Receiving(received) => received.resumed.as_ref(),
            _ => None,
        }
    }

    pub(super) fn part(&self) -> Option<&Part> {
        match self {
            State::Fresh | State::TmpFile(..) => None,
            State::Suspended(suspended) => Some(&suspended.part),
            State::Receiving(received) => received.part.as_ref(),
            State::Whole(whole) => Some(&whole.part),
        }
    }

    pub(super) fn part_mut(&mut self) -> Option<&mut Part> {
        match self {
            State::Fresh | State::TmpFile(..) => None,
            State::Suspended(suspended) => Some(&mut suspended.part),
            State::Receiving(received) => received.part.as_mut(),
            State::Whole(whole) => Some(&mut whole.part),
        }
    }

    pub(in crate::save) fn into_part(self) -> Option<Part> {
        match self {
            State::Fresh | State::TmpFile(..) => None,
            State::Suspended(suspended) => Some(suspended.part),
            State::Receiving(received) => received.part,
            State::Whole(whole) => Some(whole.part),
        }
    }

    /// Returns true if the part, should the download end now, can be continued later.
    pub(super) fn is_resumable(&self) -> bool {
        match self {
            State::Fresh | State::TmpFile(..) => false,
            State::Suspended(suspended) => suspended.is_resumable,
            State::Receiving(received) => received.is_resumable,
            State::Whole(whole) => whole.is_resumable,
        }
    }

    /// The state after the received bytes are given up: of a part only the file remains.
    pub(super) fn without_progress(self) -> State {
        let (part, record) = match self {
            State::Fresh | State::TmpFile(..) => return State::Fresh,
            State::Suspended(SuspendedPart { part, record, .. }) => (part, record),
            State::Whole(WholePart { part, record, .. }) => (part, Some(record)),
            State::Receiving(ReceivedPart { part, record, .. }) => match part {
                Some(part) => (part, Some(record)),
                None => return State::Fresh,
            },
        };
        State::Suspended(SuspendedPart {
            part,
            record,
            is_resumable: false,
            resumed_from: None,
        })
    }

    /// The state after the body was written to a file without a name.
    pub(in crate::save) fn with_tmpfile(self, tmpfile: TmpFile) -> State {
        match self {
            State::Receiving(ReceivedPart { record, .. }) => State::TmpFile(tmpfile, record),
            other => other,
        }
    }

    /// The state after the part has all its bytes.
    pub(in crate::save) fn with_part_whole(self) -> State {
        match self {
            State::Receiving(ReceivedPart {
                part: Some(part),
                record,
                is_resumable,
                resumed,
                ..
            }) => State::Whole(WholePart {
                part,
                record,
                is_resumable,
                resumed_from: resumed.map(|resumed| resumed.from),
            }),
            other => other,
        }
    }
}
