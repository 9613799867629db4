//! The evidence that a server limits the number of requests in a time, and not the number at once; and how many it takes.
//!
//! A limit on requests at once pushes nobody back who asks alone. One by rate does, whether it counts by a leaky bucket
//! (Jonathan Turner, "New Directions in Communications", 1986), a token bucket or fixed windows.

use std::time::{Duration, Instant};

use crate::model::origin::UntoldLimit;

/// The push-backs of requests that were alone in flight from which a limit by rate is told.
const FEWEST_ALONE: u32 = 2;

/// The requests that were taken meanwhile from which their number a second is told.
const FEWEST_TAKEN: u32 = 10;

/// The same of a stretch without a push-back; and where push-backs ask for waits, as in each of them the server may save
/// up as many as it then takes in a stretch.
const FEWEST_IN_STRETCH: [u32; 2] = [5, 20];

/// The scatter (standard deviation of the logarithms) of the distances that were too soon, up to which 503, which a server
/// may also give at random, is an answer to them; and the number of them that shows it. A limit is met at one pace, and
/// chance at any.
const MOST_SCATTER: f64 = 0.4;
const FEWEST_SCATTERED: u32 = 4;

/// The part of the rate at which requests came too soon that those that were taken have to reach: else too little is
/// known of what is between.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.5..=1.25;

/// A stretch without a push-back in which requests were taken.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// The first start in it, and those that were taken after it.
    began: Option<Instant>,
    after: u32,
}

impl Stretch {
    /// The requests a second up to this moment. The first may have been saved up.
    fn per_second(&self, until: Instant) -> Option<f64> {
        let seconds = until.saturating_duration_since(self.began?).as_secs_f64();
        (self.after > 0 && seconds > 0.0).then(|| f64::from(self.after) / seconds)
    }
}

/// The requests of an origin from its first push-back on.
#[derive(Debug)]
pub(super) struct RateEvidence {
    /// The first push-back, and the last with the number of those that were taken between.
    first: Instant,
    last: Option<(Instant, u32)>,
    taken: u32,
    alone: u32,
    /// The start of the last request that was taken.
    last_taken: Option<Instant>,
    /// The longest time after it that was too short for another.
    too_soon: Duration,
    stretch: Stretch,
    /// The longest stretch that a push-back ended, with its rate.
    longest: Option<(u32, f64)>,
    /// True if a push-back asked for a wait.
    has_waits: bool,
    /// True if one said that it was for the number of requests: 429, or a wait.
    is_stated: bool,
    /// The number of distances that were too soon, and the sums of their logarithms and of the squares.
    distances: (u32, f64, f64),
}

impl RateEvidence {
    /// Begins with a push-back of a request that was started then.
    pub(super) fn new(first: Instant, is_alone: bool) -> Self {
        RateEvidence {
            first,
            last: None,
            taken: 0,
            alone: u32::from(is_alone),
            last_taken: None,
            too_soon: Duration::ZERO,
            stretch: Stretch::default(),
            longest: None,
            has_waits: false,
            is_stated: false,
            distances: (0, 0.0, 0.0),
        }
    }

    /// Notes an answer that is no push-back. Those to requests of the flight that was pushed back say nothing.
    pub(super) fn success(&mut self, started: Instant) {
        if started < self.first {
            return;
        }
        self.taken += 1;
        self.last_taken = self.last_taken.max(Some(started));
        match self.stretch.began {
            None => self.stretch.began = Some(started),
            Some(_) => self.stretch.after += 1,
        }
    }

    /// Notes that a push-back asked for a wait.
    pub(super) fn note_wait(&mut self) {
        self.has_waits = true;
        self.is_stated = true;
    }

    /// Notes that a push-back said that there were too many requests (429).
    pub(super) fn note_too_many(&mut self) {
        self.is_stated = true;
    }

    /// True if the push-backs are for the pace, by what they say or as nothing shows that they came at any.
    fn is_by_pace(&self) -> bool {
        let (count, sum, squares) = self.distances;
        if self.is_stated || count < FEWEST_SCATTERED {
            return true;
        }
        let mean = sum / f64::from(count);
        let variance = (squares / f64::from(count) - mean * mean).max(0.0);
        variance.sqrt() <= MOST_SCATTER
    }

    /// Notes a push-back of a request that was started then.
    pub(super) fn push_back(&mut self, started: Instant, is_alone: bool) {
        if started < self.first {
            return;
        }
        self.last = Some((started, self.taken));
        if is_alone {
            self.alone += 1;
            if let Some(taken) = self.last_taken {
                let after = started.saturating_duration_since(taken);
                self.too_soon = self.too_soon.max(after);
                if !after.is_zero() {
                    let log = after.as_secs_f64().ln();
                    let (count, sum, squares) = self.distances;
                    self.distances = (count + 1, sum + log, squares + log * log);
                }
            }
        }
        let stretch = std::mem::take(&mut self.stretch);
        let ended = stretch
            .per_second(started)
            .map(|rate| (stretch.after, rate));
        self.longest = longer(self.longest, ended);
    }

    /// An estimate of the requests a second that the server takes; `None` unless requests that were alone were pushed
    /// back too, and enough others were taken.
    ///
    /// One request was too soon after another, so that fewer are taken than would come at that distance. A stretch
    /// without a push-back is what was taken at least. The rate is between the two, and told if they are near enough: by
    /// their geometric mean. Else all that were taken from the first push-back to the last tell it: nothing was left at
    /// either of what the server had saved up. But nothing does if these are far fewer, as in a run that mostly waited.
    pub(super) fn per_second(&self) -> Option<f64> {
        if self.alone < FEWEST_ALONE
            || self.taken < FEWEST_TAKEN
            || self.too_soon.is_zero()
            || !self.is_by_pace()
        {
            return None;
        }
        let most = self.too_soon.as_secs_f64().recip();
        let between = |least: f64| match least < most {
            true => (least * most).sqrt(),
            false => least,
        };
        let current = self.last_taken.and_then(|last| {
            let rate = self.stretch.per_second(last)?;
            Some((self.stretch.after, rate))
        });
        let fewest = FEWEST_IN_STRETCH[usize::from(self.has_waits)];
        let longest = longer(self.longest, current).filter(|(taken, _)| *taken >= fewest);
        if let Some((_, rate)) = longest
            && PLAUSIBLE.contains(&(rate / most))
        {
            return Some(between(rate));
        }
        let (last, taken) = self.last?;
        let seconds = last.saturating_duration_since(self.first).as_secs_f64();
        let mean = (seconds > 0.0).then(|| f64::from(taken) / seconds)?;
        let is_told = taken >= FEWEST_TAKEN && mean / most >= *PLAUSIBLE.start();
        is_told.then(|| between(mean))
    }
}

impl RateEvidence {
    /// The reason why there is no such estimate, if there is none of a server that pushed lone requests back.
    pub(super) fn untold(&self) -> Option<UntoldLimit> {
        if self.alone < FEWEST_ALONE || !self.is_by_pace() || self.per_second().is_some() {
            return None;
        }
        Some(match self.taken < FEWEST_TAKEN {
            true => UntoldLimit::RateOfFew,
            false => UntoldLimit::RateBetweenWaits,
        })
    }
}

/// The one of two stretches in which more were taken, each with its number and rate.
fn longer(one: Option<(u32, f64)>, other: Option<(u32, f64)>) -> Option<(u32, f64)> {
    [one, other]
        .into_iter()
        .flatten()
        .max_by_key(|(taken, _)| *taken)
}

#[cfg(test)]
mod tests;
