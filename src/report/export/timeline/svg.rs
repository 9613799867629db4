//! A picture of a timeline as SVG, and the frame of one that stands alone.

use std::collections::BTreeMap;
use std::fmt;

use maud::{Markup, PreEscaped, html};

use super::layout::{Bar, LEFT, NAMES, Panel, Picture, RIGHT, Rect, WIDTH};
use super::style;
use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::report::export::markup::MarkupText;
use crate::report::export::words::gate;
use crate::report::wording::capitalized;

/// The height above the legend of a picture that stands alone.
pub(super) const DOCUMENT_TOP: f64 = 58.0;

/// Writes a timeline as a document, whose picture leaves room for its title and for these gates.
pub(super) fn document(picture: &Picture, gates: &[AssertionResult]) -> Markup {
    Frame {
        size: [WIDTH, picture.height],
        ids: ["tl-title", "tl-desc"],
        title: &picture.title,
        description: &picture.description,
        gates,
    }
    .document(&body(picture))
}

/// A picture as a document, without what it shows.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) size: [f64; 2],
    /// The ids of the title and the description.
    pub(super) ids: [&'a str; 2],
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// Gates, in a line each below the title.
    pub(super) gates: &'a [AssertionResult],
}

/// The baseline of the first line below the title, and the distance of lines.
pub(super) const FIRST_LINE: f64 = 52.0;
pub(super) const LINE: f64 = 18.0;

impl Frame<'_> {
    /// Writes the document, with the body below the gates.
    pub(super) fn document(&self, body: &Markup) -> Markup {
        let [width, height] = self.size.map(Number);
        let [title_id, description_id] = self.ids;
        html! {
            svg.chart xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
                viewBox={ "0 0 " (width) " " (height) } role="img"
                aria-labelledby={ (title_id) " " (description_id) } {
                "\n"
                title id=(title_id) { (MarkupText(self.title)) } "\n"
                desc id=(description_id) {
                    (MarkupText(self.description))
                    @for judged in self.gates { " " (MarkupText(&capitalized(&gate(judged)))) "." }
                } "\n"
                style { "\n" (PreEscaped(style())) } "\n"
                rect.background width="100%" height="100%" {} "\n"
                (text("title", 20.0, 30.0, self.title))
                @for (number, judged) in self.gates.iter().enumerate() {
                    @let y = FIRST_LINE + LINE * number as f64;
                    (text(verdict_class(judged.verdict), 20.0, y, &gate(judged)))
                }
                (body)
            }
            "\n"
        }
    }
}

/// The class of the text of a verdict.
fn verdict_class(verdict: AssertionVerdict) -> &'static str {
    match verdict {
        AssertionVerdict::Held => "good",
        AssertionVerdict::Failed | AssertionVerdict::Unknown => "bad",
        AssertionVerdict::Inconclusive | AssertionVerdict::Skipped => "note",
    }
}

fn body(picture: &Picture) -> Markup {
    html! {
        @for (number, note) in picture.notes.iter().enumerate() {
            (text("note", 20.0, picture.notes_y + LINE * number as f64, note))
        }
        @for (class, x) in &picture.legend {
            rect class=(NAMES[*class]) x=(Number(*x)) y=(Number(picture.legend_y - 10.0)) width="12"
                height="12" rx="2" {}
            "\n"
            (text("note", x + 17.0, picture.legend_y, NAMES[*class]))
        }
        @for panel in &picture.panels {
            @if let Some((y, heading)) = &panel.heading { (text("heading", LEFT, *y, heading)) }
            (backgrounds(panel))
            @for (y, label) in &panel.labels { (text("name", LEFT - 8.0, *y, label)) }
        }
        (axis(picture))
        @for panel in &picture.panels { (drawn(panel)) }
    }
}

/// Writes what a run did.
pub(super) fn drawn(panel: &Panel) -> Markup {
    html! {
        @for bar in &panel.bars { (self::bar(bar)) }
        (columns(panel))
    }
}

/// Writes the backgrounds of a run's lanes.
pub(super) fn backgrounds(panel: &Panel) -> Markup {
    let background = |&(y, height): &(f64, f64)| Rect {
        class: 0,
        x: LEFT,
        y,
        width: RIGHT - LEFT,
        height,
    };
    html! {
        path.lane d={ @for lane in &panel.lanes { (Outline(&background(lane))) } } {} "\n"
    }
}

/// The upper and the lower end of the marks of the time axis in each panel: behind the lanes only, not through the
/// headings.
pub(super) fn reaches(picture: &Picture) -> Vec<[f64; 2]> {
    let last = picture.panels.len().saturating_sub(1);
    let reach = |(number, panel): (usize, &Panel)| {
        let ((top, _), (y, height)) = (panel.lanes.first()?, panel.lanes.last()?);
        // The last has a little more, towards its label.
        let more = if number == last { 6.0 } else { 0.0 };
        Some([*top, y + height + more])
    };
    let panels = picture.panels.iter().enumerate();
    panels.filter_map(reach).collect()
}

/// Writes the marks of the time axis.
fn axis(picture: &Picture) -> Markup {
    let reaches = reaches(picture);
    html! {
        @if !picture.ticks.is_empty() {
            path.grid d={
                @for [top, bottom] in &reaches {
                    @for (x, _) in &picture.ticks {
                        "M" (Number(*x)) " " (Number(*top)) "V" (Number(*bottom))
                    }
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
