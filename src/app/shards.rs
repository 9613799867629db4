//! What a user would not expect of the shards of a list, in a line.

use super::complain;
use crate::engine::input::UnevenShards;
use crate::model::run_shard::RunShard;
use crate::report::Detail;

/// Says why the shards are uneven. A shard that has nothing to do is warned of also where failures alone are told: its
/// run looks like a good one.
pub(super) fn note_uneven(uneven: &UnevenShards, shard: Option<RunShard>, detail: Detail) {
    let is_idle = shard.is_some_and(|shard| uneven.leaves_idle(shard.number()));
    match detail {
        Detail::Assertions => {}
        _ if is_idle => complain(&format!("warning: this shard is empty: {uneven}")),
        _ if detail.has_summary() => complain(&format!("note: {uneven}")),
        _ => {}
    }
}
