//! A shard: one thread with listeners, client connections and a link to every worker, all its own.
//!
//! Nothing on the path of a request is shared between shards but a few atomics ([`crate::app::Admission`], counters); within a
//! shard everything is on one thread, in `Rc` and `Cell`.

mod accept;
mod addresses;
mod client;
pub mod command;
mod connections;
mod framing;
mod link;
pub mod listener;
mod lost;
mod pace;
mod peers;
mod pool;
mod socket;
mod state;
mod thread;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::route::RouteTable;
use crate::telemetry::Metrics;
use crate::worker::Worker;
use command::Command;
use listener::Listener;

#[cfg(fuzzing)]
pub(crate) use accept::reader;
pub(crate) use client::Client;
#[cfg(fuzzing)]
pub(crate) use framing::Framing;
pub(crate) use link::{Death, Due, Failed, Link, Outgoing, Request, Uplink, run as run_link};
pub(crate) use lost::{About, beginning};
pub use lost::{Lost, LostRequest};
pub(crate) use pool::{NotAdmitted, Permit};
pub(crate) use state::State;

/// Commands that wait for a shard.
const COMMANDS: usize = 64;

/// How a shard behaves. The same for all shards of a supervisor.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether each request is logged (`log.access`).
    pub access_log: bool,
    /// Client connections that this shard has open at once; further ones wait in the kernel.
    pub max_connections: usize,
    /// Outgoing connections of its apps that this shard has open at once; further requests wait.
    pub max_outgoing: usize,
    /// How long a client may take for a request's head before it gets 408.
    pub head_timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub idle_timeout: Duration,
    /// How long a client may pause in the middle of a body, in either direction.
    pub stall_timeout: Duration,
    /// The same for a request's body of which little came yet.
    pub upload_grace: Duration,
    /// Bytes per second that a client must move in the middle of a body, or its pauses become shorter.
    pub min_rate: u32,
    /// How long a client may still send after its connection is over for us.
    pub linger: Duration,
    /// TCP ports where nano itself can be reached: apps connect there only where their `egress` says so.
    pub own_ports: Arc<[u16]>,
    /// Where requests of no app are counted.
    pub metrics: Arc<Metrics>,
    /// What the control plane should know.
    pub events: mpsc::Sender<Event>,
}

impl Options {
    /// The contract's times, no access log.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, events: mpsc::Sender<Event>) -> Self {
        Self {
            access_log: false,
            max_connections: 8192,
            max_outgoing: 512,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            upload_grace: Duration::from_secs(20),
            min_rate: 240,
            linger: Duration::from_secs(2),
            own_ports: Arc::default(),
            metrics,
            events,
        }
    }
}

/// What a shard tells the control plane.
#[derive(Debug)]
pub enum Event {
    /// The worker sent something that it must not send; its exit reason is set. Kill it.
    ProtocolViolation {
        /// The worker.
        worker: Arc<Worker>,
        /// What it did, for the log.
        detail: String,
        /// What was with it.
        lost: Lost,
    },
    /// A worker's link ended without anybody having asked for it: it died or is about to.
    LinkClosed {
        /// The worker.
        worker: Arc<Worker>,
        /// What was with it.
        lost: Lost,
    },
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
    commands: mpsc::Sender<Command>,
    thread: JoinHandle<()>,
}

impl ShardHandle {
    /// Where to send orders.
    #[must_use]
    pub fn commands(&self) -> &mpsc::Sender<Command> {
        &self.commands
    }

    /// Ends the shard's thread and waits for it; connections that are still open are cut. Drain before.
    ///
    /// # Errors
    /// The thread panicked.
    pub fn join(self) -> std::thread::Result<()> {
        drop(self.commands);
        self.thread.join()
    }
}

/// See [`Shard::spawn`].
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
        options: Options,
    ) -> Result<ShardHandle, ShardError> {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let thread = thread::start(index, listeners, routes, options, inbox);
        thread.map(|thread| ShardHandle { commands, thread }).map_err(|source| ShardError { index, source })
    }
}
