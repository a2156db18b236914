//! One generation of one app, as every shard and the control plane see it.

mod admission;
mod availability;

use std::sync::Arc;

use nano_config::AppSettings;

use crate::telemetry::AppMetrics;
pub use admission::{Admission, Place, QueueFull};
pub use availability::{Availability, Entry, Outage, Refusal};

/// A generation's number: unique in the supervisor's life, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// An app with one version of its settings and code.
#[derive(Debug)]
pub struct App {
    /// The name in logs, metrics and `nanoctl`.
    pub name: Arc<str>,
    /// Which version this is.
    pub generation: Generation,
    /// What the config says.
    pub settings: AppSettings,
    /// Counters of the app; they live on over generations.
    pub metrics: Arc<AppMetrics>,
    /// Who may send a request, and who has to wait.
    pub admission: Admission,
    /// Whether requests may go on or are told to come back.
    pub availability: Availability,
}
