//! Saving a target: from what is there already to a file under its name.

use std::sync::Arc;

use super::Client;
use super::sink::Sink;
use crate::model::outcome::{Attempt, Details, Outcome, Saved, Verdict};
use crate::model::save_path::Place;
use crate::model::target::{Target, Verb};
use crate::save::{Draft, FileError, Prior, Published, Store};

/// What a file is named. Its part is at its place in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// By its place.
    Place,
    /// By another place in the same folder, because something else has the name.
    Other(Place),
    /// Later, when the server's name for it can be given out in its turn.
    Late,
}

/// A complete file that has no name yet, because the server's is to be given in its turn.
#[derive(Debug)]
pub struct Unnamed {
    draft: Box<Draft>,
}

impl Client {
    /// Fetches one target and saves its body at `place`, or for another name beside it.
    pub fn save(
        &mut self,
        target: &Target,
        store: &Store,
        place: &Place,
        naming: &Naming,
    ) -> (Outcome, Option<Unnamed>) {
        let prior = match naming {
            Naming::Place => store.draft(place, target.sha256.as_deref()),
            Naming::Other(_) => store.beside(place).map(Prior::Wanted),
            Naming::Late => store.unnamed(place).map(Prior::Wanted),
        };
        let draft = match prior {
            Ok(Prior::Wanted(draft)) => draft,
            Ok(Prior::Kept(saved)) => return (self.untried(target, place, Ok(saved)), None),
            Err(error) => return (self.untried(target, place, Err(error)), None),
        };
        let sink = Sink::File(Box::new(draft));
        let (mut outcome, sink) = self.visit(target, Verb::Get, sink);
        outcome.details_mut().place = Some(place.clone());
        let Sink::File(mut draft) = sink else {
            return (outcome, None);
        };
        let published = match (outcome.verdict, naming) {
            (Verdict::Unchanged, _) => store.kept(place).map(Published::Same),
            (Verdict::Ok, Naming::Late) => return (outcome, Some(Unnamed { draft })),
            (Verdict::Ok, Naming::Place) => draft.publish_as(place),
            (Verdict::Ok, Naming::Other(name)) => draft.publish_as(name),
            (Verdict::Failed | Verdict::Skipped, _) => return (outcome, None),
        };
        settle(&mut outcome, published, target);
        (outcome, None)
    }

    /// The outcome of a target for which no server was asked.
    fn untried(&self, target: &Target, place: &Place, result: Result<Saved, FileError>) -> Outcome {
        let url = Arc::clone(target.location.text());
        let (verdict, saved, error) = match result {
            Ok(saved) => (Verdict::Unchanged, Some(saved), None),
            Err(error) => (Verdict::Failed, None, Some(Box::new(error.into()))),
        };
        Outcome {
            verdict,
            last: Attempt {
                worker: u32::try_from(self.worker).ok(),
                error,
                ..Attempt::default()
            },
            details: Some(Box::new(Details {
                place: Some(place.clone()),
                saved,
                ..Details::default()
            })),
            ..Outcome::new(target.index, url, Verb::Get)
        }
    }
}

impl Unnamed {
    /// The name that the server has for it, as it says.
    pub fn server_name(&self) -> Option<&str> {
        self.draft.server_name()
    }

    /// Gives it this place, and tells the outcome.
    pub fn publish(mut self, place: &Place, outcome: &mut Outcome, target: &Target) {
        let published = self.draft.publish_as(place);
        settle(outcome, published, target);
    }
}

/// Tells in the outcome what became of the file.
fn settle(outcome: &mut Outcome, published: Result<Published, FileError>, target: &Target) {
    let sha256 = target.sha256.as_deref().copied();
    let (verdict, saved) = match published {
        Ok(Published::New(saved)) => (Verdict::Ok, Saved { sha256, ..saved }),
        Ok(Published::Same(saved)) => (Verdict::Unchanged, Saved { sha256, ..saved }),
        Ok(Published::Other(saved)) => (Verdict::Unchanged, saved),
        Err(error) => {
            outcome.verdict = Verdict::Failed;
            outcome.last.error = Some(Box::new(error.into()));
            return;
        }
    };
    outcome.verdict = verdict;
    outcome.details_mut().saved = Some(saved);
}
