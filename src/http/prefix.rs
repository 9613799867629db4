//! Prefixes of addresses (CIDR).

use std::net::IpAddr;

/// True if `address` begins with the first `bits` bits of `network`. Addresses of the other family do
/// not; more bits than an address has count as all of them.
pub(super) fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    let bits = u32::from(bits).min(width);
    bits == 0 || (address ^ network) >> (width - bits) == 0
}
