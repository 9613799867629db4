//! Simulation of nightly jobs: how often a change is named that there is not, and one found that there is. The seeds
//! are fixed.

use std::time::{Duration, SystemTime};

use super::{BaselineRun, History, MAX_RUNS, SavedRun, Targets};
use crate::model::margin::Margin;
use crate::model::measurement::{AgainstPoint, Arm};
use crate::model::pacing::BindingLimits;
use crate::stats::Finding;

/// The slow-down that is to be found.
const SLOWER: f64 = 1.3;

/// Nights of a job. Each night has its own state of the machine and the network, in which it makes some runs.
#[derive(Debug, Clone, Copy)]
struct NightlyJob {
    /// Nights before the last, whose runs are saved.
    saved: usize,
    /// Nights at the end, the last included, that are [slower](SLOWER).
    slow: usize,
    /// Standard deviation between nights, on the log scale.
    between: f64,
    /// Standard deviation within a night, and runs of each saved night and of the last.
    within: (f64, usize, usize),
}

/// What the last night's run says, as shares of many such jobs.
#[derive(Debug, Default)]
struct Shares {
    slower: f64,
    faster: f64,
    dated: f64,
    /// Dated within two nights of the truth.
    right: f64,
    /// Faster, slower or dated.
    any: f64,
}

/// A standard normal number (Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

impl NightlyJob {
    /// A job that makes a single run a night.
    fn plain(saved: usize, slow: usize, between: f64) -> Self {
        NightlyJob {
            saved,
            slow,
            between,
            within: (0.0, 1, 1),
        }
    }

    fn night(self, night: usize, random: &mut fastrand::Rng) -> SavedRun {
        let (deviation, saved, last) = self.within;
        let is_slow = night + self.slow > self.saved;
        let level = if is_slow { SLOWER } else { 1.0 } * (self.between * normal(random)).exp();
        let count = if night == self.saved { last } else { saved };
        let run = |_| BaselineRun {
            arm: Arm::Parallel,
            workers: 8,
            seconds: level * (deviation * normal(random)).exp(),
            failed: 0,
            retries: 0,
            bytes: 1,
        };
        SavedRun {
            version: String::new(),
            started_at: SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * night as u64),
            machine: None,
            targets: Targets {
                count: 1,
                hash: String::new(),
            },
            warm: false,
            paced: false,
            held_back_by: BindingLimits::default(),
            runs: (0..count).map(run).collect(),
        }
    }

    /// The last night's run against those before it.
    fn point(self, random: &mut fastrand::Rng) -> AgainstPoint {
        let nights = (0..self.saved).map(|night| self.night(night, random));
        let history = History::from_runs(nights.collect()).expect("not too many");
        let against = self.night(self.saved, random).against("", &history);
        let [point] = <[AgainstPoint; 1]>::try_from(against.points).expect("one arm");
        point
    }

    fn shares(self, jobs: usize) -> Shares {
        let mut random = fastrand::Rng::with_seed(18);
        let mut shares = Shares::default();
        let one = 1.0 / jobs as f64;
        for _ in 0..jobs {
            let point = self.point(&mut random);
            let dated = point.dated.filter(|dated| dated.finding().is_some());
            let first_slow = self.saved + 2 - self.slow;
            match point.finding(Margin::default()) {
                Some(Finding::Slower) => shares.slower += one,
                Some(Finding::Faster) => shares.faster += one,
                _ => {}
            }
            if let Some(dated) = dated {
                shares.dated += one;
                if dated.run.abs_diff(first_slow) <= 2 {
                    shares.right += one;
                }
            }
            let found = point.finding(Margin::default());
            let is_named = matches!(found, Some(Finding::Slower | Finding::Faster));
            if dated.is_some() || is_named {
                shares.any += one;
            }
        }
        shares
    }
}

/// At 1,000 jobs a setting, the share itself is uncertain by half a percent or more. They came to 4.5 % at most, and with 6,000 jobs
/// to 4.1 %.
#[test]
fn no_change_is_named_in_one_job_of_twenty_at_most() {
    for between in [0.02, 0.05, 0.10, 0.15] {
        for saved in [3, 8, MAX_RUNS] {
            let shares = NightlyJob::plain(saved, 0, between).shares(1_000);
            let setting = format!("{between}, {saved}: {shares:.3?}");
            assert!(shares.any <= 0.05, "{setting}");
            eprintln!("{setting}");
        }
    }
}

/// As a comparison makes them; and gates of one run, or of many, against such nights.
#[test]
fn runs_of_one_night_add_no_false_alarms() {
    for within in [(0.05, 5, 5), (0.05, 5, 1), (0.05, 1, 5), (0.01, 10, 10)] {
        for between in [0.02, 0.10] {
            let job = NightlyJob {
                within,
                ..NightlyJob::plain(12, 0, between)
            };
            let shares = job.shares(500);
            let setting = format!("{job:?}: {shares:.3?}");
            assert!(shares.slower + shares.faster <= 0.05, "{setting}");
            assert!(shares.any <= 0.06, "{setting}");
            eprintln!("{setting}");
        }
    }
}

/// A slow-down by 1.3 is 13 standard deviations of 2 %, and not two of 15 %.
#[test]
fn a_slow_down_is_found_and_dated() {
    for (between, slow, found, dated, right) in [
        // In its first night.
        (0.02, 1, 0.99, 0.0, 0.0),
        (0.05, 1, 0.90, 0.0, 0.0),
        (0.10, 1, 0.40, 0.0, 0.0),
        // In the days after it.
        (0.02, 4, 0.99, 0.99, 0.99),
        (0.05, 4, 0.99, 0.99, 0.98),
        (0.10, 5, 0.85, 0.85, 0.95),
        (0.10, 7, 0.95, 0.95, 0.95),
        (0.15, 7, 0.50, 0.50, 0.85),
    ] {
        let shares = NightlyJob::plain(MAX_RUNS - 1, slow, between).shares(300);
        let setting = format!("{between}, {slow}: {shares:.3?}");
        assert!(shares.any >= found, "{setting}");
        assert!(shares.dated >= dated, "{setting}");
        assert!(shares.right >= right * shares.dated, "{setting}");
        assert!(shares.faster <= 0.03, "{setting}");
        eprintln!("{setting}");
    }
}

/// Of all the lengths of a slow-down, that which makes the runs wide enough to hide in is the hardest.
#[test]
fn what_stays_slow_is_not_forgotten() {
    for slow in [3, 6, 10, 14] {
        let shares = NightlyJob::plain(MAX_RUNS, slow, 0.05).shares(200);
        assert!(shares.dated >= 0.97, "{slow}: {shares:.3?}");
    }
}
