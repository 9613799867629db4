//! Errors of the run log as the program's own.

use super::StartError;
use crate::cli::ExitReasons;
use crate::engine::resume::JournalError;

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
