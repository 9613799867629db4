//! The comparison and the assertions: the options, and what they mean together.

use std::path::PathBuf;

use clap::Args;

use super::files::Files;
use super::values::{few, workers};
use crate::measure::assert::{Assertion, Metric};
use crate::measure::{Experiment, SweepPlan, WorkerCounts};

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

    /// Fetch everything with each of these numbers of workers, and find the fewest that will do.
    ///
    /// 'auto' takes 1, 2, 4 and so on, until twice as many gain nothing.
    #[arg(
        long,
        value_name = "N,N,…|auto",
        value_parser = counts,
        hide_short_help = true,
        conflicts_with_all = [
            "compare", "workers", "output", "dir", "cat", "log", "rate", "host_delay", "deadline",
        ],
        help_heading = "Comparison"
    )]
    sweep: Option<WorkerCounts>,

    /// Runs of each arm that do not count, before the others [default: 1].
    #[arg(long, value_name = "N", value_parser = few, hide_short_help = true, help_heading = "Comparison")]
    warmup: Option<u32>,

    /// Runs of each arm that count [default: 5, of a sweep 3].
    #[arg(long, value_name = "N", value_parser = runs, hide_short_help = true, help_heading = "Comparison")]
    runs: Option<u32>,

    /// Save this run's figures in FILE, to judge later runs by.
    ///
    /// It works with --compare, --sweep and --replay too. Nothing is saved of a run that was stopped,
    /// in which more URLs failed than --max-failures, or for which an --assert does not hold. FILE has no
    /// URLs in it, only a hash of all of them.
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Comparison"
    )]
    pub(super) save_baseline: Option<PathBuf>,

    /// Say how much longer this run took than the one saved in FILE.
    ///
    /// With several runs on both sides (--compare, --sweep N) that comes with a 95 % interval. Another list
    /// of URLs is not compared, and other numbers of workers or of failures have a ratio but no verdict; what
    /// else is different is told. FILE may be that of --save-baseline.
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Comparison"
    )]
    pub(super) against: Option<PathBuf>,

    /// Exit with code 3 unless this holds: 'speedup>=2', 'p95<500ms'.
    ///
    /// May be repeated. There are speedup, total, total_vs_baseline (--against), failed (a number or a
    /// share), throughput, requests_per_second, mean, median, max, p50 to p99.9 and ttfb_p50 to ttfb_p99.9,
    /// with < <= > >= or ==. A figure that was measured several times (--compare) fails only if its whole
    /// 95 % interval lies on the wrong side. A sweep has speedup (of its knee over the fewest workers),
    /// total (at the knee), failed (in all runs) and, at one number of workers, total_vs_baseline. failed is of
    /// both arms, all else of the parallel runs; warm-ups do not count. Without --compare the speedup is
    /// estimated.
    #[arg(long = "assert", value_name = "EXPR", help_heading = "Comparison")]
    pub(super) gates: Vec<Assertion>,

    /// Take an assertion that the figures do not decide for one that does not hold.
    ///
    /// A ratio from a single pair of runs, or from a single run on a side, decides nothing then.
    #[arg(
        long,
        requires = "gates",
        hide_short_help = true,
        help_heading = "Comparison"
    )]
    pub(super) strict_assert: bool,
}

impl CompareArgs {
    /// What is of no use with what is measured, or without it.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(counts) = &self.sweep {
            let mut metrics = self.gates.iter().map(Assertion::metric);
            if let Some(metric) = metrics.find(|metric| !metric.is_of_sweeps()) {
                return Err(format!("--assert {metric}: {}", metric.not_of_sweeps()));
            }
            let is_one = matches!(counts, WorkerCounts::Given(counts) if counts.len() == 1);
            if self.needs_baseline() && !is_one {
                return Err(
                    "--assert total_vs_baseline: give --sweep one number of workers, as --sweep 8"
                        .to_owned(),
                );
            }
        }
        let is_measured = self.compare || self.sweep.is_some();
        let options = [(self.warmup, "--warmup"), (self.runs, "--runs")];
        match options.iter().find(|(given, _)| given.is_some()) {
            Some((_, option)) if !is_measured => Err(format!(
                "{option} is of no use without --compare or --sweep; add one of them"
            )),
            _ if self.against.is_none() && self.needs_baseline() => Err(
                "--assert total_vs_baseline is about a saved run; name its file with --against"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    fn needs_baseline(&self) -> bool {
        let is_it = |gate: &Assertion| gate.metric() == Metric::TotalVsBaseline;
        self.gates.iter().any(is_it)
    }

    /// Notes the files of saved runs: the one to write, and the one to read.
    pub(super) fn note(&self, files: &mut Files) -> Result<(), String> {
        if let Some(path) = &self.save_baseline {
            if path.as_os_str() == "-" {
                return Err(
                    "--save-baseline needs a file of its own, not standard output".to_owned(),
                );
            }
            files.written("--save-baseline", path);
        }
        if let Some(path) = &self.against {
            files.read("--against", path);
        }
        Ok(())
    }

    pub(super) fn sweep(&self) -> Option<SweepPlan> {
        Some(SweepPlan {
            counts: self.sweep.clone()?,
            runs: self.runs.unwrap_or(3),
            warmups: self.warmup.unwrap_or(1),
        })
    }

    pub(super) fn experiment(&self, workers: usize) -> Option<Experiment> {
        self.compare.then(|| Experiment {
            warmups: self.warmup.unwrap_or(1),
            pairs: self.runs.unwrap_or(5),
            workers,
        })
    }
}

/// The most workers that an automatic sweep tries.
const MOST: usize = 1024;

fn counts(text: &str) -> Result<WorkerCounts, String> {
    if text == "auto" {
        return Ok(WorkerCounts::Auto { most: MOST });
    }
    text.split(',')
        .map(|count| workers(count.trim()))
        .collect::<Result<Vec<_>, _>>()
        .map(WorkerCounts::Given)
        .map_err(|error| format!("{error}, several with commas between them, or auto"))
}

fn runs(text: &str) -> Result<u32, String> {
    match few(text)? {
        0 => Err("give at least one run".to_owned()),
        runs => Ok(runs),
    }
}
