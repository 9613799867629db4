//! The JSON of a run: its records, written as JSON Lines and read again in a replay.

mod jsonl;
pub(in crate::report) mod measured;
pub mod replay;
pub(in crate::report) mod result;

pub use jsonl::JsonLines;
