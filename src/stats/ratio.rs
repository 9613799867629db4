//! The speed-up: the ratio of two times, from pairs of runs.

use super::interval::Interval;
use super::sample::Sample;

/// The times of a serial and a parallel run that were made one right after the other, in either order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunPair {
    /// The serial run's time in seconds.
    pub serial: f64,
    /// The parallel run's time in seconds.
    pub parallel: f64,
}

impl RunPair {
    /// The ratio of serial to parallel: above 1, parallel is faster.
    pub fn ratio(self) -> f64 {
        self.serial / self.parallel
    }
}

/// The speed-up of parallel over serial, and its confidence interval.
#[derive(
    Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Speedup {
    /// The number of pairs.
    pub pairs: usize,
    /// The geometric mean of the pairs' ratios.
    #[schemars(range(min = 0.0))]
    pub ratio: f64,
    /// The 95 % confidence interval of the ratio. `None` for a single pair, which has no variance.
    #[schemars(schema_with = "Interval::schema_of_ratio")]
    pub interval: Option<Interval>,
}

impl Speedup {
    /// Computes the speed-up. `None` if there are no pairs, or if a time in them is not positive and
    /// finite.
    ///
    /// Of ratios the mean is geometric: it alone gives the same answer whichever arm is divided by
    /// which (Fleming and Wallace, "How Not to Lie with Statistics: The Correct Way to Summarize
    /// Benchmark Results", CACM 29, 1986). It comes with its interval, because a speed-up without one
    /// claims more than was measured (Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time",
    /// ISMM 2013). That is the paired t interval, taken on the logarithms of the ratios: what slows
    /// down both runs of a pair, a network that changes by the minute, drops out of its ratio.
    pub fn of(pairs: &[RunPair]) -> Option<Self> {
        let is_time = |time: f64| time > 0.0 && time.is_finite();
        if !pairs
            .iter()
            .all(|pair| is_time(pair.serial) && is_time(pair.parallel))
        {
            return None;
        }
        // Not the logarithm of the quotient, which can be too large or too small for a number.
        let logs: Vec<f64> = pairs
            .iter()
            .map(|pair| pair.serial.ln() - pair.parallel.ln())
            .collect();
        let mean = Sample::of(&logs)?.mean;
        Some(Speedup {
            pairs: pairs.len(),
            ratio: mean.exp(),
            interval: Interval::of_mean(&logs).map(|log| Interval {
                low: log.low.exp(),
                high: log.high.exp(),
            }),
        })
    }

    /// The same speed-up with its interval taken from one confidence level to another. That of [`of`](Speedup::of) is
    /// at 95 %.
    pub fn at_level(self, from: f64, to: f64) -> Self {
        if from == to {
            return self;
        }
        let freedom = self.pairs.saturating_sub(1);
        let interval = self
            .interval
            .map(|interval| interval.at_level((from, to), self.ratio, freedom));
        Speedup { interval, ..self }
    }

    /// The half width of the interval, as a share of the ratio; `None` without an interval.
    pub fn precision(&self) -> Option<f64> {
        let Interval { low, high } = self.interval?;
        Some(0.5 * (high - low) / self.ratio)
    }

    /// The finding; `None` without an interval.
    pub fn finding(&self) -> Option<Finding> {
        self.interval.map(Finding::of)
    }
}

/// The finding of a comparison about one of its arms, or about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The arm is faster: the whole interval of the speed-up lies above 1.
    Faster,
    /// The arm is slower: the whole interval lies below 1.
    Slower,
    /// The interval contains 1. That shows no difference; it does not show that there is none.
    NoDifference,
}

impl Finding {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Finding::Faster => "faster",
            Finding::Slower => "slower",
            Finding::NoDifference => "no difference",
        }
    }

    /// The finding for the interval of a speed-up.
    pub fn of(ratio: Interval) -> Self {
        if ratio.low > 1.0 {
            Finding::Faster
        } else if ratio.high < 1.0 {
            Finding::Slower
        } else {
            Finding::NoDifference
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(runs: &[(f64, f64)]) -> Vec<RunPair> {
        let pair = |&(serial, parallel): &(f64, f64)| RunPair { serial, parallel };
        runs.iter().map(pair).collect()
    }

    #[test]
    fn a_pair_has_the_ratio_of_serial_to_parallel() {
        let ratios = pairs(&[(6.0, 2.0), (1.0, 4.0)]);
        let ratios: Vec<f64> = ratios.into_iter().map(RunPair::ratio).collect();
        assert_eq!(ratios, [3.0, 0.25]);
    }

    #[test]
    fn the_mean_of_ratios_is_geometric() {
        // Twice as fast and half as fast come to no difference at all, not to 1.25.
        let speedup = Speedup::of(&pairs(&[(2.0, 1.0), (1.0, 2.0)])).unwrap();
        assert!((speedup.ratio - 1.0).abs() < 1e-12, "{speedup:?}");
        assert_eq!(speedup.finding(), Some(Finding::NoDifference));
        let speedup = Speedup::of(&pairs(&[(2.0, 1.0), (8.0, 1.0)])).unwrap();
        assert!((speedup.ratio - 4.0).abs() < 1e-12, "{speedup:?}");
    }

    #[test]
    fn the_interval_is_the_paired_one() {
        // Logarithms (base 2) of the ratios: 1, 2, 3; mean 2, s = 1, t(2) = 4.303:
        // 2 ± 4.303 / √3 = 2 ± 2.4841.
        let speedup = Speedup::of(&pairs(&[(2.0, 1.0), (40.0, 10.0), (0.8, 0.1)])).unwrap();
        let interval = speedup.interval.unwrap();
        assert_eq!(speedup.pairs, 3);
        assert!((interval.low.log2() + 0.4841).abs() < 1e-4, "{speedup:?}");
        assert!((interval.high.log2() - 4.4841).abs() < 1e-4, "{speedup:?}");
    }

    #[test]
    fn one_pair_has_a_ratio_but_no_interval_and_no_finding() {
        let speedup = Speedup::of(&pairs(&[(6.0, 2.0)])).unwrap();
        assert!((speedup.ratio - 3.0).abs() < 1e-12);
        assert_eq!((speedup.interval, speedup.finding()), (None, None));
    }

    #[test]
    fn what_is_no_time_gives_no_ratio() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Speedup::of(&pairs(&[(1.0, 1.0), (bad, 1.0)])), None);
            assert_eq!(Speedup::of(&pairs(&[(1.0, bad), (1.0, 1.0)])), None);
        }
        assert_eq!(Speedup::of(&[]), None);
    }

    #[test]
    fn a_finding_needs_the_whole_interval_on_one_side() {
        for (low, high, finding) in [
            (1.01, 2.0, Finding::Faster),
            (0.5, 0.99, Finding::Slower),
            (0.9, 1.1, Finding::NoDifference),
            (1.0, 2.0, Finding::NoDifference),
            (0.5, 1.0, Finding::NoDifference),
        ] {
            assert_eq!(
                Finding::of(Interval { low, high }),
                finding,
                "{low} to {high}"
            );
        }
        // Every pair says the same: no scatter, no doubt.
        let speedup = Speedup::of(&pairs(&[(2.0, 2.0); 3])).unwrap();
        assert_eq!(speedup.finding(), Some(Finding::NoDifference));
    }
}
