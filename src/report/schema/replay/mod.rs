//! Replay: reads JSON Lines and run logs, and emits the events of the run, comparison or sweep that wrote them.
//!
//! A file may hold several runs, one after the other or with their lines mixed, as processes leave them that
//! share a pipe or a file; each line names its run. Several runs become one:
//!
//! * Runs with the same run log are of one list, so a target that several of them report counts once: its last
//!   result, in the order of the log, which no clock decides. A result that only says that the target was done
//!   before gives way to the success that it refers to. Runs without a log are never merged into one another.
//! * The time is the union of the intervals that the runs took, the workers are the most at one time. Both rest
//!   on the clocks of the machines.
//! * Indices go on from list to list. Assertions, each of which was about one run, are left out.
//! * A report that was merged names the runs that it was made of. Beside those each of them counts once: the merge is
//!   left out if all are there, and else those that are.
//! * Runs name their shards. Of several shards that are not all of their list, the result counts as stopped.
//! * A run log has no times, so a report that needs its lines has none.
//!
//! The files are read twice: `survey` finds the runs and their ends, of which `selection` says which count; then
//! `alone` or `merged` emits the events, with the results as they stand there, or sorted by `input_order`. So
//! memory grows with the runs and not with their results, with one exception: of runs that share a log, `latest`
//! keeps 24 bytes for each index of the list. What the lines do not hold, such as the reason for a file's name, is not
//! restored; percentiles are computed from the results again.

mod alone;
mod input_order;
mod intervals;
mod latest;
mod lines;
mod merged;
mod merged_figures;
mod overlap;
mod result_head;
mod selection;
mod survey;
mod survey_warnings;
mod surveyed;

use std::fmt::{self, Debug, Formatter};
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use crate::engine::Order;
use crate::model::event::{Event, Listener};

use alone::AloneRun;
use input_order::InputOrder;
use lines::Lines;
use merged::Merger;
use survey::Survey;

/// Warning of a run that lacks its end.
const NO_END: &str = "has no end: the run was killed, or goes on; it counts as stopped";

/// Reason for which a line after the summary is refused.
const AFTER_THE_END: &str = "there is something after the end of the run";

/// Reason for which a comparison or a sweep among other runs is refused.
const MEASURED: &str = "a comparison or a sweep cannot be merged; replay it alone";

/// A file to replay, which is read more than once.
pub struct ReplayFile {
    /// Its name, safe to show.
    pub name: String,
    /// Opens it at a position, in bytes from its beginning.
    pub open: Box<dyn Fn(u64) -> Box<dyn Read>>,
}

impl ReplayFile {
    /// A file whose content is in memory.
    pub fn of_bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        ReplayFile {
            name: name.into(),
            open: Box::new(move |position| {
                let mut cursor = Cursor::new(Arc::clone(&bytes));
                cursor.set_position(position);
                Box::new(cursor)
            }),
        }
    }
}

impl Debug for ReplayFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplayFile").field(&self.name).finish()
    }
}

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
    /// Two merged reports have some of their runs in common.
    #[error(
        "{one} and {other} are merges with some of their runs in common, which would count twice; give the reports \
         that they were made of"
    )]
    Overlap {
        /// The name of one, safe to show.
        one: String,
        /// That of the other.
        other: String,
    },
    /// The temporary file in which the results are sorted cannot be written or read.
    #[error(
        "cannot sort the results in a temporary file: {0}; make room for it (TMPDIR), or take out --order input"
    )]
    Order(#[source] io::Error),
    /// The listener failed.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

/// The reason why a file has no run in it.
const NO_RUN: &str = "it is empty, or its first line breaks off";

/// Emits to `listener` the events of the runs in `files`, as of one run, with the results in the order of the files.
///
/// `is_stopped` is asked after each line; once it is true the replay ends without an end event. The listener is
/// not closed, because the caller may have more events for it.
///
/// # Errors
///
/// [`ReplayError`], after the events of the lines before the bad one.
pub fn replay(
    files: &[ReplayFile],
    listener: &mut dyn Listener,
    is_stopped: impl Fn() -> bool,
) -> Result<(), ReplayError> {
    replay_in(Order::Completion, files, listener, is_stopped)
}

/// Emits the same events as [`replay`], with the results in this order: as the files have them, or by their index. Of
/// several lists the second follows the first, as their indices do; in a comparison or a sweep each run is in that order.
///
/// # Errors
///
/// As for [`replay`].
pub fn replay_in(
    order: Order,
    files: &[ReplayFile],
    listener: &mut dyn Listener,
    is_stopped: impl Fn() -> bool,
) -> Result<(), ReplayError> {
    let survey = Survey::of(files, &is_stopped)?;
    let Some(merger) = Merger::new(&survey) else {
        return Ok(());
    };
    listener.event(&Event::Started(merger.info().clone()))?;
    if !survey.is_whole {
        return Ok(());
    }
    for warning in survey.broken_off() {
        listener.event(&Event::Warning(warning))?;
    }
    let order = match order {
        Order::Completion => None,
        Order::Input => Some(InputOrder::default()),
    };
    match survey.alone() {
        Some((file, run)) => {
            let lines = Lines::open(&files[file], survey.sizes[file]);
            let alone = AloneRun {
                files,
                file,
                info: run,
                missing: survey.missing_shards(),
            };
            alone.replay(lines, order, listener, is_stopped)
        }
        None => merger.replay(order, listener, is_stopped),
    }
}

/// Warning that the results of a run are not as many as its summary counts, which would make wrong figures
/// silently.
fn count_warning(found: u64, stated: u64) -> Option<String> {
    (found != stated).then(|| format!("has {found} results where its summary counts {stated}"))
}
