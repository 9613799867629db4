//! The frame of a member: all of it but the body. Workers build it, so that the thread of the run, which appends one
//! member after the other, has little to do for each.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::sync::Arc;

use super::{PackFormat, tar};
use crate::model::outcome::Outcome;

/// Appends the record of a member, which is its outcome, to these bytes.
pub type RecordEncoder = Arc<dyn Fn(&Outcome, &mut Vec<u8>) -> io::Result<()> + Send + Sync>;

/// The bytes that most tails have room in: a record is some 700 bytes.
const TAIL: usize = 2048;

/// Builds frames.
#[derive(Clone)]
pub(super) struct FrameBuilder {
    pub(super) format: PackFormat,
    pub(super) encode: RecordEncoder,
}

/// What is before and behind the body of a member.
#[derive(Debug, Default)]
pub(super) struct MemberFrame {
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
}

impl FrameBuilder {
    /// The frame of a body of this length: in tar the headers of `KEY.EXT` and `KEY.json`, and the latter. Records of
    /// WARC have none.
    pub(super) fn build(&self, outcome: &Outcome, length: u64) -> io::Result<MemberFrame> {
        match self.format {
            PackFormat::Tar => self.tar(outcome, length),
            PackFormat::Warc => Ok(MemberFrame::default()),
        }
    }

    fn tar(&self, outcome: &Outcome, length: u64) -> io::Result<MemberFrame> {
        let key = tar::key(outcome.index);
        let name = format!("{key}.{}", tar::extension(outcome));
        let head = tar::header(&name, length, outcome);
        let mut tail = Vec::with_capacity(TAIL);
        tail.extend_from_slice(tar::padding(length));
        // The header has the length of the record, and comes before it.
        let header = tail.len()..tail.len() + tar::BLOCK as usize;
        tail.resize(header.end, 0);
        (self.encode)(outcome, &mut tail)?;
        let record = (tail.len() - header.end) as u64;
        let second = tar::next_header(&head, &format!("{key}.json"), record);
        tail[header].copy_from_slice(second.as_bytes());
        tail.extend_from_slice(tar::padding(record));
        Ok(MemberFrame {
            head: head.as_bytes().to_vec(),
            tail,
        })
    }
}

impl Debug for FrameBuilder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuilder")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
