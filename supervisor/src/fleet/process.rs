//! One worker process: started by the spawner with its sockets only, and always killed and reaped.

use std::cell::RefCell;
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_protocol::{LayerReport, SandboxLayer};
use nano_spawner::wire::{Exit, Status, WorkerPurpose};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::control_link::ControlLink;
use super::flight::LastLines;
use super::spawner_client::{Contradictions, Spawned, SpawnerClient};
use super::start_error::StartError;
use crate::log::LogRate;

/// Longest line on a worker's stderr that is kept in one piece.
const STDERR_LINE: u64 = 8 * 1024;

/// After so many bytes, each line counted with an overhead, stderr is not read for a while.
const STDERR_AT_ONCE: usize = 128 * 1024;
const STDERR_LINE_COST: usize = 64;
const STDERR_PAUSE: Duration = Duration::from_millis(200);

/// How much of stderr's end is kept for an error message.
const STDERR_TAIL: usize = 4 * 1024;

/// The environment variable that names another worker program than the one beside this program.
const WORKER_VARIABLE: &str = "NANO_WORKER";

/// Why there is no worker program.
#[derive(Debug, thiserror::Error)]
pub enum NoWorker {
    /// The file that the variable names does not exist.
    #[error("NANO_WORKER says {0}, and there is no such program")]
    Variable(PathBuf),
    /// It is not beside this program.
    #[error("there is no nano-worker beside this program ({0}): install it there, or set NANO_WORKER to its path")]
    Beside(PathBuf),
    /// This program does not know where it is.
    #[error("cannot tell where this program lies, to find nano-worker beside it: {0}")]
    Self_(io::Error),
}

/// Where `nano-worker` is.
///
/// # Errors
/// There is none.
pub fn find_worker() -> Result<PathBuf, NoWorker> {
    if let Some(path) = std::env::var_os(WORKER_VARIABLE).filter(|path| !path.is_empty()) {
        // A worker runs in `/`, so a relative path is made absolute now.
        let path = std::path::absolute(&path).unwrap_or_else(|_| PathBuf::from(path));
        return if path.is_file() { Ok(path) } else { Err(NoWorker::Variable(path)) };
    }
    let own = nano_spawner::own_program().map_err(NoWorker::Self_)?;
    let path = own.with_file_name("nano-worker");
    if path.is_file() { Ok(path) } else { Err(NoWorker::Beside(path)) }
}

/// A worker's process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) link: ControlLink,
    pub(super) spawned: Instant,
    /// The layers that the spawner made.
    pub(super) layers: Vec<LayerReport>,
    pub(super) life: Life,
    spawner: Rc<SpawnerClient>,
    /// The spawner's number for it.
    pub(super) worker: u64,
    /// Its standard error, until it is known whose worker it is.
    stderr_pipe: Option<pipe::Receiver>,
    stderr: JoinSet<()>,
    stderr_tail: Rc<RefCell<Vec<u8>>>,
    /// Its last lines, for its flight record.
    pub(super) lines: Rc<RefCell<LastLines>>,
}

/// Notification of a process's end.
#[derive(Debug, Clone)]
pub(super) struct Life(watch::Receiver<Option<Exit>>);

impl Life {
    /// Waits until the process has ended and is reaped. Cancelling it loses nothing.
    pub(super) async fn over(&mut self) -> Exit {
        // When the spawner ends, the kernel kills its workers.
        let unknown = Exit { status: None, cpu_micros: 0, out_of_memory: false };
        self.0.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone()).unwrap_or(unknown)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.borrow().is_some()
    }
}

impl Process {
    /// Starts a worker. `data_links` are its ends.
    pub(super) async fn spawn(
        spawner: &Rc<SpawnerClient>,
        purpose: WorkerPurpose,
        data_links: Vec<UnixStream>,
    ) -> Result<Self, StartError> {
        let data_links: Vec<OwnedFd> = data_links.into_iter().map(OwnedFd::from).collect();
        let (link, stdin) = ControlLink::pair(&data_links).map_err(StartError::Spawn)?;
        drop(data_links);
        let (pipe, stderr) = std::io::pipe().map_err(StartError::Spawn)?;
        let pipe = pipe::Receiver::from_owned_fd(nonblocking(pipe)?).map_err(StartError::Spawn)?;
        let spawned = Instant::now();
        let Spawned { worker, pid, layers, life } = spawner.spawn(purpose, stdin, stderr.into()).await?;
        Ok(Self {
            pid,
            link,
            spawned,
            layers,
            life: Life(life),
            spawner: Rc::clone(spawner),
            worker,
            stderr_pipe: Some(pipe),
            stderr: JoinSet::new(),
            stderr_tail: Rc::default(),
            lines: Rc::default(),
        })
    }

