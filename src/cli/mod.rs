//! The command line: what was typed (`args`, after `habits` has put it into pfetch's own words), what it means
//! ([`Plan`], made by `resolve`), and the exit code ([`ExitReasons`]). The only module that names clap.

mod args;
mod exit;
mod files;
mod habits;
mod plan;
mod resolve;
mod self_description;
mod usage;

use std::env;
use std::ffi::OsString;

pub use exit::{ExitLine, ExitReasons};
pub use plan::{
    AttemptLimitNote, BodiesPlan, ExportPlan, ExportTarget, Format, JudgePlan, ListName, LogPlan,
    Mode, Plan, ProgressMode, ReportPlan, ResponseNote, StreamOutput,
};
pub use usage::UsageError;

use self::habits::Spellings;
use crate::report::json_schema;

/// Reads this process's command line.
///
/// # Errors
///
/// [`UsageError`], for mistakes, and for help, version and the like, which are printed instead of running.
pub fn parse() -> Result<Plan, UsageError> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if let Some(args) = args::TypedArgs::of_urls(&arguments) {
        return resolve::resolve(args, &Spellings::default()).map_err(UsageError::Mistake);
    }
    let command = args::TypedArgs::described();
    let own = habits::OwnOptions::of(&command);
    let translated = habits::translate(arguments, &own).map_err(UsageError::Mistake)?;
    if translated.wants_short_help {
        return Err(UsageError::Help(args::SHORT_HELP.to_owned()));
    }
    let (arguments, spellings) = translated.into_arguments();
    let args = args::TypedArgs::parse(command, arguments)
        .map_err(|error| UsageError::of(&error, &own, &spellings))?;
    if let Some(shell) = args.about.completions {
        let script = self_description::completions(args::TypedArgs::described(), shell);
        return Err(UsageError::Help(script));
    }
    if args.about.man {
        let page = self_description::manual(args::TypedArgs::described());
        return Err(UsageError::Help(page));
    }
    if args.about.schema {
        return Err(UsageError::Help(json_schema()));
    }
    resolve::resolve(args, &spellings).map_err(UsageError::Mistake)
}
