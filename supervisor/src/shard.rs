//! A shard: one thread with listeners, client connections and a link to every worker, all its own. This module only
//! composes them: clients are in `downstream`, workers in `upstream`, requests in `ingress`.
//!
//! Shards share nothing on the path of a request but a few atomics ([`crate::app::Admission`], counters); within a
//! shard everything is on one thread, in `Rc` and `Cell`.

pub mod command;
mod shards;
mod thread;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::downstream::ClientLimits;
use crate::downstream::listener::Listener;
use crate::downstream::tls::ServerTls;
use crate::ingress::BuildPage;
use crate::otlp::Tracing;
use crate::route::RouteTable;
use crate::telemetry::Metrics;
use crate::upstream::LinkEvent;
use command::ShardCommand;
pub(crate) use shards::Shards;

/// Most queued commands of a shard.
const COMMANDS: usize = 64;

/// The settings of a shard. The same for all shards of a supervisor.
#[derive(Debug, Clone)]
pub struct ShardOptions {
    /// Whether each request is logged (`log.access`).
    pub access_log: bool,
    /// The limits of its clients.
    pub clients: ClientLimits,
    /// Egress connections that its apps have open at once in this shard; further fetches wait.
    pub max_egress_connections: usize,
    /// What listeners with TLS begin with.
    pub tls: Option<Arc<ServerTls>>,
    /// A TCP port that has TLS, for redirects.
    pub https_port: Option<u16>,
    /// TCP ports that nano itself listens on: apps connect there only if their `egress` names them.
    pub own_ports: Arc<[u16]>,
    /// Where requests of no app are counted.
    pub metrics: Arc<Metrics>,
    /// `None`: no traces.
    pub tracing: Option<Tracing>,
    /// What browsers get while a developer's project does not load.
    pub(crate) build_page: Option<Arc<BuildPage>>,
    /// Reports to the control plane.
    pub events: mpsc::Sender<LinkEvent>,
}

impl ShardOptions {
    /// The contract's times, no access log.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, events: mpsc::Sender<LinkEvent>) -> Self {
        Self {
            access_log: false,
            clients: ClientLimits::default(),
            max_egress_connections: 512,
            tls: None,
            https_port: None,
            own_ports: Arc::default(),
            tracing: None,
            build_page: None,
            metrics,
            events,
        }
    }
}

/// A shard could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the thread of shard {index}: {}", nano_spawner::explain(.source))]
pub struct ShardError {
    index: usize,
    source: io::Error,
}

/// A running shard, as the control plane holds it.
#[derive(Debug)]
pub struct ShardHandle {
    commands: mpsc::Sender<ShardCommand>,
    thread: JoinHandle<()>,
}

impl ShardHandle {
    /// The channel of its commands.
    #[must_use]
    pub fn commands(&self) -> &mpsc::Sender<ShardCommand> {
        &self.commands
    }

    /// Ends the shard's thread and waits for it; open connections are cut. Drain before.
    ///
    /// # Errors
    /// The thread panicked.
    pub fn join(self) -> std::thread::Result<()> {
        drop(self.commands);
        self.thread.join()
    }
}

/// Started by [`Shard::spawn`].
#[derive(Debug)]
pub struct Shard;

impl Shard {
    /// Starts the thread of shard number `index`, which accepts at once.
    ///
    /// # Errors
    /// No thread, no epoll instance, or a listener that cannot be registered with it.
    pub fn spawn(
        index: usize,
        listeners: Vec<Listener>,
        routes: Arc<RouteTable>,
        options: ShardOptions,
    ) -> Result<ShardHandle, ShardError> {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let thread = thread::start(index, listeners, routes, options, inbox);
        thread.map(|thread| ShardHandle { commands, thread }).map_err(|source| ShardError { index, source })
    }
}
