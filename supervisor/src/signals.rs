//! Signals, from the first moment on. Those of an operator wait until there is a runtime that hears them: whoever sends
//! SIGHUP too early gets a reload, not the end of nano, and SIGTERM is obeyed whenever it comes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use nano_spawner::signals;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::readiness::Phase;
use crate::reload::Trigger;
use crate::serve::Ended;
use crate::supervisor::{Stop, Supervisor};

const STOP: [Signal; 2] = [Signal::SIGTERM, Signal::SIGINT];

/// Lets the signals wait that are heard later. Call it first of all.
pub fn hold() {
    let _ = heard().collect::<SigSet>().thread_block();
}

/// For a nano that serves: takes nothing over from whoever started it.
pub fn begin() {
    signals::begin(&heard().collect::<Vec<_>>());
}

/// For everything else that `nano` does.
pub fn begin_program() {
    signals::begin_program();
}

fn heard() -> impl Iterator<Item = Signal> {
    STOP.into_iter().chain([Signal::SIGHUP])
}

/// The signals that end nano, while there is no runtime that could hear them.
#[derive(Debug)]
pub(crate) struct EarlyStop(SignalFd);

impl EarlyStop {
    pub(crate) fn new() -> io::Result<Self> {
        let stop = STOP.into_iter().collect();
        Ok(Self(SignalFd::with_flags(&stop, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Waits until there is something to read. False: nano is to end.
    pub(crate) fn wait_for(&self, readable: BorrowedFd<'_>) -> io::Result<bool> {
        loop {
            let mut watched = [readable, self.0.as_fd()].map(|each| PollFd::new(each, PollFlags::POLLIN));
            match poll(&mut watched, PollTimeout::NONE) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [readable, stop] = watched.map(|each| each.any().unwrap_or(false));
            if stop || readable {
                return Ok(!stop);
            }
        }
    }
}

/// The signals that nano obeys.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// Hears them from here on, those that waited first.
    pub(crate) fn new() -> io::Result<Self> {
        let own = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        };
        heard().collect::<SigSet>().thread_unblock()?;
        Ok(own)
    }

    /// Returns when nano is to end without further ado.
    pub(crate) async fn obey(&mut self, supervisor: &Rc<Supervisor>) -> Ended {
        let mut reloads = JoinSet::new();
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.hangup.recv() => {
                    while reloads.try_join_next().is_some() {}
                    if supervisor.readiness.get() == Phase::Starting {
                        tracing::info!(signal = "SIGHUP", "asked to reload; that is done once every app is ready");
                    }
                    let supervisor = Rc::clone(supervisor);
                    // The outcome is in the log.
                    reloads.spawn_local(async move { drop(supervisor.reload(Trigger::Signal).await) });
                    continue;
                }
            };
            if *supervisor.stop.borrow() != Stop::No {
                tracing::warn!(signal = name, "ending at once");
                supervisor.stop(Stop::AtOnce);
                return Ended::Cut;
            }
            if supervisor.readiness.get() == Phase::Starting {
                // Nothing is in flight.
                tracing::info!(signal = name, "asked to stop before every app was ready: stopped");
                supervisor.stop(Stop::AtOnce);
                return Ended::Drained;
            }
            tracing::info!(signal = name, "asked to stop; a second signal ends it at once");
            supervisor.stop(Stop::Drain);
        }
    }
}
