//! The group that contains all groups of this nano. Its directory is locked (flock(2)) for as long as nano lives, so
//! that the next nano can tell what a killed one left behind from the groups of one that runs.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::getpid;

use super::group::Group;
use super::{APP_PREFIX, OWN_LEAF};

/// The prefix of such groups' names.
const PREFIX: &str = "nano-";

/// Another nano that starts at the same moment may remove a group that is not locked yet, so creating one is retried.
const TRIES: u32 = 16;

/// How long a start waits for groups that were left behind to be removed.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Instance {
    /// The parent group: the one nano was started in, or the one above.
    pub(super) base: Group,
    pub(super) name: String,
    pub(super) group: Group,
    _lock: Flock<OwnedFd>,
}

impl Instance {
    /// A fresh one in `base`.
    pub(super) fn make(base: Group) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for attempt in 0..TRIES {
            let name = match attempt {
                0 => format!("{PREFIX}{}", getpid()),
                _ => format!("{PREFIX}{}-{attempt}", getpid()),
            };
            let made = match base.make(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // It may have been removed before it was opened; a base that is gone ends the tries all the same.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    last = error;
                    continue;
                }
                made => made?,
            };
            match lock(&made) {
                // It may have been removed before it was locked.
                Ok(lock) if base.child(&name).is_ok() => return Ok(Self { base, name, group: made, _lock: lock }),
                Ok(_) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Removes what killed ones left behind in `base`. Returns the names of those that could not be removed.
    pub(super) fn remove_stale(base: &Group) -> Vec<String> {
        let deadline = Instant::now() + REMOVE_TIMEOUT;
        let mut left = Vec::new();
        for name in base.children().unwrap_or_default().into_iter().filter(|name| is_ours(name)) {
            let Ok(group) = base.child(&name) else { continue };
            let Ok(_lock) = lock(&group) else { continue };
            if !is_built_as_ours(&group) {
                continue;
            }
            if base.remove_tree(&name, deadline).is_err() {
                left.push(name);
            }
        }
        left
    }

    /// The leaf of another nano that runs in the same base.
    pub(super) fn leaf_of_another(&self) -> Option<Group> {
        let others = self.base.children().ok()?.into_iter().filter(|name| is_ours(name) && *name != self.name);
        let groups = others.filter_map(|name| self.base.child(&name).ok());
        groups.filter(|group| lock(group).is_err()).find_map(|group| group.child(OWN_LEAF).ok())
    }

    /// Kills and removes everything in it, and the group itself.
    pub(super) fn remove(&self, deadline: Instant) -> io::Result<()> {
        self.base.remove_tree(&self.name, deadline)
    }
}

/// The base of the instance whose leaf this directory is, if it is one.
pub(super) fn base_of_leaf(path: &Path) -> Option<&Path> {
    let instance = path.parent().filter(|_| path.ends_with(OWN_LEAF))?;
    instance.parent().filter(|_| instance.file_name().and_then(OsStr::to_str).is_some_and(is_ours))
}

/// `nano-PID` or `nano-PID-N`. Other programs' groups may have names with the same prefix.
fn is_ours(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    rest.split_once('-').map_or_else(|| digits(rest), |(pid, attempt)| digits(pid) && digits(attempt))
}

/// Only a group of nano's may be killed: all its processes are in groups of the kind that nano creates.
fn is_built_as_ours(group: &Group) -> bool {
    let made_by_us = |name: &String| name == OWN_LEAF || name.starts_with(APP_PREFIX);
    // In a leaf may be what waits for the nano that took over.
    let is_idle = |group: &Group| group.processes().is_ok_and(|processes| processes.is_empty());
    let leaf = group.child(OWN_LEAF);
    is_idle(group)
        && leaf.map_or(true, |leaf| is_idle(&leaf))
        && group.children().is_ok_and(|children| children.iter().all(made_by_us))
}

fn lock(group: &Group) -> io::Result<Flock<OwnedFd>> {
    let own = group.as_fd().try_clone_to_owned()?;
    Flock::lock(own, FlockArg::LockExclusiveNonblock).map_err(|(_, error): (OwnedFd, Errno)| error.into())
}
