//! Reports that people read, and show to others on a page, in the log of a build or in a ticket: the values of secret
//! parameters in URLs are masked in them. HAR and traces are among them, as they are opened in a viewer and attached to
//! tickets, and no run is repeated from one.
//!
//! What is data (JSON, JSON Lines, CSV, the lines of templates, run logs) has the URLs as they were fetched.

use std::io;
use std::sync::Arc;

use crate::model::event::{Event, Listener};
use crate::model::outcome::{Attempt, Exchange, Outcome};
use crate::model::reason::{Reason, Why};
use crate::model::secret_parameters::without_secret_values;

/// A report that gets events without the values of secret parameters.
#[derive(Debug)]
pub struct WithoutSecrets<L>(L);

impl<L> WithoutSecrets<L> {
    /// The report that passes events on to `report` without them.
    pub fn new(report: L) -> Self {
        WithoutSecrets(report)
    }
}

impl<L: Listener> Listener for WithoutSecrets<L> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match masked(event) {
            Some(masked) => self.0.event(&masked),
            None => self.0.event(event),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.0.idle()
    }

    fn close(&mut self) -> io::Result<()> {
        self.0.close()
    }
}

/// The event without secrets; `None` if there is none in it.
fn masked(event: &Event) -> Option<Event> {
    match event {
        Event::Finished(outcome) => masked_outcome(outcome).map(Event::Finished),
        Event::Warning(text) => without_secret_values(text).map(Event::Warning),
        Event::Compared(comparison) => {
            let mut comparison = comparison.clone();
            mask_why(&mut comparison.why);
            comparison.differing.1.iter_mut().for_each(mask);
            Some(Event::Compared(comparison))
        }
        Event::Swept(sweep) => {
            let mut sweep = sweep.clone();
            if let Some(knee) = &mut sweep.why {
                mask_why(&mut knee.why);
            }
            sweep.differing.1.iter_mut().for_each(mask);
            Some(Event::Swept(sweep))
        }
        Event::Started(_)
        | Event::Counted(_)
        | Event::Pending(_)
        | Event::Pack(_)
        | Event::MissingShards(_)
        | Event::ArmStarted(_)
        | Event::ArmEnded(_)
        | Event::Against(_)
        | Event::Assertion(_)
        | Event::Ended(_) => None,
    }
}

fn masked_outcome(outcome: &Outcome) -> Option<Outcome> {
    let has = |text: &str| without_secret_values(text).is_some();
    let has_header = |headers: &[(String, String)]| headers.iter().any(|(_, value)| has(value));
    let has_exchange = |exchange: &Exchange| {
        has(&exchange.url) || has_header(&exchange.request) || has_header(&exchange.response)
    };
    let is_clean = !has(&outcome.url)
        && !outcome.final_url().is_some_and(has)
        && !outcome.redirects().iter().any(|hop| has(&hop.url))
        && !outcome.attempts().any(|attempt| {
            attempt
                .error
                .as_ref()
                .is_some_and(|error| has(&error.message))
                || attempt.exchanges().iter().any(has_exchange)
        });
    if is_clean {
        return None;
    }
    let mut outcome = outcome.clone();
    mask_url(&mut outcome.url);
    mask_attempt(&mut outcome.last);
    if let Some(details) = &mut outcome.details {
        details.final_url.iter_mut().for_each(mask_url);
        for hop in &mut details.redirects {
            mask_url(&mut hop.url);
        }
        details.earlier.iter_mut().for_each(mask_attempt);
    }
    Some(outcome)
}

fn mask_url(url: &mut Arc<str>) {
    if let Some(masked) = without_secret_values(url) {
        *url = Arc::from(masked);
    }
}

fn mask(text: &mut String) {
    if let Some(masked) = without_secret_values(text) {
        *text = masked;
    }
}

