//! Publicly routable addresses, to which `--block-private` limits connections.
//!
//! Source: IANA's IPv4 and IPv6 Special-Purpose Address Registries. A block of protocol assignments
//! counts as not public as a whole, though a few addresses in it are globally reachable: they belong to
//! protocols, and none is a web server's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::prefix;

/// The IPv4 blocks that are not publicly routable.
const SPECIAL_V4: &[(Ipv4Addr, u8)] = &[
    // This network (RFC 791).
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private use (RFC 1918).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared address space of carriers (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback (RFC 1122).
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local (RFC 3927), where clouds serve their credentials.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments (RFC 6890).
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation (RFC 5737).
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // The former 6to4 relays (RFC 7526).
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarking (RFC 2544).
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast (RFC 5771), and reserved (RFC 1112) with the broadcast address.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The global unicast addresses of IPv6 (RFC 4291). Everything outside is not publicly routable:
/// loopback, unique local, link-local, multicast, 64:ff9b:1::/48, 100::/64, 100:0:0:1::/64, 5f00::/16.
const UNICAST_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The IPv6 blocks in [`UNICAST_V6`] that are not publicly routable.
const SPECIAL_V6: &[(Ipv6Addr, u8)] = &[
    // Protocol assignments (RFC 2928): Teredo 2001::/32, benchmarking 2001:2::/48, ORCHID 2001:10::/28
    // and 2001:20::/28, drone remote identification 2001:30::/28, and others.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation (RFC 3849, RFC 9637).
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// True if an address is publicly routable: not loopback, private, link-local, shared, unique local,
/// multicast, reserved or documentation, nor an IPv6 address that embeds one of these.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4
        .iter()
        .any(|(network, bits)| prefix::contains((*network).into(), *bits, address.into()))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = match address.segments() {
        // IPv4-mapped (::ffff:a.b.c.d), IPv4-compatible (::a.b.c.d), and translated (64:ff9b::/96).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some((high, low))
        }
        // 6to4.
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        return is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    let is_in = |(network, bits): &(Ipv6Addr, u8)| {
        prefix::contains((*network).into(), *bits, address.into())
    };
    is_in(&UNICAST_V6) && !SPECIAL_V6.iter().any(is_in)
}

#[cfg(test)]
mod tests;
