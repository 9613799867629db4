//! Limits on time, size, retries and failures.

use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;

use super::times::{optional_limit, time_limit, wait_limit};
use super::values::{byte_rate, size, small_count};
use crate::model::max_failures::MaxFailures;

/// The options under "Limits".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Limit the making of a connection [default: 10s].
    ///
    /// This covers the name look-up, the connection and the TLS handshake together.
    #[arg(long,
        value_name = "TIME",
        value_parser = time_limit
    )]
    pub(crate) connect_timeout: Option<Duration>,

    /// Limit each attempt as a whole, redirects included [default: no limit].
    #[arg(long,
        value_name = "TIME",
        value_parser = optional_limit
    )]
    pub(crate) timeout: Option<Duration>,

    /// Give up when less than 1 KiB comes in this time [default: 30s].
    #[arg(long,
        value_name = "TIME",
        value_parser = time_limit
    )]
    pub(crate) stall_timeout: Option<Duration>,

    /// Limit the whole run [default: no limit].
    ///
    /// What is not done by then has not failed, and is told apart; the exit code is 1 all the same, also with
    /// --max-failures.
    #[arg(long, value_name = "TIME", value_parser = optional_limit)]
    pub(crate) deadline: Option<Duration>,

    /// Give a body up that has more bytes than this, as 10M or 1Gi [default: no limit].
    #[arg(long,
        value_name = "SIZE",
        value_parser = size
    )]
    pub(crate) max_bytes: Option<u64>,

    /// Receive at most this many bytes in a second, as 500K or 2M, over all workers [default: no limit].
    ///
    /// These are the bytes of responses as they are sent. What is held back is no stall, but takes its part of
    /// --timeout. A server may send a little more ahead, which waits in the system's buffers.
    #[arg(long, value_name = "SIZE", value_parser = byte_rate)]
    pub(crate) limit_rate: Option<NonZeroU64>,

    /// Try again up to N times what may pass [default: 2].
    ///
    /// That is: no connection, a connection that breaks, a time limit, and the statuses 408, 425,
    /// 429, 500, 502, 503 and 504. Besides, a request that finds its kept connection closed by the
    /// server is sent again at once on a new one; with --rate or --host-delay it is a failed attempt
    /// like any other. Nor does an attempt count that brought more of a body that goes on. With 0, the first answer of each URL counts, also if its server only is busy (429, 503).
    #[arg(long,
        value_name = "N", value_parser = small_count
    )]
    pub(crate) retry: Option<u32>,

    /// The most that is waited before the first retry; it doubles with each [default: 250ms].
    ///
    /// The wait is random between nothing and that, and 30s at most.
    #[arg(long,
        value_name = "TIME",
        value_parser = time_limit
    )]
    pub(crate) retry_delay: Option<Duration>,

    /// Heed a server's Retry-After up to this; when it asks for longer, do not retry [default: 60s].
    ///
    /// With 0, none is heeded. Nor is it with --retry 0 and --no-adapt, where nothing would be asked for again.
    #[arg(long,
        value_name = "TIME",
        value_parser = wait_limit
    )]
    pub(crate) retry_after_max: Option<Duration>,

    /// Give up an origin that has not answered for this time, and fails one URL after the other
    /// [default: 15s].
    ///
    /// What is left of it fails at once. Before that, one URL at a time tries it, and the others wait. With --retry 0
    /// no URL is tried twice for that, and time limits of a server that has answered count only after this time.
    #[arg(long,
        value_name = "TIME",
        value_parser = time_limit
    )]
    pub(crate) give_up: Option<Duration>,

    /// Succeed although this many URLs have failed [default: 0].
    ///
    /// A number, or a share of all URLs that were tried, as 1%.
    #[arg(long, value_name = "N|N%")]
    pub(crate) max_failures: Option<MaxFailures>,

    /// Stop at the first URL that fails.
    ///
    /// What is under way counts if its answer is whole within a quarter of a second, and is cancelled then; the rest is
    /// not begun. What was left undone has not failed, and is told as skipped. The first is the first to end, so it may
    /// be another one each time.
    #[arg(long, conflicts_with = "max_failures")]
    pub(crate) fail_fast: bool,
}
