//! How many streams of a shard may have more on their way than the first window. What is on its way to those who take
//! nothing is the supervisor's memory, so it is bounded for all of them, and not only for each.

use std::cell::Cell;
use std::rc::Rc;

/// One shard's account.
#[derive(Debug)]
pub(crate) struct WideWindows {
    left: Cell<u32>,
}

/// The right to one wide window, until it is dropped.
#[derive(Debug)]
pub(crate) struct WideWindow(Rc<WideWindows>);

impl WideWindows {
    /// `all`: bytes by which all windows together may be wider than the first; `each`: by which one of them is.
    pub(crate) fn new(all: u32, each: u32) -> Rc<Self> {
        Rc::new(Self { left: Cell::new(all / each.max(1)) })
    }

    /// `None`: as many as may have it have it.
    pub(crate) fn take(self: &Rc<Self>) -> Option<WideWindow> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        Some(WideWindow(Rc::clone(self)))
    }
}

impl Drop for WideWindow {
    fn drop(&mut self) {
        self.0.left.set(self.0.left.get() + 1);
    }
}

#[cfg(test)]
mod tests;
