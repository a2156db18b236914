//! The client of the spawner: sends requests over one socket, and receives their replies and notifications of workers'
//! ends.

mod assets;
mod serving;
mod successor;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_config::{Config, ConfigError, Diagnostic, Location};
use nano_protocol::{ExitCode, LayerReport, ModuleError};
use nano_spawner::wire::{
    Coverage, Exit, Layer, POLL_EVERY, Reply, Request, SocketFile, SpawnerRefusal, WorkerPurpose,
};
use nano_spawner::{
    ConfigSource, Fingerprint, Inheritance, MAX_PACKET, Packet, Wait, explain, receive, receive_config, send,
};
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, oneshot, watch};

use super::start_error::StartError;
use crate::duration::millis;
use crate::registered::register;
use crate::signals::EarlyStop;

/// How long the spawner may take to kill the remaining workers and to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(6);

/// Why there is no spawner.
#[derive(Debug, thiserror::Error)]
pub enum SpawnerError {
    /// It could not be started, or did not answer.
    #[error("the process that starts the workers, nano's spawner, cannot be started: {}", explain(.0))]
    Start(#[from] io::Error),
    /// It ended before the supervisor.
    #[error("the process that starts the workers, nano's spawner, ended before nano did")]
    Gone,
    /// It opened a file, and this process had no descriptor left to take it.
    #[error("nano has no file descriptor left: raise its limit (RLIMIT_NOFILE; LimitNOFILE in systemd)")]
    NoDescriptor,
}

impl SpawnerError {
    /// Why there is no file where the reply should have brought one.
    fn of_lost_file(reply: &Option<ReplyWithFile>) -> Self {
        if reply.is_some() { Self::NoDescriptor } else { Self::Gone }
    }
}

/// Runs the spawner if this program was executed as the spawner; the exit code, if so.
#[must_use]
pub fn spawner_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next().is_some_and(|first| first == nano_spawner::SUBCOMMAND);
    asked.then(|| nano_spawner::run(arguments))
}

/// A spawner before there is a runtime.
#[derive(Debug)]
pub(crate) struct StartedSpawner {
    socket: OwnedFd,
    source: ConfigSource,
    // The last field: the socket must be closed before its drop waits for the process.
    process: SpawnerProcess,
}

/// The spawner's process. Dropping it waits for its end, which comes when its [`SpawnerClient`] is dropped; by then all
/// workers have ended.
#[derive(Debug)]
pub(crate) struct SpawnerProcess(Child);

