//! Rates over the last seconds, and the forecast of the time left.

use std::collections::VecDeque;
use std::time::Duration;

use crate::report::format::{bytes, duration};

/// The time over which a rate is the mean.
const WINDOW: Duration = Duration::from_secs(10);

/// The time between two marks in the window.
const MARK_INTERVAL: Duration = Duration::from_millis(250);

/// The targets that have to end within the window for a forecast by its rate. With fewer, it is by the mean of
/// the whole run.
const MIN_ENDED: f64 = 5.0;

/// The running time before a rate or a forecast is shown.
pub(super) const MIN_TIME: Duration = Duration::from_secs(1);

/// The longest time left that is shown. Beyond it, it would be no forecast.
const FORESEEABLE: Duration = Duration::from_secs(100 * 3600);

/// The amounts of a run by some moment. Times are running times since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Amounts {
    pub(super) at: Duration,
    /// Targets that were fetched, with the parts of those under way whose length is known.
    pub(super) targets: f64,
    pub(super) bytes: u64,
}

/// The rates of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rates {
    /// Fetched targets per second.
    pub(super) targets: f64,
    /// Bytes per second.
    pub(super) bytes: f64,
    /// Targets per second for a forecast.
    forecast: f64,
}

/// A meter of the rates of one run.
#[derive(Debug)]
pub(super) struct RateMeter {
    /// The oldest is some [`WINDOW`] back, or at the run's start.
    marks: VecDeque<Amounts>,
    now: Amounts,
}

impl RateMeter {
    /// A meter for a run that starts with nothing.
    pub(super) fn new() -> Self {
        RateMeter {
            marks: VecDeque::from([Amounts::default()]),
            now: Amounts::default(),
        }
    }

    /// Takes a reading. Returns the amounts, which never go back: a target that has just ended may for a moment
    /// be counted nowhere.
    pub(super) fn read(&mut self, now: Amounts) -> (Amounts, Rates) {
        self.now = Amounts {
            at: now.at.max(self.now.at),
            targets: now.targets,
            bytes: now.bytes.max(self.now.bytes),
        };
        let now = self.now;
        let last = self.marks.back().map_or(Duration::ZERO, |mark| mark.at);
        if now.at >= last + MARK_INTERVAL {
            self.marks.push_back(now);
        }
        while let Some(second) = self.marks.get(1)
            && second.at + WINDOW <= now.at
        {
            self.marks.pop_front();
        }
        let first = self.marks.front().copied().unwrap_or_default();
        let seconds = now.at.saturating_sub(first.at).as_secs_f64();
        let per_second = |amount: f64, seconds: f64| match seconds > 0.0 {
            true => amount.max(0.0) / seconds,
            false => 0.0,
        };
        let ended = now.targets - first.targets;
        let targets = per_second(ended, seconds);
        let rates = Rates {
            targets,
            bytes: per_second(now.bytes.saturating_sub(first.bytes) as f64, seconds),
            forecast: match ended >= MIN_ENDED {
                true => targets,
                false => per_second(now.targets, now.at.as_secs_f64()),
            },
        };
        (now, rates)
    }
}

impl Rates {
    /// The time for so many targets more, once the run has gone on for a moment.
    pub(super) fn forecast(&self, targets: f64, running: Duration) -> Option<Duration> {
        time_left(targets, self.forecast).filter(|_| running >= MIN_TIME)
    }

    /// The time for so many bytes more, likewise.
    pub(super) fn forecast_bytes(&self, count: u64, running: Duration) -> Option<Duration> {
        time_left(count as f64, self.bytes).filter(|_| running >= MIN_TIME)
    }

    /// Formats the targets per second; per minute if they are few. `None` if there are none.
    pub(super) fn targets_text(&self) -> Option<String> {
        let rate = self.targets;
        match rate {
            9.95.. => Some(format!("{rate:.0}/s")),
            0.095.. => Some(format!("{rate:.1}/s")),
            0.0008.. => Some(format!("{:.1}/min", rate * 60.0)),
            _ => None,
        }
    }

    /// Formats the bytes per second. `None` if there is less than one.
    pub(super) fn bytes_text(&self) -> Option<String> {
        (self.bytes >= 1.0).then(|| format!("{}/s", bytes(self.bytes as u64)))
    }
}

