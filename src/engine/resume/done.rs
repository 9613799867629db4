//! The targets that a run log says are done.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use ring::digest::{Context, SHA256};

use super::JournalError;
use super::error::{DamagedLine, OtherList};
use super::file;
use super::line::{
    self, HEADER, LogEntry, LoggedResult, LoggedRun, MAX_LINE_BYTES, PackState, in_folder,
    without_folder,
};
use super::occurrences::Occurrences;
use super::window::LogWindow;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::request_digest::RequestDigest;
use crate::model::run_id::RunId;
use crate::model::run_shard::RunShard;
use crate::model::target::{Target, Verb};
use crate::save::pack::LoggedPacks;

/// The bytes that are read from the log at once.
const BUFFER: usize = 64 * 1024;

/// The most damaged lines that are named.
const NAMED: usize = 10;

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
    lines: Occurrences,
    /// The log; `None` if it is not read.
    log: Option<LogWindow>,
    /// The name of the log, escaped.
    pub(super) log_name: String,
    run: RunPlace,
    /// The position at which the last run began that did not resume.
    afresh: u64,
    last_run: Option<RunId>,
    /// The packs that the log names, of a run that packs. Its targets are known by their index.
    pub(super) packs: Option<LoggedPacks>,
    /// The largest index of a target whose body is in a pack.
    pub(super) last_packed: Option<u64>,
    /// The first damaged lines, by their number from 1.
    damaged: Vec<(u64, DamagedLine)>,
    /// The number of all damaged lines.
    damaged_count: u64,
}

/// The place of a run: where it saves, and which part of the list it takes.
#[derive(Debug, Clone, Default)]
pub struct RunPlace {
    pub(super) folder: Option<String>,
    shard: Option<RunShard>,
}

