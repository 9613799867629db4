//! Latency by load: whether a server answered more slowly as more was asked of it at once.
//!
//! Such a run's per-URL times are longer than those of a serial one, so no speed-up follows from them.

use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::outcome::{Outcome, Verdict};
use super::timing::Phase;
use crate::stats::{Sample, exceeds};

/// The fewest and the most attempts that are kept, and how many of them per worker. The first that are started are
/// those that find few others under way.
const MIN_KEPT: usize = 16;
const MAX_KEPT: usize = 256;
const KEPT_PER_WORKER: usize = 4;

/// The least number of answers of each kind: with fewer, chance alone would sort them.
const MIN_ANSWERS: usize = 4;

/// The least ratio of the waits that is told, and their least difference, below which it is that of the machine.
const MIN_RATIO: f64 = 1.4;
const MIN_DIFFERENCE: Duration = Duration::from_millis(2);

/// Finding that answers took longer when more requests were under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slowdown {
    /// The number of requests under way that counts as few, the asking one included.
    pub under_way: usize,
    /// The median wait for an answer with up to so many under way.
    pub few: Duration,
    /// The median wait with more.
    pub many: Duration,
}

/// The first attempts of a run, in constant memory.
#[derive(Debug, Default, Clone)]
pub(super) struct LatencyByLoad {
    /// Those that were sent first; the last of them on top.
    first: BinaryHeap<LoadSample>,
    most: usize,
}

/// An attempt, ordered by the moment at which its request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LoadSample {
    /// Connecting may change the order in which requests reach the server.
    sent: Instant,
    end: Instant,
    /// The time from the request to the first byte of an answer that was taken. It is without connecting, which
    /// the first requests alone have to do, and without the body, which may be of any length.
    wait: Option<Duration>,
}

impl LatencyByLoad {
    pub(super) fn new(workers: usize) -> Self {
        LatencyByLoad {
            first: BinaryHeap::new(),
            // One worker puts no load on a server that a serial run does not.
            most: match workers {
                ..=1 => 0,
                _ => workers
                    .saturating_mul(KEPT_PER_WORKER)
                    .clamp(MIN_KEPT, MAX_KEPT),
            },
        }
    }

    /// Adds the attempts of an outcome.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let is_answer = outcome.verdict == Verdict::Ok && outcome.redirects().is_empty();
        let wait = outcome.last.timing.phase(Phase::Wait);
        let earlier = outcome.earlier().iter().map(|attempt| (attempt, None));
        for (attempt, wait) in earlier.chain([(&outcome.last, wait.filter(|_| is_answer))]) {
            let Some((start, end)) = attempt.worker_span() else {
                continue;
            };
            let before = wait.zip(attempt.timing.ttfb());
            let before = before.map_or(Duration::ZERO, |(wait, ttfb)| ttfb.saturating_sub(wait));
            let sent = start + before;
            if self.first.len() >= self.most {
                match self.first.peek() {
                    Some(last) if sent < last.sent => self.first.pop(),
                    _ => continue,
                };
            }
            self.first.push(LoadSample { sent, end, wait });
        }
    }

    /// The finding; `None` if there is no slow-down, or too little to tell by.
    ///
    /// All that is under way when one of the first requests is sent is among them, so the counts are exact. Few is
    /// half of the most that are under way at once, which tells a server that takes half of them, or all but the
    /// last: the waits of the first requests grow until as many are under way as will be.
    pub(super) fn slowdown(&self) -> Option<Slowdown> {
        let samples = self.first.clone().into_sorted_vec();
        let under_way = |place: usize, sent: Instant| {
            let before = samples[..place].iter();
            1 + before.filter(|earlier| earlier.end > sent).count()
        };
        let loads: Vec<(usize, LoadSample)> = samples
            .iter()
            .enumerate()
            .map(|(place, sample)| (under_way(place, sample.sent), *sample))
            .collect();
        let most = loads.iter().map(|(load, _)| *load).max()?;
        [most / 2, most - 1]
            .into_iter()
            .find_map(|few| slowdown_beyond(few, &loads))
    }
}

