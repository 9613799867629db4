//! Wording that several export formats share.

use crate::model::outcome::Outcome;
use crate::model::text::excerpt;

/// Longest URL or message that a document for people shows, in characters.
const MAX_SHOWN: usize = 300;

/// An excerpt of the text, escaped: a hostile text must not fill the page.
pub(super) fn short(text: &str) -> String {
    excerpt(text, MAX_SHOWN)
}

/// The reason of a failure in one line, with the status and the number of attempts if there are such.
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
