//! The geometry of a timeline: plain numbers and text, before any of it is written.

use super::grid::GridCell;
use super::model::TimelineAttempt;
use super::{CLASSES, DrawnRun, axis, text};

/// The width of a picture, and the edges of its lanes, in the units of its view box.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const LEFT: f64 = 120.0;
pub(super) const RIGHT: f64 = 970.0;

/// The class of failure, after those of time.
pub(super) const FAILED: usize = CLASSES;

/// The names of the classes, in the legend and in the style sheet.
pub(super) const NAMES: [&str; CLASSES + 1] = [
    "blocked", "dns", "connect", "ssl", "send", "wait", "receive", "other", "failed",
];

/// The least width of a bar that can be seen.
const LEAST: f64 = 0.6;

/// The distance from one lane to the next, in few lanes and in many, and the share of it that a bar takes.
const PITCH: (f64, f64) = (18.0, 6.0);
const BAR: f64 = 0.78;

/// The most lanes that count as few. More get about as many labels.
const FEW: usize = 64;

/// The steps of a column's height, which shows how busy its workers were.
const LEVELS: f32 = 4.0;

/// The layout of a picture.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) description: String,
    /// The lines between title and legend.
    pub(super) notes: Vec<String>,
    /// The baseline of the first note.
    pub(super) notes_y: f64,
    /// The classes that occur, with the left edge of each.
    pub(super) legend: Vec<(usize, f64)>,
    pub(super) legend_y: f64,
    /// The upper edge of the first panel.
    pub(super) lanes_top: f64,
    pub(super) panels: Vec<Panel>,
    /// The marks of the time axis: place and label.
    pub(super) ticks: Vec<(f64, String)>,
    /// The lower edge of the lanes.
    pub(super) bottom: f64,
}

/// The lanes of one run.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) heading: Option<(f64, String)>,
    /// The middle and the name of each labelled lane.
    pub(super) labels: Vec<(f64, String)>,
    /// The upper edge and the height of each lane's background.
    pub(super) lanes: Vec<(f64, f64)>,
    /// The bars, if there is one for each attempt.
    pub(super) bars: Vec<Bar>,
    /// The columns, if there are too many attempts for bars.
    pub(super) columns: Vec<Rect>,
}

/// The bar of one attempt.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) tooltip: String,
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

/// The scale of the time axis, in units of the view box per nanosecond.
#[derive(Debug, Clone, Copy)]
struct TimeScale(f64);

impl TimeScale {
    /// The place of a moment, given in nanoseconds from the first start of its run.
    fn x(self, nanos: i64) -> f64 {
        (LEFT + nanos as f64 * self.0).clamp(LEFT, RIGHT)
    }
}

