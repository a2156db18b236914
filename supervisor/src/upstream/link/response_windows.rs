//! How many responses of a shard may have more on their way than the first window. What is on its way to clients that take
//! nothing is the supervisor's memory, so it is bounded for all of them, and not only for each; and the clients of one app
//! must not leave the first window to those of all others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};

use crate::fair_semaphore::{FairSemaphore, Share};

/// Bytes by which the windows of all responses of a shard together may be wider than the first.
const WIDER: usize = 8 << 20;

/// How many that are.
const WINDOWS: usize = WIDER / (INITIAL_WINDOW - RESPONSE_WINDOW) as usize;

/// A shard's account of its responses' windows.
#[derive(Debug)]
pub(crate) struct ResponseWindows {
    windows: Rc<FairSemaphore>,
    /// By their names.
    apps: RefCell<HashMap<Box<str>, Weak<Share>>>,
}

impl ResponseWindows {
    pub(crate) fn new() -> Self {
        Self { windows: FairSemaphore::new(WINDOWS), apps: RefCell::default() }
    }

    /// The share of the app with this name, for all its workers and generations.
    pub(super) fn of_app(&self, name: &str) -> Rc<Share> {
        let mut apps = self.apps.borrow_mut();
        if let Some(share) = apps.get(name).and_then(Weak::upgrade) {
            return share;
        }
        apps.retain(|_, share| share.strong_count() > 0);
        let share = self.windows.share(usize::MAX);
        apps.insert(name.into(), Rc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests;
