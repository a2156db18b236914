//! One worker process, as shared by the shards and the control plane.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nano_protocol::limits::MAX_SOCKETS;
use nano_protocol::{ExitReason, LayerReport, StatKind, Stats};
use tokio::sync::{Notify, SetOnce};

/// A worker's number: unique for the life of the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u64);

/// The state of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkerState {
    /// Spawned; its app is being loaded.
    Starting,
    /// It takes requests.
    Ready,
    /// It finishes its requests and ends.
    Draining,
    /// Its process has ended; a new one is started when it is due.
    Exited,
}

impl WorkerState {
    /// All of them.
    pub const ALL: [WorkerState; 4] = [Self::Starting, Self::Ready, Self::Draining, Self::Exited];

    /// The name in metrics and `nanoctl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Exited => "exited",
        }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Starting => 0,
            Self::Ready => 1,
            Self::Draining => 2,
            Self::Exited => 3,
        }
    }
}

/// What shards and the control plane share about a worker. No locks: atomics, and values that are set once.
#[derive(Debug)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// Its process.
    pub pid: u32,
    /// Requests in flight over all its links.
    pub in_flight: AtomicU32,
    /// WebSockets of clients that are open over all its links.
    sockets: AtomicU32,
    /// Whether it answered a request, even with an error.
    answered: AtomicBool,
    /// Whether requests were sent to it since its slot last asked it whether it is idle.
    stirred: AtomicBool,
    /// Notified when the first such request is sent.
    stirs: Notify,
    /// Why it ends or ended, if known; the first reason counts.
    exit: SetOnce<ExitReason>,
    /// In the order of [`Stats::ALL`].
    stats: [AtomicU64; Stats::ALL.len()],
    made: Instant,
    /// When it last reported: microseconds after it was made; 0 if it never did.
    reported: AtomicU64,
    cpu_micros: AtomicU64,
    sandbox: OnceLock<Vec<LayerReport>>,
}

impl Worker {
    /// A worker that was just spawned.
    #[must_use]
    pub fn new(id: WorkerId, pid: u32) -> Self {
        Self {
            id,
            pid,
            in_flight: AtomicU32::new(0),
            sockets: AtomicU32::new(0),
            answered: AtomicBool::new(false),
            stirred: AtomicBool::new(true),
            stirs: Notify::new(),
            exit: SetOnce::new(),
            stats: Default::default(),
            made: Instant::now(),
            reported: AtomicU64::new(0),
            cpu_micros: AtomicU64::new(0),
            sandbox: OnceLock::new(),
        }
    }

    /// Records its sandbox. That does not change any more.
    pub fn set_sandbox(&self, layers: Vec<LayerReport>) {
        let _ = self.sandbox.set(layers);
    }

    /// Its sandbox; empty as long as it is not known.
    #[must_use]
    pub fn sandbox(&self) -> &[LayerReport] {
        self.sandbox.get().map_or(&[], Vec::as_slice)
    }

    /// It has answered a request: it works.
    pub fn set_answered(&self) {
        if !self.answered.load(Ordering::Relaxed) {
            self.answered.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it answered a request.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// WebSockets of clients that are open.
    #[must_use]
    pub fn sockets(&self) -> u32 {
        self.sockets.load(Ordering::Relaxed)
    }

    /// A request is sent to it, and is counted in `in_flight` already.
    pub fn stir(&self) {
        if !self.stirred.load(Ordering::SeqCst) && !self.stirred.swap(true, Ordering::SeqCst) {
            self.stirs.notify_one();
        }
    }

    /// Waits until a request is sent to it, if none was since [`Self::settle`].
    pub async fn is_stirred(&self) {
        self.stirs.notified().await;
    }

    /// Called before it is asked whether it is idle: from here on a request counts.
    pub fn settle(&self) {
        self.stirred.store(false, Ordering::SeqCst);
        // Either this load sees the request, or the request sees what was just stored.
        if self.in_flight.load(Ordering::SeqCst) > 0 {
            self.stirred.store(true, Ordering::SeqCst);
        }
    }

    /// Whether it had no request at [`Self::settle`] and none was sent to it since.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.stirred.load(Ordering::SeqCst)
    }

    /// Sets why the worker ends. The first reason stays.
    pub fn set_exit(&self, reason: ExitReason) {
        let _ = self.exit.set(reason);
    }

    /// Why the worker ends or ended, if that is known.
    #[must_use]
    pub fn exit(&self) -> Option<ExitReason> {
        self.exit.get().copied()
    }

    /// Waits until it is known why the worker ends: at the latest when its process has ended.
    pub async fn exit_said(&self) -> ExitReason {
        *self.exit.wait().await
    }

    /// Records a worker's report. Reports come over several links in any order, so counters never decrease here.
    pub fn record(&self, stats: &Stats) {
        for ((own, value), stat) in self.stats.iter().zip(stats.values()).zip(Stats::ALL) {
            match stat.kind {
                StatKind::Total | StatKind::Peak => own.fetch_max(value, Ordering::Relaxed),
                StatKind::Gauge => own.swap(value, Ordering::Relaxed),
            };
        }
        let now = u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.reported.fetch_max(now.max(1), Ordering::Relaxed);
    }

    /// How long ago it last reported; `None` if it never did.
    #[must_use]
    pub fn report_age(&self) -> Option<Duration> {
        let reported = Some(self.reported.load(Ordering::Relaxed)).filter(|reported| *reported > 0)?;
        Some(self.made.elapsed().saturating_sub(Duration::from_micros(reported)))
    }

    /// Records the CPU time that the kernel counted for it.
    pub fn record_cpu(&self, cpu: Duration) {
        self.cpu_micros.fetch_max(u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// CPU time that it used, as last recorded.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_micros.load(Ordering::Relaxed))
    }

    /// What the worker reported so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::from_values(self.stats.each_ref().map(|value| value.load(Ordering::Relaxed)))
    }
}

/// A client's WebSocket that is open, as it counts for its worker.
#[derive(Debug)]
pub(crate) struct OpenSocket(Arc<Worker>);

impl OpenSocket {
    /// One more; `None` if the worker has as many as it may have.
    pub(crate) fn of(worker: &Arc<Worker>) -> Option<Self> {
        let more = |now: u32| (now < MAX_SOCKETS).then(|| now + 1);
        worker.sockets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(worker)))
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}
