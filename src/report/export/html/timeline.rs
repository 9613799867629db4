//! The timeline: a lane per worker, a bar per request, its phases in colours.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use super::axis;
use super::grid::{Grid, SLOTS};
use super::lanes::{BARS, Lanes};
use crate::model::timing::Phase;
use crate::report::export::markup::Text;
use crate::report::format::{counted, duration};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
/// Room for an arm's name above its lanes.
const HEAD: f64 = 24.0;
/// Room for the axis below.
const FOOT: f64 = 26.0;
/// What is narrower or lower than this, in units of the drawing, is drawn with its neighbour.
const HAIR: f64 = 0.15;
/// What is at least this wide has a line around it, to be told from its neighbours.
const APART: f64 = 5.0;

/// Draws the arms above each other, on one scale.
pub(super) fn figure(out: &mut dyn Write, arms: &[(&str, &Lanes)]) -> io::Result<()> {
    let arms: Vec<_> = arms
        .iter()
        .filter(|(_, lanes)| !lanes.lanes.is_empty())
        .collect();
    let longest = arms
        .iter()
        .map(|(_, lanes)| lanes.length())
        .fold(0.0, f64::max);
    if arms.is_empty() || longest <= 0.0 {
        return write!(
            out,
            "<p class=\"note\">No worker was busy: there is nothing to draw.</p>"
        );
    }
    let scale = (WIDTH - LEFT - RIGHT) / longest;
    let blocks: Vec<Block<'_>> = arms
        .iter()
        .map(|(name, lanes)| Block::new(name, lanes))
        .collect();
    let bottom: f64 = blocks.iter().map(Block::height).sum();
    let height = bottom + FOOT;
    let names: Vec<String> = blocks.iter().map(Block::summary).collect();
    legend(out, &arms)?;
    write!(
        out,
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Timeline\">\
         <svg class=\"wide\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-labelledby=\"tl-title tl-desc\"><title id=\"tl-title\">Timeline by worker</title>\
         <desc id=\"tl-desc\">{}</desc>",
        Text(&names.join(" "))
    )?;
    for tick in axis::linear(0.0, longest) {
        let x = LEFT + tick * scale;
        write!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {HEAD}V{bottom:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 17.0,
            axis::label(tick)
        )?;
    }
    let mut top = 0.0;
    for block in &blocks {
        block.draw(out, top, scale)?;
        top += block.height();
    }
    write!(out, "</svg></div><figcaption>")?;
    for name in &names {
        write!(out, "{} ", Text(name))?;
    }
    caption(out, &arms)?;
    write!(out, "</figcaption>")?;
    for (name, lanes) in &arms {
        table(out, name, lanes, arms.len() > 1)?;
    }
    write!(out, "</figure>")
}

/// The phases that there are, each with its colour.
fn legend(out: &mut dyn Write, arms: &[&(&str, &Lanes)]) -> io::Result<()> {
    write!(out, "<ul class=\"legend\">")?;
    for (k, phase) in Phase::ALL.iter().enumerate() {
        let in_bars = |lanes: &Lanes| lanes.bars.iter().any(|bar| bar.phases[k] > 0.0);
        let in_grid = |grid: &Grid| grid.lanes.iter().flatten().any(|slot| slot[k] > 0.0);
        if arms
            .iter()
            .any(|(_, lanes)| in_bars(lanes) || lanes.grid.as_ref().is_some_and(in_grid))
        {
            let name = phase.as_str();
            write!(out, "<li><span class=\"key {name}\"></span>{name}</li>")?;
        }
    }
    if arms
        .iter()
        .any(|(_, lanes)| lanes.bars.iter().any(|bar| bar.is_failed))
    {
        write!(
            out,
            "<li><span class=\"key failure\"></span>failed (outlined)</li>"
        )?;
    }
    write!(out, "</ul>")
}

