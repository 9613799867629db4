//! The lines of a run as they are read: the counterpart of what JSON Lines reports write.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use crate::model::measurement::ArmRun;
use crate::model::outcome::{
    Attempt, Details, Failure, FailureKind, Hop, HttpVersion, Outcome, Saved, Verdict,
};
use crate::model::summary::Summary;
use crate::model::target::Verb;
use crate::model::text::escape;
use crate::model::timing::{Phase, Timing};

use super::attempt::{Earlier, Exchanged, exchanges};
use super::compared::{Compared, Gate, Swept};
use super::number::{self, CENTURY};

/// Any line.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    Run(Run),
    Result(Box<Result>),
    Warning {
        message: String,
    },
    Arm(ArmRun),
    ArmSummary(Totals),
    Comparison(Box<Compared>),
    Summary(Totals),
    Sweep(Box<Swept>),
    Gate(Box<Gate>),
    /// Told of, and not again: what it was set against need not be there any more.
    Against {},
}

/// Just what has to be known before anything else is believed.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) schema: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) version: String,
    #[serde(deserialize_with = "number::workers")]
    pub(super) workers: usize,
    pub(super) started_at: Moment,
    pub(super) startup: Seconds,
}

/// Of a summary, what cannot be had by adding up the results.
#[derive(Debug, Deserialize)]
pub(super) struct Totals {
    #[serde(deserialize_with = "number::count")]
    pub(super) targets: u64,
    #[serde(deserialize_with = "number::count")]
    done_before: u64,
    #[serde(deserialize_with = "number::count")]
    wire_bytes: u64,
    #[serde(deserialize_with = "number::workers_if_any")]
    workers: usize,
    paced: bool,
    pub(super) stopped: bool,
    parallel: Option<Seconds>,
}

impl Totals {
    /// Puts it into a summary of the results.
    pub(super) fn complete(&self, summary: &mut Summary) {
        summary.done_before = self.done_before;
        summary.wire_bytes = self.wire_bytes;
        summary.workers = self.workers;
        summary.paced = self.paced;
        summary.stopped = self.stopped;
        summary.makespan = self.parallel.map(|time| time.0);
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Result {
    #[serde(deserialize_with = "number::count")]
    index: u64,
    url: String,
    final_url: Option<String>,
    action: Verb,
    outcome: Verdict,
    status: Option<u16>,
    http_version: Option<String>,
    attempts: u32,
    #[serde(deserialize_with = "number::count")]
    bytes: u64,
    #[serde(default, deserialize_with = "number::maybe_count")]
    wire_bytes: Option<u64>,
    remote: Option<SocketAddr>,
    reused: Option<bool>,
    worker: Option<u32>,
    started_at: Option<Moment>,
    elapsed: Option<Seconds>,
    timing: Times,
    redirects: Vec<Redirect>,
    saved: Option<Save>,
    exchanges: Vec<Exchanged>,
    earlier: Vec<Earlier>,
    error: Option<Error>,
}

/// What wall clock and monotonic clock showed at one moment: monotonic times are not written, and have
/// to be made up so that the distances between them are right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    wall: SystemTime,
    instant: Instant,
}

impl Anchor {
    pub(super) fn new(wall: SystemTime) -> Self {
        let instant = Instant::now();
        Anchor { wall, instant }
    }

    fn instant(self, moment: SystemTime) -> Option<Instant> {
        match moment.duration_since(self.wall) {
            Ok(after) => self.instant.checked_add(after),
            Err(error) => self.instant.checked_sub(error.duration()),
        }
    }

    pub(super) fn span(self, start: SystemTime, length: Duration) -> Option<(Instant, Instant)> {
        let start = self.instant(start)?;
        Some((start, start.checked_add(length)?))
    }
}

impl Result {
    /// What is wrong with a result of a run that has so many workers.
    pub(super) fn check(&self, workers: usize) -> std::result::Result<(), &'static str> {
        let earlier = self.earlier.iter().map(|attempt| attempt.worker);
        let mut all = earlier.chain([self.worker]).flatten();
        match all.all(|worker| (worker as usize) < workers) {
            true => Ok(()),
            false => Err("its worker is none of the run's, which are counted from 0"),
        }
    }

