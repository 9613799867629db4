//! Reports on a terminal: the report for people, progress, exchanges and warnings.

mod comparison;
mod human;
mod progress;
mod verbose;
mod warnings;

pub use human::{Human, HumanStyle};
pub use progress::{AboveProgress, Progress, Screen};
pub use verbose::Verbose;
pub use warnings::Warnings;
