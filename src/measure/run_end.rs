//! The end of a run within a comparison or a sweep.

use std::io;

use super::answers::AnswerCheck;
use crate::model::event::{Event, Listener};
use crate::model::summary::Summary;

/// Ends a run: completes its figures by what its answers show, gives them to `note`, which finds reasons by them, and
/// tells the reports. Returns true if the run counts as made: it was not stopped, and had something to do.
pub(super) fn end_run(
    summary: &mut Summary,
    answers: &mut AnswerCheck,
    note: impl FnOnce(&Summary),
    listener: &mut dyn Listener,
) -> io::Result<bool> {
    let is_whole = !summary.stopped && summary.makespan.is_some();
    summary.failing_only = answers.end_run(is_whole);
    note(summary);
    listener.event(&Event::ArmEnded(summary.clone()))?;
    listener.idle()?;
    Ok(is_whole)
}
