//! The file of a baseline: written as JSON, and checked when it is read.

use std::io::{self, Read, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BaselineRun, History, MAX_RUNS, Machine, SavedRun, Targets};
use crate::model::json::{MAX_SECONDS, Rfc3339};
use crate::model::pacing::BindingLimits;
use crate::model::text::excerpt;

/// Version of the schema that is written and read.
const SCHEMA: u64 = 2;

/// Type of the file.
const KIND: &str = "baseline";

/// Longest file, in bytes: far longer than twenty sweeps need.
const MAX_FILE: u64 = 16 << 20;

/// Longest excerpt of a file in an error, and longest version, in characters.
const MAX_EXCERPT: usize = 80;

/// Shortest run, in seconds: a nanosecond, the resolution of the clock.
const MIN_SECONDS: f64 = 1e-9;

/// Reason why a baseline cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}; a run with --save-baseline makes one")]
    Io(#[from] io::Error),
    /// The file is no baseline.
    #[error("it is no baseline ({0}); move it away, and a run with --save-baseline makes one")]
    Other(String),
    /// The file has another version of the schema.
    #[error(
        "its schema is {0}, and this pfetch reads {SCHEMA} only; move it away, and make it again with --save-baseline"
    )]
    Schema(u64),
}

/// The fields that decide whether the rest can be read.
#[derive(Deserialize)]
struct BaselineHead {
    #[serde(rename = "type")]
    kind: String,
    schema: u64,
}

#[derive(Deserialize)]
struct BaselineBody {
    history: Vec<SavedRecord>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct SavedRecord {
    version: String,
    started_at: Rfc3339,
    machine: Option<Machine>,
    targets: Targets,
    warm: bool,
    paced: bool,
    // Older files have none.
    #[serde(default, skip_serializing_if = "are_none")]
    held_back_by: BindingLimits,
    #[schemars(length(min = 1))]
    runs: Vec<BaselineRun>,
}

/// True if no limit is named.
fn are_none(limits: &BindingLimits) -> bool {
    !limits.are_any()
}

/// The file that `--save-baseline` writes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "baseline")]
pub(crate) struct BaselineFile {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "baseline"))]
    kind: &'static str,
    #[schemars(extend("const" = SCHEMA))]
    schema: u64,
    #[schemars(length(min = 1, max = 20))]
    history: Vec<SavedRecord>,
}

impl From<&SavedRun> for SavedRecord {
    fn from(run: &SavedRun) -> Self {
        SavedRecord {
            version: run.version.clone(),
            started_at: Rfc3339(run.started_at),
            machine: run.machine.clone(),
            targets: run.targets.clone(),
            warm: run.warm,
            paced: run.paced,
            held_back_by: run.held_back_by,
            runs: run.runs.clone(),
        }
    }
}

impl SavedRecord {
    /// The run, if each of its values can be one.
    fn checked(self) -> Result<SavedRun, &'static str> {
        let hash = &self.targets.hash;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("its hash is not 64 hexadecimal digits");
        }
        if self.runs.is_empty() {
            return Err("there are no runs in it");
        }
        let is_time = |seconds: f64| (MIN_SECONDS..=MAX_SECONDS).contains(&seconds);
        if !self.runs.iter().all(|run| is_time(run.seconds)) {
            return Err("a run's seconds are a nanosecond at least, and a hundred years at most");
        }
        if self.runs.iter().any(|run| run.workers == 0) {
            return Err("a run has one worker at least");
        }
        let machine = self.machine.map(|machine| Machine {
            os: excerpt(&machine.os, MAX_EXCERPT),
            arch: excerpt(&machine.arch, MAX_EXCERPT),
            ..machine
        });
        Ok(SavedRun {
            version: excerpt(&self.version, MAX_EXCERPT),
            started_at: self.started_at.0,
            machine,
            targets: self.targets,
            warm: self.warm,
            paced: self.paced,
            held_back_by: self.held_back_by,
            runs: self.runs,
        })
    }
}

impl History {
    /// Writes the file as the [module's documentation](super) says.
    ///
    /// # Errors
    ///
    /// Errors of `out`.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let file = BaselineFile {
            kind: KIND,
            schema: SCHEMA,
            history: self.runs().iter().map(SavedRecord::from).collect(),
        };
        // Indented, because people read its changes where it lies in a repository.
        serde_json::to_writer_pretty(&mut out, &file)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Reads a file and checks every value of it, since any program may have written it.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says what to do.
    pub fn read(file: impl Read) -> Result<Self, ReadError> {
        let mut text = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            return Err(ReadError::Other("it is too long".to_owned()));
        }
        let head: BaselineHead = serde_json::from_slice(&text).map_err(|error| other(&error))?;
        if head.kind != KIND {
            return Err(ReadError::Other(format!(
                "its type is {:?}",
                excerpt(&head.kind, MAX_EXCERPT)
            )));
        }
        if head.schema != SCHEMA {
            return Err(ReadError::Schema(head.schema));
        }
        let body: BaselineBody = serde_json::from_slice(&text).map_err(|error| other(&error))?;
        let runs: Result<Vec<_>, _> = body.history.into_iter().map(SavedRecord::checked).collect();
        let runs = runs.map_err(|wrong| ReadError::Other(wrong.to_owned()))?;
        History::from_runs(runs).ok_or_else(|| {
            ReadError::Other(format!("it has one run at least, and {MAX_RUNS} at most"))
        })
    }
}

fn other(error: &serde_json::Error) -> ReadError {
    ReadError::Other(excerpt(&error.to_string(), MAX_EXCERPT))
}
