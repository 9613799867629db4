//! The client: one worker's way from a target to an outcome.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{Method, Request, StatusCode, Version};
use ureq::Agent;

use super::proxy::Proxy;
use super::request::Addressee;
use super::request_clock::{Limits, Measured, Meter};
use super::sink::Sink;
use super::{Fetcher, error, framing, redact, redirect, request, validators};
use crate::model::outcome::{Exchange, Failure, FailureKind, Hop, Outcome, Verdict};
use crate::model::target::{Location, Target, Verb};
use crate::model::timing::Timing;
use crate::save::{Conditions, OrderedBody};

/// A worker's buffer for bodies that are not saved.
pub(super) const BODY_BUFFER: usize = 16 * 1024;

/// One worker's client: an agent with its kept-alive connections, and a buffer.
#[derive(Debug)]
pub struct Client {
    pub(super) shared: Arc<Fetcher>,
    agent: Agent,
    /// Who was asked last.
    addressee: Option<Addressee>,
    pub(super) meter: Arc<Meter>,
    pub(super) buffer: Vec<u8>,
    pub(super) worker: usize,
}

/// How far one target has come: what its outcome will say.
pub(super) struct Visit<'a> {
    pub(super) target: &'a Target,
    pub(super) method: Method,
    limits: Limits,
    pub(super) location: Cow<'a, Location>,
    pub(super) sink: Sink,
    /// Whether the user asks for something else than the whole body, and for a part of it.
    pub(super) has_conditions: bool,
    pub(super) is_own_range: bool,
    /// What the last request asked for beside the body.
    pub(super) sent: Sent,
    /// Set once a request has asked for a part of the body, to go on from what is there.
    pub(super) has_asked_range: bool,
    /// Whether what is there is still what the server has.
    pub(super) is_unchanged: bool,
    attempts: u32,
    timing: Timing,
    wire_bytes: u64,
    redirects: Vec<Hop>,
    /// The reading of the last request.
    last: Option<Measured>,
    status: Option<StatusCode>,
    version: Option<Version>,
    bytes: u64,
    retry_after: Option<Duration>,
    exchanges: Vec<Exchange>,
}

/// What a request asked for beside the body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    pub(super) unless: bool,
    pub(super) range: bool,
}

/// What one request led to.
pub(super) enum Step {
    /// The answer is what was wanted.
    Taken,
    /// The answer has a status that is not accepted.
    Unaccepted,
    /// What was there before is of no use: ask for the whole.
    Afresh,
    Redirect(Location),
}

impl Client {
    pub(super) fn new(
        shared: Arc<Fetcher>,
        agent: Agent,
        meter: Arc<Meter>,
        worker: usize,
    ) -> Self {
        Client {
            shared,
            agent,
            addressee: None,
            meter,
            buffer: vec![0; BODY_BUFFER],
            worker,
        }
    }

    /// Fetches one target. Every way this can end is in the outcome.
    pub fn fetch(&mut self, target: &Target, verb: Verb) -> Outcome {
        self.visit(target, verb, Sink::None).0
    }

    /// Fetches one target and passes its body on.
    pub fn pass_on(&mut self, target: &Target, body: OrderedBody) -> Outcome {
        self.visit(target, Verb::Get, Sink::Stream(body)).0
    }

