//! The source maps that are kept. A map is as large as its app likes, so all of them are bounded, not only those of each
//! generation: where there is no room, the generation that keeps most has none any more.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use crate::source_map::SourceMap;

/// Most bytes of maps that one generation keeps, and that all do.
const MAX_OF_ONE: usize = 24 << 20;
const MAX_OF_ALL: usize = 32 << 20;

thread_local! {
    /// Those of all generations. The control plane is one thread.
    static ALL: RefCell<Vec<Weak<KeptMaps>>> = const { RefCell::new(Vec::new()) };
}

/// The maps of one generation.
#[derive(Debug, Default)]
pub(super) struct KeptMaps {
    /// By the module's path; `None`: it has none that can be used, or it had to go.
    maps: RefCell<HashMap<String, Option<Rc<SourceMap>>>>,
    bytes: Cell<usize>,
}

impl KeptMaps {
    pub(super) fn new() -> Rc<Self> {
        let kept = Rc::<Self>::default();
        ALL.with_borrow_mut(|all| {
            all.retain(|kept| kept.strong_count() > 0);
            all.push(Rc::downgrade(&kept));
        });
        kept
    }

    /// Modules whose map was looked for.
    pub(super) fn len(&self) -> usize {
        self.maps.borrow().len()
    }

    /// Whether the map of this module was looked for.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.maps.borrow().contains_key(path)
    }

    pub(super) fn get(&self, path: &str) -> Option<Rc<SourceMap>> {
        self.maps.borrow().get(path)?.clone()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.get() == 0
    }

    /// Keeps what was found of a module, if there is room for it.
    pub(super) fn put(&self, path: &str, map: Option<SourceMap>) {
        let map = map.filter(|map| self.make_room(map.bytes()));
        let bytes = map.as_ref().map_or(0, SourceMap::bytes);
        let map = map.map(Rc::new);
        let before = self.maps.borrow_mut().insert(path.to_owned(), map).flatten();
        let before = before.map_or(0, |map| map.bytes());
        self.bytes.set((self.bytes.get() + bytes).saturating_sub(before));
    }

    /// Whether so many bytes more have room, if need be in place of the maps of generations that keep more than this one
    /// then does.
    fn make_room(&self, bytes: usize) -> bool {
        let own = self.bytes.get() + bytes;
        if own > MAX_OF_ONE {
            return false;
        }
        let all: Vec<_> = ALL.with_borrow(|all| all.iter().filter_map(Weak::upgrade).collect());
        let mut others: Vec<_> = all.into_iter().filter(|kept| !std::ptr::eq(Rc::as_ptr(kept), self)).collect();
        others.sort_unstable_by_key(|kept| kept.bytes.get());
        let mut sum = own + others.iter().map(|kept| kept.bytes.get()).sum::<usize>();
        let mut go = Vec::new();
        while sum > MAX_OF_ALL {
            let Some(largest) = others.pop().filter(|kept| kept.bytes.get() > own) else { return false };
            sum -= largest.bytes.get();
            go.push(largest);
        }
        go.iter().for_each(|kept| kept.clear());
        true
    }

    /// Keeps none of them, and does not look for them again.
    fn clear(&self) {
        self.maps.borrow_mut().values_mut().for_each(|map| *map = None);
        self.bytes.set(0);
    }
}

#[cfg(test)]
mod tests;
