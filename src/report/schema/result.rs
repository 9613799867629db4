//! The record of a target's outcome.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::attempt::{
    AttemptRecord, ClockAnchor, ExchangeRecord, FailureRecord, TimingRecord, escaped, exchanges,
    http_version, worker,
};
use super::number;
use crate::model::json::{Rfc3339, Seconds};
use crate::model::measurement::ArmRun;
use crate::model::meta::Meta;
use crate::model::notice::ResponseNotice;
use crate::model::outcome::{Attempt, Details, Hop, HttpVersion, Outcome, Saved, Verdict};
use crate::model::target::Verb;
use crate::model::text::{escape, hex, parse_hex};
use crate::model::timing::Timing;

/// Outcome of a target (`result`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct ResultRecord<'a> {
    #[serde(deserialize_with = "number::count")]
    index: u64,
    #[serde(borrow)]
    url: Cow<'a, str>,
    final_url: Option<Cow<'a, str>>,
    action: Verb,
    outcome: Verdict,
    #[schemars(range(min = 100, max = 999))]
    status: Option<u16>,
    #[schemars(with = "Option<HttpVersion>")]
    http_version: Option<Cow<'a, str>>,
    /// The media type of the last answer, with its parameters.
    // Older logs have none.
    content_type: Option<Cow<'a, str>>,
    /// The JSON that the line of the input has as `meta`, as it was written.
    // Not read with the rest, which would change its numbers: see `restore_meta`.
    #[serde(skip_deserializing)]
    #[schemars(with = "serde_json::Value")]
    meta: Option<Cow<'a, Meta>>,
    /// The body in base64, where results have it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "base64_text",
        deserialize_with = "decoded"
    )]
    #[schemars(!default, with = "String", extend("contentEncoding" = "base64"))]
    body: Option<Cow<'a, [u8]>>,
    attempts: u32,
    /// Older logs have none.
    #[serde(default)]
    pushed_back: u32,
    #[serde(deserialize_with = "number::count")]
    bytes: u64,
    #[serde(default, deserialize_with = "number::maybe_count")]
    wire_bytes: Option<u64>,
    remote: Option<SocketAddr>,
    reused: Option<bool>,
    worker: Option<u32>,
    started_at: Option<Rfc3339>,
    elapsed: Option<Seconds>,
    /// The part of `elapsed` between attempts in which it waited for its retry. Of targets only that were tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!default, with = "Seconds")]
    retry_wait: Option<Seconds>,
    /// The time by which it was started later than the rate intended. Of runs with a rate only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!default, with = "Seconds")]
    start_delay: Option<Seconds>,
    timing: TimingRecord,
    #[serde(borrow)]
    redirects: Vec<RedirectRecord<'a>>,
    #[serde(borrow)]
    saved: Option<SavedFileRecord<'a>>,
    #[serde(borrow)]
    exchanges: Vec<ExchangeRecord<'a>>,
    #[serde(borrow)]
    earlier: Vec<AttemptRecord<'a>>,
    #[serde(borrow)]
    error: Option<FailureRecord<'a>>,
    /// Remarks on the final response.
    // Older logs have none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    notices: Cow<'a, [ResponseNotice]>,
    /// The workers of the run, in a comparison or a sweep.
    // A replay has them from the beginning of the run.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    workers: Option<usize>,
}

