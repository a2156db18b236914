//! The agent of a node: follows the table in etcd, keeps it in `state_dir`, and has nano go over to it.

mod apply;
mod crons;
mod fetch;
mod follow;
mod lead;
mod measure;
mod report;
mod talk;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_config::FleetConfig;
use nano_fleet_link::{Fault, RolloutCounts, STATUS_EVERY_MS, Status, ToAgent};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::etcd::{Etcd, EtcdOptions};
use crate::keys::Keys;
use crate::rollout::State;
use crate::secrets::SecretKeys;
use crate::table::{Node, Rows, StateDir};
use crons::Crons;
use fetch::Fetched;
use follow::{Known, KnownRollout, News, Rollouts};
pub(crate) use lead::end;
use measure::Measure;
pub(crate) use report::{Report, Unready};

use report::Load;
use talk::Nano;

/// The wait before what failed as a whole is tried again: the first, and the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Changes that come within this are applied as one.
const QUIET: Duration = Duration::from_millis(10);

/// Why the agent ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    #[error("nano said nothing that begins with its configuration")]
    NoNode,
    #[error("this is no node of a fleet: {0}")]
    Config(String),
    #[error(
        "the state directory {} cannot be used: {source}; the user that nano becomes must be able to reach and write it",
        .path.display()
    )]
    State { path: PathBuf, source: std::io::Error },
}

impl AgentError {
    pub(crate) fn state(state: &StateDir, source: std::io::Error) -> Self {
        Self::State { path: state.0.clone(), source }
    }
}

/// Why the present version of an app does not serve here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Refused(String),
    Pending(String),
}

pub(crate) struct Agent {
    node: Node,
    fleet: FleetConfig,
    keys: Keys,
    secret_keys: SecretKeys,
    state: StateDir,
    nano: Nano,
    /// The connection that is open.
    etcd: Rc<RefCell<Option<Etcd>>>,
    /// The table as etcd has it; `None`: it was not read yet.
    known: Option<BTreeMap<String, Known>>,
    /// The rollouts as etcd has them.
    rollouts: Rc<RefCell<Rollouts>>,
    /// Apps whose numbers nano tells.
    watched: Vec<String>,
    measures: BTreeMap<String, Measure>,
    /// The table that serves.
    applied: Rows,
    /// Of apps that are not in `applied` in their present version; with the revision that is meant.
    verdicts: BTreeMap<String, (i64, Verdict)>,
    /// etcd's revision that `known` is of.
    revision: i64,
    /// Everything up to here serves or has a verdict.
    handled: i64,
    connected: bool,
    connect_error: String,
    apply_error: String,
    fetches: JoinSet<Fetched>,
    fetching: BTreeSet<String>,
    /// Bundles that are to be fetched when there is room.
    queue: BTreeSet<String>,
    /// When what was fetched is to be applied.
    gather: Option<Instant>,
    /// Bundles that could not be fetched: why, and when it is tried again.
    failed: BTreeMap<String, (String, Instant, u32)>,
    /// Those of them that an app of this node waits for.
    awaited: BTreeSet<String>,
    retry: Option<Instant>,
    retries: u32,
    unused: BTreeMap<String, Instant>,
    load: Load,
    reports: watch::Sender<Option<Report>>,
    dirty: bool,
    crons: Rc<Crons>,
    /// Rollouts that ended while this agent looked: with the new version, and with the one before.
    ended: (u64, u64),
    /// Whether it leads the rollouts.
    leads: Rc<Cell<bool>>,
    /// The table in etcd was found empty: apps that are not in it go on serving.
    hold: bool,
}

pub(crate) fn options(fleet: &FleetConfig) -> EtcdOptions {
    EtcdOptions {
        endpoints: fleet.endpoints.clone(),
        ca: fleet.tls.ca.clone(),
        own: fleet.tls.own.clone(),
        user: fleet.user.clone(),
    }
}

/// The node's configuration from nano's first line, and what could not be started.
pub(crate) fn node_of(message: ToAgent) -> Result<(Node, FleetConfig, Vec<Fault>), AgentError> {
    let ToAgent::Node { text, file, cwd, version, refused } = message else { return Err(AgentError::NoNode) };
    let node = Node { text, file: PathBuf::from(file), cwd: PathBuf::from(cwd), version };
    let fleet = nano_config::fleet_of(&node.text, &node.file, &node.cwd);
    let fleet = fleet.map_err(|error| AgentError::Config(error.to_string()))?;
    Ok((node, fleet, refused))
}

