//! The failures that a run may have and still succeed.

use std::str::FromStr;

use super::summary::Summary;

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

impl MaxFailures {
    /// What is allowed, in words; `None` if no failure is.
    pub fn allowance(self) -> Option<String> {
        match self {
            MaxFailures::Count(0) => None,
            MaxFailures::Count(1) => Some("1 is allowed".to_owned()),
            MaxFailures::Count(most) => Some(format!("{most} are allowed")),
            MaxFailures::Percent(most) => (most > 0.0).then(|| format!("{most} % are allowed")),
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_is_allowed_is_told_unless_it_is_nothing() {
        for (text, expected) in [
            ("0", None),
            ("0%", None),
            ("1", Some("1 is allowed")),
            ("20", Some("20 are allowed")),
            ("5%", Some("5 % are allowed")),
            ("0.5%", Some("0.5 % are allowed")),
        ] {
            let most: MaxFailures = text.parse().expect("a limit");
            assert_eq!(most.allowance().as_deref(), expected, "{text}");
        }
    }
}
