//! The state of one fetch: what its requests have come to so far, and the outcome made of it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{Method, StatusCode};
use ring::digest::Context;

use super::given_headers;
use super::plain_targets::HeaderStanding;
use super::redirect::RedirectTrail;
use super::request_state::{RequestFigures, RequestLimits};
use super::shared::ClientShared;
use super::sink::Sink;
use crate::model::notice::ResponseNotice;
use crate::model::outcome::{
    Attempt, BodyProgress, Details, Exchange, Failure, FailureKind, Hop, HttpVersion, Outcome,
    Verdict,
};
use crate::model::target::{Location, Target, Verb};
use crate::model::timing::Timing;

/// One target on its way through redirects, retries and restarts.
pub(super) struct FetchState<'a> {
    pub(super) target: &'a Target,
    verb: Verb,
    pub(super) method: Method,
    pub(super) started_at: SystemTime,
    pub(super) started: Instant,
    pub(super) limits: RequestLimits,
    /// The URL of the current request.
    pub(super) location: Cow<'a, Location>,
    pub(super) sink: Sink,
    /// The user's headers make the request conditional, or ask for a range. pfetch adds none then.
    pub(super) has_conditions: bool,
    /// The user's headers ask for a range.
    pub(super) has_user_range: bool,
    /// The standing of the headers that pfetch adds. Once the server has refused a request for them, none is
    /// added any more.
    pub(super) header_standing: HeaderStanding,
    pub(super) sent: SentConditions,
    /// The ranges that were shorter than asked for, and brought little.
    pub(super) small_ranges: u32,
    /// The running SHA-256 of the body, between two ranges of it.
    pub(super) digest: Option<Context>,
    /// The length of what was there, or of the body that it was a part of, if a web page is about to take its
    /// place and it was none.
    pub(super) replaced: Option<u64>,
    /// Set if the response is a web page.
    pub(super) is_page: bool,
    /// Set once a request has asked for a range, to resume from the bytes that are there.
    pub(super) has_asked_range: bool,
    /// The length of the response's body as it was sent, where only its Content-Range states it.
    pub(super) length_by_range: Option<u64>,
    /// Set when the server confirms that the file on disk is up to date.
    pub(super) is_unchanged: bool,
    pub(super) requests: u32,
    pub(super) timing: Timing,
    pub(super) wire_bytes: u64,
    pub(super) held_back: Duration,
    pub(super) redirects: Vec<Hop>,
    pub(super) trail: RedirectTrail,
    /// The figures of the last request.
    pub(super) last: Option<RequestFigures>,
    pub(super) status: Option<StatusCode>,
    pub(super) version: Option<HttpVersion>,
    /// The media type of the last response, if it states one.
    pub(super) content_type: Option<Arc<String>>,
    pub(super) bytes: u64,
    /// The part of the body that was brought, once it is whole and continues an earlier attempt.
    pub(super) progress: Option<BodyProgress>,
    pub(super) retry_after: Option<Duration>,
    pub(super) exchanges: Vec<Exchange>,
    /// Set if the last request went through a proxy.
    pub(super) is_by_proxy: bool,
    /// Set if the body of a redirect goes on after what is kept of it.
    pub(super) is_truncated: bool,
    /// Remarks on the last response.
    pub(super) notices: Vec<ResponseNotice>,
}

/// The conditions that pfetch put on the last request: `If-None-Match` and its like, `Range`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SentConditions {
    pub(super) unless: bool,
    pub(super) range: bool,
}

impl SentConditions {
    /// True if a response of this status refuses the request for one of them, although the same request
    /// without them may succeed.
    ///
    /// Signed addresses answer 403 to any header that was not signed, others 400, 405, 406, 412 or 501.
    /// The statuses that are left out say something else of the URL, or ask to come back later; 416 speaks
    /// of the range itself.
    pub(super) fn are_refused_by(self, status: StatusCode) -> bool {
        match status.as_u16() {
            401 | 404 | 407 | 408 | 410 | 425 | 429 => false,
            416 => self.unless && !self.range,
            400..=499 | 501 => self.unless || self.range,
            // A success, but neither the range (206) nor the whole (200, 203): no content of the file.
            201 | 202 | 204 | 205 | 207..=299 => self.range,
            // "Not modified", of what was not said to be there.
            304 => self.range && !self.unless,
            300..=399 => self.range,
            _ => false,
        }
    }

    /// True if one of them may be the reason for a failure of the server. 503 says that it is overloaded.
    pub(super) fn are_suspected_by(self, status: StatusCode) -> bool {
        let is_failure = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
        is_failure && (self.unless || self.range)
    }
}

/// The consequence of one response.
pub(super) enum NextStep {
    /// The target is complete.
    Done,
    /// The status is not an accepted one.
    NotAccepted,
    /// The bytes that are there cannot be continued from: request the whole body.
    Restart,
    /// The server refuses what pfetch had added to the request: make it without.
    AskPlainly,
    /// The response was a range of the body, and the rest follows: request that.
    Continue,
    /// Follow a redirect to this URL.
    Follow(Location),
}

