//! The arms of a measurement.

/// One way of fetching the same URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// One after the other, in a plain loop.
    Serial,
    /// On the pool.
    Parallel,
}

impl Arm {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Arm::Serial => "serial",
            Arm::Parallel => "parallel",
        }
    }
}
