//! Reports on a terminal: the report for people, progress, exchanges, warnings and notes.

mod comparison;
mod heads;
mod human;
mod lines;
mod progress;
mod refused_heads;
mod style;
mod sweep_table;
mod totals;
mod url_note;
mod verbose;
mod warnings;

pub use human::Human;
pub use lines::{stderr_columns, stdout_columns, wrapped_message};
pub use progress::{AboveProgress, Progress, Screen};
pub use style::{Advice, Detail, HumanStyle, WayOn};
pub use verbose::Verbose;
pub use warnings::Warnings;
