//! The plot area of a chart in a page: its content is placed by shares of its width, so that the chart is as wide as the
//! page lets it be, and its text as large as ever.
//!
//! A [`chart`] in a page is no picture with a view box, which would scale its text too. It is several of them over each
//! other, on its area, whose left edge and width the page's style sheet sets: [`plot`](PlotArea::plot) for what is placed
//! in per cent, and [`stretched`](PlotArea::stretched) for outlines, which only have units. (A single picture could hold
//! both, but browsers take no width of an inner `svg` element from a style sheet.)

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use maud::{Markup, html};

use super::svg::Number;
use crate::report::export::markup::MarkupText;

/// A place across the area, from 0 at its left edge to 1 at its right one, written in per cent.
#[derive(Debug, Clone, Copy)]
pub(in crate::report::export) struct Share(pub(in crate::report::export) f64);

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Number(self.0 * 100.0))
    }
}

/// The area of a chart, in units of a picture of the usual width, as one that stands alone has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::report::export) struct PlotArea {
    pub(in crate::report::export) left: f64,
    pub(in crate::report::export) width: f64,
    /// The upper edge of what is shown of the picture, and the height of it.
    pub(in crate::report::export) top: f64,
    pub(in crate::report::export) height: f64,
}

impl PlotArea {
    /// Writes content that is placed by shares of the width, and by units from the upper edge of the picture.
    pub(in crate::report::export) fn plot(&self, content: &Markup) -> Markup {
        html! {
            svg.area x=(Number(self.left)) width=(Number(self.width)) height=(Number(self.height))
                overflow="visible" {
                @if self.top == 0.0 {
                    (content)
                } @else {
                    g transform={ "translate(0 " (Number(-self.top)) ")" } { (content) }
                }
            }
        }
    }

    /// Writes outlines in units of the picture, which become as wide as the area.
    pub(in crate::report::export) fn stretched(&self, content: &Markup) -> Markup {
        let view =
            [self.left, self.top, self.width, self.height].map(|edge| Number(edge).to_string());
        html! {
            svg.area x=(Number(self.left)) width=(Number(self.width)) height=(Number(self.height))
                viewBox=(view.join(" ")) preserveAspectRatio="none" { (content) }
        }
    }

    /// The share of a place in units of the picture.
    pub(in crate::report::export) fn share(&self, x: f64) -> Share {
        Share((x - self.left) / self.width)
    }
}

/// Writes a chart: layers of its area over each other, the last one on top. Readers who do not see them get the title and
/// the description.
pub(in crate::report::export) fn chart(
    (class, id): (&str, &str),
    [title, description]: [&str; 2],
    layers: &[Markup],
) -> Markup {
    let [title_id, description_id] = ["title", "desc"].map(|part| format!("{id}-{part}"));
    html! {
        div class={ "chart plot " (class) } role="img"
            aria-labelledby={ (title_id) " " (description_id) } {
            span.hidden id=(title_id) { (MarkupText(title)) }
            span.hidden id=(description_id) { (MarkupText(description)) }
            @for layer in layers { (layer) }
        }
    }
}

/// Writes a vertical line.
pub(in crate::report::export) fn vertical(
    class: &str,
    x: Share,
    [top, bottom]: [f64; 2],
) -> Markup {
    html! { line class=(class) x1=(x) x2=(x) y1=(Number(top)) y2=(Number(bottom)) {} }
}

/// Writes a label at a line, on the side that has more room for it.
pub(in crate::report::export) fn mark_label(class: &str, x: Share, y: f64, label: &str) -> Markup {
    let anchor = match x.0 {
        x if x < 0.25 => "",
        x if x > 0.75 => "end",
        _ => "middle",
    };
    let class = [class, anchor].join(" ");
    html! { text class=(class.trim_end()) x=(x) y=(Number(y)) { (MarkupText(label)) } }
}

/// The width of a character of a label: rather more than it takes.
const CHARACTER: f64 = 7.0;

/// The least distance between two labels of an axis.
const GAP: f64 = 8.0;

/// The least widths of a chart's area on wide, medium and small screens, between which the style sheet distinguishes.
pub(in crate::report::export) type AreaWidths = [f64; 3];

/// The widths of an area that has all of a section to itself.
pub(in crate::report::export) const ALONE: AreaWidths = [540.0, 300.0, 150.0];

/// The widths of one that has something beside it.
pub(in crate::report::export) const BESIDE: AreaWidths = [230.0, 300.0, 150.0];

/// The classes of labels that have no room on wide, medium and small screens.
const LEFT_OUT: [&str; 3] = ["not-wide", "not-medium", "not-small"];

/// Writes the labels of an axis across the area, each with as many screens as it has room on.
pub(in crate::report::export) fn labels(
    labels: &[(Share, String)],
    y: f64,
    widths: AreaWidths,
) -> Markup {
    let shown = widths.map(|width| with_room(labels, width));
    html! {
        @for (number, (x, label)) in labels.iter().enumerate() {
            @let left_out = LEFT_OUT.iter().zip(&shown).filter(|(_, shown)| !shown[number]);
            @let class = left_out.fold("middle".to_owned(), |class, (name, _)| class + " " + name);
            text class=(class) x=(x) y=(Number(y)) { (MarkupText(label)) }
        }
    }
}

