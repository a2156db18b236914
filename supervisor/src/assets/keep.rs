//! Small files in memory: as many bytes as there is room for, of one app and of all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::version::Version;

/// Largest file that is kept.
pub(super) const MAX_KEPT_FILE: u64 = 256 << 10;

/// Most bytes of one generation of an app.
const MAX_KEPT_APP: u64 = 16 << 20;

/// Most bytes of all apps.
const MAX_KEPT: u64 = 128 << 20;

/// What a kept file costs beside its bytes.
const OVERHEAD: u64 = 256;

static ALL: AtomicU64 = AtomicU64::new(0);

/// A file in memory.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) version: Version,
    pub(super) bytes: Bytes,
    _room: Room,
}

impl Kept {
    pub(super) fn new(version: Version, bytes: Bytes, room: Room) -> Arc<Self> {
        Arc::new(Self { version, bytes, _room: room })
    }
}

/// What one generation of an app keeps.
#[derive(Debug, Default, Clone)]
pub(super) struct KeepBudget(Arc<AtomicU64>);

impl KeepBudget {
    /// Room for a file of this size, until it is dropped.
    pub(super) fn reserve(&self, size: u64) -> Option<Room> {
        let cost = size.checked_add(OVERHEAD).filter(|_| size <= MAX_KEPT_FILE)?;
        let add = |counter: &AtomicU64, most: u64| {
            let more = |now: u64| now.checked_add(cost).filter(|sum| *sum <= most);
            counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
        };
        if !add(&self.0, MAX_KEPT_APP) {
            return None;
        }
        if !add(&ALL, MAX_KEPT) {
            self.0.fetch_sub(cost, Ordering::Relaxed);
            return None;
        }
        Some(Room { app: Arc::clone(&self.0), cost })
    }
}

/// Reserved bytes.
#[derive(Debug)]
pub(super) struct Room {
    app: Arc<AtomicU64>,
    cost: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.app.fetch_sub(self.cost, Ordering::Relaxed);
        ALL.fetch_sub(self.cost, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
