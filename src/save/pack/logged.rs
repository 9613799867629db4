//! Packs as a run log tells of them: which there are, and where the last one ends.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The packs that a run log names.
///
/// Members are logged in the order in which they are appended, so those of a pack are one after another. A line
/// with an offset before the end of an earlier line says that a run in between has cut the pack there: the
/// members behind are gone.
#[derive(Debug, Clone, Default)]
pub struct LoggedPacks {
    /// The paths, each with the end of its last member if it is published.
    names: HashMap<Arc<str>, Option<u64>>,
    last: Option<LastPack>,
    /// The positions in the log of lines whose members are gone.
    cut: BTreeSet<u64>,
}

/// The pack that was begun last. All before it are published.
#[derive(Debug, Clone)]
struct LastPack {
    name: Arc<str>,
    /// The end of each member in the pack, and the position of its line in the log; in order.
    members: Vec<(u64, u64)>,
    is_published: bool,
}

impl LoggedPacks {
    /// Notes that a pack was begun.
    pub fn note_begun(&mut self, name: &str) {
        self.enter(name);
    }

    /// Notes that a pack was published.
    pub fn note_published(&mut self, name: &str) {
        let last = self.enter(name);
        last.is_published = true;
        let end = last.members.last().map(|(end, _)| *end);
        let path = Arc::clone(&last.name);
        last.members = Vec::new();
        self.names.insert(path, end);
    }

    /// Notes a member, whose line is at this position of the log.
    pub fn note_member(&mut self, name: &str, offset: u64, end: u64, position: u64) {
        self.note_cut(name, offset);
        self.enter(name).members.push((end, position));
    }

    /// The entry of this pack, which is now the last one.
    fn enter(&mut self, name: &str) -> &mut LastPack {
        let last = self.last.take().filter(|last| &*last.name == name);
        let last = last.unwrap_or_else(|| {
            let name: Arc<str> = Arc::from(name);
            self.names.entry(Arc::clone(&name)).or_default();
            LastPack {
                name,
                members: Vec::new(),
                is_published: false,
            }
        });
        self.last.insert(last)
    }

    /// Notes that a pack was cut to this length.
    pub fn note_cut(&mut self, name: &str, length: u64) {
        self.enter(name);
        self.cut_to(length);
    }

    /// Cuts the last pack to this length, if it is not published. Members behind it are gone; if there were any,
    /// returns the end of what is left.
    pub(super) fn cut_to(&mut self, length: u64) -> Option<u64> {
        let last = self.last.as_mut().filter(|last| !last.is_published)?;
        let kept = last.members.partition_point(|(end, _)| *end <= length);
        let gone = last.members.split_off(kept);
        let has_lost = !gone.is_empty();
        self.cut
            .extend(gone.into_iter().map(|(_, position)| position));
        has_lost.then(|| last.members.last().map_or(0, |(end, _)| *end))
    }

    /// Tells whether the member of the line at this position is there.
    pub fn holds(&self, position: u64) -> bool {
        !self.cut.contains(&position)
    }

    /// The name of one of the packs.
    pub fn any(&self) -> Option<&str> {
        self.last.as_ref().map(|last| &*last.name)
    }

    /// The name of the last pack, the end of its members and their number, unless it is published.
    pub(super) fn unpublished(&self) -> Option<(Arc<str>, u64, u64)> {
        let last = self.last.as_ref().filter(|last| !last.is_published)?;
        let end = last.members.last().map_or(0, |(end, _)| *end);
        Some((Arc::clone(&last.name), end, last.members.len() as u64))
    }

    /// All paths.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|path| &**path)
    }

    /// The paths of published packs, and the end of the last member of each.
    pub(super) fn published(&self) -> impl Iterator<Item = (&str, u64)> {
        let ends = self.names.iter();
        ends.filter_map(|(path, end)| Some((&**path, (*end)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_before_the_end_of_another_takes_back_what_was_cut() {
        let mut packs = LoggedPacks::default();
        packs.note_begun("a");
        packs.note_member("a", 0, 10, 100);
        packs.note_member("a", 10, 20, 200);
        packs.note_member("a", 20, 40, 300);
        // A later run has found only 20 bytes of the pack, and gone on there.
        packs.note_member("a", 20, 30, 400);
        let held: Vec<u64> = [100, 200, 300, 400]
            .into_iter()
            .filter(|position| packs.holds(*position))
            .collect();
        assert_eq!(held, [100, 200, 400]);
        assert_eq!(packs.unpublished(), Some((Arc::from("a"), 30, 3)));
        packs.cut_to(25);
        assert!(!packs.holds(400) && packs.holds(200));
        assert_eq!(packs.unpublished(), Some((Arc::from("a"), 20, 2)));
    }

    #[test]
    fn a_published_pack_is_not_gone_on_with() {
        let mut packs = LoggedPacks::default();
        packs.note_begun("a");
        packs.note_member("a", 0, 10, 1);
        packs.note_published("a");
        assert_eq!(packs.unpublished(), None);
        packs.cut_to(0);
        assert!(packs.holds(1), "what is published stays");
        packs.note_begun("b");
        assert_eq!(packs.unpublished(), Some((Arc::from("b"), 0, 0)));
        let mut all: Vec<&str> = packs.all().collect();
        all.sort_unstable();
        assert_eq!(all, ["a", "b"]);
        assert_eq!(packs.published().collect::<Vec<_>>(), [("a", 10)]);
    }
}
