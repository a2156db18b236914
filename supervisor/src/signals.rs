//! Signals from the start of the process. Those of an operator are blocked until there is a runtime that handles them:
//! an early SIGHUP leads to a reload and does not kill nano, and SIGTERM always works.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nano_spawner::signals;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

const STOP: [Signal; 2] = [Signal::SIGTERM, Signal::SIGINT];

/// Blocks the signals that are handled later. Call it first of all.
pub fn hold() {
    let _ = handled().collect::<SigSet>().thread_block();
}

/// For a nano that serves: inherits no signal settings from its parent.
pub fn begin() {
    signals::begin(&handled().collect::<Vec<_>>());
}

/// For all other commands.
pub fn begin_program() {
    signals::begin_program();
}

/// The signals that an operator sends to a nano that serves.
pub(crate) fn handled() -> impl Iterator<Item = Signal> {
    STOP.into_iter().chain([Signal::SIGHUP])
}

/// The signals that end nano, while there is no runtime to receive them.
#[derive(Debug)]
pub(crate) struct EarlyStop(SignalFd);

impl EarlyStop {
    pub(crate) fn new() -> io::Result<Self> {
        let stop = STOP.into_iter().collect();
        Ok(Self(SignalFd::with_flags(&stop, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Whether a signal asks nano to end.
    pub(crate) fn is_asked(&self) -> io::Result<bool> {
        let mut watched = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, PollTimeout::ZERO) {
            Err(Errno::EINTR) => Ok(false),
            other => Ok(other? > 0),
        }
    }

    /// Waits until the descriptor is readable. False: a signal asked nano to end.
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
