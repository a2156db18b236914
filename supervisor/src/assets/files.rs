//! Gets at the content of a listed file: from memory, else through the spawner, which opens it.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use nano_protocol::ModuleError;
use nano_spawner::Fingerprint;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::Assets;
use super::head_room::HeadTooLarge;
use super::keep::{KeepBudget, Kept, MAX_KEPT_FILE};
use super::open_files::{FilesOfApp, OpenFile, OpenFiles};
use super::reader::{MAX_READS_OF_APP, off_thread, read_at};
use super::version::{Tag, Version};

/// Files of one generation that wait to be opened; more wait with their requests.
const MAX_WAITING: usize = 64;

/// Of lines in the log about files that cannot be read, of one generation.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(1);

/// A file that the control plane is to have opened.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    /// Beneath the directory of assets.
    pub(crate) path: String,
    /// Dropped when the generation has ended.
    pub(crate) reply: oneshot::Sender<Result<File, ModuleError>>,
}

/// The shards' end of the way to the spawner.
#[derive(Debug)]
pub(crate) struct Opener {
    requests: mpsc::Sender<OpenRequest>,
    turns: Arc<Semaphore>,
    files: FilesOfApp,
    complaints: Complaints,
}

impl Opener {
    /// With the control plane's end.
    pub(crate) fn new(files: &OpenFiles) -> (Self, mpsc::Receiver<OpenRequest>) {
        let (requests, receiver) = mpsc::channel(MAX_WAITING);
        let turns = Arc::new(Semaphore::new(MAX_READS_OF_APP));
        (Self { requests, turns, files: files.of_app(), complaints: Complaints::default() }, receiver)
    }
}

/// How often files could not be read: a line in the log each second at most, however many requests there are.
#[derive(Debug, Default)]
struct Complaints(Mutex<(Option<Instant>, u64)>);

impl Complaints {
    /// Counts one. Returns how many were counted since the last line, if another one is due.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *state;
        *count += 1;
        if last.is_some_and(|last| now.saturating_duration_since(last) < COMPLAINT_INTERVAL) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(count))
    }
}

/// Why a listed file is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetError {
    /// It has gone since it was listed, or has become something else.
    Gone,
    /// It cannot be read.
    Unreadable,
    /// The generation has ended: the app has another one, or none.
    Moved,
    /// Too many files are being sent.
    Busy,
    /// Rules make its head larger than one may be.
    HeadTooLarge,
    /// The path is too long to be compared with the rules.
    PathTooLong,
    /// The request is for another version.
    Unmet,
    /// The range is behind the end of a file with so many bytes.
    Unsatisfiable(u64),
}

impl From<HeadTooLarge> for AssetError {
    fn from(_: HeadTooLarge) -> Self {
        Self::HeadTooLarge
    }
}

/// The content of a file.
#[derive(Debug)]
pub(super) enum Content {
    Kept(Arc<Kept>),
    Open { version: Version, file: Arc<OpenFile>, turns: Arc<Semaphore> },
}

impl Content {
    pub(super) fn version(&self) -> &Version {
        match self {
            Self::Kept(kept) => &kept.version,
            Self::Open { version, .. } => version,
        }
    }
}

impl Assets {
    /// The content of a file of the manifest.
    pub(super) async fn content(&self, path: &str) -> Result<Content, AssetError> {
        let entry = self.manifest.get(path).ok_or(AssetError::Gone)?;
        if let Some(kept) = entry.kept.get() {
            return Ok(Content::Kept(Arc::clone(kept)));
        }
        let permit = self.opener.files.permit().await.ok_or(AssetError::Busy)?;
        let file = self.open(path).await?;
        let (turns, budget) = (&self.opener.turns, self.manifest.budget.clone());
        let known = entry.tagged.get().map(|tagged| **tagged);
        let look = move || read(file, known, &budget, SystemTime::now());
        let read = off_thread(Arc::clone(turns), look).await;
        let (read, tagged) = read.map_err(|error| self.unreadable(path, &error))?;
        if let Some(tagged) = tagged {
            let _ = entry.tagged.set(Box::new(tagged));
        }
        match read {
            // Another request may have read it at the same time.
            Read::Whole(kept) => Ok(Content::Kept(Arc::clone(entry.kept.get_or_init(|| kept)))),
            Read::Open(version, file) => {
                let file = Arc::new(OpenFile::new(file, permit));
                Ok(Content::Open { version, file, turns: Arc::clone(turns) })
            }
        }
    }

    async fn open(&self, path: &str) -> Result<File, AssetError> {
        let (reply, opened) = oneshot::channel();
        let request = OpenRequest { path: path.trim_start_matches('/').to_owned(), reply };
        self.opener.requests.send(request).await.map_err(|_| AssetError::Moved)?;
        match opened.await {
            Ok(Ok(file)) => Ok(file),
            Ok(Err(ModuleError::NotFound | ModuleError::Outside)) => Err(AssetError::Gone),
            Ok(Err(error)) => Err(self.unreadable(path, &error)),
            Err(_) => Err(AssetError::Moved),
        }
    }

    fn unreadable(&self, path: &str, error: &dyn std::fmt::Display) -> AssetError {
        if let Some(times) = self.opener.complaints.count(Instant::now()) {
            let directory = self.config.path.display();
            tracing::warn!(%directory, path, %error, times, "a file of the app's assets cannot be read");
        }
        AssetError::Unreadable
    }
}

/// A state of a file, and the tag of its content then.
pub(super) type Tagged = (Fingerprint, Tag);

enum Read {
    Whole(Arc<Kept>),
    Open(Version, File),
}

/// Reads a small file, keeps it if there is room, and only looks at others. `known`: the tag of its content in a state in
/// which it was before. Returns such a tag if it is new. Blocks.
fn read(file: File, known: Option<Tagged>, budget: &KeepBudget, now: SystemTime) -> io::Result<(Read, Option<Tagged>)> {
    let found = file.metadata()?;
    let before = Fingerprint::from(&found);
    let known = known.filter(|(state, _)| *state == before).map(|(_, tag)| tag);
    // One that was changed a moment ago may be changed again without a trace.
    if before.is_settled(now) && found.len() <= MAX_KEPT_FILE {
        let room = budget.reserve(found.len());
        if let (None, Some(tag)) = (&room, known) {
            return Ok((Read::Open(Version::of_content(&found, tag)?, file), None));
        }
        if let Ok(bytes) = read_at(&file, 0, found.len())
            && Fingerprint::from(&file.metadata()?) == before
        {
            let tag = known.unwrap_or_else(|| Tag::of([&bytes]));
            let version = Version::of_content(&found, tag)?;
            let read = match room {
                Some(room) => Read::Whole(Kept::new(version, bytes, room)),
                None => Read::Open(version, file),
            };
            return Ok((read, Some((before, tag))));
        }
    }
    Ok((Read::Open(Version::of_state(&file.metadata()?, now)?, file), None))
}

#[cfg(test)]
mod tests;
