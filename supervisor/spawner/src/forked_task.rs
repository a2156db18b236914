//! A process for one task that may take long or not end, and whose memory is not to stay with the spawner. What it has to
//! say it writes to files in memory.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use serde::Serialize;

use crate::clone::{Forked, clone};

/// The exit status for an error without an errno.
const NO_NUMBER: i32 = 255;

#[derive(Debug)]
pub(crate) struct ForkedTask {
    pid: Pid,
    pub(crate) pidfd: OwnedFd,
    /// When it is killed.
    pub(crate) until: Instant,
    timeout: Duration,
    late: bool,
}

/// Why a task has no result.
#[derive(Debug)]
pub(crate) enum TaskError {
    /// It took longer than it may.
    Late,
    /// It failed.
    Io(io::Error),
    /// It ended in another way.
    Ended(WaitStatus),
}

impl ForkedTask {
    /// Starts the process.
    pub(crate) fn start(timeout: Duration, task: impl FnOnce() -> io::Result<()>) -> io::Result<Self> {
        match clone(0, None)? {
            Forked::Child => {
                let done = prctl::set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from).and_then(|()| task());
                // The exit status is the only way to report the error.
                #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
                std::process::exit(done.err().map_or(0, |error| error.raw_os_error().unwrap_or(NO_NUMBER)));
            }
            Forked::Parent { pid, pidfd } => {
                Ok(Self { pid: Pid::from_raw(pid), pidfd, until: Instant::now() + timeout, timeout, late: false })
            }
        }
    }

    /// Kills it if it takes too long.
    pub(crate) fn end_if_late(&mut self) {
        if !self.late && Instant::now() >= self.until {
            self.late = true;
            // The process may need time to end.
            self.until += self.timeout;
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Whether it has done it, once the process has ended.
    pub(crate) fn finish(self) -> Result<(), TaskError> {
        match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)).map_err(|errno| TaskError::Io(errno.into()))? {
            WaitStatus::Exited(_, 0) => Ok(()),
            _ if self.late => Err(TaskError::Late),
            WaitStatus::Exited(_, number) if number != NO_NUMBER => {
                Err(TaskError::Io(io::Error::from_raw_os_error(number)))
            }
            other => Err(TaskError::Ended(other)),
        }
    }
}

/// A file in memory. `name` is for people.
pub(crate) fn memory(name: &str) -> io::Result<File> {
    Ok(memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into())
}

pub(crate) fn write(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut writer = io::BufWriter::new(file);
    serde_json::to_writer(&mut writer, value)?;
    writer.flush()
}

/// The file for the supervisor, which can read it and change nothing.
pub(crate) fn sealed(mut file: File) -> io::Result<OwnedFd> {
    file.rewind()?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}
