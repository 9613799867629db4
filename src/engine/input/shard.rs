//! The shards of an input: decides which of them an item belongs to. Pure, so that each of the processes that
//! share a list comes to the same answer.
//!
//! * [`Shard`] is one of them, [`ShardBy`] the rule that deals the items out.
//! * `ShardFilter` applies it to one item after the other.
//! * `host_keys` computes the numbers of hosts, and keeps some of them.
//!
//! An item belongs to exactly one shard, whether it is a URL or a mistake. The host decides where one can be
//! found in the line, and the index otherwise.

mod host_keys;

use std::num::NonZeroU64;
use std::str::FromStr;

use super::line::{UnparsedItem, host_of};
use super::{InputConfig, ItemNumbers};
use crate::model::run_shard::{RunShard, ShardKey};
use crate::model::text::escape;
use host_keys::HostKeys;

/// One shard of an input, K of N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    count: NonZeroU64,
}

/// The rule that deals the items of an input out to the shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShardBy {
    /// By the host, so that the limits on a host hold over all shards: the first 8 bytes of the SHA-256 of its
    /// ASCII form, as a big-endian number, modulo the number of shards.
    #[default]
    Host,
    /// By the index, modulo the number of shards: shards of the same length.
    Line,
}

/// The part of an input that a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharding {
    /// The shard.
    pub shard: Shard,
    /// The rule.
    pub by: ShardBy,
}

/// The error for a shard that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// It is not of the form K/N.
    #[error("give K/N, as 0/4 for the first of four shards")]
    Form,
    /// There are no shards.
    #[error("there is at least one shard: 0/1 is the whole input")]
    None,
    /// K is not below N.
    #[error("shards count from 0, so the last of {count} is {}/{count}", .count.get() - 1)]
    Beyond {
        /// The number of shards.
        count: NonZeroU64,
    },
}

impl Shard {
    /// The shard `number`, from 0, of `count`.
    ///
    /// # Errors
    ///
    /// If there is no such shard.
    pub fn new(number: u64, count: u64) -> Result<Self, ShardError> {
        let count = NonZeroU64::new(count).ok_or(ShardError::None)?;
        match number < count.get() {
            true => Ok(Shard { number, count }),
            false => Err(ShardError::Beyond { count }),
        }
    }

    /// The number of this one, from 0.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The number of shards.
    pub fn count(self) -> u64 {
        self.count.get()
    }

    /// True for one of the numbers that are dealt out to this shard.
    fn takes(self, key: u64) -> bool {
        key % self.count == self.number
    }
}

impl From<Sharding> for RunShard {
    fn from(Sharding { shard, by }: Sharding) -> Self {
        let key = match by {
            ShardBy::Host => ShardKey::Host,
            ShardBy::Line => ShardKey::Line,
        };
        RunShard::new(shard.number, shard.count(), key)
            .expect("the number of a shard is below their count, which its constructor checks")
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (number, count) = text.split_once('/').ok_or(ShardError::Form)?;
        let number = parse_number(number).ok_or(ShardError::Form)?;
        Shard::new(number, parse_number(count).ok_or(ShardError::Form)?)
    }
}

/// Parses a number of digits alone: `+1` is none.
fn parse_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The filter of one reader of the input.
#[derive(Debug)]
pub(super) struct ShardFilter {
    config: InputConfig,
    keys: HostKeys,
    hosts: HostsSeen,
}

/// The hosts of the items so far.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HostsSeen {
    None,
    /// All have this one, by which they are dealt out with this key.
    One(Vec<u8>, u64),
    /// They have several, or none.
    Several,
}

