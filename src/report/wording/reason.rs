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
mod tests {
    use super::*;
    use crate::model::pacing::BindingLimits;
    use crate::model::reason::WeighedReason;

    #[test]
    fn each_reason_is_one_line_with_its_figures() {
        let origin = || "https://h:8443".to_owned();
        let at_once = |requests, most| Reason::AtOnce {
            origin: origin(),
            requests,
            most,
            serial: 0.02,
            parallel: 0.16,
        };
        let line = |serial, parallel| Reason::FullLine { serial, parallel };
        let machine = |processors, busy| Reason::Machine {
            used: 0.96,
            processors,
            busy,
            running: None,
        };
        let connections = |is_estimated| Reason::Connections {
            kept: 0.0003,
            new: 0.041,
            is_estimated,
            serial: 0.9,
            parallel: 0.9,
        };
        let asked = |limits| Reason::AskedLimit {
            limits,
            workers: 8,
            at_once: 1.97,
        };
        let push_back = |at_once, per_second| Reason::PushBack {
            origin: origin(),
            too_many: 1017,
            unavailable: 0,
            refused: 2,
            at_once,
            per_second,
        };
        for (given, expected) in [
            (
                Reason::SlowestUrl {
                    url: "http://h/slow".to_owned(),
                    seconds: 1.2,
                    waits: 0.0,
                    of: 1.21,
                },
                "bounded by its slowest URL: http://h/slow (1.20 s of 1.21 s)",
            ),
            (
                Reason::SlowestUrl {
                    url: "http://h/slow".to_owned(),
                    seconds: 1.2,
                    waits: 0.9,
                    of: 1.21,
                },
                "bounded by its slowest URL: http://h/slow (1.20 s of 1.21 s, 900.0 ms of it waiting for retries)",
            ),
            (
                at_once(0.93, 0.98),
                "h:8443 answers about 1 request at a time (1.0 at most)",
            ),
            (
                at_once(3.8, 4.42),
                "h:8443 answers about 4 requests at a time (4.4 at most)",
            ),
            (
                line(94.04e6, 94e6),
                "the line is full: 94.0 MB/s, with one body at a time too",
            ),
            (
                line(1.8e6, 2e6),
                "the line is full: 2.0 MB/s in parallel, 1.8 MB/s with one body at a time",
            ),
            (
                line(31e6, 94e6),
                "the line is full at 94.0 MB/s: one body alone comes with 31.0 MB/s",
            ),
            (
                machine(1, Some(0.6)),
                "this machine is the limit: pfetch uses 1.0 of 1 processor",
            ),
            (
                machine(2, Some(0.994)),
                "this machine is the limit: pfetch uses 1.0 of 2 processors, which are 99 % busy",
            ),
            (
                machine(2, None),
                "this machine is the limit: pfetch uses 1.0 of 2 processors",
            ),
            (
                connections(false),
                "connections are most of it: requests over kept ones take 300 µs, over new ones 41.0 ms",
            ),
            (
                connections(true),
                "connections are most of it: requests take 41.0 ms, and about 300 µs without connecting",
            ),
            (
                push_back(Some(4), None),
                "h:8443 refuses parallel requests (1,017 × 429, 2 refused): slowed down to 4 at once",
            ),
            (
                push_back(Some(1), Some(0.4)),
                "h:8443 refuses parallel requests (1,017 × 429, 2 refused): slowed down to one every 2.5 s",
            ),
            (
                push_back(None, None),
                "h:8443 refuses parallel requests (1,017 × 429, 2 refused)",
            ),
            (
                asked(BindingLimits {
                    per_host: true,
                    ..BindingLimits::default()
                }),
                "--per-host holds 8 workers to about 2 at once",
            ),
            (
                asked(BindingLimits {
                    per_host: true,
                    rate: true,
                    ..BindingLimits::default()
                }),
                "--rate and --per-host hold 8 workers to about 2 at once",
            ),
            (
                Reason::RateLimit {
                    origin: origin(),
                    per_second: 10.2,
                    too_many: 43,
                    unavailable: 0,
                },
                "h:8443 takes about 10 requests a second, however many at once, estimated (43 × 429): --rate 8/s stays \
                 below",
            ),
        ] {
            assert_eq!(reason(&given), expected, "{given:?}");
        }
    }

    #[test]
    fn the_reasons_at_a_knee_name_the_workers_that_were_too_many() {
        let reason = |reason| WeighedReason { reason, share: 0.5 };
        let knee = KneeWhy {
            workers: 8,
            why: Why {
                reasons: vec![
                    reason(Reason::FullLine {
                        serial: 94e6,
                        parallel: 94e6,
                    }),
                    reason(Reason::AtOnce {
                        origin: "http://h".to_owned(),
                        requests: 4.0,
                        most: 4.2,
                        serial: 0.02,
                        parallel: 0.04,
                    }),
                ],
                ..Why::default()
            },
        };
        let told: Vec<String> = knee_reasons(Some(&knee)).collect();
        let expected = [
            "with 8 workers: the line is full: 94.0 MB/s, with one body at a time too",
            "with 8 workers: h answers about 4 requests at a time (4.2 at most)",
        ];
        assert_eq!(told, expected);
        assert_eq!(knee_reasons(None).count(), 0);
    }
}
