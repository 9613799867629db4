//! Record of an origin that pushed back or was given up.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::escaped;
use super::number;
use crate::model::origin::{GivenUp, OriginLimit};

/// An origin that was slowed down for, or given up (an item of `origins`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct OriginRecord<'a> {
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default, deserialize_with = "number::maybe_count")]
    at_once: Option<u64>,
    #[serde(default, deserialize_with = "number::maybe_ratio")]
    #[schemars(range(min = 0.0))]
    per_second: Option<f64>,
    #[serde(deserialize_with = "number::count")]
    push_backs: u64,
    given_up: Option<GivenUp>,
}

impl<'a> From<&'a OriginLimit> for OriginRecord<'a> {
    fn from(limit: &'a OriginLimit) -> Self {
        OriginRecord {
            origin: Cow::Borrowed(&limit.origin),
            at_once: limit.at_once,
            per_second: limit.per_second,
            push_backs: limit.push_backs,
            given_up: limit.given_up,
        }
    }
}

impl From<&OriginRecord<'_>> for OriginLimit {
    fn from(record: &OriginRecord<'_>) -> Self {
        OriginLimit {
            origin: escaped(&record.origin),
            at_once: record.at_once,
            per_second: record.per_second,
            push_backs: record.push_backs,
            given_up: record.given_up,
        }
    }
}
