//! The settings of a schedule.

use std::time::Duration;

/// The limits on starts. The default limits nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartLimits {
    /// The maximum number of items of one origin in flight at once.
    pub per_origin: Option<usize>,
    /// The minimum time between two starts at one origin.
    pub origin_delay: Duration,
    /// The minimum time between any two starts: the inverse of the rate.
    pub interval: Duration,
}

impl StartLimits {
    /// Tells that starts need not keep any distance in time.
    pub fn is_unpaced(&self) -> bool {
        self.origin_delay.is_zero() && self.interval.is_zero()
    }
}

/// The rules by which the schedule follows what servers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerPolicy {
    /// Adapts the number in flight and the distance between starts to an origin's push-backs.
    pub adapts: bool,
    /// The number of workers: the number of items that can be in flight at once.
    pub workers: usize,
    /// True if items that fail are tried again. Else each probe is an item's only try.
    pub tries_again: bool,
    /// The number of probes in a row after which an origin is given up.
    pub probes: u32,
    /// The minimum time since an origin's last answer before it is given up.
    pub give_up: Duration,
    /// The sum of waits that an origin may ask for.
    pub holds: Duration,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        ServerPolicy {
            adapts: true,
            workers: usize::MAX,
            tries_again: true,
            probes: 3,
            give_up: Duration::from_secs(15),
            holds: Duration::from_secs(600),
        }
    }
}
