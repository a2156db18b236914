//! `nano serve`: all sockets are bound before anything is started, everything is ready before that is reported, and
//! requests in flight are finished before it ends.

mod control_place;
pub(crate) mod dev_link;
mod failure;
mod files;
mod left_out;
mod metrics;
mod operator_signals;
mod predecessor;
mod running;
mod sockets;
mod spare_memory;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::{AppConfig, Config, LogFormat};
use nano_spawner::{Inheritance, installed_program};
use nix::unistd::geteuid;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use crate::agent::{self, Prepared};
use crate::certificates::{self, Begun, LoadedTls};
use crate::control;
use crate::descriptors;
use crate::downstream::listener::{Bound, Listener};
use crate::fleet::{Fleet, Generation, SandboxEnforcement, SpawnerError, StartedSpawner, find_worker};
use crate::identity::Identity;
use crate::ingress::BuildPage;
use crate::limits;
use crate::log::{Logs, Voice};
use crate::notify;
use crate::otlp;
use crate::privileges::{give_up, harden};
use crate::readiness::Readiness;
use crate::registered::register;
use crate::route::RouteTable;
use crate::shard::{Shard, ShardError, ShardHandle, ShardOptions, Shards};
use crate::signals::{self, EarlyStop};
use crate::stand_in::StandIn;
use crate::supervisor::{Addresses, ConfigSource, Lineage, Parts, Sockets, Successor, Supervisor};
use crate::telemetry::{Metrics, Scrapes};
use crate::upstream::LinkEvent;

use control_place::Control;
use dev_link::DevLink;
pub use failure::ServeError;
use files::Files;
use metrics::{metrics, serve_metrics};
use operator_signals::Signals;
pub use predecessor::TakeOverError;
use predecessor::{Predecessor, Waiting};
use running::{announce, go_on, handle_link_events, reap_orphans, take_over, unless_given_up, until_drained};

/// Most events of shards in the queue.
const EVENTS: usize = 1024;

/// After the last request, workers get at least this long for what `waitUntil` holds.
const MIN_SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// How long answers in progress on the control socket may take at the end.
const CONTROL_GRACE: Duration = Duration::from_millis(500);

/// How long the log may take to write its queue at the end.
const LOG_GRACE: Duration = Duration::from_secs(1);

/// What to serve, and how.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where the configuration comes from.
    pub source: ConfigSource,
    /// Threads that take requests; `None`: half of the processors.
    pub shards: Option<usize>,
    /// The standard input is a socket with the orders of `nano dev`.
    pub dev: bool,
    /// The standard input is the socket of a nano that this one takes over from.
    pub take_over: bool,
}

/// How serving ended.
#[derive(Debug)]
pub enum Ended {
    /// On request, with all requests in flight finished or given up at `drain_ms`.
    Drained,
    /// At once, by a second signal.
    Cut,
    /// Another nano serves. If this process is to stand in for it, that is what is left to do.
    HandedOver(Option<Rc<StandIn>>),
}

/// Serves until a signal or `nanoctl drain` ends it. Blocks. Call it on the main thread, before there are others, and
/// after [`begin`](crate::signals::begin). If the log is JSON, an error is logged too.
///
/// # Errors
/// It could not be started.
pub fn serve(options: &ServeOptions) -> Result<Ended, ServeError> {
    let mut format = None;
    let mut before = None;
    let ended = start_and_run(options, &mut format, &mut before);
    if let Err(error) = &ended {
        if let Some(before) = before {
            Predecessor::failed(&before, error);
        }
        let format = format.or_else(|| match &options.source {
            // Also if the file has other faults.
            ConfigSource::File(file) if file.is_file() => nano_config::glance(file).ok()?.log_format,
            _ => None,
        });
        failure::log_failure(&options.source, error, format);
    }
    ended
}

