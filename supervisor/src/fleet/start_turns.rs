//! How many workers start at a time. A start keeps a processor busy: if all apps of a large configuration started at once,
//! each would take longer than a start may, and the apps that serve would get no processor.

use std::rc::Rc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_local;

use crate::fair_semaphore::{FairPermit, FairSemaphore, Share};

/// Starts for each processor. A start also waits: for the spawner, for the kernel, for files.
const FOR_EACH_PROCESSOR: usize = 4;

/// How long a start keeps others waiting. One that takes longer, as with a top-level `await`, continues beside them.
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
    first: Rc<FairSemaphore>,
    again: Rc<FairSemaphore>,
    at_once: usize,
    turn: Duration,
}

/// The turns of one app: with all its workers it leaves some to the others.
#[derive(Debug)]
pub(super) struct AppStarts {
    first: Rc<Share>,
    again: Rc<Share>,
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
        Self { first: FairSemaphore::new(at_once), again: FairSemaphore::new(at_once), at_once, turn }
    }

    /// Those of one app.
    pub(super) fn app(&self) -> AppStarts {
        AppStarts { first: self.first.share(self.at_once), again: self.again.share(self.at_once), turn: self.turn }
    }
}

impl AppStarts {
    /// Waits in line. Must run in a `LocalSet`.
    pub(super) async fn take(&self, kind: StartKind) -> StartTurn {
        let share = match kind {
            StartKind::First => &self.first,
            StartKind::Again => &self.again,
        };
        let permit = share.take().await;
        let (sender, over) = oneshot::channel();
        spawn_local(keep(permit, self.turn, over));
        StartTurn { _over: sender }
    }
}

async fn keep(permit: FairPermit, turn: Duration, over: oneshot::Receiver<()>) {
    let _ = tokio::time::timeout(turn, over).await;
    drop(permit);
}

#[cfg(test)]
mod tests;
