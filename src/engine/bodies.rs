//! The destination of a run's bodies: selects the action of each target, and assigns file names.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::displaced::{Displaced, DisplacedBy, DisplacedFiles};
use super::resume::LoggedFile;
use crate::http::{AwaitingName, FetchAction, Naming};
use crate::model::file_name::NameLimits;
use crate::model::outcome::Outcome;
use crate::model::save_path::{Layout, SavePath};
use crate::model::target::{Target, Verb};
use crate::save::pack::Packs;
use crate::save::{
    ClaimedPlace, Exists, ForeignParts, ForeseenFile, NameHolder, NameRegistry, OrderedOutput,
    RefusedDuty, Store, UrlDigest,
};

/// The destination of all bodies of a run.
#[derive(Debug, Default)]
pub enum Bodies {
    /// Discards them, after counting their bytes.
    #[default]
    Drop,
    /// Saves each as a file.
    Save(Box<Saving>),
    /// Writes them to one output, one after another in the order of the input.
    Stream(OrderedOutput),
    /// Keeps each in its outcome.
    Collect {
        /// The most bytes of a body.
        limit: u64,
    },
    /// Collects them in packs.
    Pack(Box<Packs>),
}

/// The settings and the assigned names of a run that saves files.
///
/// The run's thread assigns names in the order of the input, so that they depend on the list alone and
/// not on which server answers first.
#[derive(Debug)]
pub struct Saving {
    store: Store,
    layout: Layout,
    /// The single path of a run with one file, in place of a path per URL.
    single: Option<SavePath>,
    named_by_server: bool,
    /// Paths claimed so far, one per target: they depend on the list alone.
    claimed: NameRegistry,
    /// NameRegistry assigned to files where these differ from the claimed paths: the server names the file, or
    /// an existing file keeps its name.
    assigned: NameRegistry,
    /// The limits that names of URLs and of servers are cut to; a name of the user's is taken as it is.
    limits: NameLimits,
    /// Files that got other names, since files of other URLs hold theirs.
    displaced: DisplacedFiles,
    /// Files that got other names than their lines give, since other files of the run have those.
    repeated: DisplacedFiles,
}

impl Saving {
    /// Saves a file per URL in `store`.
    pub fn by_url(store: Store, layout: Layout) -> Self {
        let limits = store.name_limits();
        Saving {
            store,
            layout,
            single: None,
            named_by_server: false,
            claimed: NameRegistry::within(limits),
            assigned: NameRegistry::within(limits),
            limits,
            displaced: DisplacedFiles::by(DisplacedBy::OtherUrl),
            repeated: DisplacedFiles::by(DisplacedBy::SameRun),
        }
    }

    /// Saves one file at `place` in `store`.
    pub fn at(store: Store, place: SavePath) -> Self {
        Saving {
            single: Some(place),
            ..Saving::by_url(store, Layout::default())
        }
    }

    /// NameRegistry files after the `Content-Disposition` of their responses, where there is one. Outcomes are
    /// then emitted in the order of the input, because names are assigned in that order.
    #[must_use]
    pub fn named_by_server(mut self) -> Self {
        self.named_by_server = true;
        self
    }

    /// Protects a file that the run itself writes, a report for instance, from being replaced.
    pub fn spare(&mut self, file: &Metadata) {
        self.store = self.store.clone().protecting(file);
    }

    /// Claims the name of a file that the run itself writes, such as a report, if it lies in the store: a
    /// URL's file of that name gets the next number. To be called before any target's file is claimed.
    pub fn claim_own(&mut self, file: &Path) {
        // The user has chosen a single name, which is no report's (the command line is checked for that).
        if self.single.is_some() {
            return;
        }
        for place in self.store.places_of(file) {
            self.claimed.claim(place.clone());
            self.assigned.claim(place);
        }
    }

