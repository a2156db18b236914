//! Counters: [`AppMetrics`] for each app, [`Metrics`] for all of nano. Hot paths use plain atomics; they become
//! Prometheus text on request only ([`Metrics::render`]).

mod connections;
mod crons;
mod cut_by;
mod deaths;
mod fleet;
mod histogram;
mod names;
mod otlp;
mod processes;
mod proxy_refusals;
mod render;
mod sample;
mod scrape_body;
mod scrapes;
pub mod serve;
mod sockets;
mod status;
mod status_page;
mod tls;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nano_protocol::{ExitReason, FetchFailure, LayerReport, SandboxLayer, Stats};

use crate::log::Logs;
use crate::worker::{Worker, WorkerState};
use crons::CronCounts;
pub use crons::CronResult;
pub use cut_by::CutBy;
use deaths::Deaths;
pub use fleet::FleetGauges;
use histogram::Histogram;
pub use otlp::{OtlpMetrics, SpanResult};
pub(crate) use processes::{ProcessState, cpu_time, resident, state, usage};
use proxy_refusals::ProxyRefusals;
pub(crate) use sample::AppSample;
pub(crate) use scrapes::Scrapes;
use sockets::SocketCounts;
pub use tls::{AcmeMetrics, AcmeStanding, HandshakeResult, TlsMetrics};

/// Status codes that are counted separately.
const CODES: std::ops::RangeInclusive<u16> = 100..=599;

/// No worker has reported its sandbox yet.
const UNKNOWN: u8 = u8::MAX;

/// Responses by status code.
#[derive(Debug)]
struct Codes(Box<[AtomicU64]>);

impl Codes {
    fn new() -> Self {
        Self(CODES.map(|_| AtomicU64::new(0)).collect())
    }

    fn count(&self, code: u16) {
        let at = usize::from(code.clamp(*CODES.start(), *CODES.end()) - CODES.start());
        if let Some(counter) = self.0.get(at) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The codes that occurred, with their counts.
    fn seen(&self) -> impl Iterator<Item = (u16, u64)> {
        CODES.zip(self.0.iter()).map(|(code, counter)| (code, counter.load(Ordering::Relaxed))).filter(|(_, n)| *n > 0)
    }
}

/// How a fetch of an app ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EgressResult {
    /// The head of a response came.
    Ok,
    /// The app's `egress` does not allow it.
    Denied,
    /// No response came.
    Error,
    /// The app gave it up before there was a response, or its worker ended.
    Aborted,
}

impl EgressResult {
    /// All of them.
    pub const ALL: [EgressResult; 4] = [Self::Ok, Self::Denied, Self::Error, Self::Aborted];

    /// That of a fetch which failed so, or did not.
    #[must_use]
    pub fn of(failure: Option<FetchFailure>) -> Self {
        match failure {
            None => Self::Ok,
            Some(FetchFailure::Denied) => Self::Denied,
            Some(_) => Self::Error,
        }
    }

    /// The metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::Aborted => "aborted",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Ok => 0,
            Self::Denied => 1,
            Self::Error => 2,
            Self::Aborted => 3,
        }
    }
}

/// Counters of one app, kept over its generations and workers.
#[derive(Debug)]
pub struct AppMetrics {
    started: AtomicU64,
    finished: AtomicU64,
    abandoned: AtomicU64,
    sockets: SocketCounts,
    crons: CronCounts,
    codes: Codes,
    durations: Histogram,
    responses_cut: [AtomicU64; CutBy::ALL.len()],
    egress: [AtomicU64; EgressResult::ALL.len()],
    worker_starts: AtomicU64,
    worker_exits: [AtomicU64; ExitReason::ALL.len()],
    states: [AtomicU64; WorkerState::ALL.len()],
    buffer_limit: AtomicU64,
    /// An operator stopped it.
    pub(crate) stopped: AtomicBool,
    log_dropped: Arc<AtomicU64>,
    /// Of the newest worker: a layer is unknown, missing or in force.
    sandbox: [AtomicU8; SandboxLayer::ALL.len()],
    workers: Mutex<Workers>,
}

/// The workers that may still report, and the totals of those that no longer can.
#[derive(Debug, Default)]
struct Workers {
    alive: Vec<Arc<Worker>>,
    /// Their process has ended, but a shard may still read their last frames.
    gone: Vec<Arc<Worker>>,
    base: Stats,
    base_cpu: Duration,
}

/// What the workers of an app report, summed up.
#[derive(Debug, Clone, Copy, Default)]
struct WorkerTotals {
    stats: Stats,
    cpu: Duration,
    resident: u64,
}

impl Default for AppMetrics {
    fn default() -> Self {
        Self {
            started: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            sockets: SocketCounts::default(),
            crons: CronCounts::default(),
            codes: Codes::new(),
            durations: Histogram::default(),
            responses_cut: std::array::from_fn(|_| AtomicU64::new(0)),
            egress: std::array::from_fn(|_| AtomicU64::new(0)),
            worker_starts: AtomicU64::new(0),
            worker_exits: std::array::from_fn(|_| AtomicU64::new(0)),
            states: std::array::from_fn(|_| AtomicU64::new(0)),
            buffer_limit: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            log_dropped: Arc::default(),
            sandbox: std::array::from_fn(|_| AtomicU8::new(UNKNOWN)),
            workers: Mutex::default(),
        }
    }
}

