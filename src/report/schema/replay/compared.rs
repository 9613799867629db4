//! The lines of comparisons, sweeps and assertions as they are read.

use serde::Deserialize;

use super::number;
use crate::model::event::{GateVerdict, Judged};
use crate::model::measurement::{ArmTimes, Comparison, Sweep, SweepRuns};
use crate::model::text::escape;
use crate::stats::{Interval, Knee, Speedup, Usl};

#[derive(Debug, Deserialize)]
pub(super) struct Compared {
    workers: usize,
    #[serde(deserialize_with = "number::count")]
    targets: u64,
    warmups: u32,
    serial: ArmTimes,
    parallel: ArmTimes,
    speedup: Speedup,
    estimated: Option<f64>,
    differing: Differing,
    notices: Vec<String>,
}

impl Compared {
    /// The comparison, or what is wrong with it.
    pub(super) fn into_comparison(self) -> Result<Comparison, &'static str> {
        number::part(self.workers)?;
        number::times(&self.serial)?;
        number::times(&self.parallel)?;
        number::speedup(&self.speedup)?;
        self.estimated.map_or(Ok(()), number::ratio)?;
        Ok(Comparison {
            workers: self.workers,
            targets: self.targets,
            warmups: self.warmups,
            serial: self.serial,
            parallel: self.parallel,
            speedup: self.speedup,
            estimated: self.estimated,
            differing: (self.differing.count, safe(&self.differing.urls)),
            notices: safe(&self.notices),
        })
    }
}

/// What wrote the file need not have been pfetch.
fn safe(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| escape(text)).collect()
}

#[derive(Debug, Deserialize)]
struct Differing {
    #[serde(deserialize_with = "number::count")]
    count: u64,
    urls: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Swept {
    #[serde(deserialize_with = "number::count")]
    targets: u64,
    points: Vec<SweepRuns>,
    knee: Option<Knee>,
    law: Option<Usl>,
    differing: Differing,
    notices: Vec<String>,
}

impl Swept {
    /// The sweep, or what is wrong with it.
    pub(super) fn into_sweep(self) -> Result<Sweep, &'static str> {
        let counts: Vec<usize> = self.points.iter().map(|point| point.workers).collect();
        let is_rising = counts.is_sorted_by(|one, next| one < next);
        if !is_rising || counts.first().is_none_or(|fewest| *fewest == 0) {
            return Err("the points of a sweep are of rising numbers of workers, from 1 on");
        }
        for point in &self.points {
            number::point(point)?;
        }
        self.law.as_ref().map_or(Ok(()), number::law)?;
        Ok(Sweep {
            targets: self.targets,
            points: self.points,
            knee: self.knee,
            law: self.law,
            differing: (self.differing.count, safe(&self.differing.urls)),
            notices: safe(&self.notices),
        })
    }
}

/// What became of an assertion.
#[derive(Debug, Deserialize)]
pub(super) struct Gate {
    gate: String,
    verdict: GateVerdict,
    value: Option<f64>,
    unit: String,
    interval: Option<Interval>,
    why: Option<String>,
}

impl Gate {
    pub(super) fn into_judged(self) -> Judged {
        Judged {
            gate: escape(&self.gate),
            value: self.value,
            interval: self.interval,
            unit: unit(&self.unit),
            verdict: self.verdict,
            why: self.why.map(|why| escape(&why)).unwrap_or_default(),
        }
    }
}

/// The units there are; a report has no other.
fn unit(text: &str) -> &'static str {
    let known = ["s", "B/s", "/s", "%", "x"];
    known.into_iter().find(|unit| *unit == text).unwrap_or("")
}
