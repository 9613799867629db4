//! The time for which limits of the user's keep targets from starting, though a worker is free. It takes no clock of its
//! own, only the moments at which the main loop looks around.

use std::time::Instant;

use super::Engine;
use super::admit::FillEnd;
use super::input_wait::{InputWait, Want};
use super::schedule::StartLimits;
use crate::model::pacing::{BindingLimits, HeldBack};

/// The waits for each limit of a run on its starts.
#[derive(Debug)]
pub(super) struct Holds {
    limits: StartLimits,
    rate: InputWait,
    host_delay: InputWait,
    per_host: InputWait,
}

impl Holds {
    /// Nothing yet, under these limits.
    pub(super) fn new(limits: StartLimits) -> Self {
        Holds {
            limits,
            rate: InputWait::default(),
            host_delay: InputWait::default(),
            per_host: InputWait::default(),
        }
    }

    /// Notes the state at this moment: the jobs submitted so far, and the limits that keep others from being.
    pub(super) fn note(&mut self, now: Instant, submitted: u64, binding: BindingLimits) {
        let want = |binds: bool| binds.then_some(Want::Some);
        self.rate.note(now, submitted, want(binding.rate));
        self.host_delay
            .note(now, submitted, want(binding.host_delay));
        self.per_host.note(now, submitted, want(binding.per_host));
    }

    /// The time that each limit has held something back so far.
    pub(super) fn held_back(&self) -> HeldBack {
        let StartLimits {
            per_origin,
            origin_delay,
            interval,
        } = self.limits;
        let time = |wait: &InputWait| wait.total().wait;
        HeldBack {
            rate: (!interval.is_zero()).then(|| time(&self.rate)),
            host_delay: (!origin_delay.is_zero()).then(|| time(&self.host_delay)),
            per_host: per_origin.map(|_| time(&self.per_host)),
            limit_rate: None,
        }
    }
}

impl Engine<'_> {
    /// Notes which limits of the user's keep a worker that is free from being given a target.
    pub(super) fn note_holds(&mut self, filled: FillEnd, now: Instant) {
        let Some(holds) = &mut self.holds else {
            return;
        };
        let is_free = filled != FillEnd::BatchDone
            && self.unsubmitted.is_none()
            && self.in_flight.len() < self.pool.workers();
        let binding = match is_free {
            true => self.schedule.binding(),
            false => BindingLimits::default(),
        };
        holds.note(now, self.submitted, binding);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn each_limit_has_the_time_for_which_it_kept_a_job_that_came_from_starting() {
        let limits = StartLimits {
            per_origin: None,
            origin_delay: MS,
            interval: MS,
        };
        let none = BindingLimits::default();
        let rate = BindingLimits { rate: true, ..none };
        let host_delay = BindingLimits {
            host_delay: true,
            ..none
        };
        let mut holds = Holds::new(limits);
        let began = Instant::now();
        let states = [
            (0, 1, rate),
            (10, 2, host_delay),
            (13, 2, rate),
            (17, 3, none),
            // Nothing comes of the last.
            (20, 3, rate),
            (30, 3, none),
        ];
        for (ms, submitted, binding) in states {
            holds.note(began + MS * ms, submitted, binding);
        }
        let expected = HeldBack {
            rate: Some(14 * MS),
            host_delay: Some(3 * MS),
            per_host: None,
            limit_rate: None,
        };
        assert_eq!(holds.held_back(), expected);
    }
}
