//! The verdict on a target: the one word of its outcome.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// The verdict on a target.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// An accepted status and a complete body.
    Ok,
    /// Its file is up to date, and is left as it is.
    Unchanged,
    /// Not fetched, because an earlier run has done it (`--resume`).
    Done,
    /// Any other end of a fetch.
    Failed,
    /// Not started or not completed, because the run was stopped.
    Skipped,
}

impl Verdict {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
