//! The targets that a run log says are done.

use std::io;
use std::path::Path;

use super::JournalError;
use super::error::{DamagedLine, OtherList};
use super::file;
use super::line::{in_folder, normalised_folder};
use super::line_read::{LogEntry, LoggedFile, read_line};
use super::occurrences::Occurrences;
use super::target_key::{key, key_of_index};
use super::window::LogWindow;
use crate::model::outcome::Outcome;
use crate::model::request_digest::RequestDigest;
use crate::model::run_id::RunId;
use crate::model::run_shard::RunShard;
use crate::model::target::{Target, Verb};
use crate::save::pack::LoggedPacks;

/// The most lines about one request that are read again for a target, in search of one with its SHA-256. A list with
/// more sums of one request has the others fetched again.
const SEARCHED: usize = 64;

/// The targets that are done: those for which the log has a line with the outcome `ok`
/// or `unchanged`.
///
/// A target with a file is its method, URL and name; its last line counts. Any other is its request: method, URL, and
/// what headers and credentials it has of its own. Of a request that the list has several times, as many are done as
/// the log has lines: identical requests are as good as one another, whatever their order. A run that began anew
/// (without `--resume`) counts its lines afresh: what it tells of a request is in the place of what was there before.
///
/// Of each, 16 bytes are kept: a part of the digest by which it is found, and the position of its line, which
/// is read again when it is looked up. So a log of a million lines takes some tens of megabytes.
#[derive(Debug, Clone, Default)]
pub struct DoneTargets {
    pub(super) lines: Occurrences,
    /// The log; `None` if it is not read.
    pub(super) log: Option<LogWindow>,
    /// The name of the log, escaped.
    pub(super) log_name: String,
    pub(super) run: RunPlace,
    /// The position at which the last run began that did not resume.
    pub(super) afresh: u64,
    pub(super) last_run: Option<RunId>,
    /// The packs that the log names, of a run that packs. Its targets are known by their index.
    pub(super) packs: Option<LoggedPacks>,
    /// The largest index of a target whose body is in a pack.
    pub(super) last_packed: Option<u64>,
    /// The first damaged lines, by their number from 1.
    pub(super) damaged: Vec<(u64, DamagedLine)>,
    /// The number of all damaged lines.
    pub(super) damaged_count: u64,
}

/// The place of a run: where it saves, and which part of the list it takes.
#[derive(Debug, Clone, Default)]
pub struct RunPlace {
    pub(super) folder: Option<String>,
    pub(super) shard: Option<RunShard>,
}

impl RunPlace {
    /// A run that saves in this folder, and takes this shard.
    pub fn new(folder: Option<&Path>, shard: Option<RunShard>) -> Self {
        RunPlace {
            folder: normalised_folder(folder),
            shard,
        }
    }
}

/// A request whose target may be done. Text is as in the log.
#[derive(Debug, Clone, Copy)]
pub struct SoughtRequest<'a> {
    /// The method.
    pub verb: Verb,
    /// The URL.
    pub url: &'a str,
    /// The name of the target's file below the run's folder.
    pub name: Option<&'a str>,
    /// The digest of what the request has of its own. It does not matter beside a name.
    pub digest: Option<RequestDigest>,
    /// The SHA-256 that the body is to have: the target is done only if it was checked for that one.
    pub sha256: Option<&'a [u8; 32]>,
}

impl DoneTargets {
    /// No targets, for such a run.
    pub(super) fn new(run: RunPlace) -> Self {
        DoneTargets {
            run,
            ..DoneTargets::default()
        }
    }

