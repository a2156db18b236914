//! One generation of one app, as every shard and the control plane see it.

mod admission;
mod availability;

use std::sync::Arc;

use nano_config::AppSettings;
use tokio::sync::SetOnce;

use crate::assets::Assets;
use crate::cache::AppCache;
use crate::telemetry::AppMetrics;
pub use admission::{Admission, QueueEntry, QueueFull};
pub use availability::{Availability, BreakerDecision, Outage, Refusal};

/// A generation's number: unique for the life of the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenerationId(pub u64);

/// An app with one version of its settings and code.
#[derive(Debug)]
pub struct App {
    /// The name in logs, metrics and `nanoctl`.
    pub name: Arc<str>,
    /// Which version this is.
    pub generation: GenerationId,
    /// Its settings in the configuration.
    pub settings: AppSettings,
    /// Its static files, if it has any, once they are listed.
    pub assets: Option<SetOnce<Assets>>,
    /// What its code has the Cache API keep, shared by all its generations.
    pub cache: AppCache,
    /// Counters of the app, shared by all its generations.
    pub metrics: Arc<AppMetrics>,
    /// Which requests may be sent and which have to wait.
    pub admission: Admission,
    /// Whether requests are accepted or refused with `Retry-After`.
    pub availability: Availability,
}
