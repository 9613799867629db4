//! The run log: the outcome of every target, appended as it ends, so that a run that was killed can be
//! resumed.
//!
//! * `file` opens and locks the log.
//! * `line` is what both ends of the schema share; `line_write` writes its lines, and `line_read` reads them.
//! * `list_check` compares a list with the packs of the log.
//! * `occurrences` are the lines about targets that are done; a request may have several.
//! * `packed` finds the targets whose bodies are in packs.
//! * `log_lines` reads the lines in their order, `window` some again by their positions.
//! * `log_scan` makes of the lines which targets are done, found by the digest of a `target_key`.
//! * [`Journal`] appends; [`DoneTargets`] are those that the existing lines say are done.

mod done;
mod error;
mod file;
mod json_line;
mod line;
mod line_read;
mod line_write;
mod list_check;
mod log_lines;
mod log_scan;
mod occurrences;
mod packed;
mod target_key;
mod window;

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};

use crate::model::event::{Event, Listener, PackEvent, RunInfo};
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::run_id::{LogStart, RunId};
use crate::save::close::CloseCheck;

pub use done::{DoneTargets, RunPlace, SoughtRequest};
pub use error::{JournalError, OtherList};
use file::OpenedLog;
pub(crate) use json_line::from_line;
pub use line::{PackState, SCHEMA as LOG_SCHEMA};
pub use line_read::{LogEntry, LoggedFile, LoggedResult, LoggedRun, read_line};
use line_write::{LogLine, write_line};
pub use list_check::check_list;

/// The run log, open for appending.
///
/// A file of JSON Lines. This is version 2 of the schema; `*at` is wall clock time in RFC 3339, and an
/// absent value is `null`:
///
/// | `type` | when | fields |
/// |---|---|---|
/// | `pfetch-log` | the first line, exactly `{"type":"pfetch-log","schema":2}` | `schema` |
/// | `run` | a run begins | `started_at`, `version`, `run`, `resume` (true if it leaves out what is done), `shard` |
/// | `result` | a target ended | `at`, `index`, `url`, `action` (`get`, `head`), `request`, `name`, `outcome` (`ok`, `unchanged`, `failed`), `status`, `bytes`, `content_type`, `saved`, `saved_bytes`, `sha256`, `error_kind`, `error`, `meta`; if its body is in a pack, `pack`, `offset`, `length` |
/// | `pack` | a pack is begun or published, or has lost members | `at`, `pack`, `state` (`begun`, `published`, `cut`), `length` (of one that is cut) |
///
/// `run` is the identifier of the run, which its report has too; that of the first run is the log's own, so that
/// reports of runs with one log are known to be of one list. `request` is the
/// [digest](crate::model::request_digest::RequestDigest) of what headers and credentials the target has of its own,
/// and is left out where it has none, or a name. `index` is the place of the target in its list.
/// `name` is the name that the target's file was to have, with the folder as it was given but for `.` components
/// and repeated slashes; `saved` is the
/// path of the file (bytes that are not UTF-8 replaced), `sha256` the one that the body was to have, and
/// `error` the reason in one line, of a
/// [kind](crate::model::outcome::FailureKind). `meta` is the JSON of the input's line, and is left out where that
/// has none. Skipped targets have no line, and neither has input that is no target: both
/// are tried again anyway.
///
/// A target that has a name is `action`, `url` and `name` together, and its last line counts. Any other is `action`,
/// `url` and `request`; of several in the list that agree in all three, as many are done as there are lines that say
/// so, because identical requests are as good as one another. A run that does not resume counts afresh: its lines about
/// such targets replace those of the runs before it. Identical requests in shards by line are told apart by `index`.
/// If the list gives a SHA-256, a target is done only by a line with the same one. If the run saves it, its file has to
/// be there still, as long as `saved_bytes` says; the engine looks at each as it comes to its target.
///
/// In a run that packs, a target is its index in the input, and done if its body is in a pack. Members are logged
/// in the order in which they are appended. An `offset` before the end of an earlier member says that the pack was
/// cut there: that member is gone.
///
/// A line is one write(2) to a file opened with O_APPEND, so a run that is killed leaves at most its last
/// line torn. Nothing is ever removed from the file: the next run begins a new line, so a line that cannot
/// be parsed may stand before a `run` line. Elsewhere it is damaged, and counts for nothing, with a warning.
#[derive(Debug)]
pub struct Journal {
    /// The file, which is locked while it is open.
    file: File,
    check: CloseCheck,
    /// The folder that the run saves in.
    folder: Option<String>,
    start: LogStart,
    /// True if the run leaves out what the log has as done.
    is_resumed: bool,
    /// The run's own line, which is written again after a failed write.
    run: Vec<u8>,
    /// The bytes of one write. The buffer is kept to save allocations.
    buffer: Vec<u8>,
    /// True if the file may end within a line.
    is_torn: bool,
}

