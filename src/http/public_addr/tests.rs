//! The tests of `public_addr`.

use super::*;

/// The registered blocks by their first and last addresses, and the neighbours of each that are
/// public.
const BLOCKS: &[(&str, &str, &[&str])] = &[
    ("0.0.0.0", "0.255.255.255", &["1.0.0.0"]),
    ("10.0.0.0", "10.255.255.255", &["9.255.255.255", "11.0.0.0"]),
    (
        "100.64.0.0",
        "100.127.255.255",
        &["100.63.255.255", "100.128.0.0"],
    ),
    (
        "127.0.0.0",
        "127.255.255.255",
        &["126.255.255.255", "128.0.0.0"],
    ),
    (
        "169.254.0.0",
        "169.254.255.255",
        &["169.253.255.255", "169.255.0.0"],
    ),
    (
        "172.16.0.0",
        "172.31.255.255",
        &["172.15.255.255", "172.32.0.0"],
    ),
    (
        "192.0.0.0",
        "192.0.0.255",
        &["191.255.255.255", "192.0.1.0"],
    ),
    ("192.0.2.0", "192.0.2.255", &["192.0.1.255", "192.0.3.0"]),
    (
        "192.88.99.0",
        "192.88.99.255",
        &["192.88.98.255", "192.88.100.0"],
    ),
    (
        "192.168.0.0",
        "192.168.255.255",
        &["192.167.255.255", "192.169.0.0"],
    ),
    (
        "198.18.0.0",
        "198.19.255.255",
        &["198.17.255.255", "198.20.0.0"],
    ),
    (
        "198.51.100.0",
        "198.51.100.255",
        &["198.51.99.255", "198.51.101.0"],
    ),
    (
        "203.0.113.0",
        "203.0.113.255",
        &["203.0.112.255", "203.0.114.0"],
    ),
    ("224.0.0.0", "239.255.255.255", &["223.255.255.255"]),
    ("240.0.0.0", "255.255.255.255", &[]),
    ("::", "::1", &[]),
    // Embedded addresses of the blocks above.
    (
        "::ffff:10.0.0.0",
        "::ffff:10.255.255.255",
        &["::ffff:9.255.255.255", "::ffff:11.0.0.0"],
    ),
    ("::7f00:0", "::7fff:ffff", &["::8000:0"]),
    (
        "64:ff9b::a00:0",
        "64:ff9b::aff:ffff",
        &["64:ff9b::9ff:ffff", "64:ff9b::b00:0"],
    ),
    (
        "2002:a00::",
        "2002:aff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2002:9ff::", "2002:b00::"],
    ),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", &[]),
    ("100::", "100::ffff:ffff:ffff:ffff", &[]),
    ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", &[]),
    // 2001::/23, and what is registered in it.
    (
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
    ),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:1::1", "2001:1::3", &[]),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    (
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ),
    (
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
    ),
    // Beyond global unicast, which begins at 2000:: and ends before 4000::.
    (
        "1fff::",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2000::"],
    ),
    (
        "4000::",
        "5eff::",
        &["3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
];

#[test]
fn both_ends_of_each_special_block_are_not_public_and_its_neighbours_are() {
    for (first, last, neighbours) in BLOCKS {
        for text in [first, last] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in *neighbours {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}

#[test]
fn ordinary_addresses_are_public_in_all_their_forms() {
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        // Registered, and globally reachable: AS112 and AMT.
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "2620:4f:8000::1",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}
