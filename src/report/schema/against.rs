//! The record of a run's comparison with a baseline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::json::Rfc3339;
use crate::model::margin::{Margin, PracticalVerdict};
use crate::model::measurement::{Against, AgainstPoint, Arm, DatedChange, Reference};
use crate::model::notice::BaselineNotice;
use crate::stats::{Finding, Interval, Sample};

/// Comparison of a run with a baseline (`against`). A replay accepts the line and reads nothing of it: the
/// baseline need not exist any more.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct AgainstRecord<'a> {
    #[serde(skip_deserializing)]
    file: &'a str,
    #[serde(skip_deserializing)]
    version: &'a str,
    #[serde(skip_deserializing)]
    #[schemars(with = "Rfc3339")]
    started_at: Option<Rfc3339>,
    #[serde(skip_deserializing)]
    points: Vec<AgainstPointRecord>,
    #[serde(skip_deserializing)]
    why: Option<String>,
    #[serde(skip_deserializing)]
    margin: Margin,
    #[serde(skip_deserializing)]
    #[schemars(with = "Vec<String>")]
    notices: &'a [BaselineNotice],
}

#[derive(Debug, Serialize, JsonSchema)]
struct AgainstPointRecord {
    arm: Arm,
    workers: usize,
    workers_then: usize,
    #[schemars(range(min = 0.0))]
    seconds: f64,
    #[schemars(range(min = 0.0))]
    seconds_then: f64,
    now: Sample,
    then: Sample,
    reference: ReferenceRecord,
    #[schemars(range(min = 0.0))]
    ratio: f64,
    #[schemars(schema_with = "Interval::schema_of_ratio")]
    interval: Option<Interval>,
    #[schemars(with = "Option<PracticalVerdict>")]
    verdict: Option<&'static str>,
    why: Option<String>,
    changed: Option<ChangedRecord>,
}

/// The saved runs that were compared with.
#[derive(Debug, Serialize, JsonSchema)]
struct ReferenceRecord {
    #[schemars(range(min = 1))]
    runs: usize,
    from: Rfc3339,
    to: Rfc3339,
    #[schemars(range(min = 0.0))]
    deviation: Option<f64>,
}

/// The dated change.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangedRecord {
    #[schemars(range(min = 1))]
    run: usize,
    #[schemars(range(min = 1))]
    of: usize,
    started_at: Rfc3339,
    #[schemars(range(min = 0.0))]
    ratio: f64,
    #[schemars(extend("enum" = ["faster", "slower", null]))]
    verdict: Option<&'static str>,
}

impl From<Reference> for ReferenceRecord {
    fn from(reference: Reference) -> Self {
        ReferenceRecord {
            runs: reference.runs,
            from: Rfc3339(reference.from),
            to: Rfc3339(reference.to),
            deviation: reference.deviation,
        }
    }
}

impl From<DatedChange> for ChangedRecord {
    fn from(change: DatedChange) -> Self {
        ChangedRecord {
            run: change.run,
            of: change.of,
            started_at: Rfc3339(change.started_at),
            ratio: change.ratio,
            verdict: change.finding().map(Finding::as_str),
        }
    }
}

impl<'a> From<&'a Against> for AgainstRecord<'a> {
    fn from(against: &'a Against) -> Self {
        let points = against.points.iter();
        AgainstRecord {
            file: &against.file,
            version: &against.version,
            started_at: Some(Rfc3339(against.started_at)),
            points: points
                .map(|point| AgainstPointRecord::new(against, point))
                .collect(),
            why: against.explain(),
            margin: against.margin,
            notices: &against.notices,
        }
    }
}

impl AgainstPointRecord {
    fn new(against: &Against, point: &AgainstPoint) -> Self {
        let unlike = point.unlike.as_ref();
        AgainstPointRecord {
            arm: point.arm,
            workers: point.workers,
            workers_then: point.workers_then,
            seconds: point.seconds,
            seconds_then: point.seconds_then(),
            now: point.now,
            then: point.then,
            reference: point.reference.into(),
            ratio: point.change.ratio,
            interval: point.change.interval,
            verdict: against.verdict(point).map(PracticalVerdict::as_str),
            why: unlike.map(|unlike| unlike.explain(against.is_renewed)),
            changed: point.dated.map(ChangedRecord::from),
        }
    }
}
