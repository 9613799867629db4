//! The exit code: the one place that decides it.

use std::str::FromStr;

use crate::model::summary::Summary;

/// How many failures a run may have and still succeed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFailures {
    /// This many.
    Count(u64),
    /// This share of all targets that were tried, in percent.
    Percent(f64),
}

impl MaxFailures {
    /// Whether the run had more.
    pub fn exceeded_by(self, summary: &Summary) -> bool {
        match self {
            MaxFailures::Count(most) => summary.failed > most,
            MaxFailures::Percent(most) => {
                let tried = summary.ok + summary.unchanged + summary.failed;
                summary.failed as f64 * 100.0 > most * tried as f64
            }
        }
    }
}

impl Default for MaxFailures {
    /// None.
    fn default() -> Self {
        MaxFailures::Count(0)
    }
}

impl FromStr for MaxFailures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(MaxFailures::Percent),
            None => text.parse().ok().map(MaxFailures::Count),
        };
        parsed.ok_or_else(|| "give a number (5) or a share of all URLs (1%)".to_owned())
    }
}

/// How the program ended: everything that the exit code depends on, and nothing that depends on the
/// order of the URLs or on timing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    /// The signal that stopped the run.
    pub signal: Option<i32>,
    /// Nobody reads standard output any more.
    pub broken_pipe: bool,
    /// Something failed on this side: output or files that cannot be written, no threads, no
    /// descriptors.
    pub local: bool,
    /// The command line is wrong, or input cannot be read.
    pub usage: bool,
    /// An assertion on the run's figures does not hold.
    pub gate: bool,
    /// More URLs failed than may.
    pub failed: bool,
}

impl Ending {
    /// The exit code: of several that hold, the gravest.
    pub fn code(self) -> u8 {
        if let Some(signal) = self.signal {
            // As a shell reports a process that a signal ended.
            u8::try_from(128 + signal).unwrap_or(u8::MAX)
        } else if self.broken_pipe {
            141
        } else if self.local {
            4
        } else if self.usage {
            2
        } else if self.gate {
            3
        } else if self.failed {
            1
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_code_wins() {
        let mut ending = Ending::default();
        assert_eq!(ending.code(), 0);
        ending.failed = true;
        assert_eq!(ending.code(), 1);
        ending.gate = true;
        assert_eq!(ending.code(), 3);
        ending.usage = true;
        assert_eq!(ending.code(), 2);
        ending.local = true;
        assert_eq!(ending.code(), 4);
        ending.broken_pipe = true;
        assert_eq!(ending.code(), 141);
        ending.signal = Some(2);
        assert_eq!(ending.code(), 130);
        ending.signal = Some(15);
        assert_eq!(ending.code(), 143);
    }

    #[test]
    fn failures_are_allowed_by_count_or_by_share() {
        let summary = Summary {
            ok: 98,
            failed: 2,
            skipped: 100,
            ..Summary::default()
        };
        for (text, exceeded) in [
            ("0", true),
            ("1", true),
            ("2", false),
            ("1.9%", true),
            ("2%", false),
        ] {
            let most: MaxFailures = text.parse().unwrap();
            assert_eq!(most.exceeded_by(&summary), exceeded, "{text}");
        }
        for text in ["", "-1", "101%", "x", "%", "1.5"] {
            assert!(text.parse::<MaxFailures>().is_err(), "{text}");
        }
    }
}
