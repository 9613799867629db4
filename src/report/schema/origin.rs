//! Record of an origin that pushed back or was given up.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::escaped;
use super::number;
use crate::model::origin::{GivenUp, OriginLimit, PushBackCounts, UntoldLimit};

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
    // Older reports have none of these.
    #[serde(default, deserialize_with = "number::count")]
    too_many: u64,
    #[serde(default, deserialize_with = "number::count")]
    unavailable: u64,
    #[serde(default, deserialize_with = "number::count")]
    refused: u64,
    #[serde(default, deserialize_with = "number::maybe_ratio")]
    #[schemars(range(min = 0.0))]
    rate_limit: Option<f64>,
    #[serde(default)]
    untold: Option<UntoldLimit>,
    given_up: Option<GivenUp>,
}

impl<'a> From<&'a OriginLimit> for OriginRecord<'a> {
    fn from(limit: &'a OriginLimit) -> Self {
        OriginRecord {
            origin: Cow::Borrowed(&limit.origin),
            at_once: limit.at_once,
            per_second: limit.per_second,
            push_backs: limit.push_backs,
            too_many: limit.by_cause.too_many,
            unavailable: limit.by_cause.unavailable,
            refused: limit.by_cause.refused,
            rate_limit: limit.rate_limit,
            untold: limit.untold,
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
            by_cause: PushBackCounts {
                too_many: record.too_many,
                unavailable: record.unavailable,
                refused: record.refused,
            },
            rate_limit: record.rate_limit.filter(|rate| *rate > 0.0),
            untold: record.untold,
            given_up: record.given_up,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_of_an_origin_is_read_as_it_was_written() {
        let limit = OriginLimit {
            origin: "http://h:8080".into(),
            at_once: Some(1),
            per_second: Some(6.0),
            push_backs: 20,
            by_cause: PushBackCounts {
                too_many: 14,
                unavailable: 4,
                refused: 2,
            },
            rate_limit: Some(9.5),
            untold: Some(UntoldLimit::RateOfFew),
            given_up: None,
        };
        let text = serde_json::to_string(&OriginRecord::from(&limit)).expect("it is JSON");
        let record: OriginRecord<'_> = serde_json::from_str(&text).expect("it was written here");
        assert_eq!(OriginLimit::from(&record), limit, "{text}");
    }

    #[test]
    fn an_older_record_has_one_number_of_push_backs_and_no_rate() {
        let text =
            r#"{"origin":"http://h","at_once":4,"per_second":null,"push_backs":7,"given_up":null}"#;
        let record: OriginRecord<'_> = serde_json::from_str(text).expect("it is one");
        let limit = OriginLimit::from(&record);
        assert_eq!(
            limit.to_string(),
            "h: slowed down to 4 at once (7 requests pushed back)"
        );
    }
}
