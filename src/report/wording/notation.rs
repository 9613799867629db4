//! The notation of ratios and intervals, which differs from format to format on purpose.

use std::time::Duration;

use crate::measure::{Bound, Estimate, Unbounded};
use crate::model::measurement::Comparison;
use crate::report::format::{counted, duration, format_secs};
use crate::report::interval_text::{interval_ends, ratio_and_interval};
use crate::stats::{Interval, Speedup};

/// The text in the place of an interval that is too wide to say anything.
pub(in crate::report) const NO_INTERVAL: &str = "too few or too short runs for an interval";

/// The notation of ratios and intervals in a format.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Notation {
    /// The sign after a ratio.
    times: &'static str,
    /// The text between the ends of an interval.
    to: &'static str,
}

/// The notation on a terminal: `4.08x`, `3.99x … 4.16x`.
pub(in crate::report) const TERMINAL: Notation = Notation {
    times: "x",
    to: " … ",
};

/// The notation in Markdown: `4.08x`, `3.99x to 4.16x`.
pub(in crate::report) const MARKDOWN: Notation = Notation {
    times: "x",
    to: " to ",
};

/// The notation in HTML: `4.08×`, `3.99× to 4.16×`.
pub(in crate::report) const HTML: Notation = Notation {
    times: "×",
    to: " to ",
};

impl Notation {
    /// Formats a ratio with two decimals.
    pub(in crate::report) fn ratio(self, ratio: f64) -> String {
        format!("{ratio:.2}{}", self.times)
    }

    /// Formats a speed-up and its interval, if it has one: `4.08x` and `95 % interval 3.99x … 4.16x`. One that leaves the
    /// order of magnitude open is not shown.
    pub(in crate::report) fn with_interval(self, speedup: Speedup) -> (String, Option<String>) {
        let Some(interval) = speedup.interval else {
            return (self.ratio(speedup.ratio), None);
        };
        let times = self.times;
        let (ratio, [low, high]) = ratio_and_interval(speedup.ratio, interval);
        let interval = match interval.says_something() {
            true => format!("95 % interval {low}{times}{}{high}{times}", self.to),
            false => NO_INTERVAL.to_owned(),
        };
        (ratio + times, Some(interval))
    }

    /// Formats the interval of a speed-up, if it has one.
    pub(in crate::report) fn interval(self, speedup: Speedup) -> Option<String> {
        self.with_interval(speedup).1
    }

    /// Formats a comparison's ratio, if it has one. One that is shown not to be 1 is never written as 1.
    pub(in crate::report) fn speedup(self, comparison: &Comparison) -> Option<String> {
        Some(self.with_interval(comparison.speedup?).0)
    }

    /// Formats two ratios with all between them, the lower rounded down and the upper up.
    pub(in crate::report) fn ends(self, low: f64, high: f64) -> [String; 2] {
        interval_ends(Interval { low, high }, |_| 0.01, |end| self.ratio(end))
    }

    /// Formats an estimated speed-up: `up to 7.93x`; as a range, if a limit may be unseen: `1.00x to 7.93x`.
    pub(in crate::report) fn estimate(self, estimate: &Estimate) -> String {
        match estimate.unseen {
            None => format!("up to {}", self.ratio(estimate.speedup)),
            Some(_) => self.ends(1.0, estimate.speedup).join(" to "),
        }
    }

    /// Formats the largest speed-up that these times allow: `best possible by these times 2.00x (2 workers)`.
    pub(in crate::report) fn best(self, estimate: &Estimate) -> String {
        match self.best_and_bound(estimate) {
            Ok((best, bound)) => format!("best possible by these times {best} ({bound})"),
            Err(why) => why,
        }
    }

    /// Formats the same behind a speed-up: `of at most 2.00x by these times (2 workers)`.
    pub(in crate::report) fn bound(self, estimate: &Estimate) -> String {
        match self.best_and_bound(estimate) {
            Ok((best, bound)) => format!("of at most {best} by these times ({bound})"),
            Err(why) => why,
        }
    }

    fn best_and_bound(self, estimate: &Estimate) -> Result<(String, String), String> {
        let (best, bound) = match estimate.best {
            Ok(best) => best,
            Err(Unbounded::HeldBack(limits)) => return Err(limits.to_string()),
            Err(Unbounded::FedSlowly) => return Err("as fast as the list came".to_owned()),
        };
        let bound = match bound {
            Bound::Slowest { time, waits } => {
                format!("slowest URL {}", with_waits(time, waits))
            }
            Bound::Workers(workers) => counted(workers as u64, "worker"),
        };
        Ok((self.most(best), bound))
    }

    /// Formats a ratio that none exceeds: rounded up.
    pub(in crate::report) fn most(self, ratio: f64) -> String {
        let [_, most] = self.ends(1.0, ratio);
        most
    }
}

/// A URL's time, and the part of it that is pfetch's own: `10.3 s, 8.10 s of it waiting for retries`.
pub(in crate::report) fn with_waits(time: Duration, waits: Duration) -> String {
    let text = duration(time);
    match waits_of(time.as_secs_f64(), waits.as_secs_f64()) {
        Some(waits) => format!("{text}, {waits}"),
        None => text,
    }
}

/// The part of a URL's time, both in seconds, in which it waited between attempts; `None` if it is not noticeable.
pub(in crate::report) fn waits_of(time: f64, waits: f64) -> Option<String> {
    (waits > time / 100.0).then(|| format!("{} of it waiting for retries", format_secs(waits)))
}

/// The text with its first letter in upper case.
pub(in crate::report) fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::UnseenLimit;

    #[test]
    fn the_range_of_an_estimate_has_all_of_it_and_does_not_exceed_the_bound_beside_it() {
        for (speedup, best, shown, bound) in [
            (1.98, 1.98, "1.00x to 1.98x", "1.98x"),
            (1.971, 1.984, "1.00x to 1.98x", "1.99x"),
            (1.999, 1.999, "1.00x to 2.00x", "2.00x"),
            (1.994, 1.9945, "1.00x to 2.00x", "2.00x"),
            (2.0, 2.0, "1.00x to 2.00x", "2.00x"),
            (7.93, 8.0, "1.00x to 7.93x", "8.00x"),
        ] {
            let estimate = Estimate {
                unseen: Some(UnseenLimit::Server),
                serial: Duration::from_secs(10),
                parallel: Duration::from_secs(5),
                idle: Duration::ZERO,
                speedup,
                best: Ok((best, Bound::Workers(2))),
            };
            assert_eq!(TERMINAL.estimate(&estimate), shown, "{speedup} of {best}");
            let bound = format!("of at most {bound} by these times (2 workers)");
            assert_eq!(TERMINAL.bound(&estimate), bound, "{speedup} of {best}");
        }
    }
}
