//! The run log: what became of every target, written down as it happens, so that a run that was
//! killed can be taken up where it was.
//!
//! * `file` opens the log: it is a regular file, ours, and nobody else is writing it.
//! * `line` is the schema, in both directions.
//! * [`Journal`] appends; [`Done`] is what the lines that are there already say.

mod done;
mod error;
mod file;
mod line;

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::model::event::{Event, Listener};
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::save::whole_file::check_close;

pub use done::Done;
pub use error::JournalError;
use file::Opened;
use line::Line;

/// The run log, open for appending.
///
/// A file of JSON Lines. The schema, version 1; `*at` is wall clock in RFC 3339, `null` stands for
/// what there is not:
///
/// | `type` | when | fields |
/// |---|---|---|
/// | `pfetch-log` | the first line, exactly `{"type":"pfetch-log","schema":1}` | `schema` |
/// | `run` | a run begins | `started_at`, `version` |
/// | `result` | a target ended | `at`, `url`, `action` (`get`, `head`), `name`, `outcome` (`ok`, `unchanged`, `failed`), `status`, `bytes`, `saved`, `error` |
///
/// `name` is where the target's file goes, the folder included as it was given, `saved` the path of the file that it
/// has (characters that are not UTF-8 replaced), `error` the reason in a line. Targets that were
/// skipped have no line, and nor has input that is no target: both are taken up again anyway.
///
/// For one target, that is `action`, `url` and `name` together, the last line counts.
///
/// A line is one `write` to a file opened for appending, so a run that is killed leaves at most its
/// last line torn. Nothing is ever taken out of the file: the next run begins a new line, so a line
/// that cannot be read may stand before a `run` line, and nowhere else.
#[derive(Debug)]
pub struct Journal {
    /// Locked for as long as it is open.
    file: File,
    /// The folder that the run saves in.
    folder: Option<String>,
    /// The run's own line, kept for when a write has failed half way.
    run: Vec<u8>,
    /// What is about to be written; only its room is kept.
    buffer: Vec<u8>,
    /// Whether the file may end within a line.
    torn: bool,
}

impl Journal {
    /// Opens the log at `path`, or creates it for its owner alone (URLs may be private). A symlink
    /// is followed. With `resume`, what it says is done is read; without, nothing counts as done.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the file is then as it was.
    pub fn open(path: &Path, resume: bool) -> Result<(Journal, Done), JournalError> {
        Self::open_for(path, resume, None, |_, _| {})
    }

    /// The same for a run that saves in `folder`, which the names of its files are told apart by. Of
    /// each target in the log that has a file there, `each` is told the name below the folder that was
    /// meant for it, and the path that it has (`saved`).
    ///
    /// # Errors
    ///
    /// As for [`open`](Journal::open).
    pub fn open_for(
        path: &Path,
        resume: bool,
        folder: Option<&Path>,
        each: impl FnMut(&str, &str),
    ) -> Result<(Journal, Done), JournalError> {
        let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
        let folder = folder.as_deref();
        let Opened {
            mut file,
            name,
            torn,
        } = file::open(path)?;
        let done = if resume {
            Done::read(&mut file, &name, folder, each)?
        } else {
            Done::new(folder)
        };
        let journal = Journal {
            file,
            folder: folder.map(str::to_owned),
            run: Vec::new(),
            buffer: Vec::new(),
            torn,
        };
        Ok((journal, done))
    }

    /// What the system knows of the file.
    ///
    /// # Errors
    ///
    /// If it does not tell.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    fn begin(&mut self, started_at: SystemTime) -> io::Result<()> {
        self.run.clear();
        line::write(&Line::run(started_at), &mut self.run)?;
        self.buffer.clear();
        if self.torn {
            self.buffer.push(b'\n');
        }
        self.buffer.extend_from_slice(&self.run);
        self.append()
    }

    fn result(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.buffer.clear();
        if self.torn {
            // Only before a `run` line may a torn one stand.
            if self.run.is_empty() {
                line::write(&Line::run(SystemTime::now()), &mut self.run)?;
            }
            self.buffer.push(b'\n');
            self.buffer.extend_from_slice(&self.run);
        }
        let line = Line::result(outcome, self.folder.as_deref());
        line::write(&line, &mut self.buffer)?;
        self.append()
    }

    /// Writes the buffer: in one call, unless the system takes only a part.
    fn append(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.buffer);
        // How much of it the file has is not known after an error. A blank line does no harm.
        self.torn = written.is_err();
        written
    }
}

impl Listener for Journal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => self.begin(info.started_at),
            Event::Finished(outcome) if is_logged(outcome) => self.result(outcome),
            // Nothing else is of use to a later run.
            _ => Ok(()),
        }
    }

    /// Has the system say that the lines are written; NFS, FUSE and quotas do so only at close. The
    /// file stays open, and locked.
    fn close(&mut self) -> io::Result<()> {
        Ok(check_close(&self.file)?)
    }
}

/// Whether the target was tried: the others have nothing that a later run could use.
fn is_logged(outcome: &Outcome) -> bool {
    let is_input = matches!(outcome.error(), Some(failure) if failure.kind == FailureKind::Input);
    outcome.verdict != Verdict::Skipped && !is_input
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::event::RunInfo;

    fn started() -> Event {
        Event::Started(RunInfo {
            version: "0.0.0".to_owned(),
            workers: 1,
            started_at: SystemTime::UNIX_EPOCH,
            startup: std::time::Duration::ZERO,
        })
    }

    /// An outcome that failed for a fault on this side.
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
            },
        ))
    }

    #[test]
    fn after_a_failed_write_what_follows_stands_on_a_line_of_its_own() {
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
        use crate::save::whole_file::faults;

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
