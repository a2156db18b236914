//! The nano that this one takes over from (`nanoctl upgrade`): what it hands over, and when.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nano_spawner::{Inheritance, Wait, open_null, receive, send};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::handover::{HANDOVER, HandoverSocket, HeldCron, SocketRole, ToPredecessor, ToSuccessor, cut, decode};

/// How long the other nano may take to say what there is.
const GREETING: Duration = Duration::from_secs(10);

/// Why this nano cannot take over.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    /// Somebody else started it so.
    #[error("--take-over is for `nanoctl upgrade`: a nano that runs starts the next one with it")]
    NotAsked,
    /// The other nano is gone, or says what is not understood.
    #[error("the nano that runs cannot be taken over from: {0}")]
    Io(#[from] io::Error),
    /// The other nano is too old or too new.
    #[error(
        "nano {ours} cannot take over from nano {theirs}: they hand over in different ways; stop that one and start this one"
    )]
    Versions {
        /// This one's.
        ours: &'static str,
        /// The other's.
        theirs: String,
    },
    /// The control socket would be elsewhere.
    #[error(
        "the control socket would be at {} and is at {}: put it back (control_socket, NANO_CONTROL_SOCKET), or stop nano and start it", .new.display(), .old.display()
    )]
    ControlSocket {
        /// Where it is.
        old: PathBuf,
        /// Where it would be.
        new: PathBuf,
    },
    /// It gave up, or was killed.
    #[error("the nano that was to be taken over from gave it up, or has ended")]
    GivenUp,
}

/// The nano before this one, while nothing else runs here.
#[derive(Debug)]
pub(super) struct Predecessor {
    socket: OwnedFd,
    inherited: bool,
    control_socket: Option<PathBuf>,
    pub(super) http: Vec<OwnedFd>,
    pub(super) metrics: Option<OwnedFd>,
    pub(super) control: Option<OwnedFd>,
    pub(super) above: Option<OwnedFd>,
    /// Apps that an operator stopped.
    pub(super) stopped: BTreeSet<String>,
    /// What this nano's spawner has to know of the other's.
    pub(super) inheritance: Inheritance,
}

impl Predecessor {
    /// Learns what there is. Blocks. From then on standard error and standard output are what the other nano's are, and
    /// standard input is nothing.
    pub(super) fn meet() -> Result<Self, TakeOverError> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        rustix::net::sockopt::socket_type(&socket).map_err(|_| TakeOverError::NotAsked)?;
        let inheritance = Inheritance::read(io::stdout()).map_err(|_| TakeOverError::NotAsked)?;
        let null = open_null()?;
        dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).map_err(io::Error::from)?;
        let mut own = Self {
            socket,
            inherited: false,
            control_socket: None,
            http: Vec::new(),
            metrics: None,
            control: None,
            above: None,
            stopped: BTreeSet::new(),
            inheritance,
        };
        let until = Instant::now() + GREETING;
        while own.hear(until)? {}
        Ok(own)
    }

    /// Takes in the next message. False: that was all.
    fn hear(&mut self, until: Instant) -> Result<bool, TakeOverError> {
        wait(&self.socket, until)?;
        let packet = receive(&self.socket, Wait::No)?.ok_or(TakeOverError::GivenUp)?;
        let (message, descriptors) = decode(packet)?;
        let mut descriptors = descriptors.into_iter();
        match (message, descriptors.next()) {
            (ToSuccessor::Hello { handover, version, inherited, control_socket }, Some(stderr)) => {
                dup2_stderr(&stderr).map_err(io::Error::from)?;
                if let Some(stdout) = descriptors.next() {
                    dup2_stdout(&stdout).map_err(io::Error::from)?;
                }
                if handover != HANDOVER {
                    return Err(TakeOverError::Versions { ours: env!("CARGO_PKG_VERSION"), theirs: version });
                }
                self.inherited = inherited;
                self.control_socket = control_socket;
            }
            (ToSuccessor::Listener(role), Some(socket)) => match role {
                SocketRole::Http => self.http.push(socket),
                SocketRole::Metrics => self.metrics = Some(socket),
                SocketRole::Control => self.control = Some(socket),
            },
            (ToSuccessor::StandIn, Some(link)) => self.above = Some(link),
            (ToSuccessor::Stopped { app }, _) => drop(self.stopped.insert(app)),
            (ToSuccessor::Complete, _) => return Ok(false),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "it said what is not understood").into()),
        }
        Ok(true)
    }

    /// Whether the sockets are systemd's.
    pub(super) fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// Where the control socket is, if it is where this nano has it.
    pub(super) fn control_at(&mut self, path: &Path) -> Result<Option<OwnedFd>, TakeOverError> {
        match &self.control_socket {
            Some(old) if old != path => Err(TakeOverError::ControlSocket { old: old.clone(), new: path.to_owned() }),
            _ => Ok(self.control.take()),
        }
    }

    /// Says that this nano does not serve.
    pub(super) fn failed(socket: &OwnedFd, error: &impl ToString) {
        let _ = send(socket, &ToPredecessor::Failed { error: cut(&error.to_string()) }, &[], Wait::No);
        let _ = io::stderr().flush();
    }

    /// The socket once more, for [`Self::failed`].
    pub(super) fn socket(&self) -> io::Result<OwnedFd> {
        self.socket.try_clone()
    }

    /// Goes on within the runtime.
    pub(super) fn go_on(self, files: Vec<PathBuf>) -> io::Result<Waiting> {
        Ok(Waiting { socket: HandoverSocket::new(self.socket)?, files })
    }
}

/// The nano before this one, while this one's apps start.
#[derive(Debug)]
pub(super) struct Waiting {
    socket: HandoverSocket,
    /// Files that are this nano's when it serves.
    files: Vec<PathBuf>,
}

impl Waiting {
    /// Says that every app is ready, and waits until this nano is to serve. The crons as the other left them.
    pub(super) async fn ready(&self) -> Result<Vec<HeldCron>, TakeOverError> {
        for path in &self.files {
            self.socket.send(&ToPredecessor::Keeps { path: path.clone() }, &[]).await?;
        }
        let ready = ToPredecessor::Ready { version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() };
        self.socket.send(&ready, &[]).await?;
        let mut crons = Vec::new();
        loop {
            match self.socket.receive().await? {
                Some((ToSuccessor::Cron(cron), _)) => crons.push(cron),
                Some((ToSuccessor::Go, _)) => return Ok(crons),
                Some(_) => return Err(io::Error::from(io::ErrorKind::InvalidData).into()),
                None => return Err(TakeOverError::GivenUp),
            }
        }
    }

    /// Says that this nano serves, and waits until the service manager knows it. If the other nano is gone meanwhile, this
    /// one serves alone.
    pub(super) async fn serving(&self) {
        if self.socket.send(&ToPredecessor::Serving, &[]).await.is_ok() {
            let _ = self.socket.receive::<ToSuccessor>().await;
        }
    }

    /// Waits until the other nano has finished what it has.
    pub(super) async fn gone(&self) {
        self.socket.closed().await;
    }
}

/// Waits until there is something to read.
fn wait(socket: &OwnedFd, until: Instant) -> io::Result<()> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
