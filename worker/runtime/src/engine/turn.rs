//! Turns: calls into JavaScript, as they are reported to the watchdog. They may nest.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use crate::engine::watchdog::Watchdog;

/// How many turns the isolate is in, and the watchdog to which the outermost is reported.
#[derive(Default)]
pub(crate) struct TurnDepth {
    depth: Cell<u32>,
    watchdog: OnceCell<Watchdog>,
}

impl TurnDepth {
    /// Turns are reported to this watchdog from now on.
    pub(crate) fn watch(&self, watchdog: Watchdog) {
        let _ = self.watchdog.set(watchdog);
    }

    /// A turn begins, which lasts until the result is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> Turn {
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() == 1
            && let Some(watchdog) = self.watchdog.get()
        {
            watchdog.enter();
        }
        Turn(Rc::clone(self))
    }
}

/// See [`TurnDepth::begin`].
pub(crate) struct Turn(Rc<TurnDepth>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
        if self.0.depth.get() == 0
            && let Some(watchdog) = self.0.watchdog.get()
        {
            watchdog.leave();
        }
    }
}
