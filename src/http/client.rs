//! The client: one worker's way from a target to an outcome.
//!
//! Its calls say their level: `fetch_target` → `follow_redirects` → `send_with_stale_retry` →
//! `send_timed` → `send` → `handle_response` → `read_body` → `copy_body` → `verify_and_complete`,
//! the last four of them in `body`.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, Method, Request, header};
use ureq::Agent;

use super::content_type::ContentTypeCache;
use super::fault::Fault;
use super::fetch_state::{FetchState, NextStep, RequestError, SentConditions};
use super::memory_body::MemoryBody;
use super::plain_targets::HeaderStanding;
use super::proxy::Proxy;
use super::request::BuiltRequest;
use super::request_clock::RequestClock;
use super::request_origin::RequestOrigin;
use super::request_state::RequestFigures;
use super::response_body::ResponseBody;
use super::retry_after::retry_after;
use super::shared::ClientShared;
use super::shared_lines::SharedLines;
use super::sink::Sink;
use super::transport::{Handover, NextRequest, Tunnel, WholeBody, agent};
use super::{cross_origin, error, redact, redirect, request};
use crate::model::outcome::{Exchange, Failure, FailureKind, Hop, Outcome, Verdict};
use crate::model::target::{Location, Target, Verb};
use crate::model::text::byte_count;
use crate::save::pack::{ArchivedHead, PackBody, PackMember};
use crate::save::{Conditions, OrderedBody};

/// The size in bytes of a worker's buffer for bodies that are not saved.
pub(super) const BODY_BUFFER: usize = 16 * 1024;

/// The use of kept connections for one request.
#[derive(Clone, Copy)]
struct Resend {
    /// The request is sent again if its kept connection turns out to be stale.
    may_resend: bool,
    /// It goes out over a new connection.
    wants_new: bool,
}

/// One worker's client: a ureq agent over the run's connections, and a buffer.
#[derive(Debug)]
pub struct Client {
    pub(super) shared: Arc<ClientShared>,
    agent: Agent,
    /// `None` if requests are recorded with all their headers.
    shared_lines: Option<SharedLines>,
    /// The origin of the last request, kept because consecutive URLs often share theirs.
    origin: Option<RequestOrigin>,
    pub(super) clock: Arc<RequestClock>,
    pub(super) handover: Arc<Handover>,
    content_types: ContentTypeCache,
    /// Empty until a body needs it: most small ones that are dropped do not, and each of a thousand workers has one.
    pub(super) buffer: Vec<u8>,
    pub(super) worker: usize,
}

impl Client {
    /// The client of worker `worker`.
    pub(super) fn new(shared: Arc<ClientShared>, worker: usize) -> Self {
        let clock = RequestClock::new(shared.stop.clone());
        let clock = Arc::new(clock.limited(shared.rate_limit.clone()));
        let handover = Arc::new(Handover::default());
        let agent = agent(shared.transport.clone(), &clock, &handover);
        let is_recorded = shared.config.keep_exchanges || shared.config.keep_raw_heads;
        let shared_lines = (!is_recorded)
            .then(|| SharedLines::of(&shared.config))
            .flatten();
        Client {
            shared,
            agent,
            shared_lines,
            origin: None,
            clock,
            handover,
            content_types: ContentTypeCache::default(),
            buffer: Vec::new(),
            worker,
        }
    }

    /// Fetches one target and drops its body. The outcome covers every way in which this can end.
    pub fn fetch(&mut self, target: &Target, verb: Verb) -> Outcome {
        self.fetch_target(target, verb, Sink::None).0
    }

    /// Fetches one target with GET and writes its body to `body`, in its turn.
    pub fn pass_on(&mut self, target: &Target, body: OrderedBody) -> Outcome {
        self.fetch_target(target, Verb::Get, Sink::Stream(Box::new(body)))
            .0
    }

