//! A line of JSON Lines.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::against::AgainstRecord;
use super::measured::{ArmSummaryRecord, AssertionRecord, ComparisonRecord, SweepRecord};
use super::result::ResultRecord;
use super::summary::{RunRecord, SummaryRecord};
use crate::model::measurement::ArmRun;
use crate::model::run_id::RunId;

/// A line of JSON Lines, written by [`JsonLines`](super::JsonLines), which documents the schema, and read by
/// [`replay`](super::replay). Its `type` is the name of the variant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum SchemaLine<'a> {
    Run(#[serde(borrow)] RunRecord<'a>),
    Result(#[serde(borrow)] ResultRecord<'a>),
    Warning {
        #[serde(borrow)]
        message: Cow<'a, str>,
        /// The subject. Left out of most warnings, which are texts alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "WarningTopic")]
        about: Option<WarningTopic>,
    },
    Arm(ArmRun),
    ArmSummary(#[serde(borrow)] ArmSummaryRecord<'a>),
    Comparison(#[serde(borrow)] ComparisonRecord<'a>),
    Sweep(#[serde(borrow)] SweepRecord<'a>),
    Against(AgainstRecord<'a>),
    #[serde(rename = "gate")]
    Assertion(#[serde(borrow)] AssertionRecord<'a>),
    Summary(#[serde(borrow)] SummaryRecord<'a>),
}

/// The subject of a warning that a replay judges anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WarningTopic {
    /// Shards that are missing.
    Shards,
}

impl SchemaLine<'_> {
    /// Completes a line with what is not read with the rest of `text`.
    pub(super) fn complete(mut self, text: &[u8]) -> Self {
        if let SchemaLine::Result(record) = &mut self {
            record.restore_meta(text);
        }
        self
    }
}

/// A line with the run that it belongs to. Lines of several runs may stand in one file in any order.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "line")]
pub(in crate::report) struct TaggedLine<'a> {
    #[serde(flatten)]
    pub(super) line: &'a SchemaLine<'a>,
    /// The identifier of its run.
    // `None` for a `run` line, which has it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if, required)]
    pub(super) run: Option<RunId>,
}

/// The fields of a line that decide whether and how the rest is read.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct LineHead {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) schema: Option<u64>,
    pub(super) run: Option<RunId>,
}