impl Drop for SpawnerProcess {
    fn drop(&mut self) {
        let until = Instant::now() + SHUTDOWN_GRACE;
        while matches!(self.0.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.0.kill();
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// The configuration and its version, or its faults.
type Loaded = Result<(u64, Config), ConfigError>;

impl StartedSpawner {
    /// Starts the spawner; with `inheritance`, one that can start another nano. Call it before there are threads, and before
    /// privileges are given up.
    pub(crate) fn start(
        source: &ConfigSource,
        program: &Path,
        inheritance: Option<&Inheritance>,
    ) -> Result<Self, SpawnerError> {
        let (child, socket) = nano_spawner::start(source, program, inheritance)?;
        Ok(Self { socket, source: source.clone(), process: SpawnerProcess(child) })
    }

    /// The first configuration and its version. Blocks; `None`: a signal asked nano to end meanwhile.
    pub(crate) fn load(&self, early: &EarlyStop) -> Result<Option<Loaded>, SpawnerError> {
        send(&self.socket, &Request::Load { id: 0 }, &[], Wait::Yes)?;
        if early.wait_for(self.socket.as_fd())? { self.loaded().map(Some) } else { Ok(None) }
    }

    /// The same, for commands that signals may kill.
    pub(crate) fn load_uninterrupted(&self) -> Result<Loaded, SpawnerError> {
        send(&self.socket, &Request::Load { id: 0 }, &[], Wait::Yes)?;
        self.loaded()
    }

    fn loaded(&self) -> Result<Loaded, SpawnerError> {
        let packet = receive(&self.socket, Wait::Yes)?.ok_or(SpawnerError::Gone)?;
        match (serde_json::from_slice(&packet.bytes), packet.descriptors.into_iter().next()) {
            (Ok(Reply::Loaded { .. }), Some(file)) => Ok(receive_config(file)?.config(&self.source)),
            (Ok(Reply::Refused { why, .. }), _) => Err(io::Error::other(why).into()),
            _ => Err(SpawnerError::Gone),
        }
    }

    /// Has the spawner remove these sockets' files at the end. Blocks. Call it once, before anything is read from
    /// clients.
    pub(crate) fn sweep(&self, sockets: Vec<SocketFile>) -> Result<(), SpawnerError> {
        Ok(send(&self.socket, &Request::Sweep { sockets }, &[], Wait::Yes)?)
    }

    /// Must be called within the runtime. Drop the process after everything that uses the client.
    pub(crate) fn connect(self) -> io::Result<(Rc<SpawnerClient>, SpawnerProcess)> {
        let Self { socket, source, process } = self;
        let pid = i32::try_from(process.0.id()).map(Pid::from_raw).map_err(io::Error::other)?;
        let spawner = SpawnerClient {
            pid,
            socket: register(socket)?,
            source,
            outbox: RefCell::default(),
            queued: Notify::new(),
            pending: RefCell::default(),
            lives: RefCell::default(),
            changes: Notify::new(),
            coverage: RefCell::default(),
            last: Cell::new(0),
        };
        Ok((Rc::new(spawner), process))
    }
}

type ReplyWithFile = (Reply, Option<OwnedFd>);

/// A caller that waits for its reply. It may be dropped when the reply is there and was not taken.
struct Waiting<'s> {
    spawner: &'s SpawnerClient,
    reply: oneshot::Receiver<ReplyWithFile>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Ok((reply, _)) = self.reply.try_recv() {
            self.spawner.release(reply);
        }
    }
}

/// The client of the spawner. Lives on the main thread.
#[derive(Debug)]
pub(crate) struct SpawnerClient {
    pid: Pid,
    socket: AsyncFd<OwnedFd>,
    source: ConfigSource,
    outbox: RefCell<VecDeque<(Request, Vec<OwnedFd>)>>,
    queued: Notify,
    pending: RefCell<HashMap<u64, oneshot::Sender<ReplyWithFile>>>,
    lives: RefCell<HashMap<u64, watch::Sender<Option<Exit>>>>,
    /// Notified when watched files change.
    changes: Notify,
    /// How well they are watched; `None`: they are not, or not yet.
    coverage: RefCell<Option<Coverage>>,
    last: Cell<u64>,
}

/// A worker that the spawner started.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) worker: u64,
    pub(super) pid: u32,
    pub(super) layers: Vec<LayerReport>,
    pub(super) life: watch::Receiver<Option<Exit>>,
}

/// Evidence of the spawner that a worker's layers are not in force, by the layers' names; or why it could not inspect
/// the worker.
pub(super) type Contradictions = Result<Vec<(String, String)>, String>;

impl SpawnerClient {
    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends requests and receives replies until the spawner is gone.
    pub(crate) async fn run(&self) {
        tokio::select! {
            () = self.read_loop() => {}
            () = self.write_loop() => {}
        }
        // Wakes all code that waits for a reply or for a worker's end.
        self.pending.borrow_mut().clear();
        self.lives.borrow_mut().clear();
    }

    async fn read_loop(&self) {
        loop {
            let Ok(mut ready) = self.socket.readable().await else { return };
            match ready.try_io(|socket| receive(socket, Wait::No)) {
                Ok(Ok(Some(packet))) => self.on_packet(packet),
                Ok(Ok(None) | Err(_)) => return,
                Err(_not_yet) => {}
            }
            tokio::task::consume_budget().await;
        }
    }