    /// Fetches one target with GET and keeps its body, of `limit` bytes at most, in the outcome.
    pub fn collect(&mut self, target: &Target, limit: u64) -> Outcome {
        let sink = Sink::Memory(MemoryBody::new(limit));
        let (mut outcome, sink) = self.fetch_target(target, Verb::Get, sink);
        let own = self.shared.config.max_bytes;
        if let Some(failure) = &mut outcome.last.error
            && failure.kind == FailureKind::TooLarge
            && own.is_none_or(|own| limit < own)
        {
            failure.message = format!(
                "the body has more than {}, which a result may have (--jsonl-bodies)",
                byte_count(limit)
            );
        }
        if let (Verdict::Ok, Sink::Memory(body)) = (outcome.verdict, sink) {
            outcome.details_mut().body = Some(body.into_bytes());
        }
        outcome
    }

    /// Fetches one target with GET and keeps its body for a pack.
    pub fn pack(&mut self, target: &Target, body: PackBody) -> (Outcome, Option<PackMember>) {
        let (outcome, sink) = self.fetch_target(target, Verb::Get, Sink::Pack(Box::new(body)));
        let member = match (outcome.verdict, sink) {
            (Verdict::Ok, Sink::Pack(body)) => body.into_member(),
            _ => None,
        };
        (outcome, member)
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
        let standing = state.header_standing;
        let plain_targets = &self.shared.plain_targets;
        plain_targets.note(target.index, standing, result.is_ok());
        if let Some(activity) = &self.shared.activity {
            activity.end(self.worker);
        }
        state.into_outcome(self.worker, result)
    }

