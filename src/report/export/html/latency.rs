//! Percentiles and the distribution of the per-URL times.

use std::io::{self, Write};
use std::time::Duration;

use super::axis;
use crate::model::summary::Summary;
use crate::report::export::markup::Text;
use crate::report::format::duration;
use crate::stats::Latency;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 14.0;
/// The height of one arm's bars, and what stands above and below.
const BARS: f64 = 150.0;
const HEAD: f64 = 26.0;
/// Above the head, room for the name of one of several arms.
const NAME: f64 = 16.0;
const FOOT: f64 = 28.0;

/// From this many times the shortest to the longest, the scale is logarithmic.
const WIDE: f64 = 20.0;

/// The table of percentiles, and the histogram beside it.
pub(super) fn section(out: &mut dyn Write, arms: &[(&str, &Summary)]) -> io::Result<()> {
    let arms: Vec<_> = arms
        .iter()
        .filter(|(_, summary)| summary.latency.count() > 0)
        .collect();
    if arms.is_empty() {
        return write!(
            out,
            "<p class=\"note\">No URL succeeded: there are no times to show.</p>"
        );
    }
    write!(out, "<div class=\"beside\">")?;
    percentiles(out, &arms)?;
    histogram(out, &arms)?;
    write!(out, "</div>")
}

/// One figure of a distribution.
type Figure = fn(&Latency) -> Option<Duration>;

type Arms<'a> = [&'a (&'a str, &'a Summary)];

fn percentiles(out: &mut dyn Write, arms: &Arms<'_>) -> io::Result<()> {
    write!(
        out,
        "<div class=\"scroll\"><table class=\"figures\"><thead><tr><th scope=\"col\">Of those that \
         succeeded</th>"
    )?;
    for (name, _) in arms {
        let time = if arms.len() > 1 {
            Text(name)
        } else {
            Text("time")
        };
        write!(
            out,
            "<th scope=\"col\">{time}</th><th scope=\"col\">first byte</th>"
        )?;
    }
    write!(out, "</tr></thead><tbody>")?;
    let rows: [(&str, Figure); 6] = [
        ("p50", |latency| latency.p(50.0)),
        ("p90", |latency| latency.p(90.0)),
        ("p95", |latency| latency.p(95.0)),
        ("p99", |latency| latency.p(99.0)),
        ("max", Latency::max),
        ("mean", Latency::mean),
    ];
    for (name, figure) in rows {
        write!(out, "<tr><th scope=\"row\">{name}</th>")?;
        for (_, summary) in arms {
            for latency in [&summary.latency, &summary.ttfb] {
                let text = figure(latency).map_or("–".to_owned(), duration);
                write!(out, "<td>{text}</td>")?;
            }
        }
        write!(out, "</tr>")?;
    }
    write!(out, "</tbody></table></div>")
}

/// Where one bin ends and the next begins.
struct Bins {
    edges: Vec<f64>,
    is_log: bool,
}

impl Bins {
    fn new(arms: &Arms<'_>) -> Self {
        let of = |figure: Figure| {
            let times = arms
                .iter()
                .filter_map(move |(_, summary)| figure(&summary.latency));
            times.map(|time| time.as_secs_f64())
        };
        let least = of(|latency| latency.p(0.0))
            .fold(f64::INFINITY, f64::min)
            .max(1e-6);
        // A trifle more, as both are right to three digits only.
        let (least, most) = (
            least * 0.998,
            of(Latency::max).fold(least, f64::max) * 1.002,
        );
        let count = arms
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
        let edges = (0..=bins as usize).map(edge).collect();
        Bins { edges, is_log }
    }

    fn counts(&self, latency: &Latency) -> Vec<u64> {
        let up_to = |edge: &f64| latency.count_up_to(Duration::from_secs_f64(*edge));
        let pairs = self.edges.windows(2);
        pairs
            .map(|pair| up_to(&pair[1]).saturating_sub(up_to(&pair[0])))
            .collect()
    }

    /// Where on the axis a time is, from 0 to 1.
    fn place(&self, time: f64) -> f64 {
        let (least, most) = (self.edges[0], self.edges[self.edges.len() - 1]);
        match self.is_log {
            true => (time / least).ln() / (most / least).ln(),
            false => (time - least) / (most - least),
        }
    }

    fn ticks(&self) -> Vec<f64> {
        let (least, most) = (self.edges[0], self.edges[self.edges.len() - 1]);
        match self.is_log {
            true => axis::logarithmic(least, most),
            false => axis::linear(least, most),
        }
    }
}