fn start_and_run(
    options: &ServeOptions,
    format: &mut Option<LogFormat>,
    before: &mut Option<OwnedFd>,
) -> Result<Ended, ServeError> {
    let mut predecessor = options.take_over.then(Predecessor::meet).transpose()?;
    *before = predecessor.as_ref().map(Predecessor::socket).transpose()?;
    limits::raise()?;
    let root = geteuid().is_root();
    let early = EarlyStop::new()?;
    let prepared = match &options.source {
        ConfigSource::File(file) => agent::prepare(file, &early)?,
        ConfigSource::App { .. } => Prepared::NoFleet,
    };
    let kept = predecessor.as_mut().map(|before| std::mem::take(&mut before.inheritance).into_uids());
    let inheritance = Inheritance::new(&installed_program()?, options.shards, kept.unwrap_or_default());
    let started = StartedSpawner::start(&options.source, &find_worker()?, Some(&inheritance))?;
    harden();
    let Some(loaded) = started.load(&early)? else { return Ok(Ended::Drained) };
    let (version, config) = loaded?;
    *format = config.log.format;
    let tls = certificates::load(&config)?;
    drop(early);
    let sandbox_enforcement = SandboxEnforcement::new(&config, root);
    sandbox_enforcement.check()?;
    let shards = options.shards.unwrap_or_else(default_shards).clamp(1, nano_protocol::limits::MAX_LINKS);
    let bound = sockets::listeners(&config, shards, predecessor.as_mut())?;
    let Bound { shards: listeners, files: sockets, inherited } = bound;
    let mut files = Files { sockets, pointer: None };
    let control = control_place::control(&config, &options.source, predecessor.as_mut(), &mut files)?;
    let (metrics, no_metrics) = metrics(&config, predecessor.as_mut().and_then(|before| before.metrics.take()))?;
    notify::connect();
    if predecessor.is_none() {
        started.sweep(files.to_sweep())?;
    }
    let sockets = sockets::duplicates(&listeners, inherited, metrics.as_ref(), control.as_ref())?;
    certificates::prepare(&config)?;
    let kept = give_up(Identity::for_supervisor(config.uid_base)).err();
    // From here on there are other threads.
    let logs = Logs::start(&config.log, if options.dev { Voice::Apps } else { Voice::All })?;
    log_start(&config, &options.source, &listeners, root);
    if let Some(error) = kept {
        tracing::warn!(%error, "the supervisor keeps more privileges than it needs");
    }
    if let Some((address, error)) = no_metrics {
        tracing::warn!(%address, %error, "the default metrics address cannot be had; going on without metrics (set `metrics` in the config)");
    }
    let agent = match prepared {
        Prepared::Fleet(program, failure) => {
            if let Some(error) = failure {
                tracing::warn!(error, "the cached apps of the fleet could not be checked; going on with them");
            }
            config.fleet.is_some().then_some(program)
        }
        Prepared::NoFleet => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        // The main thread alone receives signals: where they go in the end is its to say.
        .on_thread_start(signals::hold)
        .build()?;
    let local = LocalSet::new();
    let (spawner, process) = {
        let _within = runtime.enter();
        started.connect()?
    };
    let fleet = Fleet::new(spawner, Arc::default(), sandbox_enforcement, config.drain);
    let dev = if options.dev {
        let _within = runtime.enter();
        let page = Arc::<BuildPage>::default();
        Some((DevLink::of_stdin(Arc::clone(&page))?, page))
    } else {
        None
    };
    let files = Rc::new(files);
    let (stopped, lineage, waiting) = {
        let _within = runtime.enter();
        lineage(sockets, predecessor, &files, options.dev)?
    };
    let start = Start {
        config,
        version,
        fleet,
        listeners,
        tls,
        metrics,
        control,
        agent,
        logs: logs.clone(),
        dev,
        files: Rc::clone(&files),
        stopped,
        lineage: Rc::new(lineage),
        waiting,
    };
    let ended = local.block_on(&runtime, start.run());
    drop(files);
    // Closing the link to the spawner makes it kill every worker that is left.
    drop(local);
    drop(process);
    runtime.shutdown_timeout(Duration::from_millis(100));
    logs.flush(LOG_GRACE);
    ended
}

/// What came before this nano: the apps that an operator stopped, what another nano needs to take its place, and the nano
/// that it takes over from. Must be called within the runtime.
fn lineage(
    sockets: Sockets,
    predecessor: Option<Predecessor>,
    files: &Files,
    is_dev: bool,
) -> io::Result<(BTreeSet<String>, Lineage, Option<Waiting>)> {
    let Some(mut before) = predecessor else {
        return Ok((BTreeSet::new(), Lineage::new(sockets, None, is_dev, true), None));
    };
    let above = before.above.take().map(register).transpose()?;
    let stopped = std::mem::take(&mut before.stopped);
    let waiting = before.go_on(files.paths())?;
    Ok((stopped, Lineage::new(sockets, above, is_dev, false), Some(waiting)))
}

/// Logs what is being started, before anything can fail.
fn log_start(config: &Config, source: &ConfigSource, listeners: &[Vec<Listener>], root: bool) {
    let path = match source {
        ConfigSource::File(path) | ConfigSource::App { path, .. } => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone())
        }
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        config = %path.display(),
        apps = config.apps.len(),
        listen = sockets::addresses(listeners).join(" "),
        shards = listeners.len(),
        sandbox = SandboxEnforcement::new(config, root).policy_name(),
        "nano starts"
    );
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// Half of the processors: the other half is for the apps.
fn default_shards() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get() / 2).max(1)
}

