//! The numbers by which hosts are dealt out, of which some are kept: a list has fewer hosts than lines, and a
//! SHA-256 costs more than all else that is done for a line of another shard.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use ring::digest::{SHA256, digest};

/// The number of hosts that are kept: with their names, 256 KiB, which a core's second-level cache holds.
const KEPT: usize = 4096;

/// The longest name that is kept. A host and its length then fill a cache line with the key.
const LONGEST: usize = 55;

/// The keys of hosts, with a direct-mapped cache of those that were looked up last.
#[derive(Debug, Default)]
pub(super) struct HostKeys {
    /// Empty until the first host comes.
    kept: Vec<KeptHost>,
    hasher: FixedState,
}

/// A host with its key.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct KeptHost {
    key: u64,
    /// 0 stands for none: no host is empty.
    length: u8,
    name: [u8; LONGEST],
}

impl KeptHost {
    const NONE: KeptHost = KeptHost {
        key: 0,
        length: 0,
        name: [0; LONGEST],
    };
}

impl HostKeys {
    /// The first 8 bytes of the SHA-256 of the host, as a big-endian number.
    pub(super) fn of(&mut self, host: &[u8]) -> u64 {
        if host.is_empty() || host.len() > LONGEST {
            return host_key(host);
        }
        if self.kept.is_empty() {
            self.kept = vec![KeptHost::NONE; KEPT];
        }
        let hash = self.hasher.hash_one(host);
        let kept = &mut self.kept[hash as usize % KEPT];
        if kept.name[..usize::from(kept.length)] != *host {
            kept.key = host_key(host);
            // It fits: the longest name has 55 bytes.
            kept.length = host.len() as u8;
            kept.name[..host.len()].copy_from_slice(host);
        }
        kept.key
    }
}

fn host_key(host: &[u8]) -> u64 {
    let digest = digest(&SHA256, host);
    let first = digest.as_ref().first_chunk();
    u64::from_be_bytes(*first.expect("a SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_key_whatever_was_kept_before_it() {
        let mut random = fastrand::Rng::with_seed(17);
        // Far more than are kept, of all lengths around the longest, and prefixes of one another.
        let hosts: Vec<String> = (0..3 * KEPT)
            .map(|number| format!("h{number}.{}", "x".repeat(number % (2 * LONGEST))))
            .chain((1..2 * KEPT).map(|number| format!("{number:b}")))
            .collect();
        let mut keys = HostKeys::default();
        for _ in 0..50 * KEPT {
            let host = &hosts[random.usize(..hosts.len())];
            for _ in 0..2 {
                let key = keys.of(host.as_bytes());
                assert_eq!(key, host_key(host.as_bytes()), "{host:?}");
            }
        }
    }
}
