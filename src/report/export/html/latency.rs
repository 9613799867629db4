//! The section of the per-URL times: percentiles and their distribution.

use std::iter;
use std::time::Duration;

use maud::{Markup, html};

use crate::model::summary::Summary;
use crate::report::export::timeline::{
    BESIDE, PlotArea, Share, Tick, chart, label_to, labels, linear, logarithmic, vertical,
};
use crate::report::format::{counted, duration, grouped};
use crate::report::wording;
use crate::stats::Latency;

/// The area of the bars, in a picture of the usual width.
const LEFT: f64 = 46.0;
const AREA: f64 = 570.0;
/// The height of one run's bars.
const BARS: f64 = 150.0;
/// The height of the names of the median and of p95, which stand beside their lines above the bars.
const NAMES: f64 = 16.0;
/// The height above the bars.
const HEAD: f64 = 24.0;
/// The height above the head, for the name of one of several runs.
const NAME: f64 = 16.0;
/// The height of the axis below all bars.
const FOOT: f64 = 28.0;

/// The ratio of the longest time to the shortest from which on the scale is logarithmic.
const WIDE: f64 = 20.0;

/// Some figure of a distribution.
type LatencyFigure = fn(&Latency) -> Option<Duration>;

/// The runs with a time at least, by name.
type RunLatencies<'a> = [&'a (&'a str, &'a Summary)];

/// Writes the table of percentiles, and the histogram beside it.
pub(super) fn section(runs: &[(&str, &Summary)]) -> Markup {
    let runs = runs.iter();
    let runs: Vec<_> = runs
        .filter(|(_, summary)| summary.latency.count() > 0)
        .collect();
    html! {
        @if runs.is_empty() {
            p.note { "No URL succeeded: there are no times to show." }
        } @else {
            // One time has no distribution.
            @let has_several = runs.iter().any(|(_, summary)| summary.latency.count() > 1);
            .beside { (percentiles(&runs)) @if has_several { (histogram(&runs)) } }
            @if let Some(attempts) = runs.iter().find_map(|(_, summary)| wording::all_attempts(summary)) {
                p.note {
                    "A time is that of " (attempts) ": also of those that the server refused (429, 503). The first byte \
                     is that of the last attempt."
                }
            }
        }
    }
}