struct Start {
    config: Config,
    version: u64,
    fleet: Fleet,
    listeners: Vec<Vec<Listener>>,
    tls: Option<LoadedTls>,
    metrics: Option<std::net::TcpListener>,
    control: Option<Control>,
    /// The program of the fleet's agent.
    agent: Option<PathBuf>,
    logs: Logs,
    dev: Option<(DevLink, Arc<BuildPage>)>,
    files: Rc<Files>,
    /// Apps that an operator stopped, in the nano before this one.
    stopped: BTreeSet<String>,
    lineage: Rc<Lineage>,
    /// The nano that this one takes over from.
    waiting: Option<Waiting>,
}

fn spawn_shards(
    listeners: Vec<Vec<Listener>>,
    routes: &Arc<RouteTable>,
    options: &ShardOptions,
) -> Result<Vec<ShardHandle>, ShardError> {
    let all = listeners.into_iter().enumerate();
    all.map(|(index, own)| Shard::spawn(index, own, Arc::clone(routes), options.clone())).collect()
}

impl Start {
    async fn run(self) -> Result<Ended, ServeError> {
        let Self {
            config, version, fleet, listeners, tls, metrics: metrics_listener, control, agent, logs, dev, ..
        } = self;
        let Self { files, stopped, lineage, waiting, .. } = self;
        let (dev, page) = dev.unzip();
        let mut signals = Signals::new()?;
        let own_child = fleet.spawner().pid();
        let metrics = Arc::clone(fleet.metrics());
        metrics.set_log(logs.clone());
        let scrapes = Scrapes::new(Arc::clone(&metrics));
        let spawner = Rc::clone(fleet.spawner());
        let readiness = Rc::new(Readiness::default());
        let mut background = JoinSet::new();
        let metrics_address = match metrics_listener {
            Some(listener) => Some(serve_metrics(listener, &scrapes, &readiness, &lineage, &mut background)?),
            None => None,
        };
        let http = sockets::addresses(&listeners);
        let own_ports = sockets::own_ports(http.iter().chain(&metrics_address));
        let Begun { acme, tls, file_tls } = certificates::begin(&config, tls, &listeners, &metrics)?;

        // Nothing is awaited until the shards run, so no slot's task runs before it knows them.
        let started = start_apps(&config, version, &fleet, &stopped);
        let generations: BTreeMap<_, _> =
            started.iter().map(|(_, app, generation)| (app.name.clone(), Rc::clone(generation))).collect();
        let routes = Supervisor::routes(&config, &generations);
        let (events, event_source) = mpsc::channel(EVENTS);
        fleet.allow_open_files(descriptors::open_files(listeners.len()));
        let mut options = shard_options(&listeners, &metrics, events);
        options.tls = tls;
        options.own_ports = own_ports;
        options.build_page = page;
        let (tracing, exporter) = otlp::start(config.otlp.as_ref(), &metrics)?.unzip();
        options.tracing = tracing;
        // A nano that takes over accepts nothing before its apps are ready: the one before it does.
        let (at_once, later): (Vec<_>, Vec<_>) = listeners
            .into_iter()
            .map(|own| if waiting.is_some() { (Vec::new(), own) } else { (own, Vec::new()) })
            .unzip();
        let shards = spawn_shards(at_once, &routes, &options)?;
        fleet.set_shards(Shards::new(shards.iter().map(|shard| shard.commands().clone()).collect()));

        let control_path = control.as_ref().map(|control| control.path.clone());
        let addresses = Addresses { http, metrics: metrics_address, control: control_path };
        let supervisor = Supervisor::new(Parts {
            acme,
            file_tls,
            config: config.clone(),
            version,
            fleet,
            metrics,
            scrapes,
            logs,
            readiness,
            addresses,
            lineage,
        });
        background.spawn_local(handle_link_events(Rc::clone(&supervisor), event_source));
        let mut control = match control {
            Some(Control { listener, group, .. }) => {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                Some(control::ControlServer::new(listener, group, Rc::clone(&supervisor)))
            }
            None => None,
        };

        let serving = async {
            // No reload may run before the apps are installed.
            let alone = supervisor.changing.lock().await;
            let ready = left_out::wait_until_ready(&supervisor, started, config.clone(), generations);
            let (config, generations, refused) = unless_given_up(waiting.as_ref(), ready).await?;
            supervisor.install(Rc::new(config), version, generations);
            let waiting = match waiting {
                Some(waiting) => Some(take_over(&supervisor, waiting, later, &files).await?),
                None => None,
            };
            drop(alone);
            announce(&supervisor);
            if let Some(dev) = dev {
                background.spawn_local(dev.run(Rc::clone(&supervisor)));
            }
            go_on(&supervisor, &mut background, agent, refused);
            until_drained(&supervisor, waiting).await;
            Ok(Ended::Drained)
        };
        let ended = tokio::select! {
            ended = serving => ended,
            ended = signals.handle(&supervisor) => Ok(ended),
            error = reap_orphans(&supervisor, own_child) => Err(error.into()),
            () = spawner.run() => Err(SpawnerError::Gone.into()),
            () = async { match &mut control { Some(server) => server.run().await, None => std::future::pending().await } } => Ok(Ended::Cut),
        };
        if let Some(server) = control {
            server.finish(CONTROL_GRACE).await;
        }
        background.shutdown().await;
        // The shards' threads end with the process: open connections are cut either way.
        drop(shards);
        drop(exporter);
        match supervisor.lineage.successor() {
            Some(successor) => Ok(handed_over(&ended, successor, &files, signals).await),
            None => ended,
        }
    }
}