    async fn write_loop(&self) {
        loop {
            let queued = self.queued.notified();
            if self.outbox.borrow().is_empty() {
                queued.await;
                continue;
            }
            let Ok(mut ready) = self.socket.writable().await else { return };
            match ready.try_io(|_| self.send_queued()) {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(_)) => return,
            }
        }
    }

    fn send_queued(&self) -> io::Result<()> {
        let mut outbox = self.outbox.borrow_mut();
        while let Some((request, descriptors)) = outbox.front() {
            let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
            send(self.socket.get_ref(), request, &descriptors, Wait::No)?;
            outbox.pop_front();
        }
        Ok(())
    }

    /// Sends the request now, or as soon as the spawner reads.
    fn send(&self, request: Request, descriptors: Vec<OwnedFd>) {
        self.outbox.borrow_mut().push_back((request, descriptors));
        if self.send_queued().is_err() {
            self.queued.notify_one();
        }
    }

    fn next(&self) -> u64 {
        let id = self.last.get() + 1;
        self.last.set(id);
        id
    }

    /// Sends a request and waits for its reply; `None`: the spawner is gone.
    async fn ask(&self, request: impl FnOnce(u64) -> Request, descriptors: Vec<OwnedFd>) -> Option<ReplyWithFile> {
        let id = self.next();
        let (answer, wait) = oneshot::channel();
        self.pending.borrow_mut().insert(id, answer);
        self.send(request(id), descriptors);
        let mut wait = Waiting { spawner: self, reply: wait };
        (&mut wait.reply).await.ok()
    }

    fn on_packet(&self, packet: Packet) {
        let Ok(reply) = serde_json::from_slice::<Reply>(&packet.bytes) else {
            tracing::error!("the spawner said what cannot be understood: a bug in nano");
            return;
        };
        let id = match &reply {
            Reply::Exited { worker, exit } => {
                if let Some(life) = self.lives.borrow_mut().remove(worker) {
                    life.send_replace(Some(exit.clone()));
                }
                return;
            }
            Reply::Changed => return self.changes.notify_one(),
            Reply::Covered(coverage) => return self.cover(coverage.clone()),
            Reply::Loaded { id }
            | Reply::Opened { id, .. }
            | Reply::Spawned { id, .. }
            | Reply::Adopted { id, .. }
            | Reply::Inspected { id, .. }
            | Reply::Module { id, .. }
            | Reply::AssetList { id }
            | Reply::Asset { id, .. }
            | Reply::Certificates { id }
            | Reply::Compared { id, .. }
            | Reply::SuccessorStarted { id }
            | Reply::SuccessorEnded { id, .. }
            | Reply::Refused { id, .. } => *id,
        };
        if let Reply::Spawned { worker, .. } = &reply {
            // The report of its end may be the next packet.
            self.lives.borrow_mut().insert(*worker, watch::channel(None).0);
        }
        let caller = self.pending.borrow_mut().remove(&id);
        let undelivered = match caller {
            Some(caller) => caller.send((reply, packet.descriptors.into_iter().next())).err(),
            None => Some((reply, None)),
        };
        if let Some((reply, _)) = undelivered {
            self.release(reply);
        }
    }

    /// The caller no longer waits: what the reply gave it is released.
    fn release(&self, reply: Reply) {
        match reply {
            Reply::Spawned { worker, .. } => self.kill(worker),
            Reply::Opened { generation, .. } => self.close(generation),
            Reply::Refused { why, .. } => tracing::error!(%why, "a bug in nano"),
            _ => {}
        }
    }

    /// Reads the configuration anew; apps of the returned version can be opened.
    pub(crate) async fn load(&self) -> Result<(u64, Config), ConfigError> {
        let failed = |message: String| {
            let location = match &self.source {
                ConfigSource::File(path) | ConfigSource::App { path, .. } => Location::whole(path),
            };
            ConfigError::from(Diagnostic::at(&location, "", message))
        };
        match self.ask(|id| Request::Load { id }, Vec::new()).await {
            Some((Reply::Loaded { .. }, Some(file))) => {
                let source = self.source.clone();
                // Parsing a large configuration takes time.
                let read = tokio::task::spawn_blocking(move || Ok(receive_config(file)?.config(&source))).await;
                let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                read.unwrap_or_else(|error| Err(failed(format!("the configuration cannot be read: {error}"))))
            }
            Some((Reply::Refused { why, .. }, _)) => Err(failed(why.to_string())),
            reply => Err(failed(SpawnerError::of_lost_file(&reply).to_string())),
        }
    }

    fn cover(&self, coverage: Coverage) {
        let Coverage { paths, polled, named, why } = &coverage;
        if let Some(why) = why {
            let every_ms = millis(POLL_EVERY);
            tracing::warn!(
                paths,
                polled,
                every_ms,
                named = named.join(", "),
                why,
                "not all files can be watched: what the kernel gives no word of is looked at now and then"
            );
        } else {
            tracing::debug!(paths, "watching");
        }
        *self.coverage.borrow_mut() = Some(coverage);
    }

    /// How well files are watched; `None`: they are not, or not yet.
    pub(crate) fn coverage(&self) -> Option<Coverage> {
        self.coverage.borrow().clone()
    }

    /// Starts or stops watching the files of what is loaded.
    pub(crate) fn watch(&self, on: bool) {
        if !on {
            *self.coverage.borrow_mut() = None;
        }
        self.send(Request::Watch { on }, Vec::new());
    }

    /// Waits until a watched file has changed.
    pub(crate) async fn changed(&self) {
        self.changes.notified().await;
    }

    /// Opens an app of this version, so that it can have workers.
    pub(super) async fn open(&self, version: u64, app: &str) -> Result<u64, StartError> {
        match self.ask(|id| Request::Open { id, version, app: app.to_owned() }, Vec::new()).await {
            Some((Reply::Opened { generation, .. }, _)) => Ok(generation),
            Some((Reply::Refused { why, .. }, _)) => Err(StartError::Refused(why)),
            _ => Err(gone()),
        }
    }

    /// Closes a generation: it gets no more workers.
    pub(super) fn close(&self, generation: u64) {
        self.send(Request::Close { generation }, Vec::new());
    }

    /// Starts a worker with these as standard input and standard error.
    pub(super) async fn spawn(
        &self,
        purpose: WorkerPurpose,
        stdin: OwnedFd,
        stderr: OwnedFd,
    ) -> Result<Spawned, StartError> {
        match self.ask(|id| Request::Spawn { id, purpose }, vec![stdin, stderr]).await {
            Some((Reply::Spawned { worker, pid, layers, .. }, _)) => {
                let life = self.lives.borrow().get(&worker).map(watch::Sender::subscribe);
                // It has ended already.
                let life = life.unwrap_or_else(|| watch::channel(None).1);
                Ok(Spawned { worker, pid, layers: layers.into_iter().filter_map(Layer::report).collect(), life })
            }
            Some((Reply::Refused { why, .. }, _)) => Err(StartError::Refused(why)),
            _ => Err(gone()),
        }
    }

    /// Gives a spare to a generation. Returns the layers that the spawner made.
    pub(super) async fn adopt(&self, worker: u64, generation: u64) -> Result<Vec<LayerReport>, StartError> {
        match self.ask(|id| Request::Adopt { id, worker, generation }, Vec::new()).await {
            Some((Reply::Adopted { layers, .. }, _)) => Ok(layers.into_iter().filter_map(Layer::report).collect()),
            Some((Reply::Refused { why, .. }, _)) => Err(StartError::Refused(why)),
            _ => Err(gone()),
        }
    }

    /// Kills a worker; its end is reported later.
    pub(super) fn kill(&self, worker: u64) {
        self.send(Request::Kill { worker }, Vec::new());
    }

    /// Inspects a worker from outside.
    pub(super) async fn inspect(&self, worker: u64) -> Contradictions {
        match self.ask(|id| Request::Inspect { id, worker }, Vec::new()).await {
            Some((Reply::Inspected { contradictions, .. }, _)) => contradictions,
            Some((Reply::Refused { why, .. }, _)) => Err(why.to_string()),
            _ => Err(SpawnerError::Gone.to_string()),
        }
    }

    /// Which of these modules' files, in the directory that has the app's path now, may be others than they were. All, where
    /// that cannot be told.
    pub(super) async fn differ(&self, generation: u64, mut files: Vec<(String, Fingerprint)>) -> Vec<String> {
        let mut differ = Vec::new();
        while !files.is_empty() {
            let rest = files.split_off(fitting(&files));
            let asked = std::mem::replace(&mut files, rest);
            let paths: Vec<_> = asked.iter().map(|(path, _)| path.clone()).collect();
            match self.ask(|id| Request::Compare { id, generation, files: asked }, Vec::new()).await {
                Some((Reply::Compared { differ: places, .. }, _)) => {
                    differ.extend(places.into_iter().filter_map(|place| paths.get(place).cloned()));
                }
                _ => differ.extend(paths),
            }
        }
        differ
    }

    /// Opens a module's file; with `fresh`, in the directory that has the app's path now.
    pub(super) async fn module(&self, generation: u64, path: &str, fresh: bool) -> Result<File, ModuleError> {
        let path = path.to_owned();
        opened(self.ask(|id| Request::Module { id, generation, path, fresh }, Vec::new()).await)
    }
}

