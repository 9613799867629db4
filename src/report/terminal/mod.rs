//! Reports on a terminal: the report for people, progress, exchanges, warnings and notes.

mod comparison;
mod expansion_note;
mod human;
mod progress;
mod rate;
mod screen;
mod verbose;
mod warnings;

pub use expansion_note::ExpansionNote;
pub use human::{Human, HumanStyle};
pub use progress::Progress;
pub use screen::AboveProgress;
pub use verbose::Verbose;
pub use warnings::Warnings;
