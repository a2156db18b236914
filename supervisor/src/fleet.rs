//! The worker processes of all apps: starts, supervises, restarts and retires them.

mod assets;
mod backoff;
mod boot;
mod checker;
mod context;
mod control_link;
mod exit;
mod flight;
mod generation;
mod heartbeat;
mod live;
mod module_queue;
mod modules;
mod process;
mod resident;
mod sandbox;
mod shared;
mod shown;
mod slot;
mod slot_status;
mod source_maps;
mod spares;
mod spawner_client;
mod start_error;
mod start_turns;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::{AppConfig, AppStart};
use nano_protocol::ExitReason;

use crate::shard::Shards;
use crate::telemetry::{AppMetrics, Metrics};
use crate::upstream::LinkEvent;

use context::{FleetContext, WorkerEvent};
pub(crate) use flight::{FlightRecord, FlightRecords};
pub(crate) use generation::Generation;
pub(crate) use live::SOCKETS_GRACE;
pub use process::{NoWorker, find_worker};
pub use sandbox::NoProc;
pub(crate) use sandbox::SandboxEnforcement;
pub(crate) use slot_status::SlotStatus;
pub(crate) use spawner_client::{SpawnerClient, StartedSpawner};
pub use spawner_client::{SpawnerError, spawner_if_asked};
pub use start_error::StartError;

/// All workers.
#[derive(Debug)]
pub(crate) struct Fleet {
    context: Rc<FleetContext>,
}

impl Fleet {
    pub(crate) fn new(
        spawner: Rc<SpawnerClient>,
        metrics: Arc<Metrics>,
        sandbox_enforcement: SandboxEnforcement,
        drain: Duration,
    ) -> Self {
        Self { context: FleetContext::new(spawner, metrics, sandbox_enforcement, drain) }
    }

    /// Sets the shards once they run. Workers that were started before get their data links from them, provided nothing
    /// was awaited in between.
    pub(crate) fn set_shards(&self, shards: Shards) {
        let _ = self.context.shards.set(shards);
    }

    /// Says how many static files may be open at once. Call it once, before anything is awaited.
    pub(crate) fn allow_open_files(&self, most: usize) {
        self.context.open_files.allow(most);
    }

    /// Starts the workers of an app of this version of the configuration, or checks its modules if they start on demand. Must run in a
    /// `LocalSet`.
    pub(crate) fn start(
        &self,
        version: u64,
        app: AppConfig,
        metrics: Arc<AppMetrics>,
        when: AppStart,
    ) -> Rc<Generation> {
        Generation::start(&self.context, version, app, metrics, when)
    }

    /// An app that an operator stopped: it has no worker and refuses requests.
    pub(crate) fn stopped(&self, version: u64, app: AppConfig, metrics: Arc<AppMetrics>) -> Rc<Generation> {
        Generation::stopped(&self.context, version, app, metrics)
    }

    /// Keeps so many workers without an app from now on. Must run in a `LocalSet`.
    pub(crate) fn keep_spares(&self, wanted: usize) {
        self.context.spares.set_wanted(&self.context, wanted);
    }

    /// How many workers without an app are ready, and how many there are to be.
    pub(crate) fn spares(&self) -> (usize, usize) {
        (self.context.spares.ready(), self.context.spares.wanted())
    }

    /// The metrics that count them.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.context.metrics
    }

    /// The client of the spawner that starts them.
    pub(crate) fn spawner(&self) -> &Rc<SpawnerClient> {
        &self.context.spawner
    }

    /// Sets the longest wait for requests in flight when a worker is stopped for idleness.
    pub(crate) fn set_drain(&self, drain: Duration) {
        self.context.drain.set(drain);
    }

    /// How the sandbox is enforced.
    pub(crate) fn sandbox_enforcement(&self) -> &SandboxEnforcement {
        &self.context.sandbox_enforcement
    }

    /// The flight records.
    pub(crate) fn flight(&self) -> &FlightRecords {
        &self.context.flight
    }

    /// The shards, once they run.
    pub(crate) fn shards(&self) -> &Shards {
        self.context.shards()
    }

    /// Handles a report of a shard.
    pub(crate) fn on_event(&self, event: LinkEvent) {
        let (worker, in_flight, event) = match event {
            LinkEvent::ProtocolViolation { worker, detail, in_flight } => {
                worker.set_exit(ExitReason::Protocol);
                tracing::error!(pid = worker.pid, detail, "the worker broke the protocol");
                (worker, in_flight, WorkerEvent::Kill)
            }
            LinkEvent::LinkClosed { worker, in_flight } => (worker, in_flight, WorkerEvent::LinkClosed),
        };
        if let Some(lost_requests) = self.context.lost_requests.borrow().get(&worker.id) {
            lost_requests.report(in_flight);
        }
        if let Some(events) = self.context.events.borrow().get(&worker.id) {
            // A full queue means that earlier events are being handled already.
            let _ = events.try_send(event);
        }
    }
}
