//! `watch: true`: reloads when the configuration file or an app's directory changes. The spawner watches, as it may look
//! everywhere; a change counts once it has been quiet for a moment.

use std::rc::Rc;
use std::time::Duration;

use crate::reload::Trigger;
use crate::supervisor::Supervisor;

/// Without a further change for so long, it is over.
const QUIET: Duration = Duration::from_millis(150);

/// An app that writes into its own directory all the time is reloaded this often.
const LONGEST: Duration = Duration::from_secs(2);

/// Until it is dropped. Must run in a `LocalSet`.
pub(crate) async fn run(supervisor: Rc<Supervisor>) {
    let mut places = supervisor.rewatch.subscribe();
    let spawner = supervisor.fleet.spawner();
    let mut watching = false;
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
                settle(&supervisor).await;
                if supervisor.config().watch {
                    // The outcome is in the log.
                    let _ = supervisor.reload(Trigger::Watch).await;
                    // A directory that was replaced must be watched anew.
                    places.mark_changed();
                }
            }
        }
    }
}

async fn settle(supervisor: &Supervisor) {
    let spawner = supervisor.fleet.spawner();
    let _ =
        tokio::time::timeout(LONGEST, async { while tokio::time::timeout(QUIET, spawner.changed()).await.is_ok() {} })
            .await;
}
