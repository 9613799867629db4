//! The actions that run on the pool.

use std::sync::Arc;

use super::Client;
use crate::outcome::Outcome;
use crate::pool::{Action, Worker};
use crate::target::{Target, Verb};

/// GET: fetch the target and read its body to the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Get;

/// HEAD: ask for the target's headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head;

impl Action<Client, Arc<Target>> for Get {
    type Output = Outcome;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Outcome {
        worker.state.fetch(&target, Verb::Get)
    }
}

impl Action<Client, Arc<Target>> for Head {
    type Output = Outcome;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Outcome {
        worker.state.fetch(&target, Verb::Head)
    }
}
