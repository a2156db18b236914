//! The state of the control plane: configuration, generations, addresses. Lives on the main thread.

mod lineage;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use nano_config::{AppConfig, Config};
use nano_protocol::ExitReason;
pub use nano_spawner::ConfigSource;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::acme::Acme;
use crate::crons::Crons;
use crate::downstream::tls::ServerTls;
use crate::fleet::{Fleet, Generation};
use crate::log::Logs;
use crate::readiness::Readiness;
use crate::route::RouteTable;
use crate::shard::Shards;
use crate::telemetry::{Metrics, Scrapes};
pub(crate) use lineage::{Lineage, Sockets, Successor};

/// How the supervisor is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// Not yet.
    No,
    /// When all requests in flight are finished.
    Drain,
    /// Now.
    AtOnce,
}

/// The addresses that nano listens on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    pub(crate) http: Vec<String>,
    pub(crate) metrics: Option<String>,
    pub(crate) control: Option<PathBuf>,
}

/// How the last reload went.
#[derive(Debug, Clone)]
pub(crate) struct LastReload {
    pub(crate) at: SystemTime,
    pub(crate) error: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) config: RefCell<Rc<Config>>,
    /// The spawner's number for it.
    pub(crate) version: Cell<u64>,
    pub(crate) fleet: Fleet,
    /// The generation that serves, by the app's name.
    pub(crate) generations: RefCell<BTreeMap<String, Rc<Generation>>>,
    /// Generations that are finishing their requests.
    pub(crate) retiring: RefCell<Vec<Rc<Generation>>>,
    /// The tasks that wait for them.
    retirements: RefCell<JoinSet<()>>,
    pub(crate) crons: Rc<Crons>,
    pub(crate) acme: Rc<Acme>,
    /// The certificates of files.
    pub(crate) file_tls: RefCell<Option<Arc<ServerTls>>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) scrapes: Arc<Scrapes>,
    pub(crate) logs: Logs,
    pub(crate) readiness: Rc<Readiness>,
    pub(crate) addresses: Addresses,
    pub(crate) started: Instant,
    pub(crate) last_reload: RefCell<Option<LastReload>>,
    /// Held while the apps change: one change at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Notified when the directories to watch may have changed.
    pub(crate) rewatch: watch::Sender<()>,
    /// The last configuration that was tried, also when it failed, for its apps' directories.
    pub(crate) tried: RefCell<Option<Rc<Config>>>,
    /// How the agent of the fleet stands; `None`: there is none, or it has not said.
    pub(crate) fleet_status: RefCell<Option<nano_fleet_link::Status>>,
    pub(crate) stop: watch::Sender<Stop>,
    /// True once all requests in flight are finished.
    pub(crate) drained: watch::Sender<bool>,
    pub(crate) lineage: Rc<Lineage>,
}

/// The parts of a [`Supervisor`] that are made elsewhere.
pub(crate) struct Parts {
    pub(crate) acme: Rc<Acme>,
    pub(crate) file_tls: Option<Arc<ServerTls>>,
    pub(crate) config: Config,
    pub(crate) version: u64,
    pub(crate) fleet: Fleet,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) scrapes: Arc<Scrapes>,
    pub(crate) logs: Logs,
    pub(crate) readiness: Rc<Readiness>,
    pub(crate) addresses: Addresses,
    pub(crate) lineage: Rc<Lineage>,
}

impl Supervisor {
    pub(crate) fn new(parts: Parts) -> Rc<Self> {
        let Parts { acme, file_tls, config, version, fleet, metrics, scrapes, logs, readiness, addresses, lineage } =
            parts;
        Rc::new(Self {
            config: RefCell::new(Rc::new(config)),
            version: Cell::new(version),
            fleet,
            generations: RefCell::default(),
            retiring: RefCell::default(),
            retirements: RefCell::default(),
            crons: Crons::new(),
            acme,
            file_tls: RefCell::new(file_tls),
            metrics,
            scrapes,
            logs,
            readiness,
            addresses,
            started: Instant::now(),
            last_reload: RefCell::default(),
            changing: tokio::sync::Mutex::new(()),
            rewatch: watch::channel(()).0,
            tried: RefCell::default(),
            fleet_status: RefCell::default(),
            stop: watch::channel(Stop::No).0,
            drained: watch::channel(false).0,
            lineage,
        })
    }

    /// The configuration that serves.
    pub(crate) fn config(&self) -> Rc<Config> {
        Rc::clone(&self.config.borrow())
    }

    /// Asks nano to end; a stronger request replaces a weaker one.
    pub(crate) fn stop(&self, how: Stop) {
        self.stop.send_if_modified(|now| {
            let stronger = how > *now;
            *now = (*now).max(how);
            stronger
        });
    }

    /// The route table of these apps.
    pub(crate) fn routes(config: &Config, generations: &BTreeMap<String, Rc<Generation>>) -> Arc<RouteTable> {
        let apps: Vec<_> = config
            .apps
            .iter()
            .filter_map(|app| Some((app.hostnames.clone(), Arc::clone(generations.get(&app.name)?.app()))))
            .collect();
        Arc::new(RouteTable::new(&apps).behind(config.trusted_proxies.clone()))
    }

    /// Installs this configuration with these generations: metrics, log and `nanoctl` show it from now on.
    pub(crate) fn install(&self, config: Rc<Config>, version: u64, generations: BTreeMap<String, Rc<Generation>>) {
        for generation in generations.values() {
            let app = generation.app();
            app.metrics.set_buffer_limit(app.settings.max_buffer.bytes());
            app.metrics.stopped.store(app.availability.is_stopped(), Ordering::Relaxed);
        }
        self.metrics.show_apps(
            generations.values().map(|each| (Arc::clone(&each.app().name), Arc::clone(&each.app().metrics))),
        );
        let serving = |app: &AppConfig| Some(Arc::clone(generations.get(&app.name)?.app()));
        self.crons.install(config.apps.iter().filter_map(|app| Some((serving(app)?, &*app.settings.crons))));
        self.logs.apply(&config.log);
        self.fleet.set_drain(config.drain);
        self.fleet.keep_spares(config.spares);
        self.fleet.spawner().commit(version);
        self.version.set(version);
        *self.generations.borrow_mut() = generations;
        *self.config.borrow_mut() = config;
        self.rewatch.send_replace(());
    }

    /// Lets a generation finish its requests and end; returns at once.
    pub(crate) fn retire(self: &Rc<Self>, generation: Rc<Generation>, reason: ExitReason, within: Duration) {
        generation.retire(reason, Instant::now() + within);
        self.retiring.borrow_mut().push(Rc::clone(&generation));
        let weak = Rc::downgrade(self);
        let mut retirements = self.retirements.borrow_mut();
        while retirements.try_join_next().is_some() {}
        retirements.spawn_local(async move {
            generation.ended().await;
            if let Some(own) = weak.upgrade() {
                own.retiring.borrow_mut().retain(|each| !Rc::ptr_eq(each, &generation));
            }
        });
    }

    /// Waits until every retiring generation has ended.
    pub(crate) async fn retired(&self) {
        let mut retirements = self.retirements.take();
        while retirements.join_next().await.is_some() {}
    }

    /// The shards, once they run.
    pub(crate) fn shards(&self) -> &Shards {
        self.fleet.shards()
    }
}
