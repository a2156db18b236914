//! Checks the modules of apps that start on demand: they are compiled and linked, and none is evaluated. One worker, which
//! gets no app, does it for all of them; it ends when nothing was to be checked for a while.
//!
//! A module may attack the compiler. What it would win is a process without secrets, requests and network: the modules of
//! other apps that are checked with it, and a wrong answer about them, which their first start corrects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_config::AppConfig;
use nano_protocol::{Check, ExitReason, Frame};
use nano_spawner::wire::WorkerPurpose;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::boot;
use super::context::FleetContext;
use super::modules::AppModules;
use super::process::Process;
use super::shared::GenerationState;
use super::start_error::StartError;
use super::{resident, sandbox, shown};
use crate::log::LogRate;
use crate::telemetry::Metrics;

/// What the worker's process is called in the log.
const NAME: &str = "(check)";

/// How long the process stays when nothing is to be checked.
const KEEP: Duration = Duration::from_secs(2);

/// Most bytes of checked modules that are remembered for apps with the same ones.
const MAX_REMEMBERED: usize = 64 << 20;

/// The worker that checks.
#[derive(Debug, Default)]
pub(super) struct Checker {
    process: Mutex<Option<CheckingProcess>>,
    /// Ends the process when it has been idle; at most one task.
    end: RefCell<JoinSet<()>>,
}

#[derive(Debug)]
struct CheckingProcess {
    process: Process,
    /// The memory limit that it has.
    memory: u64,
    /// Whether it has checked an app before.
    used: bool,
    passed: PassedGraphs,
}

/// What a graph begins with: the entry's path and text, and the flags of its app.
type Root = (String, Bytes, u8);

/// The module graphs that passed: other modules in the order in which they were asked for.
#[derive(Debug, Default)]
struct PassedGraphs {
    graphs: HashMap<Root, Vec<(String, Bytes)>>,
    bytes: usize,
}

impl PassedGraphs {
    /// Whether this app's modules are those of a graph that passed. Asks for no module that the app does not import: up to
    /// the first that differs, the modules of both import the same.
    async fn contains(&self, root: &Root, modules: &AppModules) -> bool {
        let Some(rest) = self.graphs.get(root) else { return false };
        for (path, source) in rest {
            if modules.source(path).await.as_ref() != Ok(source) {
                return false;
            }
        }
        true
    }

    fn insert(&mut self, root: Root, rest: Vec<(String, Bytes)>) {
        let bytes = root.1.len() + rest.iter().map(|(path, source)| path.len() + source.len()).sum::<usize>();
        if self.bytes + bytes <= MAX_REMEMBERED {
            self.bytes += bytes;
            self.graphs.insert(root, rest);
        }
    }
}

impl Checker {
    /// Checks the modules of a generation. Those that were read stay with it.
    pub(super) async fn check(
        self: &Rc<Self>,
        context: &FleetContext,
        shared: &GenerationState,
    ) -> Result<(), StartError> {
        let modules = shared.modules(context).await?;
        // All apps' entries are read at once; the worker takes one app after the other.
        let entry = modules.source(&shared.config.entry).await;
        let mut running = self.process.lock().await;
        let outcome = Self::check_in(&mut running, context, shared, modules, entry.ok()).await;
        if running.is_some() {
            self.end_when_idle();
        }
        outcome
    }

    async fn check_in(
        running: &mut Option<CheckingProcess>,
        context: &FleetContext,
        shared: &GenerationState,
        modules: &AppModules,
        entry: Option<Bytes>,
    ) -> Result<(), StartError> {
        let config = &shared.config;
        let flags = boot::compatibility_flags(config).bits();
        let root = entry.map(|text| (config.entry.clone(), text, flags));
        if let (Some(running), Some(root)) = (&running, &root)
            && running.passed.contains(root, modules).await
        {
            return Ok(());
        }
        let mut again = true;
        loop {
            running.take_if(|running| running.memory < config.settings.memory_bytes);
            let mut checking = match running.take() {
                Some(checking) => checking,
                None => CheckingProcess::start(context, shared, modules).await?,
            };
            let outcome = checking.check(context, shared, modules).await;
            match outcome {
                Ok(rest) => {
                    checking.used = true;
                    if let Some(root) = root {
                        checking.passed.insert(root, rest);
                    }
                    *running = Some(checking);
                    return Ok(());
                }
                Err(error @ StartError::Module(_)) => {
                    checking.used = true;
                    *running = Some(checking);
                    return Err(error);
                }
                // Apps that were checked before this one may have left it in a bad state, or it was killed from outside.
                Err(StartError::CheckLate(most)) => return Err(StartError::CheckLate(most)),
                Err(error) if again && (checking.used || matches!(error, StartError::Died { .. })) => again = false,
                Err(error) => return Err(error),
            }
        }
    }

