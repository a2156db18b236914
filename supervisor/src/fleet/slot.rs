//! One slot for a worker of an app's generation: keeps a worker in it for as long as the generation serves.

use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_config::AppStart;
use nano_protocol::{ExitReason, LayerReport};
use nano_spawner::wire::WorkerPurpose;
use tokio::sync::{mpsc, oneshot, watch};

use super::backoff::Backoff;
use super::boot::{self, BootEvent};
use super::context::FleetContext;
use super::exit::{Cause, is_planned, was_killed};
use super::flight::{DeathReport, LostRequests};
use super::live::{EndedWorker, RunningWorker, Supervised};
use super::process::Process;
use super::resident;
use super::sandbox::{in_force, lacking};
use super::shared::{DesiredState, GenerationState, data_links, retired};
use super::slot_status::SlotStatus;
use super::spares::Refill;
use super::start_error::StartError;
use super::start_turns::StartKind;
use crate::app::Outage;
use crate::duration::millis;
use crate::shard::command::ShardCommand;
use crate::worker::{Worker, WorkerId, WorkerState};

/// How long a worker that reported why it cannot load its app may take to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Reports once whether the first worker became ready.
pub(super) type FirstReadySender = oneshot::Sender<Result<(), StartError>>;

pub(super) struct Slot {
    pub(super) context: Rc<FleetContext>,
    pub(super) shared: Rc<GenerationState>,
    pub(super) status: Rc<SlotStatus>,
    pub(super) desired: watch::Receiver<DesiredState>,
    pub(super) wakes: watch::Receiver<()>,
    /// Taken when the first worker was started, or could not be. `None` from the beginning: it waits for a request.
    pub(super) first: Option<FirstReadySender>,
}

/// What to do after a worker has ended.
enum NextStep {
    Restart(Duration),
    WaitForDemand,
    Leave,
}

