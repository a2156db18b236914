//! The leader among the nodes' agents: moves the rollouts. Which one leads, etcd's election says, and only while there are
//! rollouts. All that it decides is in etcd; what it remembers beside that is for how long it has watched, so one that
//! takes over begins the pause of a step anew.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::follow::{KnownRollout, Rollouts};
use super::report::Report;
use super::talk::Nano;
use crate::app_entry::{AppEntry, End, Ended};
use crate::etcd::election::Candidate;
use crate::etcd::{Etcd, EtcdError, is_at, put_op};
use crate::keys::Keys;
use crate::rollout::judge::{Move, Nodes, Seen, Times, first, judge};
use crate::rollout::{AT_ONCE, Place, Rollout};
use crate::table::MAX_REASON;

/// How often the leader looks at the nodes, and the others whether there is a leader.
const LOOK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(1));
/// What passes between two looks counts as watched up to this.
const GAP: Duration = Duration::from_secs(2);
/// An agent whose etcd does not allow it to lead stands again after this.
const REFUSED: Duration = Duration::from_secs(60);
/// Most nodes that are looked at.
const MAX_NODES: usize = 10_000;

pub(super) struct Lead {
    etcd: Rc<RefCell<Option<Etcd>>>,
    keys: Keys,
    node: String,
    rollouts: Rc<RefCell<Rollouts>>,
    nano: Nano,
    candidate: Option<Candidate>,
    /// Others look at it, too.
    leads: Rc<Cell<bool>>,
    /// By the app's name, with the revision that they are of.
    times: BTreeMap<String, (i64, Times)>,
    looked: Option<Instant>,
}

/// Runs until it is dropped.
pub(super) async fn run(mut lead: Lead) {
    loop {
        let wait = match lead.turn().await {
            Ok(()) => {
                if lead.leads.get() {
                    LOOK.0
                } else {
                    LOOK.1
                }
            }
            Err(error) => {
                lead.forget();
                if matches!(error, EtcdError::Refused(_)) {
                    let message = format!("this node does not lead rollouts: {error}");
                    lead.nano.log("debug", &message, "");
                    if let (Some(candidate), Some(etcd)) = (lead.candidate.take(), lead.connection()) {
                        candidate.resign(&etcd).await;
                    }
                    REFUSED
                } else {
                    lead.candidate = None;
                    LOOK.1
                }
            }
        };
        tokio::time::sleep(wait).await;
    }
}

impl Lead {
    pub(super) fn new(
        etcd: Rc<RefCell<Option<Etcd>>>,
        keys: Keys,
        node: String,
        (rollouts, leads): (Rc<RefCell<Rollouts>>, Rc<Cell<bool>>),
        nano: Nano,
    ) -> Self {
        let times = BTreeMap::new();
        Self { etcd, keys, node, rollouts, nano, candidate: None, leads, times, looked: None }
    }

    fn connection(&self) -> Option<Etcd> {
        self.etcd.borrow().clone()
    }

    fn forget(&mut self) {
        self.leads.set(false);
        self.times.clear();
        self.looked = None;
    }

    async fn turn(&mut self) -> Result<(), EtcdError> {
        let Some(etcd) = self.connection() else {
            self.forget();
            self.candidate = None;
            return Ok(());
        };
        if self.rollouts.borrow().is_empty() {
            self.forget();
            if let Some(candidate) = self.candidate.take() {
                candidate.resign(&etcd).await;
            }
            return Ok(());
        }
        let prefix = self.keys.leaders();
        let mut candidate = match self.candidate.take() {
            Some(candidate) => candidate,
            None => Candidate::stand(&etcd, &prefix, &self.node).await?,
        };
        let leads = candidate.leads(&etcd, &prefix).await;
        let candidate = self.candidate.insert(candidate);
        if !leads? {
            self.forget();
            return Ok(());
        }
        let stands = candidate.stands();
        if !self.leads.replace(true) {
            self.nano.log("info", "this node leads the fleet's rollouts", "");
        }
        self.look(&etcd, &stands).await
    }

    /// Looks at each rollout once.
    async fn look(&mut self, etcd: &Etcd, stands: &crate::etcd::messages::Compare) -> Result<(), EtcdError> {
        let reports = reports(etcd, &self.keys).await?;
        let passed = self.looked.map_or(Duration::ZERO, |at| at.elapsed().min(GAP));
        self.looked = Some(Instant::now());
        let mut rollouts: Vec<(String, KnownRollout)> = {
            let all = self.rollouts.borrow();
            let sound = all.iter().filter(|(_, rollout)| rollout.value.is_ok());
            sound.map(|(name, rollout)| (name.clone(), rollout.clone())).collect()
        };
        rollouts.sort_by_key(|(_, rollout)| rollout.made);
        rollouts.truncate(AT_ONCE);
        let mut times = BTreeMap::new();
        for (name, known) in rollouts {
            let Ok(mut rollout) = known.value else { continue };
            let mut all = nodes(&name, &rollout, known.made, &reports);
            if rollout.step.is_none() {
                rollout.first = first(&all).cloned().unwrap_or_default();
                all = nodes(&name, &rollout, known.made, &reports);
            }
            let mut time = match self.times.get(&name) {
                Some((revision, time)) if *revision == known.revision => {
                    Times { waited: time.waited + passed, ..*time }
                }
                _ => Times::default(),
            };
            let verdict = judge(&rollout, &all, time);
            if verdict == Move::Wait(true) {
                time.watched += passed;
            }
            times.insert(name.clone(), (known.revision, time));
            self.carry_out(etcd, stands, (&name, &rollout, known.revision), verdict).await?;
        }
        self.times = times;
        Ok(())
    }

