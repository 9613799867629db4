//! The distance between the starts at an origin that takes fewer requests than one at once gives it.

use std::time::{Duration, Instant};

use super::proof::Proof;

/// The shortest distance to begin with.
const FIRST: Duration = Duration::from_millis(50);

/// The longest distance.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// The distance below which starts need none.
const SHORTEST: Duration = Duration::from_millis(1);

/// The time for which a distance that has worked for a while is not gone below again after a push-back.
const MEMORY: Duration = Duration::from_secs(10);

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

#[derive(Debug)]
pub(super) struct Pace {
    distance: Option<Duration>,
    /// False while the answers themselves are that far apart, so that no distance is needed.
    is_kept: bool,
    /// The distance that is not gone below, until a moment.
    floor: Option<(Duration, Instant)>,
    /// Push-backs without a success between, after the first.
    in_a_row: u32,
    /// The first start since the last push-back, and the successes since.
    taken: (Option<Instant>, u32),
    proof: Proof,
}

impl Pace {
    pub(super) fn new() -> Self {
        Pace {
            distance: None,
            is_kept: true,
            floor: None,
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
        self.taken.1 += 1;
        self.proof.success(now);
        if !self.is_kept {
            return;
        }
        let floor = self.floor.filter(|(_, until)| now < *until);
        let least = floor.map_or(Duration::ZERO, |(least, _)| least);
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
        let mean = began
            .filter(|_| successes >= MEASURABLE)
            .map(|began| now.saturating_duration_since(began) / successes);
        // A quarter more than the mean, in which what the server had saved up has its part.
        let longer = mean.map_or(doubled, |mean| (mean * 5 / 4).max(distance).min(doubled));
        self.distance = Some(longer);
        self.floor = (successes > 0).then_some((longer, now + MEMORY));
        self.in_a_row += 1;
        match self.in_a_row {
            ..=FREE => Slower::Free,
            many if many < FREE + probes => Slower::Judge,
            _ => Slower::GiveUp,
        }
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
