//! How many bytes all caches have, and each app's: what is kept, what is being stored, and what is still being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of all apps.
pub(super) const MAX_ALL: usize = 128 << 20;
/// Of that, what is kept for apps that have no more than [`LITTLE`]: a few apps whose bytes are all being read, and so cannot
/// go, must not leave nothing to others.
pub(super) const RESERVE: usize = 32 << 20;
pub(super) const LITTLE: usize = 1 << 20;
/// Of one app.
pub(super) const MAX_APP: usize = 32 << 20;
/// Of the body of one response.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// A number of bytes with a maximum.
#[derive(Debug)]
pub(super) struct Room {
    used: AtomicUsize,
    most: usize,
}

impl Room {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), most })
    }

    /// Takes so many bytes, if then `spare` of the room are left.
    fn take(&self, bytes: usize, spare: usize) -> bool {
        let most = self.most.saturating_sub(spare);
        let taken = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Where there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The app has all that it may have.
    App,
    /// All apps together have.
    All,
}

/// Bytes of an app's room and of the room of all, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    app: Arc<Room>,
    all: Arc<Room>,
    bytes: usize,
}

impl Held {
    pub(super) fn nothing(app: &Arc<Room>, all: &Arc<Room>) -> Self {
        Self { app: Arc::clone(app), all: Arc::clone(all), bytes: 0 }
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Full> {
        if !self.app.take(bytes, 0) {
            return Err(Full::App);
        }
        let spare = if self.app.used() <= LITTLE { 0 } else { RESERVE };
        if !self.all.take(bytes, spare) {
            self.app.give_back(bytes);
            return Err(Full::All);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Gives some of them back.
    pub(super) fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.app.give_back(bytes);
        self.all.give_back(bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release(self.bytes);
    }
}
