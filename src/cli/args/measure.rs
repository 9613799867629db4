//! Measurements in place of a plain run: the comparison and the sweep.

use std::time::Duration;

use clap::Args;

use super::times::time_limit;
use super::values::{TypedRuns, most_runs, precision, runs, small_count};
use super::worker_counts::worker_counts;
use crate::measure::WorkerCounts;

/// The options under "Comparison" that need something to fetch.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Comparison")]
pub(crate) struct MeasureArgs {
    /// Measure the serial time too, and say how much faster parallel is.
    ///
    /// Everything is fetched serially and in parallel, several times.
    ///
    /// The arms take turns in going first (ABBA). Each run starts with fresh connections and name
    /// look-ups, with its threads running. Bodies are dropped.
    #[arg(long,
        conflicts_with_all = ["output", "dir", "cat", "pack", "log", "rate", "host_delay", "limit_rate", "deadline", "fail_fast"]
    )]
    pub(crate) compare: bool,

    /// Fetch everything with each of these numbers of workers, and find the fewest that will do.
    ///
    /// 'auto' finds it with few runs: one each with 1, 2, 4 and so on until twice as many gain nothing, then
    /// more where they decide. 1..8 is each number from 1 to 8.
    #[arg(long,
        value_name = "N,N,…|auto",
        value_parser = worker_counts,
        conflicts_with_all = [
            "compare", "workers", "output", "dir", "cat", "pack", "log", "rate", "host_delay", "limit_rate",
            "deadline", "fail_fast",
        ]
    )]
    pub(crate) sweep: Option<WorkerCounts>,

    /// Runs of each arm that do not count, before the others; with '--sweep auto' in all [default: 1].
    #[arg(long, value_name = "N", value_parser = small_count)]
    pub(crate) warmup: Option<u32>,

    /// Runs of each arm that count; with '--sweep auto' the most [default: auto; of '--sweep auto' 5].
    ///
    /// 'auto' makes pairs of runs, or rounds of a sweep, until the verdict or the knee and each --assert are decided, 3 at
    /// least.
    #[arg(long, value_name = "N|auto", value_parser = runs)]
    pub(crate) runs: Option<TypedRuns>,

    /// The most pairs or rounds that '--runs auto' makes [default: 30].
    #[arg(long, value_name = "N", value_parser = most_runs)]
    pub(crate) max_runs: Option<u32>,

    /// Time after which '--runs auto' begins no further pair or round [default: 60s].
    ///
    /// Warm-ups count. Three are made in any case.
    #[arg(long, value_name = "TIME", value_parser = time_limit)]
    pub(crate) measurement_time: Option<Duration>,

    /// Make pairs or rounds until the speed-up is known to within this share: '2.5%'.
    ///
    /// That is half the width of its interval. Without it, they are made until the verdict or the knee is decided.
    #[arg(long, value_name = "N%", value_parser = precision)]
    pub(crate) precision: Option<f64>,
}