    /// Changes the rollout if it is as it was judged and this agent leads still.
    async fn carry_out(
        &self,
        etcd: &Etcd,
        stands: &crate::etcd::messages::Compare,
        (name, rollout, revision): (&str, &Rollout, i64),
        verdict: Move,
    ) -> Result<(), EtcdError> {
        let key = self.keys.rollout(name);
        let seen = [stands.clone(), is_at(&key, revision)];
        match verdict {
            Move::Wait(_) => {}
            Move::Step(step, reach) => {
                let moved = Rollout { step: Some(step), reach, ..rollout.clone() };
                let value = serde_json::to_vec(&moved).map_err(|error| EtcdError::Refused(error.to_string()))?;
                if etcd.transact(seen.to_vec(), vec![put_op(&key, value)]).await?.is_some() {
                    let all = if reach == Place::ALL { ", every node" } else { "" };
                    self.nano.log("info", &format!("rollout: {}{all}", moved.step_line()), name);
                }
            }
            Move::Done => {
                let app = self.keys.app(name);
                let entry = AppEntry { ended: None, ..rollout.new.clone() };
                let value = serde_json::to_vec(&entry).map_err(|error| EtcdError::Refused(error.to_string()))?;
                let mut success = end(etcd, &self.keys, (name, rollout), (End::Done, "")).await?;
                success.push(put_op(&app, value));
                let compare = [seen.to_vec(), vec![is_at(&app, rollout.base)]].concat();
                if etcd.transact(compare, success).await?.is_some() {
                    let generation = rollout.new.generation;
                    self.nano.log("info", &format!("rollout: done, generation {generation} is the app's"), name);
                } else if etcd.get(app.into_bytes()).await?.0.is_none_or(|app| app.mod_revision != rollout.base) {
                    let why = "the app was changed meanwhile, without regard to the rollout";
                    let success = end(etcd, &self.keys, (name, rollout), (End::Aborted, why)).await?;
                    if etcd.transact(seen.to_vec(), success).await?.is_some() {
                        self.nano.log("warn", &format!("rollout: ended: {why}"), name);
                    }
                }
            }
            Move::Fail(why) => {
                let success = end(etcd, &self.keys, (name, rollout), (End::RolledBack, &why)).await?;
                if etcd.transact(seen.to_vec(), success).await?.is_some() {
                    let line = rollout.step_line();
                    self.nano.log("error", &format!("rollout: rolled back at {line}: {why}"), name);
                }
            }
        }
        Ok(())
    }
}

/// What ends a rollout: its key goes, and its version is in the history with how it ended.
pub(crate) async fn end(
    etcd: &Etcd,
    keys: &Keys,
    (name, rollout): (&str, &Rollout),
    (how, why): (End, &str),
) -> Result<Vec<crate::etcd::messages::RequestOp>, EtcdError> {
    let why = why.chars().take(MAX_REASON).collect();
    let ended = Some(Ended { how, step: rollout.step_line(), why });
    let entry = AppEntry { ended, ..rollout.new.clone() };
    let present = if how == End::Done { entry.generation } else { rollout.old };
    let value = serde_json::to_vec(&entry).map_err(|error| EtcdError::Refused(error.to_string()))?;
    let mut operations = crate::history::forget_ops(etcd, keys, name, present).await?;
    operations.push(put_op(&keys.generation(name, entry.generation), value));
    operations.push(crate::etcd::delete_op(&keys.rollout(name), false));
    Ok(operations)
}

async fn reports(etcd: &Etcd, keys: &Keys) -> Result<BTreeMap<String, Report>, EtcdError> {
    let prefix = keys.nodes();
    let (values, _) = etcd.list_at(&prefix, false, 0, MAX_NODES).await?;
    let report = |value: crate::etcd::messages::KeyValue| {
        let name = std::str::from_utf8(&value.key).ok()?.strip_prefix(&prefix)?.to_owned();
        Some((name, serde_json::from_slice(&value.value).ok()?))
    };
    Ok(values.into_iter().filter_map(report).collect())
}

/// The nodes that the new version is for.
fn nodes(app: &str, rollout: &Rollout, made: i64, reports: &BTreeMap<String, Report>) -> Nodes {
    let matching = reports.iter().filter(|(_, report)| rollout.new.is_for(&report.labels));
    let seen = |(name, report): (&String, &Report)| {
        let standing = report.rollouts.get(app).filter(|standing| standing.rollout == made).cloned();
        (name.clone(), Seen { place: rollout.place(app, name), standing })
    };
    matching.map(seen).collect()
}
