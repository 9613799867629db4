//! Name look-ups, shared by all workers: one per host for a run.
//!
//! ureq asks for addresses on every request, pooled or not, so an answer must be cheap. Look-ups run
//! on a small pool of their own, because the system's resolver cannot be interrupted: a worker that
//! gives up leaves a thread of that pool behind for as long as the system takes, never one thread
//! per request. The worker whose request starts a look-up is charged its time; others that want the
//! same host wait for the same answer.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::meter::{Fault, Meter};
use crate::pool::{Pool, Worker};

/// A failed look-up is not repeated for this long.
const FAILURE_LIFETIME: Duration = Duration::from_secs(5);

/// Look-ups under way at once: what system resolvers comfortably bear.
const LOOKUPS_AT_ONCE: usize = 16;

/// ureq's room for addresses.
const MOST_ADDRESSES: usize = 16;

/// How names are turned into addresses.
#[derive(Debug, Clone, Default)]
pub struct DnsConfig {
    /// Only addresses of this family are used.
    pub family: Option<Family>,
    /// Addresses given by the user, by host and port, instead of a look-up.
    pub pinned: HashMap<(String, u16), Vec<IpAddr>>,
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
    /// Made for the first name: many runs have numeric hosts only.
    pool: OnceLock<Pool>,
}

#[derive(Default)]
struct Names {
    table: Mutex<Table>,
    changed: Condvar,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Arc<str>, Entry>,
    /// Names whose look-up has not begun. Here rather than in the pool's queue, which has an end: more
    /// may be left by workers that gave up than any queue should hold.
    waiting: VecDeque<Arc<str>>,
    /// Threads that take names from there.
    lookers: usize,
}

enum Entry {
    Pending,
    Known(Arc<[IpAddr]>),
    Failed { reason: String, until: Instant },
}

impl Dns {
    pub(super) fn new(config: DnsConfig) -> Self {
        Dns {
            config,
            names: Arc::default(),
            pool: OnceLock::new(),
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
        meter: &Meter,
    ) -> Result<Arc<[IpAddr]>, ureq::Error> {
        let found = match literal(host) {
            Some(address) => Arc::from([address]),
            None => self.lookup(host, meter)?,
        };
        self.of_family(found, host, meter)
    }

    /// Those of the host's addresses that are of the wanted family.
    fn of_family(
        &self,
        found: Arc<[IpAddr]>,
        host: &str,
        meter: &Meter,
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
            return Err(meter.fail(Fault::NameNotFound(reason)));
        }
        Ok(kept)
    }

    /// The addresses of `host`, looked up at most once, waiting no longer than the meter allows.
    fn lookup(&self, host: &str, meter: &Meter) -> Result<Arc<[IpAddr]>, ureq::Error> {
        let mut asked = false;
        let mut table = self.names.lock();
        loop {
            match table.entries.get(host) {
                Some(Entry::Known(addresses)) => {
                    let addresses = Arc::clone(addresses);
                    drop(table);
                    if asked {
                        meter.lookup_ended();
                    }
                    return Ok(addresses);
                }
                Some(Entry::Failed { reason, until }) if asked || Instant::now() < *until => {
                    let fault = Fault::NameNotFound(reason.clone());
                    return Err(meter.fail(fault));
                }
                Some(Entry::Pending) => {
                    let tick = meter.check()?;
                    table = self
                        .names
                        .changed
                        .wait_timeout(table, tick)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
                Some(Entry::Failed { .. }) | None => {
                    asked = true;
                    meter.lookup_started();
                    self.ask(&mut table, Arc::from(host));
                }
            }
        }
    }

    fn ask(&self, table: &mut Table, host: Arc<str>) {
        table.entries.insert(Arc::clone(&host), Entry::Pending);
        table.waiting.push_back(host);
        if table.lookers == LOOKUPS_AT_ONCE {
            return;
        }
        table.lookers += 1;
        let names = Arc::clone(&self.names);
        let pool = self.pool.get_or_init(|| {
            Pool::builder()
                .workers(LOOKUPS_AT_ONCE)
                .queue(LOOKUPS_AT_ONCE)
                .name("pfetch-dns")
                .build()
        });
        drop(pool.submit(move |_: &mut Worker, ()| names.look_up_all(), ()));
    }
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Only this file's code runs under the lock, so a poisoned one is still consistent.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up names until none waits.
    fn look_up_all(&self) {
        let mut table = self.lock();
        while let Some(host) = table.waiting.pop_front() {
            drop(table);
            let entry = look_up(&host);
            table = self.lock();
            table.entries.insert(host, entry);
            self.changed.notify_all();
        }
        table.lookers -= 1;
    }
}

fn look_up(host: &str) -> Entry {
    let found = (host, 0).to_socket_addrs().map(|found| {
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in found.map(|socket| socket.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    });
    match found {
        Ok(addresses) if !addresses.is_empty() => Entry::Known(addresses.into()),
        Ok(_) => Entry::failed("the name has no addresses".to_owned()),
        Err(error) => Entry::failed(plain_reason(&error.to_string())),
    }
}

/// `getaddrinfo`'s reason without the standard library's preamble.
fn plain_reason(message: &str) -> String {
    let reason = message
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(message);
    format!("the host name could not be resolved: {reason}")
}

impl Entry {
    fn failed(reason: String) -> Self {
        Entry::Failed {
            reason,
            until: Instant::now() + FAILURE_LIFETIME,
        }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            self.names.lock().waiting.clear();
            pool.stop();
            // A look-up that hangs in the system may not keep the program from ending.
            let _ = pool.shutdown(Duration::ZERO);
        }
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
    meter: Arc<Meter>,
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
    pub(super) fn new(dns: Arc<Dns>, meter: Arc<Meter>) -> Self {
        WorkerResolver {
            dns,
            meter,
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
        let proxy = self.meter.proxy();
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
            None => self.dns.addresses(host, &self.meter)?,
            Some(given) => {
                let given = Arc::from(given);
                self.dns.of_family(given, host, &self.meter)?
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
