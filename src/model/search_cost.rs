//! The cost of a search for the knee: the runs that it took.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The runs that an automatic sweep took, and those that a fixed grid would have taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchCost {
    /// All runs that were made, warm-ups included.
    pub runs: u32,
    /// Warm-ups among them.
    pub warmups: u32,
    /// The numbers of workers of the grid: 1, 2, 4 and so on, up to the most that were tried.
    #[schemars(length(max = 20), inner(range(min = 1)))]
    pub grid: Vec<usize>,
    /// The runs of the grid, with as many at each number of workers as the search might have made. Its warm-ups are
    /// left out, so that the search owes none of its gain to them.
    pub grid_runs: u32,
}
