//! The JSON schema of a run: one set of record types, written as JSON Lines and read by a replay, so that the
//! two cannot drift apart.
//!
//! A record borrows from the model when it is written and from the line when it is read. `From` and `TryFrom`
//! lead from model to record and back; the latter and `number` check the ranges of what is read.

mod against;
mod attempt;
mod jsonl;
mod line;
mod measured;
mod number;
mod origin;
mod pacing;
pub mod replay;
mod result;
mod summary;
mod why;

pub use jsonl::{JsonLines, result_line};

pub(in crate::report) use against::AgainstRecord;
pub(in crate::report) use line::TaggedLine;
pub(in crate::report) use measured::{
    ArmSummaryRecord, AssertionRecord, ComparisonRecord, SweepRecord,
};
pub(in crate::report) use result::ResultRecord;
pub(in crate::report) use summary::{RunRecord, SummaryRecord};

/// Version of the schema that is written and read.
pub(in crate::report) const SCHEMA: u64 = 1;