fn histogram(out: &mut dyn Write, arms: &Arms<'_>) -> io::Result<()> {
    let bins = Bins::new(arms);
    let counts: Vec<Vec<u64>> = arms
        .iter()
        .map(|(_, summary)| bins.counts(&summary.latency))
        .collect();
    let head = if arms.len() > 1 { NAME + HEAD } else { HEAD };
    let height = arms.len() as f64 * (head + BARS) + FOOT;
    let sentences: Vec<String> = arms
        .iter()
        .map(|arm| sentence(arm, arms.len() > 1))
        .collect();
    write!(
        out,
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Distribution\">\
         <svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-labelledby=\"la-title la-desc\">\
         <title id=\"la-title\">Distribution of the times</title><desc id=\"la-desc\">{}</desc>",
        Text(&sentences.join(" "))
    )?;
    let x = |time: f64| LEFT + bins.place(time) * (WIDTH - LEFT - RIGHT);
    let bottom = height - FOOT;
    for tick in bins.ticks() {
        let x = x(tick);
        write!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {head}V{bottom:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 18.0,
            axis::label(tick)
        )?;
    }
    for (place, ((name, summary), counts)) in arms.iter().zip(&counts).enumerate() {
        let top = place as f64 * (head + BARS) + head;
        let floor = top + BARS;
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        if arms.len() > 1 {
            write!(
                out,
                "<text class=\"arm\" x=\"{LEFT}\" y=\"{:.1}\">{name}</text>",
                top - HEAD + 4.0
            )?;
        }
        for (count, pair) in counts
            .iter()
            .zip(bins.edges.windows(2))
            .filter(|(c, _)| **c > 0)
        {
            // What is there at all is to be seen.
            let tall = (*count as f64 / most as f64 * (BARS - 6.0)).max(1.5);
            let (from, to) = (x(pair[0]), x(pair[1]));
            write!(
                out,
                "<rect class=\"count\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
                 height=\"{tall:.1}\"><title>{} to {}: {count}</title></rect>",
                floor - tall,
                (to - from - 1.0).max(1.0),
                axis::label(pair[0]),
                axis::label(pair[1])
            )?;
        }
        write!(
            out,
            "<path class=\"axis\" d=\"M{LEFT} {floor:.1}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{most}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            top + 10.0
        )?;
        marks(out, &summary.latency, x, top, floor)?;
    }
    write!(
        out,
        "</svg></div><figcaption>{}",
        Text(&sentences.join(" "))
    )?;
    if bins.is_log {
        write!(out, " The scale is logarithmic.")?;
    }
    write!(out, "</figcaption>")?;
    table(out, arms, &bins, &counts)?;
    write!(out, "</figure>")
}

/// The median and p95 as lines, if they can be told apart.
fn marks(
    out: &mut dyn Write,
    latency: &Latency,
    x: impl Fn(f64) -> f64,
    top: f64,
    floor: f64,
) -> io::Result<()> {
    let mut right_of = f64::NEG_INFINITY;
    for percent in [50.0, 95.0] {
        let Some(time) = latency.p(percent) else {
            continue;
        };
        let x = x(time.as_secs_f64());
        write!(
            out,
            "<path class=\"mark\" d=\"M{x:.1} {top:.1}V{floor:.1}\"/>"
        )?;
        if x - right_of > 30.0 {
            write!(
                out,
                "<text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">p{percent}</text>",
                top - 4.0
            )?;
            right_of = x;
        }
    }
    Ok(())
}

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
        "Half of {count} URLs{of} took at most {}, 95 of 100 at most {}, the slowest {}.",
        p(50.0),
        p(95.0),
        latency.max().map(duration).unwrap_or_default()
    )
}

fn table(out: &mut dyn Write, arms: &Arms<'_>, bins: &Bins, counts: &[Vec<u64>]) -> io::Result<()> {
    write!(
        out,
        "<details><summary>Distribution as a table</summary><div class=\"scroll\"><table><thead><tr>\
         <th scope=\"col\">Time</th>"
    )?;
    for (name, _) in arms {
        let name = if arms.len() > 1 {
            Text(name)
        } else {
            Text("URLs")
        };
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    write!(out, "</tr></thead><tbody>")?;
    for (k, pair) in bins.edges.windows(2).enumerate() {
        let [from, to] = [pair[0], pair[1]].map(|edge| duration(Duration::from_secs_f64(edge)));
        write!(out, "<tr><th scope=\"row\">{from} to {to}</th>")?;
        for counts in counts {
            write!(out, "<td>{}</td>", counts[k])?;
        }
        write!(out, "</tr>")?;
    }
    write!(out, "</tbody></table></div></details>")
}