    /// Sends request after request until a response is not a redirect.
    fn follow_redirects(&mut self, state: &mut FetchState<'_>) -> Result<(), Failure> {
        let mut is_continuing = false;
        loop {
            let step = self.send_with_stale_retry(state)?;
            let was_continuing = std::mem::take(&mut is_continuing);
            match step {
                NextStep::Done => return end_exchange(state),
                NextStep::AskPlainly | NextStep::NotAccepted
                    if was_continuing && !state.redirects.is_empty() =>
                {
                    state.return_to_list();
                    state.requests += 1;
                    state.clear_response();
                }
                NextStep::NotAccepted => {
                    let status = state.status.expect("a response has a status");
                    let proxy = self.clock.proxy();
                    return Err(cross_origin::name_left_credentials(
                        error::from_status(status, proxy.as_deref()),
                        status.as_u16(),
                        (&state.location, &state.trail),
                        &self.shared.config,
                        state.target,
                    ));
                }
                NextStep::Continue => {
                    is_continuing = true;
                    state.requests += 1;
                    state.clear_response();
                }
                NextStep::Restart => {
                    state.sink.restart();
                    state.requests += 1;
                    state.clear_response();
                }
                NextStep::AskPlainly => {
                    // What is there of the body stays until the answer brings another.
                    state.header_standing = HeaderStanding::Refused;
                    state.requests += 1;
                    state.clear_response();
                }
                NextStep::Follow(to) => {
                    end_exchange(state)?;
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

    /// Sends one request, and sends it again over a new connection if its kept one turned out to be stale.
    ///
    /// A server may close an idle connection while the request is on its way, or say 408 in that moment.
    /// No byte of an answer has come then, GET and HEAD are idempotent, and ureq leaves the retry to its
    /// caller (RFC 9112, 9.3.1).
    fn send_with_stale_retry(&mut self, state: &mut FetchState<'_>) -> Result<NextStep, Failure> {
        let may_resend = self.shared.config.resend;
        let first = self.send_timed(
            state,
            Resend {
                may_resend,
                wants_new: false,
            },
        );
        match &state.last {
            Some(last) if last.fault == Some(Fault::Stale) => {
                state.requests += 1;
                self.send_timed(
                    state,
                    Resend {
                        may_resend: false,
                        wants_new: true,
                    },
                )
            }
            _ => first,
        }
    }

    /// Sends one request under the request clock, and adds its figures to the state.
    fn send_timed(
        &mut self,
        state: &mut FetchState<'_>,
        resend: Resend,
    ) -> Result<NextStep, Failure> {
        let proxy = self
            .shared
            .config
            .proxies
            .for_url(&state.location)
            .map_err(error::from_unusable_proxy)?
            .cloned();
        let began = match state.last {
            None => state.started,
            Some(_) => Instant::now(),
        };
        state.is_by_proxy = proxy.is_some();
        self.clock.begin(state.limits, proxy.clone(), began);
        let mut body_bytes = None;
        let result = self.send(state, proxy.as_deref(), resend, &mut body_bytes);
        let figures = self.clock.finish(Instant::now());
        if self.shared.config.keep_exchanges {
            self.complete_exchanges(state, &figures, proxy.as_deref());
        }
        state.timing.add(&figures.timing);
        state.wire_bytes += figures.wire_bytes;
        state.held_back += figures.held_back;
        state.leave_out(figures.resource_wait);
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

    /// Adds to the last exchange what only the transport knows, and the CONNECT that went before it.
    fn complete_exchanges(
        &self,
        state: &mut FetchState<'_>,
        figures: &RequestFigures,
        proxy: Option<&Proxy>,
    ) {
        let Some(mut last) = state.exchanges.pop() else {
            return;
        };
        last.remote = figures.remote;
        last.reused = figures.reused;
        if let (Some(tunnel), Some(proxy)) = (self.handover.take_tunnel(), proxy) {
            let origin = state.location.origin();
            state
                .exchanges
                .push(connect_exchange(origin, proxy, figures.remote, tunnel));
        }
        state.exchanges.push(last);
    }

    /// Sends one request, and reads its response to the end of the body. `body_bytes` is set as soon
    /// as there is a body to count.
    fn send(
        &mut self,
        state: &mut FetchState<'_>,
        proxy: Option<&Proxy>,
        resend: Resend,
        body_bytes: &mut Option<u64>,
    ) -> Result<NextStep, RequestError> {
        self.check_scheme(state)?;
        let BuiltRequest {
            request,
            completion,
            head_length,
        } = self.request(state, proxy)?;
        let origin = self.origin.as_ref().expect("a request has an origin");
        let keeps_raw_head = self.shared.config.keep_raw_heads;
        let request_head = keeps_raw_head.then(|| redact::archived_request(&request));
        self.handover.announce(NextRequest {
            key: origin.connection_key(proxy),
            head_length,
            completion,
            is_head: state.method == Method::HEAD,
            wants_new: resend.wants_new,
            may_resend: resend.may_resend,
            keeps_raw_head,
        });
        // `run` of a bare request spares the agent a copy of its configuration.
        let response = self.agent.run(request)?.into_body();
        let answer = self.handover.take_answer();
        let answer = answer.expect("the transport leaves a head before ureq reads one");
        let body = match answer.is_whole {
            true => ResponseBody::Whole(WholeBody::take(&self.handover)),
            false => ResponseBody::Coming(response),
        };
        let head = &answer.head;
        if let Some(exchange) = state.exchanges.last_mut() {
            exchange.status = Some((head.version().as_str(), head.status().as_u16()));
            exchange.response = redact::showable_response(head);
        }
        state.status = Some(head.status());
        state.version = Some(head.version());
        state.content_type = self.content_types.of(head);
        if let (Some(request), Sink::Pack(pack)) = (request_head, &mut state.sink) {
            pack.begin_exchange(ArchivedHead {
                url: state.location.text().to_string(),
                request,
                response: answer.raw_head.clone(),
                status: head.status().as_u16(),
                content_type: state.content_type.as_deref().cloned(),
            });
        }
        let redirect = redirect::destination(
            &state.location,
            head.status(),
            head.get_all("location"),
            (&state.redirects, &state.trail),
            &self.shared.config,
        )
        .map_err(|error| RequestError::Failed(error.into()))?;
        if let Some(to) = &redirect {
            let cookies = head.get_all("set-cookie");
            state.trail.follow(&state.location, to, cookies);
        }
        state.retry_after = retry_after(head.get_all("retry-after"));
        let mut count = 0;
        let step = self.handle_response(state, body, &answer, redirect, &mut count);
        self.handover.recycle(answer);
        *body_bytes = Some(count);
        // The bytes received count, whatever the result.
        state.bytes = count;
        step
    }

    /// Builds the next request, with what the transport adds to it, and notes in the state what
    /// it asks for.
    fn request(
        &mut self,
        state: &mut FetchState<'_>,
        proxy: Option<&Proxy>,
    ) -> Result<BuiltRequest, RequestError> {
        let config = &self.shared.config;
        let is_refused = state.header_standing == HeaderStanding::Refused;
        let ask = if state.has_conditions || is_refused {
            Conditions::default()
        } else {
            // Wherever redirects lead: signed addresses and mirrors are others each time.
            state.sink.ask(state.target.location.text())
        };
        let origin = match &mut self.origin {
            Some(known) if known.is_of(&state.location) => known,
            other => {
                other.insert(RequestOrigin::of(&state.location).map_err(RequestError::Failed)?)
            }
        };
        let to = (&*state.location, &*origin);
        let who = (state.target, &state.trail);
        let shared = self.shared_lines.as_ref();
        let shared = shared.and_then(|lines| lines.request(who, to, &state.method, &ask, proxy));
        let built = match shared {
            Some(built) => built,
            None => request::build(config, who, to, &state.method, &ask, proxy)
                .map_err(RequestError::Failed)?,
        };
        state.sent = SentConditions {
            unless: ask.unless.is_some(),
            range: ask.range.is_some(),
        };
        state.has_asked_range |= state.sent.range;
        if config.keep_exchanges {
            let exchange = exchange(&built.request, &state.location, proxy);
            state.exchanges.push(exchange);
        }
        Ok(built)
    }

    /// Refuses a URL that is not https, with `--https-only`.
    fn check_scheme(&self, state: &FetchState<'_>) -> Result<(), RequestError> {
        const OPTIONS: &str = "--https-only, or curl's --proto =https";
        let location = &state.location;
        if self.shared.config.https_only && !location.is_https() {
            return Err(RequestError::Failed(Failure {
                kind: FailureKind::Input,
                phase: None,
                message: match state.redirects.is_empty() {
                    // The line has it.
                    true => format!("this is not an https URL ({OPTIONS})"),
                    false => format!("{} is not an https URL ({OPTIONS})", location.text()),
                },
                is_transient: false,
                is_alone: false,
            }));
        }
        Ok(())
    }
}

/// Ends the exchange of a body that goes into a pack. The address is the server's own, without a proxy.
fn end_exchange(state: &mut FetchState<'_>) -> Result<(), Failure> {
    let Sink::Pack(body) = &mut state.sink else {
        return Ok(());
    };
    let last = state.last.as_ref().filter(|_| !state.is_by_proxy);
    let ip = last.and_then(|last| last.remote).map(|remote| remote.ip());
    let ended = body.end_exchange(ip, std::mem::take(&mut state.is_truncated));
    ended.map_err(error::from_refused)
}

/// The record of a CONNECT for this origin.
fn connect_exchange(
    origin: &str,
    proxy: &Proxy,
    remote: Option<SocketAddr>,
    tunnel: Tunnel,
) -> Exchange {
    let answer = tunnel.answer.as_ref();
    let mut request = HeaderMap::new();
    if let Some(secret) = &proxy.authorization {
        request.insert(header::PROXY_AUTHORIZATION, secret.reveal().clone());
    }
    Exchange {
        method: Method::CONNECT.to_string(),
        url: origin.into(),
        request: redact::showable(&request),
        remote,
        proxy: Some(proxy.url()),
        reused: Some(false),
        status: answer.map(|head| (head.version().as_str(), head.status().as_u16())),
        response: answer.map(redact::showable_response).unwrap_or_default(),
    }
}

/// The record of a request that is about to be sent.
fn exchange(request: &Request<()>, location: &Location, proxy: Option<&Proxy>) -> Exchange {
    Exchange {
        method: request.method().to_string(),
        url: Arc::clone(location.text()),
        request: redact::showable(request.headers()),
        remote: None,
        proxy: proxy.map(Proxy::url),
        reused: None,
        status: None,
        response: Vec::new(),
    }
}
