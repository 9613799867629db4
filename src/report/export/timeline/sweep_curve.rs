//! The curve of a sweep: the time that the same URLs take, by number of workers.

use maud::{Markup, html};

use super::area::{self, KeyShape, LegendItem, PlotArea, Share};
use super::axis;
use super::svg::{FIRST_LINE, Frame, LINE, Number, text};
use crate::model::event::AssertionResult;
use crate::model::measurement::{Sweep, SweepRuns};
use crate::report::format::{counted, format_secs};
use crate::report::wording;
use crate::stats::Knee;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 350.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 56.0;
const FOOT: f64 = 44.0;

/// The baseline of the legend.
const LEGEND: f64 = 16.0;

/// The height above the curve of a picture that stands alone, for its title and its two notes.
const HEAD: f64 = 96.0;

/// The most that a fitted time may be above the longest measured one to be drawn.
const OVERSHOOT: f64 = 1.25;

/// The height above the curve that is the legend's in a picture that stands alone.
const LEGEND_HEIGHT: f64 = 26.0;

/// The share of the area that is left free on either side of the points.
const INSET: f64 = 0.025;

/// The area of the curve. `top` is the part of the picture above that is not shown.
fn area(top: f64) -> PlotArea {
    PlotArea {
        left: LEFT,
        width: WIDTH - LEFT - RIGHT,
        top,
        height: HEIGHT - top,
    }
}

/// The times of a sweep, ready to be drawn.
#[derive(Debug)]
pub(in crate::report::export) struct SweepCurve {
    /// The measured points, by rising number of workers.
    pub(in crate::report::export) points: Vec<CurvePoint>,
    /// The name of the typical time that the points are.
    pub(in crate::report::export) typical_name: &'static str,
    /// The number of workers after which more hardly help.
    knee: Option<Knee>,
    /// The law fitted to the points: numbers of workers (not only whole ones) and seconds.
    fitted: Vec<(f64, f64)>,
    /// The verdict of the sweep, in a sentence.
    verdict: String,
}

/// The time with one number of workers. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub(in crate::report::export) struct CurvePoint {
    /// The number of workers, at least 1.
    pub(in crate::report::export) workers: usize,
    /// The [typical time](Sweep::typical_seconds).
    pub(in crate::report::export) typical: f64,
    /// The lower end of its 95 % interval, or the time again if there is none.
    pub(in crate::report::export) low: f64,
    /// The upper end of it.
    pub(in crate::report::export) high: f64,
    /// True if its runs did other work than the others, so that the curve is not about it.
    pub(in crate::report::export) is_passed_over: bool,
}

impl CurvePoint {
    fn of(sweep: &Sweep, runs: &SweepRuns) -> Self {
        let typical = sweep.typical_seconds(runs);
        let (low, high) = match runs.interval {
            Some(interval) => (interval.low, interval.high),
            None => (typical, typical),
        };
        CurvePoint {
            workers: runs.workers,
            typical,
            low,
            high,
            is_passed_over: sweep.passed_over(runs.workers).is_some(),
        }
    }
}

impl From<&Sweep> for SweepCurve {
    fn from(sweep: &Sweep) -> Self {
        let point = |runs: &SweepRuns| CurvePoint::of(sweep, runs);
        let points: Vec<CurvePoint> = sweep.points.iter().map(point).collect();
        let most = points.last().map_or(1, |point| point.workers) as f64;
        let targets = sweep.targets as f64;
        // A point every tenth of a doubling makes a smooth line.
        let steps = (most.log2() * 10.0).ceil() as u32;
        let fitted = sweep.law.iter().flat_map(|law| {
            (0..=steps).map(move |step| {
                let workers = (f64::from(step) / 10.0).exp2().min(most);
                (workers, targets / law.throughput(workers))
            })
        });
        SweepCurve {
            fitted: fitted.collect(),
            typical_name: sweep.typical_name(),
            knee: sweep.knee,
            verdict: wording::sweep_verdict(sweep),
            points,
        }
    }
}

impl SweepCurve {
    /// Writes the curve as elements to be embedded in a page that has the style of the charts, as wide as it.
    pub(in crate::report::export) fn embedded(&self) -> Markup {
        let items: Vec<LegendItem> = self.keys().collect();
        html! {
            (area::legend(&items))
            (area::chart(
                ("curve", "sw"),
                ["Time by worker count", &self.sentence()],
                &self.layers(area(LEGEND_HEIGHT)),
            ))
        }
    }

