//! Reports: what has happened, written down.
//!
//! A report is a [`Listener`](crate::event::Listener) over an injected writer, so it can be tested
//! as exact bytes. Nothing else in the library prints.

mod against;
mod compared;
pub mod export;
mod fanout;
mod flow;
mod human;
mod jsonl;
mod progress;
mod record;
mod screen;
mod units;
mod verbose;
mod versus;
mod warnings;

pub use fanout::Fanout;
pub use human::{Human, HumanStyle};
pub use jsonl::JsonLines;
pub use progress::Progress;
pub use screen::AboveProgress;
pub use units::{bytes, duration};
pub use verbose::Verbose;
pub use warnings::Warnings;

/// Whether, and how, the serial baseline stands in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Baseline {
    /// Not at all.
    None,
    /// As the sum of the per-URL times, labelled an estimate.
    #[default]
    Estimate,
}