    /// The outcome, with an index that makes it one of several runs'.
    pub(super) fn into_outcome(self, before: u64, anchor: Anchor) -> Outcome {
        let mut earlier: VecDeque<Attempt> = self
            .earlier
            .into_iter()
            .map(|attempt| attempt.into_attempt(anchor))
            .collect();
        let total = self.timing.total.map(|time| time.0);
        let started_at = self.started_at.map(|moment| moment.0);
        let mut span = started_at
            .zip(total)
            .and_then(|(start, total)| anchor.span(start, total));
        if self.elapsed.is_none() {
            earlier.iter_mut().for_each(|attempt| attempt.span = None);
            span = None;
        }
        // Wall clock times are to the microsecond, which is not enough to get the whole from.
        let first = earlier.front_mut().and_then(|attempt| attempt.span);
        if let (Some((first, _)), Some(elapsed)) = (first, self.elapsed)
            && let Some(end) = first.checked_add(elapsed.0)
        {
            let start = end.checked_sub(total.unwrap_or_default()).unwrap_or(end);
            match (span.is_some(), earlier.back_mut()) {
                (false, Some(last)) => {
                    last.span = last.span.map(|(start, _)| (start.min(end), end));
                }
                _ => span = Some((start, end)),
            }
        }
        let before_last: u32 = earlier
            .iter()
            .fold(0, |sum, attempt| sum.saturating_add(attempt.requests));
        let mut outcome = Outcome {
            verdict: self.outcome,
            bytes: self.bytes,
            last: Attempt {
                started_at,
                span,
                worker: self.worker,
                timing: self.timing.timing(),
                requests: self.attempts.saturating_sub(before_last),
                wire_bytes: self.wire_bytes,
                remote: self.remote,
                reused: self.reused,
                status: self.status,
                version: self.http_version.as_deref().map(version),
                error: self.error.map(|error| Box::new(error.into_failure())),
                exchanges: exchanges(self.exchanges),
            },
            ..Outcome::new(
                before.saturating_add(self.index),
                safe(&self.url),
                self.action,
            )
        };
        let details = Details {
            final_url: self.final_url.map(|url| safe(&url)),
            redirects: self.redirects.into_iter().map(Redirect::into_hop).collect(),
            saved: self.saved.map(Save::into_saved),
            earlier: earlier.into(),
            ..Details::default()
        };
        outcome.details = Some(Box::new(details));
        outcome
    }
}

/// The text as an outcome may have it: what wrote the file need not have been pfetch.
pub(super) fn safe(text: &str) -> Arc<str> {
    Arc::from(escape(text))
}

/// The versions there are; a report has no other.
pub(super) fn version(text: &str) -> HttpVersion {
    match text {
        "HTTP/1.0" => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Times {
    blocked: Option<Seconds>,
    dns: Option<Seconds>,
    connect: Option<Seconds>,
    ssl: Option<Seconds>,
    send: Option<Seconds>,
    wait: Option<Seconds>,
    receive: Option<Seconds>,
    total: Option<Seconds>,
    ttfb: Option<Seconds>,
}

impl Times {
    pub(super) fn timing(&self) -> Timing {
        let mut timing = Timing::default();
        for (phase, seconds) in [
            (Phase::Blocked, self.blocked),
            (Phase::Dns, self.dns),
            (Phase::Connect, self.connect),
            (Phase::Ssl, self.ssl),
            (Phase::Send, self.send),
            (Phase::Wait, self.wait),
            (Phase::Receive, self.receive),
        ] {
            timing.set(phase, seconds.map(|seconds| seconds.0));
        }
        timing.set_total(self.total.map(|seconds| seconds.0));
        timing.set_ttfb(self.ttfb.map(|seconds| seconds.0));
        timing
    }
}

#[derive(Debug, Deserialize)]
struct Redirect {
    url: String,
    status: u16,
}

impl Redirect {
    fn into_hop(self) -> Hop {
        Hop {
            url: safe(&self.url),
            status: self.status,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Save {
    path: PathBuf,
    #[serde(deserialize_with = "number::count")]
    bytes: u64,
    sha256: Option<String>,
    #[serde(default, deserialize_with = "number::maybe_count")]
    resumed_from: Option<u64>,
}

impl Save {
    fn into_saved(self) -> Saved {
        Saved {
            path: self.path,
            bytes: self.bytes,
            sha256: self.sha256.as_deref().and_then(digest),
            resumed_from: self.resumed_from,
        }
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[derive(Debug, Deserialize)]
pub(super) struct Error {
    kind: FailureKind,
    phase: Option<Phase>,
    message: String,
}

impl Error {
    pub(super) fn into_failure(self) -> Failure {
        Failure {
            kind: self.kind,
            phase: self.phase,
            message: escape(&self.message),
            is_transient: false,
        }
    }
}

/// A number of seconds as a duration.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Seconds(pub(super) Duration);

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> std::result::Result<Self, Self::Error> {
        let wrong = "a time is a number of seconds, from 0 to a hundred years";
        if !(0.0..=CENTURY).contains(&seconds) {
            return Err(wrong);
        }
        Duration::try_from_secs_f64(seconds)
            .map(Seconds)
            .map_err(|_| wrong)
    }
}

/// A moment by the wall clock, in RFC 3339.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Moment(pub(super) SystemTime);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        match humantime::parse_rfc3339(&text) {
            Ok(moment) => Ok(Moment(moment)),
            Err(error) => Err(format!("no RFC 3339 time: {error}")),
        }
    }
}
