//! Size of the pool, the rate at which URLs start, and the order of the report.

use std::time::Duration;

use clap::Args;

use super::times::{optional_delay, start_interval};
use super::values::{choice, per_host, queue, workers};
use crate::engine::Order;

/// The options under "Pool".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Pool")]
pub(crate) struct PoolArgs {
    /// How many URLs to fetch at once [default: CPUs + 4, at most 32].
    ///
    /// By default no more than there are URLs, when all of them stand on the command line.
    #[arg(short = 'j', long, value_name = "N", value_parser = workers)]
    pub(crate) workers: Option<usize>,

    /// How many URLs may wait for a worker [default: twice the workers, at least 128].
    #[arg(long, value_name = "N", value_parser = queue)]
    pub(crate) queue: Option<usize>,

    /// The order of the report [default: completion].
    ///
    /// With --replay, 'completion' is the order of the files. 'input' is that of the list, and of several lists one
    /// after the other.
    #[arg(long,
        value_name = "completion|input",
        value_parser = choice(&[("completion", Order::Completion), ("input", Order::Input)])
    )]
    pub(crate) order: Option<Order>,

    /// At most N requests at once to one origin (scheme, host and port) [default: no limit].
    #[arg(long, value_name = "N", value_parser = per_host)]
    pub(crate) per_host: Option<usize>,

    /// At least this time between two starts at one origin [default: none].
    #[arg(long, value_name = "TIME", value_parser = optional_delay)]
    pub(crate) host_delay: Option<Duration>,

    /// Do not adapt to what a server takes: 429, 503 and refused connections are failures like any other.
    ///
    /// By default, while more than one URL of an origin is in flight, these use up none of --retry: the
    /// URL waits, and fewer are asked for at once from then on, or at longer distances.
    #[arg(long)]
    pub(crate) no_adapt: bool,

    /// At most this many starts in a second, minute or hour, as 10/s, evenly spread [default: no
    /// limit].
    ///
    /// The summary then has the latency from the intended start too: it counts what URLs waited because all workers were
    /// busy, with a server that stalls, or because pfetch itself was held up. It also says why, if the rate was missed.
    #[arg(long, value_name = "N/s|m|h", value_parser = start_interval)]
    pub(crate) rate: Option<Duration>,
}
