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

/// Requests that an origin pushed back, by the way in which it did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushBackCounts {
    /// Answered by 429 (Too Many Requests).
    pub too_many: u64,
    /// Answered by 503 (Service Unavailable).
    pub unavailable: u64,
    /// Connections that were refused, reset, or closed without a byte.
    pub refused: u64,
}

impl PushBackCounts {
    /// All of them.
    pub fn all(self) -> u64 {
        let two = self.too_many.saturating_add(self.unavailable);
        two.saturating_add(self.refused)
    }

    /// Adds those of another run.
    fn add(&mut self, other: PushBackCounts) {
        self.too_many = self.too_many.saturating_add(other.too_many);
        self.unavailable = self.unavailable.saturating_add(other.unavailable);
        self.refused = self.refused.saturating_add(other.refused);
    }
}

impl fmt::Display for PushBackCounts {
    /// Those that there are: `17 × 429, 2 × 503, 1 refused or closed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.too_many, "× 429"),
            (self.unavailable, "× 503"),
            (self.refused, "refused or closed"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        for (place, (count, way)) in counts.enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {way}")?;
        }
        Ok(())
    }
}

/// Reason why it is not told what a server that pushed back takes, beyond what the run slowed down to for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UntoldLimit {
    /// It limits requests by rate, since lone ones were pushed back too; but too few were taken to tell the rate.
    RateOfFew,
    /// It limits them by rate, alike; but the run mostly waited, which says little of how many it takes.
    RateBetweenWaits,
    /// Too few requests were pushed back or taken to tell whether it limits their rate or their number at once.
    Kind,
}

impl UntoldLimit {
    /// True if the server limits requests by rate.
    pub fn is_rate(self) -> bool {
        self != UntoldLimit::Kind
    }
}

impl fmt::Display for UntoldLimit {
    /// What is known, and the option for it. No figure is named: none is known that the server takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UntoldLimit::RateOfFew => {
                "its limit is a rate, and too few answers tell which (--rate asks less often)"
            }
            UntoldLimit::RateBetweenWaits => {
                "its limit is a rate, which the waits between answers hide (--rate asks less often)"
            }
            UntoldLimit::Kind => {
                "too few answers to tell whether its limit is a rate (--rate) or a number at once (--per-host)"
            }
        })
    }
}

/// The option for a server that takes about so many requests a second: a rate below it by as much as the estimate may be
/// off, in a unit in which it is no fraction: `--rate 8/s`.
pub fn rate_below(per_second: f64) -> String {
    let below = per_second * 0.8;
    let (count, unit) = match below {
        5.0.. => (below, "s"),
        _ if below * 60.0 >= 5.0 => (below * 60.0, "m"),
        _ => (below * 3600.0, "h"),
    };
    format!("--rate {:.0}/{unit}", count.floor().max(1.0))
}

/// A number of requests a second as it is told: `10`, `0.4`.
pub fn rate_about(per_second: f64) -> String {
    match per_second {
        9.95.. => format!("{per_second:.0}"),
        0.095.. => format!("{per_second:.1}"),
        _ => format!("{per_second:.3}"),
    }
}

/// An origin that pushed back or was given up, and what the run slowed down to for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OriginLimit {
    /// The origin, as `scheme://host:port`.
    pub origin: Arc<str>,
    /// The number of requests at once that the run slowed down to; `None` if it never pushed back.
    pub at_once: Option<u64>,
    /// The number of requests a second that the run slowed down to, if that is less than one at once gives it.
    pub per_second: Option<f64>,
    /// Requests that it pushed back.
    pub push_backs: u64,
    /// The same by the way in which they were; all zero where that is not known, as of older reports.
    pub by_cause: PushBackCounts,
    /// An estimate of the number of requests a second that its server takes, where it limits that and not the number at
    /// once: requests that were alone were pushed back too.
    pub rate_limit: Option<f64>,
    /// The reason why there is no more to tell of what it takes, where the run slowed down as far as it can or its rate
    /// is not known.
    pub untold: Option<UntoldLimit>,
    /// The reason for which it was given up, if it was.
    pub given_up: Option<GivenUp>,
}

impl fmt::Display for OriginLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

impl OriginLimit {
    /// Writes it, and before the advice in which of several runs it was found.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, place: &str) -> fmt::Result {
        let host = self.origin.split_once("//");
        let host = host.map_or(&*self.origin, |(_, host)| host);
        // What pfetch did is sure. What the server takes is not: it may have asked for waits, or failed by chance.
        let slowed = "slowed down to";
        match (self.given_up, self.rate_limit, self.per_second) {
            (Some(why), _, _) => write!(f, "{host} was given up: {why}")?,
            (None, Some(rate), _) => {
                let about = rate_about(rate);
                write!(f, "{host} takes about {about} requests a second, estimated")?;
            }
            (None, None, Some(rate)) if rate >= 1.0 => {
                write!(f, "{host}: {slowed} {rate:.0} a second")?
            }
            (None, None, Some(rate)) => {
                write!(f, "{host}: {slowed} one every {:.1} s", rate.recip())?;
            }
            (None, None, None) => {
                write!(f, "{host}: {slowed} {} at once", self.at_once.unwrap_or(1))?;
            }
        }
        match (self.push_backs, self.by_cause.all()) {
            (0, _) => {}
            (all, known) if all == known => write!(f, " ({})", self.by_cause)?,
            (1, _) => f.write_str(" (1 request pushed back)")?,
            (many, _) => write!(f, " ({many} requests pushed back)")?,
        }
        f.write_str(place)?;
        match (self.given_up, self.rate_limit) {
            (None, Some(rate)) => write!(f, ": {} stays below", rate_below(rate)),
            (None, None) => self.untold.map_or(Ok(()), |untold| write!(f, ": {untold}")),
            (Some(_), _) => Ok(()),
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
                    let mut by_cause = known.by_cause;
                    by_cause.add(one.by_cause);
                    *known = OriginLimit {
                        push_backs,
                        by_cause,
                        rate_limit: one.rate_limit.or(known.rate_limit),
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
mod tests;