impl Picture {
    /// Lays these runs out above each other, on one scale. `top` is the height that is left free for a
    /// title.
    pub(super) fn new(runs: &[DrawnRun<'_>], top: f64) -> Self {
        let nanos = runs.iter().map(|run| run.timeline.nanos()).max();
        let nanos = nanos.unwrap_or(0);
        let scale = TimeScale((RIGHT - LEFT) / nanos.max(1) as f64);
        let has_bars = runs.iter().all(|run| run.timeline.has_bars());
        let columns = runs.iter().map(|run| run.timeline.grid().scale().1);
        let column = if has_bars { None } else { columns.max() };
        let notes = text::notes(runs, column);
        let legend_y = top + 18.0 * notes.len() as f64;
        let lanes_top = legend_y + 22.0;
        let mut y = lanes_top;
        let mut panels = Vec::new();
        for run in runs.iter().filter(|run| !run.timeline.is_empty()) {
            panels.push(Panel::new(run, has_bars, scale, &mut y));
        }
        let mut ticks = axis::linear(0.0, nanos as f64 / 1e9);
        if panels.is_empty() {
            ticks.clear();
        }
        Picture {
            height: y + 34.0,
            title: text::title(runs),
            description: text::description(runs),
            notes,
            notes_y: top - 6.0,
            legend: legend(&panels),
            legend_y,
            lanes_top,
            panels,
            ticks: ticks
                .into_iter()
                .map(|tick| (scale.x((tick.seconds * 1e9).round() as i64), tick.label))
                .collect(),
            bottom: y,
        }
    }
}

impl Panel {
    /// Lays one run out from `y` down, and moves `y` to its lower edge.
    fn new(run: &DrawnRun<'_>, has_bars: bool, scale: TimeScale, y: &mut f64) -> Self {
        let DrawnRun { arm, timeline } = *run;
        let heading = arm.map(|arm| {
            *y += 22.0;
            (*y - 7.0, text::heading(arm, run))
        });
        let grid = (!has_bars).then(|| timeline.grid());
        let (rows, group) = grid.as_ref().map_or((&[][..], 1), |grid| grid.rows());
        let count = if has_bars {
            timeline.lanes()
        } else {
            rows.len()
        };
        let pitch = if count <= FEW { PITCH.0 } else { PITCH.1 };
        let (top, height) = (*y, pitch * BAR);
        let lane = |row: usize| top + row as f64 * pitch;
        *y += count as f64 * pitch;
        let every = count
            .div_ceil(FEW)
            .next_multiple_of(if count > FEW { 5 } else { 1 });
        let label = |row: usize| {
            let name = text::lane(arm, row, group, timeline.lanes());
            (lane(row) + height / 2.0, name)
        };
        let bar = |attempt: &TimelineAttempt| {
            bar(
                attempt,
                scale,
                timeline.first(),
                lane(attempt.worker),
                height,
            )
        };
        let mut columns = Vec::new();
        if let Some(grid) = &grid {
            let (origin, width) = grid.scale();
            for (row, cells) in rows.iter().enumerate() {
                // The last row may stand for fewer.
                let workers = group.min(timeline.lanes() - row * group);
                let made = Columns {
                    scale,
                    start: origin - timeline.first(),
                    width,
                    capacity: width as f32 * workers as f32,
                };
                made.row(cells, lane(row), height, &mut columns);
            }
        }
        Panel {
            heading,
            labels: (0..count).step_by(every).map(label).collect(),
            lanes: (0..count).map(|row| (lane(row), height)).collect(),
            bars: match timeline.attempts() {
                Some(attempts) if has_bars => attempts.iter().map(bar).collect(),
                _ => Vec::new(),
            },
            columns,
        }
    }
}

/// Makes the bar of an attempt: a rectangle for each phase, and a line below them if it failed.
fn bar(attempt: &TimelineAttempt, scale: TimeScale, first: i64, y: f64, height: f64) -> Bar {
    let (left, right) = (scale.x(attempt.start - first), scale.x(attempt.end - first));
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
        let longest = longest(&attempt.parts.map(|part| part as f32));
        rects.push(rect(longest, left, right, y, height));
    } else {
        let mut from = attempt.start;
        for (class, part) in attempt.parts.into_iter().enumerate() {
            let (x, to) = (scale.x(from - first), scale.x(from + part - first));
            if part > 0 && to - x >= 0.05 {
                rects.push(rect(class, x, to, y, height));
            }
            from += part;
        }
    }
    if attempt.failed {
        let line = height * 0.3;
        rects.push(rect(FAILED, left, right, y + height - line, line));
    }
    Bar {
        tooltip: attempt.tooltip.clone(),
        rects,
    }
}

/// The columns of a grid, to be made rectangles of.
struct Columns {
    scale: TimeScale,
    /// The left edge of the first column, in nanoseconds from the first start.
    start: i64,
    /// The width of a column in nanoseconds.
    width: i64,
    /// The time that the workers of a row have in a column, in nanoseconds.
    capacity: f32,
}

impl Columns {
    /// Adds the rectangles of one row to `to`. Neighbours of the same look are joined.
    fn row(&self, cells: &[GridCell], y: f64, height: f64, to: &mut Vec<Rect>) {
        let look = |cell: &GridCell| {
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

    /// Calls `each` with look, left edge and width of every run of columns that look alike.
    fn runs<L: PartialEq + Copy>(
        &self,
        cells: &[GridCell],
        look: impl Fn(&GridCell) -> L,
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

/// The class that took the most time.
fn longest(times: &[f32; CLASSES]) -> usize {
    let mut best = 0;
    for (class, time) in times.iter().enumerate() {
        if *time > times[best] {
            best = class;
        }
    }
    best
}

/// The classes that occur, each with the left edge of its key.
fn legend(panels: &[Panel]) -> Vec<(usize, f64)> {
    let mut x = LEFT;
    let mut legend = Vec::new();
    for (class, name) in NAMES.iter().enumerate() {
        let is_there = panels.iter().any(|panel| {
            let bars = panel.bars.iter().flat_map(|bar| &bar.rects);
            bars.chain(&panel.columns).any(|rect| rect.class == class)
        });
        if is_there {
            legend.push((class, x));
            x += 38.0 + 7.0 * name.len() as f64;
        }
    }
    legend
}
