//! A line of JSON Lines.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::against::AgainstRecord;
use super::measured::{ArmSummaryRecord, AssertionRecord, ComparisonRecord, SweepRecord};
use super::result::ResultRecord;
use super::summary::{RunRecord, SummaryRecord};
use crate::model::measurement::ArmRun;

/// A line of JSON Lines, written by [`JsonLines`](super::JsonLines), which documents the schema, and read by
/// [`replay`](super::replay). Its `type` is the name of the variant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum SchemaLine<'a> {
    Run(#[serde(borrow)] RunRecord<'a>),
    Result(#[serde(borrow)] ResultRecord<'a>),
    Warning {
        #[serde(borrow)]
        message: Cow<'a, str>,
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

impl SchemaLine<'_> {
    /// Completes a line with what is not read with the rest of `text`.
    pub(super) fn complete(mut self, text: &[u8]) -> Self {
        if let SchemaLine::Result(record) = &mut self {
            record.restore_meta(text);
        }
        self
    }
}

/// The fields of a first line that decide whether the rest can be read.
#[derive(Debug, Deserialize)]
pub(super) struct LineHead {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) schema: Option<u64>,
}
