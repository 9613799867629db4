//! The origins of a schedule, by name, and by an id that costs no look-up.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::origin::Origin;

/// The id of an origin, for as long as it is in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OriginId(u32);

/// A slab: ids that are free again are given out first.
#[derive(Debug)]
pub(super) struct Origins<T> {
    ids: HashMap<Arc<str>, OriginId, RandomState>,
    slots: Vec<Option<(Arc<str>, Origin<T>)>>,
    free: Vec<OriginId>,
    /// The origin that was asked for last: mostly it is asked for again, and to compare two names costs less than to
    /// hash one.
    last: Option<OriginId>,
}

impl<T> Origins<T> {
    pub(super) fn new() -> Self {
        Origins {
            ids: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            last: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Origin<T>> {
        self.find(name).map(|id| &self[id])
    }

    /// The id of the origin with this name, which is made if there is none.
    pub(super) fn id(&mut self, name: &str, make: impl FnOnce() -> Origin<T>) -> OriginId {
        if let Some(last) = self.last
            && **self.name(last) == *name
        {
            return last;
        }
        if let Some(id) = self.find(name) {
            self.last = Some(id);
            return id;
        }
        let name: Arc<str> = Arc::from(name);
        let slot = Some((Arc::clone(&name), make()));
        let id = match self.free.pop() {
            Some(id) => {
                self.slots[id.0 as usize] = slot;
                id
            }
            None => {
                let id = u32::try_from(self.slots.len());
                let id = OriginId(id.expect("memory does not hold that many origins"));
                self.slots.push(slot);
                id
            }
        };
        self.ids.insert(name, id);
        id
    }

    pub(super) fn name(&self, id: OriginId) -> &Arc<str> {
        &self.slot(id).0
    }

    pub(super) fn remove(&mut self, id: OriginId) -> Option<(Arc<str>, Origin<T>)> {
        let removed = self.slots[id.0 as usize].take()?;
        self.last = self.last.filter(|last| *last != id);
        self.ids.remove(&removed.0);
        self.free.push(id);
        Some(removed)
    }

    /// The id of the origin with this name.
    pub(super) fn find(&self, name: &str) -> Option<OriginId> {
        self.ids.get(name).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Origin<T>)> {
        let slots = self.slots.iter().flatten();
        slots.map(|(name, origin)| (name, origin))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Origin<T>> {
        self.slots.iter_mut().flatten().map(|(_, origin)| origin)
    }

    fn slot(&self, id: OriginId) -> &(Arc<str>, Origin<T>) {
        let slot = self.slots[id.0 as usize].as_ref();
        slot.expect("an id is not used once its origin is removed")
    }
}

impl<T> Index<OriginId> for Origins<T> {
    type Output = Origin<T>;

    fn index(&self, id: OriginId) -> &Origin<T> {
        &self.slot(id).1
    }
}

impl<T> IndexMut<OriginId> for Origins<T> {
    fn index_mut(&mut self, id: OriginId) -> &mut Origin<T> {
        let slot = self.slots[id.0 as usize].as_mut();
        &mut slot
            .expect("an id is not used once its origin is removed")
            .1
    }
}
