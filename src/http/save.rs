//! Saving a target: from what is there already to a file under its name.

use std::sync::Arc;

use super::Client;
use super::sink::Sink;
use crate::model::outcome::{Outcome, Saved, Verdict};
use crate::model::save_path::Place;
use crate::model::target::{Target, Verb};
use crate::save::{Download, FileError, Published, SaveDecision, Store};

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

/// A complete file in a part that awaits its name: the server's, which is given out in the order of the input.
#[derive(Debug)]
pub struct AwaitingName {
    download: Box<Download>,
}

impl Client {
    /// Fetches one target and saves its body at `place`, or for another name beside it.
    pub fn save(
        &mut self,
        target: &Target,
        store: &Store,
        place: &Place,
        naming: &Naming,
    ) -> (Outcome, Option<AwaitingName>) {
        let decision = match naming {
            Naming::Place => store.prepare(place, target.sha256.as_deref()),
            Naming::Other(_) => store.prepare_for_free_name(place).map(SaveDecision::Fetch),
            Naming::Late => store.prepare_for_later_name(place).map(SaveDecision::Fetch),
        };
        let download = match decision {
            Ok(SaveDecision::Fetch(download)) => download,
            Ok(SaveDecision::Keep(saved)) => return (self.untried(target, place, Ok(saved)), None),
            Err(error) => return (self.untried(target, place, Err(error)), None),
        };
        let sink = Sink::File(Box::new(download));
        let (mut outcome, sink) = self.visit(target, Verb::Get, sink);
        outcome.place = Some(place.clone());
        let Sink::File(mut download) = sink else {
            return (outcome, None);
        };
        let published = match (outcome.verdict, naming) {
            (Verdict::Unchanged, _) => store.existing(place).map(Published::Same),
            (Verdict::Ok, Naming::Late) => return (outcome, Some(AwaitingName { download })),
            (Verdict::Ok, Naming::Place) => download.publish_as(place),
            (Verdict::Ok, Naming::Other(name)) => download.publish_as(name),
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
            Err(error) => (Verdict::Failed, None, Some(error.into())),
        };
        Outcome {
            place: Some(place.clone()),
            worker: Some(self.worker),
            verdict,
            saved,
            error,
            ..Outcome::new(target.index, url, Verb::Get)
        }
    }
}

impl AwaitingName {
    /// The name that the server has for it, as it says.
    pub fn server_name(&self) -> Option<&str> {
        self.download.server_name()
    }

    /// Gives it this place, and tells the outcome.
    pub fn publish(mut self, place: &Place, outcome: &mut Outcome, target: &Target) {
        let published = self.download.publish_as(place);
        settle(outcome, published, target);
    }
}

/// Tells in the outcome what became of the file.
fn settle(outcome: &mut Outcome, published: Result<Published, FileError>, target: &Target) {
    let sha256 = target.sha256.as_deref().copied();
    let (verdict, saved) = match published {
        Ok(Published::New(saved)) => (Verdict::Ok, Saved { sha256, ..saved }),
        Ok(Published::Same(saved)) => (Verdict::Unchanged, Saved { sha256, ..saved }),
        Ok(Published::Existing(saved)) => (Verdict::Unchanged, saved),
        Err(error) => {
            outcome.verdict = Verdict::Failed;
            outcome.error = Some(error.into());
            return;
        }
    };
    outcome.verdict = verdict;
    outcome.saved = Some(saved);
}
