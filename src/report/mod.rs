//! Reports of runs, for people and for programs.
//!
//! A report is a [`Listener`](crate::model::event::Listener) over an injected writer, so it can be tested
//! as exact bytes. Nothing else in the library prints. `terminal` is for people, `schema` is the JSON that
//! is written and replayed, `template` lines of the user's own form, `export` the files; `wording`, `format` and `interval_text` decide the
//! texts that they share; `without_secrets` masks what is not for others; a `text_cell` is one of a column; `external_sort` sorts what is too much for memory.

mod against;
mod dry_run;
pub mod export;
mod external_sort;
mod fanout;
mod format;
mod interval_text;
mod json_schema;
pub mod schema;
mod shown_run;
mod template;
mod terminal;
mod text_cell;
mod without_secrets;
mod wording;

pub use dry_run::{DryCounts, DryForm, DryName, DryRun, DryTarget, dry_run_summary};
pub use fanout::Fanout;
pub use format::{bytes, counted, duration, grouped};
pub use json_schema::json_schema;
pub use schema::{JsonLines, replay, result_line};
pub use template::{MissingVariable, Template, TemplateError, TemplateField, TemplateLines};
pub use terminal::{
    AboveProgress, Advice, Detail, Human, HumanStyle, Progress, Screen, Verbose, Warnings, WayOn,
    stderr_columns, stdout_columns, wrapped_message,
};
pub use without_secrets::WithoutSecrets;
pub use wording::left_undone;

/// The serial baseline of a plain run's report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Baseline {
    /// No baseline.
    None,
    /// The sum of the requests' times, labelled an estimate.
    #[default]
    Estimate,
}
