//! Reports: what has happened, written down.
//!
//! A report is a [`Listener`](crate::model::event::Listener) over an injected writer, so it can be tested
//! as exact bytes. Nothing else in the library prints.

mod against;
pub mod export;
mod fanout;
mod format;
pub mod schema;
mod terminal;

pub use fanout::Fanout;
pub use format::{bytes, duration};
pub use schema::{JsonLines, replay};
pub use terminal::{AboveProgress, Human, HumanStyle, Progress, Verbose, Warnings};

/// Whether, and how, the serial baseline stands in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Baseline {
    /// Not at all.
    None,
    /// As the sum of the per-URL times, labelled an estimate.
    #[default]
    Estimate,
}