    fn end_when_idle(self: &Rc<Self>) {
        let mut end = self.end.borrow_mut();
        end.abort_all();
        let checker = Rc::downgrade(self);
        end.spawn_local(async move {
            tokio::time::sleep(KEEP).await;
            if let Some(checker) = checker.upgrade() {
                // A check that runs at this moment begins a new wait when it is done.
                if let Ok(mut running) = checker.process.try_lock() {
                    running.take();
                }
            }
        });
    }
}

impl CheckingProcess {
    async fn start(context: &FleetContext, shared: &GenerationState, modules: &AppModules) -> Result<Self, StartError> {
        let rate = Rc::new(RefCell::new(LogRate::new(Instant::now(), Arc::default())));
        let purpose = WorkerPurpose::Check(modules.generation);
        let mut process = Process::spawn(&context.spawner, purpose, Vec::new()).await?;
        process.belongs_to(NAME, &rate);
        tracing::debug!(pid = process.pid, "a worker that checks modules was spawned");
        let most = boot::deadline(&shared.config);
        let sandboxed = boot::within(most, &mut process, async |process| boot::sandboxed(process).await);
        let layers = sandboxed.await?.map_err(StartError::CheckLate)?;
        let lacking = sandbox::lacking(&layers);
        if !lacking.is_empty() && context.sandbox_enforcement.is_required() {
            return Err(StartError::Sandbox(lacking));
        }
        let memory = shared.config.settings.memory_bytes;
        Ok(Self { process, memory, used: false, passed: PassedGraphs::default() })
    }

    /// Checks one app. Returns its modules but the entry, in the order in which they were asked for.
    async fn check(
        &mut self,
        context: &FleetContext,
        shared: &GenerationState,
        modules: &AppModules,
    ) -> Result<Vec<(String, Bytes)>, StartError> {
        let config = &shared.config;
        let limit = shared.resident_limit(&self.process.layers);
        let (pid, memory) = (self.process.pid, self.memory);
        tokio::select! {
            checked = boot::within(boot::deadline(config), &mut self.process, async |process| {
                ask(process, config, memory, modules, &context.metrics).await
            }) => checked?.map_err(StartError::CheckLate),
            () = resident::exceeded(pid, limit, false) => Err(StartError::Limit(ExitReason::Memory)),
        }
    }
}

async fn ask(
    process: &mut Process,
    config: &AppConfig,
    memory: u64,
    modules: &AppModules,
    metrics: &Metrics,
) -> Result<Vec<(String, Bytes)>, Option<StartError>> {
    process.link.allow_anew();
    let check = Check {
        entry: config.entry.clone(),
        shown: shown::for_app(config),
        memory,
        compatibility_flags: boot::compatibility_flags(config),
    };
    process.link.queue(&Frame::Check(check));
    let mut rest = Vec::new();
    loop {
        match boot::next(process).await? {
            Frame::ModuleRequest { id, path } => {
                let source = modules.source(&path).await;
                if let Ok(source) = &source
                    && path != config.entry
                {
                    rest.push((path, source.clone()));
                }
                process.link.queue(&Frame::ModuleSource { id, source });
            }
            Frame::Checked(Ok(v8)) => {
                metrics.set_v8(&v8);
                return Ok(rest);
            }
            Frame::Checked(Err(fault)) => return Err(Some(boot::module_fault(config, modules, fault).await)),
            Frame::Exiting { reason, .. } => return Err(Some(StartError::Limit(reason))),
            other => return Err(Some(boot::out_of_turn(&other))),
        }
    }
}