    /// Reserves the name that an earlier run assigned to the file of a target, unless the file is
    /// lost: then its target is fetched again, and gets its name as it did before.
    pub fn reserve(&mut self, logged: &LoggedFile<'_>) {
        let assigns = self.named_by_server || self.store.exists() == Exists::Rename;
        if !assigns || self.has_lost(logged) {
            return;
        }
        let path = logged.path;
        let file_name = path.rsplit('/').next().unwrap_or(path);
        if let Ok(place) = SavePath::parse(logged.name) {
            self.assigned.claim(place.with_file_name(file_name));
        }
    }

    /// Returns true if a file of the log is gone, or has another length than it had. One that is replaced by a link to
    /// such a file, as some stores of large files do, is there.
    fn has_lost(&self, logged: &LoggedFile<'_>) -> bool {
        let Some(file_name) = Path::new(logged.path).file_name() else {
            return true;
        };
        // Below this run's folder, and not by the path in the log, whose folder may be no text.
        let place = self.store.path_of(&SavePath::verbatim(logged.name));
        let found = fs::metadata(place.with_file_name(file_name));
        !found.is_ok_and(|found| found.is_file() && found.len() == logged.bytes)
    }

    /// The path that a target would have if it were the only one.
    fn preferred(&self, target: &Target) -> SavePath {
        match (&self.single, &target.output) {
            (Some(place), _) | (None, Some(place)) => place.clone(),
            (None, None) => SavePath::of_url(&target.location, self.layout).fitted(self.limits),
        }
    }

    fn claim(&mut self, target: &Target) -> SavePath {
        let preferred = self.preferred(target);
        // Of a file that is named late, only the part has this name.
        if self.named_by_server || !self.leaves_held_names(target) {
            let place = self.claimed.claim(preferred.clone());
            let is_last = !self.named_by_server && self.store.exists() != Exists::Rename;
            if is_last && target.output.is_some() && place != preferred {
                self.repeated.expect(target.index, preferred, place.clone());
            }
            return place;
        }
        let store = &self.store;
        let url = target.location.text();
        let claimed = self
            .claimed
            .claim_for(preferred.clone(), url, |place, number| {
                match store.holder(place) {
                    // A file with the very body is the one to keep, whichever URL it is from. (Its own is asked about
                    // as ever, without a look at all that it has.)
                    NameHolder::Url(by) if number == 0 && by != UrlDigest::of(url) => {
                        match target.sha256.as_deref() {
                            Some(sha256) if store.has_sum(place, sha256) => NameHolder::Unknown,
                            _ => NameHolder::Url(by),
                        }
                    }
                    // A part takes a file's own name from nobody, since it may never become a file.
                    NameHolder::Nobody if number > 0 => store.part_holder(place),
                    holder => holder,
                }
            });
        self.place(claimed, preferred, target)
    }

    /// The place that was claimed. If another URL's file holds the one that was wanted, it is to be told.
    fn place(&mut self, claimed: ClaimedPlace, wanted: SavePath, target: &Target) -> SavePath {
        let ClaimedPlace {
            place,
            is_displaced,
        } = claimed;
        if is_displaced {
            self.displaced.expect(target.index, wanted, place.clone());
        }
        place
    }

    /// Decides whether a name that the file of another URL holds is left to that URL. A name that the user
    /// chose is this target's, and files that are replaced or kept whatever they are go by their names alone.
    fn leaves_held_names(&self, target: &Target) -> bool {
        let is_chosen = self.single.is_some() || target.output.is_some();
        let by_record = matches!(self.store.exists(), Exists::Update | Exists::Skip);
        !is_chosen && by_record
    }

    /// Assigns `preferred`, or a variant of it that no other file has.
    fn assign(&mut self, preferred: SavePath, target: &Target) -> SavePath {
        let store = &self.store;
        if store.exists() == Exists::Rename {
            self.assigned
                .claim_free(preferred, |place| store.contains(place))
        } else if self.leaves_held_names(target) {
            let url = target.location.text();
            let claimed = self
                .assigned
                .claim_for(preferred.clone(), url, |place, _| store.holder(place));
            self.place(claimed, preferred, target)
        } else {
            self.assigned.claim(preferred)
        }
    }