fn mask_attempt(attempt: &mut Attempt) {
    if let Some(error) = &mut attempt.error {
        mask(&mut error.message);
    }
    for exchange in attempt.exchanges.iter_mut().flat_map(|all| all.iter_mut()) {
        mask_url(&mut exchange.url);
        let headers = exchange.request.iter_mut().chain(&mut exchange.response);
        headers.for_each(|(_, value)| mask(value));
    }
}

fn mask_why(why: &mut Why) {
    for weighed in &mut why.reasons {
        if let Reason::SlowestUrl { url, .. } = &mut weighed.reason {
            mask(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::{Failure, FailureKind, Hop};
    use crate::model::reason::WeighedReason;
    use crate::model::target::Verb;

    fn failed(url: &str) -> Attempt {
        Attempt {
            error: Some(Box::new(Failure {
                kind: FailureKind::Redirect,
                phase: None,
                message: format!("redirected to {url}"),
                is_transient: false,
                is_alone: false,
            })),
            ..Attempt::default()
        }
    }

    #[test]
    fn each_url_of_an_outcome_loses_its_secrets() {
        let secret: Arc<str> = Arc::from("http://h/?token=hush&a=1");
        let plain: Arc<str> = Arc::from("http://h/?a=1");
        let exchange = |url: &Arc<str>, headers: [&str; 2]| Exchange {
            method: "GET".to_owned(),
            url: Arc::clone(url),
            request: vec![("Referer".to_owned(), headers[0].to_owned())],
            remote: None,
            proxy: None,
            reused: None,
            status: None,
            response: vec![("Location".to_owned(), headers[1].to_owned())],
        };
        let exchanges = [
            exchange(&secret, ["", ""]),
            exchange(&plain, [&secret, ""]),
            exchange(&plain, ["", &secret]),
        ];
        for exchange in exchanges {
            let mut outcome = Outcome::new(0, Arc::clone(&plain), Verb::Get);
            outcome.last.exchanges = Some(Box::new(vec![exchange]));
            let masked = masked_outcome(&outcome).map(|masked| format!("{masked:?}"));
            let masked = masked.unwrap_or_default();
            assert!(
                !masked.contains("hush") && masked.contains("token=…"),
                "{masked}"
            );
        }
        let places: [fn(&mut Outcome, &Arc<str>); 5] = [
            |outcome, url| outcome.url = Arc::clone(url),
            |outcome, url| outcome.last = failed(url),
            |outcome, url| outcome.details_mut().final_url = Some(Arc::clone(url)),
            |outcome, url| outcome.details_mut().earlier.push(failed(url)),
            |outcome, url| {
                outcome.details_mut().redirects.push(Hop {
                    url: Arc::clone(url),
                    status: 302,
                });
            },
        ];
        for (number, put) in places.iter().enumerate() {
            let mut outcome = Outcome::new(0, Arc::clone(&plain), Verb::Get);
            put(&mut outcome, &plain);
            assert!(masked_outcome(&outcome).is_none(), "place {number}");
            put(&mut outcome, &secret);
            let masked = masked_outcome(&outcome).map(|masked| format!("{masked:?}"));
            let masked = masked.unwrap_or_default();
            let is_masked = masked.contains("token=…&a=1") && !masked.contains("hush");
            assert!(is_masked, "place {number}: {masked}");
        }
    }

    #[test]
    fn the_slowest_url_and_a_warning_lose_their_secrets() {
        let why = |url: &str| Why {
            reasons: vec![WeighedReason {
                reason: Reason::SlowestUrl {
                    url: url.to_owned(),
                    seconds: 1.0,
                    waits: 0.0,
                    of: 1.0,
                },
                share: 1.0,
            }],
            ..Why::default()
        };
        let mut masked_why = why("http://h/?sig=hush");
        mask_why(&mut masked_why);
        assert_eq!(masked_why, why("http://h/?sig=…"));
        let masked = masked(&Event::Warning("http://h/?sig=hush: odd".to_owned()));
        assert!(
            matches!(&masked, Some(Event::Warning(text)) if text == "http://h/?sig=… odd"),
            "{masked:?}"
        );
    }
}
