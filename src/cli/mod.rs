//! The command line: what was typed (`Args`), what is meant ([`Plan`]), and the exit code.

mod args;
mod compare;
mod exit;
mod files;
mod output;
mod plan;
mod request;
mod save;
mod values;

pub use exit::{Ending, MaxFailures};
pub use output::ExportPlan;
pub use plan::{Format, ListName, Plan, ProgressMode, UsageError};
pub use save::{BodiesPlan, LogPlan};