    fn naming(&mut self, target: &Target) -> Naming {
        if self.named_by_server {
            Naming::Late
        } else if self.store.exists() == Exists::Rename {
            let preferred = self.preferred(target);
            Naming::Other(self.assign(preferred, target))
        } else {
            Naming::Requested
        }
    }
}

/// The file that a target would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its path, beginning with the folder as it was given.
    pub path: PathBuf,
    /// The path below the folder by which the run log knows the target.
    pub log_name: String,
    /// True if another file has the name that the URL would give.
    pub is_numbered: bool,
    /// The end that it would come to, as far as that shows.
    pub foreseen: ForeseenFile,
    /// True if the server may name it.
    pub is_named_late: bool,
}

impl Saving {
    /// Assigns the name of the target's file, as a run would.
    fn plan_file(&mut self, target: &Target) -> PlannedFile {
        let wanted = self.preferred(target);
        let claimed = self.claim(target);
        let naming = self.naming(target);
        let is_requested = matches!(naming, Naming::Requested);
        let place = match naming {
            Naming::Other(place) => place,
            Naming::Requested | Naming::Late => claimed.clone(),
        };
        let foreseen = match is_requested {
            true => {
                let sha256 = target.sha256.as_deref();
                self.store.foresee(&place, target.location.text(), sha256)
            }
            // It has a free name, or gets one in the end.
            false => ForeseenFile::New,
        };
        PlannedFile {
            path: self.store.path_of(&place),
            log_name: claimed.as_str().to_owned(),
            is_numbered: place != wanted,
            foreseen,
            is_named_late: self.named_by_server,
        }
    }
}

impl Bodies {
    /// Assigns the name of the target's file, as a run would; `None` if it gets no file. To be called once for
    /// each target, in their order.
    pub fn plan_file(&mut self, target: &Target) -> Option<PlannedFile> {
        match self {
            Bodies::Save(saving) if target.verb == Verb::Get => Some(saving.plan_file(target)),
            _ => None,
        }
    }

    /// Returns true if the file that an outcome of the run log has under this name is gone or of another length, so that
    /// its target is not done.
    pub(crate) fn has_lost(&self, name: Option<&str>, done: &Outcome) -> bool {
        let (Bodies::Save(saving), Some(name)) = (self, name) else {
            return false;
        };
        let saved = done.saved().and_then(|saved| {
            let path = saved.path.to_str()?;
            Some((path, saved.bytes))
        });
        saved.is_none_or(|(path, bytes)| saving.has_lost(&LoggedFile { name, path, bytes }))
    }

    /// Claims the path of this target's file; `None` if it gets no file.
    pub(super) fn claim_path(&mut self, target: &Target) -> Option<SavePath> {
        match self {
            Bodies::Save(saving) if target.verb == Verb::Get => Some(saving.claim(target)),
            _ => None,
        }
    }

    /// Assigns the name of a target that another shard fetches: those of this one depend on it.
    pub fn pass_over(&mut self, target: &Target) {
        if self.claim_path(target).is_some() {
            self.naming(target);
        }
        if let Bodies::Save(saving) = self {
            saving.displaced.pass_over(target.index);
            saving.repeated.pass_over(target.index);
        }
    }

    /// Notes the file of this outcome, if it has another name than the one that was wanted.
    pub(super) fn note_displaced(&mut self, outcome: &Outcome) {
        if let Bodies::Save(saving) = self {
            saving.displaced.note(outcome);
            saving.repeated.note(outcome);
        }
    }

    /// Takes the files that were saved under other names than those that were wanted, by the reason.
    pub(super) fn take_displaced(&mut self) -> Vec<Displaced> {
        let displaced = match self {
            Bodies::Save(saving) => [saving.displaced.take(), saving.repeated.take()],
            Bodies::Drop | Bodies::Stream(_) | Bodies::Collect { .. } | Bodies::Pack(_) => {
                [None, None]
            }
        };
        displaced.into_iter().flatten().collect()
    }

