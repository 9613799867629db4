//! A timeline in a page, as wide as it.

use maud::{Markup, html};

use super::area::{self, KeyShape, LegendItem, PlotArea, Share};
use super::layout::{LEFT, NAMES, Picture, RIGHT};
use super::svg::{self, backgrounds, drawn};
use crate::report::export::markup::MarkupText;

/// The height above the legend in the layout of a picture in a page, where legend and notes are no part of it.
pub(super) const TOP: f64 = 16.0;

/// The distance of the names of lanes from them.
const NAME_GAP: f64 = 8.0;

/// Writes a timeline with its notes and its legend.
pub(super) fn embedded(picture: &Picture) -> Markup {
    let items: Vec<LegendItem> = picture
        .legend
        .iter()
        .map(|(class, _)| LegendItem {
            class: NAMES[*class],
            shape: KeyShape::Square,
            name: NAMES[*class].into(),
        })
        .collect();
    let area = PlotArea {
        left: LEFT,
        width: RIGHT - LEFT,
        top: picture.lanes_top,
        height: picture.height - picture.lanes_top,
    };
    html! {
        @for note in &picture.notes { p.note { (MarkupText(note)) } }
        (area::legend(&items))
        (area::chart(("timeline", "tl"), ["Timeline by worker", &picture.description], &[
            area.stretched(&html! { @for panel in &picture.panels { (backgrounds(panel)) } }),
            area.plot(&words(picture, area)),
            area.stretched(&html! { @for panel in &picture.panels { (drawn(panel)) } }),
        ]))
    }
}

/// Writes the headings, the names of the lanes, and the time axis.
fn words(picture: &Picture, area: PlotArea) -> Markup {
    let ticks = picture.ticks.iter();
    let ticks: Vec<(Share, String)> = ticks
        .map(|(x, label)| (area.share(*x), label.clone()))
        .collect();
    html! {
        @for panel in &picture.panels {
            @if let Some((y, heading)) = &panel.heading { (svg::text("heading", 0.0, *y, heading)) }
            @for (y, label) in &panel.labels { (svg::text("name", -NAME_GAP, *y, label)) }
        }
        @for ends in svg::reaches(picture) {
            @for (x, _) in &ticks { (area::vertical("grid", *x, ends)) }
        }
        (area::labels(&ticks, picture.bottom + 20.0, area::ALONE))
    }
}
