//! The files that a project's bundle is made of, watched by a process of their own (that of `watch`, in the spawner's
//! crate).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::SystemTime;

use nano_spawner::{Fingerprint, WatchedPaths, Watcher};

use crate::project::{Project, is_code};

/// How deep, and how much, code is looked for where a bundle does not say what it is made of.
const MAX_DEPTH: usize = 16;
const MAX_CODE: usize = 4096;

pub(super) struct Sources {
    directory: PathBuf,
    watcher: Option<Watcher>,
    /// The paths that it watches.
    paths: Vec<PathBuf>,
    assets: Option<PathBuf>,
    /// A file was changed while the bundle was made.
    pending: bool,
    /// That was the reason for the last bundle.
    was_pending: bool,
    /// Changes came since the last bundle whose files were all the same.
    changes: bool,
}

impl Sources {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            watcher: None,
            paths: Vec::new(),
            assets: None,
            pending: false,
            was_pending: false,
            changes: false,
        }
    }

    /// Watches these files from now on, and the project's own. `begun`: when they were read at the earliest.
    pub(super) fn watch(&mut self, begun: SystemTime, files: Vec<PathBuf>, assets: Option<PathBuf>) -> io::Result<()> {
        let mut paths: Vec<_> = files.into_iter().chain(Project::files(&self.directory)).collect();
        paths.sort();
        paths.dedup();
        let mut places = WatchedPaths::default();
        for path in &paths {
            let seen = Fingerprint::of(path);
            self.pending |= seen.is_newer(begun);
            places.add(path, Some(seen));
        }
        if let Some(assets) = &assets {
            places.add_tree(assets, None);
        }
        // One that watches the same has missed nothing.
        if self.watcher.is_some() && self.paths == paths && self.assets == assets {
            return Ok(());
        }
        self.watcher = Some(Watcher::start(places)?);
        (self.paths, self.assets) = (paths, assets);
        Ok(())
    }

    /// Goes on with what was watched last, and with all code of the project: it is not known what the bundle would be made
    /// of.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        let code = ignore::WalkBuilder::new(&self.directory).max_depth(Some(MAX_DEPTH)).build().flatten();
        let files = code.map(ignore::DirEntry::into_path).filter(|path| is_code(path)).take(MAX_CODE);
        let paths = files.chain(std::mem::take(&mut self.paths)).collect();
        let assets = self.assets.clone();
        self.watch(SystemTime::now(), paths, assets)
    }

    /// Whether static files may have changed since this was asked last.
    pub(super) fn assets_changed(&mut self) -> bool {
        std::mem::take(&mut self.changes) && self.assets.is_some()
    }

    /// Whether a file was changed while it was read. Not twice in a row: the clock of its disk may be another.
    pub(super) fn take_pending(&mut self) -> bool {
        self.was_pending = std::mem::take(&mut self.pending) && !self.was_pending;
        self.was_pending
    }

    /// Readable when something has changed.
    pub(super) fn messages(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.as_ref().map(|watcher| watcher.messages.as_fd())
    }

    /// Whether something has changed.
    pub(super) fn read(&mut self) -> io::Result<bool> {
        let Some(watcher) = &mut self.watcher else { return Ok(false) };
        let report = watcher.read_messages();
        if report.gone {
            self.watcher = None;
            let (paths, assets) = (std::mem::take(&mut self.paths), self.assets.take());
            self.watch(SystemTime::now(), paths, assets)?;
        }
        self.changes |= report.changed || report.gone;
        Ok(report.changed || report.gone)
    }
}
