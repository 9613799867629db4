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

/// The width of a character of a label: rather more than it takes.
const CHARACTER: f64 = 7.0;

/// Writes a label that is centred at `x`, or moved as far as the edges of a picture of this width ask, which
/// would cut a centred one off.
pub(in crate::report::export) fn centred(
    class: &str,
    [x, y]: [f64; 2],
    width: f64,
    label: &str,
) -> Markup {
    let half = label.chars().count() as f64 * CHARACTER / 2.0;
    let (anchor, x) = match x {
        x if x + half > width => ("end", width),
        x if x < half => ("start", 0.0),
        x => ("middle", x),
    };
    let class = [class, anchor].join(" ");
    text(class.trim_start(), x, y, label)
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
    fn no_label_is_cut_off_at_an_edge() {
        for (x, label, expected) in [
            (
                626.0,
                "0",
                "<text class=\"middle\" x=\"626\" y=\"9\">0</text>",
            ),
            (
                626.0,
                "5 s",
                "<text class=\"middle\" x=\"626\" y=\"9\">5 s</text>",
            ),
            (
                626.0,
                "100 s",
                "<text class=\"end\" x=\"640\" y=\"9\">100 s</text>",
            ),
            (
                616.0,
                "500 µs",
                "<text class=\"middle\" x=\"616\" y=\"9\">500 µs</text>",
            ),
            (
                44.0,
                "500 µs",
                "<text class=\"middle\" x=\"44\" y=\"9\">500 µs</text>",
            ),
            (
                10.0,
                "500 µs",
                "<text class=\"start\" x=\"0\" y=\"9\">500 µs</text>",
            ),
        ] {
            let written = centred("", [x, 9.0], 640.0, label).into_string();
            assert_eq!(written.trim_end(), expected, "{label} at {x}");
        }
        let written = centred("mark", [639.0, 9.0], 640.0, "knee: 16").into_string();
        assert!(written.starts_with("<text class=\"mark end\""), "{written}");
    }

    #[test]
    fn numbers_are_short() {
        let texts = [1.0, 0.126, 17.5].map(|n| Number(n).to_string());
        assert_eq!(texts, ["1", "0.13", "17.5"]);
    }
}
