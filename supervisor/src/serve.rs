//! `nano serve`: all sockets are bound before anything is started, everything is ready before that is reported, and
//! requests in flight are finished before it ends.

pub(crate) mod dev_link;
mod failure;
mod left_out;
mod metrics;
mod operator_signals;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_config::{Config, LogFormat};
use nano_protocol::{ExitReason, SandboxLayer};
use nano_spawner::wire::SocketFile;
use nix::unistd::geteuid;
use sd_notify::NotifyState;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use crate::agent::{self, Prepared};
use crate::certificates::{self, LoadedTls};
use crate::control::group::ControlGroup;
use crate::control::pointer::Pointer;
use crate::control::socket::{self, Environment, SocketError};
use crate::control::{self};
use crate::descriptors;
use crate::downstream::listener::{self, Bound, Listener};
use crate::duration::millis;
use crate::fleet::{Fleet, SOCKETS_GRACE, SandboxEnforcement, SpawnerError, StartedSpawner, find_worker};
use crate::identity::Identity;
use crate::ingress::BuildPage;
use crate::limits;
use crate::log::{Logs, Voice};
use crate::notify::{self, notify};
use crate::orphans;
use crate::otlp;
use crate::privileges::{give_up, harden};
use crate::readiness::{Readiness, ServerPhase};
use crate::shard::command::ShardCommand;
use crate::shard::{self, Shard, ShardHandle, Shards};
use crate::signals::EarlyStop;
use crate::socket_file::BoundSocket;
use crate::supervisor::{Addresses, ConfigSource, Parts, Stop, Supervisor};
use crate::telemetry::Scrapes;
use crate::upstream::LinkEvent;
use crate::watch;

use dev_link::DevLink;
pub use failure::ServeError;
use metrics::{bind_metrics, serve_metrics};
use operator_signals::Signals;

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
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// On request, with all requests in flight finished or given up at `drain_ms`.
    Drained,
    /// At once, by a second signal.
    Cut,
}

/// Serves until a signal or `nanoctl drain` ends it. Blocks. Call it on the main thread, before there are others, and
/// after [`begin`](crate::signals::begin). If the log is JSON, an error is logged too.
///
/// # Errors
/// It could not be started.
pub fn serve(options: &ServeOptions) -> Result<Ended, ServeError> {
    let mut format = None;
    let ended = start_and_run(options, &mut format);
    if let Err(error) = &ended {
        let format = format.or_else(|| match &options.source {
            // Also if the file has other faults.
            ConfigSource::File(file) if file.is_file() => nano_config::glance(file).ok()?.log_format,
            _ => None,
        });
        failure::log_failure(&options.source, error, format);
    }
    ended
}

fn start_and_run(options: &ServeOptions, format: &mut Option<LogFormat>) -> Result<Ended, ServeError> {
    limits::raise()?;
    let root = geteuid().is_root();
    let early = EarlyStop::new()?;
    let prepared = match &options.source {
        ConfigSource::File(file) => agent::prepare(file, &early)?,
        ConfigSource::App { .. } => Prepared::NoFleet,
    };
    let started = StartedSpawner::start(&options.source, &find_worker()?)?;
    harden();
    let Some(loaded) = started.load(&early)? else { return Ok(Ended::Drained) };
    let (version, config) = loaded?;
    *format = config.log.format;
    let tls = certificates::load(&config)?;
    drop(early);
    let sandbox_enforcement = SandboxEnforcement::new(&config, root);
    sandbox_enforcement.check()?;
    let shards = options.shards.unwrap_or_else(default_shards).clamp(1, nano_protocol::limits::MAX_LINKS);
    let Bound { shards: listeners, files } = listeners(&config, shards)?;
    let control = bind_control(&config, &options.source)?;
    let (metrics, no_metrics) = bind_metrics(&config)?;
    notify::connect();
    started.sweep(socket_files(control.as_ref(), &files))?;
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
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
    let start = Start { config, version, fleet, listeners, tls, metrics, control, agent, logs: logs.clone(), dev };
    let ended = local.block_on(&runtime, start.run());
    drop(files);
    // Closing the link to the spawner makes it kill every worker that is left.
    drop(local);
    drop(process);
    runtime.shutdown_timeout(Duration::from_millis(100));
    logs.flush(LOG_GRACE);
    ended
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
        listen = addresses(listeners).join(" "),
        shards = listeners.len(),
        sandbox = SandboxEnforcement::new(config, root).policy_name(),
        "nano starts"
    );
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// The addresses that nano listens on; every shard has the same.
fn addresses(listeners: &[Vec<Listener>]) -> Vec<String> {
    let mut addresses: Vec<String> =
        listeners.first().into_iter().flatten().map(|listener| listener.address().to_owned()).collect();
    addresses.dedup();
    addresses
}

