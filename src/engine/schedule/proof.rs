//! The proof that a server takes requests at a distance, so that a push-back at a longer one has another reason.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time for which a proven distance is taken for granted.
const VALIDITY: Duration = Duration::from_secs(60);

/// The number of push-backs in a row that are one too many for a proven distance: the server takes fewer now.
const DISPROOF: u32 = 3;

/// The number of push-backs that are remembered.
const REMEMBERED: usize = 8;

/// Assumes that the server takes so many requests a second: then it had none left whenever it pushed one back,
/// and what it has taken since, but for one, is what it takes in that time at least.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// The starts of the last requests that were pushed back, each with the number of successes before.
    pushed_back: VecDeque<(Instant, u32)>,
    successes: u32,
    /// Push-backs since the last success.
    in_a_row: u32,
    /// The last start, and the one before.
    starts: [Option<Instant>; 2],
    /// The shortest distance that was proven, and the moment until which it holds.
    proven: Option<(Duration, Instant)>,
}

impl Proof {
    /// Notes a start.
    pub(super) fn start(&mut self, now: Instant) {
        self.starts = [Some(now), self.starts[0]];
    }

    /// Notes an answer that is no push-back.
    pub(super) fn success(&mut self, now: Instant) {
        self.successes += 1;
        self.in_a_row = 0;
        self.proven = self.proven.filter(|(_, until)| now < *until);
        for (since, before) in &self.pushed_back {
            let taken = self.successes - before - 1;
            let Some(distance) = now.saturating_duration_since(*since).checked_div(taken) else {
                continue;
            };
            if self.proven.is_none_or(|(proven, _)| distance <= proven) {
                self.proven = Some((distance, now + VALIDITY));
            }
        }
    }

    /// Notes a push-back of a request that was started then.
    pub(super) fn push_back(&mut self, started: Instant) {
        self.pushed_back.truncate(REMEMBERED - 1);
        self.pushed_back.push_front((started, self.successes));
    }

    /// Judges a push-back of the last request that was started. Returns the distance that the server takes if
    /// the request came that long after the one before.
    pub(super) fn refutes(&mut self, now: Instant) -> Option<Duration> {
        self.in_a_row += 1;
        let [Some(last), Some(before)] = self.starts else {
            return None;
        };
        let (proven, until) = self.proven?;
        // A quarter more, as clocks and servers are not exact.
        let enough = proven * 5 / 4;
        let is_late = last - before >= enough && now < until && self.in_a_row < DISPROOF;
        is_late.then_some(enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Starts a request, and takes its end at once.
    fn request(proof: &mut Proof, now: Instant, is_taken: bool) -> Option<Duration> {
        proof.start(now);
        if is_taken {
            proof.success(now);
            return None;
        }
        let refutes = proof.refutes(now);
        proof.push_back(now);
        refutes
    }

    #[test]
    fn a_push_back_at_a_longer_distance_than_the_server_takes_is_refuted() {
        let (mut proof, t) = (Proof::default(), Instant::now());
        assert_eq!(request(&mut proof, t, false), None, "nothing is known");
        for at in [100, 200, 300] {
            request(&mut proof, t + ms(at), true);
        }
        // Three in 300 ms, of which one may have been saved up.
        assert_eq!(request(&mut proof, t + ms(480), false), None);
        assert_eq!(request(&mut proof, t + ms(660), false), None);
        request(&mut proof, t + ms(700), true);
        assert_eq!(request(&mut proof, t + ms(887), false), None);
        request(&mut proof, t + ms(900), true);
        let enough = ms(150) * 5 / 4;
        let refutes = request(&mut proof, t + ms(900) + enough, false);
        assert_eq!(refutes, Some(enough));
    }

    #[test]
    fn a_proof_ends_with_its_time_and_with_push_backs_in_a_row() {
        let after = |wait: Duration, in_a_row: u64| {
            let (mut proof, t) = (Proof::default(), Instant::now());
            request(&mut proof, t, false);
            request(&mut proof, t + ms(10), true);
            request(&mut proof, t + ms(20), true);
            let begin = t + ms(20) + wait;
            let all = (1..=in_a_row).map(|number| begin + ms(number * 100));
            let refuted = all.map(|at| request(&mut proof, at, false).is_some());
            refuted.collect::<Vec<_>>()
        };
        assert_eq!(after(Duration::ZERO, 4), [true, true, false, false]);
        assert_eq!(after(VALIDITY - ms(200), 1), [true]);
        assert_eq!(after(VALIDITY, 1), [false]);
    }
}
