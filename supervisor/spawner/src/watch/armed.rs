//! The kernel's events (inotify(7)) for names in directories, and the paths without events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::chain::{Chains, Interest, Names};
use super::tree;
use crate::wire::Coverage;

/// Most paths that are named in a report.
const MAX_NAMED: usize = 4;

/// Longest path that is reported uncut.
const MAX_NAMED_PATH: usize = 400;

/// Bytes of events that are read at once.
const SPACE: usize = 16 * 1024;

/// Watches on the directories of some paths.
#[derive(Debug, Default)]
pub(super) struct Armed {
    pub(super) inotify: Option<OwnedFd>,
    names: HashMap<i32, BTreeMap<OsString, Interest>>,
    /// Directories in which every name counts.
    whole: HashSet<i32>,
    /// Paths that may change without an event, and why.
    pub(super) blind: Vec<PathBuf>,
    why: Option<String>,
}

/// What the events that were read mean.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EventMeaning {
    /// Nothing of interest.
    #[default]
    Nothing,
    /// A file was written.
    Content,
    /// A name refers to another file now, so a path may lead elsewhere.
    Place,
}

impl Armed {
    /// Watches every name in the directories of these trees.
    pub(super) fn add_trees<'p>(&mut self, trees: impl Iterator<Item = &'p PathBuf>) {
        for tree in trees {
            let watched = match &self.inotify {
                Some(inotify) => tree::directories(tree).iter().try_for_each(|directory| {
                    match inotify::add_watch(inotify, directory.as_path(), whole_events()) {
                        Ok(descriptor) => {
                            self.whole.insert(descriptor);
                            Ok(())
                        }
                        Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
                        Err(error) => Err(error),
                    }
                }),
                None => Err(Errno::NOSPC),
            };
            if let Err(error) = watched {
                self.why.get_or_insert_with(|| limit(error, "fs.inotify.max_user_watches"));
                self.blind.push(tree.clone());
            }
        }
    }

    /// Watches these names, on which these paths depend.
    pub(super) fn set<'p>(wanted: &Names, paths: impl Iterator<Item = &'p PathBuf>) -> Self {
        let mut armed = Self::default();
        let inotify = match inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) {
            Ok(inotify) => inotify,
            Err(error) => {
                armed.why = Some(limit(error, "fs.inotify.max_user_instances"));
                armed.blind = paths.cloned().collect();
                return armed;
            }
        };
        let mut missed = HashSet::new();
        for (directory, names) in wanted {
            match inotify::add_watch(&inotify, directory.as_path(), events(names)) {
                // Two paths can lead to the same directory, as through a bind mount.
                Ok(descriptor) => armed.names.entry(descriptor).or_default().extend(names.clone()),
                // It is gone; the paths through it are resolved anew.
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(error) => {
                    missed.insert(directory.as_path());
                    armed.why = Some(match error {
                        Errno::NOSPC => limit(error, "fs.inotify.max_user_watches"),
                        _ => format!("{}: {}", directory.display(), io::Error::from(error)),
                    });
                }
            }
        }
        if !missed.is_empty() {
            let mut chains = Chains::default();
            let is_blind = |path: &&PathBuf| {
                let mut blind = false;
                chains.walk(path, &mut |directory, _, _| blind |= missed.contains(directory));
                blind
            };
            armed.blind = paths.filter(is_blind).cloned().collect();
        }
        armed.inotify = Some(inotify);
        armed
    }

    /// The coverage of so many paths.
    pub(super) fn coverage(&self, paths: usize) -> Coverage {
        let named = |path: &PathBuf| path.display().to_string().chars().take(MAX_NAMED_PATH).collect();
        Coverage {
            paths,
            polled: self.blind.len(),
            named: self.blind.iter().take(MAX_NAMED).map(named).collect(),
            why: self.why.clone(),
        }
    }

    /// Reads all waiting events.
    pub(super) fn seen(&self) -> EventMeaning {
        let mut seen = EventMeaning::Nothing;
        let Some(inotify) = &self.inotify else { return seen };
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut reader = Reader::new(inotify, &mut space);
        // Bounded, in case events never end.
        for _ in 0..SPACE {
            let Ok(event) = reader.next() else { break };
            let kind = event.events();
            let own = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT | ReadFlags::QUEUE_OVERFLOW;
            if kind.intersects(own | ReadFlags::IGNORED) {
                seen = EventMeaning::Place;
                continue;
            }
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let watched = self.names.get(&event.wd()).zip(name);
            let whole = self.whole.contains(&event.wd());
            if whole || watched.is_some_and(|(names, name)| names.contains_key(name)) {
                let content = !kind.intersects(moves());
                seen = seen.max(if content { EventMeaning::Content } else { EventMeaning::Place });
            }
        }
        seen
    }
}

/// Events after which a name may refer to another file.
fn moves() -> ReadFlags {
    ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO
}

/// For a directory in which every name counts.
fn whole_events() -> WatchFlags {
    events(&BTreeMap::new()) | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB
}

fn events(names: &BTreeMap<OsString, Interest>) -> WatchFlags {
    let mut events = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR
        | WatchFlags::MASK_ADD;
    if names.values().any(|interest| *interest == Interest::Content) {
        // A file is complete when its writer closes it; a log file beside it, which stays open, causes no events.
        events |= WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB;
    }
    events
}

fn limit(error: Errno, key: &str) -> String {
    let path = Path::new("/proc/sys").join(key.replace('.', "/"));
    let now = fs::read_to_string(path).map(|text| format!(" (now {})", text.trim())).unwrap_or_default();
    format!("{}: raise {key}{now}", io::Error::from(error))
}