    /// Writes the curve as a document, with the verdict and these gates above it.
    pub(in crate::report::export) fn document(&self, gates: &[AssertionResult]) -> Markup {
        let (sentence, legend) = (self.sentence(), self.legend_sentence());
        let verdict = wording::capitalized(&self.verdict);
        let below_gates = LINE * gates.len() as f64;
        let line = |number: f64| FIRST_LINE + below_gates + LINE * number;
        let body = html! {
            (text("note", 20.0, line(0.0), &format!("{verdict}.")))
            (text("note", 20.0, line(1.0), &sentence))
            g transform={ "translate(0 " (HEAD + below_gates) ")" } {
                (self.legend())
                @for layer in self.layers(area(0.0)) { (layer) }
            }
            "\n"
        };
        Frame {
            size: [WIDTH, HEAD + below_gates + HEIGHT],
            ids: ["sw-title", "sw-desc"],
            title: "pfetch: time by number of workers",
            description: &format!("{verdict}. {sentence} {legend}"),
            gates,
        }
        .document(&body)
    }

    /// The legend of the curve in a sentence, for readers who do not see it.
    fn legend_sentence(&self) -> String {
        let line = match self.fitted.is_empty() {
            true => "",
            false => ", the line is a law fitted to the points",
        };
        format!("The bars are 95 % intervals{line}.")
    }

    /// The shortest time and the knee, in words.
    pub(in crate::report::export) fn sentence(&self) -> String {
        let points = self.points.iter().filter(|point| !point.is_passed_over);
        let Some(best) = points.min_by(|a, b| a.typical.total_cmp(&b.typical)) else {
            return String::new();
        };
        let has_fewer = |workers| {
            let mut points = self.points.iter();
            points.any(|point| !point.is_passed_over && point.workers < workers)
        };
        let workers = |count: usize| counted(count as u64, "worker");
        let shortest = format!(
            "{} with {} was the shortest time.",
            format_secs(best.typical),
            workers(best.workers)
        );
        let knee = match self.knee {
            Some(knee) if knee.workers != knee.by_means => format!(
                " By the times alone {} come within 5 % of it, but so may {}: more runs would tell.",
                knee.by_means, knee.workers
            ),
            Some(knee) if knee.workers == best.workers => match has_fewer(knee.workers) {
                true => " Fewer take more than 5 % longer.".to_owned(),
                false => String::new(),
            },
            Some(knee) => {
                let come = if knee.workers == 1 { "comes" } else { "come" };
                let fewer = match has_fewer(knee.workers) {
                    true => ", fewer do not",
                    false => "",
                };
                let enough = workers(knee.workers);
                format!(" {enough} {come} within 5 % of it{fewer}.")
            }
            None => String::new(),
        };
        shortest + &knee
    }

    /// Writes the axes, the fitted line and the points, each over those before.
    fn layers(&self, area: PlotArea) -> [Markup; 3] {
        let scales = CurveScales::new(&self.points, &self.fitted);
        let drawn = self.fitted.iter();
        let drawn = drawn.filter(|(_, seconds)| *seconds <= scales.longest);
        let fitted = html! {
            polyline.fitted points={
                @for (workers, seconds) in drawn {
                    (tenth(area.left + scales.x(*workers).0 * area.width)) "," (tenth(scales.y(*seconds))) " "
                }
            } {}
        };
        let workers: Vec<(Share, String)> = (self.points.iter())
            .map(|point| (scales.x(point.workers as f64), point.workers.to_string()))
            .collect();
        let axes = html! {
            (time_axis(&scales))
            @if let Some(knee) = self.knee { (knee_mark(knee, &scales)) }
        };
        let points = html! {
            @for point in &self.points { (mark(point, &scales)) }
            (area::labels(&workers, FLOOR + 18.0, area::ALONE))
            text.middle x="50%" y=(tenth(HEIGHT - 8.0)) { "workers" }
        };
        let fitted = match self.fitted.is_empty() {
            true => Markup::default(),
            false => area.stretched(&fitted),
        };
        [area.plot(&axes), fitted, area.plot(&points)]
    }

    /// The keys of what the picture has.
    fn keys(&self) -> impl Iterator<Item = LegendItem> {
        let has_passed_over = self.points.iter().any(|point| point.is_passed_over);
        let has_intervals = self.points.iter().any(|point| point.low < point.high);
        let has_law = !self.fitted.is_empty();
        let typical = format!("{} of the runs", self.typical_name).into();
        [
            (true, "point", KeyShape::Dot, typical),
            (
                has_passed_over,
                "serial",
                KeyShape::Dot,
                "passed over: other answers".into(),
            ),
            (
                has_intervals,
                "whisker",
                KeyShape::Bar,
                "95 % interval".into(),
            ),
            (
                has_law,
                "fitted",
                KeyShape::Line,
                "fitted to the points (Universal Scalability Law)".into(),
            ),
        ]
        .into_iter()
        .filter(|(is_there, ..)| *is_there)
        .map(|(_, class, shape, name)| LegendItem { class, shape, name })
    }

