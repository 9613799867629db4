//! The pairs of a comparison: the times of each, its speed-up, and the interval that the verdict rests on.

use maud::{Markup, html};

use super::area::{self, KeyShape, LegendItem, PlotArea, Share};
use super::axis::{self, Tick};
use super::svg::{Number, text};
use crate::model::measurement::Comparison;
use crate::report::format::format_secs;
use crate::report::wording::HTML;
use crate::stats::{Finding, Interval, RunPair, Speedup};

/// The area of either plot, in a picture of the usual width.
const LEFT: f64 = 62.0;
const AREA: f64 = 400.0;

/// The upper edge of the rows, below two labels, and the height below them.
const TOP: f64 = 44.0;
const FOOT: f64 = 30.0;

/// The baselines of the labels of the mean and of 1, which may be near each other.
const MEAN_LABEL: f64 = TOP - 6.0;
const ONE_LABEL: f64 = TOP - 24.0;

/// The part of the picture above the times, which have no labels there.
const NO_LABELS: f64 = 34.0;

/// The height of the rows of all pairs, and the most for each.
const ROWS: f64 = 240.0;
const PITCH: f64 = 20.0;

/// The most pairs that are drawn: more would be thinner than a line.
pub(in crate::report::export) const MOST_PAIRS: usize = 120;

/// The least distance of rows that are all named.
const LABEL_HEIGHT: f64 = 14.0;

/// The ratio of the largest speed-up to the smallest from which on their scale is logarithmic.
const WIDE: f64 = 20.0;

/// The most by which the scale of the speed-ups goes beyond those of the pairs, for an interval's sake.
const REACH: f64 = 1.5;

/// The pairs of a comparison, ready to be drawn.
#[derive(Debug)]
pub(in crate::report::export) struct PairsPlot<'a> {
    comparison: &'a Comparison,
    speedup: Speedup,
    /// Those that are drawn.
    pub(in crate::report::export) pairs: Vec<RunPair>,
    /// Their numbers, from 1: pairs that were not answered alike are left out.
    pub(in crate::report::export) numbers: Vec<u32>,
    pitch: f64,
}

impl<'a> PairsPlot<'a> {
    /// The first pairs of a comparison; `None` if it has none, or no speed-up because nothing succeeded.
    pub(in crate::report::export) fn of(comparison: &'a Comparison) -> Option<Self> {
        let mut speedup = comparison.speedup?;
        speedup.interval = speedup.interval.filter(Interval::says_something);
        let (numbers, pairs): (Vec<u32>, Vec<RunPair>) = comparison
            .deciding_pairs()
            .filter(|(_, pair)| pair.ratio().is_finite() && pair.ratio() > 0.0)
            .take(MOST_PAIRS)
            .unzip();
        let pitch = (ROWS / pairs.len().max(1) as f64).min(PITCH);
        (!pairs.is_empty()).then_some(PairsPlot {
            comparison,
            speedup,
            pairs,
            numbers,
            pitch,
        })
    }

