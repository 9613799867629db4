//! Look-ups under way: a bounded number of threads that ask the system, and the workers that wait for
//! their answers.
//!
//! The system's resolver (`getaddrinfo`) cannot be interrupted: a worker that gives up leaves a thread
//! behind for as long as the system takes, never one thread per request. Those that a worker still waits
//! for are as many as the workers at most, so no worker waits for a thread while others wait for a name
//! server. The worker whose request starts a look-up is charged its time, from the moment in which a
//! thread begins with it; others that want the same host wait for the same answer.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};

use super::cache::DnsCache;
use super::{Addresses, LookupFailure};
use crate::http::fault::Fault;
use crate::http::request_clock::RequestClock;

/// Look-ups under way at once, at least: a few names whose servers never answer hold up nobody.
const LEAST_THREADS: usize = 16;

/// And at most: each has a socket of its own, and name servers limit the rate of their clients.
const MOST_THREADS: usize = 512;

/// The stack of a look-up's thread: what the C library's resolver and its plug-ins need, and room to
/// spare. It costs address space only.
const STACK: usize = 512 * 1024;

/// A thread without work waits so long for some before it ends.
const LINGER: Duration = Duration::from_secs(1);

/// The system's resolver, or what a test puts in its place.
pub(super) type SystemResolver =
    Box<dyn Fn(&str) -> Result<Vec<SocketAddr>, LookupFailure> + Send + Sync>;

/// The look-ups of one run.
pub(super) struct Lookups {
    /// Look-ups that may be under way at once while workers wait for them.
    wanted: usize,
    names: Arc<Names>,
}

struct Names {
    table: Mutex<Table>,
    /// An answer has come.
    answered: Condvar,
    /// A name waits for a thread, or the run is over.
    asked: Condvar,
    system: SystemResolver,
}

#[derive(Default)]
struct Table {
    cache: DnsCache,
    /// Names that are being looked up, or wait for that.
    pending: HashMap<Arc<str>, PendingLookup>,
    /// Names whose look-up has not begun.
    waiting: VecDeque<Arc<str>>,
    /// Threads that take names from there, and those of them that wait for one.
    threads: usize,
    idle: usize,
    /// Look-ups under way that no worker waits for any more. The system's resolver cannot be
    /// interrupted, so a dead name server keeps their threads for as long as it pleases.
    abandoned: usize,
    /// The last failure. Those of a run are mostly alike, and then share their text.
    last_failure: Option<Arc<LookupFailure>>,
    is_closed: bool,
}

/// A look-up without an answer yet.
struct PendingLookup {
    /// The number of workers that wait for it.
    workers: usize,
    began: LookupStart,
}

/// The time at which a thread began with a look-up; empty while it waits for one.
type LookupStart = Arc<OnceLock<Instant>>;

impl Lookups {
    pub(super) fn new(at_once: usize, system: SystemResolver) -> Self {
        Lookups {
            wanted: at_once.max(LEAST_THREADS),
            names: Arc::new(Names {
                table: Mutex::default(),
                answered: Condvar::new(),
                asked: Condvar::new(),
                system,
            }),
        }
    }

    /// The addresses of `host`: the cached ones, or those of a look-up that all who ask share. Waits no
    /// longer than the clock allows.
    pub(super) fn look_up(
        &self,
        host: &str,
        clock: &RequestClock,
    ) -> Result<Addresses, ureq::Error> {
        let mut own: Option<LookupStart> = None;
        let mut waits = false;
        // Only the look-up itself is `dns`: what comes before it is `blocked`.
        let charge = |own: &Option<LookupStart>| {
            if let Some(began) = own.as_ref().and_then(|own| own.get()) {
                clock.lookup_started(*began);
            }
        };
        let mut table = self.names.lock();
        loop {
            if let Some(pending) = table.pending.get_mut(host) {
                if !waits {
                    waits = true;
                    pending.workers += 1;
                    let was_abandoned = pending.workers == 1;
                    table.abandoned -= usize::from(was_abandoned);
                }
                charge(&own);
                let tick = match clock.check() {
                    Ok(tick) => tick,
                    Err(error) => {
                        table.abandon(host);
                        return Err(error);
                    }
                };
                table = self
                    .names
                    .answered
                    .wait_timeout(table, tick)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
                continue;
            }
            let answer = match waits {
                true => table.cache.get_awaited(host),
                false => table.cache.get(host, Instant::now()),
            };
            let Some(answer) = answer.cloned() else {
                waits = true;
                let began = LookupStart::default();
                own = Some(Arc::clone(&began));
                table = self.ask(table, host, began);
                continue;
            };
            drop(table);
            charge(&own);
            return match answer {
                Ok(addresses) => {
                    if own.is_some() {
                        clock.lookup_ended();
                    }
                    Ok(addresses)
                }
                Err(failure) => Err(clock.fail(Fault::from(&*failure))),
            };
        }
    }

    /// Notes that none of a host's addresses connects.
    pub(super) fn forget(&self, host: &str) {
        self.names.lock().cache.forget(host);
    }