    /// The rule for the name of the target's file. Called once per target: it may assign a name.
    pub(super) fn naming(&mut self, target: &Target) -> Naming {
        match self {
            Bodies::Save(saving) => saving.naming(target),
            Bodies::Drop | Bodies::Stream(_) | Bodies::Collect { .. } | Bodies::Pack(_) => {
                Naming::Requested
            }
        }
    }

    /// Tells that files get their names only when their outcomes are emitted.
    pub(super) fn is_named_late(&self) -> bool {
        matches!(self, Bodies::Save(saving) if saving.named_by_server)
    }

    /// Takes the lesser duties of saved files that the system has refused since the last call.
    pub(super) fn take_refused(&self) -> Vec<RefusedDuty> {
        match self {
            Bodies::Save(saving) => saving.store.take_refused(),
            Bodies::Drop | Bodies::Stream(_) | Bodies::Collect { .. } | Bodies::Pack(_) => {
                Vec::new()
            }
        }
    }

    /// Takes the files with the names of parts that are not pfetch's.
    pub(super) fn take_foreign_parts(&self) -> Option<ForeignParts> {
        match self {
            Bodies::Save(saving) => saving.store.take_foreign_parts(),
            Bodies::Drop | Bodies::Stream(_) | Bodies::Collect { .. } | Bodies::Pack(_) => None,
        }
    }

    /// Tells that bodies are kept in memory until their outcomes are emitted.
    pub(super) fn are_collected(&self) -> bool {
        matches!(self, Bodies::Collect { .. })
    }

    /// The packs that bodies go into, if they do.
    pub(super) fn packs(&mut self) -> Option<&mut Packs> {
        match self {
            Bodies::Pack(packs) => Some(packs),
            _ => None,
        }
    }

    /// Tells that complete bodies wait, in open files perhaps, until their outcomes are emitted.
    pub(super) fn are_placed_late(&self) -> bool {
        self.is_named_late() || matches!(self, Bodies::Pack(_))
    }

    /// The output that bodies share, if they do.
    pub(super) fn concat(&self) -> Option<&OrderedOutput> {
        match self {
            Bodies::Stream(concat) => Some(concat),
            _ => None,
        }
    }

    /// The action for a target, `file` being the path and naming of its file, if it gets one.
    pub(super) fn action(&self, target: &Target, file: Option<&(SavePath, Naming)>) -> FetchAction {
        match (target.verb, self, file) {
            (Verb::Head, _, _) => FetchAction::Head,
            (Verb::Get, Bodies::Save(saving), Some((place, naming))) => FetchAction::Save {
                store: saving.store.clone(),
                place: place.clone(),
                naming: naming.clone(),
            },
            (Verb::Get, Bodies::Stream(to), _) => FetchAction::Stream { to: to.clone() },
            (Verb::Get, Bodies::Collect { limit }, _) => FetchAction::Collect { limit: *limit },
            (Verb::Get, Bodies::Pack(packs), _) => FetchAction::Pack {
                bodies: packs.body(),
            },
            (Verb::Get, _, _) => FetchAction::Get,
        }
    }

    /// Publishes a complete file under a name that it assigns, and notes it in the outcome.
    pub(super) fn publish(
        &mut self,
        unnamed: AwaitingName,
        outcome: &mut Outcome,
        target: &Target,
    ) {
        let Bodies::Save(saving) = self else { return };
        let preferred = saving.preferred(target);
        let preferred = match unnamed.server_name() {
            // A name from the list takes precedence over the server's.
            Some(name) if target.output.is_none() => {
                preferred.with_file_name(name).fitted(saving.limits)
            }
            _ => preferred,
        };
        let place = saving.assign(preferred, target);
        unnamed.publish(&place, outcome, target);
    }
}
