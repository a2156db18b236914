//! One worker process: spawned with nothing but its sockets, watched through a pidfd, never left behind.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Interest};
use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use super::control_link::ControlLink;
use super::flight::LastLines;
use super::sandbox::User;
use crate::log::Rate;
use crate::telemetry;

/// Longest line on a worker's stderr that is kept in one piece.
const STDERR_LINE: u64 = 8 * 1024;

/// How much of stderr's end is kept for an error message.
const STDERR_TAIL: usize = 4 * 1024;

/// Names the program in place of the one beside this program.
const WORKER_VARIABLE: &str = "NANO_WORKER";

/// Why there is no worker program.
#[derive(Debug, thiserror::Error)]
pub enum NoWorker {
    /// What the variable names is not there.
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
    let own = std::env::current_exe().map_err(NoWorker::Self_)?;
    let path = own.with_file_name("nano-worker");
    if path.is_file() { Ok(path) } else { Err(NoWorker::Beside(path)) }
}

/// A running worker. Dropping it kills and reaps the process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) link: ControlLink,
    pub(super) spawned: Instant,
    child: Child,
    pub(super) pidfd: AsyncFd<OwnedFd>,
    reaped: bool,
    stderr: JoinSet<()>,
    stderr_tail: Rc<RefCell<Vec<u8>>>,
    /// What it said last, for its flight record.
    pub(super) lines: Rc<RefCell<LastLines>>,
}

impl Process {
    /// Starts `program` for `app`. `data_links` are the worker's ends. Must run in a `LocalSet`, on a thread that lives
    /// as long as the supervisor: the worker asks the kernel to be killed when its parent thread ends.
    pub(super) fn spawn(
        program: &Path,
        app: &str,
        user: &User,
        data_links: Vec<UnixStream>,
        rate: &Rc<RefCell<Rate>>,
    ) -> io::Result<Self> {
        let data_links: Vec<OwnedFd> = data_links.into_iter().map(OwnedFd::from).collect();
        let (link, stdin) = ControlLink::pair(&data_links)?;
        drop(data_links);
        let spawned = Instant::now();
        let mut child = execute(program, app, user, stdin)?;
        let pid = child.id();
        let stderr = child.stderr.take();
        let pidfd = match watch(pid) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let mut process = Self {
            pid,
            link,
            spawned,
            child,
            pidfd,
            reaped: false,
            stderr: JoinSet::new(),
            stderr_tail: Rc::default(),
            lines: Rc::default(),
        };
        if let Some(stderr) = stderr {
            let pipe = pipe::Receiver::from_owned_fd(stderr.into())?;
            let kept = (Rc::clone(&process.stderr_tail), Rc::clone(&process.lines));
            process.stderr.spawn_local(relay_stderr(pipe, app.to_owned(), pid, Rc::clone(rate), kept));
        }
        Ok(process)
    }

    /// Waits until the process has ended. It stays a zombie until [`Process::reap`].
    pub(super) async fn ended(&self) {
        // An error could only mean that the descriptor is bad; then the process counts as ended, and reap kills it.
        let _ = self.pidfd.readable().await;
    }

    /// Kills the process and everything of its group.
    pub(super) fn kill(&mut self) {
        if self.reaped {
            return;
        }
        if let Ok(group) = i32::try_from(self.pid) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.kill();
    }

    /// CPU time so far, also of one that has ended and is not reaped.
    pub(super) fn cpu(&self) -> Option<Duration> {
        if self.reaped { None } else { telemetry::cpu_time(self.pid) }
    }

    /// Ends the process for good, and says how it ended.
    pub(super) fn reap(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let status = self.child.wait();
        self.reaped = true;
        status
    }

    /// Waits until all of stderr is read, but not long: a child of the worker could hold it open.
    pub(super) async fn finish_stderr(&mut self) {
        let _ = tokio::time::timeout(Duration::from_millis(200), async {
            while self.stderr.join_next().await.is_some() {}
        })
        .await;
    }

    /// The last it wrote on stderr.
    pub(super) fn stderr_tail(&self) -> String {
        String::from_utf8_lossy(&self.stderr_tail.borrow()).trim().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

/// Executes the program with standard input and nothing else of ours, as its user.
fn execute(program: &Path, app: &str, user: &User, stdin: OwnedFd) -> io::Result<Child> {
    let command = |program: &Path, stdin: OwnedFd| {
        let mut command = Command::new(program);
        command
            // What ps(1) shows; the program itself does not look at it.
            .arg0(format!("nano-worker: {app}"))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Ok(own) = *user {
            // This gives up all supplementary groups, too.
            command.uid(own).gid(own);
        }
        command
    };
    let again = stdin.try_clone()?;
    match command(program, stdin).spawn() {
        // Its user may not enter the directory, as /root or somebody's home. We may.
        Err(error) if user.is_ok() && error.raw_os_error() == Some(Errno::EACCES as i32) => {
            let opened = File::open(program)?;
            let path = format!("/proc/self/fd/{}", opened.as_raw_fd());
            command(Path::new(&path), again).spawn()
        }
        other => other,
    }
}

#[expect(
    deprecated,
    reason = "the new constructor is unsafe for descriptors that may be closed early; an OwnedFd is not"
)]
fn watch(pid: u32) -> io::Result<AsyncFd<OwnedFd>> {
    let raw = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = raw.ok_or_else(|| io::Error::other("the new process has no usable pid"))?;
    AsyncFd::with_interest(pidfd_open(pid, PidfdFlags::NONBLOCK)?, Interest::READABLE)
}

/// V8's own last words, mostly. Every line goes to the log, within what the app may log.
async fn relay_stderr(
    pipe: pipe::Receiver,
    app: String,
    pid: u32,
    rate: Rc<RefCell<Rate>>,
    (tail, lines): (Rc<RefCell<Vec<u8>>>, Rc<RefCell<LastLines>>),
) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A pipe full of short lines must not keep the thread to itself.
        tokio::task::consume_budget().await;
        match (&mut reader).take(STDERR_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
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

/// How a process ended, in words.
pub(super) fn describe(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => match (status.code(), status.signal().and_then(|signal| Signal::try_from(signal).ok())) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => status.to_string(),
        },
        Err(error) => format!("unknown: {error}"),
    }
}

/// Whether somebody else killed it with SIGKILL: the operator, or the kernel's OOM killer.
pub(super) fn was_killed(status: &io::Result<ExitStatus>) -> bool {
    status.as_ref().is_ok_and(|status| status.signal() == Some(Signal::SIGKILL as i32))
}