    /// Has a name looked up for one worker, by a thread that is idle or else by a new one.
    fn ask<'a>(
        &'a self,
        mut table: MutexGuard<'a, Table>,
        host: &str,
        began: LookupStart,
    ) -> MutexGuard<'a, Table> {
        let host: Arc<str> = Arc::from(host);
        let pending = PendingLookup { workers: 1, began };
        table.pending.insert(Arc::clone(&host), pending);
        table.waiting.push_back(host);
        // An idle thread that has been woken still counts as idle until it takes its name.
        if table.waiting.len() <= table.idle {
            self.names.asked.notify_one();
            return table;
        }
        // Names that nobody waits for any more take no place from those that somebody does.
        if table.threads >= (self.wanted + table.abandoned).min(MOST_THREADS) {
            return table;
        }
        let names = Arc::clone(&self.names);
        let spawned = thread::Builder::new()
            .name("pfetch-dns".to_owned())
            .stack_size(STACK)
            .spawn(move || names.look_up_all());
        if spawned.is_ok() {
            table.threads += 1;
        } else if table.threads == 0 {
            // No thread is to be had: this worker's own does it, though it cannot be interrupted then.
            table = self.names.look_up_waiting(table);
        }
        table
    }
}

impl Table {
    /// Takes note that a worker waits no longer for a name. One that nobody waits for is forgotten, if
    /// its look-up has not begun.
    fn abandon(&mut self, host: &str) {
        let Some(pending) = self.pending.get_mut(host) else {
            return;
        };
        pending.workers -= 1;
        if pending.workers > 0 {
            return;
        }
        match self.waiting.iter().position(|name| **name == *host) {
            Some(place) => {
                self.waiting.remove(place);
                self.pending.remove(host);
            }
            None => self.abandoned += 1,
        }
    }

    /// Ends a look-up with its answer.
    fn answer(&mut self, host: &str, found: Result<Addresses, LookupFailure>) {
        let answer = found.map_err(|failure| match &self.last_failure {
            Some(last) if **last == failure => Arc::clone(last),
            _ => Arc::clone(self.last_failure.insert(Arc::new(failure))),
        });
        self.cache.insert(host, answer, Instant::now());
        let ended = self.pending.remove(host);
        self.abandoned -= usize::from(ended.is_some_and(|pending| pending.workers == 0));
    }
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Only this file's code runs under the lock, so a poisoned one is still consistent.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up names until none has come for a while.
    fn look_up_all(&self) {
        let mut table = self.lock();
        loop {
            table = self.look_up_waiting(table);
            if table.is_closed {
                break;
            }
            table.idle += 1;
            let (woken, waited) = self
                .asked
                .wait_timeout(table, LINGER)
                .unwrap_or_else(PoisonError::into_inner);
            table = woken;
            table.idle -= 1;
            if waited.timed_out() && table.waiting.is_empty() {
                break;
            }
        }
        table.threads -= 1;
    }

    /// Looks up names until none waits.
    fn look_up_waiting<'a>(&'a self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        while let Some(host) = table.waiting.pop_front() {
            if let Some(pending) = table.pending.get(&host) {
                pending.began.get_or_init(Instant::now);
            }
            drop(table);
            let found = match (self.system)(&host) {
                Ok(addresses) if !addresses.is_empty() => Ok(Addresses::from(addresses)),
                Ok(_) => Err(LookupFailure {
                    reason: "the name has no addresses".to_owned(),
                    is_temporary: false,
                }),
                Err(failure) => Err(failure),
            };
            table = self.lock();
            table.answer(&host, found);
            self.answered.notify_all();
        }
        table
    }
}

/// Asks the system's resolver. Each address comes once, in the system's order, with port 0.
pub(super) fn ask_system(host: &str) -> Result<Vec<SocketAddr>, LookupFailure> {
    // As std's `to_socket_addrs` asks, whose error keeps no code of `getaddrinfo`'s.
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let mut addresses: Vec<SocketAddr> = Vec::new();
    // An entry of another family than IPv4 and IPv6 is an error, and no address to connect to.
    for info in getaddrinfo(Some(host), None, Some(hints))?.flatten() {
        if !addresses.contains(&info.sockaddr) {
            addresses.push(info.sockaddr);
        }
    }
    Ok(addresses)
}

impl From<LookupError> for LookupFailure {
    fn from(error: LookupError) -> Self {
        LookupFailure {
            is_temporary: matches!(error.kind(), LookupErrorKind::Again),
            reason: plain_reason(&error.to_string()),
        }
    }
}

/// `getaddrinfo`'s reason without the preamble.
fn plain_reason(message: &str) -> String {
    let reason = message
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(message);
    format!("the host name could not be resolved: {reason}")
}

impl Drop for Lookups {
    fn drop(&mut self) {
        // Threads are not joined: a look-up that hangs in the system may not keep the program from
        // ending.
        let mut table = self.names.lock();
        table.waiting.clear();
        table.is_closed = true;
        self.names.asked.notify_all();
    }
}