    pub(super) fn visit(&mut self, target: &Target, verb: Verb, sink: Sink) -> (Outcome, Sink) {
        let started_at = SystemTime::now();
        let started = Instant::now();
        if let Some(lanes) = &self.shared.lanes {
            lanes.begin(self.worker, target.location.text());
        }
        let config = &self.shared.config;
        let mut visit = Visit {
            target,
            method: match verb {
                Verb::Get => Method::GET,
                Verb::Head => Method::HEAD,
            },
            limits: Limits {
                started: Some(started),
                timeout: config.timeout,
                connect_timeout: config.connect_timeout,
                stall_timeout: config.stall_timeout,
            },
            location: Cow::Borrowed(&target.location),
            sink,
            has_conditions: request::has_conditions(config, target),
            is_own_range: request::has_range(config, target),
            sent: Sent::default(),
            has_asked_range: false,
            is_unchanged: false,
            attempts: 1,
            timing: Timing::default(),
            wire_bytes: 0,
            redirects: Vec::new(),
            last: None,
            status: None,
            version: None,
            bytes: 0,
            retry_after: None,
            exchanges: Vec::new(),
        };
        let result = self.follow(&mut visit);
        if let Some(lanes) = &self.shared.lanes {
            lanes.end(self.worker);
        }
        let last = visit.last;
        let ended = last.as_ref().map_or_else(Instant::now, |last| last.ended);
        visit.timing.close(ended - started);
        visit.timing.ttfb = last
            .as_ref()
            .and_then(|last| last.first_byte)
            .map(|first| first - started);
        let outcome = Outcome {
            index: target.index,
            url: Arc::clone(target.location.text()),
            final_url: (!visit.redirects.is_empty()).then(|| Arc::clone(visit.location.text())),
            verb,
            place: None,
            saved: None,
            verdict: match &result {
                Ok(()) if visit.is_unchanged => Verdict::Unchanged,
                Ok(()) => Verdict::Ok,
                Err(failure) if failure.kind == FailureKind::Stopped => Verdict::Skipped,
                Err(_) => Verdict::Failed,
            },
            status: visit.status.map(|status| status.as_u16()),
            http_version: visit.version.and_then(version_text),
            attempts: visit.attempts,
            bytes: visit.bytes,
            wire_bytes: Some(visit.wire_bytes),
            remote: last.as_ref().and_then(|last| last.remote),
            reused: last.as_ref().and_then(|last| last.reused),
            worker: Some(self.worker),
            started_at: Some(started_at),
            span: Some((started, ended)),
            timing: visit.timing,
            redirects: visit.redirects,
            exchanges: visit.exchanges,
            earlier: Vec::new(),
            error: result.err(),
            retry_after: visit.retry_after,
        };
        (outcome, visit.sink)
    }

    /// Request after request until one is not a redirect.
    fn follow(&mut self, visit: &mut Visit<'_>) -> Result<(), Failure> {
        loop {
            match self.request_with_retry(visit)? {
                Step::Taken => return Ok(()),
                Step::Unaccepted => {
                    let status = visit.status.expect("an answer has a status");
                    return Err(error::from_status(status));
                }
                Step::Afresh => {
                    visit.sink.forget();
                    visit.attempts += 1;
                    visit.status = None;
                    visit.version = None;
                    visit.bytes = 0;
                }
                Step::Redirect(to) => {
                    let status = visit.status.take().expect("a redirect is a status");
                    visit.redirects.push(Hop {
                        url: Arc::clone(visit.location.text()),
                        status: status.as_u16(),
                    });
                    visit.location = Cow::Owned(to);
                    visit.version = None;
                    visit.bytes = 0;
                }
            }
        }
    }

    /// One request; once more if its kept-alive connection turned out to be closed.
    ///
    /// A server may close an idle connection while the request is on its way. Nothing of a response
    /// has come then, GET and HEAD are idempotent, and ureq leaves it to its caller (RFC 9112, 9.3.1).
    fn request_with_retry(&mut self, visit: &mut Visit<'_>) -> Result<Step, Failure> {
        let first = self.request(visit);
        let stale = |failure: &Failure, last: &Measured| {
            self.shared.config.resend
                && failure.kind == FailureKind::Closed
                && last.reused == Some(true)
                && last.first_byte.is_none()
        };
        match (&first, &visit.last) {
            (Err(failure), Some(last)) if stale(failure, last) => {
                visit.attempts += 1;
                self.request(visit)
            }
            _ => first,
        }
    }

    /// One request, measured.
    fn request(&mut self, visit: &mut Visit<'_>) -> Result<Step, Failure> {
        let proxy = self.shared.config.proxies.of(visit.location.url()).cloned();
        let began = match (&visit.last, visit.limits.started) {
            (None, Some(started)) => started,
            _ => Instant::now(),
        };
        self.meter.begin(visit.limits, proxy.clone(), began);
        let mut body_bytes = None;
        let result = self.exchange(visit, proxy.as_deref(), &mut body_bytes);
        let measured = self.meter.measure(Instant::now());
        if self.shared.config.keep_exchanges
            && let Some(exchange) = visit.exchanges.last_mut()
        {
            exchange.remote = measured.remote;
            exchange.reused = measured.reused;
        }
        visit.timing.add(&measured.timing);
        visit.wire_bytes += measured.wire_bytes;
        // A fault is the cause of whatever ureq made of it, success included: a reset at the end of
        // a body that only the end of the connection delimits looks to ureq like that end.
        let result = match (&measured.fault, result) {
            (Some(fault), _) => Err(error::from_fault(fault.clone(), measured.phase, body_bytes)),
            (None, Ok(step)) => Ok(step),
            (None, Err(Broken::Ureq(error))) => {
                Err(error::from_ureq(error, measured.phase, body_bytes))
            }
            (None, Err(Broken::Own(failure))) => Err(failure),
        };
        let result = match proxy {
            Some(proxy) => result.map_err(|failure| error::on_the_way_to(&proxy.name(), failure)),
            None => result,
        };
        visit.last = Some(measured);
        result
    }