/// The port of the first listener with TLS.
fn https_port(listeners: &[Vec<Listener>]) -> Option<u16> {
    let with_tls = listeners.iter().flatten().filter(|listener| listener.options().tls);
    with_tls.filter_map(Listener::tcp_address).map(|address| address.port()).next()
}

/// Half of the processors: the other half is for the apps.
fn default_shards() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get() / 2).max(1)
}

fn listeners(config: &Config, shards: usize) -> Result<Bound, ServeError> {
    let mut inherited = listenfd::ListenFd::from_env();
    if inherited.len() == 0 {
        return Ok(listener::bind(&config.listen, shards)?);
    }
    let mut sockets = Vec::new();
    for index in 0..inherited.len() {
        // The call checks the address family, so both are tried.
        let socket = match inherited.take_tcp_listener(index) {
            Ok(socket) => socket.map(OwnedFd::from),
            Err(_) => inherited.take_unix_listener(index).map_err(ServeError::Inherited)?.map(OwnedFd::from),
        };
        sockets.extend(socket);
    }
    // systemd removes their files.
    Ok(Bound { shards: listener::adopt(sockets, &config.listen, shards)?, files: Vec::new() })
}

/// The control socket's files, removed when nano ends.
struct ControlFiles {
    socket: BoundSocket,
    /// The link from where `nanoctl` looks.
    pointer: Option<Pointer>,
}

struct Control {
    listener: std::os::unix::net::UnixListener,
    files: ControlFiles,
    path: PathBuf,
    group: Option<ControlGroup>,
}

fn bind_control(config: &Config, source: &ConfigSource) -> Result<Option<Control>, SocketError> {
    let environment = Environment::of_process();
    let path = environment.path(None, config.control_socket.as_deref());
    let usual = environment.usual_place();
    let group = config.control_group.as_deref().map(ControlGroup::find).transpose()?;
    if path == usual {
        match source {
            // A single app that is tried out must not take the place of a nano that serves.
            ConfigSource::App { .. } if Pointer::leads_to_a_nano(&usual) => return Ok(None),
            _ => Pointer::make_way(&usual),
        }
    }
    match (socket::bind(&path, group.as_ref()), source) {
        (Ok((listener, socket)), _) => {
            let pointer = environment.is_elsewhere(config.control_socket.as_deref());
            let pointer = pointer.then(|| Pointer::place(&usual, socket.path(), group.as_ref())).flatten();
            Ok(Some(Control { listener, files: ControlFiles { socket, pointer }, path, group }))
        }
        // An app that is tried beside a running nano needs no control socket.
        (Err(SocketError::Taken(_)), ConfigSource::App { .. }) => Ok(None),
        (Err(error), _) => Err(error),
    }
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
}

impl Start {
    async fn run(self) -> Result<Ended, ServeError> {
        let Self { config, version, fleet, listeners, tls, metrics: metrics_listener, control, agent, logs, dev } =
            self;
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
            Some(listener) => Some(serve_metrics(listener, &scrapes, &readiness, &mut background)?),
            None => None,
        };
        let http = addresses(&listeners);
        let own_ports = own_ports(http.iter().chain(&metrics_address));

