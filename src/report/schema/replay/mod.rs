//! Replay: reads JSON Lines and emits the events of the run, comparison or sweep that wrote them.
//!
//! The reader takes a line at a time, so memory does not grow with the files. Several files become one run:
//! indices go on from file to file, counts and parallel times are added up, and assertions, each of which was
//! about one file's run, are left out. What the lines do not hold, such as the reason for a file's name, is
//! not restored; percentiles are computed from the results again.

mod log_file;
mod replayer;

use std::io::{self, Read};

use crate::model::event::{Listener, RunInfo};

use super::line::SchemaLine;
use log_file::LogFile;
use replayer::Replayer;

/// Reason why a replay ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Its name, safe to show.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// A line is not one of the schema, or not where it belongs.
    #[error("{file}:{line}: {reason}")]
    Line {
        /// Its file, safe to show.
        file: String,
        /// Its number, from 1.
        line: u64,
        /// The fault, and what to do if anything can be done.
        reason: String,
    },
    /// The listener failed.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

/// Emits to `listener` the events of the runs in `files`, given by name and content, as of one run.
///
/// `is_stopped` is asked before each line; once it is true the replay ends without an end event. The listener
/// is not closed, because the caller may have more events for it.
///
/// # Errors
///
/// [`ReplayError`], after the events of the lines before the bad one.
pub fn replay(
    files: Vec<(String, Box<dyn Read>)>,
    listener: &mut dyn Listener,
    is_stopped: impl Fn() -> bool,
) -> Result<(), ReplayError> {
    let mut text = Vec::new();
    let mut opened = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let mut file = LogFile::new(name, bytes);
        match file.next(&mut text)? {
            Some(SchemaLine::Run(run)) => opened.push((file, RunInfo::from(run))),
            _ => return Err(file.error("it is empty, or its first line breaks off")),
        }
    }
    match merged(opened.iter().map(|(_, info)| info.clone())) {
        Some(info) => Replayer::start(listener, info, opened.len())?.replay(opened, is_stopped),
        None => Ok(()),
    }
}

/// The beginning of several runs as one: the most workers, the earliest start.
fn merged(infos: impl Iterator<Item = RunInfo>) -> Option<RunInfo> {
    infos.reduce(|one, other| RunInfo {
        version: match one.version == other.version {
            true => one.version,
            false => "several".to_owned(),
        },
        workers: one.workers.max(other.workers),
        started_at: one.started_at.min(other.started_at),
        startup: one.startup + other.startup,
    })
}
