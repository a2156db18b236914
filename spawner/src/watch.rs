//! Watching the configuration file and the apps' directories (inotify(7)), in a process of its own: there may be many
//! directories to walk through, and the spawner has workers to start meanwhile.
//!
//! Editors write a file in several steps, and often put a new file in the old one's place, so directories are watched:
//! an app's with everything below it, and those in which the file and the apps' own names stand for these names only.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use crate::clone::{Forked, clone};

/// Directories that are watched at most; the kernel has its own limit (`fs.inotify.max_user_watches`).
const MOST: usize = 64 * 1024;

/// All watches are set.
const SET: u8 = b's';

/// Something changed.
const CHANGED: u8 = b'c';

/// What is watched.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// Directories, with everything below them.
    trees: BTreeSet<PathBuf>,
    /// Entries of directories: the file itself, and links that lead to an app.
    entries: BTreeSet<(PathBuf, OsString)>,
}

impl Places {
    pub(crate) fn add_tree(&mut self, root: PathBuf) {
        self.trees.insert(root);
    }

    pub(crate) fn add_entry(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            self.entries.insert((parent.to_owned(), name.to_owned()));
        }
    }
}

/// A process that watches. It ends with the spawner, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    pid: Pid,
    /// What it says.
    pub(crate) words: File,
    /// Whether it misses nothing any more.
    pub(crate) is_set: bool,
    /// A byte is its order to go.
    order: PipeWriter,
}

/// What a watcher says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// Something changed.
    pub(crate) changed: bool,
    /// It says nothing more.
    pub(crate) gone: bool,
}

