//! Saving: one target fetched into a file, from the part on disk to the final name.

use std::sync::Arc;

use super::Client;
use super::given_headers;
use super::sink::Sink;
use crate::model::outcome::{Attempt, Details, Outcome, Saved, Verdict};
use crate::model::save_path::SavePath;
use crate::model::target::{Target, Verb};
use crate::save::{Download, FileError, Published, SaveDecision, Store};

/// The way in which a file gets its name. Its part has the name of its place in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// The name of its place.
    Requested,
    /// Another name in the same folder, because the first is taken.
    Other(SavePath),
    /// A name that the server chooses (Content-Disposition), given later, in the order of the list.
    Late,
}

/// A complete file without a name, which waits until the names of the targets before it are given.
#[derive(Debug)]
pub struct AwaitingName {
    download: Box<Download>,
}

impl Client {
    /// Fetches one target and saves its body as a file at `place`, under the name that `naming` says.
    pub fn save(
        &mut self,
        target: &Target,
        store: &Store,
        place: &SavePath,
        naming: &Naming,
    ) -> (Outcome, Option<AwaitingName>) {
        let decision = match naming {
            Naming::Requested => store.prepare(place, target.sha256.as_deref()),
            Naming::Other(_) => store.prepare_for_free_name(place).map(SaveDecision::Fetch),
            Naming::Late => store.prepare_for_later_name(place).map(SaveDecision::Fetch),
        };
        let download = match decision {
            Ok(SaveDecision::Fetch(download)) => download,
            Ok(SaveDecision::Keep(saved)) => return (self.untried(target, place, Ok(saved)), None),
            Err(error) => return (self.untried(target, place, Err(error)), None),
        };
        let download = match given_headers::has_range(&self.shared.config, target) {
            true => download.of_range(),
            false => download,
        };
        let download = download.with_sum(target.sha256.is_some());
        let sink = Sink::File(Box::new(download));
        let (mut outcome, sink) = self.fetch_target(target, Verb::Get, sink);
        outcome.details_mut().save_path = Some(place.clone());
        let Sink::File(mut download) = sink else {
            return (outcome, None);
        };
        let published = match (outcome.verdict, naming) {
            (Verdict::Unchanged, _) => store.existing(place).map(Published::Same),
            (Verdict::Ok, Naming::Late) => return (outcome, Some(AwaitingName { download })),
            (Verdict::Ok, Naming::Requested) => download.publish_as(place),
            (Verdict::Ok, Naming::Other(name)) => download.publish_as(name),
            (Verdict::Done | Verdict::Failed | Verdict::Skipped, _) => {
                outcome.details_mut().part = download.kept_part();
                return (outcome, None);
            }
        };
        record_published(&mut outcome, published, target);
        (outcome, None)
    }

    /// The outcome of a target for which no request was sent.
    fn untried(
        &self,
        target: &Target,
        place: &SavePath,
        result: Result<Saved, FileError>,
    ) -> Outcome {
        let url = Arc::clone(target.location.text());
        let (verdict, saved, error) = match result {
            Ok(saved) => (Verdict::Unchanged, Some(saved), None),
            Err(error) => (Verdict::Failed, None, Some(Box::new(error.into()))),
        };
        Outcome {
            verdict,
            last: Attempt {
                worker: u16::try_from(self.worker).ok(),
                error,
                ..Attempt::default()
            },
            details: Some(Box::new(Details {
                save_path: Some(place.clone()),
                saved,
                ..Details::default()
            })),
            ..Outcome::new(target.index, url, Verb::Get)
        }
    }
}

impl AwaitingName {
    /// The name that the server gives it, unchecked.
    pub fn server_name(&self) -> Option<&str> {
        self.download.server_name()
    }

    /// Publishes the file at this place, and records that in the outcome.
    pub fn publish(mut self, place: &SavePath, outcome: &mut Outcome, target: &Target) {
        let published = self.download.publish_as(place);
        record_published(outcome, published, target);
    }
}

/// Records in the outcome the file as it was published.
fn record_published(
    outcome: &mut Outcome,
    published: Result<Published, FileError>,
    target: &Target,
) {
    let sha256 = target.sha256.as_deref().copied();
    let (verdict, saved) = match published {
        Ok(Published::New(saved)) => (Verdict::Ok, Saved { sha256, ..saved }),
        Ok(Published::Same(saved)) => (Verdict::Unchanged, Saved { sha256, ..saved }),
        Ok(Published::Existing(saved)) => (Verdict::Unchanged, saved),
        Err(error) => {
            outcome.verdict = Verdict::Failed;
            outcome.last.error = Some(Box::new(error.into()));
            return;
        }
    };
    outcome.verdict = verdict;
    outcome.details_mut().saved = Some(saved);
}
