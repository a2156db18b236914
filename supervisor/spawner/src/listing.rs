//! Lists an app's assets in a process of its own: a large tree, or a disk that does not answer, must not hold up the
//! spawner.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::asset_list::{AssetList, list};
use crate::clone::{Forked, clone};
use crate::files::Directory;

/// How long it may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the process writes after the list's state (8 bytes, 0 where there is no list): the list, or why there is none.
type Outcome = Result<AssetList, String>;

/// A process that lists.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The request's.
    pub(crate) id: u64,
    pub(crate) generation: u64,
    pid: Pid,
    pub(crate) pidfd: OwnedFd,
    /// When it is killed.
    pub(crate) until: Instant,
    late: bool,
    outcome: File,
}

impl Listing {
    pub(crate) fn start(id: u64, generation: u64, root: &Directory) -> io::Result<Self> {
        let mut outcome: File = memfd_create("assets", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into();
        match clone(0, None)? {
            Forked::Child => {
                let written = prctl::set_pdeathsig(Signal::SIGKILL)
                    .map_err(io::Error::from)
                    .and_then(|()| write(&mut outcome, &list(root).map_err(|error| error.to_string())));
                #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
                std::process::exit(i32::from(written.is_err()));
            }
            Forked::Parent { pid, pidfd } => {
                let (pid, until) = (Pid::from_raw(pid), Instant::now() + LIST_TIMEOUT);
                Ok(Self { id, generation, pid, pidfd, until, late: false, outcome })
            }
        }
    }

    /// Kills it if it takes too long.
    pub(crate) fn end_if_late(&mut self) {
        if !self.late && Instant::now() >= self.until {
            self.late = true;
            // The process may need time to end.
            self.until += LIST_TIMEOUT;
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// A file for [`receive_assets`] and the list's state, once the process has ended.
    pub(crate) fn finish(mut self) -> io::Result<(OwnedFd, u64)> {
        match waitpid(self.pid, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::Exited(_, 0) => {}
            _ if self.late => {
                let message = format!("the files were not listed within {} s", LIST_TIMEOUT.as_secs());
                return Err(io::Error::other(message));
            }
            other => return Err(io::Error::other(format!("the process that lists the files ended: {other:?}"))),
        }
        let mut state = [0; 8];
        self.outcome.rewind()?;
        self.outcome.read_exact(&mut state)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        fcntl_add_seals(&self.outcome, seals)?;
        Ok((self.outcome.into(), u64::from_le_bytes(state)))
    }
}

fn write(file: &mut File, outcome: &Outcome) -> io::Result<()> {
    let mut writer = io::BufWriter::new(file);
    let state = outcome.as_ref().map_or(0, AssetList::state);
    writer.write_all(&state.to_le_bytes())?;
    serde_json::to_writer(&mut writer, outcome)?;
    writer.flush()
}

/// Reads the descriptor of [`crate::wire::Reply::AssetList`]. The inner error: why the files could not be listed.
///
/// # Errors
/// It cannot be read or is malformed.
pub fn receive_assets(file: OwnedFd) -> io::Result<Result<AssetList, String>> {
    let mut file = File::from(file);
    let mut text = Vec::new();
    // The spawner has read what comes before.
    file.seek(SeekFrom::Start(8))?;
    file.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
