//! Synthetic runs as events, for tests of reports without a network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pfetch::model::event::{Event, RunInfo};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{Arm, ArmRun, ArmTimes, Comparison, Sweep, SweepRuns};
use pfetch::model::notice::MeasurementNotice;
use pfetch::model::outcome::{Failure, FailureKind, Outcome, Verdict};
use pfetch::model::reason::Why;
use pfetch::model::run_id::RunId;
use pfetch::model::summary::Tally;
use pfetch::model::target::Verb;
use pfetch::model::timing::{Phase, Timing};
use pfetch::stats::{Interval, Knee, LEVEL, Sample, SweepPoint, Usl};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Text that would be a script if it were not escaped.
pub(crate) const HOSTILE: &str = "</script><script>document.title='owned'</script>\
     <img src=x onerror=alert(1)> \"' & <!-- \u{2028}\u{202e}";

/// A run with a start; times are given from there.
pub(crate) struct Story {
    zero: Instant,
    pub(crate) workers: usize,
}

impl Story {
    pub(crate) fn new(workers: usize) -> Self {
        let zero = Instant::now() + Duration::from_secs(1000);
        Story { zero, workers }
    }

    pub(crate) fn started(&self) -> Event {
        Event::Started(RunInfo {
            version: "0.0.0".to_owned(),
            workers: self.workers,
            started_at: std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            startup: MS,
            id: RunId::default(),
            log: None,
            shard: None,
        })
    }

    /// A success on this worker, with all phases but TLS.
    pub(crate) fn ok(
        &self,
        index: u64,
        worker: usize,
        start: Duration,
        total: Duration,
    ) -> Outcome {
        let part = |percent| total * percent / 100;
        let mut outcome = Outcome::new(index, url(index), Verb::Get);
        outcome.last.status = Some(200);
        outcome.last.requests = 1;
        outcome.bytes = 1000 + index * 37 % 5000;
        outcome.last.worker = Some(worker as u16);
        outcome.last.span = Some((self.zero + start, self.zero + start + total));
        outcome.last.timing = Timing::default()
            .with(Phase::Dns, part(5))
            .with(Phase::Connect, part(15))
            .with(Phase::Send, part(1))
            .with(Phase::Wait, part(54))
            .with(Phase::Receive, part(20));
        outcome.last.timing.set_ttfb(Some(part(80)));
        outcome.last.timing.close(total);
        outcome
    }

    /// `count` successes spread over the workers, each with the duration that `took` returns.
    pub(crate) fn many(&self, count: u64, took: impl Fn(u64) -> Duration) -> Vec<Outcome> {
        let mut free = vec![Duration::ZERO; self.workers];
        let next = |index| {
            let start = *free.iter().min().expect("there is a worker");
            let worker = free
                .iter()
                .position(|time| *time == start)
                .expect("it is there");
            free[worker] = start + took(index);
            self.ok(index, worker, start, took(index))
        };
        (0..count).map(next).collect()
    }

    /// The events of a run with these outcomes.
    pub(crate) fn run(&self, outcomes: Vec<Outcome>) -> Vec<Event> {
        let mut tally = Tally::new(self.workers);
        outcomes.iter().for_each(|outcome| tally.add(outcome));
        if outcomes
            .iter()
            .any(|outcome| outcome.verdict == Verdict::Skipped)
        {
            tally.set_stopped();
            tally.set_listed(Some(outcomes.len() as u64));
        }
        let end = Event::Ended(tally.summary());
        let finished = outcomes.into_iter().map(Event::Finished);
        [self.started()]
            .into_iter()
            .chain(finished)
            .chain([end])
            .collect()
    }

    /// The events of a comparison of `pairs` pairs, with a warm-up of each arm that must not count.
    pub(crate) fn compared(&self, pairs: u32, count: u64, notices: &[&str]) -> Vec<Event> {
        let mut events = vec![self.started()];
        let mut times = [Vec::new(), Vec::new()];
        for pair in 0..=pairs {
            for (arm, workers) in [(Arm::Serial, 1), (Arm::Parallel, self.workers)] {
                events.push(Event::ArmStarted(ArmRun {
                    workers: 4,
                    arm,
                    pair,
                    done: 0,
                    of: 2 * (pairs + 1),
                    most: 0,
                }));
                let crew = Story {
                    workers,
                    zero: self.zero,
                };
                let warm = if pair == 0 { 7 } else { 1 };
                let took = |index: u64| MS * (40 + (index * 13 % 60) as u32 + pair) * warm;
                let outcomes = crew.many(count, took);
                let mut tally = Tally::new(workers);
                outcomes.iter().for_each(|outcome| tally.add(outcome));
                let summary = tally.summary();
                let seconds = summary.makespan.unwrap_or_default().as_secs_f64();
                if pair > 0 {
                    times[usize::from(arm == Arm::Parallel)].push(seconds);
                }
                events.extend(outcomes.into_iter().map(Event::Finished));
                events.push(Event::ArmEnded(summary));
            }
        }
        let [serial, parallel] = times;
        events.push(Event::Compared(comparison(
            self.workers,
            count,
            serial,
            parallel,
            notices,
        )));
        events
    }

