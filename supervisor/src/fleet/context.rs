//! What all slots share: the spawner, the shards, the counter of worker ids, and where reports of shards are delivered.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::assets::ListTurns;
use super::checker::Checker;
use super::flight::{FlightRecords, LostRequests};
use super::sandbox::SandboxEnforcement;
use super::spares::SparePool;
use super::spawner_client::SpawnerClient;
use super::start_turns::StartTurns;
use crate::app::GenerationId;
use crate::assets::OpenFiles;
use crate::cache::Caches;
use crate::shard::Shards;
use crate::telemetry::Metrics;
use crate::worker::WorkerId;

/// What a shard reports about a worker.
#[derive(Debug, Clone, Copy)]
pub(super) enum WorkerEvent {
    /// It must be killed; its exit reason is set.
    Kill,
    /// It closed its data link.
    LinkClosed,
}

/// What all slots of all apps share.
#[derive(Debug)]
pub(super) struct FleetContext {
    pub(super) spawner: Rc<SpawnerClient>,
    /// Set once the shards run; before that no slot does.
    pub(super) shards: OnceCell<Shards>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) sandbox_enforcement: SandboxEnforcement,
    /// Apps whose incomplete sandbox has been logged already.
    pub(super) sandbox_logged: RefCell<HashSet<Arc<str>>>,
    pub(super) drain: Cell<Duration>,
    next_worker: Cell<u64>,
    next_generation: Cell<u64>,
    pub(super) events: RefCell<HashMap<WorkerId, mpsc::Sender<WorkerEvent>>>,
    /// The lost requests of workers whose flight record is not written yet.
    pub(super) lost_requests: RefCell<HashMap<WorkerId, Rc<LostRequests>>>,
    pub(super) flight: FlightRecords,
    pub(super) start_turns: StartTurns,
    pub(super) checker: Rc<Checker>,
    pub(super) spares: SparePool,
    pub(super) list_turns: ListTurns,
    pub(super) open_files: OpenFiles,
    pub(super) caches: Caches,
}

impl FleetContext {
    pub(super) fn new(
        spawner: Rc<SpawnerClient>,
        metrics: Arc<Metrics>,
        sandbox_enforcement: SandboxEnforcement,
        drain: Duration,
    ) -> Rc<Self> {
        Rc::new(Self {
            spawner,
            shards: OnceCell::new(),
            metrics,
            sandbox_enforcement,
            sandbox_logged: RefCell::default(),
            drain: Cell::new(drain),
            next_worker: Cell::new(1),
            next_generation: Cell::new(1),
            events: RefCell::default(),
            lost_requests: RefCell::default(),
            flight: FlightRecords::default(),
            start_turns: StartTurns::default(),
            checker: Rc::default(),
            spares: SparePool::default(),
            list_turns: ListTurns::default(),
            open_files: OpenFiles::default(),
            caches: Caches::default(),
        })
    }

    pub(super) fn shards(&self) -> &Shards {
        static NONE: Shards = Shards::new(Vec::new());
        self.shards.get().unwrap_or(&NONE)
    }

    pub(super) fn worker_id(&self) -> WorkerId {
        let id = self.next_worker.get();
        self.next_worker.set(id + 1);
        WorkerId(id)
    }

    pub(super) fn generation(&self) -> GenerationId {
        let number = self.next_generation.get();
        self.next_generation.set(number + 1);
        GenerationId(number)
    }
}
