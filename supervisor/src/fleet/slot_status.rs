//! What is known of a slot, for `nanoctl` and the metrics.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_protocol::ExitReason;

use super::shared::GenerationState;
use crate::worker::{Worker, WorkerState};

/// A slot's status. `worker_moved` of the metrics follows each change of state.
#[derive(Debug)]
pub(crate) struct SlotStatus {
    shared: Rc<GenerationState>,
    state: Cell<Option<WorkerState>>,
    /// The worker while there is one.
    pub(crate) worker: RefCell<Option<Arc<Worker>>>,
    /// When the worker was spawned, or the last one ended.
    pub(crate) since: Cell<Instant>,
    /// Workers started after the first.
    pub(crate) restarts: Cell<u64>,
    /// Why and how the last worker ended.
    pub(crate) last_exit: RefCell<Option<(ExitReason, String)>>,
    /// Failures in a row.
    pub(crate) failures: Cell<u32>,
}

impl SlotStatus {
    pub(super) fn new(shared: &Rc<GenerationState>) -> Rc<Self> {
        Rc::new(Self {
            shared: Rc::clone(shared),
            state: Cell::new(None),
            worker: RefCell::default(),
            since: Cell::new(Instant::now()),
            restarts: Cell::new(0),
            last_exit: RefCell::default(),
            failures: Cell::new(0),
        })
    }

    pub(crate) fn state(&self) -> Option<WorkerState> {
        self.state.get()
    }

    /// Whether it has no worker because the app is idle.
    pub(crate) fn stopped_for_idleness(&self) -> bool {
        let idle = |exit: &(ExitReason, String)| exit.0 == ExitReason::Idle;
        self.state() == Some(WorkerState::Exited) && self.last_exit.borrow().as_ref().is_some_and(idle)
    }

    pub(super) fn enter(&self, state: Option<WorkerState>) {
        let before = self.state.replace(state);
        self.shared.app.metrics.worker_moved(before, state);
        let ready = &self.shared.ready;
        if before == Some(WorkerState::Ready) {
            ready.set(ready.get().saturating_sub(1));
        }
        if state == Some(WorkerState::Ready) {
            ready.set(ready.get() + 1);
        }
    }
}

impl Drop for SlotStatus {
    fn drop(&mut self) {
        self.enter(None);
    }
}
