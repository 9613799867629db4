//! The state that all clients of one run share.

use std::sync::Arc;

use super::FetchConfig;
use super::dns::Dns;
use super::plain_targets::PlainTargets;
use super::rate_limit::RateLimit;
use super::tls::Tls;
use super::transport::{Connections, SharedTransport};
use crate::model::activity::WorkerActivity;
use crate::pool::StopToken;

/// Settings, transport and stop token of a run. Made by the
/// [`Fetcher`](super::Fetcher), referred to by each of its clients.
#[derive(Debug)]
pub(super) struct ClientShared {
    pub(super) config: FetchConfig,
    pub(super) transport: SharedTransport,
    pub(super) plain_targets: PlainTargets,
    /// `None` without `--limit-rate`.
    pub(super) rate_limit: Option<Arc<RateLimit>>,
    /// The progress display's view of the workers; `None` without a display.
    pub(super) activity: Option<Arc<WorkerActivity>>,
    pub(super) stop: StopToken,
}

impl ClientShared {
    pub(super) fn new(
        config: FetchConfig,
        stop: StopToken,
        activity: Option<Arc<WorkerActivity>>,
    ) -> Arc<Self> {
        Arc::new(ClientShared {
            transport: SharedTransport {
                connections: Arc::new(Connections::new(
                    config.idle_connections,
                    config.stall_timeout,
                )),
                tls: Arc::new(Tls::new(config.tls.clone())),
                dns: Arc::new(Dns::new(config.dns.clone())),
                block_private: config.block_private,
            },
            plain_targets: PlainTargets::default(),
            rate_limit: config.limit_rate.map(|rate| Arc::new(RateLimit::new(rate))),
            config,
            activity,
            stop,
        })
    }
}