/// Starts all apps but those that an operator stopped.
fn start_apps<'c>(
    config: &'c Config,
    version: u64,
    fleet: &Fleet,
    stopped: &BTreeSet<String>,
) -> Vec<(usize, &'c AppConfig, Rc<Generation>)> {
    let start = |(index, app): (usize, &'c AppConfig)| {
        let generation = match stopped.contains(&app.name) {
            true => fleet.stopped(version, app.clone(), Arc::default()),
            false => fleet.start(version, app.clone(), Arc::default(), app.settings.start),
        };
        (index, app, generation)
    };
    config.apps.iter().enumerate().map(start).collect()
}

/// What is the same for all shards.
fn shard_options(listeners: &[Vec<Listener>], metrics: &Arc<Metrics>, events: mpsc::Sender<LinkEvent>) -> ShardOptions {
    let mut options = ShardOptions::new(Arc::clone(metrics), events);
    // The log decides whether lines are written: that can change while nano runs.
    options.access_log = true;
    options.clients.max_connections = descriptors::connections(listeners.len());
    options.max_egress_connections = descriptors::egress_connections(listeners.len());
    options.https_port = sockets::https_port(listeners);
    options
}

/// Another nano serves: it has the files, and signals are for what this process becomes.
async fn handed_over(
    ended: &Result<Ended, ServeError>,
    successor: Successor,
    files: &Files,
    signals: Signals,
) -> Ended {
    if let Err(error) = ended {
        tracing::error!(%error, "what was in flight here is cut");
    }
    files.leave(&successor.files);
    if let Some(stand_in) = &successor.stand_in {
        signals.leave_to(stand_in).await;
    }
    Ended::HandedOver(successor.stand_in)
}
