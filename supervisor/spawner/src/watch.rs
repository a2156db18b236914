//! Watching the files that a configuration was made from, in a process of its own: the file itself, and of each app what
//! leads to it and the modules that it asked for. What else lies beside them is not looked at.

mod armed;
mod chain;
mod print;
mod process;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::clone::{Forked, clone};
use crate::wire::Coverage;
pub(crate) use print::Print;

/// Paths that are watched at most; a bound for an attacker who took over the supervisor.
const MOST: usize = 64 * 1024;

/// Longest word of a watcher: a few paths and a reason.
const LONGEST_WORD: usize = 64 * 1024;

/// What is watched: paths, and what was there when they were read; `None`: what was before is not known, or
/// somebody else looks after it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Places(BTreeMap<PathBuf, Option<Print>>);

impl Places {
    /// What is added later counts, if a path is added twice.
    pub(crate) fn add(&mut self, path: &Path, seen: Option<Print>) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if self.0.len() < MOST || self.0.contains_key(&path) {
            self.0.insert(path, seen);
        }
    }

    /// What the other has, too, is watched already: only what changes from now on counts.
    pub(crate) fn leave_to(&mut self, other: &Self) {
        for (_, seen) in self.0.iter_mut().filter(|(path, _)| other.0.contains_key(*path)) {
            *seen = None;
        }
    }

    /// Whether there is nothing in it that is not in the other, nor the other way round.
    pub(crate) fn same_paths(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

/// A word of a watcher.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Word {
    /// From here on nothing is missed; again when it is covered otherwise.
    Covered(Coverage),
    /// Something reads differently than it did.
    Changed,
}

/// A process that watches. It ends with the spawner, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    pid: Pid,
    pub(crate) places: Places,
    /// What it says.
    pub(crate) words: File,
    /// The beginning of a word.
    heard: VecDeque<u8>,
    /// Whether it misses nothing any more.
    pub(crate) is_set: bool,
    /// A byte is its order to go.
    order: PipeWriter,
}

/// What a watcher says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Something changed.
    pub(crate) changed: bool,
    /// How well it sees.
    pub(crate) coverage: Option<Coverage>,
    /// It says nothing more.
    pub(crate) gone: bool,
}

impl Watcher {
    pub(crate) fn start(places: Places) -> io::Result<Self> {
        let (own, words) = io::pipe()?;
        let (end, order) = io::pipe()?;
        match clone(0, None)? {
            Forked::Child => {
                drop((own, order));
                let watched = process::follow().and_then(|()| process::watch(places, words, &end));
                #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
                std::process::exit(i32::from(watched.is_err()));
            }
            Forked::Parent { pid, .. } => {
                let words = File::from(OwnedFd::from(own));
                let pid = Pid::from_raw(pid);
                Ok(Self { pid, places, words, heard: VecDeque::new(), is_set: false, order })
            }
        }
    }

    /// Lets it say what it has seen so far, and go.
    pub(crate) fn retire(&mut self) {
        // Said again it does no harm. (Closing the pipe would not do: processes that were made meanwhile have it, too.)
        let _ = self.order.write(b"e");
    }

    /// Must be called when there is something to read.
    pub(crate) fn hear(&mut self) -> Said {
        let mut bytes = [0; 4096];
        let mut said = Said::default();
        match self.words.read(&mut bytes) {
            Ok(0) | Err(_) => said.gone = true,
            Ok(count) => self.heard.extend(bytes.get(..count).unwrap_or_default()),
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let word: Vec<u8> = self.heard.drain(..=end).collect();
            match serde_json::from_slice(&word) {
                Ok(Word::Changed) => said.changed = true,
                Ok(Word::Covered(coverage)) => {
                    self.is_set = true;
                    said.coverage = Some(coverage);
                }
                Err(_) => said.gone = true,
            }
        }
        said.gone |= self.heard.len() > LONGEST_WORD;
        said
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}
