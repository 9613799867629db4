//! The limit on the rate at which a run receives bytes (`--limit-rate`): a token bucket that all workers share.
//!
//! The bucket is the generic cell rate algorithm (ITU-T I.371, annex A): it keeps only the moment until which
//! the bytes so far are paid for. A worker takes tokens for the bytes that it has received, and reads on when
//! they are paid for; those who ask first go first, and each asks for a small piece at a time, so no worker
//! gets more than its share.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The depth of the bucket: the time whose bytes may come at once after a pause.
const BURST: Duration = Duration::from_millis(100);

/// The pieces in a second, if one worker alone receives. More would cost more calls, fewer make it jerky.
const PIECES: u64 = 20;

/// The smallest and the largest piece in bytes.
const PIECE_BYTES: (u64, u64) = (64, 64 * 1024);

/// The longest time for one byte or one piece. It stands for ever.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The limit on the rate of a run.
#[derive(Debug)]
pub(super) struct RateLimit {
    bucket: Mutex<TokenBucket>,
    piece: usize,
}

impl RateLimit {
    /// Limits to this many bytes a second.
    pub(super) fn new(rate: NonZeroU64) -> Self {
        let (least, most) = PIECE_BYTES;
        let piece = (rate.get() / PIECES).clamp(least, most);
        RateLimit {
            bucket: Mutex::new(TokenBucket::new(rate)),
            piece: usize::try_from(piece).unwrap_or(usize::MAX),
        }
    }

    /// The most bytes to read at once.
    pub(super) fn piece(&self) -> usize {
        self.piece
    }

    /// Takes tokens for bytes that were received. Returns the moment from which more may be.
    pub(super) fn take(&self, bytes: usize, now: Instant) -> Instant {
        let bucket = self.bucket.lock();
        // One assignment under this lock, so a poisoned bucket is still consistent.
        let mut bucket = bucket.unwrap_or_else(PoisonError::into_inner);
        bucket.take(bytes, now)
    }
}

/// A token bucket. Pure: the time is an argument.
#[derive(Debug)]
struct TokenBucket {
    rate: NonZeroU64,
    /// The moment until which the bytes so far are paid for (the theoretical arrival time).
    paid_until: Option<Instant>,
}

impl TokenBucket {
    fn new(rate: NonZeroU64) -> Self {
        TokenBucket {
            rate,
            paid_until: None,
        }
    }

    fn take(&mut self, bytes: usize, now: Instant) -> Instant {
        // Tokens of a pause are lost but for the bucket's depth.
        let begin = self.paid_until.map_or(now, |until| until.max(now));
        let cost = Duration::try_from_secs_f64(bytes as f64 / self.rate.get() as f64);
        let cost = cost.unwrap_or(LONGEST).min(LONGEST);
        let until = begin.checked_add(cost).unwrap_or(begin);
        self.paid_until = Some(until);
        until.checked_sub(BURST).map_or(now, |from| from.max(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(rate: u64) -> TokenBucket {
        TokenBucket::new(NonZeroU64::new(rate).expect("a rate"))
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn bytes_are_spread_evenly_at_the_rate_after_a_burst_of_its_depth() {
        let mut bucket = bucket(1_000);
        let start = Instant::now();
        let mut now = start;
        let mut gone_on = Vec::new();
        for _ in 0..6 {
            now = bucket.take(50, now);
            gone_on.push((now - start).as_millis());
        }
        // 100 bytes at once, and then 50 ms for each 50.
        assert_eq!(gone_on, [0, 0, 50, 100, 150, 200]);
    }

    #[test]
    fn a_pause_earns_no_more_than_the_depth() {
        let mut bucket = bucket(1_000);
        let start = Instant::now();
        bucket.take(5_000, start);
        let later = start + seconds(1_000.0);
        assert_eq!(bucket.take(100, later), later);
        assert_eq!(bucket.take(300, later) - later, seconds(0.3));
    }

    #[test]
    fn workers_that_ask_at_once_take_turns() {
        let mut bucket = bucket(1_000);
        let start = Instant::now();
        let mut due = [start; 4];
        let mut pieces = [0; 4];
        // The worker that may go on first reads the next piece.
        for _ in 0..400 {
            let next = (0..4).min_by_key(|worker| due[*worker]).expect("four");
            pieces[next] += 1;
            due[next] = bucket.take(50, due[next]);
        }
        // The burst is who came first's.
        assert!(
            pieces.iter().all(|count| (98..=102).contains(count)),
            "{pieces:?}"
        );
    }

    #[test]
    fn a_rate_of_a_byte_a_century_is_waited_for_and_does_not_overflow() {
        let mut bucket = bucket(1);
        let now = Instant::now();
        for _ in 0..10 {
            let due = bucket.take(usize::MAX, now);
            assert!(due >= now);
        }
    }

    #[test]
    fn a_piece_is_a_fraction_of_a_second_within_bounds() {
        for (rate, piece) in [
            (1, 64),
            (1_000, 64),
            (100_000, 5_000),
            (1_000_000, 50_000),
            (u64::MAX, 65_536),
        ] {
            let limit = RateLimit::new(NonZeroU64::new(rate).expect("a rate"));
            assert_eq!(limit.piece(), piece, "{rate}");
        }
    }

    proptest! {
        /// Whatever comes when, no stretch of time from the first byte on has more bytes than the rate and the
        /// depth allow, and a worker that alone receives is never held back for longer than its debt.
        #[test]
        fn no_more_comes_than_the_rate_and_the_depth_allow(
            rate in 1_u64..10_000_000,
            steps in prop::collection::vec((0_usize..100_000, 0_u64..3_000), 1..50),
        ) {
            let mut bucket = bucket(rate);
            let start = Instant::now();
            let mut now = start;
            let mut before = 0.0;
            for (bytes, pause) in steps {
                now = bucket.take(bytes, now);
                before += bytes as f64;
                let least = before / rate as f64 - BURST.as_secs_f64() - 1e-6 * 50.0;
                let took = (now - start).as_secs_f64();
                prop_assert!(took >= least, "{before} bytes at {rate}/s in {took} s");
                now += Duration::from_millis(pause);
            }
        }
    }
}
