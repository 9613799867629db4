//! Latency percentiles: millions of durations in constant memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The lower end of the range: shorter durations count as this long.
const LEAST: Duration = Duration::from_micros(1);

/// The upper end of the range: longer durations count as this long.
const MOST: Duration = Duration::from_secs(86_400);

/// The number of significant digits that are kept: percentiles are off by a thousandth at most.
const DIGITS: u8 = 3;

/// Percentiles of any number of durations from 1 µs to 1 day, to three significant digits.
///
/// A High Dynamic Range histogram (Gil Tene, HdrHistogram). Independently of the number of durations, it
/// takes 16 KiB for those up to 2 ms and 8 KiB more for each doubling of the longest, some 220 KiB in all.
/// Recording never fails: a duration outside the range counts as the nearest end.
///
/// A clone shares its counts until one of the two is changed (copy on write).
#[derive(Clone, PartialEq)]
pub struct Latency {
    /// In microseconds.
    counts: Arc<Histogram<u64>>,
    max: Duration,
    sum: Duration,
}

impl Latency {
    /// Makes an empty histogram.
    pub fn new() -> Self {
        let counts = Histogram::new(DIGITS).expect("a histogram has up to 5 digits");
        Latency {
            counts: Arc::new(counts),
            max: Duration::ZERO,
            sum: Duration::ZERO,
        }
    }

    /// Records one duration.
    pub fn record(&mut self, duration: Duration) {
        let duration = duration.clamp(LEAST, MOST);
        Arc::make_mut(&mut self.counts)
            .record(in_micros(duration))
            .expect("the histogram resizes itself");
        self.max = self.max.max(duration);
        self.sum = self.sum.saturating_add(duration);
    }

    /// Records all durations of another histogram.
    pub fn merge(&mut self, other: &Latency) {
        Arc::make_mut(&mut self.counts)
            .add(&*other.counts)
            .expect("the histogram resizes itself");
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// The number of durations recorded.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// The percentile: the duration that `percent` (0 to 100) of all did not exceed, to three digits. `None`
    /// without durations, or if `percent` is NaN.
    pub fn p(&self, percent: f64) -> Option<Duration> {
        if self.count() == 0 || percent.is_nan() {
            return None;
        }
        // The rank in order of length, from 1. Of 1,000 durations p99.9 is the 999th, although 99.9 % in
        // binary is a trifle more than that.
        let count = self.count() as f64;
        let rank = (percent.clamp(0.0, 100.0) * count / 100.0 * (1.0 - 1e-12)).ceil();
        // The histogram rounds up as well; the middle of the step is safe from that.
        let micros = self.counts.value_at_quantile((rank.max(1.0) - 0.5) / count);
        // The histogram answers with the upper edge of a bucket.
        Some(Duration::from_micros(micros).min(self.max))
    }

    /// The number of durations that were not longer than `duration`, to three digits: a cumulative count,
    /// to plot the distribution.
    pub fn count_up_to(&self, duration: Duration) -> u64 {
        let micros = duration.min(MOST).as_micros() as u64;
        if micros == 0 {
            return 0;
        }
        self.counts.count_between(0, micros)
    }

    /// The sum of so many of the shortest durations; each of them, to three digits, no longer than it was.
    pub fn sum_of_shortest(&self, count: u64) -> Duration {
        let mut left = count;
        let mut micros = 0_u128;
        for bucket in self.counts.iter_recorded() {
            let taken = bucket.count_since_last_iteration().min(left);
            let least = self.counts.lowest_equivalent(bucket.value_iterated_to());
            micros += u128::from(least) * u128::from(taken);
            left -= taken;
            if left == 0 {
                break;
            }
        }
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The bounds of the bucket that `duration` is counted in, between two microseconds each, so that
    /// [`count_up_to`](Latency::count_up_to) counts whole buckets: all durations of a histogram lie on one side of
    /// such a bound or on the other.
    pub fn bucket(&self, duration: Duration) -> [Duration; 2] {
        let micros = in_micros(duration.clamp(LEAST, MOST));
        let half = Duration::from_nanos(500);
        [
            Duration::from_micros(self.counts.lowest_equivalent(micros)) - half,
            Duration::from_micros(self.counts.highest_equivalent(micros)) + half,
        ]
    }

    /// The longest duration, exactly (within the range). `None` without durations.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.max)
    }

    /// The mean, exactly (within the range). `None` without durations.
    pub fn mean(&self) -> Option<Duration> {
        let count = self.count();
        (count > 0).then(|| Duration::from_secs_f64(self.sum.as_secs_f64() / count as f64))
    }
}

/// A duration of a day at most in microseconds, rounded.
fn in_micros(duration: Duration) -> u64 {
    // A day in nanoseconds fits a u64 by far.
    (duration.as_nanos() as u64 + 500) / 1000
}

impl Default for Latency {
    fn default() -> Self {
        Latency::new()
    }
}

impl fmt::Debug for Latency {
    /// Omits the tens of thousands of buckets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("count", &self.count())
            .field("p50", &self.p(50.0))
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
