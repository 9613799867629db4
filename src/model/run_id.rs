//! Identifiers of runs and of run logs, by which reports are told apart and merged.

use std::fmt::{self, Display, Formatter};
use std::hash::{BuildHasher, RandomState};
use std::process;
use std::str::FromStr;
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::text::parse_hex;

/// Identifier of a run: 64 random bits, in reports 16 hexadecimal digits. Runs on different machines need no
/// agreement on it: among a million of them, two have the same with a probability of 3 in 100 million.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema,
)]
#[serde(try_from = "String")]
pub struct RunId(#[schemars(with = "String", regex(pattern = "^[0-9a-f]{16}$"))] u64);

impl RunId {
    /// A new identifier. Its bits are those of std's hasher, which the system's random numbers seed; with the
    /// process and the time hashed by it, so that copies of a virtual machine differ as well.
    pub fn random() -> Self {
        RunId(RandomState::new().hash_one((process::id(), SystemTime::now())))
    }

    /// The identifier of all these runs as one. It does not depend on their order, and that of one run is its own.
    pub fn of_all(ids: impl IntoIterator<Item = RunId>) -> Self {
        RunId(ids.into_iter().fold(0, |all, id| all ^ id.0))
    }
}

impl Display for RunId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for RunId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text)
            .map(|bytes| RunId(u64::from_be_bytes(bytes)))
            .ok_or("the id of a run is 16 hexadecimal digits")
    }
}

impl TryFrom<String> for RunId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Position of a run in its run log. Of two runs with one log, the later one has the larger offset, whatever
/// the clocks of their machines say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogPosition {
    /// The log's identifier, which is that of the first run that wrote to it.
    pub id: RunId,
    /// The length of the log in bytes as the run began.
    pub offset: u64,
}

/// State of a run log as a run opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStart {
    /// The log's identifier; `None` if no run has written to it.
    pub id: Option<RunId>,
    /// Its length in bytes.
    pub offset: u64,
}

impl LogStart {
    /// The position of the run that opened it.
    pub fn position(self, run: RunId) -> LogPosition {
        LogPosition {
            id: self.id.unwrap_or(run),
            offset: self.offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        for id in [RunId(0), RunId(0xabc), RunId(u64::MAX), RunId::random()] {
            assert_eq!(id.to_string().parse(), Ok(id), "{id}");
        }
        for text in [
            "",
            "0",
            "00000000000000000",
            "+000000000000001",
            "000000000000000g",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn ids_of_one_process_differ() {
        let mut ids: Vec<RunId> = (0..1000).map(|_| RunId::random()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn the_id_of_several_runs_does_not_depend_on_their_order() {
        let ids = [RunId(1), RunId(2), RunId(4)];
        let back = ids.iter().rev().copied();
        assert_eq!(RunId::of_all(ids), RunId::of_all(back));
        assert_eq!(RunId::of_all([RunId(9)]), RunId(9));
    }
}
