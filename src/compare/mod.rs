//! The serial baseline: what the same URLs would have taken one after the other.

mod estimate;

pub use estimate::{Bound, Estimate};
