//! The number of items of an origin that may be in flight at once: additive increase, multiplicative decrease, as
//! in TCP (Van Jacobson, "Congestion Avoidance and Control", 1988) and in Netflix's concurrency-limits.

use std::time::Instant;

use super::pace::MEMORY;
use super::push_back::PushBack;

/// A size that was pushed back, and the end of the time in which the window does not grow to it.
#[derive(Debug, Clone, Copy)]
struct Refused {
    size: usize,
    until: Instant,
}

impl Refused {
    /// `push`: the push-back, whose wait is no time in which the size could have been tried again.
    fn new(size: usize, push: &PushBack) -> Self {
        let until = super::saturating_add(push.now, push.wait.unwrap_or_default() + MEMORY);
        Refused { size, until }
    }
}

/// The last cut of the window, and the flight that it was made in: the requests that were started before.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: Instant,
    /// The size below which push-backs of the same flight do not take the window.
    floor: usize,
    /// The size of the flight.
    flight: usize,
    /// Those of it that were pushed back.
    pushed_back: usize,
}

#[derive(Debug)]
pub(super) struct AtOnce {
    size: usize,
    /// The size without any push-back.
    most: usize,
    /// Successes in a row.
    streak: usize,
    /// The largest size that a full window of successes in a row has proven.
    proven: usize,
    /// The largest size that was ever proven.
    best: usize,
    cut: Option<Cut>,
    refused: Option<Refused>,
}

impl AtOnce {
    pub(super) fn new(most: usize) -> Self {
        AtOnce {
            size: most,
            most,
            streak: 0,
            proven: 0,
            best: 0,
            cut: None,
            refused: None,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// True if it is as large as it would be without any push-back.
    pub(super) fn is_whole(&self) -> bool {
        self.size >= self.most
    }

    /// The largest size that a full window of successes in a row has proven.
    pub(super) fn proven(&self) -> usize {
        self.proven
    }

    /// The moment of the last cut.
    pub(super) fn cut_at(&self) -> Option<Instant> {
        self.cut.map(|cut| cut.at)
    }

    /// Notes an answer that is no push-back, and grows after a full window of them.
    pub(super) fn success(&mut self, now: Instant) {
        self.streak += 1;
        if self.streak < self.size {
            return;
        }
        self.streak = 0;
        self.proven = self.size;
        self.best = self.best.max(self.size);
        if self.refused.is_some_and(|refused| now >= refused.until) {
            self.refused = None;
        }
        // Towards a size that is known to be too large the way is halved, as in BIC (Lisong Xu, Khaled
        // Harfoush and Injong Rhee, "Binary Increase Congestion Control", 2004).
        let target = self
            .refused
            .map_or(self.size + 1, |refused| refused.size - 1);
        let step = target.saturating_sub(self.size).div_ceil(2);
        self.size = (self.size + step).min(self.most);
    }

    /// Notes a success of the only item in flight, at a distance from the others.
    pub(super) fn success_alone(&mut self) {
        self.proven = 1;
    }

    /// Notes a push-back, whatever comes of it.
    pub(super) fn end_streak(&mut self) {
        self.streak = 0;
    }

    /// Halves the window, or takes it to the number that the server has not pushed back: at once if that is more,
    /// or if it asks for a wait.
    pub(super) fn cut(&mut self, push: &PushBack) {
        let before = self.size;
        self.cut = Some(Cut {
            at: push.now,
            // A cut too many costs less than a wait.
            floor: push.wait.map_or((before / 2).max(1), |_| 1),
            flight: push.flight,
            pushed_back: 0,
        });
        self.refused = Some(Refused::new(before.max(2), push));
        self.streak = 0;
        self.size = before.saturating_sub(1).max(1);
        self.cut_further(push);
    }

    /// Takes the window down within the flight that was cut.
    pub(super) fn cut_further(&mut self, push: &PushBack) {
        let Some(cut) = &mut self.cut else { return };
        cut.pushed_back += 1;
        let taken = cut.flight.saturating_sub(cut.pushed_back);
        let floor = cut.floor.max(taken);
        self.size = (push.level - 1).max(floor).min(self.size).max(1);
        self.proven = self.proven.min(self.size);
        if let Some(refused) = &mut self.refused {
            refused.size = refused.size.min(push.level.max(self.size + 1));
        }
    }

    /// Takes the window to one.
    pub(super) fn cut_to_one(&mut self, push: &PushBack) {
        self.size = 1;
        self.proven = self.proven.min(1);
        self.cut = Some(Cut {
            at: push.now,
            floor: 1,
            flight: 1,
            pushed_back: 1,
        });
        self.refused = Some(Refused::new(2, push));
    }

    /// Takes back cuts that were made without a reason.
    pub(super) fn restore(&mut self, size: usize) {
        if size > self.size {
            self.size = size;
            self.refused = None;
        }
    }

    /// Opens the window to what the server has taken before; where it takes nothing, nothing is lost by haste.
    pub(super) fn reopen(&mut self) {
        let size = match self.best {
            0 => self.most,
            best => best,
        };
        *self = AtOnce {
            size,
            best: self.best,
            ..AtOnce::new(self.most)
        };
    }
}