/// Runs until nano closes the standard input.
pub(crate) async fn run() -> Result<(), AgentError> {
    let (nano, mut heard) = Nano::begin();
    let first = heard.recv().await.ok_or(AgentError::NoNode)?;
    let (node, fleet, refused) = node_of(first)?;
    let state = StateDir(fleet.state_dir.clone());
    state.make().map_err(|source| AgentError::state(&state, source))?;
    let (mut applied, unreadable) = state.load();
    if let Some(error) = unreadable {
        nano.log("warn", &format!("the cached table cannot be read, and is fetched anew: {error}"), "");
    }
    // What nano could not start is not what serves.
    let mut verdicts = BTreeMap::new();
    for fault in refused {
        if let Some(row) = applied.remove(&fault.name) {
            verdicts.insert(fault.name, (row.mark.revision, Verdict::Refused(fault.message)));
        }
    }
    let (secret_keys, faults) = SecretKeys::read(&fleet.secret_keys);
    for fault in faults {
        nano.log("error", &format!("fleet.secret_keys: {fault}"), "");
    }
    let (reports, reported) = watch::channel(None);
    let etcd = Rc::new(RefCell::new(None));
    let keys = Keys(fleet.prefix.clone());
    let (news, incoming) = mpsc::channel(64);
    let mut background = JoinSet::new();
    let following = follow::Following { options: options(&fleet), keys: keys.clone(), etcd: Rc::clone(&etcd), news };
    background.spawn_local(following.run());
    background.spawn_local(report::run(Rc::clone(&etcd), keys.node(&fleet.node), reported));
    let rollouts = Rc::new(RefCell::new(Rollouts::new()));
    let leads = Rc::new(Cell::new(false));
    background.spawn_local(lead::run(lead::Lead::new(
        Rc::clone(&etcd),
        keys.clone(),
        fleet.node.clone(),
        (Rc::clone(&rollouts), Rc::clone(&leads)),
        nano.clone(),
    )));
    let crons = Rc::new(Crons::new(Rc::clone(&etcd), keys.clone(), fleet.node.clone(), nano.clone()));
    let agent = Agent {
        node,
        fleet,
        keys,
        secret_keys,
        state,
        nano,
        etcd,
        known: None,
        rollouts,
        watched: Vec::new(),
        measures: BTreeMap::new(),
        applied,
        verdicts,
        revision: 0,
        handled: 0,
        connected: false,
        connect_error: "not connected yet".to_owned(),
        apply_error: String::new(),
        fetches: JoinSet::new(),
        fetching: BTreeSet::new(),
        queue: BTreeSet::new(),
        gather: None,
        hold: false,
        failed: BTreeMap::new(),
        awaited: BTreeSet::new(),
        retry: None,
        retries: 0,
        unused: BTreeMap::new(),
        load: Load::default(),
        reports,
        dirty: false,
        crons,
        ended: (0, 0),
        leads,
    };
    agent.attend(heard, incoming).await
}

impl Agent {
    async fn attend(
        mut self,
        mut heard: mpsc::Receiver<ToAgent>,
        mut news: mpsc::Receiver<News>,
    ) -> Result<(), AgentError> {
        let mut ticks = tokio::time::interval(Duration::from_millis(STATUS_EVERY_MS));
        loop {
            let due = self.due();
            tokio::select! {
                message = heard.recv() => match message {
                    None => return Ok(()),
                    Some(message) => self.hear(message),
                },
                Some(news) = news.recv() => self.learn(news),
                Some(fetched) = self.fetches.join_next() => self.take(fetched.ok()),
                () = tokio::time::sleep_until(due.into()) => {
                    self.gather = None;
                    self.dirty = true;
                }
                _ = ticks.tick() => self.collect(),
            }
            if self.dirty {
                // More may be on its way.
                let quiet = tokio::time::Instant::now() + QUIET;
                while let Ok(Some(news)) = tokio::time::timeout_at(quiet, news.recv()).await {
                    self.learn(news);
                }
                self.dirty = false;
                if !self.apply_beside(&mut heard).await {
                    return Ok(());
                }
            }
            self.say();
        }
    }

