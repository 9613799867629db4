//! The maker of a run's clients.

use std::sync::Arc;

use super::shared::ClientShared;
use super::{Client, FetchConfig};
use crate::model::activity::WorkerActivity;
use crate::pool::{Builder, Pool, StopToken};

/// Makes the clients of one run, which share settings, name look-ups and TLS set-up.
#[derive(Debug)]
pub struct Fetcher {
    shared: Arc<ClientShared>,
}

impl Fetcher {
    /// A fetcher with these settings. Its clients give up their requests when `stop` is stopped, and
    /// report in `activity`, if given, which URL each of them is fetching.
    pub fn new(
        config: FetchConfig,
        stop: StopToken,
        activity: Option<Arc<WorkerActivity>>,
    ) -> Arc<Self> {
        Arc::new(Fetcher {
            shared: ClientShared::new(config, stop, activity),
        })
    }

    /// A pool of clients, as the builder describes it, that stops when this fetcher does.
    pub fn pool(self: Arc<Self>, builder: Builder<()>) -> Pool<Client> {
        builder
            .stop_token(self.shared.stop.clone())
            .state(move |worker| self.client(worker))
            .build()
    }

    /// The client of worker `worker`: the state that a pool of fetchers gives each worker.
    pub fn client(self: &Arc<Self>, worker: usize) -> Client {
        Client::new(Arc::clone(&self.shared), worker)
    }
}
