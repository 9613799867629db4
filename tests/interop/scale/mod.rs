//! Lists under the engines that share them out: the recipes of `examples/scale`, as they stand.
//!
//! GNU parallel and Spark (a master and two workers, on addresses of the loopback) are run, with 20 shards of 1,000
//! URLs, of which one is empty, one URL missing, and one process killed in the middle of its shard. That takes one
//! to two minutes, and five at most. With 200,000 URLs:
//!
//! ```sh
//! SCALE_URLS=200000 cargo test --features interop --test interop scale
//! ```
//!
//! Spark is looked for in `target/interop-python` too, where `.ci/run` installs it. Slurm and Kubernetes are not run; what
//! their recipes have a task or pod do is.

mod parallel;
mod process;
mod recipes;
mod site;
mod spark;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The number of shards of the recipes.
const SHARDS: usize = 20;

/// The number of workers of each process that a recipe starts (`-j`).
const WORKERS: usize = 8;

/// The URLs of a shard: 1,000, or as `SCALE_URLS` says for all of them.
fn urls_of_a_shard() -> usize {
    let Some(all) = std::env::var_os("SCALE_URLS") else {
        return 1_000;
    };
    let all = all.to_str().and_then(|text| text.parse::<usize>().ok());
    let each = all.map_or(0, |all| all / SHARDS);
    assert!(each > 1, "SCALE_URLS: give a number of URLs above {SHARDS}");
    each
}

/// The most time that an engine gets.
fn limit() -> Duration {
    let minutes = 5 * urls_of_a_shard().div_ceil(1_000);
    Duration::from_secs(60 * u64::try_from(minutes).expect("it is a small number"))
}

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/scale")
        .join(name)
}