    /// The events of a sweep with these times in seconds by number of workers, and of its last run.
    pub(crate) fn swept(&self, points: &[(usize, &[f64])]) -> Vec<Event> {
        let outcomes = self.many(20, |index| MS * (40 + (index * 13 % 60) as u32));
        let mut tally = Tally::new(self.workers);
        outcomes.iter().for_each(|outcome| tally.add(outcome));
        let begun = Event::ArmStarted(ArmRun {
            arm: Arm::Parallel,
            pair: 1,
            workers: self.workers,
            done: 0,
            of: 1,
            most: 0,
        });
        let mut events = vec![self.started(), begun];
        events.extend(outcomes.into_iter().map(Event::Finished));
        events.push(Event::ArmEnded(tally.summary()));
        events.push(Event::Swept(sweep(20, points)));
        events
    }
}

/// The result of a sweep with these times in seconds by number of workers.
pub(crate) fn sweep(targets: u64, points: &[(usize, &[f64])]) -> Sweep {
    let runs = |&(workers, seconds): &(usize, &[f64])| SweepRuns {
        workers,
        times: times(seconds.to_vec()),
        interval: Interval::of_median_at(LEVEL, seconds),
    };
    let points: Vec<SweepRuns> = points.iter().map(runs).collect();
    let plain = |point: &SweepRuns| SweepPoint {
        workers: point.workers,
        seconds: point.times.sample.median,
        interval: point.interval,
    };
    let plain: Vec<SweepPoint> = points.iter().map(plain).collect();
    let rate = |point: &SweepPoint| (point.workers, targets as f64 / point.seconds);
    let rates: Vec<(usize, f64)> = plain.iter().map(rate).collect();
    Sweep {
        targets,
        stopped: None,
        auto: None,
        search: None,
        knee: Knee::of(&plain),
        law: Usl::fit(&rates),
        differing: (0, Vec::new()),
        margin: Margin::default(),
        notices: Vec::new(),
        why: None,
        points,
        passed_over: Vec::new(),
    }
}

fn times(seconds: Vec<f64>) -> ArmTimes {
    ArmTimes {
        sample: Sample::of(&seconds).expect("there are times"),
        seconds,
        failed: 0,
        retries: 0,
        startup: 0.0,
        latency: None,
        left_out: Vec::new(),
    }
}

/// The result of a comparison with these times in seconds.
pub(crate) fn comparison(
    workers: usize,
    targets: u64,
    serial: Vec<f64>,
    parallel: Vec<f64>,
    notices: &[&str],
) -> Comparison {
    let [serial, parallel] = [times(serial), times(parallel)];
    Comparison {
        workers,
        targets,
        warmups: 1,
        stopped: None,
        auto: None,
        speedup: Comparison::speedup_of(&serial, &parallel, targets, workers),
        serial,
        parallel,
        work: None,
        estimated: Some(3.9),
        differing: (0, Vec::new()),
        margin: Margin::default(),
        notices: notices
            .iter()
            .map(|notice| MeasurementNotice::Replayed((*notice).to_owned()))
            .collect(),
        why: Why::default(),
    }
}

pub(crate) fn failed(mut outcome: Outcome, kind: FailureKind, message: &str) -> Outcome {
    let failure = Failure {
        kind,
        phase: Some(Phase::Connect),
        message: message.to_owned(),
        is_transient: false,
        is_alone: false,
    };
    outcome.verdict = Verdict::Failed;
    outcome.last.status = None;
    outcome.last.error = Some(Box::new(failure));
    outcome
}

pub(crate) fn skipped(index: u64) -> Outcome {
    let failure = Failure {
        kind: FailureKind::Stopped,
        phase: None,
        message: "stopped before it was started".to_owned(),
        is_transient: false,
        is_alone: false,
    };
    Outcome::untried(index, url(index), Verb::Get, failure)
}

fn url(index: u64) -> Arc<str> {
    format!("http://host{}.example/path/to/page-{index}.html", index % 7).into()
}

/// Each crate that includes this file uses its own part of it. Naming the whole surface here keeps
/// the rest from being reported as dead code, without every includer having to expect that.
const _: () = {
    let _ = (
        Story::new,
        Story::started,
        Story::ok,
        Story::run,
        Story::compared,
        Story::swept,
    );
    let _ = (comparison, sweep, failed, skipped, HOSTILE, MS);
};
