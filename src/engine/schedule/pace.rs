//! The distance between the starts at an origin that takes fewer requests than one at once gives it.

use std::time::{Duration, Instant};

use super::proof::Proof;
use super::server_rate::ServerRate;

/// The shortest distance to begin with.
pub(super) const FIRST: Duration = Duration::from_millis(50);

/// The longest distance.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// The distance below which starts need none.
const SHORTEST: Duration = Duration::from_millis(1);

/// The time after a push-back, and its wait, for which no more is tried than what it has left.
pub(super) const MEMORY: Duration = Duration::from_secs(10);

/// The longest time for that.
const LONGEST_MEMORY: Duration = Duration::from_secs(60);

/// The number of distances after which one that was only doubled may be shortened again.
const GUESSED: u32 = 16;

/// Push-backs in a row, each at a doubled distance, that use up no try.
const FREE: u32 = 5;

/// The number of successes from which their mean distance says what the server takes.
const MEASURABLE: u32 = 8;

/// The consequence of a push-back for its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slower {
    /// It goes back without using up a try.
    Free,
    /// It uses up a try: longer distances have not helped.
    Judge,
    /// The server takes nothing.
    GiveUp,
}

/// A distance that is not gone below, until a moment.
#[derive(Debug, Clone, Copy)]
struct Floor {
    distance: Duration,
    until: Instant,
    /// True if it is one at which the server has taken requests between waits.
    is_measured: bool,
}

#[derive(Debug)]
pub(super) struct Pace {
    distance: Option<Duration>,
    /// False while the answers themselves are that far apart, so that no distance is needed.
    is_kept: bool,
    /// The distance that is not gone below, until a moment.
    floor: Option<Floor>,
    /// The last distance that was kept until then without a push-back.
    kept: Option<Duration>,
    /// Push-backs without a success between, after the first.
    in_a_row: u32,
    /// The first start since the last push-back, and the successes since.
    taken: (Option<Instant>, u32),
    rate: ServerRate,
    proof: Proof,
}

impl Pace {
    /// `saved_up`: the number that was taken at once after a wait.
    pub(super) fn new(saved_up: usize) -> Self {
        Pace {
            rate: ServerRate::new(saved_up),
            distance: None,
            is_kept: true,
            floor: None,
            kept: None,
            in_a_row: 0,
            taken: (None, 0),
            proof: Proof::default(),
        }
    }

    pub(super) fn per_second(&self) -> f64 {
        1.0 / self.distance.unwrap_or(FIRST).as_secs_f64()
    }

    /// Notes a start. Returns the distance to the next.
    pub(super) fn start(&mut self, now: Instant) -> Duration {
        self.taken.0.get_or_insert(now);
        self.proof.start(now);
        self.distance.unwrap_or_default()
    }

    /// True while a distance is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Takes a tenth off; three tenths once a good number of them came in a row.
    pub(super) fn success(&mut self, took: Duration, now: Instant) {
        self.in_a_row = 0;
        let started = now.checked_sub(took).unwrap_or(now);
        // Those of the flight that was pushed back were started before the wait.
        if self.taken.0.is_some_and(|began| began <= started) {
            self.taken.1 += 1;
            self.rate.success(started);
        }
        self.proof.success(now);
        if !self.is_kept {
            return;
        }
        if let Some(floor) = self.floor.take_if(|floor| now >= floor.until) {
            if floor.is_measured {
                self.kept = Some(floor.distance);
                self.taken = (Some(now), 0);
            }
            // By now the server has saved up again.
            self.rate.forget();
        }
        let least = self.floor.map_or(Duration::ZERO, |floor| floor.distance);
        let distance = self.distance.unwrap_or(FIRST);
        let tenths = if self.taken.1 > MEASURABLE { 7 } else { 9 };
        let shorter = (distance * tenths / 10).max(least).min(distance);
        self.distance = Some(shorter);
        self.is_kept = shorter >= took.max(SHORTEST);
    }

    /// True for a push-back that no limit of so many a second explains, as the request came long after the one
    /// before. It goes back to the distance that the server takes.
    pub(super) fn refutes(&mut self, now: Instant) -> bool {
        let enough = self.proof.refutes(now);
        if let Some(enough) = enough {
            self.shorten_to(enough);
        }
        enough.is_some()
    }

    /// Doubles the distance up to the longest, or lengthens it to that at which starts were taken since the last
    /// push-back.
    pub(super) fn push_back(
        &mut self,
        took: Duration,
        now: Instant,
        probes: u32,
        wait: Option<Duration>,
        longest: Duration,
    ) -> Slower {
        let (began, successes) = std::mem::take(&mut self.taken);
        self.proof.push_back(now.checked_sub(took).unwrap_or(now));
        self.is_kept = true;
        let Some(distance) = self.distance else {
            self.distance = Some(took.clamp(FIRST, longest));
            return Slower::Free;
        };
        let doubled = (distance * 2).min(longest).max(distance);
        let measured = began.filter(|_| successes >= MEASURABLE);
        let mean = measured.map(|began| now.saturating_duration_since(began) / successes);
        let needed = wait.and_then(|_| self.rate.distance(now));
        let longer = match (needed, mean) {
            (Some(needed), _) => {
                let most = self.kept.unwrap_or(longest).max(distance);
                (needed * 17 / 16).clamp(distance, most)
            }
            // A quarter more than the mean, in which what the server had saved up has its part.
            (None, Some(mean)) => (mean * 5 / 4).clamp(distance, doubled),
            (None, None) => doubled,
        };
        self.forget();
        self.distance = Some(longer);
        let memory = match wait {
            // Where a push-back costs a wait, one that is measured is kept for longer, and one that is guessed not.
            Some(wait) if mean.is_some() => wait + MEMORY.max(wait * 8).min(LONGEST_MEMORY),
            Some(wait) => wait + MEMORY.min(longer * GUESSED),
            None => MEMORY,
        };
        self.floor = (successes > 0).then_some(Floor {
            distance: longer,
            until: now + memory,
            is_measured: wait.is_some() && mean.is_some(),
        });
        self.kept = None;
        self.in_a_row += 1;
        match self.in_a_row {
            ..=FREE => Slower::Free,
            many if many < FREE + probes => Slower::Judge,
            _ => Slower::GiveUp,
        }
    }

    /// Begins to count anew what the server takes, as it has nothing left.
    pub(super) fn forget(&mut self) {
        self.taken = (None, 0);
        self.rate.forget();
    }

    /// Goes back to a shorter distance.
    pub(super) fn shorten_to(&mut self, distance: Duration) {
        self.distance = self.distance.map(|longer| longer.min(distance));
        self.floor = None;
    }

    /// The distance from the last start to the next.
    pub(super) fn distance(&self) -> Duration {
        self.distance.unwrap_or_default()
    }
}
