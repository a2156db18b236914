//! Supervises a ready worker: handles its frames, pings it, and retires it.

use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_protocol::{ExitReason, Frame, LogLine};
use tokio::sync::{mpsc, watch};

use super::backoff::HEALTHY_AFTER;
use super::context::{FleetContext, WorkerEvent};
use super::control_link::LinkError;
use super::heartbeat::{Beat, Heartbeat, Pulse};
use super::module_queue::ModuleQueue;
use super::process::Process;
use super::shared::{DesiredState, GenerationState, retired};
use super::slot_status::SlotStatus;
use super::{boot, resident};
use crate::shard::command::ShardCommand;
use crate::worker::{Worker, WorkerState};

/// A worker that closed a link is killed if it has not ended within this time.
const CLOSED_LINK_GRACE: Duration = Duration::from_secs(1);

/// How long a worker may take to close its WebSockets.
pub(crate) const SOCKETS_GRACE: Duration = Duration::from_secs(2);

/// Shortest interval between two checks whether the app is idle.
const IDLE_LOOK: Duration = Duration::from_millis(20);

/// What the supervision of a worker needs of its slot.
pub(super) struct Supervised<'s> {
    pub(super) context: &'s Rc<FleetContext>,
    pub(super) shared: &'s GenerationState,
    pub(super) status: &'s SlotStatus,
    pub(super) desired: &'s mut watch::Receiver<DesiredState>,
}

/// A worker whose process has ended and is not reaped yet.
pub(super) struct EndedWorker {
    pub(super) process: Process,
    pub(super) worker: Arc<Worker>,
    /// Why nano wanted it to end, if it did.
    pub(super) planned: Option<ExitReason>,
    /// How long it was ready.
    pub(super) healthy_for: Duration,
}

/// Something that happens once.
type Once = Pin<Box<dyn Future<Output = ()>>>;

pub(super) struct RunningWorker {
    process: Process,
    worker: Arc<Worker>,
    events: mpsc::Receiver<WorkerEvent>,
    heartbeat: Heartbeat,
    /// When to check the heartbeat; frames of the worker do not delay it. `None`: it is idle.
    beat_at: Option<Instant>,
    ready_at: Instant,
    link_open: bool,
    /// When to kill it, if it has not ended by then.
    deadline: Option<Instant>,
    /// It was told to close its WebSockets.
    sockets_asked: bool,
    /// Why nano wants it to end, if it does.
    planned: Option<ExitReason>,
    /// Done when the shards have closed their links to it.
    released: Option<Once>,
    /// Memory above which nano kills it, where the kernel does not.
    resident_limit: Option<u64>,
    /// Done when it uses more memory than that.
    oversized: Option<Once>,
    /// Modules that it requested and has not been sent.
    modules: ModuleQueue,
    idle: IdleSince,
    /// When it counts as healthy.
    healthy_at: Option<Instant>,
}

/// Since when the app had nothing to do.
struct IdleSince {
    since: Instant,
    requests: u64,
}

impl RunningWorker {
    pub(super) fn new(
        process: Process,
        worker: Arc<Worker>,
        events: mpsc::Receiver<WorkerEvent>,
        cpu: Duration,
    ) -> Self {
        let now = Instant::now();
        let heartbeat = Heartbeat::new(cpu, now);
        Self {
            process,
            worker,
            events,
            beat_at: Some(heartbeat.next(now)),
            heartbeat,
            ready_at: now,
            link_open: true,
            deadline: None,
            sockets_asked: false,
            planned: None,
            released: None,
            resident_limit: None,
            oversized: None,
            modules: ModuleQueue::new(),
            idle: IdleSince { since: now, requests: 0 },
            healthy_at: Some(now + HEALTHY_AFTER),
        }
    }

