//! The action of a fetch job: the *action* half of `(action, args)`, whose args are a [`Target`].

use std::sync::Arc;

use super::{AwaitingName, Client, Naming};
use crate::model::outcome::Outcome;
use crate::model::save_path::SavePath;
use crate::model::target::{Target, Verb};
use crate::pool::{Action, Worker};
use crate::save::pack::{BodyMaker, PackMember};
use crate::save::{OrderedOutput, Store};

/// Fetches a target on a worker whose state is a [`Client`].
///
/// One enum rather than a type per action, because all jobs of a run share one type of output.
#[derive(Debug, Clone, Default)]
pub enum FetchAction {
    /// A GET whose body is read to its end, counted and discarded.
    #[default]
    Get,
    /// A HEAD: the response's headers only.
    Head,
    /// A GET whose body is saved as a file.
    Save {
        /// The output directory.
        store: Store,
        /// The path of the file below it.
        place: SavePath,
        /// The rule for the file's name in that path.
        naming: Naming,
    },
    /// A GET whose body is written to an output that bodies share, in the order of the input.
    Stream {
        /// The shared output.
        to: OrderedOutput,
    },
    /// A GET whose body is kept in the outcome.
    Collect {
        /// The most bytes that a body may have, beside the client's own limit.
        limit: u64,
    },
    /// A GET whose body goes into a pack.
    Pack {
        /// The bodies of the run.
        bodies: BodyMaker,
    },
}

/// A complete body that gets its place when its outcome is emitted, by the run's own thread.
#[derive(Debug)]
pub enum UnplacedBody {
    /// A file that is named in the order of the input.
    File(AwaitingName),
    /// A member that is appended to a pack.
    Member(PackMember),
}

/// The output of a [`FetchAction`].
#[derive(Debug)]
pub struct Fetched {
    /// The outcome of this attempt.
    pub outcome: Outcome,
    /// The complete body, if it has no place yet. Most have, so that the room for one would be copied in vain.
    pub unplaced: Option<Box<UnplacedBody>>,
}

impl From<Outcome> for Fetched {
    fn from(outcome: Outcome) -> Self {
        Fetched {
            outcome,
            unplaced: None,
        }
    }
}

impl Action<Client, Arc<Target>> for FetchAction {
    type Output = Fetched;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Fetched {
        let client = &mut worker.state;
        match self {
            FetchAction::Get | FetchAction::Head => client.fetch(&target, self.verb()).into(),
            _ => self.run_keeping(client, &target),
        }
    }
}

impl FetchAction {
    fn verb(&self) -> Verb {
        match self {
            FetchAction::Head => Verb::Head,
            _ => Verb::Get,
        }
    }

    /// Runs an action that keeps the body. Apart from the others: a thousand workers that wait for a response would
    /// each have its frame on the stack.
    #[inline(never)]
    fn run_keeping(&self, client: &mut Client, target: &Target) -> Fetched {
        match self {
            FetchAction::Get | FetchAction::Head => client.fetch(target, self.verb()).into(),
            FetchAction::Collect { limit } => client.collect(target, *limit).into(),
            FetchAction::Save {
                store,
                place,
                naming,
            } => {
                let (outcome, unnamed) = client.save(target, store, place, naming);
                Fetched {
                    outcome,
                    unplaced: unnamed.map(UnplacedBody::File).map(Box::new),
                }
            }
            FetchAction::Stream { to } => {
                let body = to.body(target.index, target.sha256.is_some());
                client.pass_on(target, body).into()
            }
            FetchAction::Pack { bodies } => {
                let (outcome, mut member) = client.pack(target, bodies.body());
                if let Some(member) = &mut member {
                    bodies.frame(member, &outcome);
                }
                Fetched {
                    outcome,
                    unplaced: member.map(UnplacedBody::Member).map(Box::new),
                }
            }
        }
    }
}
