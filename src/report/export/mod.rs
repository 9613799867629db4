//! Exports: a run in the formats of other programs, and as a page.

mod html;

pub use html::{Html, SweepCurve, SweepMark};