impl Slot {
    /// Runs until the generation is retired, or its first worker cannot be started.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        let on_demand = self.shared.config.settings.start == AppStart::OnDemand;
        if self.first.is_none() && self.wait_for_demand().await {
            return self.status.enter(None);
        }
        loop {
            let mut outage = Outage::Crashes;
            // An app that fails again and again leaves the spares to others.
            let mut started = self.start(backoff.failures() < 2).await;
            if started.as_ref().is_err_and(|error| self.status.was_spare.get() && error.may_be_the_spares()) {
                tracing::warn!(app = %self.shared.app.name, "a spare worker failed; another one is started");
                started = self.start(false).await;
            }
            let next = match started {
                Ok(None) => NextStep::Leave,
                Ok(Some(running)) => {
                    if let Some(first) = self.first.take() {
                        let _ = first.send(Ok(()));
                    }
                    let ended = running.supervise(self.supervised()).await;
                    self.after(ended, &mut backoff).await
                }
                Err(error) => match self.first.take() {
                    // The caller that started the generation decides what follows.
                    Some(first) => {
                        let _ = first.send(Err(error));
                        NextStep::Leave
                    }
                    None => {
                        outage = Outage::StartFails;
                        NextStep::Restart(backoff.failed(Duration::ZERO))
                    }
                },
            };
            self.status.failures.set(backoff.failures());
            let retired = match next {
                NextStep::Leave => true,
                NextStep::WaitForDemand => self.wait_for_demand().await,
                NextStep::Restart(wait) => {
                    let is_loop = backoff.is_loop().then_some(outage);
                    self.wait_before_restart(wait, is_loop).await
                        // An app that is started on demand and fails is not started again before its next request.
                        || on_demand && is_loop.is_some() && self.wait_for_demand().await
                }
            };
            if retired {
                break;
            }
            self.status.restarts.set(self.status.restarts.get() + 1);
        }
        self.status.enter(None);
    }

    fn supervised(&mut self) -> Supervised<'_> {
        let Self { context, shared, status, desired, .. } = self;
        Supervised { context, shared, status, desired }
    }

    /// Reaps the process and decides what follows.
    async fn after(&self, ended: EndedWorker, backoff: &mut Backoff) -> NextStep {
        let EndedWorker { process, worker, planned, healthy_for } = ended;
        let killed = self.end(process, &worker, Cause::Ready { planned }).await;
        match planned {
            Some(ExitReason::Idle) => NextStep::WaitForDemand,
            Some(_) => NextStep::Leave,
            None if killed => NextStep::Restart(backoff.killed(healthy_for, worker.has_answered(), Instant::now())),
            None => NextStep::Restart(backoff.failed(healthy_for)),
        }
    }

    /// Waits before a restart. True if the generation was retired meanwhile.
    async fn wait_before_restart(&mut self, wait: Duration, outage: Option<Outage>) -> bool {
        if let Some(outage) = outage
            && self.shared.ready.get() == 0
        {
            self.shared.app.availability.refuse(outage, wait);
            // Requests in the queue are refused too.
            self.shared.app.admission.wake_all();
            let what = match outage {
                Outage::Crashes => "crash loop: the app's worker fails again and again",
                Outage::StartFails => "the app's worker does not get ready, again and again",
            };
            let wait_ms = millis(wait);
            tracing::error!(app = %self.shared.app.name, wait_ms, "{what}; its requests are refused until the next start");
        }
        if wait.is_zero() {
            return self.desired.borrow().is_retire();
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = retired(&mut self.desired) => true,
        }
    }

    /// Waits until the app has a request. True if the generation was retired meanwhile.
    async fn wait_for_demand(&mut self) -> bool {
        let demand = &self.shared.app.availability.demand;
        self.status.enter(Some(WorkerState::Exited));
        self.status.waits.set(true);
        let retired = tokio::select! {
            () = demand.notified() => {
                // All slots of the app are to start, not only the one that was notified.
                self.shared.wake.send_replace(());
                // This one is awake: it must not wake itself from its next wait.
                self.wakes.mark_unchanged();
                false
            }
            _ = self.wakes.changed() => false,
            () = retired(&mut self.desired) => true,
        };
        self.status.waits.set(false);
        retired
    }

    /// Spawns a worker, or takes a spare one, loads the app in it and gives it to the shards. `None`: retired meanwhile.
    async fn start(&mut self, spares: bool) -> Result<Option<RunningWorker>, StartError> {
        if self.desired.borrow().is_retire() {
            return Ok(None);
        }
        let config = &self.shared.config;
        self.status.since.set(Instant::now());
        self.status.enter(Some(WorkerState::Starting));
        let kind = if self.first.is_some() { StartKind::First } else { StartKind::Again };
        let mut desired = self.desired.clone();
        let spawned = async {
            let turn = self.shared.starts.take(kind).await;
            (turn, self.spawn(spares).await)
        };
        // Both are given up when the worker is ready or has failed.
        let (_turn, (mut process, own, _refill)) = tokio::select! {
            (turn, spawned) = spawned => (turn, spawned.map_err(|error| self.not_spawned(error))?),
            () = retired(&mut desired) => {
                self.status.enter(Some(WorkerState::Exited));
                return Ok(None);
            }
        };
        let worker = Arc::new(Worker::new(self.context.worker_id(), process.pid));
        self.shared.app.metrics.register_worker(Arc::clone(&worker));
        *self.status.worker.borrow_mut() = Some(Arc::clone(&worker));
        tracing::debug!(app = %config.name, pid = process.pid, "worker spawned");

        let (shared, context) = (Rc::clone(&self.shared), Rc::clone(&self.context));
        let lost_requests = Rc::new(LostRequests::default());
        self.context.lost_requests.borrow_mut().insert(worker.id, lost_requests);
        let lines = Rc::clone(&process.lines);
        let on_event = |event: BootEvent| {
            match event {
                BootEvent::Sandbox(layers) => return check_sandbox(&context, &shared, &worker, layers),
                BootEvent::Log(line) => shared.log(worker.pid, &lines, line),
                BootEvent::Stats(stats) => worker.record(&stats),
            }
            Ok(())
        };
        let resident_limit = self.shared.resident_limit(&process.layers);
        let modules = self.shared.modules(&self.context).await?;
        let booted = tokio::select! {
            booted = boot::boot(&mut process, config, modules, self.status.was_spare.get(), on_event) => Some(booted),
            () = resident::exceeded(worker.pid, resident_limit, false) => Some(Err(StartError::Limit(ExitReason::Memory))),
            () = retired(&mut self.desired) => None,
        };
        match booted {
            Some(Ok(ready)) => {
                let took = process.spawned.elapsed();
                self.context.metrics.worker_started(took);
                self.context.metrics.set_v8(&ready.v8);
                let (sender, events) = mpsc::channel(4);
                self.context.events.borrow_mut().insert(worker.id, sender);
                let availability = &self.shared.app.availability;
                availability.restored();
                self.give_to_shards(&worker, own).await;
                // Demands until now are met by this worker: they must not start another one after its end.
                self.wakes.mark_unchanged();
                self.status.enter(Some(WorkerState::Ready));
                // While the shards got their links, another slot may have found that no worker is ready.
                availability.restored();
                let start_ms = millis(took);
                let sandbox = in_force(worker.sandbox());
                tracing::info!(app = %config.name, pid = worker.pid, generation = self.shared.app.generation.0, start_ms, sandbox, "worker ready");
                Ok(Some(RunningWorker::new(process, worker, events, config.settings.cpu)))
            }
            Some(Err(error)) => {
                let reason = match &error {
                    StartError::Protocol(_) => ExitReason::Protocol,
                    _ => ExitReason::Startup,
                };
                if matches!(error, StartError::Module(_)) {
                    // It ends by itself after it has sent the error.
                    let _ = tokio::time::timeout(SHUTDOWN_GRACE, process.life.over()).await;
                }
                let cause = Cause::Boot { reason, detail: &error.to_string(), is_reported: self.first.is_some() };
                self.end(process, &worker, cause).await;
                Err(error)
            }
            None => {
                let reason = self.desired.borrow().reason();
                self.end(process, &worker, Cause::Retired(reason)).await;
                Ok(None)
            }
        }
    }

    /// A process, a spare one if there is one, and our ends of its data links.
    async fn spawn(&self, spares: bool) -> Result<(Process, Vec<UnixStream>, Option<Refill>), StartError> {
        let modules = self.shared.modules(&self.context).await?;
        self.status.was_spare.set(false);
        if spares && let Some(adopted) = self.context.spares.adopt(&self.context, &self.shared, modules).await {
            self.status.was_spare.set(true);
            return Ok((adopted.process, adopted.links, Some(adopted.refill)));
        }
        let (own, workers) = data_links(self.context.shards().len()).map_err(StartError::Spawn)?;
        let (spawner, name) = (&self.context.spawner, &self.shared.config.name);
        let mut process = Process::spawn(spawner, WorkerPurpose::Serve(modules.generation), workers).await?;
        process.belongs_to(name, &self.shared.rate);
        Ok((process, own, None))
    }

    fn not_spawned(&self, error: StartError) -> StartError {
        self.status.enter(Some(WorkerState::Exited));
        if self.first.is_none() {
            tracing::error!(app = %self.shared.app.name, %error, "a worker cannot be started");
        }
        error
    }

    async fn give_to_shards(&self, worker: &Arc<Worker>, links: Vec<UnixStream>) {
        if let Some(lost_requests) = self.context.lost_requests.borrow().get(&worker.id) {
            lost_requests.expect(links.len());
        }
        let mut links = links.into_iter();
        self.context
            .shards()
            .broadcast(|done| {
                let socket = links.next()?;
                Some(ShardCommand::AddLink {
                    app: Arc::clone(&self.shared.app),
                    worker: Arc::clone(worker),
                    socket,
                    done,
                })
            })
            .await;
    }

    /// Kills and reaps a worker, and counts and logs its end. True if it was killed from outside nano.
    async fn end(&self, mut process: Process, worker: &Worker, cause: Cause<'_>) -> bool {
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
        self.context.events.borrow_mut().remove(&worker.id);
        let how = if ended_by_nano { "ended by nano".to_owned() } else { process.describe(&exit) };
        if !is_planned(reason) {
            self.context.metrics.worker_died(&self.shared.app.name, reason, &how);
        }
        *self.status.worker.borrow_mut() = None;
        *self.status.last_exit.borrow_mut() = Some((reason, how.clone()));
        self.status.since.set(Instant::now());
        self.status.enter(Some(WorkerState::Exited));
        // Its last output is logged before its end.
        process.finish_stderr().await;
        let (app, pid) = (&*self.shared.app.name, worker.pid);
        match cause {
            Cause::Boot { detail, is_reported: true, .. } => {
                tracing::debug!(app, pid, %reason, how, lived_ms, detail, "worker ended");
            }
            Cause::Boot { detail, .. } => tracing::warn!(app, pid, %reason, how, lived_ms, detail, "worker ended"),
            _ if is_planned(reason) => tracing::info!(app, pid, %reason, how, lived_ms, "worker ended"),
            _ => tracing::warn!(app, pid, %reason, how, lived_ms, "worker ended"),
        }
        let (detail, is_reported) = match cause {
            Cause::Boot { detail, is_reported, .. } => (Some(detail.to_owned()), is_reported),
            _ => (None, false),
        };
        self.write_flight_record(
            DeathReport {
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
                is_reported,
                lines: Rc::clone(&process.lines),
                lost_requests: self.context.lost_requests.borrow().get(&worker.id).map(Rc::clone).unwrap_or_default(),
            },
            worker.id,
        );
        killed
    }

    /// The shards may not have reported the lost requests yet; nothing waits for that.
    fn write_flight_record(&self, death: DeathReport, worker: WorkerId) {
        let context = Rc::clone(&self.context);
        let _task = tokio::task::spawn_local(async move {
            context.flight.write(death).await;
            context.lost_requests.borrow_mut().remove(&worker);
        });
    }
}

/// Records the state of a worker's sandbox for the metrics and `nanoctl`, and decides whether the worker may be sent
/// its app.
fn check_sandbox(
    context: &FleetContext,
    shared: &GenerationState,
    worker: &Worker,
    layers: Vec<LayerReport>,
) -> Result<(), StartError> {
    let app = &shared.app;
    app.metrics.set_sandbox(&layers);
    let lacking = lacking(&layers);
    worker.set_sandbox(layers);
    if lacking.is_empty() {
        return Ok(());
    }
    if context.sandbox_enforcement.is_required() {
        return Err(StartError::Sandbox(lacking));
    }
    if context.sandbox_logged.borrow_mut().insert(Arc::clone(&app.name)) {
        tracing::warn!(app = %app.name, lacking, "the sandbox of the app's workers is incomplete (sandbox: best-effort)");
    }
    Ok(())
}