/// The failure of one request, before a fault of the transport has been looked for.
pub(super) enum RequestError {
    /// ureq's error. The fault that the request clock keeps, if any, is its cause.
    Ureq(ureq::Error),
    /// A failure found above ureq.
    Failed(Failure),
}

impl From<ureq::Error> for RequestError {
    fn from(error: ureq::Error) -> Self {
        RequestError::Ureq(error)
    }
}

impl<'a> FetchState<'a> {
    /// The state of a fetch that starts now.
    pub(super) fn new(shared: &ClientShared, target: &'a Target, verb: Verb, sink: Sink) -> Self {
        let config = &shared.config;
        let started_at = SystemTime::now();
        let started = Instant::now();
        FetchState {
            target,
            verb,
            method: match verb {
                Verb::Get => Method::GET,
                Verb::Head => Method::HEAD,
            },
            started_at,
            started,
            limits: RequestLimits {
                started: Some(started),
                timeout: config.timeout,
                connect_timeout: config.connect_timeout,
                stall_timeout: config.stall_timeout,
            },
            location: Cow::Borrowed(&target.location),
            sink,
            has_conditions: given_headers::has_conditions(config, target),
            has_user_range: given_headers::has_range(config, target),
            header_standing: shared.plain_targets.standing(target.index),
            sent: SentConditions::default(),
            small_ranges: 0,
            digest: None,
            replaced: None,
            is_page: false,
            has_asked_range: false,
            length_by_range: None,
            is_unchanged: false,
            requests: 1,
            timing: Timing::default(),
            wire_bytes: 0,
            held_back: Duration::ZERO,
            redirects: Vec::new(),
            trail: RedirectTrail::default(),
            last: None,
            status: None,
            version: None,
            content_type: None,
            bytes: 0,
            progress: None,
            retry_after: None,
            exchanges: Vec::new(),
            is_by_proxy: false,
            is_truncated: false,
            notices: Vec::new(),
        }
    }

    /// Leaves out the time that a request waited for a resource of this machine, as that for a worker is: serial
    /// fetching would not spend it.
    pub(super) fn leave_out(&mut self, wait: Duration) {
        self.started_at += wait;
        self.started += wait;
        self.limits.started = Some(self.started);
    }

    /// Forgets the last response, before another request is made in its place.
    pub(super) fn clear_response(&mut self) {
        self.status = None;
        self.version = None;
        self.content_type = None;
        self.bytes = 0;
        self.notices.clear();
        self.progress = None;
    }

    /// Begins again at the URL of the list, with what is there of the body: where its redirects had led, no
    /// more of it is to be had. A signed address may have expired.
    pub(super) fn return_to_list(&mut self) {
        self.location = Cow::Borrowed(&self.target.location);
        self.redirects.clear();
        self.trail = RedirectTrail::default();
    }

    /// The outcome of the fetch on this worker, and the sink with what it holds.
    pub(super) fn into_outcome(
        mut self,
        worker: usize,
        result: Result<(), Failure>,
    ) -> (Outcome, Sink) {
        let last = self.last;
        let ended = last.as_ref().map_or_else(Instant::now, |last| last.ended);
        self.timing.close(ended - self.started);
        let first_byte = last.as_ref().and_then(|last| last.first_byte);
        self.timing
            .set_ttfb(first_byte.map(|first| first - self.started));
        let verdict = match &result {
            Ok(()) if self.is_unchanged => Verdict::Unchanged,
            Ok(()) => Verdict::Ok,
            Err(failure) if failure.kind == FailureKind::Stopped => Verdict::Skipped,
            Err(_) => Verdict::Failed,
        };
        if result.is_ok() && self.is_page && self.replaced.is_some_and(|old| old != self.bytes) {
            self.notices.push(ResponseNotice::BecamePage(self.bytes));
        }
        let is_redirected = !self.redirects.is_empty();
        let progress = self.progress.or_else(|| self.sink.progress());
        let has_details = is_redirected
            || self.retry_after.is_some()
            || !self.notices.is_empty()
            || !self.held_back.is_zero()
            || progress.is_some();
        let details = has_details.then(|| {
            Box::new(Details {
                progress,
                final_url: is_redirected.then(|| Arc::clone(self.location.text())),
                redirects: self.redirects,
                retry_after: self.retry_after,
                held_back: self.held_back,
                notices: self.notices,
                ..Details::default()
            })
        });
        let outcome = Outcome {
            index: self.target.index,
            url: Arc::clone(self.target.location.text()),
            verb: self.verb,
            verdict,
            bytes: self.bytes,
            last: Attempt {
                started_at: Some(self.started_at),
                span: Some((self.started, ended)),
                worker: u16::try_from(worker).ok(),
                timing: self.timing,
                requests: self.requests,
                wire_bytes: Some(self.wire_bytes),
                remote: last.as_ref().and_then(|last| last.remote),
                reused: last.as_ref().and_then(|last| last.reused),
                status: self.status.map(|status| status.as_u16()),
                version: self.version,
                content_type: self.content_type,
                error: result.err().map(Box::new),
                exchanges: (!self.exchanges.is_empty()).then(|| Box::new(self.exchanges)),
            },
            details,
        };
        (outcome, self.sink)
    }
}
