//! Metrics: the figures that an assertion can be about.

use std::fmt;

use super::unit::Dimension;

/// A figure that an assertion can be about. Each has a base unit, in which its values are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// `speedup`: serial over parallel time, a plain number.
    Speedup,
    /// `total`: the run's time, in seconds.
    Total,
    /// `total_vs_baseline`: the run's time over that of a saved run, a plain number.
    TotalVsBaseline,
    /// `failed` with a number: how many URLs failed.
    Failed,
    /// `failed` with a share: how many of all URLs tried, in percent (0 to 100).
    FailedShare,
    /// `throughput`: body bytes per second.
    Throughput,
    /// `urls_per_second`: successful URLs per second, a plain number.
    UrlsPerSecond,
    /// `mean`: of the times per URL, in seconds.
    Mean,
    /// `median`: of the times per URL, in seconds.
    Median,
    /// `max`: the longest time of a URL, in seconds.
    Max,
    /// `p95`: a percentile of the times per URL, in seconds.
    Percentile(Percent),
    /// `ttfb_p95`: a percentile of the times to the first byte, in seconds.
    TtfbPercentile(Percent),
}

/// Names of metrics, and the dimensions of their thresholds. `failed` is the number until the threshold is a
/// share.
const PLAIN: &[(&str, Metric, Dimension)] = &[
    ("speedup", Metric::Speedup, Dimension::Factor),
    ("total", Metric::Total, Dimension::Time),
    (
        "total_vs_baseline",
        Metric::TotalVsBaseline,
        Dimension::Factor,
    ),
    ("failed", Metric::Failed, Dimension::CountOrShare),
    ("throughput", Metric::Throughput, Dimension::ByteRate),
    ("urls_per_second", Metric::UrlsPerSecond, Dimension::Rate),
    ("mean", Metric::Mean, Dimension::Time),
    ("median", Metric::Median, Dimension::Time),
    ("max", Metric::Max, Dimension::Time),
];

/// Names that other programs have for metrics (k6, oha), and the one that a metric had before.
const FOREIGN: &[(&str, &str)] = &[
    ("avg", "mean"),
    ("med", "median"),
    // Redirects and other attempts are requests too, and are not counted.
    ("requests_per_second", "urls_per_second"),
    ("rps", "urls_per_second"),
    ("rate", "urls_per_second"),
    ("errors", "failed"),
];

/// Names that other programs have for what is written in another way here, and that way.
const OTHERWISE: &[(&[&str], &str)] = &[
    (
        &[
            "error_rate",
            "failed_rate",
            "failure_rate",
            "failures",
            "http_req_failed",
        ],
        "the share of failures is failed, as failed<=1%",
    ),
    (
        &[
            "ok",
            "success",
            "successes",
            "success_rate",
            "success_ratio",
            "succeeded",
            "passed",
            "availability",
            "checks",
        ],
        "successes are all but the failures: for 99 % of them write failed<=1%",
    ),
    (
        &["http_req_duration", "latency", "response_time"],
        "the times per URL are mean, median, max, and p95 or the like",
    ),
    (
        &["http_req_waiting"],
        "the times to the first byte are ttfb_p95 and the like",
    ),
    (
        &[
            "duration",
            "elapsed",
            "parallel",
            "runtime",
            "time",
            "total_time",
        ],
        "the run's time is total, as total<5s",
    ),
    (
        &["http_reqs", "qps", "req_per_sec", "requests_per_sec"],
        "the rate is urls_per_second",
    ),
    (
        &["bandwidth", "bytes_per_second", "speed"],
        "body bytes a second are throughput, as throughput>=10MB/s",
    ),
    (&["min"], "the shortest time is p0"),
];

/// End of a name that compares a figure with that of a saved run.
const VS_BASELINE: &str = "_vs_baseline";

/// Prefix of a percentile's name.
const PERCENTILE: &str = "p";

/// Prefix of a percentile of the times to the first byte.
const TTFB: &str = "ttfb_p";