    /// Runs until its process has ended.
    pub(super) async fn supervise(mut self, slot: Supervised<'_>) -> EndedWorker {
        self.idle.requests = slot.shared.app.metrics.requests_started();
        self.resident_limit = slot.shared.resident_limit(self.worker.sandbox());
        self.watch_memory(false);
        let worker = Arc::clone(&self.worker);
        let mut suspend = slot.shared.suspend.subscribe();
        let mut idle = slot.shared.config.settings.idle;
        let mut look_at = idle.map(|idle| self.idle.due(idle, Instant::now()));
        loop {
            tokio::select! {
                frame = self.process.link.next(), if self.link_open => self.on_frame(frame, &slot).await,
                _ = self.process.life.over() => break,
                () = until(self.beat_at) => self.on_beat(),
                () = worker.is_stirred() => self.wake(),
                () = until(self.modules.next()), if self.link_open => self.hand_out_module(&slot).await,
                Ok(()) = suspend.changed() => {
                    let wanted = *suspend.borrow_and_update();
                    idle = if wanted { Some(Duration::ZERO) } else { slot.shared.config.settings.idle };
                    look_at = idle.map(|idle| self.idle.due(idle, Instant::now()));
                }
                () = until(look_at), if self.planned.is_none() => {
                    self.on_idle_look(&slot, idle);
                    look_at = idle.map(|idle| self.idle.due(idle, Instant::now()));
                }
                () = until(self.healthy_at) => {
                    self.healthy_at = None;
                    slot.shared.app.availability.close_breaker();
                }
                () = until(self.deadline) => {
                    self.deadline = None;
                    self.on_deadline();
                }
                Some(event) = self.events.recv() => self.on_event(event),
                () = retired(slot.desired), if self.planned.is_none() => {
                    let desired = *slot.desired.borrow();
                    self.retire(&slot, desired.reason(), desired.deadline());
                }
                () = once(&mut self.released) => {
                    self.released = None;
                    self.drain();
                }
                () = once(&mut self.oversized) => {
                    self.oversized = None;
                    self.kill(ExitReason::Memory);
                }
            }
        }
        self.read_last_frames(&slot).await;
        let healthy_for = self.ready_at.elapsed();
        EndedWorker { process: self.process, worker: self.worker, planned: self.planned, healthy_for }
    }

