//! Reports of runs, for people and for programs.
//!
//! A report is a [`Listener`](crate::model::event::Listener) over an injected writer, so it can be tested
//! as exact bytes. Nothing else in the library prints. `terminal` is for people, `schema` is the JSON that
//! is written and replayed, `export` the files; `wording` and `format` decide the texts that they share.

mod against;
pub mod export;
mod fanout;
mod format;
pub mod schema;
mod terminal;
mod wording;

pub use fanout::Fanout;
pub use format::{bytes, duration};
pub use schema::{JsonLines, replay};
pub use terminal::{AboveProgress, ExpansionNote, Human, HumanStyle, Progress, Verbose, Warnings};

/// The serial baseline of a plain run's report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Baseline {
    /// No baseline.
    None,
    /// The sum of the per-URL times, labelled an estimate.
    #[default]
    Estimate,
}
