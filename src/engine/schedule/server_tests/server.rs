//! A model server.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What a model server takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// So many at once.
    AtOnce(usize),
    /// So many a second, of which it saves up so many.
    PerSecond(f64, f64),
    /// Nothing: all is pushed back.
    Nothing,
    /// Nothing: connections are refused.
    Refuses,
    /// Nothing: time limits pass.
    Silent,
}

#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) takes: Takes,
    /// From this moment after the beginning it takes something else.
    pub(super) then: Option<(Duration, Takes)>,
    pub(super) latency: Duration,
    /// The time of a push-back.
    pub(super) refusal: Duration,
    pub(super) cause: Cause,
    pub(super) retry_after: Option<Duration>,
    /// Items that are broken pages: they are answered like push-backs, always.
    pub(super) broken: BTreeSet<u64>,
    /// Those of them that are answered in another way: another status, or by a closed connection.
    pub(super) otherwise: BTreeMap<u64, Cause>,
    /// The wait that these ask for.
    pub(super) broken_wait: Option<Duration>,
    /// The wait that the first answer to each item asks for.
    pub(super) first_wait: Option<Duration>,
    /// Items that are never answered: time limits pass after a second.
    pub(super) hanging: BTreeSet<u64>,
    seen: BTreeSet<u64>,
    pub(super) tokens: f64,
    pub(super) filled: Option<Instant>,
    pub(super) busy: usize,
}

impl Server {
    pub(super) fn new(takes: Takes, latency: Duration) -> Self {
        Server {
            takes,
            then: None,
            latency,
            refusal: ms(1),
            cause: Cause::Unavailable,
            retry_after: None,
            broken: BTreeSet::new(),
            otherwise: BTreeMap::new(),
            broken_wait: None,
            first_wait: None,
            hanging: BTreeSet::new(),
            seen: BTreeSet::new(),
            tokens: match takes {
                Takes::PerSecond(_, saved) => saved,
                _ => 0.0,
            },
            filled: None,
            busy: 0,
        }
    }

    /// The way in which a request ends, and when. Takes up room if it is taken.
    pub(super) fn request(
        &mut self,
        sequence: u64,
        began: Instant,
        now: Instant,
    ) -> (Instant, EndKind) {
        if let Some((after, takes)) = self.then
            && now - began >= after
        {
            (self.takes, self.then) = (takes, None);
        }
        let pushed_back = (
            now + self.refusal,
            EndKind::PushedBack {
                cause: self.cause,
                retry_after: self.retry_after,
            },
        );
        if self.hanging.contains(&sequence) {
            let is_refused = false;
            return (now + ms(1000), EndKind::Silent { is_refused });
        }
        let own_wait = match self.first_wait {
            Some(wait) if self.seen.insert(sequence) => Some(Some(wait)),
            _ => self.broken.contains(&sequence).then_some(self.broken_wait),
        };
        if let Some(retry_after) = own_wait {
            let cause = self.otherwise.get(&sequence).copied().unwrap_or(self.cause);
            let end = match cause {
                Cause::Broken => EndKind::Silent { is_refused: true },
                _ => EndKind::PushedBack { cause, retry_after },
            };
            return (now + self.refusal, end);
        }
        let is_taken = match self.takes {
            Takes::AtOnce(most) => self.busy < most,
            Takes::PerSecond(rate, saved) => {
                let since = self
                    .filled
                    .replace(now)
                    .map_or(Duration::ZERO, |then| now - then);
                self.tokens = (self.tokens + since.as_secs_f64() * rate).min(saved);
                let is_taken = self.tokens >= 1.0;
                self.tokens -= f64::from(u8::from(is_taken));
                is_taken
            }
            Takes::Nothing => false,
            Takes::Refuses => {
                let is_refused = true;
                return (now + self.refusal, EndKind::Silent { is_refused });
            }
            Takes::Silent => {
                let is_refused = false;
                return (now + self.latency, EndKind::Silent { is_refused });
            }
        };
        if !is_taken {
            return pushed_back;
        }
        self.busy += 1;
        (now + self.latency, EndKind::Answered)
    }
}
