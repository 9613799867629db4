//! The reasons for which parallel fetching helped as much as it did and no more, with the figures that each rests on.
//! They are data here; `measure::why` finds them, and the reports word them in one place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pacing::BindingLimits;
use super::timing::Phase;

/// The reasons of a comparison, the strongest first, and the phases of both arms that they were found by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The reasons; none if nothing stands out.
    pub reasons: Vec<WeighedReason>,
    /// The share of the workers' time in the parallel arm that the same work does not take one by one, from 0 to 1:
    /// waits that grew, and workers without work. `None` without a pair of runs.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub lost: Option<f64>,
    /// The phases by origin, those with the most requests first.
    pub phases: Vec<OriginPhases>,
    /// The parallel arm's requests to other origins, all runs together.
    pub unlisted: u64,
}

/// The reasons why more workers than the knee of a sweep gained no more. The serial arm is then one worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KneeWhy {
    /// The number of workers: the next that was tried beyond the knee.
    pub workers: usize,
    /// The reasons, from its runs and those of one worker.
    #[serde(flatten)]
    pub why: Why,
}

/// A reason, and the share of the workers' time that it explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeighedReason {
    /// The reason.
    #[serde(flatten)]
    pub reason: Reason,
    /// The share of the workers' time in the parallel arm, from 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
}

/// A reason why parallel fetching is not as many times faster as there are workers, or why it is faster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// One URL takes nearly all of the parallel time.
    SlowestUrl {
        /// The URL.
        url: String,
        /// Its time in seconds, with the waits for its retries.
        #[schemars(range(min = 0.0))]
        seconds: f64,
        /// Those waits in seconds.
        #[schemars(range(min = 0.0))]
        waits: f64,
        /// The parallel time in seconds.
        #[schemars(range(min = 0.0))]
        of: f64,
    },
    /// The origin answers a number of requests at a time, and the others wait.
    AtOnce {
        /// The origin, as `scheme://host:port`.
        origin: String,
        /// Its effective concurrency, by Little's law.
        #[schemars(range(min = 0.0))]
        requests: f64,
        /// The upper bound of the 95 % interval of that.
        #[schemars(range(min = 0.0))]
        most: f64,
        /// The mean wait for an answer in the serial arm, in seconds.
        #[schemars(range(min = 0.0))]
        serial: f64,
        /// The same in the parallel arm.
        #[schemars(range(min = 0.0))]
        parallel: f64,
    },
    /// As many bytes a second come as the line takes.
    FullLine {
        /// Bytes a second while a body came, in the serial arm.
        #[schemars(range(min = 0.0))]
        serial: f64,
        /// Bytes a second in the parallel arm.
        #[schemars(range(min = 0.0))]
        parallel: f64,
    },
    /// The processors of this machine are busy.
    Machine {
        /// The processors' worth of time that pfetch used.
        #[schemars(range(min = 0.0))]
        used: f64,
        /// The processors that it may use.
        processors: usize,
        /// The share of all processors' time that the machine was busy, with everything. `None` if unknown.
        #[schemars(range(min = 0.0, max = 1.0))]
        busy: Option<f64>,
        /// The share of the workers' time in which they ran, or were ready to run and waited for a processor.
        /// `None` if unknown.
        #[schemars(range(min = 0.0, max = 1.0))]
        running: Option<f64>,
    },
    /// Connecting is most of the time.
    Connections {
        /// The mean time of a request over a kept connection, in seconds.
        #[schemars(range(min = 0.0))]
        kept: f64,
        /// The mean time of a request that has to connect first.
        #[schemars(range(min = 0.0))]
        new: f64,
        /// Set if no connection was kept: `kept` is then the time without connecting.
        is_estimated: bool,
        /// The connections' share of the serial arm's time, from 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        serial: f64,
        /// Their share of the parallel arm's requests.
        #[schemars(range(min = 0.0, max = 1.0))]
        parallel: f64,
    },
    /// The origin pushes parallel clients back.
    PushBack {
        /// The origin, as `scheme://host:port`.
        origin: String,
        /// Answers with 429 (Too Many Requests) in the parallel runs.
        too_many: u64,
        /// Answers with 503 (Service Unavailable).
        unavailable: u64,
        /// Refused connections.
        refused: u64,
        /// The number of requests at once that the run slowed down to, if it did.
        at_once: Option<u64>,
        /// The number of requests a second that it slowed down to, if that is less.
        #[schemars(range(min = 0.0))]
        per_second: Option<f64>,
    },
    /// Limits of the user's keep workers from work.
    AskedLimit {
        /// The limits.
        limits: BindingLimits,
        /// The workers that could be busy at once.
        workers: usize,
        /// The workers that were, on average.
        #[schemars(range(min = 0.0))]
        at_once: f64,
    },
    /// The origin takes a number of requests in a time, however many are made at once.
    RateLimit {
        /// The origin, as `scheme://host:port`.
        origin: String,
        /// An estimate of the requests a second that it takes.
        #[schemars(range(min = 0.0))]
        per_second: f64,
        /// Answers with 429 (Too Many Requests) in the parallel runs.
        too_many: u64,
        /// Answers with 503 (Service Unavailable).
        unavailable: u64,
    },
}

/// The phases of both arms at one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OriginPhases {
    /// The origin, as `scheme://host:port`.
    pub origin: String,
    /// Those of the serial arm.
    pub serial: PhaseMeans,
    /// Those of the parallel arm.
    pub parallel: PhaseMeans,
}

/// The mean time of each phase, in seconds per target that succeeded. A phase that never happened is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseMeans {
    /// The targets that succeeded, all runs together.
    pub requests: u64,
    /// Those of them whose last request had to connect.
    pub connected: u64,
    /// See [`Phase::Blocked`].
    #[schemars(range(min = 0.0))]
    pub blocked: Option<f64>,
    /// See [`Phase::Dns`].
    #[schemars(range(min = 0.0))]
    pub dns: Option<f64>,
    /// See [`Phase::Connect`].
    #[schemars(range(min = 0.0))]
    pub connect: Option<f64>,
    /// See [`Phase::Ssl`].
    #[schemars(range(min = 0.0))]
    pub ssl: Option<f64>,
    /// See [`Phase::Send`].
    #[schemars(range(min = 0.0))]
    pub send: Option<f64>,
    /// See [`Phase::Wait`].
    #[schemars(range(min = 0.0))]
    pub wait: Option<f64>,
    /// See [`Phase::Receive`].
    #[schemars(range(min = 0.0))]
    pub receive: Option<f64>,
}

impl PhaseMeans {
    /// All phases with their mean times, in their order.
    pub fn phases(&self) -> [(Phase, Option<f64>); Phase::ALL.len()] {
        let all = [
            self.blocked,
            self.dns,
            self.connect,
            self.ssl,
            self.send,
            self.wait,
            self.receive,
        ];
        Phase::ALL.map(|phase| (phase, all[phase as usize]))
    }

    /// The sum of all phases.
    pub fn total(&self) -> f64 {
        self.phases().iter().filter_map(|(_, mean)| *mean).sum()
    }
}
