//! One group: a directory, held by its descriptor, so that later renames and mounts do not change which group it is.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Largest read of a kernel file. All are far shorter, but for very long process lists.
const MAX_FILE: u64 = 1 << 20;

/// Interval of the checks whether the kernel has released a group.
const RETRY_INTERVAL: Duration = Duration::from_millis(1);

/// Groups within groups are removed to this depth; ours are no deeper.
const DEPTH: u32 = 8;

const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

#[derive(Debug)]
pub(super) struct Group(OwnedFd);

impl Group {
    /// The group that has this directory.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(open(path, DIRECTORY, Mode::empty())?))
    }

    /// A group within this one.
    pub(super) fn child(&self, name: &str) -> io::Result<Self> {
        Ok(Self(openat(&self.0, name, DIRECTORY, Mode::empty())?))
    }

    /// Makes a group within this one.
    pub(super) fn make(&self, name: &str) -> io::Result<Self> {
        mkdirat(&self.0, name, Mode::from_bits_truncate(0o755))?;
        self.child(name).inspect_err(|_| {
            let _ = self.remove(name);
        })
    }

    /// Removes a group within this one. `ResourceBusy` while there are processes or groups in it, or the kernel still has
    /// to do with those that ended.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.0, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT | Errno::ENODEV) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.read(file).is_ok()
    }

    pub(super) fn read(&self, file: &str) -> io::Result<String> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = File::from(openat(&self.0, file, flags, Mode::empty())?);
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text)?;
        Ok(text)
    }

    /// One write, as the kernel wants it. An error names the file.
    pub(super) fn write(&self, file: &str, value: &str) -> io::Result<()> {
        let write = || {
            let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            File::from(openat(&self.0, file, flags, Mode::empty())?).write_all(value.as_bytes())
        };
        write().map_err(|error: io::Error| {
            io::Error::new(error.kind(), format!("cannot write {value:?} to {file}: {error}"))
        })
    }

    /// The number in a file that holds one number.
    pub(super) fn number(&self, file: &str) -> Option<u64> {
        self.read(file).ok()?.trim().parse().ok()
    }

    /// The number behind a word, in a file with lines `WORD NUMBER`.
    pub(super) fn field(&self, file: &str, word: &str) -> Option<u64> {
        field(&self.read(file).ok()?, word)
    }

    /// Moves a process here, with all its threads.
    pub(super) fn add(&self, pid: i32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// The processes in the group, without those in groups below. A process of another pid namespace appears as 0.
    pub(super) fn processes(&self) -> io::Result<Vec<i32>> {
        Ok(self.read("cgroup.procs")?.lines().filter_map(|line| line.trim().parse().ok()).collect())
    }

    /// Kills every process in it, and on v2 in the groups below too.
    pub(super) fn kill(&self) {
        if self.write("cgroup.kill", "1").is_ok() {
            return;
        }
        for pid in self.processes().unwrap_or_default() {
            let Some(process) = Pid::from_raw(pid) else { continue };
            let Ok(process) = pidfd_open(process, PidfdFlags::empty()) else { continue };
            // The pid may have been reused.
            if self.processes().is_ok_and(|now| now.contains(&pid)) {
                let _ = pidfd_send_signal(process, Signal::KILL);
            }
        }
    }

    /// The groups within this one. Needs `/proc`.
    pub(super) fn children(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(format!("/proc/self/fd/{}", self.0.as_raw_fd()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Kills and removes a group within this one, with all below it. Waits for the kernel until `deadline`.
    pub(super) fn remove_tree(&self, name: &str, deadline: Instant) -> io::Result<()> {
        self.remove_to_depth(name, deadline, DEPTH)
    }

    fn remove_to_depth(&self, name: &str, deadline: Instant, depth: u32) -> io::Result<()> {
        let group = match self.child(name) {
            Ok(group) => group,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        loop {
            group.kill();
            if depth > 0 {
                for below in group.children().unwrap_or_default() {
                    group.remove_to_depth(&below, deadline, depth - 1)?;
                }
            }
            match self.remove(name) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "there is no event for an emptied v1 group, and this thread has nothing else to do"
                    )]
                    std::thread::sleep(RETRY_INTERVAL);
                }
                other => return other,
            }
        }
    }
}

impl AsFd for Group {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn field(text: &str, word: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests;
