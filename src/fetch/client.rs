//! The client: one worker's way from a target to an outcome.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, Method, Request, StatusCode, Version, header};
use ureq::Agent;

use super::decode::{Counts, Decoder, coding};
use super::meter::{Fault, Limits, Measured, Meter};
use super::{Fetcher, error, exchange, redirect, request};
use crate::outcome::{Exchange, Failure, FailureKind, Hop, Outcome, Verdict};
use crate::retry::parse_retry_after;
use crate::target::{Location, Target, Verb};
use crate::text::excerpt;
use crate::timing::Timing;

/// A redirect's body is read to keep the connection, but not past this many bytes.
const REDIRECT_BODY: u64 = 64 * 1024;

/// So is the body of an answer whose status is a failure, which nobody asked for.
const FAILURE_BODY: u64 = 1024 * 1024;

/// A worker's buffer for bodies.
const BODY_BUFFER: usize = 16 * 1024;

/// One worker's client: an agent with its kept-alive connections, and a buffer.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Fetcher>,
    agent: Agent,
    meter: Arc<Meter>,
    buffer: Vec<u8>,
    worker: usize,
}

/// How far one target has come: what its outcome will say.
struct Visit<'a> {
    target: &'a Target,
    method: Method,
    limits: Limits,
    location: Location,
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

/// What one request led to.
enum Step {
    Done,
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
            meter,
            buffer: vec![0; BODY_BUFFER],
            worker,
        }
    }

    /// Fetches one target. Every way this can end is in the outcome.
    pub fn fetch(&mut self, target: &Target, verb: Verb) -> Outcome {
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
            location: target.location.clone(),
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
        let ended = Instant::now();
        visit.timing.close(ended - started);
        let last = visit.last;
        visit.timing.ttfb = last
            .as_ref()
            .and_then(|last| last.first_byte)
            .map(|first| first - started);
        Outcome {
            index: target.index,
            url: Arc::clone(target.location.text()),
            final_url: (!visit.redirects.is_empty()).then(|| Arc::clone(visit.location.text())),
            verb,
            place: None,
            saved: None,
            verdict: match &result {
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
        }
    }

    /// Request after request until one is not a redirect.
    fn follow(&mut self, visit: &mut Visit<'_>) -> Result<(), Failure> {
        loop {
            match self.request_with_retry(visit)? {
                Step::Done => {
                    let status = visit.status.expect("a request that is done has its status");
                    return if self.shared.config.accept.contains(status.as_u16()) {
                        Ok(())
                    } else {
                        Err(error::from_status(status))
                    };
                }
                Step::Redirect(to) => {
                    let status = visit.status.take().expect("a redirect is a status");
                    visit.redirects.push(Hop {
                        url: Arc::clone(visit.location.text()),
                        status: status.as_u16(),
                    });
                    visit.location = to;
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
        self.meter
            .begin(visit.limits, proxy.clone(), Instant::now());
        let mut body_bytes = None;
        let result = self.exchange(visit, &mut body_bytes);
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
        body_bytes: &mut Option<u64>,
    ) -> Result<Step, Broken> {
        self.admit(&visit.location)?;
        let config = &self.shared.config;
        let request = request::build(config, visit.target, &visit.location, &visit.method)
            .map_err(Broken::Own)?;
        if self.shared.config.keep_exchanges {
            visit.exchanges.push(self.note(&request, &visit.location));
        }
        // `run` of a bare request spares the agent a copy of its configuration.
        let mut response = self.agent.run(request)?;
        if let Some(exchange) = visit.exchanges.last_mut() {
            let version = version_text(response.version()).unwrap_or("HTTP");
            exchange.status = Some((version, response.status().as_u16()));
            exchange.response = exchange::showable(response.headers());
        }
        self.meter.head_ended();
        visit.status = Some(response.status());
        visit.version = Some(response.version());
        let next = redirect::destination(
            &visit.location,
            response.status(),
            response.headers(),
            visit.redirects.len(),
            &self.shared.config,
        )
        .map_err(Broken::Own)?;
        visit.retry_after = retry_after(response.headers());
        let decoding = match &next {
            // A HEAD, a 204 and a 304 have no body, whatever their headers say of it.
            None if self.shared.config.compressed && has_body(&visit.method, response.status()) => {
                coding(response.headers()).map_err(undecodable)?
            }
            _ => None,
        };
        let is_accepted = self
            .shared
            .config
            .accept
            .contains(response.status().as_u16());
        let mut body = response.body_mut().as_reader();
        let bytes = body_bytes.insert(0);
        if next.is_some() {
            self.drain(body, Limit::Leave(REDIRECT_BODY), bytes)?;
        } else if !is_accepted {
            self.drain(body, Limit::Leave(FAILURE_BODY), bytes)?;
        } else if let Some(coding) = decoding {
            let counts = Counts::default();
            let decoder = Decoder::new(coding, &mut body, &counts);
            self.drain(decoder, self.limit(), bytes)?;
            // A decoder may stop before the end of what it decodes.
            self.drain(body, Limit::Leave(REDIRECT_BODY), &mut 0)?;
        } else {
            self.drain(body, self.limit(), bytes)?;
        }
        visit.bytes = *bytes;
        Ok(next.map_or(Step::Done, Step::Redirect))
    }

    fn note(&self, request: &Request<()>, location: &Location) -> Exchange {
        Exchange {
            method: request.method().to_string(),
            url: Arc::clone(location.text()),
            request: exchange::showable(request.headers()),
            remote: None,
            proxy: self.meter.proxy().map(|proxy| proxy.name()),
            reused: None,
            status: None,
            response: Vec::new(),
        }
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

    fn limit(&self) -> Limit {
        self.shared
            .config
            .max_bytes
            .map_or(Limit::None, Limit::Fail)
    }

    /// Reads a body to its end (only then does its connection go back to the pool), counting.
    fn drain(&mut self, mut body: impl Read, limit: Limit, bytes: &mut u64) -> Result<(), Broken> {
        loop {
            match body.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => *bytes += count as u64,
                // Never read on past an error: ureq would then say that the body is over.
                Err(error) => return Err(Broken::Ureq(ureq::Error::from(error))),
            }
            match limit {
                Limit::Leave(most) if *bytes > most => return Ok(()),
                Limit::Fail(most) if *bytes > most => {
                    return Err(Broken::Ureq(self.meter.fail(Fault::TooLarge(most))));
                }
                _ => {}
            }
            if let Some(lanes) = &self.shared.lanes {
                lanes.received(self.worker, *bytes);
            }
        }
    }
}

/// How much of a body is read.
#[derive(Clone, Copy)]
enum Limit {
    None,
    /// The rest is left, and its connection with it.
    Leave(u64),
    /// More is a failure.
    Fail(u64),
}

/// Whether a response to this has a body at all (RFC 9112, 6.3).
fn has_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && !matches!(status.as_u16(), 204 | 304)
}

/// How long the server asks to be left alone.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(value, SystemTime::now())
}

fn undecodable(coding: String) -> Broken {
    Broken::Own(Failure {
        kind: FailureKind::Encoding,
        phase: None,
        message: format!(
            "the body is encoded as \"{}\", which cannot be decoded; without --compressed it is \
             taken as it is",
            excerpt(&coding, 40)
        ),
    })
}

/// Why a request came to nothing, before the meter has been asked.
enum Broken {
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