    /// Applies, and tells nano meanwhile that this agent has not hung: it is the disk that may take long.
    async fn apply_beside(&mut self, heard: &mut mpsc::Receiver<ToAgent>) -> bool {
        let nano = self.nano.clone();
        let often = Duration::from_millis(STATUS_EVERY_MS);
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + often, often);
        let mut applied = std::pin::pin!(self.apply(heard));
        loop {
            tokio::select! {
                biased;
                going_on = &mut applied => return going_on,
                _ = ticks.tick() => nano.again(),
            }
        }
    }

    fn hear(&mut self, message: ToAgent) {
        match message {
            ToAgent::Load { in_flight, workers, requests } => self.load = Load { in_flight, workers, requests },
            node @ ToAgent::Node { .. } => match node_of(node) {
                // What this node refused it may take now.
                Ok((node, _, _)) => {
                    self.node = node;
                    self.verdicts.retain(|_, (_, verdict)| !matches!(verdict, Verdict::Refused(_)));
                    self.dirty = true;
                }
                Err(error) => self.nano.log("error", &error.to_string(), ""),
            },
            ToAgent::Numbers { apps } => self.take_numbers(&apps),
            ToAgent::Crons { runs } => self.crons.ask(runs),
            // Of a reload that nobody waits for any more.
            ToAgent::Reloaded { .. } => {}
        }
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Table { apps, rollouts, revision } => {
                *self.rollouts.borrow_mut() = rollouts;
                let empty = apps.is_empty() && !self.applied.is_empty() && self.known.is_none();
                let lost = apps.is_empty() && self.known.as_ref().is_some_and(|known| known.len() > 1);
                self.connected = true;
                if empty || lost {
                    // An etcd that was set up anew, or another prefix. Apps that are removed one by one are not this.
                    self.connect_error =
                        "the fleet's table is empty, and this node has apps: it keeps them until there is one"
                            .to_owned();
                    self.nano.log("error", &self.connect_error, "");
                    self.hold = true;
                    self.known = Some(apps);
                    self.revision = revision;
                    return;
                }
                self.hold &= apps.len() < self.applied.len();
                self.connect_error.clear();
                self.known = Some(apps);
                self.revision = revision;
                self.dirty = true;
                self.nano.log("info", &format!("connected to etcd; the table is of revision {revision}"), "");
            }
            News::Changes { puts, deletes, revision } => {
                self.connected = true;
                let known = self.known.get_or_insert_default();
                self.dirty |= !puts.is_empty() || !deletes.is_empty();
                for name in deletes {
                    known.remove(&name);
                }
                known.extend(puts);
                self.hold &= known.len() < self.applied.len();
                if !self.hold {
                    self.connect_error.clear();
                }
                self.revision = self.revision.max(revision);
                if !self.dirty && self.retry.is_none() && self.apply_error.is_empty() {
                    self.handled = self.revision;
                }
            }
            News::Rollouts { puts, ended } => {
                let mut rollouts = self.rollouts.borrow_mut();
                for (name, app) in &ended {
                    let Some(rollout) = rollouts.remove(name) else { continue };
                    let of = |known: &Known| known.entry.as_ref().map_or(0, |entry| entry.generation);
                    let new = rollout.value.map_or(0, |rollout| rollout.new.generation);
                    let count = if app.as_ref().map(of) == Some(new) { &mut self.ended.0 } else { &mut self.ended.1 };
                    *count = count.saturating_add(1);
                }
                rollouts.extend(puts);
                drop(rollouts);
                let known = self.known.get_or_insert_default();
                for (name, app) in ended {
                    match app {
                        Some(app) => {
                            known.insert(name, app);
                        }
                        None => {
                            known.remove(&name);
                        }
                    }
                }
                // What the old version has answered is known before the new one serves.
                self.watch_rollouts();
                self.dirty = true;
            }
            News::Watching => {
                if !self.connected {
                    self.nano.log("info", "connected to etcd again", "");
                }
                self.connected = true;
                if !self.hold {
                    self.connect_error.clear();
                }
                // What waits for a connection has one.
                self.dirty |= !self.queue.is_empty();
            }
            News::Lost(error) => {
                if self.connected {
                    self.nano.log("warn", &format!("etcd is away, what serves goes on: {error}"), "");
                }
                self.connected = false;
                self.connect_error = error;
            }
        }
    }

    /// When something is to be tried again.
    fn due(&self) -> Instant {
        let again = self.known.is_some() && self.fetching.is_empty() && self.queue.is_empty();
        let awaited = self.failed.iter().filter(|(hash, _)| self.awaited.contains(*hash));
        let fetches = awaited.map(|(_, (_, at, _))| *at).filter(|_| again);
        let far = Instant::now() + Duration::from_secs(3600);
        let retries = fetches.chain(self.retry).filter(|_| self.connected);
        retries.chain(self.gather).min().unwrap_or(far)
    }

    fn count(&self, refused: bool) -> u64 {
        let matching = self.verdicts.values().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_)) == refused);
        u64::try_from(matching.count()).unwrap_or(u64::MAX)
    }

    fn rollout_counts(&self) -> RolloutCounts {
        let rollouts = self.rollouts.borrow();
        let paused =
            |rollout: &&KnownRollout| rollout.value.as_ref().is_ok_and(|rollout| rollout.state == State::Paused);
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let paused = count(rollouts.values().filter(paused).count());
        RolloutCounts {
            running: count(rollouts.len()).saturating_sub(paused),
            paused,
            done: self.ended.0,
            taken_back: self.ended.1,
            leads: self.leads.get(),
        }
    }

    /// Tells nano and the fleet how it stands.
    fn say(&mut self) {
        self.watch_rollouts();
        let error = if self.connect_error.is_empty() { &self.apply_error } else { &self.connect_error };
        let pending = self.count(false);
        let all = error.is_empty() && pending == 0 && self.handled >= self.revision;
        self.nano.status(Status {
            connected: self.connected,
            revision: u64::try_from(self.handled).unwrap_or(0),
            in_sync: self.connected && self.known.is_some() && all,
            ready: u64::try_from(self.applied.len()).unwrap_or(u64::MAX),
            refused: self.count(true),
            pending,
            error: error.chars().take(1000).collect(),
            rollouts: self.rollout_counts(),
        });
        let report = self.report();
        self.reports.send_if_modified(|last| {
            let news = last.as_ref() != Some(&report);
            *last = Some(report);
            news
        });
    }
}

pub(crate) use talk::first as first_message;
