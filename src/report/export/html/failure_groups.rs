//! The failures of a run by reason, in bounded memory.

use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::text::excerpt;
use crate::report::export::words::failure_title;

/// The most reasons that are kept apart.
const REASONS: usize = 64;

/// The most URLs that a reason names.
const NAMED: usize = 5;

/// The most characters of a URL or a message.
const TEXT: usize = 300;

/// The failures of a run.
#[derive(Debug, Default)]
pub(super) struct FailureGroups {
    groups: Vec<FailureGroup>,
    /// Failures of further reasons.
    others: u64,
}

/// Failures of one reason: the kind and, where the server answered, the status.
#[derive(Debug)]
pub(super) struct FailureGroup {
    kind: FailureKind,
    status: Option<u16>,
    pub(super) count: u64,
    /// The reason in words.
    pub(super) title: String,
    /// The URLs that ended first, with their messages, in the order of the input.
    pub(super) named: Vec<FailedUrl>,
}

/// One failed URL.
#[derive(Debug)]
pub(super) struct FailedUrl {
    /// The number of its row in the table.
    pub(super) number: u64,
    pub(super) url: String,
    /// The message, unless the title says the same.
    pub(super) message: Option<String>,
}

impl FailureGroup {
    /// Tells that these were not done at the run's deadline.
    pub(super) fn is_not_done(&self) -> bool {
        self.kind == FailureKind::Deadline
    }

    /// The message that all named URLs have in common.
    pub(super) fn shared_message(&self) -> Option<&str> {
        let mut messages = self.named.iter().map(|named| named.message.as_deref());
        let first = messages.next()?;
        first.filter(|_| messages.all(|message| message == first))
    }
}

impl FailureGroups {
    /// Adds an outcome, if it is a failure or was cut off by the deadline.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let is_told = outcome.verdict == Verdict::Failed || outcome.is_past_deadline();
        let Some(failure) = outcome.error().filter(|_| is_told) else {
            return;
        };
        let (kind, status) = (failure.kind, outcome.status());
        let is_it = |group: &FailureGroup| (group.kind, group.status) == (kind, status);
        let place = match self.groups.iter().position(is_it) {
            Some(place) => place,
            None if self.groups.len() < REASONS => {
                self.groups.push(FailureGroup {
                    kind,
                    status,
                    count: 0,
                    title: failure_title(failure, status),
                    named: Vec::new(),
                });
                self.groups.len() - 1
            }
            None => {
                self.others += 1;
                return;
            }
        };
        let group = &mut self.groups[place];
        group.count += 1;
        if group.named.len() < NAMED {
            // The title of a status is its message.
            let message = (kind != FailureKind::Status).then(|| failure.to_string());
            group.named.push(FailedUrl {
                number: outcome.index + 1,
                url: excerpt(&outcome.url, TEXT),
                message: message.map(|message| excerpt(&message, TEXT)),
            });
            group.named.sort_by_key(|named| named.number);
        }
    }

    /// The reasons, from the one with the most failures.
    pub(super) fn by_count(&self) -> Vec<&FailureGroup> {
        let mut groups: Vec<&FailureGroup> = self.groups.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    /// The number of failures whose reason is not among those of [`by_count`](FailureGroups::by_count).
    pub(super) fn others(&self) -> u64 {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Failure;
    use crate::model::target::Verb;

    fn failed(index: u64, kind: FailureKind, status: Option<u16>, message: &str) -> Outcome {
        let mut outcome = Outcome::new(index, format!("http://h/{index}").into(), Verb::Get);
        outcome.verdict = Verdict::Failed;
        outcome.last.status = status;
        outcome.last.error = Some(Box::new(Failure {
            kind,
            phase: None,
            message: message.to_owned(),
            is_transient: false,
            is_alone: false,
        }));
        outcome
    }

    #[test]
    fn failures_are_grouped_by_kind_and_status_and_the_most_come_first() {
        let mut groups = FailureGroups::default();
        groups.add(&Outcome::new(9, "http://h/ok".into(), Verb::Get));
        groups.add(&failed(9, FailureKind::Dns, None, "no host b"));
        for index in 1..9 {
            groups.add(&failed(index, FailureKind::Status, Some(404), "not found"));
        }
        groups.add(&failed(0, FailureKind::Dns, None, "no host a"));
        groups.add(&failed(10, FailureKind::Closed, Some(200), "closed early"));
        let found: Vec<_> = groups
            .by_count()
            .into_iter()
            .map(|group| (group.count, group.title.as_str(), group.named.len()))
            .collect();
        assert_eq!(
            found,
            [
                (8, "404 not found", 5),
                (2, "the host name was not found", 2),
                (1, "200, then the connection closed early", 1),
            ]
        );
        let messages: Vec<_> = groups.by_count()[1]
            .named
            .iter()
            .map(|named| (named.number, named.message.as_deref()))
            .collect();
        assert_eq!(
            messages,
            [(1, Some("dns: no host a")), (10, Some("dns: no host b"))]
        );
        let shared = groups.by_count().into_iter();
        let shared: Vec<_> = shared.map(FailureGroup::shared_message).collect();
        assert_eq!(shared, [None, None, Some("closed: closed early")]);
    }

    #[test]
    fn any_number_of_reasons_takes_bounded_memory() {
        let mut groups = FailureGroups::default();
        for status in 100..1000 {
            let long = "x".repeat(10_000);
            groups.add(&failed(0, FailureKind::Status, Some(status), &long));
        }
        assert_eq!(groups.by_count().len(), REASONS);
        assert_eq!(groups.others(), 900 - REASONS as u64);
        let longest = groups
            .by_count()
            .iter()
            .map(|group| group.title.len())
            .max();
        assert!(longest < Some(1000), "{longest:?}");
    }
}
