//! In a fleet a run that is due belongs to one of the nodes. Which one, etcd decides: the agent is asked, again and again for
//! as long as it does not know.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nano_fleet_link::{CronRun, MAX_RUNS};
use tokio::sync::{Notify, oneshot};

use super::timetable::{CronKey, MAX_LATE};
use super::{Crons, unix_millis};
use crate::telemetry::CronResult;

/// An answer takes no longer, or does not come.
const ANSWER: Duration = Duration::from_secs(30);
/// The wait before it is asked again.
const AGAIN: Duration = Duration::from_secs(2);
/// How often a run that another nano may begin looks whether it does.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Whether nano is a node of a fleet.
    on: Cell<bool>,
    last: Cell<u64>,
    open: RefCell<BTreeMap<u64, oneshot::Sender<Option<bool>>>>,
    unsent: RefCell<BTreeMap<u64, CronRun>>,
    /// The time of each cron that waits for its answer, or to begin, in seconds.
    waiting: RefCell<BTreeMap<CronKey, i64>>,
    changed: Notify,
}

/// Whose a run is.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ours,
    Elsewhere,
    /// Nobody knew in time, or the next one is due.
    Missed,
    /// There is no such cron any more, or nano stops.
    Gone,
}

impl Claims {
    pub(super) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// The time that waits.
    pub(super) fn waits(&self, key: &CronKey) -> Option<i64> {
        self.waiting.borrow().get(key).copied()
    }

    async fn ask(&self, key: &CronKey, time: i64) -> Option<bool> {
        let id = self.last.get().wrapping_add(1);
        self.last.set(id);
        let (answer, heard) = oneshot::channel();
        self.open.borrow_mut().insert(id, answer);
        let run = CronRun { id, app: key.app.to_string(), cron: key.cron.to_string(), time };
        self.unsent.borrow_mut().insert(id, run);
        self.changed.notify_one();
        let answer = tokio::time::timeout(ANSWER, heard).await;
        self.open.borrow_mut().remove(&id);
        self.unsent.borrow_mut().remove(&id);
        answer.ok()?.ok()?
    }
}

impl Crons {
    /// nano is a node of a fleet: every run is asked for from now on.
    pub(crate) fn join_fleet(&self) {
        self.claims.on.set(true);
    }

    /// Waits until the agent is to be asked something.
    pub(crate) async fn has_questions(&self) {
        self.claims.changed.notified().await;
    }

    /// What the agent is to be asked now.
    pub(crate) fn questions(&self) -> Vec<CronRun> {
        let mut unsent = self.claims.unsent.borrow_mut();
        let some: Vec<CronRun> = std::iter::from_fn(|| unsent.pop_first()).take(MAX_RUNS).map(|(_, run)| run).collect();
        if !unsent.is_empty() {
            self.claims.changed.notify_one();
        }
        some
    }

    /// The agent's answer.
    pub(crate) fn answer(&self, id: u64, granted: Option<bool>) {
        if let Some(asked) = self.claims.open.borrow_mut().remove(&id) {
            let _ = asked.send(granted);
        }
    }

    /// The agent has ended: what it was asked is to be asked again.
    pub(crate) fn agent_ended(&self) {
        self.claims.open.borrow_mut().clear();
    }

    /// Begins a run if it is this node's.
    pub(super) async fn claim(self: Rc<Self>, key: CronKey, time: i64) {
        self.claims.waiting.borrow_mut().insert(key.clone(), time);
        let verdict = self.verdict(&key, time).await;
        if self.claims.waits(&key) == Some(time) {
            self.claims.waiting.borrow_mut().remove(&key);
        }
        let (Some(app), Some(record)) = (self.app(&key.app), self.records.borrow().get(&key).map(Rc::clone)) else {
            return;
        };
        match verdict {
            Verdict::Ours => self.begin(key, time, app, record),
            Verdict::Elsewhere => app.metrics.cron_run(CronResult::Elsewhere),
            Verdict::Missed => {
                app.metrics.cron_run(CronResult::Missed);
                tracing::warn!(
                    app = %key.app, cron = %key.cron, scheduled_time = time * 1000,
                    "a run of a cron was missed: etcd did not say in time which node of the fleet has it"
                );
            }
            Verdict::Gone => {}
        }
    }

    async fn verdict(&self, key: &CronKey, time: i64) -> Verdict {
        loop {
            let granted = self.claims.ask(key, time).await;
            // Another nano takes over, and will ask itself.
            while self.held.get() {
                tokio::time::sleep(LOOK).await;
            }
            if self.stopped.get() || !self.timetable.borrow().has(key) {
                return Verdict::Gone;
            }
            match granted {
                Some(true) => return Verdict::Ours,
                Some(false) => return Verdict::Elsewhere,
                None => {}
            }
            let now = i64::try_from(unix_millis() / 1000).unwrap_or(i64::MAX);
            if self.claims.waits(key) != Some(time) || now.saturating_sub(time) > MAX_LATE {
                return Verdict::Missed;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