/// The file of a reply that has one of an app's, or why there is none.
fn opened(reply: Option<ReplyWithFile>) -> Result<File, ModuleError> {
    match reply {
        Some((Reply::Module { error: None, .. } | Reply::Asset { error: None, .. }, Some(file))) => Ok(file.into()),
        Some((Reply::Module { error: Some(error), .. } | Reply::Asset { error: Some(error), .. }, _)) => {
            Err(error.into())
        }
        Some((Reply::Refused { why, .. }, _)) => Err(ModuleError::Unreadable(why.to_string())),
        reply => Err(ModuleError::Unreadable(SpawnerError::of_lost_file(&reply).to_string())),
    }
}

/// As many files as fit into a packet, whatever must be escaped in their paths; one at least.
fn fitting(files: &[(String, Fingerprint)]) -> usize {
    const EACH: usize = 256;
    let mut left = MAX_PACKET - EACH;
    let fits = |(path, _): &&(String, Fingerprint)| {
        let cost = path.len() * 6 + EACH;
        let fits = cost <= left;
        left = left.saturating_sub(cost);
        fits
    };
    files.iter().take_while(fits).count().max(1)
}

fn gone() -> StartError {
    StartError::Refused(SpawnerRefusal::Process(SpawnerError::Gone.to_string()))
}

#[cfg(test)]
mod tests;
