//! Apps that an operator stops and starts. A stopped app has a generation without workers, which refuses requests: so what
//! stops it is a change like a reload's, and reloads of others leave it alone.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_protocol::ExitReason;

use super::ReloadError;
use crate::app::App;
use crate::fleet::Generation;
use crate::supervisor::Supervisor;

/// How often it is looked whether requests still wait, or workers still run.
const LOOK: Duration = Duration::from_millis(10);

impl Supervisor {
    /// The apps that are stopped.
    pub(crate) fn stopped(&self) -> BTreeSet<String> {
        let generations = self.generations.borrow();
        generations.iter().filter(|(_, each)| each.is_stopped()).map(|(name, _)| name.clone()).collect()
    }

    /// Refuses the app's requests from now on, lets those that are there end, within `drain_ms`, and ends its workers.
    /// Returns when they are gone; false: it was stopped already.
    pub(crate) async fn stop_app(self: &Rc<Self>, name: &str) -> Result<bool, ReloadError> {
        let leaving = {
            let _alone = self.changing.lock().await;
            let mut stopped = self.stopped();
            let leaving = self.generation(name)?;
            if !stopped.insert(name.to_owned()) {
                return Ok(false);
            }
            let app = leaving.app();
            app.availability.stop(true);
            waiting_is_over(app, self.config().drain).await;
            let only = BTreeSet::from([name.to_owned()]);
            let changed = self.change((self.version.get(), self.config()), &only, &stopped, ExitReason::Restart).await;
            if changed.is_err() {
                app.availability.stop(false);
            }
            changed?;
            tracing::warn!(app = name, "stopped at the control socket: its requests are refused until `nanoctl start`");
            leaving
        };
        // Other changes need not wait for this.
        while self.retiring.borrow().iter().any(|each| Rc::ptr_eq(each, &leaving)) {
            tokio::time::sleep(LOOK).await;
        }
        Ok(true)
    }

    /// Starts a stopped app with its settings and files of now. False: it was not stopped.
    pub(crate) async fn start_app(self: &Rc<Self>, name: &str) -> Result<bool, ReloadError> {
        let _alone = self.changing.lock().await;
        self.generation(name)?;
        let mut stopped = self.stopped();
        if !stopped.remove(name) {
            return Ok(false);
        }
        let only = BTreeSet::from([name.to_owned()]);
        self.change((self.version.get(), self.config()), &only, &stopped, ExitReason::Restart).await?;
        tracing::info!(app = name, "started at the control socket");
        Ok(true)
    }

    pub(super) fn generation(&self, name: &str) -> Result<Rc<Generation>, ReloadError> {
        let generations = self.generations.borrow();
        generations.get(name).map(Rc::clone).ok_or_else(|| ReloadError::NoSuchApp(name.to_owned()))
    }
}

/// Waits until no request waits for a worker of this app: they came before it was stopped, and get their turn.
async fn waiting_is_over(app: &App, most: Duration) {
    let until = Instant::now() + most;
    while app.admission.waiting() > 0 && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
}