fn percentiles(runs: &RunLatencies<'_>) -> Markup {
    let rows: [(&str, LatencyFigure); 6] = [
        ("p50", |latency| latency.p(50.0)),
        ("p90", |latency| latency.p(90.0)),
        ("p95", |latency| latency.p(95.0)),
        ("p99", |latency| latency.p(99.0)),
        ("max", Latency::max),
        ("mean", Latency::mean),
    ];
    html! {
        .scroll {
            table.figures {
                thead {
                    tr {
                        th scope="col" { "Of those that succeeded" }
                        @for (name, summary) in runs {
                            th scope="col" { (name_or(runs, name, "time")) }
                            th scope="col" { "first byte" }
                            @if summary.intended.is_some() {
                                th scope="col" { (wording::FROM_INTENDED_START) }
                            }
                        }
                    }
                }
                tbody {
                    @for (name, figure) in rows {
                        tr {
                            th scope="row" { (name) }
                            @for (_, summary) in runs {
                                @let times = [&summary.latency, &summary.ttfb].into_iter();
                                @for latency in times.chain(&summary.intended) {
                                    td { (figure(latency).map_or("–".to_owned(), duration)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The name of a run among several, or another word if there is only one.
fn name_or<'a>(runs: &RunLatencies<'_>, name: &'a str, other: &'a str) -> &'a str {
    if runs.len() > 1 { name } else { other }
}

/// The bins of the histogram.
struct Bins {
    /// The edges in seconds, one more than there are bins.
    edges: Vec<f64>,
    is_log: bool,
}

impl Bins {
    fn new(runs: &RunLatencies<'_>) -> Self {
        let times_of = |figure: LatencyFigure| {
            let times = runs
                .iter()
                .filter_map(move |(_, summary)| figure(&summary.latency));
            times.map(|time| time.as_secs_f64())
        };
        // Edges between the buckets of the times: a bin has whole buckets.
        let bucket = |seconds: f64| {
            let bounds = runs.first().map(|(_, summary)| {
                let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
                summary
                    .latency
                    .bucket(time)
                    .map(|bound| bound.as_secs_f64())
            });
            bounds.unwrap_or([seconds; 2])
        };
        let least = times_of(|latency| latency.p(0.0)).fold(f64::INFINITY, f64::min);
        let most = times_of(Latency::max).fold(least, f64::max);
        let (least, most) = (bucket(least)[0], bucket(most)[1]);
        let count = runs
            .iter()
            .map(|(_, summary)| summary.latency.count())
            .max()
            .unwrap_or(1);
        let bins = (2.0 * (count as f64).sqrt()).round().clamp(6.0, 40.0);
        let is_log = most / least >= WIDE;
        let edge = |k: usize| match k as f64 / bins {
            part if is_log => least * (most / least).powf(part),
            part => least + (most - least) * part,
        };
        let inner = (1..bins as usize).map(|k| bucket(edge(k))[1]);
        let inner = inner.filter(|edge| *edge < most);
        let mut edges: Vec<f64> = iter::once(least).chain(inner).chain([most]).collect();
        edges.dedup();
        Bins { edges, is_log }
    }

    /// The number of times in each bin.
    fn counts(&self, latency: &Latency) -> Vec<u64> {
        let up_to = |edge: &f64| latency.count_up_to(Duration::from_secs_f64(*edge));
        let pairs = self.edges.windows(2);
        pairs
            .map(|pair| up_to(&pair[1]).saturating_sub(up_to(&pair[0])))
            .collect()
    }

    /// The place of a time on the axis, from 0 to 1.
    fn place(&self, time: f64) -> f64 {
        let (least, most) = (self.edges[0], self.edges[self.edges.len() - 1]);
        match self.is_log {
            true => (time / least).ln() / (most / least).ln(),
            false => (time - least) / (most - least),
        }
    }

    fn ticks(&self) -> Vec<Tick> {
        let (least, most) = (self.edges[0], self.edges[self.edges.len() - 1]);
        match self.is_log {
            true => logarithmic(least, most),
            false => linear(least, most),
        }
    }
}

/// Writes the histogram of each run, its caption, and the same as a table.
fn histogram(runs: &RunLatencies<'_>) -> Markup {
    let bins = Bins::new(runs);
    let counts: Vec<Vec<u64>> = runs
        .iter()
        .map(|(_, summary)| bins.counts(&summary.latency))
        .collect();
    let is_one_of_two = runs.len() > 1;
    let sentences = runs.iter().map(|run| sentence(run, is_one_of_two));
    let sentences = sentences.collect::<Vec<_>>().join(" ");
    let head = if is_one_of_two { NAME + HEAD } else { HEAD };
    let height = runs.len() as f64 * (head + BARS) + FOOT;
    let area = PlotArea {
        left: LEFT,
        width: AREA,
        top: 0.0,
        height,
    };
    html! {
        figure {
            (chart(("histogram", "la"), ["Distribution of the times", &sentences], &[area.plot(&html! {
                (ticks(&bins, head, height - FOOT))
                @for (place, ((name, summary), counts)) in runs.iter().zip(&counts).enumerate() {
                    @let top = place as f64 * (head + BARS) + head;
                    @if is_one_of_two {
                        text.heading x="0" y=(tenth(top - HEAD)) { (name) }
                    }
                    (bars(&bins, counts, top))
                    (marks(&summary.latency, &bins, top))
                }
            })]))
            figcaption {
                (sentences)
                @if bins.is_log { " The scale is logarithmic." }
            }
            (table(runs, &bins, &counts))
        }
    }
}

/// The place of a time in the picture.
fn x(bins: &Bins, seconds: f64) -> Share {
    Share(bins.place(seconds))
}

/// A coordinate to a tenth, which is finer than a pixel.
fn tenth(value: f64) -> String {
    format!("{value:.1}")
}

fn ticks(bins: &Bins, top: f64, bottom: f64) -> Markup {
    let ticks = bins.ticks().into_iter();
    let ticks: Vec<_> = ticks
        .map(|tick| (x(bins, tick.seconds), tick.label))
        .collect();
    html! {
        @for (x, _) in &ticks { (vertical("grid", *x, [top, bottom])) }
        (labels(&ticks, bottom + 18.0, BESIDE))
    }
}

/// Writes the bars of one run, and its axis.
fn bars(bins: &Bins, counts: &[u64], top: f64) -> Markup {
    let floor = top + BARS;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let filled = counts.iter().zip(bins.edges.windows(2));
    html! {
        @for (count, edges) in filled.filter(|(count, _)| **count > 0) {
            // A bin of one is still to be seen.
            @let height = (*count as f64 / most as f64 * (BARS - 6.0)).max(1.5);
            @let (from, to) = (x(bins, edges[0]), x(bins, edges[1]));
            rect.count x=(from) y=(tenth(floor - height)) width=(Share(to.0 - from.0)) height=(tenth(height)) {
                title { (range(edges)) ": " (counted(*count, "URL")) }
            }
        }
        line.axis x1="0" x2="100%" y1=(tenth(floor)) y2=(tenth(floor)) {}
        text.end x="-6" y=(tenth(top + 10.0)) { (grouped(most)) }
    }
}

/// Writes the median and p95 as lines, with their names on either side: however near they are, each is at its line.
fn marks(latency: &Latency, bins: &Bins, top: f64) -> Markup {
    let percentiles = [(50.0, "mark end", "-3"), (95.0, "mark", "3")];
    html! {
        @for (percent, class, aside) in percentiles {
            @if let Some(time) = latency.p(percent) {
                @let x = x(bins, time.as_secs_f64());
                (vertical("mark", x, [top - NAMES, top + BARS]))
                text class=(class) x=(x) dx=(aside) y=(tenth(top - 6.0)) { "p" (percent) }
            }
        }
    }
}

/// The distribution of a run's times in a sentence.
fn sentence((name, summary): &(&str, &Summary), is_one_of_two: bool) -> String {
    let latency = &summary.latency;
    let p = |percent| latency.p(percent).map(duration).unwrap_or_default();
    let of = match is_one_of_two {
        true => format!(" of the {name} run"),
        false => String::new(),
    };
    let count = latency.count();
    if count == 1 {
        return format!("One URL{of} succeeded, in {}.", p(50.0));
    }
    format!(
        "Half of {}{of} took at most {}, 95 of 100 at most {}, the slowest {}.",
        counted(count, "URL"),
        p(50.0),
        p(95.0),
        latency.max().map(duration).unwrap_or_default()
    )
}

/// The edges of a bin, with as many digits as tell them apart.
fn range(edges: &[f64]) -> String {
    let [from, to] = [edges[0], edges[1]].map(|edge| label_to(edge, Some(edges[1] - edges[0])));
    format!("{from} to {to}")
}

fn table(runs: &RunLatencies<'_>, bins: &Bins, counts: &[Vec<u64>]) -> Markup {
    html! {
        details {
            summary { "Distribution as a table" }
            .scroll {
                table {
                    thead {
                        tr {
                            th scope="col" { "Time" }
                            @for (name, _) in runs { th scope="col" { (name_or(runs, name, "URLs")) } }
                        }
                    }
                    tbody {
                        @for (bin, edges) in bins.edges.windows(2).enumerate() {
                            tr {
                                th scope="row" { (range(edges)) }
                                @for counts in counts { td { (grouped(counts[bin])) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_counts_the_times_between_its_edges() {
        let near: Vec<u64> = (0..200).map(|k| 103_000 + 7 * k).collect();
        let wide: Vec<u64> = (0..40).map(|k| 1 << (k / 2)).collect();
        let edge = [103_424, 103_425, 103_487, 103_488, 103_489, 104_000];
        for micros in [&near[..], &wide, &edge, &[5000; 8], &[1, 1, 2], &[1]] {
            let mut latency = Latency::new();
            for micros in micros {
                latency.record(Duration::from_micros(*micros));
            }
            let summary = Summary {
                latency,
                ..Summary::default()
            };
            let run = ("run", &summary);
            let bins = Bins::new(&[&run]);
            let counts = bins.counts(&summary.latency);
            for (count, edges) in counts.iter().zip(bins.edges.windows(2)) {
                assert!(edges[0] < edges[1], "{micros:?}: {:?}", bins.edges);
                let seconds = micros.iter().map(|micros| *micros as f64 * 1e-6);
                let inside = seconds.filter(|time| (edges[0]..edges[1]).contains(time));
                let inside = inside.count() as u64;
                assert_eq!(*count, inside, "{edges:?} of {micros:?}: {counts:?}");
            }
            assert_eq!(counts.iter().sum::<u64>(), micros.len() as u64);
        }
    }
}
