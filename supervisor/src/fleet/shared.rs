//! What the slots of one generation share, and the state that they are to reach.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_config::AppConfig;
use nano_protocol::{ExitReason, LayerReport, SandboxLayer, memory};
use tokio::sync::{OnceCell, watch};

use super::context::FleetContext;
use super::flight::LastLines;
use super::modules::AppModules;
use super::shown;
use super::start_error::StartError;
use super::start_turns::AppStarts;
use crate::app::App;
use crate::log::{self, LogRate};

/// What the slots of a generation are to reach.
#[derive(Debug, Clone, Copy)]
pub(super) enum DesiredState {
    /// Keep a worker.
    Run,
    /// Finish requests in flight and end; a worker that is left at the deadline is killed.
    Retire { reason: ExitReason, deadline: Instant },
}

impl DesiredState {
    pub(super) fn is_retire(&self) -> bool {
        matches!(self, Self::Retire { .. })
    }

    pub(super) fn reason(self) -> ExitReason {
        match self {
            Self::Retire { reason, .. } => reason,
            Self::Run => ExitReason::Restart,
        }
    }

    pub(super) fn deadline(self) -> Instant {
        match self {
            Self::Retire { deadline, .. } => deadline,
            Self::Run => Instant::now(),
        }
    }
}

/// Waits until the generation is retired.
pub(super) async fn retired(desired: &mut watch::Receiver<DesiredState>) {
    // The sender lives as long as the generation.
    let _ = desired.wait_for(DesiredState::is_retire).await;
}

/// Connected pairs of sockets, one for each shard: the shards' ends and the worker's.
pub(super) fn data_links(shards: usize) -> std::io::Result<(Vec<UnixStream>, Vec<UnixStream>)> {
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

/// What the slots of a generation share.
#[derive(Debug)]
pub(crate) struct GenerationState {
    pub(crate) app: Arc<App>,
    pub(super) config: AppConfig,
    /// The version of the configuration, for the spawner.
    version: u64,
    pub(super) modules: OnceCell<AppModules>,
    pub(super) rate: Rc<RefCell<LogRate>>,
    /// Workers that are ready.
    pub(super) ready: Cell<usize>,
    /// Wakes all slots that were stopped for idleness.
    pub(super) wake: watch::Sender<()>,
    /// An operator wants workers to end as soon as the app has nothing to do.
    pub(super) suspend: watch::Sender<bool>,
    pub(super) starts: AppStarts,
}

impl GenerationState {
    pub(super) fn new(app: App, version: u64, config: AppConfig, starts: AppStarts) -> Rc<Self> {
        let rate = LogRate::new(Instant::now(), app.metrics.log_dropped());
        Rc::new(Self {
            app: Arc::new(app),
            config,
            version,
            modules: OnceCell::new(),
            rate: Rc::new(RefCell::new(rate)),
            ready: Cell::new(0),
            wake: watch::channel(()).0,
            suspend: watch::channel(false).0,
            starts,
        })
    }

    /// The app's modules: modules for the first worker, kept for all.
    pub(super) async fn modules(&self, context: &FleetContext) -> Result<&AppModules, StartError> {
        self.modules.get_or_try_init(|| AppModules::open(&context.spawner, self.version, &self.config.name)).await
    }

    /// Memory above which the supervisor kills a worker itself, where the kernel does not.
    pub(super) fn resident_limit(&self, layers: &[LayerReport]) -> Option<u64> {
        let limited = layers.iter().any(|report| report.layer == SandboxLayer::Cgroup && report.active);
        (!limited).then(|| memory::process_limit(self.config.settings.memory_bytes))
    }

    /// Logs a worker's line, at the app's log rate. Places in it lead to sources, if their maps were found before.
    pub(super) fn log(&self, pid: u32, last: &RefCell<LastLines>, mut line: nano_protocol::LogLine) {
        if let Some(modules) = self.modules.get()
            && let Cow::Owned(message) = modules.maps().originals(&self.config, &line.message)
        {
            line.message = message;
        }
        line.message = shown::with_paths(&self.config, &line.message);
        last.borrow_mut().push(&line.message);
        let mut rate = self.rate.borrow_mut();
        rate.dropped_before(line.dropped);
        if let Some(dropped) = rate.admit(line.message.len(), Instant::now()) {
            line.dropped = dropped;
            log::app_line(&self.app.name, pid, &line);
        }
    }
}
