//! The line of a comparison as it is read.

use serde::Deserialize;

use crate::comparison::{ArmTimes, Comparison};
use crate::stats::Speedup;
use crate::text::escape;

#[derive(Debug, Deserialize)]
pub(super) struct Compared {
    workers: usize,
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
    pub(super) fn into_comparison(self) -> Comparison {
        Comparison {
            workers: self.workers,
            targets: self.targets,
            warmups: self.warmups,
            serial: self.serial,
            parallel: self.parallel,
            speedup: self.speedup,
            estimated: self.estimated,
            differing: (self.differing.count, safe(&self.differing.urls)),
            notices: safe(&self.notices),
        }
    }
}

/// What wrote the file need not have been pfetch.
fn safe(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| escape(text)).collect()
}

#[derive(Debug, Deserialize)]
struct Differing {
    count: u64,
    urls: Vec<String>,
}
