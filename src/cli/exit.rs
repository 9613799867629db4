//! The exit code. This is the one place that decides it.

use crate::model::max_failures::MaxFailures;
use crate::model::summary::Summary;

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

/// The reasons of an exit code in one line, for a run in which URLs failed and something else decides with them: a gate
/// does not hold, or failures are allowed. `None` where the report and the code tell the same anyway.
#[derive(Debug, Clone, Copy)]
pub struct ExitLine<'a> {
    /// The reasons.
    pub reasons: ExitReasons,
    /// The figures that failures are counted in.
    pub counted: &'a Summary,
    /// The failures that are allowed.
    pub allowed: MaxFailures,
}

impl ExitLine<'_> {
    /// The line: `exit code 3: an --assert does not hold; 3 of 100 URLs failed (5 % are allowed)`.
    pub fn text(self) -> Option<String> {
        let ExitLine {
            reasons,
            counted,
            allowed,
        } = self;
        let code = reasons.code();
        let is_judged = reasons.assertion || allowed.allowance().is_some();
        if counted.failed == 0 || !is_judged || !matches!(code, 0 | 1 | 3) {
            return None;
        }
        let mut parts = Vec::new();
        if reasons.assertion {
            parts.push("an --assert does not hold".to_owned());
        }
        if counted.not_done > 0 {
            parts.push("the --deadline passed".to_owned());
        }
        let all = counted.tried() + counted.done_before;
        let failed = format!("{} of {all} URLs failed", counted.failed);
        parts.push(match allowed.allowance() {
            Some(allowance) => format!("{failed} ({allowance})"),
            None => failed,
        });
        Some(format!("exit code {code}: {}", parts.join("; ")))
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
    fn the_code_is_explained_where_failures_are_not_all_that_decides() {
        let counted = |failed, not_done| Summary {
            ok: 100 - failed,
            failed,
            not_done,
            skipped: not_done,
            ..Summary::default()
        };
        let reasons = |assertion, failed| ExitReasons {
            assertion,
            failed,
            ..ExitReasons::default()
        };
        for (allowed, counted, reasons, expected) in [
            ("0", counted(3, 0), reasons(false, true), None),
            ("5%", counted(0, 0), reasons(true, false), None),
            (
                "5%",
                counted(3, 0),
                reasons(false, false),
                Some("exit code 0: 3 of 100 URLs failed (5 % are allowed)"),
            ),
            (
                "5%",
                counted(6, 0),
                reasons(false, true),
                Some("exit code 1: 6 of 100 URLs failed (5 % are allowed)"),
            ),
            (
                "5%",
                counted(3, 0),
                reasons(true, false),
                Some(
                    "exit code 3: an --assert does not hold; 3 of 100 URLs failed (5 % are allowed)",
                ),
            ),
            (
                "0",
                counted(3, 0),
                reasons(true, true),
                Some("exit code 3: an --assert does not hold; 3 of 100 URLs failed"),
            ),
            (
                "3",
                counted(3, 8),
                reasons(false, true),
                Some("exit code 1: the --deadline passed; 3 of 100 URLs failed (3 are allowed)"),
            ),
        ] {
            let allowed = allowed.parse().expect("a limit");
            let line = ExitLine {
                reasons,
                counted: &counted,
                allowed,
            };
            assert_eq!(line.text().as_deref(), expected, "{line:?}");
        }
        // What is graver has its own line.
        let line = ExitLine {
            reasons: ExitReasons {
                local: true,
                ..reasons(true, true)
            },
            counted: &counted(3, 0),
            allowed: MaxFailures::Count(0),
        };
        assert_eq!(line.text(), None);
    }
}
