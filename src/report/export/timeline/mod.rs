//! Timelines, the pairs of a comparison and the curve of a sweep, drawn as SVG.
//!
//! [`Timeline`] holds what a run did, `layout` places it, `svg` writes it. [`Svg`] is the export to a
//! file; the HTML page embeds the same pictures. Both use the same style sheet ([`style`]), whose rules apply
//! below an element of the class `chart` only.

mod area;
mod axis;
mod export;
mod fluid;
mod grid;
mod layout;
mod model;
mod pairs;
mod phase_bars;
mod svg;
mod sweep_curve;
mod text;

use maud::Markup;

use self::layout::Picture;
use super::palette::resolved;
use crate::model::measurement::Arm;
use crate::model::timing::Phase;

pub(super) use self::area::{BESIDE, PlotArea, Share, chart, labels, vertical};
pub(super) use self::axis::{Tick, label_to, linear, logarithmic};
pub use self::export::Svg;
pub(super) use self::model::{MOST_BARS, Timeline};
pub(super) use self::pairs::PairsPlot;
pub(super) use self::phase_bars::PhaseBars;
pub(super) use self::sweep_curve::SweepCurve;

/// Style sheet of all charts, for light and dark backgrounds.
pub(super) fn style() -> String {
    let colours = resolved(include_str!("chart_colours.css"));
    [include_str!("chart.css"), &colours].concat()
}

/// The classes of time in an attempt: its phases, and what was in none of them.
const CLASSES: usize = Phase::ALL.len() + 1;

/// A run to be drawn, and the arm of a comparison that it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct DrawnRun<'a> {
    pub(super) arm: Option<Arm>,
    pub(super) timeline: &'a Timeline,
}

/// Draws runs above each other as elements to be embedded in a page that has the [`style`], as wide as it.
pub(super) fn embedded(runs: &[DrawnRun<'_>]) -> Markup {
    fluid::embedded(&Picture::new(runs, fluid::TOP))
}
