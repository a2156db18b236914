//! All workers of one version of an app.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_config::App as AppConfig;
use nano_protocol::{ExitReason, Ready};
use tokio::sync::{OnceCell, oneshot, watch};
use tokio::task::JoinSet;

use super::Context;
use super::modules::Opened;
use super::slot::{Slot, SlotStatus};
use super::start_error::StartError;
use crate::app::Admission;
use crate::app::{App, Availability};
use crate::log::Rate;
use crate::telemetry::AppMetrics;

/// What a generation's slots are to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Keep a worker.
    Run,
    /// Finish what is in flight and go; whoever is left at the deadline is killed.
    Retire { reason: ExitReason, deadline: Instant },
}

impl Order {
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

/// What the slots of a generation share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) app: Arc<App>,
    pub(super) config: AppConfig,
    /// The configuration's version that it is from, for the spawner.
    version: u64,
    opened: OnceCell<Opened>,
    pub(super) rate: Rc<RefCell<Rate>>,
    /// Workers that are ready.
    pub(super) ready: Cell<usize>,
    /// Wakes all slots that were stopped for idleness.
    pub(super) wake: watch::Sender<()>,
}

impl Shared {
    /// The app as the spawner knows it: asked for by the first worker, kept for all.
    pub(super) async fn opened(&self, context: &Context) -> Result<&Opened, StartError> {
        self.opened.get_or_try_init(|| Opened::open(&context.spawner, self.version, &self.config.name)).await
    }
}

/// One version of an app, running.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) shared: Rc<Shared>,
    pub(crate) slots: Vec<Rc<SlotStatus>>,
    orders: watch::Sender<Order>,
    first: RefCell<Vec<oneshot::Receiver<Result<Ready, StartError>>>>,
    tasks: RefCell<JoinSet<()>>,
}

impl Generation {
    /// Starts all workers. Must run in a `LocalSet`. Dropping the generation kills them.
    pub(super) fn start(context: &Rc<Context>, version: u64, config: AppConfig, metrics: Arc<AppMetrics>) -> Rc<Self> {
        let settings = &config.settings;
        let app = App {
            name: Arc::from(config.name.as_str()),
            generation: context.generation(),
            settings: settings.clone(),
            metrics,
            admission: Admission::new(settings.workers, settings.max_concurrent),
            availability: Availability::default(),
        };
        let workers = settings.workers;
        let rate = Rate::new(Instant::now(), app.metrics.log_dropped());
        let shared = Rc::new(Shared {
            app: Arc::new(app),
            config,
            version,
            opened: OnceCell::new(),
            rate: Rc::new(RefCell::new(rate)),
            ready: Cell::new(0),
            wake: watch::channel(()).0,
        });
        let (orders, order) = watch::channel(Order::Run);
        let mut tasks = JoinSet::new();
        let mut slots = Vec::new();
        let mut fates = Vec::new();
        for _ in 0..workers {
            let status = SlotStatus::new(&shared);
            let (first, fate) = oneshot::channel();
            let slot = Slot {
                context: Rc::clone(context),
                shared: Rc::clone(&shared),
                status: Rc::clone(&status),
                orders: order.clone(),
                wakes: shared.wake.subscribe(),
                first: Some(first),
            };
            tasks.spawn_local(slot.run());
            slots.push(status);
            fates.push(fate);
        }
        Rc::new(Self { shared, slots, orders, first: RefCell::new(fates), tasks: RefCell::new(tasks) })
    }

    /// Waits until every worker is ready for the first time; the first failure ends the wait.
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

    /// Lets the workers finish and go.
    pub(crate) fn retire(&self, reason: ExitReason, deadline: Instant) {
        self.orders.send_if_modified(|order| {
            let first = !order.is_retire();
            if first {
                *order = Order::Retire { reason, deadline };
            }
            first
        });
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

    /// Whether the code that this generation runs reads differently by now.
    pub(crate) async fn code_changed(&self) -> bool {
        match self.shared.opened.get() {
            Some(opened) => opened.changed().await,
            None => true,
        }
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.shared.app
    }
}
