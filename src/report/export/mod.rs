//! A run as a file for another program to open.

mod document;
mod har;
mod svg;
mod trace;
mod visit;

pub use har::Har;
pub use svg::Svg;
pub use trace::Trace;
