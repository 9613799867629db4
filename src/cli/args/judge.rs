//! Judgement of a run's figures: by a saved run, and by assertions. It works for replays too.

use std::path::PathBuf;

use clap::Args;

use crate::measure::assert::Assertion;
use crate::model::margin::Margin;

/// The options under "Comparison" that judge figures, whether measured now or replayed.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Comparison")]
pub(crate) struct JudgeArgs {
    /// Add this run's figures to those in FILE, which keeps the last 20 runs, to judge later runs by.
    ///
    /// It works with --compare, --sweep and --replay too. Nothing is saved of a run that was stopped,
    /// in which more URLs failed than --max-failures, or which an --assert contradicts. A run of another list of URLs is
    /// not added (exit code 2): it wants a FILE of its own. FILE has no URLs in it, only a hash of all of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) save_baseline: Option<PathBuf>,

    /// Say how much longer this run took than those saved in FILE, and since when.
    ///
    /// With several saved runs that comes with a 95 % interval that has their scatter from day to day in it; with one,
    /// if it and this run were repeated (--compare, --sweep N). Another list
    /// of URLs is not compared, and other numbers of workers or of failures have a ratio but no verdict; what
    /// else is different is told. A slow-down is held against the faster runs before it, as long as they are among the last 20.
    /// FILE may be that of --save-baseline, which the first run then makes.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// Exit with code 3 unless this holds: 'p95<500ms', 'failed<=1%'.
    ///
    /// May be repeated. There are speedup, total, total_vs_baseline (--against), failed (a number or a
    /// share), throughput, urls_per_second, mean, median, max, p50 to p99.9 and ttfb_p50 to ttfb_p99.9,
    /// with < <= > >= or ==. The figure is told in any case: 'p99.9<1h' shows a percentile that the summary has not. Where no URL succeeded, only failed has a figure, and the others fail. A figure that
    /// was measured several times (--compare) fails only if its whole 95 % interval lies on the wrong side. A sweep
    /// of several numbers of workers has speedup (of its knee over the fewest), total (at the knee) and failed (in
    /// all runs), one of a single number has all. failed is of both arms, all else of the parallel runs; warm-ups do
    /// not count. speedup asks for --compare or --sweep: a plain run only estimates it. After --deadline there are
    /// failed, the rates and the percentiles of what was done. Percentiles leave out what pfetch waited between attempts.
    #[arg(long = "assert", value_name = "EXPR")]
    pub(crate) assertions: Vec<Assertion>,

    /// Call a difference of times below this share hardly one [default: 10%].
    ///
    /// A verdict says what is shown and what matters: faster by 4 % is hardly faster, however sure. If the whole 95 %
    /// interval is within the margin, there is no difference beyond it. It is for --compare, the gain of --sweep,
    /// --against, and for a replay of them. With --against, what lies beyond it as a whole (or beyond 5 %, if that is
    /// less) is faster or slower.
    #[arg(long, value_name = "N%", allow_negative_numbers = true)]
    pub(crate) margin: Option<Margin>,

    /// Take an assertion that the figures do not decide for one that does not hold.
    ///
    /// A ratio from a single pair of runs or from a single run on a side decides nothing then. A gate on a baseline that
    /// this run is the first of its kind in, because the workers changed, fails; where FILE is not there yet it is skipped.
    #[arg(long, requires = "assertions")]
    pub(crate) strict_assert: bool,
}
