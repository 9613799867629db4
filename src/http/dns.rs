//! Name look-ups, shared by all workers: one per host for a run.
//!
//! ureq asks for addresses on every request, pooled or not, so an answer must be cheap. Look-ups run
//! on threads of their own, because the system's resolver (`getaddrinfo`) cannot be interrupted: a
//! worker that gives up leaves a thread behind for as long as the system takes, never one thread per
//! request. There are no more of them than workers, so that no worker waits for a thread while others
//! wait for a name server. The worker whose request starts a look-up is charged its time; others that
//! want the same host wait for the same answer.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

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

/// ureq's room for addresses.
const MOST_ADDRESSES: usize = 16;

/// How names are turned into addresses.
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

/// One worker's view of the shared look-ups: ureq's resolver for its agent.
#[derive(Debug)]
pub(super) struct WorkerResolver {
    dns: Arc<Dns>,
    clock: Arc<RequestClock>,
    /// The last answer, and what it was an answer to: good for the whole run, as all answers are.
    last: Mutex<Option<Answer>>,
}

#[derive(Debug)]
struct Answer {
    is_https: bool,
    authority: Authority,
    addresses: ResolvedSocketAddrs,
}

impl WorkerResolver {
    pub(super) fn new(dns: Arc<Dns>, clock: Arc<RequestClock>) -> Self {
        WorkerResolver {
            dns,
            clock,
            last: Mutex::new(None),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Answer>> {
        // Whole values only are put there.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for WorkerResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // Through a proxy, the proxy is what is connected to.
        let proxy = self.clock.proxy();
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        if let (None, Some(last)) = (&proxy, &*self.last())
            && last.is_https == is_https
            && uri.authority() == Some(&last.authority)
        {
            return Ok(last.addresses.clone());
        }
        let mut resolved = self.empty();
        let (host, port) = match &proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => authority(uri)?,
        };
        let addresses = match self.dns.pinned(host, port) {
            None => self.dns.addresses(host, &self.clock)?,
            Some(given) => {
                let given = Arc::from(given);
                self.dns.of_family(given, host, &self.clock)?
            }
        };
        for address in addresses.iter().take(MOST_ADDRESSES) {
            resolved.push(SocketAddr::new(*address, port));
        }
        if let (None, Some(authority)) = (&proxy, uri.authority()) {
            *self.last() = Some(Answer {
                is_https,
                authority: authority.clone(),
                addresses: resolved.clone(),
            });
        }
        Ok(resolved)
    }
}

/// The host and port that a request's URI names, the host with the brackets of an IPv6 address.
pub(super) fn authority(uri: &Uri) -> Result<(&str, u16), ureq::Error> {
    let host = uri
        .host()
        .ok_or_else(|| ureq::Error::BadUri("the URL has no host".to_owned()))?;
    let default = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    Ok((host, uri.port_u16().unwrap_or(default)))
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::pool::StopToken;

    /// A resolver that says which names it was asked for, and answers each with what is sent for it.
    fn scripted(lookups: usize) -> (Arc<Dns>, Receiver<String>, Sender<()>) {
        let (asked, names) = channel();
        let (leave, given) = channel();
        let given = Mutex::new(given);
        let config = DnsConfig {
            lookups,
            ..DnsConfig::default()
        };
        let system = move |name: &str| {
            asked.send(name.to_owned()).expect("the test listens");
            // The test's end lets everybody go.
            let _ = given.lock().expect("nobody panics with it").recv();
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
        };
        (Arc::new(Dns::with(config, Box::new(system))), names, leave)
    }

    /// Look-ups that all fail in one way, and the number of times that the resolver was asked.
    fn failing(is_temporary: bool) -> (Dns, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let system = move |_: &str| {
            count.fetch_add(1, Ordering::SeqCst);
            Err(LookupFailure {
                reason: "no".to_owned(),
                is_temporary,
            })
        };
        (Dns::with(DnsConfig::default(), Box::new(system)), asked)
    }

    /// Looks the name up once, with a clock of its own, and returns the fault.
    fn fault(dns: &Dns) -> Option<Fault> {
        let clock = RequestClock::new(StopToken::new());
        assert!(dns.lookup("host", &clock).is_err());
        clock.finish(Instant::now()).fault
    }

    /// The time for which the failure stays in the cache.
    fn lifetime(dns: &Dns) -> Duration {
        match dns.names.lock().entries.get("host") {
            Some(Entry::Failed(_, until)) => *until - Instant::now(),
            _ => panic!("the failure is not in the cache"),
        }
    }

    /// Lets that time pass.
    fn expire(dns: &Dns) {
        match dns.names.lock().entries.get_mut("host") {
            Some(Entry::Failed(_, until)) => *until = Instant::now(),
            _ => panic!("the failure is not in the cache"),
        }
    }

    #[test]
    fn a_failed_look_up_is_not_repeated_within_its_time() {
        let no = || "no".to_owned();
        for (is_temporary, expected, longest) in [
            (false, Fault::NameNotFound(no()), FAILURE_LIFETIME),
            (true, Fault::LookupAgain(no()), TEMPORARY_FAILURE_LIFETIME),
        ] {
            let (dns, asked) = failing(is_temporary);
            for _ in 0..10 {
                assert_eq!(fault(&dns), Some(expected.clone()));
                // Long before its end, however slow the machine is.
                if lifetime(&dns) > longest / 2 {
                    assert_eq!(asked.load(Ordering::SeqCst), 1, "{expected:?}");
                }
            }
            assert!(lifetime(&dns) <= longest, "{expected:?}");
            expire(&dns);
            let before = asked.load(Ordering::SeqCst);
            assert_eq!(fault(&dns), Some(expected.clone()));
            assert_eq!(asked.load(Ordering::SeqCst), before + 1, "{expected:?}");
        }
    }

    #[test]
    fn all_who_ask_at_once_share_a_temporary_failure() {
        let (dns, asked) = failing(true);
        let dns = Arc::new(dns);
        let together = Arc::new(Barrier::new(8));
        let workers = (0..8).map(|_| {
            let (dns, together) = (Arc::clone(&dns), Arc::clone(&together));
            thread::spawn(move || {
                together.wait();
                fault(&dns)
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            let fault = worker.join().expect("a look-up does not panic");
            assert_eq!(fault, Some(Fault::LookupAgain("no".to_owned())));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    /// The codes are those of Linux, the same in glibc and musl.
    #[test]
    #[cfg(target_os = "linux")]
    fn only_eai_again_is_temporary() {
        for (code, is_temporary) in [(-2, false), (-3, true), (-4, false), (-10, false)] {
            let failure = LookupFailure::from(LookupError::new(code));
            assert_eq!(failure.is_temporary, is_temporary, "{code}: {failure:?}");
            let words = "the host name could not be resolved: ";
            assert!(failure.reason.starts_with(words), "{failure:?}");
            assert!(
                !failure.reason.contains("address information"),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn the_system_gives_each_address_once() {
        let found = ask_system("localhost").expect("every system knows it");
        assert!(!found.is_empty());
        for (position, address) in found.iter().enumerate() {
            assert!(address.is_loopback(), "{found:?}");
            assert!(!found[..position].contains(address), "{found:?}");
        }
    }

    /// Looks up so many names, each on a thread of its own.
    fn look_up(dns: &Arc<Dns>, names: usize) -> Vec<thread::JoinHandle<bool>> {
        (0..names)
            .map(|number| {
                let dns = Arc::clone(dns);
                thread::spawn(move || {
                    let clock = RequestClock::new(StopToken::new());
                    dns.lookup(&format!("host{number}"), &clock).is_ok()
                })
            })
            .collect()
    }

    #[test]
    fn as_many_names_are_looked_up_at_once_as_there_are_workers() {
        for (workers, at_once) in [(1, 16), (40, 40), (2000, 512)] {
            let (dns, asked, leave) = scripted(workers);
            let lookups = look_up(&dns, at_once + 8);
            for number in 0..at_once {
                let name = asked.recv_timeout(Duration::from_secs(60));
                assert!(name.is_ok(), "{workers} workers: only {number} at once");
            }
            // All the others are in the queue, or on their way there, and no further one is begun.
            let is_full = || dns.names.lock().waiting.len() == 8;
            while !is_full() {
                thread::yield_now();
            }
            assert_eq!(dns.names.lock().threads, at_once, "{workers} workers");
            let further = asked.try_recv();
            assert!(further.is_err(), "{workers} workers: more than {at_once}");
            drop(leave);
            for lookup in lookups {
                assert!(lookup.join().expect("a look-up does not panic"));
            }
        }
    }

    #[test]
    fn names_that_nobody_waits_for_any_more_hold_up_no_others() {
        let (dns, asked, leave) = scripted(16);
        // As many as there are places, and more than that in the queue: every worker gives up.
        let (stop, count) = (StopToken::new(), LEAST_THREADS + 8);
        let workers: Vec<_> = (0..count)
            .map(|number| {
                let (dns, stop) = (Arc::clone(&dns), stop.clone());
                thread::spawn(move || {
                    let clock = RequestClock::new(stop);
                    dns.lookup(&format!("dead{number}"), &clock).is_err()
                })
            })
            .collect();
        for number in 0..LEAST_THREADS {
            let name = asked.recv_timeout(Duration::from_secs(60));
            assert!(name.is_ok(), "only {number} at once");
        }
        while dns.names.lock().waiting.len() < count - LEAST_THREADS {
            thread::yield_now();
        }
        stop.stop();
        for worker in workers {
            assert!(worker.join().expect("a look-up does not panic"));
        }
        let counts = |table: &Table| (table.threads, table.abandoned, table.waiting.len());
        assert_eq!(counts(&dns.names.lock()), (LEAST_THREADS, LEAST_THREADS, 0));
        let good = look_up(&dns, LEAST_THREADS);
        for number in 0..LEAST_THREADS {
            let name = asked
                .recv_timeout(Duration::from_secs(60))
                .unwrap_or_default();
            assert!(name.starts_with("host"), "{number}: {name}");
        }
        drop(leave);
        for lookup in good {
            assert!(lookup.join().expect("a look-up does not panic"));
        }
        while dns.names.lock().abandoned > 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn an_idle_thread_takes_the_next_name() {
        let (dns, asked, leave) = scripted(16);
        let clock = RequestClock::new(StopToken::new());
        drop(leave);
        for number in 0..1000 {
            let host = format!("host{number}");
            assert!(dns.lookup(&host, &clock).is_ok(), "{host}");
            let is_idle = |table: &Table| table.idle == table.threads;
            while !is_idle(&dns.names.lock()) {
                thread::yield_now();
            }
            assert!(dns.names.lock().threads <= 1, "{host}");
        }
        assert_eq!(asked.try_iter().count(), 1000);
    }

    #[test]
    fn the_end_of_a_run_ends_idle_threads() {
        let (dns, _asked, leave) = scripted(16);
        drop(leave);
        for lookup in look_up(&dns, 8) {
            assert!(lookup.join().expect("a look-up does not panic"));
        }
        let names = Arc::clone(&dns.names);
        drop(dns);
        while names.lock().threads > 0 {
            thread::yield_now();
        }
    }
}
