//! Hosts that need no look-up: numeric ones, with or without a zone, and the names of the loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use dns_lookup::getaddrinfo;

/// The beginning of a zone in a URL (RFC 6874).
const ZONE_MARK: &str = "%25";

/// The addresses of `localhost` and everything below it (RFC 6761, 6.3), in the order of browsers.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::LOCALHOST),
];

/// A zone that names no network interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no network interface \"{0}\" on this machine, which the address names as its zone"
)]
pub(super) struct UnknownZone(String);

/// The addresses of a host that needs no look-up; `None` for other names. Their port is 0.
pub(super) fn known_addresses(host: &str) -> Result<Option<Vec<SocketAddr>>, UnknownZone> {
    if is_loopback_name(host) {
        return Ok(Some(LOOPBACK.map(with_no_port).to_vec()));
    }
    let bare = without_brackets(host);
    let address = match bare.split_once(ZONE_MARK) {
        Some((address, zone)) => match address.parse() {
            Ok(address) => SocketAddrV6::new(address, 0, 0, scope_id(zone)?).into(),
            Err(_) => return Ok(None),
        },
        None => match bare.parse() {
            Ok(address) => with_no_port(address),
            Err(_) => return Ok(None),
        },
    };
    Ok(Some(vec![address]))
}

/// The host as others know it: a zone means something on this machine only (RFC 6874, 4).
pub(in crate::http) fn without_zone(host: &str) -> String {
    match host.split_once(ZONE_MARK) {
        Some((address, _)) if host.starts_with('[') => format!("{address}]"),
        Some((address, _)) => address.to_owned(),
        None => host.to_owned(),
    }
}

/// The host without the brackets of an IPv6 address. A proxy's has none.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host)
}

fn with_no_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}

/// True for `localhost` and all names below it, with or without the dot of the root, in any case.
fn is_loopback_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let (below, name) = match host.rsplit_once('.') {
        Some((below, name)) => (Some(below), name),
        None => (None, host),
    };
    name.eq_ignore_ascii_case("localhost") && below.is_none_or(|below| !below.is_empty())
}

/// The number of a zone: itself, or the index of the interface with this name.
fn scope_id(zone: &str) -> Result<u32, UnknownZone> {
    if let Ok(number) = zone.parse() {
        return Ok(number);
    }
    // getaddrinfo is the one portable way to an interface's index without `unsafe`. It knows zones of
    // link-local addresses only, of which this is any.
    let known = getaddrinfo(Some(&format!("fe80::1%{zone}")), None, None);
    known
        .ok()
        .and_then(|mut found| found.find_map(Result::ok))
        .and_then(|info| match info.sockaddr {
            SocketAddr::V6(address) if address.scope_id() != 0 => Some(address.scope_id()),
            _ => None,
        })
        .ok_or_else(|| UnknownZone(zone.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(host: &str) -> Option<Vec<String>> {
        let known = known_addresses(host).expect("it names no unknown zone");
        known.map(|all| all.iter().map(|each| each.ip().to_string()).collect())
    }

    #[test]
    fn localhost_and_all_below_it_is_the_loopback_of_both_families() {
        for host in [
            "localhost",
            "localhost.",
            "LOCALHOST",
            "LocalHost.",
            "app.localhost",
            "a.b.localhost.",
            "A.LOCALHOST",
        ] {
            let expected = vec!["::1".to_owned(), "127.0.0.1".to_owned()];
            assert_eq!(shown(host), Some(expected), "{host}");
        }
        for host in [
            "localhost..",
            ".localhost",
            "notlocalhost",
            "localhost.example",
            "localhost.localdomain",
            "local.host",
            "",
            ".",
        ] {
            assert_eq!(shown(host), None, "{host}");
        }
    }

    #[test]
    fn a_numeric_host_is_its_own_address() {
        for (host, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[fe80::1%251]", "fe80::1"),
        ] {
            assert_eq!(shown(host), Some(vec![address.to_owned()]), "{host}");
        }
        for host in ["example.com", "1.2.3", "[::1", "[::1%25]x", "a%25b"] {
            assert_eq!(shown(host), None, "{host}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_zone_is_the_number_or_the_name_of_an_interface() {
        let scope = |host: &str| match known_addresses(host) {
            Ok(Some(found)) => match found[..] {
                [SocketAddr::V6(address)] => Ok(address.scope_id()),
                _ => panic!("{host} is {found:?}"),
            },
            Ok(None) => panic!("{host} is taken for a name"),
            Err(unknown) => Err(unknown.to_string()),
        };
        assert_eq!(scope("[fe80::1%2542]"), Ok(42));
        assert_eq!(scope("[fe80::1]"), Ok(0));
        // Linux has this interface in every network namespace, up or down, and numbers it 1.
        assert_eq!(scope("[fe80::1%25lo]"), Ok(1));
        assert_eq!(scope("[::1%25lo]"), Ok(1));
        let reason = scope("[fe80::1%25nothere0]").expect_err("it is no interface");
        assert!(reason.contains("\"nothere0\""), "{reason}");
    }

    #[test]
    fn others_are_told_a_host_without_its_zone() {
        for (host, told) in [
            ("[fe80::1%25eth0]", "[fe80::1]"),
            ("fe80::1%25eth0", "fe80::1"),
            ("[fe80::1]", "[fe80::1]"),
            ("example.com", "example.com"),
        ] {
            assert_eq!(without_zone(host), told);
        }
    }
}
