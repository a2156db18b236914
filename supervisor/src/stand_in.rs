//! What becomes of a nano that has handed over to another where no service manager can be told of that: its process stays,
//! for whoever waits for it (a shell, a container whose first process it is, runit), and does nothing but that. It passes
//! signals on to the nano that serves, reaps orphans, and ends as that nano does. Further upgrades leave it where it is.
//!
//! The process executes its program once more, so nothing is left in its memory.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nano_protocol::ExitCode;
use nano_spawner::{Wait, receive, send};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::handover::decode;
use crate::signals::handled;

/// The argument that makes `nano` a stand-in. Not for users.
const SUBCOMMAND: &str = "__stand-in";

/// To the nano that serves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToNano {
    /// The stand-in got this signal.
    Signal(String),
}

/// From the nano that serves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToStandIn {
    /// The nano with this pid has taken over.
    Main(u32),
}

/// The end of the socket of a process that becomes a stand-in.
#[derive(Debug)]
pub struct StandIn {
    link: OwnedFd,
    /// The nano that serves.
    main: Pid,
}

impl StandIn {
    pub(crate) fn new(link: OwnedFd, main: u32) -> Self {
        Self { link, main: pid(main) }
    }

    /// Passes a signal on. Nothing can be done about a nano that is gone.
    pub(crate) fn pass_on(&self, signal: Signal) {
        let _ = send(&self.link, &ToNano::Signal(signal.as_str().to_owned()), &[], Wait::No);
    }

    /// Stands in from now on. Returns when the nano that serves has ended.
    #[must_use]
    pub fn stand_in(&self) -> ExitCode {
        let _ = watched().thread_block();
        let link = self.link.try_clone();
        if let Ok(link) = link {
            let mut command = Command::new("/proc/self/exe");
            command.arg0("nano: stand-in").arg(SUBCOMMAND).arg(self.main.to_string());
            // Comes back only if that is impossible; then the process goes on as it is.
            let error = command.env_clear().current_dir(Path::new("/")).stdin(Stdio::from(link)).exec();
            tracing::debug!(%error, "the stand-in keeps the memory of the nano that it was");
        }
        let again = self.link.try_clone().map(|link| Self { link, main: self.main });
        again.and_then(Self::run).unwrap_or(ExitCode::Failed)
    }

    fn run(mut self) -> io::Result<ExitCode> {
        let watched = watched();
        watched.thread_block()?;
        let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let mut linked = true;
        loop {
            if let Some(ended) = self.reap(&mut linked) {
                return Ok(ended);
            }
            let mut both = [signals.as_fd(), self.link.as_fd()].map(|each| PollFd::new(each, PollFlags::POLLIN));
            let both = if linked { &mut both[..] } else { &mut both[..1] };
            match poll(both, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            while let Ok(Some(got)) = signals.read_signal() {
                let got = i32::try_from(got.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
                if let Some(signal) = got.filter(|signal| *signal != Signal::SIGCHLD) {
                    self.pass_on(signal);
                }
            }
            self.listen(&mut linked);
        }
    }

    /// Takes what nanos have said.
    fn listen(&mut self, linked: &mut bool) {
        while *linked {
            match receive(&self.link, Wait::No) {
                Ok(Some(packet)) => {
                    if let Ok((ToStandIn::Main(number), _)) = decode(packet) {
                        self.main = pid(number);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // No nano has the other end any more. The last one is about to be reaped.
                Ok(None) | Err(_) => *linked = false,
            }
        }
    }

    /// Reaps what has ended. How the nano that serves ended, if it has.
    fn reap(&mut self, linked: &mut bool) -> Option<ExitCode> {
        loop {
            let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
            let (child, ended) = match waitid(Id::All, look) {
                Ok(WaitStatus::Exited(child, 0)) => (child, ExitCode::Done),
                Ok(WaitStatus::Exited(child, _) | WaitStatus::Signaled(child, ..)) => (child, ExitCode::Failed),
                // All nanos have closed the link, and none is to be reaped.
                Ok(_) if !*linked && kill(self.main, None) == Err(Errno::ESRCH) => return Some(ExitCode::Failed),
                Ok(_) | Err(Errno::EINTR) => return None,
                // The nano that serves is no child of this process, and there is no other.
                Err(_) => return Some(ExitCode::Failed),
            };
            // Who took over said so before the one before it ended.
            self.listen(linked);
            let _ = waitpid(child, Some(WaitPidFlag::WNOHANG));
            if child == self.main {
                return Some(ended);
            }
        }
    }
}

/// Stands in if this program was executed for that; the exit code, if so.
#[must_use]
pub fn stand_in_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|first| first == SUBCOMMAND)?;
    let main = arguments.next().and_then(|text| text.to_str()?.parse().ok());
    let link = io::stdin().as_fd().try_clone_to_owned();
    let (Some(main), Ok(link)) = (main, link) else { return Some(ExitCode::Usage) };
    let _ = nix::sys::prctl::set_dumpable(false);
    Some(StandIn::new(link, main).run().unwrap_or(ExitCode::Failed))
}

/// The signals that are passed on, and that of a child's end.
fn watched() -> SigSet {
    handled().chain([Signal::SIGCHLD]).collect()
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap_or(i32::MAX))
}
