//! Errors of the run log as the program's own.

use super::{StartError, complain};
use crate::cli::ExitReasons;
use crate::engine::resume::JournalError;
use crate::report::Detail;

/// Notes how many files of the run log are not there as it has them, and what `becomes` of their URLs.
pub(super) fn note_lost_files(count: u64, becomes: &str, detail: Detail) {
    if count == 0 || !detail.has_summary() {
        return;
    }
    let files = match count {
        1 => "1 file that the log has is".to_owned(),
        _ => format!("{count} files that the log has are"),
    };
    complain(&format!("note: {files} gone or changed: {becomes}"));
}

/// The error of a run log that cannot be opened or read.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the argument of map_err"
)]
pub(super) fn unusable_log(error: JournalError) -> StartError {
    StartError {
        message: error.to_string(),
        reasons: match error.is_local() {
            true => ExitReasons::local(),
            false => ExitReasons::usage(),
        },
    }
}