/// The finding, with the answers to requests with up to `under_way` under way on one side.
fn slowdown_beyond(under_way: usize, loads: &[(usize, LoadSample)]) -> Option<Slowdown> {
    let waits = |is_few: bool| -> Vec<f64> {
        let loads = loads.iter();
        let loads = loads.filter(|(load, _)| (*load <= under_way) == is_few);
        let waits = loads.filter_map(|(_, sample)| sample.wait);
        waits.map(|wait| wait.as_secs_f64()).collect()
    };
    let (few, many) = (waits(true), waits(false));
    if few.len().min(many.len()) < MIN_ANSWERS || !exceeds(&many, &few) {
        return None;
    }
    let [few, many] = [Sample::of(&few)?.median, Sample::of(&many)?.median];
    let is_told = many >= few * MIN_RATIO && many - few >= MIN_DIFFERENCE.as_secs_f64();
    is_told.then(|| Slowdown {
        under_way,
        few: Duration::from_secs_f64(few),
        many: Duration::from_secs_f64(many),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::target::Verb;
    use crate::model::timing::Timing;

    const MS: Duration = Duration::from_millis(1);

    /// The finding for a run of so many workers over forty URLs, of which the n-th waits for its answer as long as
    /// `wait` says, given n and the number of requests under way at its start.
    fn found(workers: usize, wait: impl Fn(u32, usize) -> Duration) -> Option<Slowdown> {
        let zero = Instant::now();
        let mut by_load = LatencyByLoad::new(workers);
        let mut free = vec![zero; workers];
        let mut outcomes = Vec::new();
        for n in 0..40 {
            let start = *free.iter().min().expect("there is a worker");
            let worker = free
                .iter()
                .position(|at| *at == start)
                .expect("it is there");
            // Workers begin one after the other.
            let start = start + MS / 100 * worker as u32;
            let under_way = 1 + free.iter().filter(|at| **at > start).count();
            let wait = wait(n, under_way);
            let end = start + wait;
            free[worker] = end;
            let mut outcome = Outcome::new(u64::from(n), Arc::from("http://h/"), Verb::Get);
            outcome.last.span = Some((start, end));
            outcome.last.timing = Timing::default().with(Phase::Wait, wait);
            outcome.last.timing.close(wait);
            outcomes.push((end, outcome));
        }
        // They come in the order of their ends.
        outcomes.sort_by_key(|(end, _)| *end);
        outcomes
            .iter()
            .for_each(|(_, outcome)| by_load.add(outcome));
        by_load.slowdown()
    }

    #[test]
    fn a_server_that_takes_one_or_four_at_once_slows_down() {
        for at_once in [1, 4] {
            let queued = |_, under_way: usize| 10 * MS * under_way.div_ceil(at_once) as u32;
            let slowdown = found(8, queued);
            assert!(slowdown.is_some(), "{at_once}");
        }
        let one = found(8, |_, under_way| 10 * MS * under_way as u32).expect("it slows down");
        assert_eq!(one.under_way, 4, "{one:?}");
        assert!(one.few < 30 * MS && one.many > 70 * MS, "{one:?}");
    }

    #[test]
    fn one_request_that_was_overtaken_hides_no_slow_down() {
        let queued = |n, under_way: usize| match n {
            2 => 80 * MS,
            _ => 10 * MS * under_way as u32,
        };
        let slowdown = found(8, queued).expect("it slows down");
        assert_eq!(slowdown.under_way, 7, "{slowdown:?}");
    }

    #[test]
    fn a_server_that_takes_all_does_not() {
        assert_eq!(found(8, |_, _| 10 * MS), None);
        // Answers of any length, in any order, and slow first ones.
        let various = |n: u32, _| MS * (10 + n * 17 % 23);
        assert_eq!(found(8, various), None);
        assert_eq!(found(8, |n, _| MS * (80 - n)), None);
        // What grows by a third, or by less than this machine's own delays.
        let third = |_, under_way| if under_way > 4 { 13 * MS } else { 10 * MS };
        assert_eq!(found(8, third), None);
        let short = |_, under_way: usize| MS / 10 * under_way as u32;
        assert_eq!(found(8, short), None);
    }

    #[test]
    fn few_workers_show_nothing() {
        let queued = |_, under_way: usize| 10 * MS * under_way as u32;
        for workers in 1..4 {
            assert_eq!(found(workers, queued), None, "{workers}");
        }
    }

    #[test]
    fn the_first_attempts_are_kept_in_constant_memory_in_whichever_order_they_come() {
        let mut by_load = LatencyByLoad::new(8);
        let zero = Instant::now();
        for n in (0..1000_u32).rev() {
            let mut outcome = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
            outcome.last.span = Some((zero + n * MS, zero + n * MS));
            outcome.last.timing.close(MS);
            by_load.add(&outcome);
        }
        let kept = by_load.first.into_sorted_vec();
        let starts: Vec<Duration> = kept.iter().map(|sample| sample.sent - zero).collect();
        let first: Vec<Duration> = (0..32).map(|n| n * MS).collect();
        assert_eq!(starts, first);
    }
}
