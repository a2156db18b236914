//! One shard with one app, as the control plane would set it up.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nano_config::{AppSettings, Config, HostPattern, Listen};
use nano_supervisor::app::Admission;
use nano_supervisor::app::{App, Availability, GenerationId};
use nano_supervisor::cache::Caches;
use nano_supervisor::downstream::listener;
use nano_supervisor::route::RouteTable;
use nano_supervisor::shard::command::{Done, ShardCommand};
use nano_supervisor::shard::{Shard, ShardHandle, ShardOptions};
use nano_supervisor::socket_file::BoundSocket;
use nano_supervisor::telemetry::{AppMetrics, Metrics};
use nano_supervisor::upstream::LinkEvent;
use nano_supervisor::worker::{Worker, WorkerId};
use tokio::sync::{mpsc, oneshot};

use crate::client::Client;
use crate::worker::FakeWorker;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// How long anything may take before a test gives up, on a slow machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
    shard: ShardHandle,
    _files: Vec<BoundSocket>,
}

pub(crate) fn settings() -> AppSettings {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "export default {}").unwrap();
    let mut config = Config::single_app(dir.path(), 0).unwrap();
    let mut settings = config.apps.remove(0).settings;
    settings.timeout = PATIENCE;
    settings
}

pub(crate) fn app(settings: AppSettings) -> Arc<App> {
    Arc::new(App {
        name: "under-test".into(),
        generation: GenerationId(NEXT.fetch_add(1, Ordering::Relaxed)),
        assets: None,
        cache: Caches::default().of_app("under-test"),
        admission: Admission::new(settings.workers, settings.max_concurrent),
        settings,
        metrics: Arc::new(AppMetrics::default()),
        availability: Availability::default(),
    })
}

pub(crate) fn routes(app: &Arc<App>) -> Arc<RouteTable> {
    Arc::new(RouteTable::new(&[(vec![HostPattern::parse("a.example").unwrap()], Arc::clone(app))]))
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::with(settings(), |_| {})
    }

    pub(crate) fn with(settings: AppSettings, tune: impl FnOnce(&mut ShardOptions)) -> Self {
        Self::build(settings, tune, &Listen::tcp(([127, 0, 0, 1], 0).into()))
    }

    pub(crate) fn listening(at: &Listen) -> Self {
        Self::build(settings(), |_| {}, at)
    }

    pub(crate) fn build(settings: AppSettings, tune: impl FnOnce(&mut ShardOptions), at: &Listen) -> Self {
        let (events, inbox) = mpsc::channel(16);
        let metrics = Arc::new(Metrics::default());
        let mut options = ShardOptions::new(Arc::clone(&metrics), events);
        tune(&mut options);
        let mut bound = listener::bind(std::slice::from_ref(at), 1).unwrap();
        let listeners = bound.shards.remove(0);
        let address = listeners[0].tcp_address().unwrap_or(([0, 0, 0, 0], 0).into());
        let app = app(settings);
        let shard = Shard::spawn(0, listeners, routes(&app), options).unwrap();
        Self { address, app, events: Events(inbox), metrics, shard, _files: bound.files }
    }

    /// A host and its one worker.
    pub(crate) fn with_worker() -> (Self, FakeWorker) {
        let host = Self::new();
        let worker = host.add_worker();
        (host, worker)
    }

    pub(crate) fn add_worker(&self) -> FakeWorker {
        self.add_worker_of(&self.app)
    }

    pub(crate) fn add_worker_of(&self, app: &Arc<App>) -> FakeWorker {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let worker = Arc::new(Worker::new(WorkerId(number), number as u32));
        let (app, handle) = (Arc::clone(app), Arc::clone(&worker));
        self.order(|done| ShardCommand::AddLink { app, worker: handle, socket: ours, done });
        FakeWorker::new(theirs, worker)
    }

    /// Gives an order and waits until it is done.
    pub(crate) fn order(&self, command: impl FnOnce(Done) -> ShardCommand) {
        self.order_later(command).blocking_recv().unwrap();
    }

    /// Waits until the shard tells of the end of this worker's link.
    pub(crate) fn await_link_end(&mut self, of: &Worker) {
        until("the end of its link is reported", || match self.events.blocking_recv() {
            Some(LinkEvent::LinkClosed { worker, .. } | LinkEvent::ProtocolViolation { worker, .. }) => {
                worker.id == of.id
            }
            other => panic!("{other:?}"),
        });
    }

    pub(crate) fn order_later(&self, command: impl FnOnce(Done) -> ShardCommand) -> Given {
        let (done, outcome) = oneshot::channel();
        self.shard.commands().blocking_send(command(done)).unwrap();
        Given(outcome)
    }

    /// Sends a command that has an answer of its own.
    pub(crate) fn send(&self, command: ShardCommand) {
        self.shard.commands().blocking_send(command).expect("the shard runs");
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One `GET` on a connection of its own; the response is read by [`Client::answer`].
    pub(crate) fn get(&self, path: &str) -> Client {
        let mut client = self.connect();
        client.get(path);
        client
    }
}

/// What the shard tells of itself.
pub(crate) struct Events(mpsc::Receiver<LinkEvent>);

impl Events {
    /// The next one, in time; `None` when the shard has ended.
    pub(crate) fn blocking_recv(&mut self) -> Option<LinkEvent> {
        let mut next = None;
        until("the shard tells something", || {
            match self.0.try_recv() {
                Err(mpsc::error::TryRecvError::Empty) => return false,
                told => next = told.ok(),
            }
            true
        });
        next
    }
}

/// An order that was given.
pub(crate) struct Given(oneshot::Receiver<()>);

impl Given {
    /// Waits until it is carried out, in time; an error when the shard has ended without that.
    pub(crate) fn blocking_recv(mut self) -> Result<(), oneshot::error::TryRecvError> {
        let mut outcome = Err(oneshot::error::TryRecvError::Empty);
        until("an order is carried out", || {
            outcome = self.0.try_recv();
            outcome != Err(oneshot::error::TryRecvError::Empty)
        });
        outcome
    }
}

/// Waits for a condition that nothing announces.
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
