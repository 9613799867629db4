//! The record of a run's comparison with a baseline.

use serde::{Deserialize, Serialize};

use crate::model::json::Rfc3339;
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::model::notice::{BaselineNotice, Incomparable, Unlike};
use crate::stats::{Finding, Interval, Sample};

/// Comparison of a run with a baseline (`against`). A replay accepts the line and reads nothing of it: the
/// baseline need not exist any more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct AgainstRecord<'a> {
    #[serde(skip_deserializing)]
    file: &'a str,
    #[serde(skip_deserializing)]
    version: &'a str,
    #[serde(skip_deserializing)]
    started_at: Option<Rfc3339>,
    #[serde(skip_deserializing)]
    points: Vec<AgainstPointRecord<'a>>,
    #[serde(skip_deserializing)]
    why: Option<&'a Incomparable>,
    #[serde(skip_deserializing)]
    notices: &'a [BaselineNotice],
}

#[derive(Debug, Serialize)]
struct AgainstPointRecord<'a> {
    arm: Arm,
    workers: usize,
    workers_then: usize,
    now: Sample,
    then: Sample,
    ratio: f64,
    interval: Option<Interval>,
    verdict: Option<&'static str>,
    why: Option<&'a Unlike>,
}

impl<'a> From<&'a Against> for AgainstRecord<'a> {
    fn from(against: &'a Against) -> Self {
        AgainstRecord {
            file: &against.file,
            version: &against.version,
            started_at: Some(Rfc3339(against.started_at)),
            points: against.points.iter().map(Into::into).collect(),
            why: against.why.as_ref(),
            notices: &against.notices,
        }
    }
}

impl<'a> From<&'a AgainstPoint> for AgainstPointRecord<'a> {
    fn from(point: &'a AgainstPoint) -> Self {
        AgainstPointRecord {
            arm: point.arm,
            workers: point.workers,
            workers_then: point.workers_then,
            now: point.now,
            then: point.then,
            ratio: point.change.ratio,
            interval: point.change.interval,
            verdict: point.finding().map(Finding::as_str),
            why: point.unlike.as_ref(),
        }
    }
}