impl RunPlace {
    /// A run that saves in this folder, and takes this shard.
    pub fn new(folder: Option<&Path>, shard: Option<RunShard>) -> Self {
        RunPlace {
            folder: line::normalised_folder(folder),
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
        each: impl FnMut(&str, &str),
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
            Some((mut log, name)) => none.with_log(&mut log, &name, |_, _| {}),
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
        let Ok(LogEntry::Result(result)) = line::read(&line) else {
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

    /// Adds what the lines after the header say. For each target that has a file, calls `each` with the name that
    /// the file was to have and the path that it has.
    pub(super) fn with_log(
        self,
        file: &mut File,
        name: &str,
        mut each: impl FnMut(&str, &str),
    ) -> Result<Self, JournalError> {
        let unreadable = |source| JournalError::Read {
            file: name.to_owned(),
            source,
        };
        let mut done = DoneTargets {
            log: Some(LogWindow::of(file).map_err(unreadable)?),
            log_name: name.to_owned(),
            ..self
        };
        let mut lines = LogLines::after_header(file).map_err(unreadable)?;
        let mut bytes = Vec::new();
        // The line before, if it cannot be read.
        let mut torn: Option<(u64, DamagedLine)> = None;
        while let Some(length) = lines.next(&mut bytes).map_err(unreadable)? {
            // A run that is killed leaves a torn last line, and the next run begins a new one: with a `run`
            // line, which may be torn too.
            if let Some((number, damage)) = torn.take()
                && !line::is_run(&bytes)
            {
                done.note_damage(number, damage);
            }
            if length > MAX_LINE_BYTES as u64 {
                torn = Some((lines.number, DamagedLine::TooLong));
            } else if bytes == b"\n" {
                // Left by a failed write. It stands for no target.
                continue;
            } else {
                // A last line without its line feed is whole and counts: the next run adds the line feed.
                match line::read(&bytes) {
                    Ok(LogEntry::Header) => {}
                    Ok(LogEntry::Run(run)) => done.note_run(&run, lines.start),
                    Ok(LogEntry::Result(result)) => done.note(&result, lines.start, &mut each),
                    Ok(LogEntry::Pack(pack, state, length)) => done.note_pack(&pack, state, length),
                    Err(reason) => torn = Some((lines.number, DamagedLine::Malformed(reason))),
                }
            }
        }
        Ok(done)
    }

    /// Notes a run whose line is at this position. One that could not write a line has its own there again.
    fn note_run(&mut self, run: &LoggedRun, position: u64) {
        let is_other = run.id.is_none() || run.id != self.last_run;
        if is_other && !run.is_resumed {
            self.afresh = position;
        }
        self.last_run = run.id;
    }

    fn note_pack(&mut self, pack: &str, state: PackState, length: u64) {
        let Some(packs) = &mut self.packs else {
            return;
        };
        match state {
            PackState::Begun => packs.note_begun(pack),
            PackState::Cut => packs.note_cut(pack, length),
            PackState::Published => packs.note_published(pack),
        }
    }

    /// Notes a target whose line begins at this position.
    fn note(&mut self, result: &LoggedResult<'_>, position: u64, mut each: impl FnMut(&str, &str)) {
        if let (Some(packs), Verb::Get) = (&mut self.packs, result.verb) {
            // A body that is in no pack is fetched again.
            if let (Some(packed), Ok(index)) = (&result.packed, result.index())
                && result.is_done()
            {
                packs.note_member(&packed.pack, packed.offset, packed.end(), position);
                self.lines.replace(key_of_index(index), position);
                self.last_packed = self.last_packed.max(Some(index));
            }
            return;
        }
        if !self.takes(result) {
            return;
        }
        let (name, request) = (result.name.as_deref(), result.request);
        let key = key(result.verb, &result.url, name, request);
        let is_done = match result.verdict {
            Verdict::Ok | Verdict::Unchanged => true,
            Verdict::Failed => false,
            // Never written, and no reason to change what an earlier line says.
            Verdict::Done | Verdict::Skipped => return,
        };
        if let (Some(name), Some(saved), true) = (&result.name, &result.saved, is_done)
            && let Some(name) = without_folder(self.run.folder.as_deref(), name)
        {
            each(name, saved);
        }
        match (&result.name, is_done) {
            // There is one file, which is as the last line says.
            (Some(_), true) => self.lines.replace(key, position),
            (Some(_), false) => self.lines.remove(key),
            (None, _) => {
                self.lines.remove_before(key, self.afresh);
                if is_done {
                    self.lines.add(key, position);
                }
            }
        }
    }

    /// Tells whether a line may be of a target of this run. Identical requests may be in several shards that lists are
    /// dealt out to by their lines: there the index says whose a line is, should shards have gone on with one log.
    fn takes(&self, result: &LoggedResult<'_>) -> bool {
        let shard = self.run.shard.filter(|_| result.name.is_none());
        match (shard, result.index()) {
            (Some(shard), Ok(index)) => shard.may_take(index),
            _ => true,
        }
    }

    fn note_damage(&mut self, number: u64, damage: DamagedLine) {
        self.damaged_count += 1;
        if self.damaged.len() < NAMED {
            self.damaged.push((number, damage));
        }
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

/// The identifier of the log: that of the first run that wrote a whole line to it.
pub(super) fn log_id(file: &mut File) -> io::Result<Option<RunId>> {
    let mut lines = LogLines::after_header(file)?;
    let mut bytes = Vec::new();
    while let Some(length) = lines.next(&mut bytes)? {
        if length <= MAX_LINE_BYTES as u64
            && line::is_run(&bytes)
            && let Ok(LogEntry::Run(LoggedRun { id: Some(id), .. })) = line::read(&bytes)
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The lines of a log.
struct LogLines<'a> {
    reader: BufReader<&'a mut File>,
    /// The position of the line that was read last, and that of the next one.
    start: u64,
    end: u64,
    /// The number of the line that was read last, from 1.
    number: u64,
}

impl<'a> LogLines<'a> {
    fn after_header(file: &'a mut File) -> io::Result<Self> {
        let end = HEADER.len() as u64;
        file.seek(SeekFrom::Start(end))?;
        Ok(LogLines {
            reader: BufReader::with_capacity(BUFFER, file),
            start: 0,
            end,
            number: 1,
        })
    }

    /// Reads the next line, its end included, and returns its length: of one that is longer than
    /// [`MAX_LINE_BYTES`], `bytes` has the beginning. `None` at the end of the log.
    fn next(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<u64>> {
        bytes.clear();
        let most = MAX_LINE_BYTES as u64 + 1;
        let mut length = self.reader.by_ref().take(most).read_until(b'\n', bytes)? as u64;
        if length == most && !bytes.ends_with(b"\n") {
            length += self.reader.skip_until(b'\n')? as u64;
        }
        self.start = self.end;
        self.end += length;
        self.number += 1;
        Ok((length > 0).then_some(length))
    }
}

/// The key of a target. Should two targets have the same, one of them is fetched again: the line that is found
/// by it is compared.
fn key(verb: Verb, url: &str, name: Option<&str>, request: Option<RequestDigest>) -> u64 {
    let verb = match verb {
        Verb::Get => 0,
        Verb::Head => 1,
    };
    let mut context = Context::new(&SHA256);
    // The URL's length before it, so that no two pairs of URL and name, or digest, are the same bytes.
    context.update(&[verb, u8::from(name.is_some())]);
    context.update(&(url.len() as u64).to_le_bytes());
    context.update(url.as_bytes());
    match (name, request) {
        (Some(name), _) => context.update(name.as_bytes()),
        (None, Some(request)) => context.update(&request.bits().to_le_bytes()),
        (None, None) => {}
    }
    let digest = context.finish();
    let (part, _) = digest
        .as_ref()
        .split_first_chunk()
        .expect("SHA-256 has 32 bytes");
    u64::from_le_bytes(*part)
}

/// The key of the target with this index, in a run that packs.
fn key_of_index(index: u64) -> u64 {
    // Apart from those of digests only by chance, and the line that is found is compared.
    index.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
