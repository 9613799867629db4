//! Busy time per row of workers, column of time and class: a timeline of any length in constant memory.
//!
//! A row stands for one worker or a few, a column for some nanoseconds. Where time runs past the last
//! column, columns are joined in pairs; where workers run past the last row, rows are.

use super::CLASSES;

/// The number of columns. At least half of them are in use once the first were joined.
pub(super) const COLUMNS: usize = 512;

/// The most rows.
pub(super) const ROWS: usize = 32;

/// The initial width of a column, in nanoseconds.
const FINEST: i64 = 1024;

/// One column of one row: the nanoseconds that its workers spent in each class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct GridCell {
    pub(super) time: [f32; CLASSES],
    /// An attempt ended here and failed.
    pub(super) failed: bool,
}

impl GridCell {
    fn join(&mut self, other: &GridCell) {
        for (sum, part) in self.time.iter_mut().zip(other.time) {
            *sum += part;
        }
        self.failed |= other.failed;
    }
}

/// The grid. Times are nanoseconds from any one moment.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// The left edge of the first column, once there is anything.
    origin: Option<i64>,
    width: i64,
    /// Workers in a row.
    group: usize,
    rows: Vec<Vec<GridCell>>,
    /// Columns in use.
    used: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Grid {
            origin: None,
            width: FINEST,
            group: 1,
            rows: Vec::new(),
            used: 0,
        }
    }
}

impl Grid {
    /// Adds one attempt: its time in each class, one after the other.
    pub(super) fn add(
        &mut self,
        worker: usize,
        (start, end): (i64, i64),
        parts: &[i64; CLASSES],
        failed: bool,
    ) {
        let row = self.row(worker);
        let origin = self.make_room(start, end);
        let width = self.width;
        let cells = &mut self.rows[row];
        let column = |moment: i64| ((moment - origin) / width) as usize;
        let mut from = start;
        for (class, part) in parts.iter().enumerate() {
            let until = from.saturating_add(*part).min(end);
            while from < until {
                let at = column(from);
                let edge = (origin + (at as i64 + 1) * width).min(until);
                cells[at].time[class] += (edge - from) as f32;
                from = edge;
            }
        }
        cells[column(end)].failed |= failed;
    }

    /// The rows, and the number of workers that each stands for.
    pub(super) fn rows(&self) -> (&[Vec<GridCell>], usize) {
        (&self.rows, self.group)
    }

    /// The left edge of the first column and the width of a column, in nanoseconds.
    pub(super) fn scale(&self) -> (i64, i64) {
        (self.origin.unwrap_or(0), self.width)
    }

    fn row(&mut self, worker: usize) -> usize {
        while worker / self.group >= ROWS {
            let rows = std::mem::take(&mut self.rows);
            for pair in rows.chunks(2) {
                let mut joined = pair[0].clone();
                for other in &pair[1..] {
                    joined.iter_mut().zip(other).for_each(|(a, b)| a.join(b));
                }
                self.rows.push(joined);
            }
            self.group *= 2;
        }
        let row = worker / self.group;
        while self.rows.len() <= row {
            self.rows.push(vec![GridCell::default(); COLUMNS]);
        }
        row
    }

    /// Makes the grid reach from `start` to `end`. Returns its left edge.
    fn make_room(&mut self, start: i64, end: i64) -> i64 {
        let mut origin = *self.origin.get_or_insert(start);
        loop {
            let before = (origin - start).max(0) as u64;
            let shift = before.div_ceil(self.width as u64) as usize;
            let last = ((end - origin).max(0) / self.width) as usize + 1;
            let used = last.max(self.used) + shift;
            if used <= COLUMNS {
                for row in &mut self.rows {
                    row.rotate_right(shift);
                }
                origin -= shift as i64 * self.width;
                self.origin = Some(origin);
                self.used = used;
                return origin;
            }
            self.join_columns();
        }
    }

    fn join_columns(&mut self) {
        for row in &mut self.rows {
            for i in 0..COLUMNS {
                row[i] = match row.get(2 * i..2 * i + 2) {
                    Some(&[mut left, ref right]) => {
                        left.join(right);
                        left
                    }
                    _ => GridCell::default(),
                };
            }
        }
        self.width *= 2;
        self.used = self.used.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(grid: &Grid) -> f32 {
        let cells = grid.rows.iter().flatten();
        cells.map(|cell| cell.time.iter().sum::<f32>()).sum()
    }

    fn part(class: usize, time: i64) -> [i64; CLASSES] {
        let mut parts = [0; CLASSES];
        parts[class] = time;
        parts
    }

    #[test]
    fn joining_rows_and_columns_keeps_the_sum_of_all_time() {
        let mut grid = Grid::default();
        let mut sum = 0;
        // To the right, to the left, far beyond the grid's first width, and for many workers.
        for (i, start) in [0, 5000, -7000, 1 << 30, -(1 << 33), 1 << 20]
            .iter()
            .enumerate()
        {
            for worker in [0, 3, 40 * i] {
                let length = 1 << (i * 4);
                grid.add(worker, (*start, start + length), &part(5, length), false);
                sum += length;
            }
        }
        assert!((total(&grid) - sum as f32).abs() < sum as f32 * 1e-4);
        assert_eq!(grid.group, 8);
        assert_eq!(grid.rows.len(), 26);
        assert!(
            grid.used <= COLUMNS && grid.used >= COLUMNS / 2 - 1,
            "{}",
            grid.used
        );
    }

    #[test]
    fn joining_columns_keeps_each_attempt_at_its_time() {
        let mut grid = Grid::default();
        grid.add(0, (0, 1024), &part(1, 1024), true);
        grid.add(0, (1 << 29, (1 << 29) + 1024), &part(2, 1024), false);
        grid.add(0, (-(1 << 29), -(1 << 29) + 1024), &part(3, 1024), false);
        let (origin, width) = grid.scale();
        for (class, moment) in [(1, 0), (2, 1 << 29), (3, -(1 << 29))] {
            let cell = grid.rows[0][((moment - origin) / width) as usize];
            assert_eq!(cell.time[class], 1024.0, "class {class}");
            assert_eq!(cell.failed, class == 1);
        }
    }

    #[test]
    fn an_attempt_of_no_length_is_added() {
        let mut grid = Grid::default();
        grid.add(0, (7, 7), &part(0, 0), true);
        assert!(grid.rows[0][0].failed);
        assert_eq!(total(&grid), 0.0);
    }
}
