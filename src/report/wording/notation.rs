//! The notation of ratios and intervals, which differs from format to format on purpose.

use std::time::Duration;

use crate::measure::{Bound, Estimate, Unbounded};
use crate::model::measurement::Comparison;
use crate::report::format::{counted, distinct_ratio, duration, format_secs};
use crate::stats::{Finding, Interval};

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

    /// Formats the interval of a ratio: `95 % interval 3.99x … 4.16x`. One that leaves the order of magnitude
    /// open is not shown.
    pub(in crate::report) fn interval(self, interval: Interval) -> String {
        if !interval.says_something() {
            return NO_INTERVAL.to_owned();
        }
        let [low, high] = [interval.low, interval.high].map(|end| self.ratio(end));
        format!("95 % interval {low}{}{high}", self.to)
    }

    /// Formats a comparison's ratio, if it has one. One that is shown not to be 1 is never written as 1.
    pub(in crate::report) fn speedup(self, comparison: &Comparison) -> Option<String> {
        let ratio = comparison.speedup?.ratio;
        Some(match comparison.finding() {
            Some(Finding::Faster | Finding::Slower) => {
                format!("{}{}", distinct_ratio(ratio), self.times)
            }
            Some(Finding::NoDifference) | None => self.ratio(ratio),
        })
    }

    /// Formats an estimated speed-up: `up to 7.93x`; as a range, if a limit may be unseen: `1.0x to 7.9x`.
    pub(in crate::report) fn estimate(self, estimate: &Estimate) -> String {
        match estimate.unseen {
            None => format!("up to {}", self.ratio(estimate.speedup)),
            Some(_) => {
                let times = self.times;
                format!("1.0{times} to {:.1}{times}", highest(estimate))
            }
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
        Ok((self.ratio(best), bound))
    }
}

/// The upper end of an estimate's range, as it is shown with one decimal: rounded down where it would pass the bound
/// that stands beside it with two.
fn highest(estimate: &Estimate) -> f64 {
    let shown = (estimate.speedup * 10.0).round() / 10.0;
    match estimate.best {
        Ok((best, _)) if shown > best => (best.min(estimate.speedup) * 10.0).floor() / 10.0,
        Ok(_) | Err(_) => shown,
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
    fn the_range_of_an_estimate_never_exceeds_the_bound_beside_it() {
        for (speedup, best, shown) in [
            (1.98, 1.98, "1.0x to 1.9x"),
            (1.96, 1.98, "1.0x to 1.9x"),
            (1.94, 1.98, "1.0x to 1.9x"),
            (2.0, 2.0, "1.0x to 2.0x"),
            (7.93, 8.0, "1.0x to 7.9x"),
            (7.97, 8.0, "1.0x to 8.0x"),
            (1.1, 1.1, "1.0x to 1.1x"),
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
        }
    }
}