impl Watcher {
    pub(crate) fn start(places: &Places) -> io::Result<Self> {
        let (own, words) = io::pipe()?;
        let (end, order) = io::pipe()?;
        match clone(0, None)? {
            Forked::Child => {
                drop((own, order));
                // What it cannot watch it is silent about, as the file system is.
                let _ = watch(places, &mut File::from(OwnedFd::from(words)), &end);
                std::process::exit(0)
            }
            Forked::Parent { pid, .. } => {
                let words = File::from(OwnedFd::from(own));
                Ok(Self { pid: Pid::from_raw(pid), words, is_set: false, order })
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
        let mut words = [0; 256];
        match self.words.read(&mut words) {
            Ok(0) | Err(_) => Said { gone: true, changed: false },
            Ok(count) => {
                let words = words.get(..count).unwrap_or_default();
                self.is_set |= words.contains(&SET);
                Said { changed: words.contains(&CHANGED), gone: false }
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

/// What a watched directory is watched for.
#[derive(Debug, Default)]
struct Watched {
    /// Everything in it, if it belongs to an app.
    tree: Option<PathBuf>,
    /// These names.
    names: BTreeSet<OsString>,
}

/// Until there is something in the pipe and everything is said that was seen before.
fn watch(places: &Places, words: &mut File, end: &PipeReader) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let mut watched = HashMap::new();
    for (parent, name) in &places.entries {
        if let Ok(descriptor) = inotify::add_watch(&inotify, parent.as_path(), events()) {
            watched.entry(descriptor).or_insert_with(Watched::default).names.insert(name.clone());
        }
    }
    for tree in &places.trees {
        add_tree(inotify.as_fd(), tree, &mut watched);
    }
    words.write_all(&[SET])?;
    let mut space = [MaybeUninit::uninit(); 16 * 1024];
    let mut reader = Reader::new(&inotify, &mut space);
    loop {
        let event = match reader.next() {
            Ok(event) => event,
            Err(rustix::io::Errno::AGAIN) => {
                if !wait(inotify.as_fd(), end.as_fd())? {
                    return Ok(());
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
        let Some(about) = watched.get(&event.wd()) else {
            // The kernel's queue ran over: anything may have changed.
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                words.write_all(&[CHANGED])?;
            }
            continue;
        };
        let fresh = event.events().contains(ReadFlags::ISDIR)
            && event.events().intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
        let below = about.tree.as_ref().zip(name).filter(|_| fresh).map(|(tree, name)| tree.join(name));
        if about.tree.is_some() || name.is_some_and(|name| about.names.contains(name)) {
            words.write_all(&[CHANGED])?;
        }
        if let Some(below) = below {
            add_tree(inotify.as_fd(), &below, &mut watched);
        }
    }
}

/// Waits for something to read. False: there is nothing, and it is to end.
fn wait(inotify: BorrowedFd<'_>, end: BorrowedFd<'_>) -> io::Result<bool> {
    let mut watched = [PollFd::new(inotify, PollFlags::POLLIN), PollFd::new(end, PollFlags::POLLIN)];
    match poll(&mut watched, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let [seen, ended] = watched.map(|each| each.any().unwrap_or(false));
    Ok(seen || !ended)
}

/// Whatever changes what a file or a directory holds.
fn events() -> WatchFlags {
    WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MODIFY
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVE_SELF
        | WatchFlags::ATTRIB
        | WatchFlags::ONLYDIR
}

fn add_tree(inotify: impl AsFd, root: &Path, watched: &mut HashMap<i32, Watched>) {
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        if watched.len() >= MOST {
            return;
        }
        let Ok(descriptor) = inotify::add_watch(&inotify, directory.as_path(), events()) else { continue };
        let before = watched.entry(descriptor).or_default().tree.replace(directory.clone());
        if before.is_some() {
            // Seen already, by another way.
            continue;
        }
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            // Links are followed: an app's modules may lie where one leads.
            if fs::metadata(entry.path()).is_ok_and(|found| found.is_dir()) {
                open.push(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Watches from a thread: a test has several, so it must not clone itself.
    fn watching(places: Places) -> (Watching, PipeWriter) {
        let (own, words) = io::pipe().unwrap();
        let (end, life) = io::pipe().unwrap();
        let thread = std::thread::spawn(move || {
            watch(&places, &mut File::from(OwnedFd::from(words)), &end).unwrap();
        });
        let mut watching = Watching { words: own, thread };
        assert_eq!(watching.word(), Some(SET));
        (watching, life)
    }

    struct Watching {
        words: PipeReader,
        thread: std::thread::JoinHandle<()>,
    }

    impl Watching {
        fn word(&mut self) -> Option<u8> {
            let mut word = [0];
            (self.words.read(&mut word).unwrap() == 1).then_some(word[0])
        }

        /// Whether it saw something when it was told to go.
        fn saw(mut self, life: PipeWriter) -> bool {
            drop(life);
            let mut words = Vec::new();
            self.words.read_to_end(&mut words).unwrap();
            self.thread.join().unwrap();
            words.contains(&CHANGED)
        }
    }

    #[test]
    fn only_what_matters_counts() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("app/lib")).unwrap();
        fs::create_dir(path("other")).unwrap();
        fs::write(path("nano.json"), "").unwrap();
        std::os::unix::fs::symlink("app", path("current")).unwrap();
        let mut places = Places::default();
        places.add_tree(path("app"));
        places.add_entry(&path("nano.json"));
        places.add_entry(&path("current"));
        let outcome = |change: &dyn Fn()| {
            let (watching, life) = watching(places.clone());
            change();
            watching.saw(life)
        };
        assert!(!outcome(&|| ()));
        assert!(!outcome(&|| fs::write(path("nano.json.swp"), "").unwrap()));
        assert!(!outcome(&|| fs::write(path("other/a.js"), "").unwrap()));
        assert!(!outcome(&|| drop(fs::read(path("nano.json")).unwrap())));
        assert!(outcome(&|| fs::write(path("nano.json"), "{}").unwrap()));
        assert!(outcome(&|| fs::write(path("app/lib/a.js"), "").unwrap()));
        assert!(outcome(&|| fs::rename(path("app/lib/a.js"), path("app/b.js")).unwrap()));
        assert!(outcome(&|| fs::rename(path("nano.json.swp"), path("nano.json")).unwrap()));
        assert!(outcome(&|| fs::remove_file(path("current")).unwrap()));
    }

    #[test]
    fn directories_that_come_later_are_watched_too() {
        let place = tempfile::tempdir().unwrap();
        let mut places = Places::default();
        places.add_tree(place.path().to_owned());
        let (mut watching, life) = watching(places);
        fs::create_dir(place.path().join("new")).unwrap();
        assert_eq!(watching.word(), Some(CHANGED));
        // It is watched a moment after that was said: until then nothing tells.
        let file = place.path().join("new/a.js");
        let more = std::thread::spawn(move || watching.word());
        while !more.is_finished() {
            fs::write(&file, "x").unwrap();
            std::thread::yield_now();
        }
        assert_eq!(more.join().unwrap(), Some(CHANGED));
        drop(life);
    }
}
