//! `watch: true`: reloads when the configuration file, the path to an app, or a module that its workers requested
//! changes. The spawner watches, because it may read all paths; a reload starts when there was no further change for a
//! moment.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::reload::Trigger;
use crate::supervisor::Supervisor;

/// A series of changes ends when there is none for so long.
const QUIET: Duration = Duration::from_millis(150);

/// Files that change all the time are reloaded this often.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// After the second failed reload in a row, the next one waits so long; after each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait: an operator repairs a file and wants to see the effect.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Runs until it is dropped. Must run in a `LocalSet`.
pub(crate) async fn run(supervisor: Rc<Supervisor>) {
    let mut places = supervisor.rewatch.subscribe();
    let spawner = supervisor.fleet.spawner();
    let mut watching = false;
    let mut failures = Failures::default();
    places.mark_changed();
    loop {
        tokio::select! {
            outcome = places.changed() => {
                if outcome.is_err() {
                    return;
                }
                let wanted = supervisor.config().watch;
                if wanted || watching {
                    spawner.watch(wanted);
                    watching = wanted;
                }
            }
            () = spawner.changed() => {
                settle(&supervisor, failures.wait(Instant::now())).await;
                if supervisor.config().watch {
                    // The outcome is in the log.
                    let outcome = supervisor.reload(Trigger::Watch).await;
                    failures.record(outcome.is_ok(), Instant::now());
                    // A replaced directory must be watched anew.
                    places.mark_changed();
                }
            }
        }
    }
}

async fn settle(supervisor: &Supervisor, at_least: Duration) {
    tokio::time::sleep(at_least).await;
    let spawner = supervisor.fleet.spawner();
    let _ = tokio::time::timeout(MAX_DELAY, async {
        while tokio::time::timeout(QUIET, spawner.changed()).await.is_ok() {}
    })
    .await;
}

/// Reloads in a row that failed: something may write broken files again and again.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    last: Option<Instant>,
}

impl Failures {
    fn record(&mut self, successful: bool, now: Instant) {
        self.count = if successful { 0 } else { self.count.saturating_add(1) };
        self.last = Some(now);
    }

    /// How long the next reload waits from now on.
    fn wait(&self, now: Instant) -> Duration {
        let Some(doublings) = self.count.checked_sub(2) else { return Duration::ZERO };
        let whole = FIRST_WAIT.saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(MAX_WAIT);
        let since = self.last.map_or(whole, |last| now.saturating_duration_since(last));
        whole.saturating_sub(since)
    }
}

#[cfg(test)]
mod tests;
