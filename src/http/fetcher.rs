//! What the clients of one run share.

use std::sync::Arc;

use super::dns::Dns;
use super::request_clock::Meter;
use super::tls::Tls;
use super::transport::agent;
use super::{Client, FetchConfig};
use crate::model::activity::Lanes;
use crate::pool::{Builder, Pool, StopToken};

/// What the clients of one run share, and their maker.
#[derive(Debug)]
pub struct Fetcher {
    pub(super) config: FetchConfig,
    dns: Arc<Dns>,
    tls: Arc<Tls>,
    pub(super) lanes: Option<Arc<Lanes>>,
    stop: StopToken,
}

impl Fetcher {
    /// The shared part of a run's clients. They give up what they are doing when `stop` is stopped,
    /// and say in `lanes`, if given, what they are at.
    pub fn new(config: FetchConfig, stop: StopToken, lanes: Option<Arc<Lanes>>) -> Arc<Self> {
        Arc::new(Fetcher {
            dns: Arc::new(Dns::new(config.dns.clone())),
            tls: Arc::new(Tls::new(config.tls.clone())),
            config,
            lanes,
            stop,
        })
    }

    /// A pool of clients, as the builder describes it, that stops when this fetcher does.
    pub fn pool(self: Arc<Self>, builder: Builder<()>) -> Pool<Client> {
        builder
            .stop_token(self.stop.clone())
            .state(move |worker| self.client(worker))
            .build()
    }

    /// A client for worker `worker`: the state that a pool of fetchers gives each worker.
    pub fn client(self: &Arc<Self>, worker: usize) -> Client {
        let meter = Arc::new(Meter::new(self.stop.clone()));
        let agent = agent(
            self.config.idle_connections,
            self.config.block_private,
            &self.tls,
            &self.dns,
            &meter,
        );
        Client::new(Arc::clone(self), agent, meter, worker)
    }
}
