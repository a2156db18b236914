//! The worker processes of all apps: started, watched, restarted, retired.

mod backoff;
mod boot;
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
mod shown;
mod slot;
mod spawner;
mod start_error;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::App as AppConfig;
use nano_protocol::ExitReason;
use tokio::sync::{mpsc, oneshot};

use crate::app::Generation as GenerationNumber;
use crate::shard::Event;
use crate::shard::command::{Command, Done};
use crate::telemetry::{AppMetrics, Metrics};
use crate::worker::WorkerId;

use flight::Wreck;
pub(crate) use flight::{FlightRecord, FlightRecords};
pub(crate) use generation::Generation;
pub use process::{NoWorker, find_worker};
pub use sandbox::NoProc;
pub(crate) use sandbox::Sandboxing;
pub(crate) use slot::SlotStatus;
pub(crate) use spawner::{Spawner, Started};
pub use spawner::{SpawnerError, spawner_if_asked};
pub use start_error::StartError;

/// What a shard noticed about a worker.
#[derive(Debug, Clone, Copy)]
enum Alarm {
    /// It must end now; its exit reason is set.
    Kill,
    /// It closed its data link.
    LinkClosed,
}

/// What every worker's keeper needs.
#[derive(Debug)]
struct Context {
    spawner: Rc<Spawner>,
    /// Set once the shards run; before that no keeper does.
    shards: OnceCell<Vec<mpsc::Sender<Command>>>,
    metrics: Arc<Metrics>,
    sandboxing: Sandboxing,
    /// Apps of which the log says already that their sandbox is incomplete.
    told: RefCell<HashSet<Arc<str>>>,
    drain: Cell<Duration>,
    next_worker: Cell<u64>,
    next_generation: Cell<u64>,
    alarms: RefCell<HashMap<WorkerId, mpsc::Sender<Alarm>>>,
    /// Of workers whose flight record may have to be written yet.
    wrecks: RefCell<HashMap<WorkerId, Rc<Wreck>>>,
    flight: FlightRecords,
}

impl Context {
    fn shards(&self) -> &[mpsc::Sender<Command>] {
        self.shards.get().map_or(&[], Vec::as_slice)
    }

    fn worker_id(&self) -> WorkerId {
        let id = self.next_worker.get();
        self.next_worker.set(id + 1);
        WorkerId(id)
    }

    fn generation(&self) -> GenerationNumber {
        let number = self.next_generation.get();
        self.next_generation.set(number + 1);
        GenerationNumber(number)
    }

    /// Gives every shard a command and waits until all have carried it out.
    async fn tell_shards(&self, command: impl FnMut(Done) -> Option<Command>) {
        tell(self.shards(), command).await;
    }
}

/// Gives each of the shards a command and waits until all have carried it out. A shard that is gone has nothing left
/// to do.
pub(crate) async fn tell(shards: &[mpsc::Sender<Command>], mut command: impl FnMut(Done) -> Option<Command>) {
    let mut waits = Vec::with_capacity(shards.len());
    for shard in shards {
        let (done, wait) = oneshot::channel();
        if let Some(command) = command(done)
            && shard.send(command).await.is_ok()
        {
            waits.push(wait);
        }
    }
    for wait in waits {
        let _ = wait.await;
    }
}

/// All workers.
#[derive(Debug)]
pub(crate) struct Fleet {
    context: Rc<Context>,
}

impl Fleet {
    pub(crate) fn new(spawner: Rc<Spawner>, metrics: Arc<Metrics>, sandboxing: Sandboxing, drain: Duration) -> Self {
        let context = Context {
            spawner,
            shards: OnceCell::new(),
            metrics,
            sandboxing,
            told: RefCell::default(),
            drain: Cell::new(drain),
            next_worker: Cell::new(1),
            next_generation: Cell::new(1),
            alarms: RefCell::default(),
            wrecks: RefCell::default(),
            flight: FlightRecords::default(),
        };
        Self { context: Rc::new(context) }
    }

    /// The shards run. Workers that were started before get their data links from them, as long as nothing was awaited
    /// in between.
    pub(crate) fn set_shards(&self, shards: Vec<mpsc::Sender<Command>>) {
        let _ = self.context.shards.set(shards);
    }

    /// Starts the workers of an app of this version. Must run in a `LocalSet`.
    pub(crate) fn start(&self, version: u64, app: AppConfig, metrics: Arc<AppMetrics>) -> Rc<Generation> {
        Generation::start(&self.context, version, app, metrics)
    }

    /// Where they are counted.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.context.metrics
    }

    /// Who starts them.
    pub(crate) fn spawner(&self) -> &Rc<Spawner> {
        &self.context.spawner
    }

    /// Longest wait for what is in flight when a worker is stopped for idleness.
    pub(crate) fn set_drain(&self, drain: Duration) {
        self.context.drain.set(drain);
    }

    /// How workers are locked up.
    pub(crate) fn sandboxing(&self) -> &Sandboxing {
        &self.context.sandboxing
    }

    /// How workers died.
    pub(crate) fn flight(&self) -> &FlightRecords {
        &self.context.flight
    }

    /// The shards' command channels.
    pub(crate) fn shards(&self) -> &[mpsc::Sender<Command>] {
        self.context.shards()
    }

    /// A shard noticed something.
    pub(crate) fn on_event(&self, event: Event) {
        let (worker, lost, alarm) = match event {
            Event::ProtocolViolation { worker, detail, lost } => {
                worker.set_exit(ExitReason::Protocol);
                tracing::error!(pid = worker.pid, detail, "the worker broke the protocol");
                (worker, lost, Alarm::Kill)
            }
            Event::LinkClosed { worker, lost } => (worker, lost, Alarm::LinkClosed),
        };
        if let Some(wreck) = self.context.wrecks.borrow().get(&worker.id) {
            wreck.tell(lost);
        }
        if let Some(alarms) = self.context.alarms.borrow().get(&worker.id) {
            // A full queue means that it is being seen to already.
            let _ = alarms.try_send(alarm);
        }
    }
}
