//! Where everything goes: plain numbers and text, before any of it is written.

use std::time::Duration;

use super::CLASSES;
use super::axis::ticks;
use super::grid::Cell;
use super::panel::{Panel, Stretch};
use super::words::{description, label, notes, title};
use crate::model::measurement::Arm;
use crate::report::format::duration;

/// The picture's width, and where its lanes begin and end.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const LEFT: f64 = 120.0;
pub(super) const RIGHT: f64 = 970.0;

/// Classes for drawing: those of time, and failure.
pub(super) const FAILED: usize = CLASSES;

/// Their names in the legend.
pub(super) const NAMES: [&str; CLASSES + 1] = [
    "blocked", "dns", "connect", "tls", "send", "wait", "receive", "other", "failed",
];

/// The least width of a bar that can be seen.
const LEAST: f64 = 0.6;

/// Ticks that have room for their labels.
const MOST_TICKS: i64 = 9;

/// From one lane to the next, in few lanes and in many, and the share of it that a bar takes.
const PITCH: (f64, f64) = (18.0, 6.0);
const BAR: f64 = 0.78;

/// How many lanes are few, and about how many labels many lanes have.
const FEW: usize = 64;

/// The steps in which a column's height says how busy its workers were.
const LEVELS: f32 = 4.0;

/// The picture.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) description: String,
    /// What is said below the title.
    pub(super) notes: Vec<String>,
    /// The classes that occur, with the left edge of each.
    pub(super) legend: Vec<(usize, f64)>,
    pub(super) legend_y: f64,
    pub(super) boxes: Vec<PanelBox>,
    /// Where the time axis is marked, and with what.
    pub(super) ticks: Vec<(f64, String)>,
    /// The lower edge of the lanes.
    pub(super) bottom: f64,
}

/// One run in it.
#[derive(Debug)]
pub(super) struct PanelBox {
    pub(super) heading: Option<(f64, String)>,
    /// The middle of a lane, and its name.
    pub(super) labels: Vec<(f64, String)>,
    /// The upper edge of each lane's background, and its height.
    pub(super) lanes: Vec<(f64, f64)>,
    /// Bars of their own.
    pub(super) bars: Vec<Bar>,
    /// Columns.
    pub(super) columns: Vec<Rect>,
}

/// An attempt.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) title: String,
    pub(super) rects: Vec<Rect>,
}

/// A rectangle of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) class: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Nanoseconds from a panel's first start to places in the picture.
#[derive(Debug, Clone, Copy)]
struct Scale(f64);

impl Scale {
    fn x(self, nanos: i64) -> f64 {
        (LEFT + nanos as f64 * self.0).clamp(LEFT, RIGHT)
    }
}

impl Scene {
    /// The picture of these runs, on one scale.
    pub(super) fn new(panels: &[(Option<Arm>, &Panel)]) -> Self {
        let length = panels.iter().map(|(_, panel)| reach(panel)).max();
        let length = length.unwrap_or(0);
        let scale = Scale((RIGHT - LEFT) / length.max(1) as f64);
        let each = panels.iter().all(|(_, panel)| panel.stretches().is_some());
        let notes = notes(panels, each);
        let legend_y = 58.0 + 18.0 * notes.len() as f64;
        let mut y = legend_y + 22.0;
        let mut boxes = Vec::new();
        for (arm, panel) in panels.iter().filter(|(_, panel)| panel.reach.is_some()) {
            boxes.push(PanelBox::new(*arm, panel, each, scale, &mut y));
        }
        let ticks = ticks(length, MOST_TICKS).into_iter();
        Scene {
            height: y + 34.0,
            title: title(panels),
            description: description(panels),
            notes,
            legend: legend(&boxes),
            legend_y,
            ticks: if boxes.is_empty() {
                Vec::new()
            } else {
                ticks.map(|(at, label)| (scale.x(at), label)).collect()
            },
            boxes,
            bottom: y,
        }
    }
}

impl PanelBox {
    fn new(arm: Option<Arm>, panel: &Panel, each: bool, scale: Scale, y: &mut f64) -> Self {
        let heading = arm.map(|arm| {
            let took = duration(Duration::from_nanos(reach(panel) as u64));
            *y += 22.0;
            (*y - 7.0, format!("{} · {took}", arm.as_str()))
        });
        let (rows, group) = panel.grid.rows();
        let count = if each { panel.workers } else { rows.len() };
        let group = if each { 1 } else { group };
        let pitch = if count <= FEW { PITCH.0 } else { PITCH.1 };
        let (top, height) = (*y, pitch * BAR);
        let lane = |row: usize| top + row as f64 * pitch;
        *y += count as f64 * pitch;
        let every = count
            .div_ceil(FEW)
            .next_multiple_of(if count > FEW { 5 } else { 1 });
        let labels = (0..count)
            .step_by(every)
            .map(|row| {
                (
                    lane(row) + height / 2.0,
                    label(arm, row, group, panel.workers),
                )
            })
            .collect();
        let mut made = PanelBox {
            heading,
            labels,
            lanes: (0..count).map(|row| (lane(row), height)).collect(),
            bars: Vec::new(),
            columns: Vec::new(),
        };
        let first = panel.reach.map_or(0, |(first, _)| first);
        match panel.stretches().filter(|_| each) {
            Some(stretches) => {
                let bar = |s: &Stretch| bar(s, scale, first, lane(s.worker), height);
                made.bars = stretches.iter().map(bar).collect();
            }
            None => {
                let (origin, width) = panel.grid.scale();
                for (row, cells) in rows.iter().enumerate() {
                    // The last row may stand for fewer.
                    let workers = group.min(panel.workers - row * group);
                    let columns = Columns {
                        scale,
                        start: origin - first,
                        width,
                        capacity: width as f32 * workers as f32,
                    };
                    columns.row(cells, lane(row), height, &mut made.columns);
                }
            }
        }
        made
    }
}

