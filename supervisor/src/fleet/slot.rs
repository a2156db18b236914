//! One place for a worker of an app's generation: keeps it filled, for as long as the generation serves.

use std::cell::{Cell, RefCell};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_protocol::{ExitReason, LayerReport, Ready, SandboxLayer, memory};
use tokio::sync::{mpsc, oneshot, watch};

use super::Context;
use super::backoff::Backoff;
use super::boot::{self, Said};
use super::exit::{Cause, is_planned, was_killed};
use super::flight::{Death, LastLines, Wreck};
use super::generation::{Order, Shared};
use super::live::{End, Live};
use super::process::Process;
use super::resident;
use super::sandbox::{in_force, lacking};
use super::shown;
use super::start_error::StartError;
use crate::app::Outage;
use crate::duration::millis;
use crate::log;
use crate::shard::command::Command;
use crate::worker::{Worker, WorkerId, WorkerState};

/// For a worker that said why it cannot load its app, to go.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is known of a slot, for `nanoctl` and the metrics.
#[derive(Debug)]
pub(crate) struct SlotStatus {
    shared: Rc<Shared>,
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
    pub(super) fn new(shared: &Rc<Shared>) -> Rc<Self> {
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

    /// Whether it has no worker because none is needed.
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

/// The first worker's fate, for whoever started the generation.
pub(super) type First = oneshot::Sender<Result<Ready, StartError>>;

pub(super) struct Slot {
    pub(super) context: Rc<Context>,
    pub(super) shared: Rc<Shared>,
    pub(super) status: Rc<SlotStatus>,
    pub(super) orders: watch::Receiver<Order>,
    pub(super) wakes: watch::Receiver<()>,
    pub(super) first: Option<First>,
}

/// What to do after a worker.
enum Next {
    Restart(Duration),
    WaitForDemand,
    Leave,
}

impl Slot {
    /// Runs until the generation is retired, or its first worker cannot be started.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let mut outage = Outage::Crashes;
            let next = match self.start().await {
                Ok(None) => Next::Leave,
                Ok(Some((live, ready))) => {
                    if let Some(first) = self.first.take() {
                        let _ = first.send(Ok(ready));
                    }
                    match live.supervise(&mut self).await {
                        End::Retired => Next::Leave,
                        End::Idle => Next::WaitForDemand,
                        End::Killed { healthy_for, answered } => {
                            Next::Restart(backoff.killed(healthy_for, answered, Instant::now()))
                        }
                        End::Failed { healthy_for } => Next::Restart(backoff.failed(healthy_for)),
                    }
                }
                Err(error) => match self.first.take() {
                    // Whoever started the generation decides what follows.
                    Some(first) => {
                        let _ = first.send(Err(error));
                        Next::Leave
                    }
                    None => {
                        outage = Outage::StartFails;
                        Next::Restart(backoff.failed(Duration::ZERO))
                    }
                },
            };
            self.status.failures.set(backoff.failures());
            let retired = match next {
                Next::Leave => true,
                Next::WaitForDemand => self.wait_for_demand().await,
                Next::Restart(wait) => self.wait_before_restart(wait, backoff.is_loop().then_some(outage)).await,
            };
            if retired {
                break;
            }
            self.status.restarts.set(self.status.restarts.get() + 1);
        }
        self.status.enter(None);
    }

    /// True if the generation was retired meanwhile.
    async fn wait_before_restart(&mut self, wait: Duration, outage: Option<Outage>) -> bool {
        if let Some(outage) = outage
            && self.shared.ready.get() == 0
        {
            self.shared.app.availability.refuse(outage, wait);
            // Those who wait already are refused too.
            self.shared.app.admission.wake_all();
            let what = match outage {
                Outage::Crashes => "crash loop: the app's worker fails again and again",
                Outage::StartFails => "the app's worker does not get ready, again and again",
            };
            let wait_ms = millis(wait);
            tracing::error!(app = %self.shared.app.name, wait_ms, "{what}; its requests are refused until the next start");
        }
        if wait.is_zero() {
            return self.orders.borrow().is_retire();
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = retired(&mut self.orders) => true,
        }
    }

    /// True if the generation was retired meanwhile.
    async fn wait_for_demand(&mut self) -> bool {
        let wanted = &self.shared.app.availability.wanted;
        tokio::select! {
            () = wanted.notified() => {
                // The whole app is wanted, not just the one worker that heard it.
                self.shared.wake.send_replace(());
                false
            }
            _ = self.wakes.changed() => false,
            () = retired(&mut self.orders) => true,
        }
    }