fn caption(out: &mut dyn Write, arms: &[&(&str, &Lanes)]) -> io::Result<()> {
    let grids: Vec<&Grid> = arms
        .iter()
        .filter_map(|(_, lanes)| lanes.grid.as_ref())
        .collect();
    if arms.iter().any(|(_, lanes)| lanes.grid.is_none()) {
        write!(
            out,
            "Each bar is a request; where it was redirected, each phase is that of all its hops \
             together. "
        )?;
    }
    if let Some(grid) = grids.iter().max_by(|a, b| a.width.total_cmp(&b.width)) {
        let width = duration(Duration::from_secs_f64(grid.width));
        write!(
            out,
            "Past {BARS} requests or 64 workers there are no single bars: the height of a colour is \
             the share of a time slot ({width}) that the worker spent in that phase. "
        )?;
    }
    if let Some(grid) = grids.iter().find(|grid| grid.workers_per_lane > 1) {
        write!(
            out,
            "A lane is the mean of {} workers. ",
            grid.workers_per_lane
        )?;
    }
    let earlier: usize = arms.iter().map(|(_, lanes)| lanes.earlier).sum();
    if earlier > 0 {
        write!(
            out,
            "Not drawn: {} before the last of a URL.",
            counted(earlier as u64, "attempt")
        )?;
    }
    Ok(())
}

/// The same in figures.
fn table(out: &mut dyn Write, name: &str, lanes: &Lanes, is_one_of_two: bool) -> io::Result<()> {
    let of = if is_one_of_two {
        format!(" ({name})")
    } else {
        String::new()
    };
    write!(
        out,
        "<details><summary>Workers as a table{of}</summary><div class=\"scroll\"><table><thead><tr>\
         <th scope=\"col\">Worker</th><th scope=\"col\">Requests</th><th scope=\"col\">Failed</th>\
         <th scope=\"col\">Busy</th><th scope=\"col\">Share of the run</th></tr></thead><tbody>"
    )?;
    const MOST: usize = 256;
    for (worker, lane) in lanes.lanes.iter().take(MOST) {
        let share = lane.busy.as_secs_f64() / lanes.length() * 100.0;
        write!(
            out,
            "<tr><th scope=\"row\">{worker}</th><td>{}</td><td>{}</td><td>{}</td><td>{share:.0} %</td></tr>",
            lane.requests,
            lane.failed,
            duration(lane.busy)
        )?;
    }
    write!(out, "</tbody></table></div>")?;
    if lanes.lanes.len() > MOST {
        write!(
            out,
            "<p class=\"note\">The first {MOST} of {} workers.</p>",
            lanes.lanes.len()
        )?;
    }
    write!(out, "</details>")
}

/// One arm.
struct Block<'a> {
    name: &'a str,
    lanes: &'a Lanes,
    /// The worker of each lane, or the first of those that share it, and its place.
    places: BTreeMap<usize, usize>,
    lane: f64,
    gap: f64,
}

impl<'a> Block<'a> {
    fn new(name: &'a str, lanes: &'a Lanes) -> Self {
        let workers: Vec<usize> = match &lanes.grid {
            Some(grid) => (0..grid.lanes.len())
                .map(|k| k * grid.workers_per_lane)
                .collect(),
            None => lanes.lanes.keys().copied().collect(),
        };
        let (lane, gap) = match workers.len() {
            0..=12 => (16.0, 4.0),
            13..=24 => (11.0, 3.0),
            _ if lanes.grid.is_some() => (9.0, 1.5),
            _ => (7.0, 1.0),
        };
        let places = workers
            .into_iter()
            .enumerate()
            .map(|(place, worker)| (worker, place));
        Block {
            name,
            lanes,
            places: places.collect(),
            lane,
            gap,
        }
    }

    fn height(&self) -> f64 {
        HEAD + self.places.len() as f64 * (self.lane + self.gap) + 6.0
    }

    fn summary(&self) -> String {
        let lanes = self.lanes.lanes.values();
        let busy: f64 = lanes.clone().map(|lane| lane.busy.as_secs_f64()).sum();
        let requests: u64 = lanes.map(|lane| lane.requests).sum();
        let workers = self.lanes.lanes.len();
        let share = busy / (self.lanes.length() * workers as f64) * 100.0;
        format!(
            "The {} run: {} on {} in {}, busy {:.0} % of the time.",
            self.name,
            counted(requests, "request"),
            counted(workers as u64, "worker"),
            duration(Duration::from_secs_f64(self.lanes.length())),
            share.min(100.0)
        )
    }

