//! Exports: a run in the formats of other programs, and as a page.

mod document;
mod har;
mod html;
mod svg;
mod trace;
mod visit;

pub use har::Har;
pub use html::{Html, SweepCurve, SweepMark};
pub use svg::Svg;
pub use trace::Trace;