impl Journal {
    /// Opens the log at `path`, or creates it for its owner alone (URLs may be private). A symbolic link is
    /// followed. With `resume`, the existing lines are read; without, no target counts as done.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the file is then unchanged.
    pub fn open(path: &Path, resume: bool) -> Result<(Journal, DoneTargets), JournalError> {
        Self::open_for(path, resume, RunPlace::default(), |_| {})
    }

    /// Opens the log as [`open`](Journal::open) does, for a run in this place: its files are known by
    /// their names with the folder. Calls `each` with each file that the log has there.
    ///
    /// # Errors
    ///
    /// As for [`open`](Journal::open).
    pub fn open_for(
        path: &Path,
        resume: bool,
        run: RunPlace,
        each: impl FnMut(&LoggedFile<'_>),
    ) -> Result<(Journal, DoneTargets), JournalError> {
        let mut opened = file::open(path)?;
        let start = log_start(&mut opened)?;
        let folder = run.folder.clone();
        let none = DoneTargets::new(run);
        let done = match resume {
            true => none.with_log(&mut opened.file, &opened.name, each)?,
            false => none,
        };
        Ok((Journal::new(opened, start, resume, folder), done))
    }

    /// Opens the log as [`open`](Journal::open) does, for a run that packs, and reads the existing lines.
    ///
    /// # Errors
    ///
    /// As for [`open`](Journal::open).
    pub fn open_packing(path: &Path, resume: bool) -> Result<(Journal, DoneTargets), JournalError> {
        let mut opened = file::open(path)?;
        let start = log_start(&mut opened)?;
        let none = DoneTargets::packing();
        let done = none.with_log(&mut opened.file, &opened.name, |_| {})?;
        Ok((Journal::new(opened, start, resume, None), done))
    }

    fn new(opened: OpenedLog, start: LogStart, is_resumed: bool, folder: Option<String>) -> Self {
        let OpenedLog { file, is_torn, .. } = opened;
        Journal {
            check: CloseCheck::of(&file),
            file,
            folder,
            start,
            is_resumed,
            run: Vec::new(),
            buffer: Vec::new(),
            is_torn,
        }
    }

    /// The metadata of the file, by which the store knows not to replace it.
    ///
    /// # Errors
    ///
    /// If fstat(2) fails.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The log as it was opened, by which reports tell the runs with one log.
    pub fn start(&self) -> LogStart {
        self.start
    }

    fn begin(&mut self, info: &RunInfo) -> io::Result<()> {
        self.run.clear();
        let line = LogLine::run(info.started_at, info.id, self.is_resumed, info.shard);
        write_line(&line, &mut self.run)?;
        self.buffer.clear();
        if self.is_torn {
            self.buffer.push(b'\n');
        }
        self.buffer.extend_from_slice(&self.run);
        self.append()
    }

    fn result(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.start_line()?;
        let line = LogLine::result(outcome, self.folder.as_deref());
        write_line(&line, &mut self.buffer)?;
        self.append()
    }

    fn pack(&mut self, event: &PackEvent) -> io::Result<()> {
        self.start_line()?;
        write_line(&LogLine::pack(event), &mut self.buffer)?;
        self.append()
    }

    /// Clears the buffer, and begins a new line if the last one may be torn.
    fn start_line(&mut self) -> io::Result<()> {
        self.buffer.clear();
        if self.is_torn {
            // A torn line may stand only before a `run` line.
            if self.run.is_empty() {
                let run = LogLine::run(SystemTime::now(), RunId::random(), self.is_resumed, None);
                write_line(&run, &mut self.run)?;
            }
            self.buffer.push(b'\n');
            self.buffer.extend_from_slice(&self.run);
        }
        Ok(())
    }

    /// Writes the buffer, in one write(2) unless the system takes only a part.
    fn append(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.buffer);
        // After an error it is not known how much of it the file has. A blank line does no harm.
        self.is_torn = written.is_err();
        written
    }
}

