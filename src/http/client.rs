//! The client: one worker's way from a target to an outcome.
//!
//! Its calls say their level: `fetch_target` → `follow_redirects` → `send_with_stale_retry` →
//! `send_timed` → `send` → `handle_response` → `read_body` → `copy_body` → `verify_and_complete`,
//! the last four of them in `body`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use http::Request;
use ureq::Agent;

use super::fetch_state::{FetchState, NextStep, RequestError, SentConditions, known_version};
use super::proxy::Proxy;
use super::request::RequestOrigin;
use super::request_clock::RequestClock;
use super::request_state::RequestFigures;
use super::retry_after::retry_after;
use super::shared::ClientShared;
use super::sink::Sink;
use super::transport::agent;
use super::{error, framing, redact, redirect, request};
use crate::model::outcome::{Exchange, Failure, FailureKind, Hop, HttpVersion, Outcome};
use crate::model::target::{Location, Target, Verb};
use crate::save::{Conditions, OrderedBody};

/// The size in bytes of a worker's buffer for bodies that are not saved.
pub(super) const BODY_BUFFER: usize = 16 * 1024;

/// One worker's client: a ureq agent with its keep-alive connections, and a buffer.
#[derive(Debug)]
pub struct Client {
    pub(super) shared: Arc<ClientShared>,
    agent: Agent,
    /// The origin of the last request, kept because consecutive URLs often share theirs.
    origin: Option<RequestOrigin>,
    pub(super) clock: Arc<RequestClock>,
    pub(super) buffer: Vec<u8>,
    pub(super) worker: usize,
}

impl Client {
    /// The client of worker `worker`.
    pub(super) fn new(shared: Arc<ClientShared>, worker: usize) -> Self {
        let clock = Arc::new(RequestClock::new(shared.stop.clone()));
        let config = &shared.config;
        let agent = agent(
            config.idle_connections,
            config.block_private,
            &shared.tls,
            &shared.dns,
            &clock,
        );
        Client {
            shared,
            agent,
            origin: None,
            clock,
            buffer: vec![0; BODY_BUFFER],
            worker,
        }
    }

    /// Fetches one target and drops its body. The outcome covers every way in which this can end.
    pub fn fetch(&mut self, target: &Target, verb: Verb) -> Outcome {
        self.fetch_target(target, verb, Sink::None).0
    }

    /// Fetches one target with GET and writes its body to `body`, in its turn.
    pub fn pass_on(&mut self, target: &Target, body: OrderedBody) -> Outcome {
        self.fetch_target(target, Verb::Get, Sink::Stream(body)).0
    }

    /// Fetches one target into a sink, which is handed back.
    pub(super) fn fetch_target(
        &mut self,
        target: &Target,
        verb: Verb,
        sink: Sink,
    ) -> (Outcome, Sink) {
        let mut state = FetchState::new(&self.shared, target, verb, sink);
        if let Some(activity) = &self.shared.activity {
            activity.begin(self.worker, target.location.text());
        }
        let result = self.follow_redirects(&mut state);
        if let Some(activity) = &self.shared.activity {
            activity.end(self.worker);
        }
        state.into_outcome(self.worker, result)
    }

    /// Sends request after request until a response is not a redirect.
    fn follow_redirects(&mut self, state: &mut FetchState<'_>) -> Result<(), Failure> {
        loop {
            match self.send_with_stale_retry(state)? {
                NextStep::Done => return Ok(()),
                NextStep::NotAccepted => {
                    let status = state.status.expect("a response has a status");
                    return Err(error::from_status(status));
                }
                NextStep::Restart => {
                    state.sink.restart();
                    state.requests += 1;
                    state.clear_response();
                }
                NextStep::Follow(to) => {
                    let status = state.status.expect("a redirect has a status");
                    state.redirects.push(Hop {
                        url: Arc::clone(state.location.text()),
                        status: status.as_u16(),
                    });
                    state.location = Cow::Owned(to);
                    state.clear_response();
                }
            }
        }
    }

    /// Sends one request, and sends it again if its keep-alive connection turned out to be closed.
    ///
    /// A server may close an idle connection while the request is on its way. No byte of a response
    /// has come then, GET and HEAD are idempotent, and ureq leaves the retry to its caller (RFC 9112,
    /// 9.3.1).
    fn send_with_stale_retry(&mut self, state: &mut FetchState<'_>) -> Result<NextStep, Failure> {
        let first = self.send_timed(state);
        let is_stale = |failure: &Failure, last: &RequestFigures| {
            self.shared.config.resend
                && failure.kind == FailureKind::Closed
                && last.reused == Some(true)
                && last.first_byte.is_none()
        };
        match (&first, &state.last) {
            (Err(failure), Some(last)) if is_stale(failure, last) => {
                state.requests += 1;
                self.send_timed(state)
            }
            _ => first,
        }
    }

