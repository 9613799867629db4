//! The check of a list against the packs of a run log, before anything is written: members have the index of their
//! target in their names, so a body of another list would take the place of one of the first.

use super::{DoneTargets, OtherList};
use crate::engine::input::{Item, NextInput, Source};
use crate::model::target::Verb;

/// Reads the list up to the last target whose body is in a pack, and compares each such target. What the list has
/// beside those may be new. Ends early once `is_stopped`.
///
/// # Errors
///
/// [`OtherList`].
pub fn check_list(
    done: &DoneTargets,
    mut source: Source,
    is_stopped: impl Fn() -> bool,
) -> Result<(), OtherList> {
    let Some(last) = done.last_packed() else {
        return Ok(());
    };
    let mut is_whole = true;
    while !is_stopped() {
        match source.next() {
            NextInput::Item(item) => {
                let index = check_item(done, &item)?;
                if index >= last {
                    return Ok(());
                }
            }
            // The run says so.
            NextInput::Unreadable(_) => is_whole = false,
            NextInput::Rewritten(_) => {}
            NextInput::Wait => source.wait(),
            NextInput::End => {
                // The items of other shards are counted only.
                return match source.total_of_all_shards() {
                    Some(count) if is_whole && count <= last => done.short_list(last, count),
                    _ => Ok(()),
                };
            }
        }
    }
    Ok(())
}

/// Compares an item with what the log has of its index, and returns that.
fn check_item(done: &DoneTargets, item: &Item) -> Result<u64, OtherList> {
    match item {
        Item::Target(target) if target.verb == Verb::Get => {
            done.find_packed(target)?;
            Ok(target.index)
        }
        Item::Target(target) => {
            let listed = format!("{} (HEAD)", target.location.text());
            done.check_unpacked(target.index, &listed)?;
            Ok(target.index)
        }
        Item::Bad(bad) => {
            done.check_unpacked(bad.index, &bad.excerpt)?;
            Ok(bad.index)
        }
        Item::Elsewhere(target) => Ok(target.index),
    }
}