impl AppMetrics {
    /// A request for this app came in. [`AppMetrics::request_finished`] is always called for it later.
    pub fn request_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// Its response, or the error in its place, is over: `took` from its first byte to its last.
    pub fn request_finished(&self, status: u16, took: Duration) {
        self.codes.count(status);
        self.durations.observe(took);
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    /// Its client has gone, or an error took the place of its response, but a worker has it still.
    pub fn request_abandoned(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    /// An abandoned request is over in the worker too. Called once for each [`AppMetrics::request_abandoned`].
    pub fn abandoned_request_over(&self) {
        self.abandoned.fetch_sub(1, Ordering::Relaxed);
    }

    /// Its response had begun, and was cut.
    pub fn response_cut(&self, by: CutBy) {
        if let Some(counter) = self.responses_cut.get(by as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many responses were cut.
    #[must_use]
    pub fn responses_cut(&self, by: CutBy) -> u64 {
        self.responses_cut.get(by as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Requests in all.
    #[must_use]
    pub fn requests_started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Fetches that have a response or have failed.
    #[must_use]
    pub fn egress_requests(&self) -> u64 {
        self.egress.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Requests that came in and are not finished, and those that are finished and that a worker has still.
    #[must_use]
    pub fn requests_in_flight(&self) -> u64 {
        let finished = self.finished.load(Ordering::Relaxed);
        let waiting = self.started.load(Ordering::Relaxed).saturating_sub(finished);
        waiting.saturating_add(self.abandoned.load(Ordering::Relaxed))
    }

    /// Counts a fetch's result.
    pub fn egress_request(&self, result: EgressResult) {
        if let Some(counter) = self.egress.get(result.index()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A worker was spawned.
    pub fn register_worker(&self, worker: Arc<Worker>) {
        self.worker_starts.fetch_add(1, Ordering::Relaxed);
        self.lock().alive.push(worker);
    }

    /// A worker's process has ended. What it reported stays counted, including reports that shards have yet to read.
    pub fn worker_gone(&self, worker: &Worker, reason: ExitReason) {
        if let Some(counter) =
            ExitReason::ALL.iter().position(|each| *each == reason).and_then(|at| self.worker_exits.get(at))
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let mut workers = self.lock();
        if let Some(at) = workers.alive.iter().position(|each| each.id == worker.id) {
            let gone = workers.alive.swap_remove(at);
            workers.gone.push(gone);
        }
    }

    /// Workers that were spawned in all.
    #[must_use]
    pub fn worker_starts(&self) -> u64 {
        self.worker_starts.load(Ordering::Relaxed)
    }

    /// How many workers ended for this reason.
    #[must_use]
    pub fn worker_exits(&self, reason: ExitReason) -> u64 {
        let at = ExitReason::ALL.iter().position(|each| *each == reason);
        at.and_then(|at| self.worker_exits.get(at)).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// The counter of the app's lines that were dropped because there were too many.
    #[must_use]
    pub fn log_dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.log_dropped)
    }

    /// What one stream of the app may hold, in bytes.
    pub fn set_buffer_limit(&self, bytes: u64) {
        self.buffer_limit.store(bytes, Ordering::Relaxed);
    }

    /// Records the sandbox of the app's newest worker.
    pub fn set_sandbox(&self, layers: &[LayerReport]) {
        for report in layers {
            let place = SandboxLayer::ALL.iter().position(|layer| *layer == report.layer);
            if let Some(state) = place.and_then(|at| self.sandbox.get(at)) {
                state.store(u8::from(report.active), Ordering::Relaxed);
            }
        }
    }

    /// The layers whose state is known, and whether the app's newest worker has them.
    pub fn sandbox(&self) -> impl Iterator<Item = (SandboxLayer, bool)> {
        let states = self.sandbox.iter().map(|state| state.load(Ordering::Relaxed));
        SandboxLayer::ALL
            .into_iter()
            .zip(states)
            .filter(|(_, state)| *state != UNKNOWN)
            .map(|(layer, state)| (layer, state == 1))
    }

    /// Moves one worker from a state to another; `None` is before its first and after its last.
    pub fn worker_moved(&self, from: Option<WorkerState>, to: Option<WorkerState>) {
        if let Some(gauge) = to.and_then(|state| self.states.get(state.index())) {
            gauge.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(gauge) = from.and_then(|state| self.states.get(state.index())) {
            gauge.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Workers in this state.
    #[must_use]
    pub fn workers(&self, state: WorkerState) -> u64 {
        self.states.get(state.index()).map_or(0, |gauge| gauge.load(Ordering::Relaxed))
    }

    /// The totals of the app's streams.
    #[must_use]
    pub fn stream_stats(&self) -> Stats {
        self.totals().stats
    }

    fn lock(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn totals(&self) -> WorkerTotals {
        let mut workers = self.lock();
        workers.fold_gone();
        let mut totals = WorkerTotals { stats: workers.base, cpu: workers.base_cpu, resident: 0 };
        for worker in &workers.gone {
            totals.stats.add(&worker.stats(), false);
            totals.cpu += worker.cpu();
        }
        for worker in &workers.alive {
            let usage = processes::usage(worker.pid);
            if let Some(usage) = usage {
                worker.record_cpu(usage.cpu);
                totals.resident += usage.resident.unwrap_or(0);
            }
            totals.stats.add(&worker.stats(), true);
            totals.cpu += worker.cpu();
        }
        totals
    }
}

impl Workers {
    /// A worker that only this list refers to can report no more.
    fn fold_gone(&mut self) {
        let (base, base_cpu) = (&mut self.base, &mut self.base_cpu);
        self.gone.retain(|worker| {
            let may_report = Arc::strong_count(worker) > 1;
            if !may_report {
                base.add(&worker.stats(), false);
                *base_cpu += worker.cpu();
            }
            may_report
        });
    }
}

/// Everything that nano counts.
#[derive(Debug)]
pub struct Metrics {
    apps: Mutex<BTreeMap<Arc<str>, Arc<AppMetrics>>>,
    unrouted: Codes,
    accept_pauses: AtomicU64,
    connections_refused: AtomicU64,
    pub(crate) tls: TlsMetrics,
    proxy_refusals: ProxyRefusals,
    worker_start_durations: Histogram,
    spares_ready: AtomicU64,
    spares_wanted: AtomicU64,
    reloads_succeeded: AtomicU64,
    reloads_failed: AtomicU64,
    last_reload_succeeded: AtomicBool,
    v8: OnceLock<String>,
    started: Instant,
    deaths: Deaths,
    fleet: FleetGauges,
    otlp: OnceLock<Arc<OtlpMetrics>>,
    log: OnceLock<Logs>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            apps: Mutex::default(),
            unrouted: Codes::new(),
            accept_pauses: AtomicU64::new(0),
            connections_refused: AtomicU64::new(0),
            tls: TlsMetrics::default(),
            proxy_refusals: ProxyRefusals::default(),
            worker_start_durations: Histogram::default(),
            spares_ready: AtomicU64::new(0),
            spares_wanted: AtomicU64::new(0),
            reloads_succeeded: AtomicU64::new(0),
            reloads_failed: AtomicU64::new(0),
            last_reload_succeeded: AtomicBool::new(true),
            v8: OnceLock::new(),
            started: Instant::now(),
            deaths: Deaths::default(),
            fleet: FleetGauges::default(),
            otlp: OnceLock::new(),
            log: OnceLock::new(),
        }
    }
}

impl Metrics {
    /// A request that belongs to no app was answered with `code`.
    pub fn unrouted_request(&self, code: u16) {
        self.unrouted.count(code);
    }

    /// How a node of a fleet stands with it.
    pub fn fleet(&self) -> &FleetGauges {
        &self.fleet
    }

    /// The counters of spans, which are shown from then on.
    pub(crate) fn spans(&self) -> &Arc<OtlpMetrics> {
        self.otlp.get_or_init(Arc::default)
    }

    /// Sets the log whose dropped lines are counted.
    pub fn set_log(&self, log: Logs) {
        // A process has one.
        let _ = self.log.set(log);
    }

    fn log_unwritten(&self) -> u64 {
        self.log.get().map_or(0, Logs::dropped)
    }

    /// From spawn to ready.
    pub fn worker_started(&self, took: Duration) {
        self.worker_start_durations.observe(took);
    }

    /// A worker ended though nobody wanted that.
    pub(crate) fn worker_died(&self, app: &str, reason: ExitReason, how: &str) {
        self.deaths.push(app, reason, how);
    }

    /// How many workers wait for an app, and how many are to.
    pub fn set_spares(&self, ready: usize, wanted: usize) {
        for (gauge, count) in [(&self.spares_ready, ready), (&self.spares_wanted, wanted)] {
            gauge.store(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// The outcome of a reload. The first load is none.
    pub fn reloaded(&self, succeeded: bool) {
        let counter = if succeeded { &self.reloads_succeeded } else { &self.reloads_failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_reload_succeeded.store(succeeded, Ordering::Relaxed);
    }

    /// Records the version of V8 that workers report.
    pub fn set_v8(&self, version: &str) {
        let _ = self.v8.set(version.to_owned());
    }

    /// V8's version, once a worker has reported it.
    #[must_use]
    pub fn v8(&self) -> Option<&str> {
        self.v8.get().map(String::as_str)
    }

    /// Exports exactly these apps from now on; the series of others end.
    pub fn show_apps(&self, apps: impl IntoIterator<Item = (Arc<str>, Arc<AppMetrics>)>) {
        *self.apps() = apps.into_iter().collect();
    }

    fn apps(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<AppMetrics>>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
