//! `GET /top`: the counters of all apps, for `nanoctl top`.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::status::state;
use crate::duration::millis;
use crate::supervisor::Supervisor;
use crate::telemetry::AppSample;

/// All apps at one moment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ServerSample {
    /// Since nano was started. Rates are differences of counters by differences of this.
    pub(crate) uptime_ms: u64,
    pub(crate) version: String,
    pub(crate) apps: Vec<NamedSample>,
}

/// One app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct NamedSample {
    pub(crate) name: String,
    /// As in `GET /apps`.
    pub(crate) state: String,
    /// Workers that are to run.
    pub(crate) workers: u64,
    #[serde(flatten)]
    pub(crate) counters: AppSample,
}

pub(super) fn sample(supervisor: &Rc<Supervisor>) -> ServerSample {
    let generations = supervisor.generations.borrow();
    let apps = generations.iter().map(|(name, generation)| NamedSample {
        name: name.clone(),
        state: state(generation).to_owned(),
        workers: generation.slots.len() as u64,
        counters: generation.app().metrics.sample(),
    });
    ServerSample {
        uptime_ms: millis(supervisor.started.elapsed()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        apps: apps.collect(),
    }
}
