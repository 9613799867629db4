//! The actions that run on the pool.

use std::sync::Arc;

use super::{Client, Naming, Unnamed};
use crate::model::outcome::Outcome;
use crate::model::save_path::SavePath;
use crate::model::target::{Target, Verb};
use crate::pool::{Action, Worker};
use crate::save::{Concat, Store};

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

/// GET, with the body saved as a file.
#[derive(Debug, Clone)]
pub struct Save {
    /// The folder.
    pub store: Store,
    /// Where in it.
    pub place: SavePath,
    /// What it is named there.
    pub naming: Naming,
}

impl Action<Client, Arc<Target>> for Save {
    type Output = (Outcome, Option<Unnamed>);

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Self::Output {
        let client = &mut worker.state;
        client.save(&target, &self.store, &self.place, &self.naming)
    }
}

/// GET, with the body passed on to where bodies follow one another.
#[derive(Debug, Clone)]
pub struct PassOn {
    /// There.
    pub to: Concat,
}

impl Action<Client, Arc<Target>> for PassOn {
    type Output = Outcome;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Outcome {
        let body = self.to.body(target.index, target.sha256.is_some());
        worker.state.pass_on(&target, body)
    }
}
