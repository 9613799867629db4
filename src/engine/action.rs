//! What becomes of the bodies of a run: which action a target is given, and with which name.

use std::fs::Metadata;
use std::sync::Arc;

use crate::http::{Client, Get, Head, Naming, PassOn, Save, Unnamed};
use crate::model::outcome::Outcome;
use crate::model::save_path::{Layout, SavePath};
use crate::model::target::{Target, Verb};
use crate::pool::{Action, Worker};
use crate::save::{Concat, Exists, Names, Store};

/// What becomes of the bodies.
#[derive(Debug, Default)]
pub enum Bodies {
    /// They are counted and dropped.
    #[default]
    Drop,
    /// Each is saved as a file.
    Save(Box<Saving>),
    /// They are passed on, one after another in the order of the input.
    PassOn(Concat),
}

/// How bodies are saved. Names are dealt out by the run, in the order of the input: so they depend on
/// the list alone.
#[derive(Debug)]
pub struct Saving {
    store: Store,
    layout: Layout,
    /// The one place that there is, instead of one for each URL.
    only: Option<SavePath>,
    /// Whether files are named by what the server says.
    named_by_server: bool,
    /// The places that have been dealt out: one for each target, which depends on the list alone.
    names: Names,
    /// The names that files have, where that is another matter: a server names them, or what is there
    /// already keeps its name.
    given: Names,
}

/// What is done with a target: the action of its job.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Get,
    Head,
    Save(Save),
    PassOn(PassOn),
}

impl Saving {
    /// A file per URL in `store`.
    pub fn by_url(store: Store, layout: Layout) -> Self {
        Saving {
            store,
            layout,
            only: None,
            named_by_server: false,
            names: Names::new(),
            given: Names::new(),
        }
    }

    /// One file at `place` in `store`.
    pub fn at(store: Store, place: SavePath) -> Self {
        Saving {
            only: Some(place),
            ..Saving::by_url(store, Layout::default())
        }
    }

    /// Has servers name the files that they have names for. Outcomes are then told in the order of
    /// the input, which is that of the names.
    #[must_use]
    pub fn named_by_server(mut self) -> Self {
        self.named_by_server = true;
        self
    }

    /// Keeps a file that the run itself needs from being replaced.
    pub fn spare(&mut self, file: &Metadata) {
        self.store = self.store.clone().sparing(file);
    }

    /// Keeps the name that an earlier run gave to the file of a target with this place.
    pub fn reserve(&mut self, place: &str, path: &str) {
        let file_name = path.rsplit('/').next().unwrap_or(path);
        if let Ok(place) = SavePath::parse(place) {
            self.given.claim(place.with_file_name(file_name));
        }
    }

    /// The place that a target would have if there were no other.
    fn wanted(&self, target: &Target) -> SavePath {
        match (&self.only, &target.output) {
            (Some(place), _) | (None, Some(place)) => place.clone(),
            (None, None) => SavePath::of_url(target.location.url(), self.layout),
        }
    }

    fn claim(&mut self, target: &Target) -> SavePath {
        let wanted = self.wanted(target);
        self.names.claim(wanted)
    }

    /// A name in the place of `wanted` that no other file has.
    fn give(&mut self, wanted: SavePath) -> SavePath {
        if self.store.exists() == Exists::Rename {
            let store = &self.store;
            self.given.claim_free(wanted, |place| store.has(place))
        } else {
            self.given.claim(wanted)
        }
    }

    fn naming(&mut self, target: &Target) -> Naming {
        if self.named_by_server {
            Naming::Late
        } else if self.store.exists() == Exists::Rename {
            let wanted = self.wanted(target);
            Naming::Other(self.give(wanted))
        } else {
            Naming::Requested
        }
    }
}

impl Bodies {
    /// The place for this target's file, if it is to have one.
    pub(super) fn place(&mut self, target: &Target) -> Option<SavePath> {
        match self {
            Bodies::Save(saving) if target.verb == Verb::Get => Some(saving.claim(target)),
            _ => None,
        }
    }

    /// Whether files get their names as their outcomes are told.
    pub(super) fn is_named_late(&self) -> bool {
        matches!(self, Bodies::Save(saving) if saving.named_by_server)
    }

    /// Where bodies are passed on to.
    pub(super) fn concat(&self) -> Option<&Concat> {
        match self {
            Bodies::PassOn(concat) => Some(concat),
            _ => None,
        }
    }

    /// What the target's file at this place is named: a name that is dealt out by this, once.
    pub(super) fn file(&mut self, target: &Target, place: SavePath) -> (SavePath, Naming) {
        let naming = match self {
            Bodies::Save(saving) => saving.naming(target),
            Bodies::Drop | Bodies::PassOn(_) => Naming::Requested,
        };
        (place, naming)
    }

    pub(super) fn deed(&self, target: &Target, file: Option<&(SavePath, Naming)>) -> Deed {
        match (target.verb, self, file) {
            (Verb::Head, _, _) => Deed::Head,
            (Verb::Get, Bodies::Save(saving), Some((place, naming))) => Deed::Save(Save {
                store: saving.store.clone(),
                place: place.clone(),
                naming: naming.clone(),
            }),
            (Verb::Get, Bodies::PassOn(to), _) => Deed::PassOn(PassOn { to: to.clone() }),
            (Verb::Get, _, _) => Deed::Get,
        }
    }

    /// Gives a complete file its name.
    pub(super) fn name(&mut self, unnamed: Unnamed, outcome: &mut Outcome, target: &Target) {
        let Bodies::Save(saving) = self else { return };
        let wanted = saving.wanted(target);
        let wanted = match unnamed.server_name() {
            // A name that the list gives is no server's to change.
            Some(name) if target.output.is_none() => wanted.with_file_name(name),
            _ => wanted,
        };
        let place = saving.give(wanted);
        unnamed.publish(&place, outcome, target);
    }
}

impl Action<Client, Arc<Target>> for Deed {
    type Output = (Outcome, Option<Unnamed>);

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Self::Output {
        match self {
            Deed::Get => (Get.run(worker, target), None),
            Deed::Head => (Head.run(worker, target), None),
            Deed::Save(save) => save.run(worker, target),
            Deed::PassOn(pass_on) => (pass_on.run(worker, target), None),
        }
    }
}
