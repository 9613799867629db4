//! Name look-ups, shared by all workers of a run.
//!
//! An address is the user's (`pinned`), or known without a look-up (`host`), or the answer of a look-up
//! that is remembered (`cache`), or looked up (`lookups`). Look-ups run on threads of their own, because
//! the system's resolver (`getaddrinfo`) cannot be interrupted.

mod cache;
mod host;
mod lookups;
mod pinned;
mod resolver;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub(super) use host::without_zone;
pub use pinned::{PinnedAddresses, PinnedHost};
pub(super) use resolver::authority;

use super::fault::Fault;
use super::request_clock::RequestClock;
use host::known_addresses;
use lookups::{Lookups, SystemResolver, ask_system};

/// The time for which a look-up that failed temporarily (`EAI_AGAIN`) is cached, and shared by all who
/// ask. A retry has to wait for this long at least, or it only meets the cached failure.
pub const TEMPORARY_FAILURE_LIFETIME: Duration = Duration::from_secs(1);

/// The settings of name look-ups.
#[derive(Debug, Clone, Default)]
pub struct DnsConfig {
    /// Only addresses of this family are used.
    pub family: Option<Family>,
    /// Addresses given by the user, instead of a look-up.
    pub pinned: PinnedAddresses,
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
    lookups: Lookups,
}

/// The addresses of a name, with port 0. Most names have one, which needs no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Addresses {
    One(IpAddr),
    Several(Arc<[IpAddr]>),
    /// Link-local ones, with their zones.
    Scoped(Arc<[SocketAddr]>),
}

/// The failure of one look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LookupFailure {
    reason: String,
    /// Set for `EAI_AGAIN`: the name server could not answer in time, and may the next time.
    is_temporary: bool,
}

impl Dns {
    pub(super) fn new(config: DnsConfig) -> Self {
        Self::with(config, Box::new(ask_system))
    }

    fn with(config: DnsConfig, system: SystemResolver) -> Self {
        Dns {
            lookups: Lookups::new(config.lookups, system),
            config,
        }
    }

    /// The addresses to connect to for a host as a URL has it (an IPv6 address in brackets, perhaps with
    /// a zone) or as a proxy has it (without them), of the wanted family. There is one at least.
    ///
    /// # Errors
    ///
    /// If there is none, or a limit of the request is exceeded. The fault is kept on the clock.
    pub(super) fn resolve(
        &self,
        host: &str,
        port: u16,
        clock: &RequestClock,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let found = match self.config.pinned.get(host, port) {
            Some(given) => given.iter().map(|ip| SocketAddr::new(*ip, 0)).collect(),
            None => match known_addresses(host) {
                Ok(Some(known)) => known,
                Ok(None) => self.lookups.look_up(host, clock)?.to_vec(),
                Err(unknown) => return Err(clock.fail(Fault::NameNotFound(unknown.to_string()))),
            },
        };
        let mut found = self.of_family(found, host, clock)?;
        for address in &mut found {
            address.set_port(port);
        }
        Ok(found)
    }

    /// True if the user gives addresses for a host and port.
    pub(super) fn is_pinned(&self, host: &str, port: u16) -> bool {
        self.config.pinned.get(host, port).is_some()
    }

    /// Notes that none of a host's addresses connects, so that the next request looks it up anew, if its
    /// answer is more than a second old.
    pub(super) fn forget(&self, host: &str) {
        self.lookups.forget(host);
    }

    /// Those of the host's addresses that are of the wanted family.
    fn of_family(
        &self,
        mut found: Vec<SocketAddr>,
        host: &str,
        clock: &RequestClock,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let (option, version) = match self.config.family {
            None => return Ok(found),
            Some(Family::V4) => ("-4", "IPv4"),
            Some(Family::V6) => ("-6", "IPv6"),
        };
        found.retain(|address| address.is_ipv4() == (version == "IPv4"));
        if found.is_empty() {
            let reason = format!("{host} has no {version} address ({option})");
            return Err(clock.fail(Fault::NameNotFound(reason)));
        }
        Ok(found)
    }
}

impl Addresses {
    fn to_vec(&self) -> Vec<SocketAddr> {
        let plain = |ip: &IpAddr| SocketAddr::new(*ip, 0);
        match self {
            Addresses::One(ip) => vec![plain(ip)],
            Addresses::Several(all) => all.iter().map(plain).collect(),
            Addresses::Scoped(all) => all.to_vec(),
        }
    }
}

impl From<Vec<SocketAddr>> for Addresses {
    fn from(all: Vec<SocketAddr>) -> Self {
        let has_zone =
            |each: &SocketAddr| matches!(each, SocketAddr::V6(address) if address.scope_id() != 0);
        match &all[..] {
            _ if all.iter().any(has_zone) => Addresses::Scoped(all.into()),
            [one] => Addresses::One(one.ip()),
            several => Addresses::Several(several.iter().map(SocketAddr::ip).collect()),
        }
    }
}

impl From<&LookupFailure> for Fault {
    fn from(failure: &LookupFailure) -> Self {
        let reason = failure.reason.clone();
        if failure.is_temporary {
            Fault::LookupAgain(reason)
        } else {
            Fault::NameNotFound(reason)
        }
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}
