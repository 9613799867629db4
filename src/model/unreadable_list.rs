//! Lists of the input that could not be read to their end.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::escape;

/// A list that could not be read to its end. Targets of it that were read before count, and a run that has such a list
/// is no good run, whatever became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ForeignList")]
pub struct UnreadableList {
    /// The file's name, or `<stdin>`, safe to show.
    pub name: String,
    /// The reason, in a line.
    pub reason: String,
}

/// A list as a report has it, which need not be pfetch's.
#[derive(Deserialize, JsonSchema)]
struct ForeignList {
    name: String,
    reason: String,
}

impl From<ForeignList> for UnreadableList {
    fn from(ForeignList { name, reason }: ForeignList) -> Self {
        UnreadableList {
            name: escape(&name),
            reason: escape(&reason),
        }
    }
}

impl UnreadableList {
    /// Adds those lists that are not among `known` yet: each run of a measurement finds them again.
    pub fn add_new(known: &mut Vec<UnreadableList>, lists: &[UnreadableList]) {
        for list in lists {
            if !known.contains(list) {
                known.push(list.clone());
            }
        }
    }
}

/// Formats it as a warning in one line.
impl Display for UnreadableList {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}
