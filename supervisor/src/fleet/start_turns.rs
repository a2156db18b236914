//! How many workers start at a time. A start takes a processor, mostly: all apps of a large configuration at once would each
//! be slower than the time that a start has, and leave nothing to those that serve.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_local;

/// Starts for each processor. A start also waits: for the spawner, for the kernel, for files.
const FOR_EACH_PROCESSOR: usize = 4;

/// So long a start keeps others waiting. One that takes longer, as with a top-level `await`, goes on beside them.
const TURN: Duration = Duration::from_millis(500);

/// Which starts take turns with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartKind {
    /// Of an app that is new, by a reload or when nano starts.
    First,
    /// Of an app that serves: after its worker died, or for a request after it was idle. It waits behind no reload.
    Again,
}

/// The turns of all apps.
#[derive(Debug)]
pub(super) struct StartTurns {
    first: Arc<Semaphore>,
    again: Arc<Semaphore>,
    turn: Duration,
}

/// A start under way. Others may begin when it is dropped, or some time after it was given.
#[derive(Debug)]
pub(super) struct StartTurn {
    _over: oneshot::Sender<()>,
}

impl Default for StartTurns {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::new(processors * FOR_EACH_PROCESSOR, TURN)
    }
}

impl StartTurns {
    fn new(at_once: usize, turn: Duration) -> Self {
        let places = || Arc::new(Semaphore::new(at_once));
        Self { first: places(), again: places(), turn }
    }

    /// Waits in line. Must run in a `LocalSet`.
    pub(super) async fn take(&self, kind: StartKind) -> StartTurn {
        let places = match kind {
            StartKind::First => &self.first,
            StartKind::Again => &self.again,
        };
        // It is never closed.
        let place = Arc::clone(places).acquire_owned().await.ok();
        let (sender, over) = oneshot::channel();
        spawn_local(keep(place, self.turn, over));
        StartTurn { _over: sender }
    }
}

async fn keep(place: Option<OwnedSemaphorePermit>, turn: Duration, over: oneshot::Receiver<()>) {
    let _ = tokio::time::timeout(turn, over).await;
    drop(place);
}

#[cfg(test)]
mod tests;