/// Reason why the shards of a whole input, dealt out by host, are far from even.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnevenShards {
    /// There is one host only, and one shard has all items.
    #[error(
        "all {read} URLs are of one host, {host}, and are in shard {shard}: --shard-by line deals them out"
    )]
    LoneHost {
        /// The number of items of all shards.
        read: u64,
        /// The host.
        host: String,
        /// The shard that has it.
        shard: u64,
    },
    /// The run's shard has nothing, as there are few hosts.
    #[error(
        "none of {read} URLs is in it, as a host is never divided: --shard-by line deals them out"
    )]
    Idle {
        /// The number of items of all shards.
        read: u64,
    },
    /// The run's shard has far more than its part, as that of a big host does.
    #[error(
        "{taken} of {read} URLs are in this shard, as a host is never divided: --shard-by line deals them out"
    )]
    Crowded {
        /// The number of items of the run's shard.
        taken: u64,
        /// The number of items of all shards.
        read: u64,
    },
}

impl UnevenShards {
    /// True if the run's shard, this one, has nothing to do, although there is a URL for each.
    pub fn leaves_idle(&self, number: u64) -> bool {
        match self {
            UnevenShards::LoneHost { shard, .. } => *shard != number,
            UnevenShards::Idle { .. } => true,
            UnevenShards::Crowded { .. } => false,
        }
    }
}

/// Shortest input, in items, whose shards are expected to be even: those of a few hosts never are.
const EVEN_FROM: u64 = 20;

/// Fewest items of a crowded shard. Of many shards each has few, and twice as many by chance.
const CROWDED_FROM: u64 = 10;

/// Tests for a shard that has far more than its part: more than twice that, or more than half of all; of two
/// shards, of which chance gives one more than half, more than three quarters.
fn is_crowded(ItemNumbers { read, taken }: ItemNumbers, shards: u64) -> bool {
    let [read, taken, shards] = [read, taken, shards].map(u128::from);
    let is_far_above = match shards {
        ..=1 => false,
        2 => taken * 4 > read * 3,
        3..=4 => taken * 2 > read,
        _ => taken * shards > read * 2,
    };
    read >= u128::from(EVEN_FROM) && taken >= u128::from(CROWDED_FROM) && is_far_above
}

impl ShardFilter {
    pub(super) fn new(config: InputConfig) -> Self {
        ShardFilter {
            config,
            keys: HostKeys::default(),
            hosts: HostsSeen::None,
        }
    }

    /// The reason why the shards of the input so far are uneven, if there are several. Those of lines never are.
    pub(super) fn uneven(&self, numbers: ItemNumbers) -> Option<UnevenShards> {
        let shards = self.config.sharding?.shard.count();
        match &self.hosts {
            _ if shards < 2 || numbers.read < 2 => None,
            HostsSeen::One(host, key) => Some(UnevenShards::LoneHost {
                read: numbers.read,
                host: escape(&String::from_utf8_lossy(host)),
                shard: key % shards,
            }),
            HostsSeen::None | HostsSeen::Several => {
                let ItemNumbers { read, taken } = numbers;
                if taken == 0 && read >= shards && self.is_by_host() {
                    return Some(UnevenShards::Idle { read });
                }
                is_crowded(numbers, shards).then_some(UnevenShards::Crowded { taken, read })
            }
        }
    }

    /// True if there is a host for each line, and it decides.
    fn is_by_host(&self) -> bool {
        let sharding = self.config.sharding;
        sharding.is_some_and(|sharding| sharding.by == ShardBy::Host)
    }

    /// True if the item with this index belongs to the run's shard. `entry` is `None` for a line that is too
    /// long.
    pub(super) fn takes(&mut self, index: u64, entry: Option<UnparsedItem<'_>>) -> bool {
        let Some(Sharding { shard, by }) = self.config.sharding else {
            return true;
        };
        let host = match by {
            ShardBy::Line => None,
            ShardBy::Host => entry.and_then(|entry| host_of(entry, self.config)),
        };
        let Some(host) = host else {
            self.hosts = HostsSeen::Several;
            return shard.takes(index);
        };
        let key = self.keys.of(&host);
        match &self.hosts {
            HostsSeen::None => self.hosts = HostsSeen::One(host.to_vec(), key),
            HostsSeen::One(first, _) if *host != **first => self.hosts = HostsSeen::Several,
            HostsSeen::One(..) | HostsSeen::Several => {}
        }
        shard.takes(key)
    }
}

#[cfg(test)]
mod tests;
