//! One attempt: the nano that was started, from its first word to its last.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use nano_spawner::wire::Status;
use nano_spawner::{explain, pair};
use nix::sys::prctl;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::{UpgradeError, keep_last, said};
use crate::handover::{HANDOVER, HandoverSocket, ToPredecessor, ToSuccessor, borrowed};
use crate::notify;
use crate::stand_in::{StandIn, ToStandIn};
use crate::supervisor::{Successor, Supervisor};

/// How long the other nano may take to open its doors, once it is told to.
const OPENING: Duration = Duration::from_secs(15);

/// How long what it printed may take to arrive, once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is to become of this process.
enum After {
    /// The service manager is told of the other nano; this process ends.
    Manager,
    /// The process that stands in for nano is told of it; this process ends.
    Above,
    /// This process stands in for the other nano from then on. Both ends of their socket.
    StandIn { own: OwnedFd, others: OwnedFd },
}

/// The other nano is ready.
pub(super) struct Ready {
    version: String,
    pid: u32,
}

pub(super) struct Attempt {
    socket: Rc<HandoverSocket>,
    /// What it prints before it has its log.
    output: pipe::Receiver,
    printed: Vec<u8>,
    after: After,
    /// What goes to it first.
    offer: Vec<(ToSuccessor, Vec<OwnedFd>)>,
    /// The files that it keeps.
    files: Vec<PathBuf>,
    crons_held: bool,
}

impl Attempt {
    /// Starts the other nano.
    pub(super) async fn begin(supervisor: &Rc<Supervisor>) -> Result<Self, UpgradeError> {
        let failed = |error: io::Error| {
            UpgradeError::Start(format!("the installed nano cannot be started: {}", explain(&error)))
        };
        let (own, others) = pair().map_err(failed)?;
        let (read, write) = std::io::pipe().map_err(failed)?;

        let output = pipe::Receiver::from_owned_fd(read.into()).map_err(failed)?;
        let after = after(supervisor).map_err(failed)?;
        let offer = offer(supervisor, &after).map_err(failed)?;
        let socket = Rc::new(HandoverSocket::new(own).map_err(failed)?);
        let started = supervisor.fleet.spawner().start_successor(others, write.into()).await;
        started.map_err(|why| UpgradeError::Start(format!("the installed nano cannot be started: {why}")))?;
        Ok(Self { socket, output, printed: Vec::new(), after, offer, files: Vec::new(), crons_held: false })
    }

