//! The transfer rate of a run, and the time left.
//!
//! indicatif estimates the rate, by exponential smoothing. The rules that it has not are here: what the
//! position is while downloads are under way, and when a time left may be shown at all.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::model::activity::CurrentFetch;
use crate::report::format::{bytes, duration};

/// The longest time left that is shown. Beyond it, it would be no forecast.
const FORESEEABLE: Duration = Duration::from_secs(100 * 3600);

/// A meter of a run's body bytes.
#[derive(Debug)]
pub(super) struct TransferMeter {
    /// A bar that is never drawn, for its estimate of the rate. Its position is the number of bytes.
    estimate: ProgressBar,
}

/// A reading of the meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transfer {
    /// The body bytes so far.
    pub(super) bytes: u64,
    /// Bytes per second.
    pub(super) rate: f64,
    /// The time until all bytes have come. `None` if that is unknown, because some URL was not requested
    /// yet, or its server has not said how much it will send.
    pub(super) left: Option<Duration>,
}

impl TransferMeter {
    pub(super) fn new() -> Self {
        TransferMeter {
            estimate: ProgressBar::hidden(),
        }
    }

    /// Takes a reading: `ended` bytes are of targets that have ended; `waiting` targets, if that is known,
    /// have not begun; `busy` are under way.
    pub(super) fn read(&self, ended: u64, busy: &[CurrentFetch], waiting: Option<u64>) -> Transfer {
        let under_way: u64 = busy.iter().map(|busy| busy.bytes).sum();
        // A target that has just ended may for a moment be counted nowhere. The position never goes back.
        let bytes = (ended + under_way).max(self.estimate.position());
        self.estimate.set_position(bytes);
        let rate = self.estimate.per_sec();
        let left = bytes_left(busy, waiting).and_then(|left| time_left(left, rate));
        Transfer { bytes, rate, left }
    }
}

impl Transfer {
    /// Formats what is known of it: `12.5 MB  3.1 MB/s  20 s left`.
    pub(super) fn text(&self) -> String {
        let mut text = bytes(self.bytes);
        if self.rate >= 1.0 {
            text += &format!("  {}/s", bytes(self.rate as u64));
        }
        if let Some(left) = self.left {
            text += &format!("  {} left", rough(left));
        }
        text
    }
}

/// The time that one target will still take at its mean rate so far.
pub(super) fn left(busy: &CurrentFetch, now: Instant) -> Option<Duration> {
    let elapsed = now.saturating_duration_since(busy.since).as_secs_f64();
    let left = busy.length?.checked_sub(busy.bytes)?;
    time_left(left, busy.bytes as f64 / elapsed.max(1e-3))
}

/// Formats a time left, to the second.
pub(super) fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => duration(time),
    }
}

/// The bytes that are still to come, if all targets have begun and every length is known.
fn bytes_left(busy: &[CurrentFetch], waiting: Option<u64>) -> Option<u64> {
    let lengths = busy.iter();
    let left = lengths.map(|busy| Some(busy.length?.saturating_sub(busy.bytes)));
    left.sum::<Option<u64>>()
        .filter(|_| waiting == Some(0) && !busy.is_empty())
}

/// The time for so many bytes at a rate, in whole seconds: more digits would claim a precision that no
/// forecast has.
fn time_left(bytes: u64, rate: f64) -> Option<Duration> {
    let seconds = (bytes as f64 / rate).ceil();
    // Infinity and NaN, from a rate of 0, compare as false.
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
    fn bytes_never_go_back_when_a_target_ends() {
        let start = Instant::now();
        let meter = TransferMeter::new();
        assert_eq!(meter.read(0, &[], None).text(), "0 B");
        assert_eq!(meter.read(0, &[busy(1000, None, start)], None).bytes, 1000);
        // It has ended, and is not counted yet.
        assert_eq!(meter.read(0, &[], None).bytes, 1000);
        assert_eq!(meter.read(1200, &[], None).bytes, 1200);
    }

    #[test]
    fn the_rate_of_a_run_is_a_number_of_bytes_per_second() {
        let meter = TransferMeter::new();
        let began = Instant::now();
        let mut rate = 0.0;
        // A bar that has just been made takes no more than one position per millisecond.
        while rate == 0.0 && began.elapsed() < Duration::from_secs(10) {
            let bytes = began.elapsed().as_micros() as u64;
            rate = meter.read(bytes, &[], None).rate;
        }
        // Not how much: a busy machine may take this thread its time between the clock and the bar.
        assert!(rate > 0.0 && rate.is_finite(), "{rate}");
    }

    #[test]
    fn bytes_left_need_every_length_and_no_target_waiting() {
        let start = Instant::now();
        let list = [busy(1000, Some(3000), start), busy(0, Some(1000), start)];
        assert_eq!(bytes_left(&list, Some(0)), Some(3000));
        let unknown = [busy(1000, Some(3000), start), busy(5, None, start)];
        assert_eq!(bytes_left(&unknown, Some(0)), None);
        assert_eq!(bytes_left(&list, Some(1)), None);
        assert_eq!(bytes_left(&list, None), None);
        assert_eq!(bytes_left(&[], Some(0)), None);
    }

    #[test]
    fn a_time_left_is_in_whole_seconds_and_foreseeable() {
        assert_eq!(time_left(2950, 100.0), Some(Duration::from_secs(30)));
        for (bytes, rate) in [(1, 0.0), (0, 0.0), (u64::MAX, 1.0)] {
            assert_eq!(time_left(bytes, rate), None, "{bytes} at {rate}");
        }
        let start = Instant::now();
        let now = start + Duration::from_secs(10);
        let begun = busy(1000, Some(3000), start);
        assert_eq!(left(&begun, now), Some(Duration::from_secs(20)));
        assert_eq!(left(&busy(0, Some(1000), start), now), None, "nothing came");
        let transfer = Transfer {
            bytes: 1000,
            rate: 100.0,
            left: Some(Duration::from_secs(30)),
        };
        assert_eq!(transfer.text(), "1.0 kB  100 B/s  30 s left");
    }
}
