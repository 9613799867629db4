//! How fast bytes come, and how long the rest will take: pure, so that it can be tested.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::model::activity::CurrentFetch;
use crate::report::format::{bytes, duration};

/// The rate is that of the last so many seconds: long enough to be steady, short enough to be true.
const WINDOW: Duration = Duration::from_secs(3);

/// A time left beyond this is no forecast any more.
const FORESEEABLE: Duration = Duration::from_secs(100 * 3600);

/// The flow of a run's bytes.
#[derive(Debug, Default)]
pub(super) struct Flow {
    samples: VecDeque<(Instant, u64)>,
}

/// What the flow is at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Body bytes so far.
    pub(super) bytes: u64,
    /// Bytes in a second.
    pub(super) rate: f64,
    /// How long until all that is to come has come. `None` if that is not known: some URL has not
    /// been asked for yet, or its server has not said how much it will send.
    pub(super) left: Option<Duration>,
}

impl Flow {
    /// Takes a look: `ended` bytes are of targets that have ended, of which `waiting` (if that is
    /// known) have not been begun; `busy` are under way.
    pub(super) fn look(
        &mut self,
        now: Instant,
        ended: u64,
        busy: &[CurrentFetch],
        waiting: Option<u64>,
    ) -> Reading {
        let under_way: u64 = busy.iter().map(|busy| busy.bytes).sum();
        // What has just ended may for a moment be counted nowhere: nothing ever flows back.
        let before = self.samples.back().map_or(0, |(_, bytes)| *bytes);
        let so_far = (ended + under_way).max(before);
        self.samples.push_back((now, so_far));
        while self.samples.len() > 2 && now - self.samples[1].0 >= WINDOW {
            self.samples.pop_front();
        }
        let (since, then) = self.samples[0];
        let seconds = (now - since).as_secs_f64();
        let rate = if seconds > 0.0 {
            (so_far - then) as f64 / seconds
        } else {
            0.0
        };
        let to_come = busy
            .iter()
            .map(|busy| Some(busy.length?.saturating_sub(busy.bytes)));
        let to_come: Option<u64> = to_come.sum();
        let left = match to_come {
            Some(to_come) if waiting == Some(0) && !busy.is_empty() => forecast(to_come, rate),
            _ => None,
        };
        Reading {
            bytes: so_far,
            rate,
            left,
        }
    }
}

impl Reading {
    /// As `12.5 MB  3.1 MB/s  20 s left`, as far as it is known.
    pub(super) fn in_words(&self) -> String {
        let mut words = bytes(self.bytes);
        if self.rate >= 1.0 {
            words += &format!("  {}/s", bytes(self.rate as u64));
        }
        if let Some(left) = self.left {
            words += &format!("  {} left", rough(left));
        }
        words
    }
}

/// How long one target will still take, if it goes on as it has since it was begun.
pub(super) fn left(busy: &CurrentFetch, now: Instant) -> Option<Duration> {
    let elapsed = now.saturating_duration_since(busy.since).as_secs_f64();
    let to_come = busy.length?.checked_sub(busy.bytes)?;
    forecast(to_come, busy.bytes as f64 / elapsed.max(1e-3))
}

/// A forecast in words, to the second.
pub(super) fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => duration(time),
    }
}

/// In whole seconds: more would be a pretence.
fn forecast(to_come: u64, rate: f64) -> Option<Duration> {
    let seconds = (to_come as f64 / rate).ceil();
    // Also leaves out a rate of nothing.
    (seconds < FORESEEABLE.as_secs_f64()).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn busy(bytes: u64, length: Option<u64>, since: Instant) -> CurrentFetch {
        CurrentFetch {
            worker: 0,
            url: Arc::from("http://h/"),
            since,
            bytes,
            length,
        }
    }

    #[test]
    fn the_rate_is_of_the_last_seconds_and_bytes_never_flow_back() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut flow = Flow::default();
        assert_eq!(flow.look(start, 0, &[], None).rate, 0.0);
        assert_eq!(flow.look(at(1), 1000, &[], None).rate, 1000.0);
        // Of two targets one has ended, and is not counted yet.
        let reading = flow.look(at(2), 1000, &[busy(0, None, start)], None);
        assert_eq!((reading.bytes, reading.rate), (1000, 500.0));
        for second in 3..20 {
            flow.look(at(second), 1000 + second, &[], None);
        }
        assert_eq!(flow.look(at(20), 1020, &[], None).rate, 1.0);
    }

    #[test]
    fn the_time_left_is_told_only_when_every_length_is_known() {
        let start = Instant::now();
        let now = start + Duration::from_secs(10);
        let mut known = Flow::default();
        known.look(start, 0, &[], None);
        let list = [busy(1000, Some(3000), start), busy(0, Some(1000), start)];
        let reading = known.look(now, 0, &list, Some(0));
        assert_eq!(reading.left, Some(Duration::from_secs(30)));
        assert_eq!(reading.in_words(), "1.0 kB  100 B/s  30 s left");
        for (list, waiting) in [
            (vec![busy(1000, Some(3000), start)], Some(1)),
            (vec![busy(1000, Some(3000), start)], None),
            (
                vec![busy(1000, Some(3000), start), busy(5, None, start)],
                Some(0),
            ),
            (vec![], Some(0)),
        ] {
            let mut flow = Flow::default();
            flow.look(start, 0, &[], None);
            assert_eq!(flow.look(now, 0, &list, waiting).left, None, "{list:?}");
        }
        assert_eq!(left(&list[0], now), Some(Duration::from_secs(20)));
        // Nothing has come yet: nobody knows.
        assert_eq!(left(&list[1], now), None);
    }
}
