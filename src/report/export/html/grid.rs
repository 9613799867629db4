//! Busy time per lane, time slot and phase: a timeline of any length in constant memory.

/// How many slots there are; at least half of them are in use.
pub(super) const SLOTS: usize = 192;

/// The most lanes; with more workers, several share one.
pub(super) const LANES: usize = 40;

/// The seconds of each phase.
pub(super) type Slot = [f32; 7];

/// Slots of equal width from `origin` on. When the time runs past either end, the slots are moved
/// along or two become one.
#[derive(Debug)]
pub(super) struct Grid {
    /// Where the first slot begins, in seconds on the caller's scale.
    pub(super) origin: f64,
    /// The width of a slot in seconds.
    pub(super) width: f64,
    /// How many workers share a lane; the last may have fewer.
    pub(super) workers_per_lane: usize,
    workers: usize,
    pub(super) lanes: Vec<Vec<Slot>>,
}

impl Grid {
    /// An empty grid for this many workers and this stretch of time, which may grow.
    pub(super) fn new(workers: usize, start: f64, end: f64) -> Self {
        let workers_per_lane = workers.div_ceil(LANES).max(1);
        let lanes = workers.div_ceil(workers_per_lane).max(1);
        Grid {
            origin: start,
            width: ((end - start) / SLOTS as f64).max(1e-6),
            workers_per_lane,
            workers: workers.max(1),
            lanes: vec![vec![Slot::default(); SLOTS]; lanes],
        }
    }

    /// Adds a request of this worker that began at `start`, with the seconds of each phase.
    pub(super) fn add(&mut self, worker: usize, start: f64, phases: [f64; 7]) {
        self.make_room(start, start + phases.iter().sum::<f64>());
        let lane = (worker / self.workers_per_lane).min(self.lanes.len() - 1);
        let mut from = start;
        for (phase, seconds) in phases.into_iter().enumerate() {
            let to = from + seconds;
            let place = |time: f64| ((time - self.origin) / self.width).max(0.0);
            let last = (place(to) as usize).min(SLOTS - 1);
            for slot in (place(from) as usize).min(last)..=last {
                let begin = self.origin + slot as f64 * self.width;
                let part = to.min(begin + self.width) - from.max(begin);
                self.lanes[lane][slot][phase] += part.max(0.0) as f32;
            }
            from = to;
        }
    }

    /// The seconds that the workers of this lane have in a slot.
    pub(super) fn full(&self, lane: usize) -> f64 {
        let rest = self.workers.saturating_sub(lane * self.workers_per_lane);
        self.width * rest.clamp(1, self.workers_per_lane) as f64
    }

    fn make_room(&mut self, start: f64, end: f64) {
        if start < self.origin {
            let last = self
                .lanes
                .iter()
                .flat_map(|lane| lane.iter().rposition(is_used))
                .max();
            let mut used = last.map_or(0, |last| last + 1);
            let missing = |grid: &Grid| ((grid.origin - start) / grid.width).ceil() as usize;
            while missing(self) + used > SLOTS {
                self.halve();
                used = used.div_ceil(2);
            }
            let shift = missing(self);
            self.lanes
                .iter_mut()
                .for_each(|lane| lane.rotate_right(shift));
            self.origin -= shift as f64 * self.width;
        }
        while end > self.origin + SLOTS as f64 * self.width {
            self.halve();
        }
    }

    /// Makes two slots one.
    fn halve(&mut self) {
        for lane in &mut self.lanes {
            for slot in 0..SLOTS {
                let pair =
                    [2 * slot, 2 * slot + 1].map(|k| lane.get(k).copied().unwrap_or_default());
                lane[slot] = std::array::from_fn(|phase| pair[0][phase] + pair[1][phase]);
            }
        }
        self.width *= 2.0;
    }
}

fn is_used(slot: &Slot) -> bool {
    slot.iter().any(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(phase: usize, seconds: f64) -> [f64; 7] {
        let mut phases = [0.0; 7];
        phases[phase] = seconds;
        phases
    }

    fn total(grid: &Grid, lane: usize, phase: usize) -> f64 {
        grid.lanes[lane]
            .iter()
            .map(|slot| f64::from(slot[phase]))
            .sum()
    }

    #[test]
    fn no_time_is_lost_however_far_it_runs_to_either_side() {
        let mut grid = Grid::new(2, 0.0, 1.0);
        grid.add(0, 0.2, only(5, 0.5));
        grid.add(1, 0.0, only(6, 1.0));
        grid.add(0, 700.0, only(5, 50.0));
        grid.add(1, -300.0, only(0, 20.0));
        assert!((total(&grid, 0, 5) - 50.5).abs() < 1e-3);
        assert!((total(&grid, 1, 6) - 1.0).abs() < 1e-3);
        assert!((total(&grid, 1, 0) - 20.0).abs() < 1e-3);
        assert!(grid.origin <= -300.0);
        assert!(grid.origin + grid.width * SLOTS as f64 >= 750.0);
        // Each where it happened.
        let at = |time: f64| ((time - grid.origin) / grid.width) as usize;
        assert!(grid.lanes[1][at(-290.0)][0] > 0.0);
        assert!(grid.lanes[0][at(725.0)][5] > 0.0);
        assert_eq!(grid.lanes[0][at(300.0)], Slot::default());
    }

    #[test]
    fn phases_follow_one_another() {
        let mut grid = Grid::new(1, 0.0, SLOTS as f64);
        let mut phases = only(1, 1.0);
        phases[5] = 2.5;
        grid.add(0, 10.0, phases);
        assert_eq!(grid.lanes[0][10], only(1, 1.0).map(|s| s as f32));
        assert_eq!(grid.lanes[0][12], only(5, 1.0).map(|s| s as f32));
        assert_eq!(grid.lanes[0][13], only(5, 0.5).map(|s| s as f32));
    }

    #[test]
    fn many_workers_share_lanes_and_none_is_out_of_range() {
        let mut grid = Grid::new(1000, 0.0, 1.0);
        assert_eq!((grid.lanes.len(), grid.workers_per_lane), (LANES, 25));
        grid.add(5000, 0.0, only(2, 1.0));
        assert!((total(&grid, LANES - 1, 2) - 1.0).abs() < 1e-3);
        assert_eq!(Grid::new(0, 0.0, 0.0).lanes.len(), 1);
        // 37 lanes of 8, and 4 in the last.
        let grid = Grid::new(300, 0.0, SLOTS as f64);
        assert_eq!((grid.full(0), grid.full(37)), (8.0, 4.0));
    }
}
