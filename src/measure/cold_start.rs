//! Cold start: servers that answered the first run of a comparison more slowly than the next one, which a cache does and
//! parallel fetching does not.

use super::observing::RunObserver;
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::notice::{ColdStart, MeasurementNotice};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::timing::Phase;
use crate::model::url_host::host_and_port;

/// The factor by which an answer took longer at first for it to count as slower ...
const FACTOR: f64 = 1.5;

/// ... and the least time in seconds by which it did: less is chance.
const LEAST: f32 = 0.001;

/// The least share of the answers that were slower. A machine that was busy for a moment slows down some of them, a cache
/// that was cold most.
const SHARE: f64 = 0.8;

/// The fewest answers that say something together.
const FEWEST: u64 = 3;

/// Check of the first two serial runs, URL by URL. Both fetch one by one, so nothing but time lies between them. Costs 4
/// bytes of memory per target, until the second run has ended.
#[derive(Debug, Default)]
pub(super) struct ColdStartCheck {
    /// The wait for each answer of the first serial run in seconds, by index; NaN for none.
    first: Vec<f32>,
    /// Serial runs that have begun.
    begun: u32,
    is_serial: bool,
    is_warm_up: bool,
    compared: u64,
    slower: u64,
    /// Sums of the waits of the URLs that are compared, in the first and in the second run.
    waits: [f64; 2],
    host: Option<String>,
    has_several_hosts: bool,
}

impl ColdStartCheck {
    /// Begins a run.
    pub(super) fn begin(&mut self, run: &ArmRun) {
        self.is_serial = run.arm == Arm::Serial;
        if self.is_serial {
            self.begun += 1;
            self.is_warm_up |= run.pair == 0;
        }
        if self.begun > 2 {
            self.first = Vec::new();
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        let is_of_two = self.is_serial && self.begun <= 2;
        let wait = outcome.last.timing.phase(Phase::Wait);
        let Some(wait) = wait.filter(|_| is_of_two && outcome.verdict == Verdict::Ok) else {
            return;
        };
        let wait = wait.as_secs_f32();
        let index = usize::try_from(outcome.index).unwrap_or(usize::MAX - 1);
        if self.begun == 1 {
            if self.first.len() <= index {
                self.first.resize(index + 1, f32::NAN);
            }
            self.first[index] = wait;
            return;
        }
        let Some(first) = self.first.get(index).filter(|first| !first.is_nan()) else {
            return;
        };
        self.compared += 1;
        self.waits[0] += f64::from(*first);
        self.waits[1] += f64::from(wait);
        if *first >= wait + LEAST && f64::from(*first) >= FACTOR * f64::from(wait) {
            self.slower += 1;
            self.note_host(&outcome.url);
        }
    }

    fn note_host(&mut self, url: &str) {
        let host = host_and_port(url);
        match &self.host {
            None => self.host = Some(host.to_owned()),
            Some(known) => self.has_several_hosts |= known != host,
        }
    }

    /// The notice, if the servers were cold.
    pub(super) fn notice(&self) -> Option<MeasurementNotice> {
        let [first, second] = self.waits;
        let is_most = self.slower as f64 >= SHARE * self.compared as f64;
        let is_cold = self.compared >= FEWEST && is_most && first >= FACTOR * second;
        is_cold.then(|| {
            MeasurementNotice::ColdStart(ColdStart {
                host: self.host.clone().filter(|_| !self.has_several_hosts),
                ratio: first / second,
                is_warm_up: self.is_warm_up,
            })
        })
    }
}

impl RunObserver for ColdStartCheck {
    fn observe(&mut self, event: &Event) {
        if let Event::Finished(outcome) = event {
            self.add(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::Experiment;
    use crate::model::target::Verb;

    /// Fetches so many URLs in three serial runs and the parallel ones between them; `wait` gives the milliseconds of a
    /// URL in a serial run, from 0.
    fn check(warmups: u32, urls: u64, wait: impl Fn(u32, u64) -> u64) -> Option<String> {
        let mut check = ColdStartCheck::default();
        let experiment = Experiment {
            warmups,
            pairs: 3,
            workers: 4,
            stopping: None,
        };
        let mut serial = 0;
        for run in experiment.runs() {
            check.begin(&run);
            for index in 0..urls {
                let url = format!("http://h:1/{index}").into();
                let mut outcome = Outcome::new(index, url, Verb::Get);
                let ms = match run.arm {
                    Arm::Serial => wait(serial, index),
                    Arm::Parallel => 9000,
                };
                let wait = Some(Duration::from_millis(ms));
                outcome.last.timing.set(Phase::Wait, wait);
                check.add(&outcome);
            }
            serial += u32::from(run.arm == Arm::Serial);
        }
        check.notice().map(|notice| notice.to_string())
    }

    #[test]
    fn a_server_that_was_slower_at_first_is_told_with_its_figure() {
        let caching = |run, _| if run == 0 { 30 } else { 10 };
        let notice = check(1, 20, caching).expect("it caches");
        assert!(
            notice.starts_with("h:1 took 3.0 times as long to answer in the first warm-up"),
            "{notice}"
        );
        let notice = check(0, 20, caching).expect("it caches");
        assert!(notice.contains("(--warmup 1 leaves it out)"), "{notice}");
    }

    #[test]
    fn what_is_no_cache_is_not_told() {
        // Two thirds of the URLs; a later run; too few URLs; too little; no change.
        assert_eq!(
            check(1, 20, |run, url| if run == 0 && url % 3 > 0 {
                30
            } else {
                10
            }),
            None
        );
        assert_eq!(check(1, 20, |run, _| if run == 1 { 30 } else { 10 }), None);
        assert_eq!(check(1, 2, |run, _| if run == 0 { 30 } else { 10 }), None);
        assert_eq!(check(1, 20, |run, _| if run == 0 { 13 } else { 10 }), None);
        assert_eq!(check(1, 20, |_, url| url), None);
    }
}