/// An attempt's rectangles: its phases, and a red line below them if it failed.
fn bar(stretch: &Stretch, scale: Scale, first: i64, y: f64, height: f64) -> Bar {
    let (left, right) = (scale.x(stretch.start - first), scale.x(stretch.end - first));
    let rect = |class, from: f64, to: f64, y, height| Rect {
        class,
        x: from.min(RIGHT - LEAST),
        y,
        width: to - from,
        height,
    };
    let right = right.max(left + LEAST);
    let mut rects = Vec::new();
    if right - left <= 2.0 * LEAST {
        // Too narrow for more than one colour.
        let longest = longest(&stretch.parts.map(|part| part as f32));
        rects.push(rect(longest, left, right, y, height));
    } else {
        let mut from = stretch.start;
        for (class, part) in stretch.parts.into_iter().enumerate() {
            let (x, to) = (scale.x(from - first), scale.x(from + part - first));
            if part > 0 && to - x >= 0.05 {
                rects.push(rect(class, x, to, y, height));
            }
            from += part;
        }
    }
    if stretch.failed {
        let line = height * 0.3;
        rects.push(rect(FAILED, left, right, y + height - line, line));
    }
    Bar {
        title: stretch.title.clone(),
        rects,
    }
}

/// How columns of the grid become rectangles.
struct Columns {
    scale: Scale,
    /// The left edge of the first, in nanoseconds from the first start.
    start: i64,
    width: i64,
    /// The time that its workers have in a column.
    capacity: f32,
}

impl Columns {
    /// The rectangles of one row, neighbours of the same look joined.
    fn row(&self, cells: &[Cell], y: f64, height: f64, to: &mut Vec<Rect>) {
        let look = |cell: &Cell| {
            let busy: f32 = cell.time.iter().sum();
            let level = (busy / self.capacity * LEVELS).ceil().min(LEVELS) as u8;
            (level, longest(&cell.time))
        };
        self.runs(cells, look, |(level, class), x, width| {
            let share = f64::from(level) / f64::from(LEVELS);
            if level > 0 {
                let (y, height) = (y + height * (1.0 - share), height * share);
                to.push(Rect {
                    class,
                    x,
                    y,
                    width,
                    height,
                });
            }
        });
        self.runs(
            cells,
            |cell| cell.failed,
            |failed, x, width| {
                if failed {
                    let line = height * 0.3;
                    let y = y + height - line;
                    to.push(Rect {
                        class: FAILED,
                        x,
                        y,
                        width,
                        height: line,
                    });
                }
            },
        );
    }

    fn runs<L: PartialEq + Copy>(
        &self,
        cells: &[Cell],
        look: impl Fn(&Cell) -> L,
        mut each: impl FnMut(L, f64, f64),
    ) {
        let x = |column: usize| self.scale.x(self.start + column as i64 * self.width);
        let mut from = 0;
        for run in cells.chunk_by(|a, b| look(a) == look(b)) {
            let (left, right) = (x(from), x(from + run.len()));
            from += run.len();
            if right > left {
                each(look(&run[0]), left, right - left);
            }
        }
    }
}

fn longest(times: &[f32; CLASSES]) -> usize {
    let mut best = 0;
    for (class, time) in times.iter().enumerate() {
        if *time > times[best] {
            best = class;
        }
    }
    best
}

/// From the first start to the last end.
pub(super) fn reach(panel: &Panel) -> i64 {
    panel.reach.map_or(0, |(first, last)| last - first)
}

/// The classes that occur, each with room for its name.
fn legend(boxes: &[PanelBox]) -> Vec<(usize, f64)> {
    let mut x = LEFT;
    let mut legend = Vec::new();
    for (class, name) in NAMES.iter().enumerate() {
        let is_there = boxes.iter().any(|made| {
            let bars = made.bars.iter().flat_map(|bar| &bar.rects);
            bars.chain(&made.columns).any(|rect| rect.class == class)
        });
        if is_there {
            legend.push((class, x));
            x += 38.0 + 7.0 * name.len() as f64;
        }
    }
    legend
}
