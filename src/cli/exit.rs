//! The exit code. This is the one place that decides it.

use std::str::FromStr;

use crate::model::summary::Summary;

/// Limit on the failures of a run that still succeeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFailures {
    /// A number of targets.
    Count(u64),
    /// A share of all targets, those that an earlier run had done included, in percent.
    Percent(f64),
}

impl MaxFailures {
    /// Tests whether the run had more failures.
    pub fn exceeded_by(self, summary: &Summary) -> bool {
        match self {
            MaxFailures::Count(most) => summary.failed > most,
            MaxFailures::Percent(most) => {
                let all = summary.tried() + summary.done_before;
                summary.failed as f64 * 100.0 > most * all as f64
            }
        }
    }
}

impl Default for MaxFailures {
    /// No failures.
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

/// Reasons for an exit code other than 0. Several may hold; none depends on the order of the URLs or on
/// timing, so the same failures give the same code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExitReasons {
    /// Signal that stopped the run.
    pub signal: Option<i32>,
    /// Standard output lost its reader.
    pub broken_pipe: bool,
    /// A failure on this side: output or files that cannot be written, no threads, no descriptors.
    pub local: bool,
    /// A mistake on the command line, or input that cannot be read.
    pub usage: bool,
    /// An assertion on the figures that does not hold.
    pub assertion: bool,
    /// More failed URLs than allowed.
    pub failed: bool,
}

impl ExitReasons {
    /// A failure on this side, and nothing else.
    pub fn local() -> Self {
        ExitReasons {
            local: true,
            ..ExitReasons::default()
        }
    }

    /// A mistake on the command line or in the input, and nothing else.
    pub fn usage() -> Self {
        ExitReasons {
            usage: true,
            ..ExitReasons::default()
        }
    }

    /// The exit code of the gravest reason, or 0.
    pub fn code(self) -> u8 {
        if let Some(signal) = self.signal {
            // As shells report a process that a signal ended.
            u8::try_from(128 + signal).unwrap_or(u8::MAX)
        } else if self.broken_pipe {
            141
        } else if self.local {
            4
        } else if self.usage {
            2
        } else if self.assertion {
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
        let mut reasons = ExitReasons::default();
        assert_eq!(reasons.code(), 0);
        reasons.failed = true;
        assert_eq!(reasons.code(), 1);
        reasons.assertion = true;
        assert_eq!(reasons.code(), 3);
        reasons.usage = true;
        assert_eq!(reasons.code(), 2);
        reasons.local = true;
        assert_eq!(reasons.code(), 4);
        reasons.broken_pipe = true;
        assert_eq!(reasons.code(), 141);
        reasons.signal = Some(2);
        assert_eq!(reasons.code(), 130);
        reasons.signal = Some(15);
        assert_eq!(reasons.code(), 143);
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
        // A share is of the whole list, of which a resumed run tries again only what had failed.
        let resumed = Summary {
            ok: 1,
            failed: 8,
            done_before: 291,
            ..Summary::default()
        };
        for (text, exceeded) in [("2%", true), ("3%", false), ("7", true)] {
            let most: MaxFailures = text.parse().unwrap();
            assert_eq!(most.exceeded_by(&resumed), exceeded, "{text}");
        }
        for text in ["", "-1", "101%", "x", "%", "1.5"] {
            assert!(text.parse::<MaxFailures>().is_err(), "{text}");
        }
    }
}
