//! `/status.json`: what the status page shows. It has names of apps, counts and times; no environment, no text of an app's
//! and nothing about a client.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::deaths::Death;
use super::sample::AppSample;
use super::{AppMetrics, Metrics};
use crate::duration::millis;
use crate::worker::WorkerState;

#[derive(Debug, Serialize)]
struct ServerStatus {
    version: &'static str,
    v8: String,
    /// In seconds since 1970-01-01 UTC, when nano was started, and now.
    started: u64,
    at: u64,
    uptime_ms: u64,
    last_reload_successful: bool,
    /// Upper bounds of the durations, in milliseconds; one more count is of all.
    bounds: Vec<f64>,
    apps: Vec<AppStatus>,
    deaths: Vec<Death>,
    certificates: Vec<CertificateStatus>,
}

#[derive(Debug, Serialize)]
struct AppStatus {
    name: String,
    state: &'static str,
    /// Workers that take requests.
    ready: u64,
    answered: u64,
    failed: u64,
    in_flight: u64,
    cpu_ms: u64,
    resident_bytes: u64,
    buffered_bytes: u64,
    overflows: u64,
    deaths: u64,
    /// How many requests took at most so long as the bound at that place.
    durations: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct CertificateStatus {
    hostname: String,
    /// In seconds since 1970-01-01 UTC.
    expires: f64,
}

impl Metrics {
    /// As JSON.
    pub(super) fn status(&self) -> Result<String, serde_json::Error> {
        let apps: Vec<_> = self.apps().iter().map(|(name, app)| (Arc::clone(name), Arc::clone(app))).collect();
        let mut bounds = Vec::new();
        let apps = apps.into_iter().map(|(name, app)| {
            let sample = app.sample();
            if bounds.is_empty() {
                bounds = sample.durations.iter().filter_map(|(bound, _)| *bound).collect();
            }
            AppStatus::new(&name, &app, sample)
        });
        let apps = apps.collect();
        let unix = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = SystemTime::now();
        let certificates = self.tls.expiries().into_iter();
        serde_json::to_string(&ServerStatus {
            version: env!("CARGO_PKG_VERSION"),
            v8: self.v8().unwrap_or_default().to_owned(),
            started: unix(now.checked_sub(self.started.elapsed()).unwrap_or(now)),
            at: unix(now),
            uptime_ms: millis(self.started.elapsed()),
            last_reload_successful: self.last_reload_succeeded.load(Ordering::Relaxed),
            bounds,
            apps,
            deaths: self.deaths.latest(),
            certificates: certificates.map(|(hostname, expires)| CertificateStatus { hostname, expires }).collect(),
        })
    }
}

impl AppStatus {
    fn new(name: &str, app: &AppMetrics, sample: AppSample) -> Self {
        let has = |state| app.workers(state) > 0;
        let state = if app.stopped.load(Ordering::Relaxed) {
            "stopped"
        } else if has(WorkerState::Ready) {
            "ready"
        } else if has(WorkerState::Starting) {
            "starting"
        } else if has(WorkerState::Draining) {
            "draining"
        } else if app.worker_starts() == 0 {
            // On demand, or of static files alone.
            "not started"
        } else {
            "no worker"
        };
        Self {
            name: name.to_owned(),
            state,
            ready: app.workers(WorkerState::Ready),
            answered: sample.answered,
            failed: sample.failed,
            in_flight: sample.in_flight,
            cpu_ms: sample.cpu_ms,
            resident_bytes: sample.resident_bytes,
            buffered_bytes: sample.buffered_bytes,
            overflows: sample.overflows,
            deaths: sample.failures,
            durations: sample.durations.into_iter().map(|(_, count)| count).collect(),
        }
    }
}
