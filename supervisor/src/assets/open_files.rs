//! How many static files are open at once: each is a descriptor for as long as its response is being sent, and those are
//! needed for workers and operators too.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits until it may open its file.
const WAIT: Duration = Duration::from_secs(10);

/// How many files an app has open at most to take one from the part that is kept for such apps.
const FEW: usize = 4;

/// The files of all apps.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    all: Arc<Semaphore>,
    /// For apps that have few: others may keep theirs for as long as they like.
    kept: Arc<Semaphore>,
    most: AtomicUsize,
}

impl Default for OpenFiles {
    /// None may be open until it is known how many.
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(0)), kept: Arc::new(Semaphore::new(0)), most: AtomicUsize::new(0) }
    }
}

impl OpenFiles {
    /// Lets so many be open. Call it once.
    pub(crate) fn allow(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
        self.all.add_permits(most - most / 4);
        self.kept.add_permits(most / 4);
    }

    /// The files of one generation: at most half of all, so that readers of one app leave some to the others.
    pub(super) fn of_app(&self) -> FilesOfApp {
        let half = (self.most.load(Ordering::Relaxed) / 2).max(1);
        let own = Arc::new(Semaphore::new(half));
        FilesOfApp { own, half, all: Arc::clone(&self.all), kept: Arc::clone(&self.kept) }
    }
}

/// The files of one generation of an app.
#[derive(Debug)]
pub(super) struct FilesOfApp {
    own: Arc<Semaphore>,
    half: usize,
    all: Arc<Semaphore>,
    kept: Arc<Semaphore>,
}

impl FilesOfApp {
    /// Waits until one more may be open; `None`: for too long.
    pub(super) async fn permit(&self) -> Option<FilePermit> {
        self.permit_within(WAIT).await
    }

    async fn permit_within(&self, wait: Duration) -> Option<FilePermit> {
        let taken = async {
            let own = Arc::clone(&self.own).acquire_owned().await.ok()?;
            let has_few = self.half - self.own.available_permits() <= FEW;
            let of_all = tokio::select! {
                biased;
                of_all = Arc::clone(&self.all).acquire_owned() => of_all,
                kept = Arc::clone(&self.kept).acquire_owned(), if has_few => kept,
            };
            Some(FilePermit(own, of_all.ok()?))
        };
        tokio::time::timeout(wait, taken).await.ok().flatten()
    }
}

/// For one open file.
#[derive(Debug)]
pub(super) struct FilePermit(
    #[expect(dead_code, reason = "given back when it is dropped")] OwnedSemaphorePermit,
    #[expect(dead_code, reason = "given back when it is dropped")] OwnedSemaphorePermit,
);

/// A file that is being sent.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: File,
    /// Given back after the file is closed.
    _permit: FilePermit,
}

impl OpenFile {
    pub(super) fn new(file: File, permit: FilePermit) -> Self {
        Self { file, _permit: permit }
    }
}

#[cfg(test)]
mod tests;
