//! All workers of one generation of an app.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_config::{AppConfig, AppStart};
use nano_protocol::ExitReason;
use tokio::sync::{SetOnce, oneshot, watch};
use tokio::task::JoinSet;

use super::assets;
use super::context::FleetContext;
use super::shared::{DesiredState, GenerationState};
use super::slot::Slot;
use super::slot_status::SlotStatus;
use super::start_error::StartError;
use crate::app::Admission;
use crate::app::{App, Availability};
use crate::telemetry::AppMetrics;
use crate::worker::WorkerState;

/// A generation of an app, with its workers.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) shared: Rc<GenerationState>,
    pub(crate) slots: Vec<Rc<SlotStatus>>,
    desired: watch::Sender<DesiredState>,
    first: RefCell<Vec<oneshot::Receiver<Result<(), StartError>>>>,
    tasks: RefCell<JoinSet<()>>,
    /// Lists and opens static files; ends with the generation.
    _assets: JoinSet<()>,
    context: Rc<FleetContext>,
}

impl Generation {
    /// Starts all workers, or checks the app's modules and waits for a request. Must run in a `LocalSet`. Dropping the
    /// generation kills them.
    pub(super) fn start(
        context: &Rc<FleetContext>,
        version: u64,
        config: AppConfig,
        metrics: Arc<AppMetrics>,
        when: AppStart,
    ) -> Rc<Self> {
        // An app of files alone has no process.
        let workers = if config.has_module() { config.settings.workers } else { 0 };
        let shared = Self::shared(context, version, config, metrics);
        let (desired, receiver) = watch::channel(DesiredState::Run);
        let mut tasks = JoinSet::new();
        let mut slots = Vec::new();
        let mut fates = Vec::new();
        let mut files = JoinSet::new();
        if let Some(assets) = shared.config.assets.clone() {
            let (listed, fate) = oneshot::channel();
            let (context, shared) = (Rc::clone(context), Rc::clone(&shared));
            files.spawn_local(async move {
                match assets::load(&context, &shared, &assets).await {
                    Ok(opens) => {
                        let _ = listed.send(Ok(()));
                        let generation = shared.modules.get().map(|modules| modules.generation);
                        assets::serve(context, generation.unwrap_or_default(), opens).await;
                    }
                    Err(error) => drop(listed.send(Err(error))),
                }
            });
            fates.push(fate);
        }
        if when == AppStart::OnDemand && workers > 0 {
            let (checked, fate) = oneshot::channel();
            let (context, shared) = (Rc::clone(context), Rc::clone(&shared));
            tasks.spawn_local(async move {
                let _ = checked.send(context.checker.check(&context, &shared).await);
            });
            fates.push(fate);
        }
        for _ in 0..workers {
            let status = SlotStatus::new(&shared);
            let first = (when == AppStart::Eager).then(|| {
                let (first, fate) = oneshot::channel();
                fates.push(fate);
                first
            });
            let slot = Slot {
                context: Rc::clone(context),
                shared: Rc::clone(&shared),
                status: Rc::clone(&status),
                desired: receiver.clone(),
                wakes: shared.wake.subscribe(),
                first,
            };
            tasks.spawn_local(slot.run());
            slots.push(status);
        }
        Rc::new(Self {
            shared,
            slots,
            desired,
            first: RefCell::new(fates),
            tasks: RefCell::new(tasks),
            _assets: files,
            context: Rc::clone(context),
        })
    }

    /// A generation without workers, which refuses every request.
    pub(super) fn stopped(
        context: &Rc<FleetContext>,
        version: u64,
        config: AppConfig,
        metrics: Arc<AppMetrics>,
    ) -> Rc<Self> {
        let shared = Self::shared(context, version, config, metrics);
        shared.app.availability.stop(true);
        Rc::new(Self {
            shared,
            slots: Vec::new(),
            desired: watch::channel(DesiredState::Run).0,
            first: RefCell::default(),
            tasks: RefCell::default(),
            _assets: JoinSet::new(),
            context: Rc::clone(context),
        })
    }

    fn shared(
        context: &Rc<FleetContext>,
        version: u64,
        config: AppConfig,
        metrics: Arc<AppMetrics>,
    ) -> Rc<GenerationState> {
        let settings = &config.settings;
        let app = App {
            name: Arc::from(config.name.as_str()),
            generation: context.generation(),
            settings: settings.clone(),
            assets: config.assets.as_ref().map(|_| SetOnce::new()),
            cache: context.caches.of_app(&config.name),
            metrics,
            admission: Admission::new(settings.workers, settings.max_concurrent),
            availability: Availability::default(),
        };
        GenerationState::new(app, version, config, context.start_turns.app())
    }

    /// Waits until every worker has become ready for the first time, or the modules have been checked; the first failure ends
    /// the wait.
    pub(crate) async fn ready(&self) -> Result<(), StartError> {
        let fates = self.first.take();
        let mut waits = JoinSet::new();
        for fate in fates {
            waits.spawn_local(fate);
        }
        while let Some(fate) = waits.join_next().await {
            if let Ok(Ok(Err(error))) = fate {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets the workers finish their requests and end.
    pub(crate) fn retire(&self, reason: ExitReason, deadline: Instant) {
        self.desired.send_if_modified(|desired| {
            let first = !desired.is_retire();
            if first {
                *desired = DesiredState::Retire { reason, deadline };
            }
            first
        });
    }

    /// Whether its workers are to end as soon as the app has nothing to do; a request starts them again.
    pub(crate) fn suspend(&self, wanted: bool) {
        self.shared.suspend.send_replace(wanted);
    }

    /// Waits until all workers are gone.
    pub(crate) async fn ended(&self) {
        let mut tasks = self.tasks.take();
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                tracing::error!(app = %self.shared.app.name, %error, "the task of a worker failed: a bug in nano");
            }
        }
    }

    /// What has changed on the disk: `code`, `files`, both or nothing.
    pub(crate) async fn changed(&self) -> Vec<&'static str> {
        // It has read nothing.
        if self.is_stopped() {
            return Vec::new();
        }
        let Some(modules) = self.shared.modules.get() else { return vec!["code"] };
        let code = modules.changed().await.then_some("code");
        let files = assets::changed(&self.context, &self.shared).await.then_some("files");
        code.into_iter().chain(files).collect()
    }

    /// Whether an operator stopped the app.
    pub(crate) fn is_stopped(&self) -> bool {
        self.app().availability.is_stopped()
    }

    /// Whether it has workers at all.
    pub(crate) fn has_workers(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Whether it has a worker.
    pub(crate) fn is_running(&self) -> bool {
        self.slots.iter().any(|slot| slot.worker.borrow().is_some())
    }

    /// Whether every worker that it has is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        let mut running = self.slots.iter().filter(|slot| slot.worker.borrow().is_some());
        running.all(|slot| slot.state() == Some(WorkerState::Draining))
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.shared.app
    }
}
