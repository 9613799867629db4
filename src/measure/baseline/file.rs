//! The file of a saved run.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::{OneRun, SavedRun, Targets};
use crate::model::text::excerpt;

/// The schema that is written and read.
const SCHEMA: u64 = 1;

/// The longest file: far more than any sweep needs.
const MAX_FILE: u64 = 16 << 20;

/// How much is shown of what is wrong, and believed of a version's name.
const MAX_SHOWN: usize = 80;

/// No run is shorter than what a clock can tell.
const MIN_SECONDS: f64 = 1e-9;

/// No run lasts longer than a hundred years.
const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// Why a saved run cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}; a run with --save-baseline makes one")]
    Io(#[from] io::Error),
    /// It holds something else.
    #[error("it is no baseline ({0}); make one with --save-baseline")]
    Other(String),
    /// It is of another version.
    #[error(
        "its schema is {0}, and this pfetch reads {SCHEMA} only; make it again with --save-baseline"
    )]
    Schema(u64),
}

/// Just what has to be known before anything else is believed.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    schema: u64,
}

#[derive(Serialize, Deserialize)]
struct Body {
    version: String,
    started_at: String,
    targets: Targets,
    warm: bool,
    paced: bool,
    runs: Vec<OneRun>,
}

#[derive(Serialize)]
struct Whole {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: u64,
    #[serde(flatten)]
    body: Body,
}

/// The type of the file.
const KIND: &str = "baseline";

impl SavedRun {
    /// Writes it as the [module's documentation](super) says.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let whole = Whole {
            kind: KIND,
            schema: SCHEMA,
            body: Body {
                version: self.version.clone(),
                started_at: humantime::format_rfc3339_micros(self.started_at).to_string(),
                targets: self.targets.clone(),
                warm: self.warm,
                paced: self.paced,
                runs: self.runs.clone(),
            },
        };
        // For people too: the file may well lie in a repository, where its changes are read.
        serde_json::to_writer_pretty(&mut out, &whole)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Reads one, and believes nothing of it that cannot be.
    ///
    /// # Errors
    ///
    /// [`ReadError`], with what to do.
    pub fn read(file: impl Read) -> Result<Self, ReadError> {
        let mut text = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            return Err(ReadError::Other("it is too long".to_owned()));
        }
        let head: Head = serde_json::from_slice(&text).map_err(|error| other(&error))?;
        if head.kind != KIND {
            return Err(ReadError::Other(format!(
                "its type is {:?}",
                excerpt(&head.kind, MAX_SHOWN)
            )));
        }
        if head.schema != SCHEMA {
            return Err(ReadError::Schema(head.schema));
        }
        let body: Body = serde_json::from_slice(&text).map_err(|error| other(&error))?;
        let started_at = humantime::parse_rfc3339(&body.started_at)
            .map_err(|error| ReadError::Other(format!("started_at: {error}")))?;
        check(&body).map_err(|wrong| ReadError::Other(wrong.to_owned()))?;
        Ok(SavedRun {
            version: excerpt(&body.version, MAX_SHOWN),
            started_at,
            targets: body.targets,
            warm: body.warm,
            paced: body.paced,
            runs: body.runs,
        })
    }
}

fn other(error: &serde_json::Error) -> ReadError {
    ReadError::Other(excerpt(&error.to_string(), MAX_SHOWN))
}

fn check(body: &Body) -> Result<(), &'static str> {
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