/// The time for an amount at a rate, in whole seconds: more digits would claim a precision that no forecast has.
pub(super) fn time_left(amount: f64, rate: f64) -> Option<Duration> {
    let seconds = (amount / rate).ceil();
    // Infinity and NaN, from a rate of 0, compare as false.
    (seconds < FORESEEABLE.as_secs_f64()).then(|| Duration::from_secs_f64(seconds.max(0.0)))
}

/// The time for the rest of a body at the rate that it has had, once it has come for a moment.
pub(super) fn fetch_time_left(
    bytes: u64,
    length: Option<u64>,
    running: Duration,
) -> Option<Duration> {
    let left = length?.checked_sub(bytes)?;
    let rate = bytes as f64 / running.as_secs_f64().max(1e-3);
    time_left(left as f64, rate).filter(|_| running >= MIN_TIME)
}

/// Formats a time to the second.
pub(super) fn whole(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => duration(Duration::from_secs(seconds)),
    }
}

/// Formats a forecast, as precise as it may claim to be: `8 s`, `40 s`, `2 min`, `3 h`.
pub(super) fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{seconds} s"),
        10..88 => format!("{} s", (seconds + 2) / 5 * 5),
        88..5370 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(ms: u64, targets: f64, bytes: u64) -> Amounts {
        Amounts {
            at: Duration::from_millis(ms),
            targets,
            bytes,
        }
    }

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let mut meter = RateMeter::new();
        let mut rates = Rates::default();
        // 4 targets of 100 bytes a second, and after 20 s none.
        for tick in 1..=200 {
            let targets = f64::from(tick) * 0.4;
            rates = meter
                .read(amounts(tick as u64 * 100, targets, tick as u64 * 40))
                .1;
        }
        assert!((rates.targets - 4.0).abs() < 0.01, "{rates:?}");
        assert!((rates.bytes - 400.0).abs() < 1.0, "{rates:?}");
        for tick in 201..=310 {
            rates = meter.read(amounts(tick * 100, 80.0, 8000)).1;
        }
        assert_eq!((rates.targets, rates.bytes), (0.0, 0.0));
        assert!(meter.marks.len() < 50, "{}", meter.marks.len());
        // The forecast goes by the whole run then.
        let left = rates.forecast(80.0, Duration::from_secs(31));
        assert_eq!(left, Some(Duration::from_secs(31)));
    }

    #[test]
    fn bytes_and_time_never_go_back() {
        let mut meter = RateMeter::new();
        meter.read(amounts(1000, 1.0, 1000));
        let (now, rates) = meter.read(amounts(900, 0.5, 0));
        assert_eq!(now, amounts(1000, 0.5, 1000));
        assert!(rates.bytes.is_finite() && rates.targets >= 0.0, "{rates:?}");
    }

    #[test]
    fn low_rates_have_a_decimal() {
        for (rate, text) in [
            (0.0, None),
            (0.0001, None),
            (0.05, Some("3.0/min")),
            (0.4, Some("0.4/s")),
            (4.23, Some("4.2/s")),
            (9.94, Some("9.9/s")),
            (9.96, Some("10/s")),
            (74.2, Some("74/s")),
        ] {
            let rates = Rates {
                targets: rate,
                ..Rates::default()
            };
            assert_eq!(rates.targets_text().as_deref(), text, "{rate}");
        }
    }

    #[test]
    fn a_time_left_is_foreseeable_and_needs_a_moment() {
        assert_eq!(time_left(2950.0, 100.0), Some(Duration::from_secs(30)));
        for (amount, rate) in [(1.0, 0.0), (0.0, 0.0), (u64::MAX as f64, 1.0)] {
            assert_eq!(time_left(amount, rate), None, "{amount} at {rate}");
        }
        let rates = RateMeter::new().read(amounts(500, 10.0, 0)).1;
        assert_eq!(rates.forecast(10.0, Duration::from_millis(500)), None);
        assert_eq!(rates.forecast(30.0, MIN_TIME), Some(Duration::from_secs(2)));
    }

    #[test]
    fn forecasts_are_rounded_and_times_are_to_the_second() {
        for (seconds, text) in [
            (0, "0 s"),
            (9, "9 s"),
            (12, "10 s"),
            (43, "45 s"),
            (87, "85 s"),
            (88, "1 min"),
            (125, "2 min"),
            (5369, "89 min"),
            (5370, "1 h"),
            (100 * 3600, "100 h"),
        ] {
            assert_eq!(about(Duration::from_secs(seconds)), text, "{seconds}");
        }
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (61, "1 min 01 s")] {
            assert_eq!(whole(Duration::from_secs(seconds)), text);
        }
    }
}
