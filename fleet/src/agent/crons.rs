//! Which node runs a cron. Every node that has the app knows when one is due; the first to write that time into the cron's
//! key in etcd runs it, by comparison with what was there, so each time is run by one node at most. The nodes ask in an
//! order that a hash of app, cron and node gives, so it is the same node as long as that one is there.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_fleet_link::CronRun;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};

use super::talk::Nano;
use crate::bundle::sha256;
use crate::etcd::messages::{PutRequest, RequestOp};
use crate::etcd::{Etcd, EtcdError, is_at};
use crate::keys::{Keys, is_app_name};
use crate::rollout::Place;

/// The nodes ask within this, each at a time of its own.
const SPREAD: Duration = Duration::from_secs(2);
/// Calls of etcd at once.
const AT_ONCE: usize = 32;
/// Times that wait for an answer at most; what comes on top is not known, and asked again.
const MAX_WAITING: usize = 100_000;
/// Keys of crons are forgotten after so many seconds without a run.
const LEASE: i64 = 6 * 3600;
/// A lease is taken for new keys for so long.
const LEASE_FOR: Duration = Duration::from_secs(3 * 3600);
/// Seconds that another node's clock may be ahead. A time further in the future was written by a clock that is wrong, and
/// must not keep the others from running theirs.
const AHEAD: i64 = 2 * 3600;
/// Two nodes that write at once: one has to look again, and then sees what the other wrote.
const ATTEMPTS: usize = 3;
/// A refusal is logged this often.
const COMPLAIN: Duration = Duration::from_secs(60);

/// The value of `crons/APP/HASH`.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    /// The latest time that a node took, in seconds.
    time: i64,
    /// Which one.
    node: String,
    /// For people.
    #[serde(default)]
    cron: String,
}

pub(super) struct Crons {
    etcd: Rc<RefCell<Option<Etcd>>>,
    keys: Keys,
    node: String,
    nano: Nano,
    places: Semaphore,
    waiting: Semaphore,
    lease: Mutex<Option<(i64, Instant)>>,
    complained: RefCell<Option<Instant>>,
}

impl Crons {
    pub(super) fn new(etcd: Rc<RefCell<Option<Etcd>>>, keys: Keys, node: String, nano: Nano) -> Self {
        let (places, waiting) = (Semaphore::new(AT_ONCE), Semaphore::new(MAX_WAITING));
        let (lease, complained) = (Mutex::new(None), RefCell::new(None));
        Self { etcd, keys, node, nano, places, waiting, lease, complained }
    }

    /// Answers for each of them by and by.
    pub(super) fn ask(self: &Rc<Self>, runs: Vec<CronRun>) {
        for run in runs {
            let own = Rc::clone(self);
            tokio::task::spawn_local(async move {
                let granted = own.answer(&run).await;
                own.nano.cron(run.id, granted);
            });
        }
    }

    async fn answer(&self, run: &CronRun) -> Option<bool> {
        let _waits = self.waiting.try_acquire().ok()?;
        if !is_app_name(&run.app) {
            return None;
        }
        let hash = sha256(run.cron.as_bytes());
        let own = format!("{}\n{hash}", run.app);
        tokio::time::sleep(Place::of(&own, &self.node).part_of(SPREAD)).await;
        let _place = self.places.acquire().await.ok()?;
        let etcd = self.etcd.borrow().clone()?;
        let key = self.keys.cron(&run.app, hash.get(..16).unwrap_or(&hash));
        match self.take(&etcd, &key, run).await {
            Ok(granted) => granted,
            Err(error) => {
                // It may have been the lease.
                *self.lease.lock().await = None;
                if matches!(error, EtcdError::Refused(_)) {
                    self.complain(&error);
                }
                None
            }
        }
    }

    async fn take(&self, etcd: &Etcd, key: &str, run: &CronRun) -> Result<Option<bool>, EtcdError> {
        for _ in 0..ATTEMPTS {
            let (value, _) = etcd.get(key.as_bytes().to_vec()).await?;
            let seen = value.as_ref().map_or(0, |value| value.mod_revision);
            let claim = value.and_then(|value| serde_json::from_slice::<Claim>(&value.value).ok());
            if let Some(claim) = claim.filter(|claim| is_taken(claim.time, run.time)) {
                // The answer to what this node wrote may have been lost.
                return Ok(Some(claim.time == run.time && claim.node == self.node));
            }
            let claim = Claim { time: run.time, node: self.node.clone(), cron: run.cron.clone() };
            let value = serde_json::to_vec(&claim).map_err(|error| EtcdError::Refused(error.to_string()))?;
            let put = PutRequest { key: key.as_bytes().to_vec(), value, lease: self.lease(etcd).await? };
            let put = RequestOp { put: Some(put), delete: None };
            if etcd.transact(vec![is_at(key, seen)], vec![put]).await?.is_some() {
                return Ok(Some(true));
            }
        }
        Ok(None)
    }

    /// The lease of keys that are written now: they are forgotten when their cron is not run for hours.
    async fn lease(&self, etcd: &Etcd) -> Result<i64, EtcdError> {
        let mut lease = self.lease.lock().await;
        if let Some((id, _)) = lease.filter(|(_, since)| since.elapsed() < LEASE_FOR) {
            return Ok(id);
        }
        let id = etcd.grant(LEASE).await?;
        *lease = Some((id, Instant::now()));
        Ok(id)
    }

    fn complain(&self, error: &EtcdError) {
        let mut complained = self.complained.borrow_mut();
        if complained.is_none_or(|at| at.elapsed() >= COMPLAIN) {
            *complained = Some(Instant::now());
            let message = format!("crons that are due cannot be taken in etcd, and do not run on this node: {error}");
            self.nano.log("warn", &message, "");
        }
    }
}

/// Whether a time was run, or another one after it, by what the cron's key has.
fn is_taken(claimed: i64, time: i64) -> bool {
    claimed >= time && claimed.saturating_sub(time) <= AHEAD
}

#[cfg(test)]
mod tests;