impl Metric {
    /// The names of all metrics, with the usual ones of the percentiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let plain = PLAIN.iter().map(|(name, ..)| *name);
        plain.chain(["p50", "p95", "p99", "ttfb_p50", "ttfb_p95", "ttfb_p99"])
    }

    /// The metric of this name and the dimension of its thresholds, or the error in the name.
    pub(super) fn named(name: &str) -> Result<(Self, Dimension), String> {
        let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name);
        let name = foreign.map_or(name, |(_, own)| own);
        if let Some((_, metric, dimension)) = PLAIN.iter().find(|(plain, ..)| *plain == name) {
            return Ok((*metric, *dimension));
        }
        if let Some((_, hint)) = OTHERWISE
            .iter()
            .find(|(foreign, _)| foreign.contains(&name))
        {
            return Err(format!("{name:?} is no known name; {hint}"));
        }
        if name.ends_with(VS_BASELINE) {
            return Err(format!(
                "{name:?} is no known name; of a run, only its time is compared with a baseline: \
                 write {}",
                Metric::TotalVsBaseline
            ));
        }
        let percentile = |prefix| {
            name.strip_prefix(prefix)
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let (percent, metric): (_, fn(Percent) -> Metric) = match percentile(TTFB) {
            Some(percent) => (percent, Metric::TtfbPercentile),
            None => match percentile(PERCENTILE) {
                Some(percent) => (percent, Metric::Percentile),
                None => return Err(format!("{name:?} is no known name; {}", known())),
            },
        };
        let percent = Percent::parse(percent).ok_or_else(|| {
            format!("{name:?} is no percentile; they go from p0 to p100, with one decimal at most")
        })?;
        Ok((metric(percent), Dimension::Time))
    }
}

fn known() -> String {
    let names: Vec<&str> = PLAIN.iter().map(|(name, ..)| *name).collect();
    format!("known are {}, and any p95 or ttfb_p99.9", names.join(", "))
}

impl Metric {
    /// The base unit of its figures: `s`, `B/s`, `/s`, `%`, `x` for a ratio, or nothing for a number of
    /// things.
    pub fn unit(&self) -> &'static str {
        match self {
            Metric::Speedup | Metric::TotalVsBaseline => "x",
            Metric::Failed => "",
            Metric::FailedShare => "%",
            Metric::Throughput => "B/s",
            Metric::UrlsPerSecond => "/s",
            _ => "s",
        }
    }
}

impl Metric {
    /// True for a count of URLs, which needs no clock.
    pub(super) fn is_counted(self) -> bool {
        matches!(self, Metric::Failed | Metric::FailedShare)
    }

    /// True if a sweep over several numbers of workers has this metric. The others would mix runs with different
    /// numbers. `total_vs_baseline` exists if one number was tried.
    pub fn is_of_sweeps(self) -> bool {
        use Metric::{Speedup, Total, TotalVsBaseline};
        self.is_counted() || matches!(self, Speedup | Total | TotalVsBaseline)
    }

    /// The error for a metric that sweeps do not have.
    pub fn not_of_sweeps(self) -> String {
        format!(
            "a sweep of several numbers of workers has no {self}; it has speedup and total (of its knee), and \
             failed; give one number, as --sweep 8"
        )
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Percentile(percent) => write!(f, "{PERCENTILE}{percent}"),
            Metric::TtfbPercentile(percent) => write!(f, "{TTFB}{percent}"),
            Metric::FailedShare => f.write_str("failed"),
            plain => f.write_str(
                PLAIN
                    .iter()
                    .find(|(_, metric, _)| metric == plain)
                    .expect("every other metric is in the table")
                    .0,
            ),
        }
    }
}

/// A percentile's rank: from 0 to 100 in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    tenths: u16,
}

impl Percent {
    /// The rank as a number from 0 to 100.
    pub fn value(self) -> f64 {
        f64::from(self.tenths) / 10.0
    }

    /// Parses `95` or `99.9`.
    fn parse(text: &str) -> Option<Self> {
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = [whole, tenth]
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if !are_digits || tenth.len() != 1 || !(1..=3).contains(&whole.len()) {
            return None;
        }
        let tenths = whole.parse::<u16>().ok()? * 10 + tenth.parse::<u16>().ok()?;
        (tenths <= 1000).then_some(Percent { tenths })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}
