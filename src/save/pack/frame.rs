//! The frame of a member: all of it but the body. Workers build it, so that the thread of the run, which appends one
//! member after the other, has little to do for each.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::sync::Arc;

use super::{PackFormat, tar};
use crate::model::outcome::Outcome;

/// Encodes an outcome as the record of a member.
pub type RecordEncoder = Arc<dyn Fn(&Outcome) -> io::Result<Vec<u8>> + Send + Sync>;

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
            PackFormat::Tar => Ok(tar_frame(outcome, length, &(self.encode)(outcome)?)),
            PackFormat::Warc => Ok(MemberFrame::default()),
        }
    }
}

fn tar_frame(outcome: &Outcome, length: u64, record: &[u8]) -> MemberFrame {
    let key = tar::key(outcome.index);
    let name = format!("{key}.{}", tar::extension(outcome));
    let head = tar::header(&name, length, outcome);
    let record_length = record.len() as u64;
    let second = tar::header(&format!("{key}.json"), record_length, outcome);
    MemberFrame {
        head: head.as_bytes().to_vec(),
        tail: [
            tar::padding(length),
            second.as_bytes(),
            record,
            tar::padding(record_length),
        ]
        .concat(),
    }
}

impl Debug for FrameBuilder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuilder")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