    /// Spawns a worker, loads the app in it and gives it to the shards. `None`: retired meanwhile.
    async fn start(&mut self) -> Result<Option<(Live, Ready)>, StartError> {
        if self.orders.borrow().is_retire() {
            return Ok(None);
        }
        let config = &self.shared.config;
        self.status.since.set(Instant::now());
        self.status.enter(Some(WorkerState::Starting));
        let mut orders = self.orders.clone();
        let (mut process, own) = tokio::select! {
            spawned = self.spawn() => spawned.map_err(|error| self.not_spawned(error))?,
            () = retired(&mut orders) => {
                self.status.enter(Some(WorkerState::Exited));
                return Ok(None);
            }
        };
        let worker = Arc::new(Worker::new(self.context.worker_id(), process.pid));
        self.shared.app.metrics.register_worker(Arc::clone(&worker));
        *self.status.worker.borrow_mut() = Some(Arc::clone(&worker));
        tracing::debug!(app = %config.name, pid = process.pid, "worker spawned");

        let (shared, context) = (Rc::clone(&self.shared), Rc::clone(&self.context));
        let wreck = Rc::new(Wreck::default());
        self.context.wrecks.borrow_mut().insert(worker.id, wreck);
        let lines = Rc::clone(&process.lines);
        let hear = |said: Said| {
            match said {
                Said::Sandbox(layers) => return take_note(&context, &shared, &worker, layers),
                Said::Log(line) => shared.log(worker.pid, &lines, line),
                Said::Stats(stats) => worker.record(&stats),
            }
            Ok(())
        };
        let resident_limit = self.resident_limit(&process.layers);
        let opened = self.shared.opened(&self.context).await?;
        let booted = tokio::select! {
            booted = boot::boot(&mut process, config, opened, hear) => Some(booted),
            () = resident::exceeded(worker.pid, resident_limit, false) => Some(Err(StartError::Limit(ExitReason::Memory))),
            () = retired(&mut self.orders) => None,
        };
        match booted {
            Some(Ok(ready)) => {
                let took = process.spawned.elapsed();
                self.context.metrics.worker_started(took);
                self.context.metrics.set_v8(&ready.v8);
                let (alarm, alarms) = mpsc::channel(4);
                self.context.alarms.borrow_mut().insert(worker.id, alarm);
                let availability = &self.shared.app.availability;
                availability.restored();
                self.give_to_shards(&worker, own).await;
                self.status.enter(Some(WorkerState::Ready));
                // While the shards were told, another slot may have found that no worker is ready.
                availability.restored();
                let start_ms = millis(took);
                let sandbox = in_force(worker.sandbox());
                tracing::info!(app = %config.name, pid = worker.pid, generation = self.shared.app.generation.0, start_ms, sandbox, "worker ready");
                Ok(Some((Live::new(process, worker, alarms, config.settings.cpu), ready)))
            }
            Some(Err(error)) => {
                let reason = match &error {
                    StartError::Protocol(_) => ExitReason::Protocol,
                    _ => ExitReason::Startup,
                };
                if matches!(error, StartError::Module(_)) {
                    // It goes by itself once it has said so.
                    let _ = tokio::time::timeout(FAREWELL, process.life.over()).await;
                }
                let cause = Cause::Boot { reason, detail: &error.to_string(), told: self.first.is_some() };
                self.end(process, &worker, cause).await;
                Err(error)
            }
            None => {
                let reason = self.orders.borrow().reason();
                self.end(process, &worker, Cause::Retired(reason)).await;
                Ok(None)
            }
        }
    }

    /// A process, and our ends of its data links.
    async fn spawn(&self) -> Result<(Process, Vec<UnixStream>), StartError> {
        let opened = self.shared.opened(&self.context).await?;
        let (own, workers) = data_links(self.context.shards().len()).map_err(StartError::Spawn)?;
        let (spawner, name) = (&self.context.spawner, &self.shared.config.name);
        let process = Process::spawn(spawner, opened.generation, name, workers, &self.shared.rate).await?;
        Ok((process, own))
    }

    /// Bytes past which the supervisor ends a worker itself, where the kernel does not.
    pub(super) fn resident_limit(&self, layers: &[LayerReport]) -> Option<u64> {
        let limited = layers.iter().any(|report| report.layer == SandboxLayer::Cgroup && report.active);
        (!limited).then(|| memory::process_limit(self.shared.config.settings.memory_bytes))
    }

    fn not_spawned(&self, error: StartError) -> StartError {
        self.status.enter(Some(WorkerState::Exited));
        if self.first.is_none() {
            tracing::error!(app = %self.shared.app.name, %error, "a worker cannot be started");
        }
        error
    }

    async fn give_to_shards(&self, worker: &Arc<Worker>, links: Vec<UnixStream>) {
        if let Some(wreck) = self.context.wrecks.borrow().get(&worker.id) {
            wreck.expect(links.len());
        }
        let mut links = links.into_iter();
        self.context
            .tell_shards(|done| {
                let socket = links.next()?;
                Some(Command::AddLink { app: Arc::clone(&self.shared.app), worker: Arc::clone(worker), socket, done })
            })
            .await;
    }