impl<'a> From<&'a Outcome> for ResultRecord<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let last = &outcome.last;
        let version = last.version.map(HttpVersion::as_str);
        ResultRecord {
            index: outcome.index,
            url: Cow::Borrowed(&outcome.url),
            final_url: outcome.final_url().map(Cow::Borrowed),
            action: outcome.verb,
            outcome: outcome.verdict,
            status: outcome.status(),
            http_version: version.map(Cow::Borrowed),
            content_type: outcome.content_type().map(Cow::Borrowed),
            meta: outcome.meta().map(Cow::Borrowed),
            body: outcome.body().map(Cow::Borrowed),
            attempts: outcome.requests(),
            pushed_back: outcome.pushed_back(),
            bytes: outcome.bytes,
            wire_bytes: outcome.wire_bytes(),
            remote: last.remote,
            reused: last.reused,
            worker: last.worker.map(u32::from),
            started_at: last.started_at.map(Rfc3339),
            elapsed: outcome.elapsed().map(Seconds),
            retry_wait: (!outcome.earlier().is_empty()).then(|| Seconds(outcome.retry_wait())),
            start_delay: outcome.start_delay().map(Seconds),
            timing: TimingRecord::from(&last.timing),
            redirects: outcome.redirects().iter().map(Into::into).collect(),
            saved: outcome.saved().map(Into::into),
            exchanges: last.exchanges().iter().map(Into::into).collect(),
            earlier: outcome.earlier().iter().map(Into::into).collect(),
            error: outcome.error().map(Into::into),
            notices: Cow::Borrowed(outcome.notices()),
            workers: None,
        }
    }
}

impl ResultRecord<'_> {
    /// The same, in a run of a comparison or a sweep.
    pub(super) fn in_run(self, run: Option<ArmRun>) -> Self {
        ResultRecord {
            workers: run.map(|run| run.workers),
            ..self
        }
    }

    /// Checks that all its workers are among the `workers` of the run.
    pub(super) fn check_workers(&self, workers: usize) -> Result<(), &'static str> {
        let earlier = self.earlier.iter().map(|attempt| attempt.worker);
        let mut all = earlier.chain([self.worker]).flatten();
        match all.all(|worker| (worker as usize) < workers) {
            true => Ok(()),
            false => Err("its worker is none of the run's, which are counted from 0"),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Takes over the `meta` of the line that the record was read from, as it was written.
    pub(super) fn restore_meta(&mut self, line: &[u8]) {
        #[derive(Deserialize)]
        struct MetaField<'a> {
            #[serde(borrow)]
            meta: Option<&'a RawValue>,
        }
        const KEY: &[u8] = b"\"meta\":";
        // Most lines have none, and are not parsed again.
        let has_meta = |at: usize| !line[at + KEY.len()..].starts_with(b"null");
        if memchr::memmem::find_iter(line, KEY).any(has_meta) {
            let field = serde_json::from_slice::<MetaField<'_>>(line).ok();
            let meta = field.and_then(|field| Meta::new(field.meta?).ok());
            self.meta = meta.map(Cow::Owned);
        }
    }

    /// The outcome, with its spans by the monotonic clock.
    pub(super) fn into_outcome(self, anchor: ClockAnchor) -> Outcome {
        let mut earlier: Vec<Attempt> = self
            .earlier
            .into_iter()
            .map(|attempt| attempt.into_attempt(anchor))
            .collect();
        let earlier_requests = earlier
            .iter()
            .fold(0_u32, |sum, attempt| sum.saturating_add(attempt.requests));
        let earlier_wire = earlier.iter().filter_map(|attempt| attempt.wire_bytes);
        let earlier_wire = earlier_wire.fold(0, u64::saturating_add);
        let mut last = Attempt {
            started_at: self.started_at.map(|time| time.0),
            span: None,
            worker: worker(self.worker),
            timing: Timing::from(self.timing),
            requests: self.attempts.saturating_sub(earlier_requests),
            wire_bytes: self
                .wire_bytes
                .filter(|_| self.attempts > earlier_requests)
                .map(|all| all.saturating_sub(earlier_wire)),
            remote: self.remote,
            reused: self.reused,
            status: self.status,
            version: self.http_version.as_deref().map(http_version),
            content_type: self.content_type.map(|text| Arc::new(escape(&text))),
            error: self.error.map(|error| Box::new(error.into())),
            exchanges: exchanges(self.exchanges).map(Box::new),
        };
        let elapsed = self.elapsed.map(|time| time.0);
        restore_spans(&mut earlier, &mut last, elapsed, anchor);
        let details = Details {
            final_url: self.final_url.map(|url| escaped(&url)),
            redirects: self.redirects.into_iter().map(Into::into).collect(),
            saved: self.saved.map(Into::into),
            earlier,
            pushed_back: self.pushed_back,
            retry_wait: self.retry_wait.map(|time| time.0),
            start_delay: self.start_delay.map(|time| time.0),
            notices: self.notices.into_owned(),
            meta: self.meta.map(Cow::into_owned),
            body: self.body.map(Cow::into_owned),
            ..Details::default()
        };
        Outcome {
            verdict: self.outcome,
            bytes: self.bytes,
            last,
            details: Some(Box::new(details)),
            ..Outcome::new(self.index, escaped(&self.url), self.action)
        }
    }
}

