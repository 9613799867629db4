//! The reasons for a speed-up in words: a line each.

use super::notation::waits_of;
use crate::model::origin::{PushBackCounts, rate_about, rate_below};
use crate::model::reason::{KneeWhy, Reason, Why};
use crate::model::url_host::host_and_port;
use crate::report::format::{bytes, counted, format_secs, grouped};

/// Rates in this range of each other are those of the same line.
const SAME_RATE: std::ops::Range<f64> = 0.8..1.25;

/// The reasons of a comparison, the strongest first.
pub(in crate::report) fn reasons(why: &Why) -> impl Iterator<Item = String> + '_ {
    let reasons = why.reasons.iter();
    reasons.map(|weighed| reason(&weighed.reason))
}

/// The reasons why more workers than the knee gain no more: `with 8 workers: …`.
pub(in crate::report) fn knee_reasons(knee: Option<&KneeWhy>) -> impl Iterator<Item = String> + '_ {
    knee.into_iter().flat_map(|KneeWhy { workers, why }| {
        let with = format!("with {}", counted(*workers as u64, "worker"));
        why.reasons
            .iter()
            .map(move |weighed| format!("{with}: {}", reason(&weighed.reason)))
    })
}

/// A reason in one line.
fn reason(reason: &Reason) -> String {
    match reason {
        Reason::SlowestUrl {
            url,
            seconds,
            waits,
            of,
        } => {
            let waits = waits_of(*seconds, *waits);
            let waits = waits.map_or(String::new(), |waits| format!(", {waits}"));
            format!(
                "bounded by its slowest URL: {url} ({} of {}{waits})",
                format_secs(*seconds),
                format_secs(*of)
            )
        }
        Reason::AtOnce {
            origin,
            requests,
            most,
            ..
        } => {
            // No server works on less than one.
            let about = requests.round().max(1.0);
            let noun = if about == 1.0 { "request" } else { "requests" };
            format!(
                "{} answers about {about:.0} {noun} at a time ({:.1} at most)",
                host_and_port(origin),
                most.max(1.0)
            )
        }
        Reason::FullLine { serial, parallel } => {
            let [one, all] = [serial, parallel].map(|rate| format!("{}/s", bytes(*rate as u64)));
            match SAME_RATE.contains(&(parallel / serial)) {
                true if one == all => {
                    format!("the line is full: {all}, with one body at a time too")
                }
                // Nearly alike, yet parallel may be a little faster: the figures are to bear that out.
                true => {
                    format!("the line is full: {all} in parallel, {one} with one body at a time")
                }
                false => format!("the line is full at {all}: one body alone comes with {one}"),
            }
        }
        Reason::Machine {
            used,
            processors,
            busy,
            ..
        } => {
            let busy = busy.map(|busy| format!(", which are {:.0} % busy", busy * 100.0));
            let plural = if *processors == 1 { "" } else { "s" };
            format!(
                "this machine is the limit: pfetch uses {used:.1} of {processors} processor{plural}{}",
                busy.filter(|_| *processors > 1).unwrap_or_default()
            )
        }
        Reason::Connections {
            kept,
            new,
            is_estimated,
            ..
        } => {
            let [kept, new] = [*kept, *new].map(format_secs);
            match is_estimated {
                true => format!(
                    "connections are most of it: requests take {new}, and about {kept} without connecting"
                ),
                false => format!(
                    "connections are most of it: requests over kept ones take {kept}, over new ones {new}"
                ),
            }
        }
        Reason::PushBack {
            origin,
            too_many,
            unavailable,
            refused,
            at_once,
            per_second,
        } => {
            let counts = [
                (too_many, "× 429"),
                (unavailable, "× 503"),
                (refused, "refused"),
            ];
            let counts: Vec<String> = counts
                .into_iter()
                .filter(|(count, _)| **count > 0)
                .map(|(count, name)| format!("{} {name}", grouped(*count)))
                .collect();
            let slowed = match (per_second, at_once) {
                (Some(rate), _) if *rate >= 1.0 => format!(": slowed down to {rate:.0} a second"),
                (Some(rate), _) => format!(": slowed down to one every {:.1} s", rate.recip()),
                (None, Some(at_once)) => format!(": slowed down to {at_once} at once"),
                (None, None) => String::new(),
            };
            format!(
                "{} refuses parallel requests ({}){slowed}",
                host_and_port(origin),
                counts.join(", ")
            )
        }
        Reason::AskedLimit {
            limits,
            workers,
            at_once,
        } => {
            let options = limits.options();
            let holds = if options.len() == 1 { "holds" } else { "hold" };
            let workers = counted(*workers as u64, "worker");
            let decimals = usize::from(*at_once < 1.5);
            let options = options.join(" and ");
            format!("{options} {holds} {workers} to about {at_once:.decimals$} at once")
        }
        Reason::RateLimit {
            origin,
            per_second,
            too_many,
            unavailable,
        } => format!(
            "{} takes about {} requests a second, however many at once, estimated ({}): {} stays below",
            host_and_port(origin),
            rate_about(*per_second),
            PushBackCounts {
                too_many: *too_many,
                unavailable: *unavailable,
                refused: 0,
            },
            rate_below(*per_second)
        ),
    }
}

#[cfg(test)]
mod tests;
