//! Reads an open file piece by piece, off the shard's thread: a disk may be slow.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::open_files::OpenFile;

/// Bytes of one piece: what a response to a slow client holds.
const PIECE: u64 = 64 << 10;

/// Most reads at once, of all apps. The shards' runtimes have as many threads for them.
pub(crate) const MAX_READS: usize = 64;

/// Most reads at once of one generation of an app, so that one on a disk that does not answer leaves threads to others.
pub(super) const MAX_READS_OF_APP: usize = 8;

static READS: Semaphore = Semaphore::const_new(MAX_READS);

type Piece = Pin<Box<dyn Future<Output = io::Result<Bytes>>>>;

/// Runs something that may wait for a disk.
pub(super) async fn off_thread<T: Send + 'static>(
    turns: Arc<Semaphore>,
    what: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    // Whoever gave up waiting for the result still has the turn until the disk has answered.
    let own = turns.acquire_owned().await.map_err(io::Error::other)?;
    let all = READS.acquire().await.map_err(io::Error::other)?;
    let done = tokio::task::spawn_blocking(move || {
        let _turns = (own, all);
        what()
    });
    done.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The rest of a file, or of a part of it.
pub(crate) struct AssetReader {
    file: Arc<OpenFile>,
    turns: Arc<Semaphore>,
    at: u64,
    left: u64,
    piece: Option<Piece>,
    /// A read has failed.
    broken: bool,
}

impl std::fmt::Debug for AssetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssetReader").field("at", &self.at).field("left", &self.left).finish_non_exhaustive()
    }
}

impl AssetReader {
    pub(super) fn new(file: Arc<OpenFile>, turns: Arc<Semaphore>, at: u64, left: u64) -> Self {
        Self { file, turns, at, left, piece: None, broken: false }
    }

    /// Bytes that are to come.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The next piece; `None` at the end. A file that has become shorter is an error, again and again.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.broken {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let (file, at, most) = (&self.file, self.at, self.left.min(PIECE));
        let turns = &self.turns;
        let piece = self.piece.get_or_insert_with(|| {
            let file = Arc::clone(file);
            Box::pin(off_thread(Arc::clone(turns), move || read_at(&file.file, at, most)))
        });
        let read = ready!(piece.as_mut().poll(cx));
        self.piece = None;
        match &read {
            Ok(bytes) => {
                let count = bytes.len() as u64;
                self.at += count;
                self.left = self.left.saturating_sub(count);
            }
            Err(_) => self.broken = true,
        }
        Poll::Ready(Some(read))
    }
}

/// Exactly so many bytes.
pub(super) fn read_at(file: &File, at: u64, count: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(count).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}
