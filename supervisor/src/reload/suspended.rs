//! Apps that an operator has sleep: their workers end as soon as they have nothing to do, and the next request or run starts
//! them again, as after `idle_ms`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::ReloadError;
use crate::supervisor::Supervisor;

/// How often it is looked whether workers still run.
const LOOK: Duration = Duration::from_millis(10);

impl Supervisor {
    /// Waits, at most for `drain_ms`, until the app has nothing to do, and ends its workers then. Returns when they are
    /// gone; false: it had none.
    pub(crate) async fn suspend_app(self: &Rc<Self>, name: &str) -> Result<bool, ReloadError> {
        let generation = self.generation(name)?;
        if generation.is_stopped() {
            return Err(ReloadError::Stopped(name.to_owned()));
        }
        if !generation.is_running() {
            return Ok(false);
        }
        let until = Instant::now() + self.config().drain;
        generation.suspend(true);
        // What has begun to end does so, within `drain_ms` of its own.
        while generation.is_running() && (Instant::now() < until || generation.is_ending()) {
            tokio::time::sleep(LOOK).await;
        }
        generation.suspend(false);
        if generation.is_running() {
            return Err(ReloadError::Busy(name.to_owned()));
        }
        tracing::info!(app = name, "suspended at the control socket: its next request starts it");
        Ok(true)
    }
}
