//! The file of a baseline: written as JSON, and checked when it is read.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::{BaselineRun, SavedRun, Targets};
use crate::model::json::{MAX_SECONDS, Rfc3339};
use crate::model::text::excerpt;

/// Version of the schema that is written and read.
const SCHEMA: u64 = 1;

/// Type of the file.
const KIND: &str = "baseline";

/// Longest file, in bytes: far longer than any sweep needs.
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
    #[error("it is no baseline ({0}); make one with --save-baseline")]
    Other(String),
    /// The file has another version of the schema.
    #[error(
        "its schema is {0}, and this pfetch reads {SCHEMA} only; make it again with --save-baseline"
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

#[derive(Serialize, Deserialize)]
struct BaselineBody {
    version: String,
    started_at: Rfc3339,
    targets: Targets,
    warm: bool,
    paced: bool,
    runs: Vec<BaselineRun>,
}

#[derive(Serialize)]
struct BaselineFile {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: u64,
    #[serde(flatten)]
    body: BaselineBody,
}

impl SavedRun {
    /// Writes the file as the [module's documentation](super) says.
    ///
    /// # Errors
    ///
    /// Errors of `out`.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let file = BaselineFile {
            kind: KIND,
            schema: SCHEMA,
            body: BaselineBody {
                version: self.version.clone(),
                started_at: Rfc3339(self.started_at),
                targets: self.targets.clone(),
                warm: self.warm,
                paced: self.paced,
                runs: self.runs.clone(),
            },
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
        check(&body).map_err(|wrong| ReadError::Other(wrong.to_owned()))?;
        Ok(SavedRun {
            version: excerpt(&body.version, MAX_EXCERPT),
            started_at: body.started_at.0,
            targets: body.targets,
            warm: body.warm,
            paced: body.paced,
            runs: body.runs,
        })
    }
}

fn other(error: &serde_json::Error) -> ReadError {
    ReadError::Other(excerpt(&error.to_string(), MAX_EXCERPT))
}

fn check(body: &BaselineBody) -> Result<(), &'static str> {
    let hash = &body.targets.hash;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("its hash is not 64 hexadecimal digits");
    }
    if body.runs.is_empty() {
        return Err("there are no runs in it");
    }
    let is_time = |seconds: f64| (MIN_SECONDS..=MAX_SECONDS).contains(&seconds);
    if !body.runs.iter().all(|run| is_time(run.seconds)) {
        return Err("a run's seconds are a nanosecond at least, and a hundred years at most");
    }
    if body.runs.iter().any(|run| run.workers == 0) {
        return Err("a run has one worker at least");
    }
    Ok(())
}
