//! The origins (scheme, host and port) that a run slowed down for or gave up, as plain data for the reports.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// The reason for which an origin was given up: what was left of its targets failed at once.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum GivenUp {
    /// One request after the other failed without an answer.
    NoAnswer,
    /// One request after the other was answered by 429 or 503 with another `Retry-After`.
    RetryAfter,
    /// The waits that its `Retry-After` asked for came to more than is waited in all.
    Holds,
    /// One request after the other was answered by 429, at ever longer distances.
    TooMany,
}

impl GivenUp {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GivenUp::NoAnswer => "one request after the other found no answer (--give-up)",
            GivenUp::RetryAfter => "it asked for one wait after the other (Retry-After)",
            GivenUp::Holds => {
                "it asked for waits of more than ten times --retry-after-max in all (Retry-After)"
            }
            GivenUp::TooMany => "it answered 429 however slowly it was asked",
        })
    }
}

/// An origin that pushed back or was given up, and what the run slowed down to for it.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginLimit {
    /// The origin, as `scheme://host:port`.
    pub origin: Arc<str>,
    /// The number of requests at once that the run slowed down to; `None` if it never pushed back.
    pub at_once: Option<u64>,
    /// The number of requests a second that the run slowed down to, if that is less than one at once gives it.
    pub per_second: Option<f64>,
    /// Requests that it pushed back.
    pub push_backs: u64,
    /// The reason for which it was given up, if it was.
    pub given_up: Option<GivenUp>,
}

impl fmt::Display for OriginLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.origin.split_once("//");
        let host = host.map_or(&*self.origin, |(_, host)| host);
        // What pfetch did is sure. What the server takes is not: it may have asked for waits, or failed by chance.
        let slowed = "slowed down to";
        match (self.given_up, self.per_second, self.at_once) {
            (Some(why), _, _) => write!(f, "{host} was given up: {why}")?,
            (None, Some(rate), _) if rate >= 1.0 => {
                write!(f, "{host}: {slowed} {rate:.0} a second")?
            }
            (None, Some(rate), _) => {
                write!(f, "{host}: {slowed} one every {:.1} s", rate.recip())?;
            }
            (None, None, at_once) => {
                write!(f, "{host}: {slowed} {} at once", at_once.unwrap_or(1))?;
            }
        }
        match self.push_backs {
            0 => Ok(()),
            1 => f.write_str(" (1 request pushed back)"),
            many => write!(f, " ({many} requests pushed back)"),
        }
    }
}

/// The origins of a run that pushed back or were given up, those with the most push-backs first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OriginLimits {
    /// The first of them, [`MAX_LISTED`](OriginLimits::MAX_LISTED) at most.
    pub listed: Vec<OriginLimit>,
    /// The number of further ones.
    pub more: u64,
}

impl OriginLimits {
    /// The maximum number of origins that are listed: the number of hosts must not cost memory.
    pub const MAX_LISTED: usize = 100;

    /// Lists these, and counts those beyond the maximum in addition to `more`.
    pub fn new(mut listed: Vec<OriginLimit>, more: u64) -> Self {
        listed.sort_by(|a, b| {
            let key = |one: &OriginLimit| Reverse((one.given_up.is_some(), one.push_backs));
            key(a).cmp(&key(b)).then_with(|| a.origin.cmp(&b.origin))
        });
        let beyond = listed.len().saturating_sub(Self::MAX_LISTED) as u64;
        listed.truncate(Self::MAX_LISTED);
        OriginLimits {
            listed,
            more: more + beyond,
        }
    }

    /// True if one of them was given up. Those stand first, so that the maximum leaves none out.
    pub fn has_given_up(&self) -> bool {
        self.listed.iter().any(|limit| limit.given_up.is_some())
    }

    /// True if one of them pushed requests back because it had too much to do.
    pub fn has_pushed_back(&self) -> bool {
        self.more > 0 || self.listed.iter().any(|limit| limit.push_backs > 0)
    }

    /// Adds those of another run. What the later run found counts.
    pub fn merge(&mut self, other: &OriginLimits) {
        let mut listed = std::mem::take(&mut self.listed);
        for one in &other.listed {
            match listed.iter_mut().find(|known| known.origin == one.origin) {
                Some(known) => {
                    let push_backs = known.push_backs.saturating_add(one.push_backs);
                    *known = OriginLimit {
                        push_backs,
                        ..one.clone()
                    };
                }
                None => listed.push(one.clone()),
            }
        }
        *self = OriginLimits::new(listed, self.more.saturating_add(other.more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(origin: &str, push_backs: u64) -> OriginLimit {
        OriginLimit {
            origin: Arc::from(origin),
            at_once: Some(4),
            per_second: None,
            push_backs,
            given_up: None,
        }
    }

    #[test]
    fn the_origins_with_the_most_push_backs_are_listed_and_the_others_counted() {
        let all = (0..150).map(|n| limit(&format!("http://h{n}"), n));
        let limits = OriginLimits::new(all.collect(), 7);
        assert_eq!(limits.listed.len(), OriginLimits::MAX_LISTED);
        assert_eq!(limits.more, 57);
        assert_eq!(limits.listed[0].push_backs, 149);
    }

    #[test]
    fn a_limit_is_worded_in_a_line() {
        let plain = limit("http://h:8080", 57);
        let rate = |per_second| OriginLimit {
            per_second: Some(per_second),
            push_backs: 1,
            ..plain.clone()
        };
        let given_up = OriginLimit {
            given_up: Some(GivenUp::TooMany),
            push_backs: 0,
            ..plain.clone()
        };
        for (limit, expected) in [
            (
                &plain,
                "h:8080: slowed down to 4 at once (57 requests pushed back)",
            ),
            (
                &rate(19.7),
                "h:8080: slowed down to 20 a second (1 request pushed back)",
            ),
            (
                &rate(0.4),
                "h:8080: slowed down to one every 2.5 s (1 request pushed back)",
            ),
            (
                &given_up,
                "h:8080 was given up: it answered 429 however slowly it was asked",
            ),
        ] {
            assert_eq!(limit.to_string(), expected);
        }
    }

    #[test]
    fn merging_adds_the_push_backs_and_keeps_what_the_later_run_found() {
        let mut first = OriginLimits::new(vec![limit("http://a", 3)], 0);
        let later = OriginLimit {
            at_once: Some(2),
            ..limit("http://a", 4)
        };
        first.merge(&OriginLimits::new(vec![later, limit("http://b", 1)], 2));
        let found: Vec<_> = first
            .listed
            .iter()
            .map(|one| (&*one.origin, one.at_once, one.push_backs))
            .collect();
        let expected = [("http://a", Some(2), 7), ("http://b", Some(4), 1)];
        assert_eq!((found.as_slice(), first.more), (&expected[..], 2));
    }
}