        // Nothing is awaited until the shards run, so no slot's task runs before it knows them.
        let apps = config.apps.iter().enumerate();
        let started: Vec<_> = apps
            .map(|(index, app)| (index, app, fleet.start(version, app.clone(), Arc::default(), app.settings.start)))
            .collect();
        let generations: BTreeMap<_, _> =
            started.iter().map(|(_, app, generation)| (app.name.clone(), Rc::clone(generation))).collect();
        let routes = Supervisor::routes(&config, &generations);
        let (events, event_source) = mpsc::channel(EVENTS);
        fleet.allow_open_files(descriptors::open_files(listeners.len()));
        let mut options = shard::ShardOptions::new(Arc::clone(&metrics), events);
        // The log decides whether lines are written: that can change while nano runs.
        options.access_log = true;
        options.clients.max_connections = descriptors::connections(listeners.len());
        options.max_egress_connections = descriptors::egress_connections(listeners.len());
        options.tls = tls.map(|loaded| loaded.announce(&metrics));
        options.https_port = https_port(&listeners);
        options.own_ports = own_ports;
        options.build_page = page;
        let (tracing, exporter) = otlp::start(config.otlp.as_ref(), &metrics)?.unzip();
        options.tracing = tracing;
        let shards: Vec<ShardHandle> = listeners
            .into_iter()
            .enumerate()
            .map(|(index, own)| Shard::spawn(index, own, Arc::clone(&routes), options.clone()))
            .collect::<Result<_, _>>()?;
        fleet.set_shards(Shards::new(shards.iter().map(|shard| shard.commands().clone()).collect()));

        let (control, bound) = control.map_or((None, None), |Control { listener, files, path, group }| {
            (Some((listener, path, group)), Some(files))
        });
        let addresses =
            Addresses { http, metrics: metrics_address, control: control.as_ref().map(|(_, path, _)| path.clone()) };
        let supervisor = Supervisor::new(Parts {
            config: config.clone(),
            version,
            fleet,
            metrics,
            scrapes,
            logs,
            readiness,
            addresses,
        });
        background.spawn_local(handle_link_events(Rc::clone(&supervisor), event_source));
        let mut control = match control {
            Some((listener, _, group)) => {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                Some(control::ControlServer::new(listener, group, Rc::clone(&supervisor)))
            }
            None => None,
        };

        let serving = async {
            // No reload may run before the apps are installed.
            let alone = supervisor.changing.lock().await;
            let (config, generations, refused) =
                left_out::wait_until_ready(&supervisor, started, config.clone(), generations).await?;
            supervisor.install(Rc::new(config), version, generations);
            drop(alone);
            announce(&supervisor);
            if let Some(dev) = dev {
                background.spawn_local(dev.run(Rc::clone(&supervisor)));
            }
            go_on(&supervisor, &mut background, agent, refused);
            let mut stop = supervisor.stop.subscribe();
            let _ = stop.wait_for(|stop| *stop != Stop::No).await;
            supervisor.crons.stop();
            supervisor.fleet.keep_spares(0);
            drain(&supervisor).await;
            Ok(Ended::Drained)
        };
        let ended = tokio::select! {
            ended = serving => ended,
            ended = signals.handle(&supervisor) => Ok(ended),
            error = orphans::reap(own_child) => Err(error.into()),
            () = spawner.run() => Err(SpawnerError::Gone.into()),
            () = async { match &mut control { Some(server) => server.run().await, None => std::future::pending().await } } => Ok(Ended::Cut),
        };
        if let Some(server) = control {
            server.finish(CONTROL_GRACE).await;
        }
        background.shutdown().await;
        drop(bound);
        // The shards' threads end with the process: open connections are cut either way.
        drop(shards);
        drop(exporter);
        ended
    }
}

/// What runs beside the requests, for as long as nano serves.
fn go_on(
    supervisor: &Rc<Supervisor>,
    background: &mut JoinSet<()>,
    agent: Option<PathBuf>,
    refused: Vec<nano_fleet_link::Fault>,
) {
    if let Some(program) = agent {
        supervisor.metrics.fleet().begin();
        background.spawn_local(agent::run(Rc::clone(supervisor), program, refused));
    }
    background.spawn_local(watch::run(Rc::clone(supervisor)));
    background.spawn_local(certificates::keep_fresh(Rc::clone(supervisor)));
    background.spawn_local(Rc::clone(&supervisor.crons).run(supervisor.shards().clone()));
    background.spawn_local(feed_watchdog());
}