    /// Its stderr is logged as that of `app` from now on. Must run in a `LocalSet`.
    pub(super) fn belongs_to(&mut self, app: &str, rate: &Rc<RefCell<LogRate>>) {
        let Some(pipe) = self.stderr_pipe.take() else { return };
        let kept = (Rc::clone(&self.stderr_tail), Rc::clone(&self.lines));
        self.stderr.spawn_local(relay_stderr(pipe, app.to_owned(), self.pid, Rc::clone(rate), kept));
    }

    /// Inspects it from outside, by the spawner.
    pub(super) async fn inspect(&self) -> Contradictions {
        self.spawner.inspect(self.worker).await
    }

    /// Kills the process and all of its group. Its end is reported later.
    pub(super) fn kill(&self) {
        if !self.life.is_over() {
            self.spawner.kill(self.worker);
        }
    }

    /// How it ended, in words.
    pub(super) fn describe(&self, exit: &Exit) -> String {
        // The first process of a pid namespace is not killed by its own SIGABRT, so abort(3) ends it by an illegal
        // access.
        let first = self.layers.iter().any(|each| each.layer == SandboxLayer::Namespaces && each.active);
        match exit.status {
            Some(Status::Code(code)) => format!("exit code {code}"),
            Some(Status::Signal(number)) => match Signal::try_from(number) {
                Ok(Signal::SIGSEGV) if first => "signal SIGSEGV or SIGABRT".to_owned(),
                Ok(signal) => format!("signal {signal}"),
                Err(_) => format!("signal {number}"),
            },
            None => "unknown".to_owned(),
        }
    }

    /// Waits until all of stderr is read, for a limited time: a child of the worker could hold it open.
    pub(super) async fn finish_stderr(&mut self) {
        let _ = tokio::time::timeout(Duration::from_millis(200), async {
            while self.stderr.join_next().await.is_some() {}
        })
        .await;
    }

    /// The end of its stderr.
    pub(super) fn stderr_tail(&self) -> String {
        String::from_utf8_lossy(&self.stderr_tail.borrow()).trim().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn nonblocking(pipe: PipeReader) -> Result<OwnedFd, StartError> {
    let failed = |error: nix::errno::Errno| StartError::Spawn(error.into());
    let flags = OFlag::from_bits_retain(fcntl(&pipe, FcntlArg::F_GETFL).map_err(failed)?);
    fcntl(&pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map_err(failed)?;
    Ok(pipe.into())
}

/// Relays stderr, mostly V8's fatal errors, to the log, at the app's log rate.
async fn relay_stderr(
    pipe: pipe::Receiver,
    app: String,
    pid: u32,
    rate: Rc<RefCell<LogRate>>,
    (tail, lines): (Rc<RefCell<Vec<u8>>>, Rc<RefCell<LastLines>>),
) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    let mut read = 0;
    loop {
        line.clear();
        // Apps cannot write to stderr: a flood is not needed to explain a death, so its writer may wait.
        if read >= STDERR_AT_ONCE {
            read = 0;
            tokio::time::sleep(STDERR_PAUSE).await;
        }
        // A pipe full of short lines must not occupy the thread.
        tokio::task::consume_budget().await;
        match (&mut reader).take(STDERR_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => read += bytes + STDERR_LINE_COST,
        }
        {
            let mut tail = tail.borrow_mut();
            tail.extend_from_slice(&line);
            let excess = tail.len().saturating_sub(STDERR_TAIL);
            tail.drain(..excess);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        lines.borrow_mut().push(text);
        let admitted = rate.borrow_mut().admit(text.len(), Instant::now());
        if let Some(dropped) = admitted.filter(|_| !text.is_empty()) {
            let dropped = (dropped > 0).then_some(dropped);
            tracing::warn!(target: crate::log::APP, app, pid, stream = "stderr", dropped, "{text}");
        }
    }
}
