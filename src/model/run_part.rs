//! The runs that a merged report is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run_id::RunId;
use super::run_shard::RunShard;

/// A run that is a part of a merged report, as far as one has to know it to merge that with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPart {
    /// The identifier of the run.
    pub run: RunId,
    /// The identifier of its run log.
    pub log: Option<RunId>,
    /// The shard that it took of its list.
    pub shard: Option<RunShard>,
    /// True if it was stopped before its end, and no later part went on with its log.
    pub stopped: bool,
}
