//! Servers that have no HEAD: a URL that answers it with 405 or 501 may be as well as any, and GET tells.

use std::collections::BTreeSet;

use crate::model::outcome::{Outcome, Verdict};
use crate::model::target::Verb;
use crate::report::format::counted;

/// The statuses of a server that does not know or allow a method (RFC 9110, 15.5.6 and 15.6.2).
const REFUSING: [u16; 2] = [405, 501];

/// Targets that failed by such a status after a HEAD.
#[derive(Debug, Default)]
pub(super) struct RefusedHeads {
    count: u64,
    statuses: BTreeSet<u16>,
}

impl RefusedHeads {
    /// Counts the target if it is one of them.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let refusing = outcome.status().filter(|status| REFUSING.contains(status));
        let is_failed_head = outcome.verb == Verb::Head && outcome.verdict == Verdict::Failed;
        if let Some(status) = refusing.filter(|_| is_failed_head) {
            self.count += 1;
            self.statuses.insert(status);
        }
    }

    /// The note about them, if there are any: they are no dead links as far as this run knows.
    pub(super) fn note(&self) -> Option<String> {
        let statuses: Vec<String> = self.statuses.iter().map(ToString::to_string).collect();
        let (refuse, they_are) = match self.count {
            0 => return None,
            1 => ("refuses", "it is"),
            _ => ("refuse", "they are"),
        };
        Some(format!(
            "{} {refuse} HEAD ({}): without -I {they_are} fetched by GET",
            counted(self.count, "URL"),
            statuses.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn outcome(verb: Verb, verdict: Verdict, status: u16) -> Outcome {
        let mut outcome = Outcome::new(0, Arc::from("http://h/"), verb);
        outcome.verdict = verdict;
        outcome.last.status = Some(status);
        outcome
    }

    #[test]
    fn only_failed_heads_with_a_refusing_status_are_counted() {
        let mut refused = RefusedHeads::default();
        for (verb, verdict, status) in [
            (Verb::Get, Verdict::Failed, 405),
            (Verb::Head, Verdict::Ok, 405),
            (Verb::Head, Verdict::Failed, 404),
            (Verb::Head, Verdict::Failed, 500),
        ] {
            refused.add(&outcome(verb, verdict, status));
        }
        assert_eq!(refused.note(), None);
        refused.add(&outcome(Verb::Head, Verdict::Failed, 501));
        let one = "1 URL refuses HEAD (501): without -I it is fetched by GET";
        assert_eq!(refused.note().as_deref(), Some(one));
        refused.add(&outcome(Verb::Head, Verdict::Failed, 405));
        let two = "2 URLs refuse HEAD (405, 501): without -I they are fetched by GET";
        assert_eq!(refused.note().as_deref(), Some(two));
    }
}
