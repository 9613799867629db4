//! Latency by load: whether a server answered more slowly as more was asked of it at once.
//!
//! Such a run's per-URL times are longer than those of a serial one, so no speed-up follows from them.

use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::outcome::{Outcome, Verdict};
use super::timing::Phase;
use crate::stats::{Sample, exceeds, precedence};

/// The number of attempts that are kept. The first that are started are those that find few others under way, and
/// the more come after them, the surer it is that they were faster for that.
const KEPT: usize = 256;

/// The least number of answers of each kind: with fewer, chance alone would sort them.
const MIN_ANSWERS: usize = 4;

/// The least ratio of the waits that is told, and their least difference, below which it is that of the machine.
const MIN_RATIO: f64 = 1.4;
const MIN_DIFFERENCE: Duration = Duration::from_millis(2);

/// The part of the typical wait with many under way that the longest of the first batch must have reached. One batch
/// that was fast as a whole, as of lighter URLs at the head of a list, waited for no other.
const MIN_LONGEST: f64 = 0.8;

/// The shares of the first batch that may have been answered before all others, and the probability with which chance
/// does that in a run that no server slows down, for all of them together.
const FIRST_ANSWERED: [f64; 2] = [0.25, 0.4];
const CHANCE: f64 = 0.01;

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

/// The fewest workers and answers of a run in which a slow-down is found: in shorter ones, or with fewer requests at
/// once, chance sorts the answers as well (`tests` has the shares that are found).
const SHOWING_WORKERS: usize = 6;
const SHOWING_ANSWERS: u64 = 40;

impl Slowdown {
    /// Tells whether a run with so many workers and answers would have shown a slow-down, had there been one.
    /// `typical` is the median time of an answer. The least difference that is told hides a larger ratio than the
    /// least that counts, 1.4, in shorter ones than 7 ms.
    pub fn would_show(workers: usize, answers: u64, typical: Duration) -> bool {
        let unslowed = typical.saturating_sub(MIN_DIFFERENCE);
        let would_be_told = typical.as_secs_f64() <= unslowed.as_secs_f64() * MIN_RATIO;
        workers >= SHOWING_WORKERS && answers >= SHOWING_ANSWERS && would_be_told
    }
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
                _ => KEPT,
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
            let is_full = self.first.len() >= self.most;
            // A request is sent no sooner than its attempt starts: most of a long list need no closer look.
            if is_full && self.first.peek().is_none_or(|last| start >= last.sent) {
                continue;
            }
            let before = wait.zip(attempt.timing.ttfb());
            let before = before.map_or(Duration::ZERO, |(wait, ttfb)| ttfb.saturating_sub(wait));
            let sent = start + before;
            if is_full {
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
    /// last: the waits of the first requests grow until as many are under way as will be. Requests that are sent
    /// together may reach the server in another order, which hides that; but not which were answered first.
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
        let batches = Batches::of(&samples)?;
        [most / 2, most - 1]
            .into_iter()
            .find_map(|few| slowdown_beyond(few, &loads))
            .filter(|found| batches.has_waited(found.many.as_secs_f64()))
            .or_else(|| batches.slowdown())
    }
}

/// The waits of the requests that were sent before any answer had come, and of those after them, in seconds. The
/// first batch found the server idle: if it takes fewer at once, the others of the batch waited for their turn, and
/// so did nearly all after it.
struct Batches {
    /// Waits of the first batch, in order.
    first: Vec<f64>,
    rest: Vec<f64>,
}

impl Batches {
    fn of(samples: &[LoadSample]) -> Option<Self> {
        let first_end = samples.iter().map(|sample| sample.end).min()?;
        let waits = |is_first: bool| -> Vec<f64> {
            let of_batch = samples
                .iter()
                .filter(|sample| (sample.sent < first_end) == is_first);
            let waits = of_batch.filter_map(|sample| sample.wait);
            waits.map(|wait| wait.as_secs_f64()).collect()
        };
        let mut first = waits(true);
        first.sort_by(f64::total_cmp);
        Some(Batches {
            first,
            rest: waits(false),
        })
    }

    /// Tells whether some of the first batch waited about as long as this.
    fn has_waited(&self, wait: f64) -> bool {
        let longest = self.first.last();
        longest.is_some_and(|longest| *longest >= wait * MIN_LONGEST)
    }

    /// The finding, if the first answers of the first batch came sooner than nearly all others.
    fn slowdown(&self) -> Option<Slowdown> {
        let batch = self.first.len();
        if batch.min(self.rest.len()) < MIN_ANSWERS {
            return None;
        }
        let many = Sample::of(&self.rest)?.median;
        let chance = CHANCE / FIRST_ANSWERED.len() as f64;
        FIRST_ANSWERED.into_iter().find_map(|share| {
            let rank = ((batch as f64 * share).ceil() as usize).max(2);
            let few = Sample::of(&self.first[..rank])?.median;
            let is_found = is_told(few, many)
                && self.has_waited(many)
                && precedence(&self.first, &self.rest, rank) <= chance;
            is_found.then(|| {
                let soon = self.first.iter().filter(|wait| !is_told(few, **wait));
                slowdown(soon.count(), few, many)
            })
        })
    }
}

/// Tells whether the difference of two typical waits, in seconds, is large enough.
fn is_told(few: f64, many: f64) -> bool {
    many >= few * MIN_RATIO && many - few >= MIN_DIFFERENCE.as_secs_f64()
}

fn slowdown(under_way: usize, few: f64, many: f64) -> Slowdown {
    Slowdown {
        under_way,
        few: Duration::from_secs_f64(few),
        many: Duration::from_secs_f64(many),
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
    is_told(few, many).then(|| slowdown(under_way, few, many))
}

#[cfg(test)]
mod tests;