    /// Tells it what there is, and waits until its apps are ready.
    pub(super) async fn until_ready(&mut self) -> Result<Ready, UpgradeError> {
        let talk = async {
            for (message, descriptors) in &self.offer {
                if self.socket.send(message, &borrowed(descriptors)).await.is_err() {
                    return Err(ended());
                }
            }
            loop {
                match self.socket.receive::<ToPredecessor>().await {
                    Ok(Some((ToPredecessor::Keeps { path }, _))) => self.files.push(path),
                    Ok(Some((ToPredecessor::Ready { version, pid }, _))) => return Ok(Ready { version, pid }),
                    Ok(Some((ToPredecessor::Failed { error }, _))) => return Err(UpgradeError::Refused(error)),
                    Ok(Some((ToPredecessor::Serving, _))) => {
                        return Err(UpgradeError::Refused("it serves before it may".to_owned()));
                    }
                    Ok(None) => return Err(ended()),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(ended()),
                    Err(error) => return Err(UpgradeError::Refused(format!("it is not understood: {error}"))),
                }
            }
        };
        let listen = async {
            loop {
                let mut piece = [0; 1024];
                match self.output.read(&mut piece).await {
                    Ok(length) if length > 0 => keep_last(&mut self.printed, piece.get(..length).unwrap_or_default()),
                    // It prints elsewhere now.
                    _ => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            outcome = talk => outcome,
            outcome = listen => outcome,
        }
    }

    /// Has it serve. Its pid and its version.
    pub(super) async fn hand_over(
        &mut self,
        supervisor: &Rc<Supervisor>,
        Ready { version, pid }: Ready,
    ) -> Result<(u32, String), UpgradeError> {
        let spawner = supervisor.fleet.spawner();
        let files = self.files.iter().map(|path| path.as_os_str().as_bytes().to_vec()).collect();
        // Before it serves: if this process is killed then, nobody removes what it needs.
        spawner.leave_files(files);
        let held = supervisor.crons.hold();
        self.crons_held = true;
        let open = async {
            for cron in held {
                self.socket.send(&ToSuccessor::Cron(cron), &[]).await?;
            }
            self.socket.send(&ToSuccessor::Go, &[]).await?;
            match self.socket.receive::<ToPredecessor>().await? {
                Some((ToPredecessor::Serving, _)) => Ok(()),
                Some((ToPredecessor::Failed { error }, _)) => Err(io::Error::other(error)),
                Some(_) => Err(io::ErrorKind::InvalidData.into()),
                None => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        };
        match tokio::time::timeout(OPENING, open).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(ended()),
            Ok(Err(error)) => return Err(UpgradeError::Refused(error.to_string())),
            Err(_) => return Err(UpgradeError::Refused("it was ready, and did not begin to serve".to_owned())),
        }
        // It serves: nothing is taken back any more.
        if matches!(self.after, After::StandIn { .. })
            && let Err(error) = prctl::set_child_subreaper(true)
        {
            tracing::warn!(%error, "this process cannot wait for the nano that took over");
        }
        // From here on it is a child of whoever adopts orphans.
        let _ = spawner.end_successor(true).await;
        let stand_in = match std::mem::replace(&mut self.after, After::Manager) {
            After::Manager => {
                notify::main_is(pid);
                None
            }
            After::Above => {
                if let Some(above) = &supervisor.lineage.above {
                    let _ = nano_spawner::send(above.get_ref(), &ToStandIn::Main(pid), &[], nano_spawner::Wait::No);
                }
                None
            }
            After::StandIn { own, .. } => Some(Rc::new(StandIn::new(own, pid))),
        };
        let _ = self.socket.send(&ToSuccessor::Main, &[]).await;
        let files = Rc::new(std::mem::take(&mut self.files));
        supervisor.lineage.successor.send_replace(Some(Successor {
            stand_in,
            files,
            _socket: Rc::clone(&self.socket),
        }));
        Ok((pid, version))
    }

    /// Ends it, and completes the reason.
    pub(super) async fn fail(mut self, supervisor: &Rc<Supervisor>, error: UpgradeError) -> UpgradeError {
        if self.crons_held {
            supervisor.crons.go_on();
        }
        if matches!(error, UpgradeError::Stopping) {
            // Nobody waits for it any more: it ends with the spawner, if it does not by this.
            drop(self.socket);
            return error;
        }
        let status = supervisor.fleet.spawner().end_successor(false).await;
        let rest = async {
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = self.output.read(&mut piece).await {
                keep_last(&mut self.printed, piece.get(..length).unwrap_or_default());
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, rest).await;
        let said = said(&self.printed);
        match error {
            UpgradeError::Ended { .. } => {
                let how = match status {
                    Ok(Status::Code(code)) => format!("exit status {code}"),
                    Ok(Status::Signal(signal)) => format!("signal {signal}"),
                    Err(why) => why,
                };
                UpgradeError::Ended { how, said }
            }
            UpgradeError::Late { within_s, .. } => UpgradeError::Late { within_s, said },
            other => other,
        }
    }
}

/// It has ended; how is found out when its process is reaped.
fn ended() -> UpgradeError {
    UpgradeError::Ended { how: String::new(), said: String::new() }
}

fn after(supervisor: &Supervisor) -> io::Result<After> {
    // The end of a container's first process is the end of all.
    let is_first = std::process::id() == 1;
    Ok(match &supervisor.lineage.above {
        Some(_) => After::Above,
        None if notify::is_connected() && !is_first => After::Manager,
        None => {
            let (own, others) = pair()?;
            After::StandIn { own, others }
        }
    })
}

/// What it is told and given at first.
fn offer(supervisor: &Supervisor, after: &After) -> io::Result<Vec<(ToSuccessor, Vec<OwnedFd>)>> {
    let sockets = supervisor.lineage.sockets.borrow();
    let sockets = sockets.as_ref().ok_or(io::ErrorKind::NotConnected)?;
    let hello = ToSuccessor::Hello {
        handover: HANDOVER,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        inherited: sockets.inherited,
        control_socket: sockets.control.clone(),
    };
    let outputs = vec![io::stderr().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?];
    let mut offer = vec![(hello, outputs)];
    for (role, socket) in &sockets.all {
        offer.push((ToSuccessor::Listener(*role), vec![socket.try_clone()?]));
    }
    match after {
        After::Manager => {}
        After::Above => {
            if let Some(above) = &supervisor.lineage.above {
                offer.push((ToSuccessor::StandIn, vec![above.get_ref().try_clone()?]));
            }
        }
        After::StandIn { others, .. } => offer.push((ToSuccessor::StandIn, vec![others.try_clone()?])),
    }
    offer.extend(supervisor.stopped().into_iter().map(|app| (ToSuccessor::Stopped { app }, Vec::new())));
    offer.push((ToSuccessor::Complete, Vec::new()));
    Ok(offer)
}
