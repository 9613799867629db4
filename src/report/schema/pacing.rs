//! Record of a run's pacing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number;
use crate::model::json::Seconds;
use crate::model::pacing::{HeldBack, MissedBy, Pacing, StartRate};

/// Limits on starts and bytes that the user set, and what became of them (`pacing`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PacingRecord {
    rate: Option<StartRateRecord>,
    held_back: HeldBackRecord,
}

/// Rate of starts that was asked for, and that was reached (`rate`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct StartRateRecord {
    #[serde(deserialize_with = "number::ratio")]
    #[schemars(range(min = 0.0))]
    asked: f64,
    #[serde(deserialize_with = "number::maybe_ratio")]
    #[schemars(range(min = 0.0))]
    reached: Option<f64>,
    missed_by: Option<MissedBy>,
}

/// Seconds for which each limit held something back (`held_back`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct HeldBackRecord {
    rate: Option<Seconds>,
    host_delay: Option<Seconds>,
    per_host: Option<Seconds>,
    limit_rate: Option<Seconds>,
}

impl From<&Pacing> for PacingRecord {
    fn from(pacing: &Pacing) -> Self {
        let HeldBack {
            rate,
            host_delay,
            per_host,
            limit_rate,
        } = pacing.held_back;
        PacingRecord {
            rate: pacing.rate.map(|rate| StartRateRecord {
                asked: rate.asked,
                reached: rate.reached,
                missed_by: rate.missed_by,
            }),
            held_back: HeldBackRecord {
                rate: rate.map(Seconds),
                host_delay: host_delay.map(Seconds),
                per_host: per_host.map(Seconds),
                limit_rate: limit_rate.map(Seconds),
            },
        }
    }
}

impl From<&PacingRecord> for Pacing {
    fn from(record: &PacingRecord) -> Self {
        let time = |seconds: Option<Seconds>| seconds.map(|seconds| seconds.0);
        let held_back = &record.held_back;
        Pacing {
            held_back: HeldBack {
                rate: time(held_back.rate),
                host_delay: time(held_back.host_delay),
                per_host: time(held_back.per_host),
                limit_rate: time(held_back.limit_rate),
            },
            rate: record.rate.as_ref().map(|rate| StartRate {
                asked: rate.asked,
                reached: rate.reached,
                missed_by: rate.missed_by,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_pacing_of_a_run_is_read_as_it_was_written() {
        let pacing = Pacing {
            held_back: HeldBack {
                rate: Some(Duration::from_millis(1500)),
                host_delay: None,
                per_host: Some(Duration::ZERO),
                limit_rate: Some(Duration::from_secs(2)),
            },
            rate: Some(StartRate {
                asked: 120.0,
                reached: Some(58.5),
                missed_by: Some(MissedBy::PerHost),
            }),
        };
        let text = serde_json::to_string(&PacingRecord::from(&pacing)).expect("it is JSON");
        let expected = r#"{"rate":{"asked":120.0,"reached":58.5,"missed_by":"per-host"},"held_back":{"rate":1.5,"host_delay":null,"per_host":0.0,"limit_rate":2.0}}"#;
        assert_eq!(text, expected);
        let read: PacingRecord = serde_json::from_str(&text).expect("it was written here");
        assert_eq!(Pacing::from(&read), pacing);
        for wrong in [
            text.replace("120.0", "-1.0"),
            text.replace("58.5", "-1.0"),
            text.replace("1.5", "-1.0"),
            text.replace("per-host", "else"),
        ] {
            let read = serde_json::from_str::<PacingRecord>(&wrong);
            assert!(read.is_err(), "{wrong}: {read:?}");
        }
    }
}
