//! A picture of a timeline as SVG, and the frame of one that stands alone.

use std::collections::BTreeMap;
use std::fmt;

use maud::{Markup, PreEscaped, html};

use super::STYLE;
use super::layout::{Bar, LEFT, NAMES, Panel, Picture, RIGHT, Rect, WIDTH};
use crate::report::export::markup::MarkupText;

/// The height above the legend of a picture in a page, which has a title elsewhere ...
pub(super) const EMBEDDED_TOP: f64 = 16.0;

/// ... and of one that stands alone.
pub(super) const DOCUMENT_TOP: f64 = 58.0;

/// Writes a timeline as an `svg` element.
pub(super) fn embedded(picture: &Picture) -> Markup {
    html! {
        svg.chart.wide viewBox={ "0 0 " (Number(WIDTH)) " " (Number(picture.height)) } role="img"
            aria-labelledby="tl-title tl-desc" {
            title id="tl-title" { "Timeline by worker" }
            desc id="tl-desc" { (MarkupText(&picture.description)) }
            (body(picture))
        }
    }
}

/// Writes a timeline as a document.
pub(super) fn document(picture: &Picture) -> Markup {
    frame(
        [WIDTH, picture.height],
        ["tl-title", "tl-desc"],
        &picture.title,
        &picture.description,
        &body(picture),
    )
}

/// Writes a picture as a document: its size, the ids of its title and its description, and what it shows.
pub(super) fn frame(
    [width, height]: [f64; 2],
    [title_id, description_id]: [&str; 2],
    title: &str,
    description: &str,
    body: &Markup,
) -> Markup {
    let (width, height) = (Number(width), Number(height));
    html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
            viewBox={ "0 0 " (width) " " (height) } role="img"
            aria-labelledby={ (title_id) " " (description_id) } {
            "\n"
            title id=(title_id) { (MarkupText(title)) } "\n"
            desc id=(description_id) { (MarkupText(description)) } "\n"
            style { "\n" (PreEscaped(STYLE)) } "\n"
            rect.background width="100%" height="100%" {} "\n"
            (text("title", 20.0, 30.0, title))
            (body)
        }
        "\n"
    }
}

fn body(picture: &Picture) -> Markup {
    html! {
        @for (number, note) in picture.notes.iter().enumerate() {
            (text("note", 20.0, picture.notes_y + 18.0 * number as f64, note))
        }
        @for (class, x) in &picture.legend {
            rect class=(NAMES[*class]) x=(Number(*x)) y=(Number(picture.legend_y - 10.0)) width="12"
                height="12" rx="2" {}
            "\n"
            (text("note", x + 17.0, picture.legend_y, NAMES[*class]))
        }
        @for panel in &picture.panels { (lanes(panel)) }
        (axis(picture))
        @for panel in &picture.panels {
            @for bar in &panel.bars { (self::bar(bar)) }
            (columns(panel))
        }
    }
}

/// Writes the backgrounds and the names of a run's lanes.
fn lanes(panel: &Panel) -> Markup {
    let background = |&(y, height): &(f64, f64)| Rect {
        class: 0,
        x: LEFT,
        y,
        width: RIGHT - LEFT,
        height,
    };
    html! {
        @if let Some((y, heading)) = &panel.heading { (text("heading", LEFT, *y, heading)) }
        path.lane d={ @for lane in &panel.lanes { (Outline(&background(lane))) } } {} "\n"
        @for (y, label) in &panel.labels { (text("name", LEFT - 8.0, *y, label)) }
    }
}

/// Writes the marks of the time axis: behind the lanes only, not through the headings.
fn axis(picture: &Picture) -> Markup {
    let last = picture.panels.len().saturating_sub(1);
    let reach = |(number, panel): (usize, &Panel)| {
        let ((top, _), (y, height)) = (panel.lanes.first()?, panel.lanes.last()?);
        // The last has a little more, towards its label.
        let more = if number == last { 6.0 } else { 0.0 };
        Some((Number(*top), Number(y + height + more)))
    };
    let reaches: Vec<_> = picture
        .panels
        .iter()
        .enumerate()
        .filter_map(reach)
        .collect();
    html! {
        @if !picture.ticks.is_empty() {
            path.grid d={
                @for (top, bottom) in &reaches {
                    @for (x, _) in &picture.ticks { "M" (Number(*x)) " " (top) "V" (bottom) }
                }
            } {}
            "\n"
            @for (x, label) in &picture.ticks {
                (text("middle", *x, picture.bottom + 20.0, label))
            }
        }
    }
}

fn bar(bar: &Bar) -> Markup {
    html! {
        g.bar {
            title { (MarkupText(&bar.tooltip)) }
            @for rect in &bar.rects { path class=(NAMES[rect.class]) d=(Outline(rect)) {} }
        }
        "\n"
    }
}

/// Writes a path per class, which is shorter than an element per column. Failures come last, on top.
fn columns(panel: &Panel) -> Markup {
    let mut classes: BTreeMap<usize, Vec<&Rect>> = BTreeMap::new();
    for rect in &panel.columns {
        classes.entry(rect.class).or_default().push(rect);
    }
    html! {
        @for (class, rects) in classes {
            path class=(NAMES[class]) d={ @for rect in rects { (Outline(rect)) } } {} "\n"
        }
    }
}

/// Writes a line of text.
pub(super) fn text(class: &str, x: f64, y: f64, text: &str) -> Markup {
    html! {
        text class=(class) x=(Number(x)) y=(Number(y)) { (MarkupText(text)) } "\n"
    }
}

/// A rectangle as the data of a path.
struct Outline<'a>(&'a Rect);

impl fmt::Display for Outline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rect {
            x,
            y,
            width,
            height,
            ..
        } = *self.0;
        let [x, y, width, height] = [x, y, width, height].map(Number);
        write!(f, "M{x} {y}h{width}v{height}h-{width}z")
    }
}

/// A number to a hundredth, without needless zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [1.0, 0.126, 17.5].map(|n| Number(n).to_string());
        assert_eq!(texts, ["1", "0.13", "17.5"]);
    }
}