/// Tells of each label whether it has room in an area of this width. Of ticks that are as far apart as each other every
/// second is left out, or more alike, so that those shown are too; of others those without room beside the one before.
fn with_room(labels: &[(Share, String)], width: f64) -> Vec<bool> {
    let mut gaps = labels.windows(2).map(|pair| pair[1].0.0 - pair[0].0.0);
    let first = gaps.next().unwrap_or_default();
    if !gaps.all(|gap| (gap - first).abs() < 1e-6) {
        return beside_one_before(labels, width);
    }
    let every = |step: usize| -> Vec<bool> {
        let shown: Vec<_> = labels.iter().step_by(step).cloned().collect();
        let has_room = beside_one_before(&shown, width).iter().all(|shown| *shown);
        let is_shown = |number: usize| has_room && number.is_multiple_of(step);
        (0..labels.len()).map(is_shown).collect()
    };
    let mut steps = (1..=labels.len()).map(every);
    steps
        .find(|shown| shown.contains(&true))
        .unwrap_or_default()
}

/// Tells of each label whether it has room beside those before it that have.
fn beside_one_before(labels: &[(Share, String)], width: f64) -> Vec<bool> {
    let mut end = f64::NEG_INFINITY;
    labels
        .iter()
        .map(|(x, label)| {
            let half = label.chars().count() as f64 * CHARACTER / 2.0;
            let has_room = x.0 * width - half >= end + GAP;
            if has_room {
                end = x.0 * width + half;
            }
            has_room
        })
        .collect()
}

/// An item of a legend: the class of its key, the shape that the key has, and its name.
#[derive(Debug)]
pub(in crate::report::export) struct LegendItem {
    pub(in crate::report::export) class: &'static str,
    pub(in crate::report::export) shape: KeyShape,
    pub(in crate::report::export) name: Cow<'static, str>,
}

/// The shape of a key in a legend.
#[derive(Debug, Clone, Copy)]
pub(in crate::report::export) enum KeyShape {
    Square,
    Dot,
    Bar,
    Line,
}

/// Writes a legend above a chart.
pub(in crate::report::export) fn legend(items: &[LegendItem]) -> Markup {
    html! {
        ul.legend {
            @for LegendItem { class, shape, name } in items {
                li {
                    svg.chart.key width="14" height="14" aria-hidden="true" {
                        @match shape {
                            KeyShape::Square => rect class=(class) x="1" y="1" width="12" height="12" rx="2" {},
                            KeyShape::Dot => circle class=(class) cx="7" cy="7" r="4" {},
                            KeyShape::Bar => line class=(class) x1="7" x2="7" y1="1" y2="13" {},
                            KeyShape::Line => line class=(class) x1="0" x2="14" y1="7" y2="7" {},
                        }
                    }
                    (name)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(labels: &[(f64, &str)]) -> Vec<(Share, String)> {
        let label = |(x, label): &(f64, &str)| (Share(*x), (*label).to_owned());
        labels.iter().map(label).collect()
    }

    #[test]
    fn labels_that_would_touch_are_left_out_on_the_screens_where_they_would() {
        let ticks: Vec<_> = (0..8).map(|k| (f64::from(k) / 7.0, "100 ms")).collect();
        let ticks = axis(&ticks);
        let shown = |width| {
            with_room(&ticks, width)
                .iter()
                .filter(|shown| **shown)
                .count()
        };
        assert_eq!([540.0, 300.0, 150.0].map(shown), [8, 4, 3]);
        for width in [540.0, 300.0, 150.0, 40.0] {
            let kept: Vec<f64> = with_room(&ticks, width)
                .iter()
                .zip(&ticks)
                .filter_map(|(shown, (x, _))| shown.then_some(x.0 * width))
                .collect();
            assert!(!kept.is_empty(), "{width}");
            let apart = kept.windows(2).all(|pair| pair[1] - pair[0] >= 42.0 + GAP);
            assert!(apart, "{width}: {kept:?}");
        }
        // One short label more would have room at first, and those behind it none.
        let short_first = [(0.0, "0"), (0.25, "20 ms"), (0.5, "40 ms"), (0.75, "60 ms")];
        let shown = |ticks: &[(f64, &str)], width| with_room(&axis(ticks), width);
        assert_eq!(shown(&short_first, 160.0), [true, false, true, false]);
        // Numbers of workers are not as far apart as each other.
        let workers = [(0.0, "1"), (0.5, "8"), (0.51, "9"), (1.0, "64")];
        assert_eq!(shown(&workers, 160.0), [true, true, false, true]);
        let written = labels(&ticks, 9.0, ALONE).into_string();
        let first = "<text class=\"middle\" x=\"0%\" y=\"9\">100 ms</text>";
        assert!(written.starts_with(first), "{written}");
        assert_eq!(written.matches("not-small").count(), 5, "{written}");
        assert_eq!(written.matches("not-medium").count(), 4, "{written}");
        assert!(!written.contains("not-wide"), "{written}");
    }

    #[test]
    fn a_label_at_a_line_goes_to_the_side_with_more_room() {
        for (x, class) in [(0.1, "mark"), (0.5, "mark middle"), (0.9, "mark end")] {
            let written = mark_label("mark", Share(x), 9.0, "knee: 8").into_string();
            let start = format!("<text class=\"{class}\" ");
            assert!(written.starts_with(&start), "{written}");
        }
    }
}
