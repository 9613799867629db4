//! The arms of a measurement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// One way of fetching the same URLs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Arm {
    /// One after the other, in a plain loop.
    Serial,
    /// On the pool.
    Parallel,
}

impl Arm {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
