//! Name look-ups, shared by all workers: one per host for a run.
//!
//! ureq asks for addresses on every request, pooled or not, so an answer must be cheap. Look-ups run
//! on threads of their own, because the system's resolver (`getaddrinfo`) cannot be interrupted: a
//! worker that gives up leaves a thread behind for as long as the system takes, never one thread per
//! request. Those that a worker still waits for are as many as the workers at most, so no worker waits
//! for a thread while others wait for a name server. The worker whose request starts a look-up is charged its time; others that
//! want the same host wait for the same answer.

mod resolver;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
pub(super) use resolver::authority;

use super::fault::Fault;
use super::request_clock::RequestClock;

/// The time for which a failed look-up is cached (a negative cache) and shared by all who ask.
const FAILURE_LIFETIME: Duration = Duration::from_secs(5);

/// The same for a look-up that failed temporarily (`EAI_AGAIN`). A retry has to wait for this long at
/// least, or it only meets the cached failure.
pub const TEMPORARY_FAILURE_LIFETIME: Duration = Duration::from_secs(1);

/// Look-ups under way at once, at least: a few names whose servers never answer hold up nobody.
const LEAST_THREADS: usize = 16;

/// And at most: each has a socket of its own, and name servers limit the rate of their clients.
const MOST_THREADS: usize = 512;

/// The stack of a look-up's thread: what the C library's resolver and its plug-ins need, and room to
/// spare. It costs address space only.
const STACK: usize = 512 * 1024;

/// A thread without work waits so long for some before it ends.
const LINGER: Duration = Duration::from_secs(1);

/// The settings of name look-ups.
#[derive(Debug, Clone, Default)]
pub struct DnsConfig {
    /// Only addresses of this family are used.
    pub family: Option<Family>,
    /// Addresses given by the user, by host and port, instead of a look-up.
    pub pinned: HashMap<(String, u16), Vec<IpAddr>>,
    /// Look-ups that may be under way at once, as many as there are workers; at least 16 and at most
    /// 512 are.
    pub lookups: usize,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The look-ups of one run.
pub(super) struct Dns {
    config: DnsConfig,
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

/// The system's resolver, or what a test puts in its place.
type SystemResolver = Box<dyn Fn(&str) -> Result<Vec<IpAddr>, LookupFailure> + Send + Sync>;

/// The failure of one look-up.
#[derive(Debug, Clone)]
struct LookupFailure {
    reason: String,
    /// Set for `EAI_AGAIN`: the name server could not answer in time, and may the next time.
    is_temporary: bool,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Arc<str>, Entry>,
    /// Names whose look-up has not begun.
    waiting: VecDeque<Arc<str>>,
    /// Threads that take names from there, and those of them that wait for one.
    threads: usize,
    idle: usize,
    /// Look-ups under way that no worker waits for any more. The system's resolver cannot be
    /// interrupted, so a dead name server keeps their threads for as long as it pleases.
    abandoned: usize,
    is_closed: bool,
}

enum Entry {
    /// Not answered yet; so many workers wait.
    Pending(usize),
    Known(Arc<[IpAddr]>),
    Failed(LookupFailure, Instant),
}

impl Dns {
    pub(super) fn new(config: DnsConfig) -> Self {
        Self::with(config, Box::new(ask_system))
    }

    fn with(config: DnsConfig, system: SystemResolver) -> Self {
        Dns {
            config,
            names: Arc::new(Names {
                table: Mutex::default(),
                answered: Condvar::new(),
                asked: Condvar::new(),
                system,
            }),
        }
    }

    /// The addresses that the user has given for a host and port, instead of a look-up.
    pub(super) fn pinned(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        if self.config.pinned.is_empty() {
            return None;
        }
        let given = self.config.pinned.get(&(host.to_owned(), port));
        given.map(Vec::as_slice)
    }

    /// The addresses of a host as a URL has it, a numeric one among them.
    pub(super) fn addresses(
        &self,
        host: &str,
        clock: &RequestClock,
    ) -> Result<Arc<[IpAddr]>, ureq::Error> {
        let found = match literal(host) {
            Some(address) => Arc::from([address]),
            None => self.lookup(host, clock)?,
        };
        self.of_family(found, host, clock)
    }

    /// Those of the host's addresses that are of the wanted family.
    fn of_family(
        &self,
        found: Arc<[IpAddr]>,
        host: &str,
        clock: &RequestClock,
    ) -> Result<Arc<[IpAddr]>, ureq::Error> {
        let wanted = |address: &IpAddr| match self.config.family {
            None => true,
            Some(Family::V4) => address.is_ipv4(),
            Some(Family::V6) => address.is_ipv6(),
        };
        if found.iter().all(wanted) {
            return Ok(found);
        }
        let kept: Arc<[IpAddr]> = found.iter().copied().filter(wanted).collect();
        if kept.is_empty() {
            let (option, version) = match self.config.family {
                Some(Family::V4) => ("-4", "IPv4"),
                _ => ("-6", "IPv6"),
            };
            let reason = format!("{host} has no {version} address ({option})");
            return Err(clock.fail(Fault::NameNotFound(reason)));
        }
        Ok(kept)
    }

