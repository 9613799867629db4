//! The comparison and the assertions: the options, and what they mean together.

use clap::Args;

use super::values::few;
use crate::compare::Experiment;
use crate::gate::Gate;

/// The options under "Comparison".
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Measure the serial time too, and say how much faster parallel is.
    ///
    /// Everything is fetched serially and in parallel, several times.
    ///
    /// The arms take turns in going first (ABBA). Each run starts with fresh connections and name
    /// look-ups, with its threads running. Bodies are dropped.
    #[arg(
        long,
        conflicts_with_all = ["output", "dir", "cat", "log", "rate", "host_delay", "deadline"],
        help_heading = "Comparison"
    )]
    compare: bool,

    /// Runs of each arm that do not count, before the others [default: 1].
    #[arg(long, value_name = "N", value_parser = few, requires = "compare", hide_short_help = true, help_heading = "Comparison")]
    warmup: Option<u32>,

    /// Runs of each arm that count [default: 5].
    #[arg(long, value_name = "N", value_parser = runs, requires = "compare", hide_short_help = true, help_heading = "Comparison")]
    runs: Option<u32>,

    /// Exit with code 3 unless this holds: 'speedup>=2', 'p95<500ms'.
    ///
    /// May be repeated. There are speedup, total, failed (a number or a share), throughput,
    /// requests_per_second, mean, median, max, p50 to p99.9 and ttfb_p50 to ttfb_p99.9, with < <= > >= or ==. A figure that was measured
    /// several times (--compare) fails only if its whole 95 % interval lies on the wrong side.
    #[arg(long = "assert", value_name = "EXPR", help_heading = "Comparison")]
    pub(super) gates: Vec<Gate>,

    /// Take an assertion that the figures do not decide for one that does not hold.
    #[arg(
        long,
        requires = "gates",
        hide_short_help = true,
        help_heading = "Comparison"
    )]
    pub(super) strict_assert: bool,
}

impl CompareArgs {
    pub(super) fn experiment(&self, workers: usize) -> Option<Experiment> {
        self.compare.then(|| Experiment {
            warmups: self.warmup.unwrap_or(1),
            pairs: self.runs.unwrap_or(5),
            workers,
        })
    }
}

fn runs(text: &str) -> Result<u32, String> {
    match few(text)? {
        0 => Err("give at least one run".to_owned()),
        runs => Ok(runs),
    }
}
