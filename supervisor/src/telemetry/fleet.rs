//! How a node of a fleet stands with its fleet.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nano_fleet_link::{Numbers, RolloutCounts};

use super::AppMetrics;

/// What the agent said last.
#[derive(Debug, Clone, Copy)]
pub(super) struct FleetStanding {
    pub(super) connected: bool,
    pub(super) revision: u64,
    /// Ready, refused and pending ones.
    pub(super) apps: [u64; 3],
    pub(super) rollouts: RolloutCounts,
    in_sync: bool,
    /// When it was known for the last time that the node serves the newest table.
    seen_in_sync: Instant,
}

impl FleetStanding {
    /// Seconds for which the node may have served something older than the newest table.
    pub(super) fn lag(&self) -> f64 {
        if self.in_sync { 0.0 } else { self.seen_in_sync.elapsed().as_secs_f64() }
    }
}

/// Empty unless nano is a node of a fleet.
#[derive(Debug, Default)]
pub struct FleetGauges(Mutex<Option<FleetStanding>>);

impl FleetGauges {
    /// nano is a node of a fleet: there are such metrics from now on.
    pub(crate) fn begin(&self) {
        self.lock().get_or_insert(FleetStanding {
            connected: false,
            revision: 0,
            apps: [0; 3],
            rollouts: RolloutCounts::default(),
            in_sync: false,
            seen_in_sync: Instant::now(),
        });
    }

    pub(crate) fn set(&self, connected: bool, revision: u64, in_sync: bool) {
        if let Some(standing) = &mut *self.lock() {
            if in_sync || standing.in_sync {
                standing.seen_in_sync = Instant::now();
            }
            (standing.connected, standing.revision, standing.in_sync) = (connected, revision, in_sync);
        }
    }

    /// How many apps serve, are refused, and are waited for.
    pub(crate) fn set_apps(&self, apps: [u64; 3]) {
        if let Some(standing) = &mut *self.lock() {
            standing.apps = apps;
        }
    }

    /// The fleet's staged rollouts.
    pub(crate) fn set_rollouts(&self, rollouts: RolloutCounts) {
        if let Some(standing) = &mut *self.lock() {
            standing.rollouts = rollouts;
        }
    }

    /// The agent ended.
    pub(crate) fn lost(&self) {
        let revision = self.lock().as_mut().map_or(0, |standing| {
            standing.rollouts.leads = false;
            standing.revision
        });
        self.set(false, revision, false);
    }

    fn lock(&self) -> MutexGuard<'_, Option<FleetStanding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self) -> Option<FleetStanding> {
        *self.lock()
    }
}

impl AppMetrics {
    /// What the agent is told of an app that is rolled out.
    pub(crate) fn numbers(&self) -> Numbers {
        let durations = self.durations.buckets();
        let errors = self.codes.seen().filter(|(code, _)| *code >= 500).map(|(_, count)| count).sum();
        let requests = durations.iter().map(|(_, count)| count).sum();
        Numbers { requests, errors, in_flight: self.requests_in_flight(), durations }
    }
}