    /// The targets that the log at `path` says are done, for such a run. The log is only read,
    /// and one that is missing has none. `each` is called as by [`Journal::open_for`](super::Journal::open_for).
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn of_log(
        path: &Path,
        run: RunPlace,
        each: impl FnMut(&LoggedFile<'_>),
    ) -> Result<Self, JournalError> {
        let none = Self::new(run);
        match file::open_to_read(path)? {
            Some((mut log, name)) => none.with_log(&mut log, &name, each),
            None => Ok(none),
        }
    }

    /// The targets whose bodies are in packs by the log at `path`. As for [`of_log`](DoneTargets::of_log).
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn of_packing_log(path: &Path) -> Result<Self, JournalError> {
        let none = Self::packing();
        match file::open_to_read(path)? {
            Some((mut log, name)) => none.with_log(&mut log, &name, |_| {}),
            None => Ok(none),
        }
    }

    /// No targets, for a run that packs.
    pub(super) fn packing() -> Self {
        DoneTargets {
            packs: Some(LoggedPacks::default()),
            ..DoneTargets::default()
        }
    }

    /// The packs that the log names; `None` for a run that does not pack.
    pub fn packs_mut(&mut self) -> Option<&mut LoggedPacks> {
        self.packs.as_mut()
    }

    /// Takes the outcome of this target, if it is done, as [`take`](DoneTargets::take) does; in a run that packs,
    /// only if its body is in a pack.
    ///
    /// # Errors
    ///
    /// [`OtherList`].
    pub fn take_target(
        &mut self,
        target: &Target,
        name: Option<&str>,
    ) -> Result<Option<Outcome>, OtherList> {
        if target.verb == Verb::Get && self.packs.is_some() {
            return self.find_packed(target);
        }
        Ok(self.take(&SoughtRequest {
            verb: target.verb,
            url: target.location.text(),
            name,
            // Computed for few: most lines have a URL alone.
            digest: match name {
                Some(_) => None,
                None => RequestDigest::of(target),
            },
            sha256: target.sha256.as_deref(),
        }))
    }

    /// Takes the outcome of a target with this request, if one is done that was not taken before: that of the log,
    /// with the index 0.
    pub fn take(&mut self, sought: &SoughtRequest<'_>) -> Option<Outcome> {
        let name = sought.name;
        let name = name.map(|name| in_folder(self.run.folder.as_deref(), name));
        let sought = SoughtRequest {
            name: name.as_deref(),
            digest: sought.digest.filter(|_| name.is_none()),
            ..*sought
        };
        let key = key(sought.verb, sought.url, sought.name, sought.digest);
        let candidates = self.lines.candidates(key).take(SEARCHED);
        let (candidate, outcome) = candidates
            .filter_map(|candidate| Some((candidate, self.outcome_at(candidate.1, &sought)?)))
            .next()?;
        self.lines.take(key, candidate);
        Some(outcome)
    }

    /// The outcome that the line at this position tells, if it is of such a target.
    fn outcome_at(&self, position: u64, sought: &SoughtRequest<'_>) -> Option<Outcome> {
        // A line that cannot be read any more is done no harm by fetching its target again.
        let line = self.line_at(position).ok()?;
        let Ok(LogEntry::Result(result)) = read_line(&line) else {
            return None;
        };
        let is_it = result.is_done()
            && (result.verb, &*result.url) == (sought.verb, sought.url)
            && (result.name.as_deref(), result.request) == (sought.name, sought.digest);
        let is_checked = sought
            .sha256
            .is_none_or(|wanted| result.sha256 == Some(*wanted));
        (is_it && is_checked).then(|| result.into_outcome())
    }

    /// The number of targets that are done.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns true if none is done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A warning for each damaged line, or for so many of them, and one for the rest.
    pub fn warnings(&self) -> Vec<String> {
        let log = &self.log_name;
        let mut warnings: Vec<String> = self
            .damaged
            .iter()
            .map(|(number, damage)| {
                format!(
                    "line {number} of the run log {log} does not count as done: {damage}; delete it if \
                     it is not needed"
                )
            })
            .collect();
        let more = self.damaged_count - self.damaged.len() as u64;
        if more > 0 {
            warnings.push(format!(
                "{more} more of the run log {log} do not count as done: they are damaged too"
            ));
        }
        warnings
    }

    /// The position of the line of the target with this index, in a run that packs.
    pub(super) fn position_of(&self, index: u64) -> Option<u64> {
        self.lines.first(key_of_index(index))
    }

    /// Reads the line at this position of the log again.
    pub(super) fn line_at(&self, position: u64) -> io::Result<Vec<u8>> {
        match &self.log {
            Some(log) => log.line_at(position),
            None => Ok(Vec::new()),
        }
    }
}
