//! The shard that a run takes of its list, as reports and run logs name it.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shard of a run: its number, from 0, of so many, and what the list is dealt out by. A report of all shards is
/// one of the whole list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "UncheckedShard")]
pub struct RunShard {
    number: u64,
    #[schemars(range(min = 1))]
    count: u64,
    by: ShardKey,
}

/// The key by which a list is dealt out to its shards.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ShardKey {
    /// The host of a URL.
    Host,
    /// The place in the list.
    Line,
}

/// A shard as it is read, which need not be one.
#[derive(Deserialize, JsonSchema)]
struct UncheckedShard {
    number: u64,
    count: u64,
    by: ShardKey,
}

impl RunShard {
    /// The shard `number`, from 0, of `count`; `None` if there is no such shard.
    pub fn new(number: u64, count: u64, by: ShardKey) -> Option<Self> {
        (number < count).then_some(RunShard { number, count, by })
    }

    /// The number of this one, from 0.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The number of shards.
    pub fn count(self) -> u64 {
        self.count
    }

    /// Tells whether a target with this index may be of this shard. Of a list that is dealt out by hosts, any may.
    pub fn may_take(self, index: u64) -> bool {
        match self.by {
            ShardKey::Host => true,
            ShardKey::Line => index % self.count == self.number,
        }
    }

    /// All shards of the same list, this one included.
    pub fn siblings(self) -> impl Iterator<Item = RunShard> {
        (0..self.count).map(move |number| RunShard { number, ..self })
    }
}

impl TryFrom<UncheckedShard> for RunShard {
    type Error = &'static str;

    fn try_from(shard: UncheckedShard) -> Result<Self, Self::Error> {
        RunShard::new(shard.number, shard.count, shard.by)
            .ok_or("the number of a shard is below the number of shards")
    }
}

/// Formats it as `--shard` takes it: `2/4`.
impl Display for RunShard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// The most missing shards that are named.
const NAMED: usize = 5;

/// Shards that are missing beside others of their lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingShards {
    /// The first of them.
    named: Vec<RunShard>,
    /// The number of all.
    count: u64,
}

impl MissingShards {
    /// The shards that are missing beside these; `None` if none is. Of a single shard it is not known whether the
    /// others were to be here.
    pub fn beside(there: &BTreeSet<RunShard>) -> Option<Self> {
        if there.len() < 2 {
            return None;
        }
        let (mut named, mut count) = (Vec::new(), 0_u64);
        // Siblings are next to each other but for what lies between them, so each list is looked at once.
        let mut seen = BTreeSet::new();
        for shard in there {
            let Some(first) = shard.siblings().next().filter(|first| seen.insert(*first)) else {
                continue;
            };
            let are_there = there
                .iter()
                .filter(|other| other.siblings().next() == Some(first));
            count = count.saturating_add(first.count() - are_there.count() as u64);
            // The search ends: each shard is there, or is named.
            let missing = first.siblings().filter(|shard| !there.contains(shard));
            let room = NAMED.saturating_sub(named.len());
            named.extend(missing.take(room));
        }
        (count > 0).then_some(MissingShards { named, count })
    }

    /// Tells that they are missing, in a few words: `shard 2/4 is missing`.
    pub fn brief(&self) -> String {
        let mut names: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        match self.count - names.len() as u64 {
            0 => {}
            more => names.push(format!("{more} more")),
        }
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("shards {} and {last} are missing", others.join(", "))
            }
            last => {
                let name = last.map_or("", |(name, _)| name);
                format!("shard {name} is missing")
            }
        }
    }
}

/// Formats it as a warning in one line.
impl Display for MissingShards {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let them = if self.count > 1 {
            "their files"
        } else {
            "its file"
        };
        write!(
            f,
            "{}, so the figures are not those of the whole list: give {them} too",
            self.brief()
        )
    }
}
