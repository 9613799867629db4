//! What the formats say alike.

use crate::model::outcome::Outcome;
use crate::model::text::excerpt;

pub(super) use crate::report::wording::verdict;

/// How much of a URL or a message is shown where a person reads it, in characters.
const SHOWN: usize = 300;

/// So much of a text that a hostile one does not fill the page, safe to show.
pub(super) fn short(text: &str) -> String {
    excerpt(text, SHOWN)
}

/// Why it failed, in a line: with the status, if there is one.
pub(super) fn reason(outcome: &Outcome) -> String {
    let failure = outcome.error().map(ToString::to_string);
    let failure = failure.unwrap_or_default();
    let mut reason = match outcome.status() {
        Some(status) if failure.is_empty() => status.to_string(),
        Some(status) => format!("{status} {failure}"),
        None => failure,
    };
    if outcome.requests() > 1 {
        reason += &format!(" ({} attempts)", outcome.requests());
    }
    reason
}
