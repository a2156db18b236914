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
    /// Whether it starts a worker as soon as there is a request.
    pub(super) waits: Cell<bool>,
    /// Whether its worker was a spare.
    pub(super) was_spare: Cell<bool>,
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
            waits: Cell::new(false),
            was_spare: Cell::new(false),
        })
    }

    pub(crate) fn state(&self) -> Option<WorkerState> {
        self.state.get()
    }

    /// Whether it has no worker because there was no request for one.
    pub(crate) fn waits_for_demand(&self) -> bool {
        self.waits.get()
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