/// The log as it was opened.
fn log_start(opened: &mut OpenedLog) -> Result<LogStart, JournalError> {
    let unreadable = |source| JournalError::Read {
        file: opened.name.clone(),
        source,
    };
    Ok(LogStart {
        id: log_lines::log_id(&mut opened.file).map_err(unreadable)?,
        offset: opened.file.metadata().map_err(unreadable)?.len(),
    })
}

impl Listener for Journal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => self.begin(info),
            Event::Finished(outcome) if is_logged(outcome) => self.result(outcome),
            Event::Pack(pack) => self.pack(pack),
            // No other event is of use to a later run.
            _ => Ok(()),
        }
    }

    /// Checks that the lines are written: NFS, FUSE and quotas may report a failed write only at close. The
    /// file stays open, and locked.
    fn close(&mut self) -> io::Result<()> {
        Ok(self.check.check(&self.file)?)
    }
}

impl Drop for Journal {
    /// Unlocks the log: the [`DoneTargets`] may have it open still, and a process that is being spawned does.
    fn drop(&mut self) {
        // If this fails, the lock goes with the last of those.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Returns true if the target was tried. The others have nothing that a later run could use, or a line already.
fn is_logged(outcome: &Outcome) -> bool {
    let is_input = matches!(outcome.error(), Some(failure) if failure.kind == FailureKind::Input);
    !matches!(outcome.verdict, Verdict::Skipped | Verdict::Done) && !is_input
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn started() -> Event {
        Event::Started(RunInfo {
            version: "0.0.0".to_owned(),
            workers: 1,
            started_at: SystemTime::UNIX_EPOCH,
            startup: std::time::Duration::ZERO,
            id: RunId::default(),
            log: None,
            shard: None,
        })
    }

    /// A failed outcome, for a local reason.
    fn failed() -> Event {
        Event::Finished(Outcome::untried(
            0,
            "http://h/".into(),
            crate::model::target::Verb::Get,
            crate::model::outcome::Failure {
                kind: FailureKind::Local,
                phase: None,
                message: "no thread".to_owned(),
                is_transient: false,
                is_alone: false,
            },
        ))
    }

    #[test]
    fn after_a_failed_write_the_next_result_begins_a_new_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let (mut journal, _) = Journal::open(&path, false).unwrap();
        journal.event(&started()).unwrap();

        // A handle that cannot be written to stands in for a full disk.
        let reading = File::open(&path).unwrap();
        let writing = std::mem::replace(&mut journal.file, reading);
        let error = journal.event(&failed()).unwrap_err();
        let reason = io::Error::from_raw_os_error(rustix::io::Errno::BADF.raw_os_error());
        assert_eq!(error.kind(), reason.kind());
        assert_eq!(error.to_string(), reason.to_string());

        // As if a part of the line had reached the file.
        journal.file = writing;
        journal.file.write_all(b"{\"type\":\"resu").unwrap();
        journal.event(&failed()).unwrap();
        journal.event(&failed()).unwrap();
        drop(journal);
        Journal::open(&path, true).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(lines[2], "{\"type\":\"resu");
        assert_eq!(lines[3], lines[1]);
    }

    #[test]
    fn an_error_at_close_is_the_logs_and_its_lock_stays() {
        use crate::save::close::faults;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let (mut journal, _) = Journal::open(&path, false).unwrap();
        journal.event(&started()).unwrap();
        faults::inject(&[faults::Errno::EDQUOT]);
        let error = journal.close().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded, "{error}");
        assert!(error.to_string().contains("on close"), "{error}");
        journal.close().unwrap();
        let error = Journal::open(&path, false).unwrap_err();
        assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    }
}