/// The TCP ports in these addresses; a Unix socket has none.
fn own_ports<'a>(addresses: impl Iterator<Item = &'a String>) -> Arc<[u16]> {
    addresses.filter_map(|text| text.parse::<std::net::SocketAddr>().ok()).map(|address| address.port()).collect()
}

/// The files to remove when nano ends.
fn socket_files(control: Option<&Control>, others: &[BoundSocket]) -> Vec<SocketFile> {
    let control = control.map(|control| &control.files);
    let own = control.map(|files| files.socket.path()).into_iter();
    let pointer = control.and_then(|files| files.pointer.as_ref()).map(Pointer::path);
    let paths = own.chain(pointer).chain(others.iter().map(BoundSocket::path));
    paths.filter_map(|path| SocketFile::at(path).ok()).collect()
}

/// Everything is ready: reports it in the log, in `/readyz` and to systemd.
fn announce(supervisor: &Rc<Supervisor>) {
    supervisor.readiness.set(ServerPhase::Ready);
    for address in &supervisor.addresses.http {
        tracing::info!(address, "listening");
    }
    if let Some(address) = &supervisor.addresses.metrics {
        tracing::info!(address, "metrics listening");
    }
    match &supervisor.addresses.control {
        Some(path) => tracing::info!(address = %path.display(), "control listening"),
        None => tracing::warn!("another nano has the control socket; going on without (set NANO_CONTROL_SOCKET)"),
    }
    log_sandbox(supervisor);
    let status = format!("serving {} apps on {}", supervisor.config().apps.len(), supervisor.addresses.http.join(", "));
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Logs one line about the sandbox of all workers.
fn log_sandbox(supervisor: &Rc<Supervisor>) {
    let generations = supervisor.generations.borrow();
    let (mut in_force, mut lacking) = (Vec::new(), Vec::new());
    for layer in SandboxLayer::ALL {
        let mut states = generations.values().flat_map(|each| each.app().metrics.sandbox());
        let missing = states.any(|(known, active)| known == layer && !active);
        if missing { &mut lacking } else { &mut in_force }.push(layer.as_str());
    }
    let (in_force, lacking) = (in_force.join(" "), lacking.join(" "));
    tracing::info!(policy = supervisor.fleet.sandbox_enforcement().policy_name(), in_force, lacking, "sandbox");
}

async fn handle_link_events(supervisor: Rc<Supervisor>, mut events: mpsc::Receiver<LinkEvent>) {
    while let Some(event) = events.recv().await {
        supervisor.fleet.on_event(event);
    }
}

/// systemd restarts nano when this thread hangs, if the unit has `WatchdogSec=`.
async fn feed_watchdog() {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(within / 2);
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

/// Finishes requests in flight, within `drain_ms`, then ends the workers.
async fn drain(supervisor: &Rc<Supervisor>) {
    let within = supervisor.config().drain;
    let deadline = Instant::now() + within;
    supervisor.readiness.set(ServerPhase::Draining);
    notify(&[NotifyState::Stopping, NotifyState::Status("finishing requests in flight")]);
    tracing::info!(drain_ms = millis(within), "stopping: no new connections, finishing what is in flight");
    let drained = supervisor.shards().broadcast(|done| Some(ShardCommand::Drain { done }));
    if tokio::time::timeout_at(deadline.into(), drained).await.is_err() {
        tracing::warn!("drain_ms is over: what is still in flight is cut");
    }
    let kill_at = deadline.max(Instant::now() + MIN_SHUTDOWN_GRACE);
    let generations = std::mem::take(&mut *supervisor.generations.borrow_mut());
    for generation in generations.into_values() {
        supervisor.retire(generation, ExitReason::Restart, kill_at.saturating_duration_since(Instant::now()));
    }
    // Workers that are left are told to close their WebSockets at the deadline, then killed; they have one more second to end.
    let end = kill_at + SOCKETS_GRACE + Duration::from_secs(1);
    let _ = tokio::time::timeout_at(end.into(), supervisor.retired()).await;
    tracing::info!("stopped");
    supervisor.drained.send_replace(true);
}