    /// Sends one request under the request clock, and adds its figures to the state.
    fn send_timed(&mut self, state: &mut FetchState<'_>) -> Result<NextStep, Failure> {
        let proxy = self.shared.config.proxies.for_url(&state.location).cloned();
        let began = match state.last {
            None => state.started,
            Some(_) => Instant::now(),
        };
        self.clock.begin(state.limits, proxy.clone(), began);
        let mut body_bytes = None;
        let result = self.send(state, proxy.as_deref(), &mut body_bytes);
        let figures = self.clock.finish(Instant::now());
        if self.shared.config.keep_exchanges
            && let Some(exchange) = state.exchanges.last_mut()
        {
            exchange.remote = figures.remote;
            exchange.reused = figures.reused;
        }
        state.timing.add(&figures.timing);
        state.wire_bytes += figures.wire_bytes;
        // A fault is the cause of ureq's result, even of a success: to ureq, a reset at the end of a
        // body that only the end of the connection delimits looks like that end.
        let result = match (&figures.fault, result) {
            (Some(fault), _) => Err(error::from_fault(fault.clone(), figures.phase, body_bytes)),
            (None, Ok(step)) => Ok(step),
            (None, Err(RequestError::Ureq(error))) => {
                Err(error::from_ureq(error, figures.phase, body_bytes))
            }
            (None, Err(RequestError::Failed(failure))) => Err(failure),
        };
        let result = match proxy {
            Some(proxy) => result.map_err(|failure| error::name_proxy(&proxy.name(), failure)),
            None => result,
        };
        state.last = Some(figures);
        result
    }

    /// Sends one request, and reads its response to the end of the body. `body_bytes` is set as soon
    /// as there is a body to count.
    fn send(
        &mut self,
        state: &mut FetchState<'_>,
        proxy: Option<&Proxy>,
        body_bytes: &mut Option<u64>,
    ) -> Result<NextStep, RequestError> {
        self.check_scheme(&state.location)?;
        let request = self.request(state, proxy)?;
        self.clock
            .announce_head_length(request::head_length(&request));
        // `run` of a bare request spares the agent a copy of its configuration.
        let response = self.agent.run(request)?;
        self.clock.head_ended();
        if let Some(exchange) = state.exchanges.last_mut() {
            let version = known_version(response.version()).map_or("HTTP", HttpVersion::as_str);
            exchange.status = Some((version, response.status().as_u16()));
            exchange.response = redact::showable(response.headers());
        }
        state.status = Some(response.status());
        state.version = Some(response.version());
        let unreadable = framing::unreadable(response.version(), response.headers())
            .filter(|_| framing::has_body(&state.method, response.status()));
        if unreadable.is_some() {
            // The end of such a body is unknown, and with it the beginning of the next response.
            self.clock.retire_connection();
        }
        let redirect = redirect::destination(
            &state.location,
            response.status(),
            response.headers(),
            state.redirects.len(),
            &self.shared.config,
        )
        .map_err(RequestError::Failed)?;
        state.retry_after = retry_after(response.headers());
        let mut count = 0;
        let step = self.handle_response(state, response, redirect, unreadable, &mut count);
        *body_bytes = Some(count);
        // The bytes received count, whatever the result.
        state.bytes = count;
        step
    }

    /// Builds the next request, and notes in the state what it asks for.
    fn request(
        &mut self,
        state: &mut FetchState<'_>,
        proxy: Option<&Proxy>,
    ) -> Result<Request<()>, RequestError> {
        let config = &self.shared.config;
        let ask = if state.has_conditions {
            Conditions::default()
        } else {
            state.sink.ask(state.location.text())
        };
        let known = self.origin.take();
        let origin = match known.filter(|known| known.is_of(&state.location)) {
            Some(known) => known,
            None => RequestOrigin::of(&state.location).map_err(RequestError::Failed)?,
        };
        let origin = self.origin.insert(origin);
        let to = (&*state.location, &*origin);
        let request = request::build(config, state.target, to, &state.method, &ask, proxy)
            .map_err(RequestError::Failed)?;
        state.sent = SentConditions {
            unless: ask.unless.is_some(),
            range: ask.range.is_some(),
        };
        state.has_asked_range |= state.sent.range;
        if config.keep_exchanges {
            let exchange = exchange(&request, &state.location, proxy);
            state.exchanges.push(exchange);
        }
        Ok(request)
    }

    /// Refuses a URL that is not https, with `--https-only`.
    fn check_scheme(&self, location: &Location) -> Result<(), RequestError> {
        if self.shared.config.https_only && !location.is_https() {
            return Err(RequestError::Failed(Failure {
                kind: FailureKind::Input,
                phase: None,
                message: format!("{} is not an https URL (--https-only)", location.text()),
                is_transient: false,
            }));
        }
        Ok(())
    }
}

/// The record of a request that is about to be sent.
fn exchange(request: &Request<()>, location: &Location, proxy: Option<&Proxy>) -> Exchange {
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