    /// Writes the times and the speed-ups as elements to be embedded in a page that has the style of the charts: beside
    /// each other, or on a small screen one above the other.
    pub(in crate::report::export) fn embedded(&self) -> Markup {
        let dot = |class, name: &'static str| LegendItem {
            class,
            shape: KeyShape::Dot,
            name: name.into(),
        };
        let band = LegendItem {
            class: "band",
            shape: KeyShape::Square,
            name: "95 % interval of the mean".into(),
        };
        let bands: Vec<LegendItem> = self.speedup.interval.map(|_| band).into_iter().collect();
        let arms = [dot("serial", "serial"), dot("point", "parallel")];
        html! {
            .panels {
                div {
                    p.panel { "Time of each run" }
                    (area::legend(&arms))
                    (self.plot("pr-times", "Time of each run", NO_LABELS, &self.times()))
                }
                div {
                    p.panel { "Speed-up of each pair" }
                    (area::legend(&bands))
                    (self.plot("pr-ratios", "Speed-up of each pair", 0.0, &self.ratios()))
                }
            }
        }
    }

    /// Writes one of the plots, without this part of the picture above.
    fn plot(&self, id: &str, title: &str, top: f64, content: &Markup) -> Markup {
        let area = PlotArea {
            left: LEFT,
            width: AREA,
            top,
            height: self.floor() + FOOT - top,
        };
        let layer = area.plot(&html! { (content) (self.names()) });
        area::chart(("pairs", id), [title, &self.sentence()], &[layer])
    }

    /// The speed-ups in words.
    pub(in crate::report::export) fn sentence(&self) -> String {
        let ratios = || self.pairs.iter().map(|pair| pair.ratio());
        let least = ratios().fold(f64::INFINITY, f64::min);
        let [least, most] = HTML.ends(least, ratios().fold(least, f64::max));
        let speedup = &self.speedup;
        let mean = HTML.ratio(speedup.ratio);
        let mut sentence = match self.pairs.len() {
            1 => format!("The only pair has a speed-up of {mean}."),
            count => format!(
                "The speed-ups of {count} pairs go from {least} to {most}; their mean is {mean}."
            ),
        };
        if let Some(interval) = HTML.interval(*speedup) {
            let relation = match (self.comparison.finding(), self.comparison.verdict()) {
                (Some(Finding::NoDifference), _) => {
                    ", with 1× in it: no difference is shown".to_owned()
                }
                (Some(Finding::Faster), Some(verdict)) => {
                    format!(", all of it above 1×: parallel is {}", verdict.as_str())
                }
                (Some(Finding::Slower), Some(verdict)) => {
                    format!(", all of it below 1×: parallel is {}", verdict.as_str())
                }
                _ => String::new(),
            };
            sentence += &format!(" Its {}{relation}.", interval);
        }
        let left_out = speedup.pairs.saturating_sub(self.pairs.len());
        if left_out > 0 {
            sentence += &format!(" {left_out} more are not drawn.");
        }
        sentence
    }

    /// The lower edge of the rows.
    fn floor(&self) -> f64 {
        TOP + self.pitch * self.pairs.len() as f64
    }

    /// The middle of the row of a pair.
    fn y(&self, row: usize) -> f64 {
        TOP + self.pitch * (row as f64 + 0.5)
    }

    fn radius(&self) -> f64 {
        (self.pitch * 0.35).clamp(1.5, 5.0)
    }

    fn names(&self) -> Markup {
        let every = (LABEL_HEIGHT / self.pitch).ceil() as usize;
        html! {
            @for row in (0..self.pairs.len()).step_by(every.max(1)) {
                (text("name", -10.0, self.y(row), &format!("pair {}", self.numbers[row])))
            }
        }
    }

    /// Writes the times: a ring for the serial run of each pair, a dot for the parallel one.
    fn times(&self) -> Markup {
        let longest = self.pairs.iter().map(|pair| pair.serial.max(pair.parallel));
        let longest = longest.fold(0.0, f64::max) * 1.05;
        let x = |seconds: f64| Share(seconds / longest);
        let radius = Number(self.radius());
        html! {
            (self.axis(axis::linear(0.0, longest), &x))
            @for (row, pair) in self.pairs.iter().enumerate() {
                @let y = Number(self.y(row));
                line.pair x1=(x(pair.parallel)) x2=(x(pair.serial)) y1=(y) y2=(y) {}
                circle.serial cx=(x(pair.serial)) cy=(y) r=(radius) {
                    title { "pair " (self.numbers[row]) ", serial: " (format_secs(pair.serial)) }
                }
                circle.point cx=(x(pair.parallel)) cy=(y) r=(radius) {
                    title { "pair " (self.numbers[row]) ", parallel: " (format_secs(pair.parallel)) }
                }
            }
        }
    }

    /// Writes the speed-ups: a dot for each pair, a line for their mean and for 1, a band for the interval.
    fn ratios(&self) -> Markup {
        let scale = RatioScale::new(self);
        let x = |ratio: f64| scale.x(ratio);
        let speedup = &self.speedup;
        let rows = [TOP, self.floor()];
        let mean = format!("mean {}", HTML.ratio(speedup.ratio));
        let radius = Number(self.radius());
        html! {
            @if let Some(interval) = speedup.interval {
                @let (low, high) = (x(interval.low), x(interval.high));
                rect.band x=(low) y=(Number(TOP)) width=(Share((high.0 - low.0).max(0.002)))
                    height=(Number(self.floor() - TOP)) {
                    title { (HTML.interval(*speedup).unwrap_or_default()) }
                }
            }
            (self.axis(scale.ticks(), &x))
            (area::vertical("axis", x(1.0), [ONE_LABEL + 4.0, self.floor()]))
            (area::mark_label("note", x(1.0), ONE_LABEL, "1×"))
            (area::vertical("mark", x(speedup.ratio), rows))
            (area::mark_label("mark", x(speedup.ratio), MEAN_LABEL, &mean))
            @for (row, pair) in self.pairs.iter().enumerate() {
                circle.point cx=(x(pair.ratio())) cy=(Number(self.y(row))) r=(radius) {
                    title { "pair " (self.numbers[row]) ": " (HTML.ratio(pair.ratio())) }
                }
            }
        }
    }

    fn axis(&self, ticks: Vec<Tick>, x: &dyn Fn(f64) -> Share) -> Markup {
        let floor = self.floor();
        let ticks = ticks.into_iter();
        let ticks: Vec<_> = ticks.map(|tick| (x(tick.seconds), tick.label)).collect();
        html! {
            @for (x, _) in &ticks { (area::vertical("grid", *x, [TOP, floor])) }
            (area::labels(&ticks, floor + 18.0, area::BESIDE))
        }
    }
}

/// The scale of the speed-ups, with 1 in it.
#[derive(Debug)]
struct RatioScale {
    low: f64,
    high: f64,
    is_log: bool,
}

impl RatioScale {
    fn new(plot: &PairsPlot<'_>) -> Self {
        let ratios = plot.pairs.iter().map(|pair| pair.ratio());
        let (low, high) = ratios.fold((1.0_f64, 1.0_f64), |(low, high), ratio| {
            (low.min(ratio), high.max(ratio))
        });
        // A wide interval runs out of the picture, instead of making everything else small.
        let (low, high) = match plot.speedup.interval {
            Some(interval) => (
                low.min(interval.low.max(low / REACH)),
                high.max(interval.high.min(high * REACH)),
            ),
            None => (low, high),
        };
        let is_log = high / low >= WIDE;
        let margin = if is_log {
            0.0
        } else {
            (high - low).max(0.02) * 0.06
        };
        let (low, high) = ((low - margin).max(low / 2.0), high + margin);
        RatioScale { low, high, is_log }
    }

    fn x(&self, ratio: f64) -> Share {
        let share = match self.is_log {
            true => (ratio / self.low).ln() / (self.high / self.low).ln(),
            false => (ratio - self.low) / (self.high - self.low),
        };
        Share(share.clamp(0.0, 1.0))
    }

    /// Ticks with the names of ratios.
    fn ticks(&self) -> Vec<Tick> {
        let mut ticks = match self.is_log {
            true => axis::logarithmic(self.low, self.high),
            false => axis::linear(self.low, self.high),
        };
        for tick in &mut ticks {
            // Rounded, so that binary fractions do not show.
            tick.label = format!("{}×", (tick.seconds * 1e4).round() / 1e4);
        }
        ticks
    }
}

#[cfg(test)]
mod tests;