    /// The addresses of `host`, looked up at most once, waiting no longer than the clock allows.
    fn lookup(&self, host: &str, clock: &RequestClock) -> Result<Arc<[IpAddr]>, ureq::Error> {
        let mut asked = false;
        let mut waits = false;
        let mut table = self.names.lock();
        loop {
            match table.entries.get_mut(host) {
                Some(Entry::Known(addresses)) => {
                    let addresses = Arc::clone(addresses);
                    drop(table);
                    if asked {
                        clock.lookup_ended();
                    }
                    return Ok(addresses);
                }
                Some(Entry::Failed(failure, until)) if asked || Instant::now() < *until => {
                    return Err(clock.fail(failure.clone().into()));
                }
                Some(Entry::Pending(waiting)) => {
                    if !waits {
                        waits = true;
                        *waiting += 1;
                        let was_abandoned = *waiting == 1;
                        table.abandoned -= usize::from(was_abandoned);
                    }
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
                }
                Some(Entry::Failed(..)) | None => {
                    (asked, waits) = (true, true);
                    clock.lookup_started();
                    table = self.ask(table, Arc::from(host));
                }
            }
        }
    }

    /// Has a name looked up for one worker, by a thread that is idle or else by a new one.
    fn ask<'a>(
        &'a self,
        mut table: MutexGuard<'a, Table>,
        host: Arc<str>,
    ) -> MutexGuard<'a, Table> {
        table.entries.insert(Arc::clone(&host), Entry::Pending(1));
        table.waiting.push_back(host);
        // An idle thread that has been woken still counts as idle until it takes its name.
        if table.waiting.len() <= table.idle {
            self.names.asked.notify_one();
            return table;
        }
        // Names that nobody waits for any more take no place from those that somebody does.
        let wanted = self.config.lookups.max(LEAST_THREADS);
        if table.threads >= (wanted + table.abandoned).min(MOST_THREADS) {
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
        let Some(Entry::Pending(waiting)) = self.entries.get_mut(host) else {
            return;
        };
        *waiting -= 1;
        if *waiting > 0 {
            return;
        }
        match self.waiting.iter().position(|name| **name == *host) {
            Some(place) => {
                self.waiting.remove(place);
                self.entries.remove(host);
            }
            None => self.abandoned += 1,
        }
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
            drop(table);
            let entry = match (self.system)(&host) {
                Ok(addresses) if !addresses.is_empty() => Entry::Known(addresses.into()),
                Ok(_) => Entry::failed(LookupFailure {
                    reason: "the name has no addresses".to_owned(),
                    is_temporary: false,
                }),
                Err(failure) => Entry::failed(failure),
            };
            table = self.lock();
            let before = table.entries.insert(host, entry);
            table.abandoned -= usize::from(matches!(before, Some(Entry::Pending(0))));
            self.answered.notify_all();
        }
        table
    }
}

/// Each address once, in the system's order.
fn ask_system(host: &str) -> Result<Vec<IpAddr>, LookupFailure> {
    // As std's `to_socket_addrs` asks, whose error keeps no code of `getaddrinfo`'s.
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    // An entry of another family than IPv4 and IPv6 is an error, and no address to connect to.
    for info in getaddrinfo(Some(host), None, Some(hints))?.flatten() {
        let address = info.sockaddr.ip();
        if !addresses.contains(&address) {
            addresses.push(address);
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

impl From<LookupFailure> for Fault {
    fn from(failure: LookupFailure) -> Self {
        if failure.is_temporary {
            Fault::LookupAgain(failure.reason)
        } else {
            Fault::NameNotFound(failure.reason)
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

impl Entry {
    fn failed(failure: LookupFailure) -> Self {
        let lifetime = if failure.is_temporary {
            TEMPORARY_FAILURE_LIFETIME
        } else {
            FAILURE_LIFETIME
        };
        Entry::Failed(failure, Instant::now() + lifetime)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        // Threads are not joined: a look-up that hangs in the system may not keep the program from
        // ending.
        let mut table = self.names.lock();
        table.waiting.clear();
        table.is_closed = true;
        self.names.asked.notify_all();
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

/// The address that a numeric host is: no look-up then.
fn literal(host: &str) -> Option<IpAddr> {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        // A proxy's IPv6 address stands without brackets.
        None => host.parse::<IpAddr>().ok(),
    }
}