    fn draw(&self, out: &mut dyn Write, top: f64, scale: f64) -> io::Result<()> {
        let length = duration(Duration::from_secs_f64(self.lanes.length()));
        write!(
            out,
            "<text class=\"arm\" x=\"{LEFT}\" y=\"{:.1}\">{} · {length}</text>",
            top + 15.0,
            Text(self.name)
        )?;
        let stride = if self.lane < 10.0 { 5 } else { 1 };
        for (worker, place) in self.places.iter().filter(|(_, place)| *place % stride == 0) {
            let y = top + HEAD + *place as f64 * (self.lane + self.gap) + self.lane / 2.0 + 4.0;
            write!(
                out,
                "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\">w{worker}</text>",
                LEFT - 8.0
            )?;
        }
        let mut paths: [String; 7] = Default::default();
        match &self.lanes.grid {
            Some(grid) => self.slots(grid, top, scale, &mut paths),
            None => self.bars(top, scale, &mut paths),
        }
        for (phase, path) in Phase::ALL
            .iter()
            .zip(&paths)
            .filter(|(_, path)| !path.is_empty())
        {
            write!(out, "<path class=\"{}\" d=\"{path}\"/>", phase.as_str())?;
        }
        for bar in &self.lanes.bars {
            let x = LEFT + (bar.start - self.lanes.first()) * scale;
            let width = ((bar.end - bar.start) * scale).max(1.0);
            let class = match (bar.is_failed, width >= APART) {
                (true, _) => "bar failure",
                (false, true) => "bar apart",
                (false, false) => "bar",
            };
            write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{}\">\
                 <title>{}</title></rect>",
                self.top_of(bar.worker, top),
                self.lane,
                Text(&bar.label)
            )?;
        }
        Ok(())
    }

    fn top_of(&self, worker: usize, top: f64) -> f64 {
        let place = self.places.get(&worker).copied().unwrap_or(0);
        top + HEAD + place as f64 * (self.lane + self.gap)
    }

    fn bars(&self, top: f64, scale: f64, paths: &mut [String; 7]) {
        for bar in &self.lanes.bars {
            let y = self.top_of(bar.worker, top);
            let mut x = LEFT + (bar.start - self.lanes.first()) * scale;
            let mut width = 0.0;
            for (phase, path) in bar.phases.iter().zip(paths.iter_mut()) {
                width += phase * scale;
                if width >= HAIR && *phase > 0.0 {
                    rect(path, [x, y, width, self.lane]);
                    x += width;
                    width = 0.0;
                }
            }
        }
    }

    fn slots(&self, grid: &Grid, top: f64, scale: f64, paths: &mut [String; 7]) {
        for (lane, slots) in grid.lanes.iter().enumerate() {
            let full = grid.full(lane);
            let floor = top + HEAD + lane as f64 * (self.lane + self.gap) + self.lane;
            for (slot, phases) in slots.iter().enumerate().take(SLOTS) {
                let begin = grid.origin - self.lanes.first() + slot as f64 * grid.width;
                let x = LEFT + begin.max(0.0) * scale;
                let end = LEFT + (begin + grid.width).min(self.lanes.length()) * scale;
                let (mut y, mut height) = (floor, 0.0);
                for (seconds, path) in phases.iter().zip(paths.iter_mut()) {
                    height += f64::from(*seconds) / full * self.lane;
                    if height >= 2.0 * HAIR && *seconds > 0.0 {
                        y -= height;
                        rect(path, [x, y, end - x, height]);
                        height = 0.0;
                    }
                }
            }
        }
    }
}

/// Adds a rectangle to a path.
fn rect(path: &mut String, [x, y, width, height]: [f64; 4]) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = write!(path, "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z");
}