    /// Kills and reaps what is left of a worker, and counts and logs its end. True if somebody else killed it.
    pub(super) async fn end(&self, mut process: Process, worker: &Worker, cause: Cause<'_>) -> bool {
        let uptime = process.spawned.elapsed();
        let lived_ms = millis(uptime);
        let ended_by_nano = !process.life.is_over() && matches!(cause, Cause::Boot { .. });
        process.kill();
        let exit = process.life.over().await;
        let report_age = worker.report_age();
        worker.record_cpu(exit.cpu());
        let killed = worker.exit().is_none() && matches!(cause, Cause::Ready { .. }) && was_killed(&exit);
        let reason = cause.reason(worker.exit(), &exit);
        worker.set_exit(reason);
        self.shared.app.metrics.worker_gone(worker, reason);
        self.context.alarms.borrow_mut().remove(&worker.id);
        let how = if ended_by_nano { "ended by nano".to_owned() } else { process.describe(&exit) };
        *self.status.worker.borrow_mut() = None;
        *self.status.last_exit.borrow_mut() = Some((reason, how.clone()));
        self.status.since.set(Instant::now());
        self.status.enter(Some(WorkerState::Exited));
        // Its last words come before ours.
        process.finish_stderr().await;
        let (app, pid) = (&*self.shared.app.name, worker.pid);
        match cause {
            Cause::Boot { detail, told: true, .. } => {
                tracing::debug!(app, pid, %reason, how, lived_ms, detail, "worker ended");
            }
            Cause::Boot { detail, .. } => tracing::warn!(app, pid, %reason, how, lived_ms, detail, "worker ended"),
            _ if is_planned(reason) => tracing::info!(app, pid, %reason, how, lived_ms, "worker ended"),
            _ => tracing::warn!(app, pid, %reason, how, lived_ms, "worker ended"),
        }
        let (detail, told) = match cause {
            Cause::Boot { detail, told, .. } => (Some(detail.to_owned()), told),
            _ => (None, false),
        };
        self.write_flight_record(
            Death {
                app: app.to_owned(),
                pid,
                generation: self.shared.app.generation.0,
                reason,
                how,
                detail,
                uptime,
                cpu: worker.cpu(),
                stats: worker.stats(),
                report_age,
                memory_limit: self.shared.config.settings.memory_bytes,
                told,
                lines: Rc::clone(&process.lines),
                wreck: self.context.wrecks.borrow().get(&worker.id).map(Rc::clone).unwrap_or_default(),
            },
            worker.id,
        );
        killed
    }

    /// The shards may have yet to say what was lost; nobody waits for that.
    fn write_flight_record(&self, death: Death, worker: WorkerId) {
        let context = Rc::clone(&self.context);
        let _task = tokio::task::spawn_local(async move {
            context.flight.write(death).await;
            context.wrecks.borrow_mut().remove(&worker);
        });
    }
}

/// What a worker's sandbox is, for the metrics and `nanoctl`; and whether it may be told its app.
fn take_note(context: &Context, shared: &Shared, worker: &Worker, layers: Vec<LayerReport>) -> Result<(), StartError> {
    let app = &shared.app;
    app.metrics.set_sandbox(&layers);
    let lacking = lacking(&layers);
    worker.set_sandbox(layers);
    if lacking.is_empty() {
        return Ok(());
    }
    if context.sandboxing.is_required() {
        return Err(StartError::Sandbox(lacking));
    }
    if context.told.borrow_mut().insert(Arc::clone(&app.name)) {
        tracing::warn!(app = %app.name, lacking, "the sandbox of the app's workers is incomplete (sandbox: best-effort)");
    }
    Ok(())
}

/// Pairs of connected sockets, one for each shard: our ends and the worker's.
fn data_links(shards: usize) -> std::io::Result<(Vec<UnixStream>, Vec<UnixStream>)> {
    let mut ends = (Vec::with_capacity(shards), Vec::with_capacity(shards));
    for _ in 0..shards {
        let (own, workers) = UnixStream::pair()?;
        own.set_nonblocking(true)?;
        workers.set_nonblocking(true)?;
        ends.0.push(own);
        ends.1.push(workers);
    }
    Ok(ends)
}

/// Waits until the generation is retired.
pub(super) async fn retired(orders: &mut watch::Receiver<Order>) {
    // The sender only goes away with the generation itself.
    let _ = orders.wait_for(Order::is_retire).await;
}

impl Shared {
    /// Logs what a worker says, within what its app may log.
    pub(super) fn log(&self, pid: u32, last: &RefCell<LastLines>, mut line: nano_protocol::LogLine) {
        line.message = shown::told(&self.config, &line.message);
        last.borrow_mut().push(&line.message);
        self.rate.borrow().dropped_before(line.dropped);
        let admitted = self.rate.borrow_mut().admit(line.message.len(), Instant::now());
        if let Some(dropped) = admitted {
            line.dropped = line.dropped.saturating_add(dropped);
            log::app_line(&self.app.name, pid, &line);
        }
    }
}
