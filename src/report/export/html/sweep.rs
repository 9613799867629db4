//! The sweep: how long the same URLs take with different worker counts.

use std::io::{self, Write};
use std::time::Duration;

use super::axis;
use crate::model::measurement::{Sweep, SweepRuns};
use crate::report::export::markup::Text;
use crate::report::format::duration;
use crate::stats::Knee;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 26.0;
const FOOT: f64 = 44.0;

/// The times of a sweep.
#[derive(Debug)]
pub(super) struct SweepCurve {
    /// What was measured, by rising worker counts.
    points: Vec<SweepMark>,
    /// The worker count after which more hardly help.
    knee: Option<Knee>,
    /// A law fitted to it: worker counts (not only whole ones) and seconds.
    fitted: Vec<(f64, f64)>,
}

/// What was measured with one worker count.
#[derive(Debug, Clone, Copy)]
struct SweepMark {
    /// The worker count, at least 1.
    workers: usize,
    /// The mean time.
    seconds: f64,
    /// The lower end of its 95 % interval, or the mean again if there is none.
    low: f64,
    /// The upper end.
    high: f64,
}

impl From<&Sweep> for SweepCurve {
    fn from(sweep: &Sweep) -> Self {
        let mark = |point: &SweepRuns| {
            let seconds = point.times.sample.mean;
            let (low, high) = match point.interval {
                Some(interval) => (interval.low, interval.high),
                None => (seconds, seconds),
            };
            SweepMark {
                workers: point.workers,
                seconds,
                low,
                high,
            }
        };
        let points: Vec<SweepMark> = sweep.points.iter().map(mark).collect();
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
            knee: sweep.knee,
            points,
        }
    }
}

/// Draws the curve.
pub(super) fn figure(out: &mut dyn Write, curve: &SweepCurve) -> io::Result<()> {
    let points = &curve.points;
    let most = points.iter().map(|p| p.workers.max(2)).max().unwrap_or(2) as f64;
    let longest = points
        .iter()
        .map(|p| p.high.max(p.seconds))
        .fold(1e-6, f64::max)
        * 1.05;
    // Twice the workers is always the same distance.
    let x = |workers: f64| {
        LEFT + 20.0 + workers.max(1.0).log2() / most.log2() * (WIDTH - LEFT - RIGHT - 40.0)
    };
    let floor = HEIGHT - FOOT;
    let y = |seconds: f64| floor - (seconds / longest).clamp(0.0, 1.0) * (floor - TOP);
    let sentence = sentence(curve);
    write!(
        out,
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Sweep\">\
         <svg class=\"wide\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"sw-title sw-desc\"><title id=\"sw-title\">Time by worker count</title>\
         <desc id=\"sw-desc\">{}</desc>",
        Text(&sentence)
    )?;
    for tick in axis::linear(0.0, longest) {
        let y = y(tick);
        write!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            axis::label(tick)
        )?;
    }
    if let Some(knee) = curve.knee {
        let Knee { workers, by_means } = knee;
        let x = x(by_means as f64);
        let name = match workers == by_means {
            true => "knee",
            false => "knee by the means",
        };
        write!(
            out,
            "<path class=\"mark\" d=\"M{x:.1} {TOP}V{floor}\"/>\
             <text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}: {by_means}</text>",
            TOP - 8.0
        )?;
    }
    if !curve.fitted.is_empty() {
        write!(out, "<polyline class=\"fitted\" points=\"")?;
        for (workers, seconds) in &curve.fitted {
            write!(out, "{:.1},{:.1} ", x(*workers), y(*seconds))?;
        }
        write!(out, "\"/>")?;
    }
    let mut right_of = f64::NEG_INFINITY;
    for point in points {
        let SweepMark {
            workers,
            seconds,
            low,
            high,
        } = *point;
        let x = x(workers as f64);
        write!(
            out,
            "<path class=\"whisker\" d=\"M{x:.1} {:.1}V{:.1}\"/>\
             <circle class=\"point\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\"><title>{workers}: {}</title></circle>",
            y(low),
            y(high),
            y(seconds),
            span(seconds)
        )?;
        if x - right_of > 26.0 {
            let y = floor + 18.0;
            write!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{workers}</text>"
            )?;
            right_of = x;
        }
    }
    write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">workers</text></svg></div>\
         <figcaption>{} The bars are 95 % intervals{}.</figcaption>\
         <details><summary>Sweep as a table</summary><div class=\"scroll\"><table><thead><tr>\
         <th scope=\"col\">Workers</th><th scope=\"col\">Time</th>\
         <th scope=\"col\">95 % interval</th></tr></thead><tbody>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0,
        Text(&sentence),
        if curve.fitted.is_empty() {
            ""
        } else {
            ", the line is a law fitted to the points"
        }
    )?;
    for point in points {
        write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{} to {}</td></tr>",
            point.workers,
            span(point.seconds),
            span(point.low),
            span(point.high)
        )?;
    }
    write!(out, "</tbody></table></div></details></figure>")
}

fn sentence(curve: &SweepCurve) -> String {
    let best = curve
        .points
        .iter()
        .min_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let Some(best) = best else {
        return String::new();
    };
    let best = format!(
        "{} with {} workers was the shortest time.",
        span(best.seconds),
        best.workers
    );
    match curve.knee {
        Some(Knee { workers, by_means }) if workers == by_means => {
            format!("{best} {workers} are the fewest that are not shown to be 5 % slower.")
        }
        Some(Knee { workers, by_means }) => format!(
            "{best} By the means {by_means} are the fewest that are not 5 % slower, but the runs do not \
             show it of {workers}."
        ),
        None => best,
    }
}

fn span(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or("–".to_owned(), duration)
}