    /// One request and its response, the body read to its end.
    fn exchange(
        &mut self,
        visit: &mut Visit<'_>,
        proxy: Option<&Proxy>,
        body_bytes: &mut Option<u64>,
    ) -> Result<Step, Broken> {
        self.admit(&visit.location)?;
        let config = &self.shared.config;
        let ask = if visit.has_conditions {
            Conditions::default()
        } else {
            visit.sink.ask(visit.location.text())
        };
        let known = self.addressee.take();
        let addressee = match known.filter(|known| known.is_of(&visit.location)) {
            Some(known) => known,
            None => Addressee::of(&visit.location).map_err(Broken::Own)?,
        };
        let addressee = self.addressee.insert(addressee);
        let to = (&*visit.location, &*addressee);
        let request = request::build(config, visit.target, to, &visit.method, &ask, proxy)
            .map_err(Broken::Own)?;
        visit.sent = Sent {
            unless: ask.unless.is_some(),
            range: ask.range.is_some(),
        };
        visit.has_asked_range |= visit.sent.range;
        if self.shared.config.keep_exchanges {
            visit.exchanges.push(note(&request, &visit.location, proxy));
        }
        self.meter.announce_head(request::head_length(&request));
        // `run` of a bare request spares the agent a copy of its configuration.
        let response = self.agent.run(request)?;
        if let Some(exchange) = visit.exchanges.last_mut() {
            let version = version_text(response.version()).unwrap_or("HTTP");
            exchange.status = Some((version, response.status().as_u16()));
            exchange.response = redact::showable(response.headers());
        }
        self.meter.head_ended();
        visit.status = Some(response.status());
        visit.version = Some(response.version());
        let unread = framing::unread(response.version(), response.headers())
            .filter(|_| framing::has_body(&visit.method, response.status()));
        if unread.is_some() {
            // Where such a body ends is not known, so neither is where the next response begins.
            self.meter.give_up_connection();
        }
        let next = redirect::destination(
            &visit.location,
            response.status(),
            response.headers(),
            visit.redirects.len(),
            &self.shared.config,
        )
        .map_err(Broken::Own)?;
        visit.retry_after = validators::retry_after(response.headers());
        let mut count = 0;
        let step = self.receive(visit, response, next, unread, &mut count);
        *body_bytes = Some(count);
        // However it ended, this much has come.
        visit.bytes = count;
        step
    }

    /// Whether this URL may be asked for at all.
    fn admit(&self, location: &Location) -> Result<(), Broken> {
        if self.shared.config.https_only && !location.is_https() {
            return Err(Broken::Own(Failure {
                kind: FailureKind::Input,
                phase: None,
                message: format!("{} is not an https URL (--https-only)", location.text()),
            }));
        }
        Ok(())
    }
}

/// A request that is about to be made.
fn note(request: &Request<()>, location: &Location, proxy: Option<&Proxy>) -> Exchange {
    Exchange {
        method: request.method().to_string(),
        url: Arc::clone(location.text()),
        request: redact::showable(request.headers()),
        remote: None,
        proxy: proxy.map(Proxy::name),
        reused: None,
        status: None,
        response: Vec::new(),
    }
}

/// Why a request came to nothing, before the meter has been asked.
pub(super) enum Broken {
    Ureq(ureq::Error),
    Own(Failure),
}

impl From<ureq::Error> for Broken {
    fn from(error: ureq::Error) -> Self {
        Broken::Ureq(error)
    }
}

fn version_text(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("HTTP/1.0"),
        Version::HTTP_11 => Some("HTTP/1.1"),
        _ => None,
    }
}
