//! What a node says of itself in the fleet: `nodes/NODE`, under a lease that ends with the node.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Agent, Verdict};
use crate::etcd::{Etcd, EtcdError};
use crate::rollout::judge::Standing;

/// A node that is gone is forgotten after so many seconds.
const LEASE: i64 = 15;
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(4);
/// Load alone is not worth more than this.
const OFTEN: Duration = Duration::from_secs(15);
/// Apps that do not serve in their present version are listed up to so many, those that changed last first.
const MAX_LISTED: usize = 500;
/// A report that lists more than this is not written more often than [`LONG_OFTEN`]: each is a value in etcd's history.
const LONG: usize = 20;
const LONG_OFTEN: Duration = Duration::from_secs(1);

/// What the node has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) in_flight: u64,
    pub(crate) workers: u64,
    pub(crate) requests: u64,
}

/// An app whose present version does not serve on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unready {
    /// `refused` or `pending`.
    pub(crate) state: String,
    /// etcd's revision of the version that is meant.
    pub(crate) revision: i64,
    pub(crate) why: String,
}

/// The value of `nodes/NODE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// nano's version.
    pub(crate) version: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Every change up to this revision serves, but for `unready`.
    pub(crate) revision: i64,
    /// Apps that serve.
    pub(crate) apps: u64,
    /// By name; at most 500 are listed, those with the highest revisions.
    pub(crate) unready: BTreeMap<String, Unready>,
    /// How many there are.
    pub(crate) unready_count: u64,
    /// Why nothing can be applied; empty: all is well.
    pub(crate) error: String,
    pub(crate) load: Load,
    /// By the app's name; at most 100.
    #[serde(default)]
    pub(crate) rollouts: BTreeMap<String, Standing>,
}

impl Report {
    /// Whether an app that changed at this revision would be listed if it were not ready.
    pub(crate) fn lists(&self, revision: i64) -> bool {
        let listed = u64::try_from(self.unready.len()).unwrap_or(u64::MAX);
        self.unready_count <= listed || self.unready.values().any(|unready| unready.revision < revision)
    }
}

/// What is worth telling at once: not the load.
impl PartialEq for Report {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.unready == other.unready
            && self.unready_count == other.unready_count
            && self.apps == other.apps
            && self.error == other.error
            && self.rollouts == other.rollouts
    }
}

impl Agent {
    pub(super) fn report(&self) -> Report {
        let mut all: Vec<_> = self.verdicts.iter().collect();
        if all.len() > MAX_LISTED {
            all.sort_by_key(|(_, (revision, _))| std::cmp::Reverse(*revision));
        }
        let unready = all.into_iter().take(MAX_LISTED).map(|(name, (revision, verdict))| {
            let (state, why) = match verdict {
                Verdict::Refused(why) => ("refused", why),
                Verdict::Pending(why) => ("pending", why),
            };
            let why = why.chars().take(crate::table::MAX_REASON).collect();
            (name.clone(), Unready { state: state.to_owned(), revision: *revision, why })
        });
        Report {
            version: self.node.version.clone(),
            labels: self.fleet.labels.clone(),
            revision: self.handled,
            apps: u64::try_from(self.applied.len()).unwrap_or(u64::MAX),
            unready: unready.collect(),
            unready_count: u64::try_from(self.verdicts.len()).unwrap_or(u64::MAX),
            error: self.apply_error.chars().take(crate::table::MAX_REASON).collect(),
            load: self.load.clone(),
            rollouts: self.standings(),
        }
    }
}

/// Keeps the node's key, for as long as there is a connection. Runs until it is dropped.
pub(crate) async fn run(etcd: Rc<RefCell<Option<Etcd>>>, key: String, mut reports: watch::Receiver<Option<Report>>) {
    let mut keeping = Keeping { key, lease: None, said: None, written: None };
    let mut ticks = tokio::time::interval(RENEW);
    loop {
        tokio::select! {
            changed = reports.changed() => if changed.is_err() { return },
            _ = ticks.tick() => {}
        }
        let report = reports.borrow_and_update().clone();
        let etcd = etcd.borrow().clone();
        let long = report.as_ref().is_some_and(|report| report.unready.len() > LONG);
        if let (Some(etcd), Some(report)) = (etcd, report)
            && keeping.keep(&etcd, &report).await.is_err()
        {
            // The lease may be gone; the connection's own task sees to the connection.
            keeping.lease = None;
        }
        if long {
            tokio::time::sleep(LONG_OFTEN).await;
        }
    }
}

struct Keeping {
    key: String,
    lease: Option<(i64, Instant)>,
    said: Option<Report>,
    written: Option<Instant>,
}

impl Keeping {
    async fn keep(&mut self, etcd: &Etcd, report: &Report) -> Result<(), EtcdError> {
        let lease = match self.lease {
            Some((lease, renewed)) if renewed.elapsed() < RENEW / 2 => lease,
            Some((lease, _)) if etcd.keep_alive(lease).await? => {
                self.lease = Some((lease, Instant::now()));
                lease
            }
            _ => {
                let lease = etcd.grant(LEASE).await?;
                self.lease = Some((lease, Instant::now()));
                self.written = None;
                lease
            }
        };
        let stale = self.written.is_none_or(|at| at.elapsed() > OFTEN);
        if !stale && self.said.as_ref() == Some(report) {
            return Ok(());
        }
        let value = serde_json::to_vec(report).map_err(|error| EtcdError::Refused(error.to_string()))?;
        etcd.put(&self.key, value, lease).await?;
        (self.said, self.written) = (Some(report.clone()), Some(Instant::now()));
        Ok(())
    }
}
