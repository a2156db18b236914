//! One generation of one app, as every shard and the control plane see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nano_config::AppSettings;
use tokio::sync::Notify;

use crate::shard::admission::Admission;
use crate::telemetry::AppMetrics;

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
    /// Whether requests should wait for a worker or be told to come back.
    pub availability: Availability,
}

/// Whether an app that has no worker right now will have one soon.
#[derive(Debug)]
pub struct Availability {
    started: Instant,
    /// Milliseconds after `started` until which requests are refused at once; 0: they may wait.
    refused_until: AtomicU64,
    /// Woken by a shard that has a request and no worker: an app stopped for idleness starts again.
    pub wanted: Notify,
}

impl Default for Availability {
    fn default() -> Self {
        Self { started: Instant::now(), refused_until: AtomicU64::new(0), wanted: Notify::new() }
    }
}

impl Availability {
    /// The app crashes at every start: refuse its requests for so long.
    pub fn refuse_for(&self, wait: Duration) {
        let until = self.started.elapsed() + wait;
        self.refused_until.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// A worker is ready: requests may wait again.
    pub fn allow(&self) {
        self.refused_until.store(0, Ordering::Relaxed);
    }

    /// How long a client should wait before it asks again, if its request is to be refused now.
    pub fn refused(&self) -> Option<Duration> {
        let until = Duration::from_millis(self.refused_until.load(Ordering::Relaxed));
        until.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }
}