/// Sets the span of the last attempt so that the outcome takes `elapsed` again. Wall-clock times alone would
/// not do: they are to the microsecond only.
fn restore_spans(
    earlier: &mut [Attempt],
    last: &mut Attempt,
    elapsed: Option<Duration>,
    anchor: ClockAnchor,
) {
    let Some(elapsed) = elapsed else {
        earlier.iter_mut().for_each(|attempt| attempt.span = None);
        return;
    };
    let total = last.timing.total();
    let started = last.started_at.zip(total);
    last.span = started.and_then(|(start, total)| anchor.span(start, total));
    let first = earlier.first().and_then(|attempt| attempt.span);
    let Some(end) = first.and_then(|(start, _)| start.checked_add(elapsed)) else {
        return;
    };
    // Without a total it reached no worker, and is the moment at which the target was given up.
    let start = end.checked_sub(total.unwrap_or_default()).unwrap_or(end);
    last.span = Some((start, end));
}

/// Writes a body as text, piece by piece: it is not held a second time.
fn base64_text<S: Serializer>(
    body: &Option<Cow<'_, [u8]>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let bytes = body.as_deref().unwrap_or_default();
    serializer.collect_str(&Base64Display::new(bytes, &STANDARD))
}

/// Reads a body.
fn decoded<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'static, [u8]>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
    let text = Option::<Text<'_>>::deserialize(deserializer)?;
    let bytes = text.map(|text| STANDARD.decode(text.0.as_bytes()));
    let bytes = bytes.transpose();
    let bytes =
        bytes.map_err(|error| D::Error::custom(format!("\"body\" is no base64: {error}")))?;
    Ok(bytes.map(Cow::Owned))
}

/// A redirect that was followed (an item of `redirects`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct RedirectRecord<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[schemars(range(min = 100, max = 999))]
    status: u16,
}

impl<'a> From<&'a Hop> for RedirectRecord<'a> {
    fn from(hop: &'a Hop) -> Self {
        RedirectRecord {
            url: Cow::Borrowed(&hop.url),
            status: hop.status,
        }
    }
}

impl From<RedirectRecord<'_>> for Hop {
    fn from(record: RedirectRecord<'_>) -> Self {
        Hop {
            url: escaped(&record.url),
            status: record.status,
        }
    }
}

/// The file of a target (`saved`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct SavedFileRecord<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(deserialize_with = "number::count")]
    bytes: u64,
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    sha256: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "number::maybe_count")]
    resumed_from: Option<u64>,
}

impl<'a> From<&'a Saved> for SavedFileRecord<'a> {
    fn from(saved: &'a Saved) -> Self {
        SavedFileRecord {
            // JSON strings are Unicode: other bytes of a path become U+FFFD.
            path: saved.path.to_string_lossy(),
            bytes: saved.bytes,
            sha256: saved.sha256.map(hex).map(Cow::Owned),
            resumed_from: saved.resumed_from,
        }
    }
}

impl From<SavedFileRecord<'_>> for Saved {
    fn from(record: SavedFileRecord<'_>) -> Self {
        Saved {
            path: PathBuf::from(record.path.into_owned()),
            bytes: record.bytes,
            sha256: record.sha256.as_deref().and_then(parse_hex),
            resumed_from: record.resumed_from,
        }
    }
}
