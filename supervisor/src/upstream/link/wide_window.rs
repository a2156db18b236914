//! How many responses of a shard may have more on their way than the first window. What is on its way to clients that
//! take nothing is the supervisor's memory, so it is bounded for all of them, and not only for each.

use std::cell::Cell;

use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};

/// Bytes by which all windows of a shard together may be wider than the first.
const MOST: u32 = 8 << 20;

/// How many that are.
const WINDOWS: u32 = MOST / (INITIAL_WINDOW - RESPONSE_WINDOW);

thread_local! {
    /// A shard is a thread.
    static LEFT: Cell<u32> = const { Cell::new(WINDOWS) };
}

/// The right of one response to a wide window, until it is over.
#[derive(Debug)]
pub(super) struct WideWindow(());

impl WideWindow {
    /// `None`: as many as may have it have it.
    pub(super) fn new() -> Option<Self> {
        let left = LEFT.get().checked_sub(1)?;
        LEFT.set(left);
        Some(Self(()))
    }
}

impl Drop for WideWindow {
    fn drop(&mut self) {
        // A thread that ends has no count any more.
        let _ = LEFT.try_with(|left| left.set(left.get() + 1));
    }
}

#[cfg(test)]
mod tests;
