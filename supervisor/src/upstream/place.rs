//! One of the `max_concurrent` places of a worker. A request has it until it is over in the worker, whether its client waits
//! for that or not.

use std::sync::Arc;

use crate::app::App;
use crate::worker::Worker;

/// A place that is taken. Dropping it lets a waiting request have it.
#[derive(Debug)]
pub(crate) struct Place {
    app: Arc<App>,
    worker: Arc<Worker>,
    /// The request was reset: its client does not wait for it any more.
    abandoned: bool,
}

impl Place {
    /// A place that [`crate::app::Admission::take`] counted.
    pub(super) fn new(app: &Arc<App>, worker: &Arc<Worker>) -> Self {
        Self { app: Arc::clone(app), worker: Arc::clone(worker), abandoned: false }
    }

    /// The request was reset: it is in flight until the worker has acknowledged that.
    pub(super) fn abandon(&mut self) {
        if !std::mem::replace(&mut self.abandoned, true) {
            self.app.metrics.request_abandoned();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.abandoned {
            self.app.metrics.abandoned_request_over();
        }
        self.app.admission.release(&self.worker);
    }
}