    /// Writes the legend of a picture that stands alone.
    fn legend(&self) -> Markup {
        let mut x = LEFT + 20.0;
        let mut next = |name: &str| {
            let here = x;
            x += 30.0 + 7.0 * name.chars().count() as f64;
            here
        };
        let middle = LEGEND - 4.0;
        html! {
            @for LegendItem { class, shape, name } in self.keys() {
                @let at = next(&name);
                @match shape {
                    KeyShape::Bar => path class=(class) d={ "M" (at) " " (middle - 7.0) "V" (middle + 7.0) } {},
                    KeyShape::Line => path class=(class) d={ "M" (at - 10.0) " " (middle) "h20" } {},
                    KeyShape::Dot | KeyShape::Square => circle class=(class) cx=(at) cy=(middle) r="4" {},
                }
                (text("note", at + 14.0, LEGEND, &name))
            }
        }
    }
}

/// The scales of both axes, from workers and seconds to places in the picture.
struct CurveScales {
    most_workers: f64,
    /// The upper end of the time axis in seconds.
    longest: f64,
}

impl CurveScales {
    fn new(points: &[CurvePoint], fitted: &[(f64, f64)]) -> Self {
        let most_workers = points.iter().map(|point| point.workers).max();
        let measured = points.iter().map(|point| point.high.max(point.typical));
        let measured = measured.fold(1e-6, f64::max);
        let fitted = fitted.iter().map(|(_, seconds)| *seconds);
        let longest = fitted.fold(measured, f64::max).min(measured * OVERSHOOT);
        CurveScales {
            most_workers: most_workers.unwrap_or(0).max(2) as f64,
            longest: longest * 1.05,
        }
    }

    /// The place of a number of workers. Each doubling is the same distance.
    fn x(&self, workers: f64) -> Share {
        let share = workers.max(1.0).log2() / self.most_workers.log2();
        Share(INSET + share * (1.0 - 2.0 * INSET))
    }

    /// The place of a time. The axis begins at 0, so that heights compare as times do.
    fn y(&self, seconds: f64) -> f64 {
        let share = (seconds / self.longest).clamp(0.0, 1.0);
        FLOOR - share * (FLOOR - TOP)
    }
}

/// The place of the time 0.
const FLOOR: f64 = HEIGHT - FOOT;

fn time_axis(scales: &CurveScales) -> Markup {
    html! {
        @for tick in axis::linear(0.0, scales.longest) {
            @let y = tenth(scales.y(tick.seconds));
            line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
            text.end x="-8" y=(tenth(scales.y(tick.seconds) + 4.0)) { (tick.label) }
        }
    }
}

fn knee_mark(knee: Knee, scales: &CurveScales) -> Markup {
    let Knee { workers, by_means } = knee;
    let x = scales.x(by_means as f64);
    let name = match workers == by_means {
        true => "knee",
        false => "knee by the times alone",
    };
    html! {
        (area::vertical("mark", x, [TOP, FLOOR]))
        (area::mark_label("mark", x, TOP - 8.0, &format!("{name}: {by_means}")))
    }
}

/// Writes a point with its interval.
fn mark(point: &CurvePoint, scales: &CurveScales) -> Markup {
    let x = scales.x(point.workers as f64);
    let [typical, low, high] = [point.typical, point.low, point.high].map(|y| scales.y(y));
    html! {
        (area::vertical("whisker", x, [low, high]))
        @let class = if point.is_passed_over { "serial" } else { "point" };
        circle class=(class) cx=(x) cy=(tenth(typical)) r="4" {
            title {
                (point.workers) ": " (format_secs(point.typical))
                @if point.is_passed_over { ", passed over" }
            }
        }
    }
}

/// A coordinate to a tenth, which is finer than a pixel.
fn tenth(value: f64) -> Number {
    Number((value * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_takes_in_the_fitted_line_but_not_one_that_is_far_off() {
        let point = CurvePoint {
            workers: 1,
            typical: 1.0,
            low: 1.0,
            high: 1.0,
            is_passed_over: false,
        };
        for (fitted, is_within) in [(0.5, true), (1.2, true), (9.0, false)] {
            let scales = CurveScales::new(&[point], &[(1.0, fitted)]);
            assert_eq!(fitted <= scales.longest, is_within, "{fitted}");
            // The points keep most of the height.
            let share = (FLOOR - scales.y(1.0)) / (FLOOR - TOP);
            assert!(share > 0.75, "{fitted}: {share}");
        }
    }
}
