//! Hash of a list of targets that does not depend on their order: an additive multiset hash.

use ring::digest::{Context, SHA256};

use super::Targets;
use crate::model::outcome::Outcome;
use crate::model::target::Verb;
use crate::model::text::hex;

/// Sum of the targets' digests, modulo 2^256.
#[derive(Debug, Default)]
pub(super) struct ListHash {
    count: u64,
    /// A number of 256 bits, little-endian.
    sum: [u8; 32],
}

impl ListHash {
    /// Adds a target.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let mut context = Context::new(&SHA256);
        context.update(match outcome.verb {
            Verb::Get => b"get ",
            Verb::Head => b"head ",
        });
        context.update(outcome.url.as_bytes());
        let digest = context.finish();
        let mut carry = 0;
        for (byte, more) in self.sum.iter_mut().zip(digest.as_ref()) {
            let sum = u16::from(*byte) + u16::from(*more) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        self.count += 1;
    }

    /// The list's length and hash.
    pub(super) fn targets(&self) -> Targets {
        Targets {
            count: self.count,
            hash: hex(self.sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(list: &[(&str, Verb)]) -> Targets {
        let mut hash = ListHash::default();
        for (index, (url, verb)) in (0..).zip(list) {
            hash.add(&Outcome::new(index, (*url).into(), *verb));
        }
        hash.targets()
    }

    #[test]
    fn the_order_makes_no_difference_and_all_else_does() {
        let [a, b] = [("http://h/a", Verb::Get), ("http://h/b", Verb::Get)];
        let list = hash(&[a, b, a]);
        assert_eq!(list, hash(&[b, a, a]));
        assert_eq!(list.count, 3);
        for other in [
            &[a, b][..],
            &[a, b, b],
            &[a, a, a],
            &[a, b, ("http://h/a", Verb::Head)],
            &[],
        ] {
            assert_ne!(list.hash, hash(other).hash, "{other:?}");
        }
    }

    /// The expected digest is by `printf 'get http://h/a' | sha256sum`.
    #[test]
    fn the_hash_of_one_target_is_its_digest() {
        assert_eq!(
            hash(&[("http://h/a", Verb::Get)]).hash,
            "101d8cfe79f08ecb5bb5d46a1424ed4d141a27e7ce3f5ee42b4f77a1be4d106e"
        );
    }

    #[test]
    fn carries_go_all_the_way() {
        // The sum of many is that of numbers of 256 bits.
        let one = hash(&[("http://h/a", Verb::Get)]).hash;
        let twice = hash(&[("http://h/a", Verb::Get); 2]).hash;
        let lowest_first = |hash: &str| -> Vec<u16> {
            (0..32)
                .map(|at| u16::from_str_radix(&hash[2 * at..2 * at + 2], 16).expect("digits"))
                .collect()
        };
        let mut carry = 0;
        let doubled: Vec<u16> = lowest_first(&one)
            .into_iter()
            .map(|byte| {
                let sum = 2 * byte + carry;
                carry = sum >> 8;
                sum & 0xff
            })
            .collect();
        assert_eq!(lowest_first(&twice), doubled);
    }
}