    async fn on_frame(&mut self, frame: Result<Option<Frame>, LinkError>, slot: &Supervised<'_>) {
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) | Err(LinkError::Io(_)) => return self.link_closed(),
            Err(LinkError::Broken(why)) => return self.violation(slot, &why.to_string()),
        };
        match frame {
            Frame::Log(line) => self.log(slot, line).await,
            Frame::Stats(stats) => self.worker.record(&stats),
            Frame::Pong { nonce, idle } => {
                if !self.heartbeat.pong(nonce) {
                    self.violation(slot, "Pong without Ping");
                }
                self.on_pong(idle);
            }
            Frame::ModuleRequest { id, path } => {
                if !self.modules.push(id, path) {
                    self.violation(slot, "it asks for more modules at once than it may");
                }
            }
            Frame::Exiting { reason, .. } => self.worker.set_exit(reason),
            other => self.violation(slot, &format!("{} on the control link", boot::kind(&other))),
        }
    }

    async fn log(&self, slot: &Supervised<'_>, line: LogLine) {
        if let Some(modules) = slot.shared.modules.get() {
            modules.find_maps(&slot.shared.config, &line.message).await;
        }
        slot.shared.log(self.worker.pid, &self.process.lines, line);
    }

    fn link_closed(&mut self) {
        self.link_open = false;
        self.deadline_in(CLOSED_LINK_GRACE);
    }

    fn violation(&mut self, slot: &Supervised<'_>, detail: &str) {
        tracing::error!(app = %slot.shared.app.name, pid = self.worker.pid, detail, "the worker broke the protocol");
        self.link_open = false;
        self.kill(ExitReason::Protocol);
    }

    fn kill(&mut self, reason: ExitReason) {
        self.worker.set_exit(reason);
        self.process.kill();
    }

    /// Its time is over. WebSockets that are left are closed, which takes a moment; then it is killed.
    fn on_deadline(&mut self) {
        let asks = self.planned.is_some() && self.link_open && self.worker.sockets() > 0;
        if asks && !std::mem::replace(&mut self.sockets_asked, true) {
            self.process.link.queue(&Frame::CloseSockets);
            self.deadline = Some(Instant::now() + SOCKETS_GRACE);
        } else {
            self.process.kill();
        }
    }

    fn deadline_in(&mut self, wait: Duration) {
        let at = Instant::now() + wait;
        self.deadline = Some(self.deadline.map_or(at, |before| before.min(at)));
    }

    fn on_beat(&mut self) {
        let busy = self.worker.in_flight.load(std::sync::atomic::Ordering::Relaxed) > 0;
        let pid = self.worker.pid;
        match self.heartbeat.beat(busy, Instant::now(), || Pulse::of(pid)) {
            Beat::Wait => {}
            Beat::Ping(nonce) if self.link_open => {
                self.worker.settle();
                self.process.link.queue(&Frame::Ping(nonce));
            }
            Beat::Ping(_) => {}
            Beat::Kill(reason) => self.kill(reason),
        }
        self.beat_at = Some(self.heartbeat.next(Instant::now()));
    }

    fn on_pong(&mut self, idle: bool) {
        if idle && self.worker.is_settled() {
            self.beat_at = None;
            self.watch_memory(true);
        } else {
            self.beat_at = Some(self.heartbeat.next(Instant::now()));
        }
    }

    /// The idle worker has a request again.
    fn wake(&mut self) {
        if self.beat_at.is_none() {
            let now = Instant::now();
            self.heartbeat.wake(now);
            self.beat_at = Some(self.heartbeat.next(now));
            self.watch_memory(false);
        }
    }

    fn watch_memory(&mut self, idle: bool) {
        self.oversized = Some(Box::pin(resident::exceeded(self.worker.pid, self.resident_limit, idle)));
    }

    async fn hand_out_module(&mut self, slot: &Supervised<'_>) {
        let Some((id, path)) = self.modules.pop(Instant::now()) else { return };
        // The app's modules were opened before it had a worker.
        let Ok(modules) = slot.shared.modules(slot.context).await else { return };
        let source = modules.source(&path).await;
        self.process.link.queue(&Frame::ModuleSource { id, source });
    }

    fn on_event(&mut self, event: WorkerEvent) {
        match event {
            // The shard set the worker's exit reason.
            WorkerEvent::Kill => self.process.kill(),
            WorkerEvent::LinkClosed if self.planned.is_none() => self.deadline_in(CLOSED_LINK_GRACE),
            WorkerEvent::LinkClosed => {}
        }
    }

    /// Has the worker end if the app has had nothing to do for so long.
    fn on_idle_look(&mut self, slot: &Supervised<'_>, most: Option<Duration>) {
        let metrics = &slot.shared.app.metrics;
        let now = Instant::now();
        let requests = metrics.requests_started();
        if requests != self.idle.requests || metrics.requests_in_flight() > 0 || metrics.sockets_open() > 0 {
            self.idle = IdleSince { since: now, requests };
            return;
        }
        let Some(most) = most else { return };
        if now.saturating_duration_since(self.idle.since) < most {
            return;
        }
        // A demand from before must not start a worker again at once; later requests demand one anew.
        forget_demand(&slot.shared.app.availability.demand);
        self.retire(slot, ExitReason::Idle, now + slot.context.drain.get());
    }

    /// Takes the worker from the shards; when they have released it, it is sent `Drain`.
    fn retire(&mut self, slot: &Supervised<'_>, reason: ExitReason, deadline: Instant) {
        slot.status.enter(Some(WorkerState::Draining));
        self.planned = Some(reason);
        self.deadline = Some(self.deadline.map_or(deadline, |before| before.min(deadline)));
        let (context, worker) = (Rc::clone(slot.context), self.worker.id);
        self.released = Some(Box::pin(async move {
            context.shards().broadcast(|done| Some(ShardCommand::RetireWorker { worker, done })).await;
        }));
    }

    fn drain(&mut self) {
        if let Some(reason) = self.planned {
            self.worker.set_exit(reason);
        }
        self.process.link.queue(&Frame::Drain);
    }

    /// What the worker sent before it ended is still in the socket.
    async fn read_last_frames(&mut self, slot: &Supervised<'_>) {
        let _ = tokio::time::timeout(CLOSED_LINK_GRACE, async {
            while let Ok(Some(frame)) = self.process.link.next().await {
                match frame {
                    Frame::Log(line) => self.log(slot, line).await,
                    Frame::Stats(stats) => self.worker.record(&stats),
                    Frame::Exiting { reason, .. } => self.worker.set_exit(reason),
                    _ => {}
                }
            }
        })
        .await;
    }
}

impl IdleSince {
    fn due(&self, idle: Duration, now: Instant) -> Instant {
        // Not at once where no time at all is asked for: a look that finds something to do would follow the other.
        (self.since + idle).max(now + if idle.is_zero() { IDLE_LOOK } else { IDLE_LOOK.min(idle) })
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}

async fn once(awaited: &mut Option<Once>) {
    match awaited {
        Some(awaited) => awaited.await,
        None => pending().await,
    }
}

fn forget_demand(demand: &tokio::sync::Notify) {
    let mut listener = std::pin::pin!(demand.notified());
    // Takes the permit if there is one; a new listener that is dropped takes none.
    let _ = listener.as_mut().enable();
}
