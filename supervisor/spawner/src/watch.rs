//! Watches the files that a configuration was made from, in a process of its own: the file itself, and for each app the
//! path to its directory and the modules that its workers requested. Other files beside them are not watched.

mod armed;
mod chain;
mod fingerprint;
mod process;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::asset_list::AssetList;
use crate::clone::{Forked, clone};
use crate::wire::Coverage;
pub use fingerprint::Fingerprint;

/// Most paths that are watched: a bound against a compromised supervisor.
const MAX_PATHS: usize = 64 * 1024;

/// Longest message of a watcher: a few paths and a reason.
const MAX_MESSAGE: usize = 64 * 1024;

/// The paths to watch, each with its state when it was read; `None`: the state is not known, or the watcher before this
/// one looks after it.
#[derive(Debug, Default, Clone)]
pub struct WatchedPaths {
    paths: BTreeMap<PathBuf, Option<Fingerprint>>,
    /// Directories of static files: everything beneath them counts. The states are those of [`AssetList::state`].
    trees: BTreeMap<PathBuf, Option<u64>>,
}

impl WatchedPaths {
    /// Adds a directory of static files.
    pub fn add_tree(&mut self, path: &Path, seen: Option<u64>) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.trees.insert(path, seen);
    }

    /// Adds a path. If it is there already, the later state counts.
    pub fn add(&mut self, path: &Path, seen: Option<Fingerprint>) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if self.paths.len() < MAX_PATHS || self.paths.contains_key(&path) {
            self.paths.insert(path, seen);
        }
    }

    /// Forgets the states of paths that the other set has too: another watcher compares those, and here only later
    /// changes count.
    pub(crate) fn leave_to(&mut self, other: &Self) {
        for (_, seen) in self.paths.iter_mut().filter(|(path, _)| other.paths.contains_key(*path)) {
            *seen = None;
        }
        for (_, seen) in self.trees.iter_mut().filter(|(path, _)| other.trees.contains_key(*path)) {
            *seen = None;
        }
    }

    /// Whether both have the same paths.
    #[must_use]
    pub fn same_paths(&self, other: &Self) -> bool {
        self.paths.keys().eq(other.paths.keys()) && self.trees.keys().eq(other.trees.keys())
    }
}

/// A message of a watcher.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum WatcherMessage {
    /// From now on no change is missed. Sent again when the coverage changes.
    Covered(Coverage),
    /// A watched path has changed.
    Changed,
}

/// A process that watches. It ends with the spawner, or when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    pid: Pid,
    pub(crate) places: WatchedPaths,
    /// Its messages.
    pub messages: File,
    /// The beginning of a message.
    partial: VecDeque<u8>,
    /// Whether it has reported that it misses nothing.
    pub(crate) is_set: bool,
    /// A byte tells it to end.
    order: PipeWriter,
}

/// The messages of a watcher that were read at once.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct WatcherReport {
    /// A watched path has changed.
    pub changed: bool,
    /// Its coverage, if it reported it.
    pub coverage: Option<Coverage>,
    /// It has ended or sent garbage.
    pub gone: bool,
}

impl Watcher {
    /// Starts it. Call it while there is one thread.
    ///
    /// # Errors
    /// There is no process for it.
    pub fn start(places: WatchedPaths) -> io::Result<Self> {
        let (own, messages) = io::pipe()?;
        let (end, order) = io::pipe()?;
        match clone(0, None)? {
            Forked::Child => {
                drop((own, order));
                let watched = process::die_with_spawner().and_then(|()| process::watch(places, messages, &end));
                #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
                std::process::exit(i32::from(watched.is_err()));
            }
            Forked::Parent { pid, .. } => {
                let messages = File::from(OwnedFd::from(own));
                let pid = Pid::from_raw(pid);
                Ok(Self { pid, places, messages, partial: VecDeque::new(), is_set: false, order })
            }
        }
    }

    /// Asks it to report what it has seen so far, and to end.
    pub(crate) fn retire(&mut self) {
        // A second byte does no harm. (Closing the pipe would not do: processes that were made meanwhile hold it open.)
        let _ = self.order.write(b"e");
    }

    /// Reads its messages. Call it when the pipe is readable.
    pub fn read_messages(&mut self) -> WatcherReport {
        let mut bytes = [0; 4096];
        let mut report = WatcherReport::default();
        match self.messages.read(&mut bytes) {
            Ok(0) | Err(_) => report.gone = true,
            Ok(count) => self.partial.extend(bytes.get(..count).unwrap_or_default()),
        }
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let message: Vec<u8> = self.partial.drain(..=end).collect();
            match serde_json::from_slice(&message) {
                Ok(WatcherMessage::Changed) => report.changed = true,
                Ok(WatcherMessage::Covered(coverage)) => {
                    self.is_set = true;
                    report.coverage = Some(coverage);
                }
                Err(_) => report.gone = true,
            }
        }
        report.gone |= self.partial.len() > MAX_MESSAGE;
        report
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}
