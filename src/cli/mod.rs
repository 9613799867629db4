//! The command line: what was typed (`args`), what it means ([`Plan`], made by `resolve`), and the exit code
//! ([`ExitReasons`]). The only module that names clap.

mod args;
mod exit;
mod files;
mod plan;
mod resolve;
mod usage;

pub use exit::{ExitReasons, MaxFailures};
pub use plan::{
    BodiesPlan, ExportPlan, ExportTarget, Format, JudgePlan, ListName, LogPlan, Mode, Plan,
    ProgressMode, ReportPlan, StreamOutput,
};
pub use usage::UsageError;

/// Reads this process's command line.
///
/// # Errors
///
/// [`UsageError`], for mistakes, and for help and the version, which are printed instead of running.
pub fn parse() -> Result<Plan, UsageError> {
    let args = args::TypedArgs::from_env()?;
    resolve::resolve(args).map_err(UsageError::Mistake)
}
