//! Follows the table in etcd: reads it whole, then watches from the next revision on. When the watch is lost it goes on
//! where it was, and reads the table whole again only if etcd has forgotten that revision.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::app_entry::AppEntry;
use crate::etcd::messages::{Event, KeyValue};
use crate::etcd::{Etcd, EtcdError, EtcdOptions};
use crate::keys::{Keys, is_app_name};
use crate::rollout::Rollout;

/// The wait before the next attempt to connect: the first, and the longest. Each is somewhere between half and the whole
/// of it, so that a fleet does not come back at once.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A watch that says nothing for so long is looked after: a connection may be open and lead nowhere.
const QUIET: Duration = Duration::from_secs(20);
/// Most apps of a fleet that a node knows; the names behind them are ignored and said.
pub(crate) const MAX_APPS: usize = 200_000;

/// An app in etcd.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) made: i64,
    pub(crate) revision: i64,
    /// Or what is wrong with its value.
    pub(crate) entry: Result<AppEntry, String>,
}

/// A rollout in etcd.
#[derive(Clone, Debug)]
pub(crate) struct KnownRollout {
    /// The revision at which its key was made: its name, as long as it goes on.
    pub(crate) made: i64,
    pub(crate) revision: i64,
    /// Or what is wrong with its value.
    pub(crate) value: Result<Rollout, String>,
}

/// Rollouts by their apps' names.
pub(crate) type Rollouts = BTreeMap<String, KnownRollout>;

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// The whole table.
    Table { apps: BTreeMap<String, Known>, rollouts: Rollouts, revision: i64 },
    /// Rollouts that have moved or begun; and those that are gone, with their apps as they are then.
    Rollouts { puts: Rollouts, ended: BTreeMap<String, Option<Known>> },
    /// Changes since.
    Changes { puts: BTreeMap<String, Known>, deletes: BTreeSet<String>, revision: i64 },
    /// The watch goes on. Nothing may have changed since it was lost.
    Watching,
    /// There is no connection.
    Lost(String),
}

pub(crate) struct Following {
    pub(crate) options: EtcdOptions,
    pub(crate) keys: Keys,
    /// Where the open connection is put.
    pub(crate) etcd: Rc<RefCell<Option<Etcd>>>,
    pub(crate) news: mpsc::Sender<News>,
}

impl Following {
    pub(crate) async fn run(self) {
        let (mut wait, longest) = WAITS;
        // Nodes spread over the members.
        let mut member = usize::try_from(random() % 1024).unwrap_or(0);
        // The next revision of either watch.
        let mut next = [0; 2];
        loop {
            let begun = Instant::now();
            match Etcd::connect(&self.options, member).await {
                Ok(etcd) => {
                    *self.etcd.borrow_mut() = Some(etcd.clone());
                    let lost = self.follow(&etcd, &mut next, &mut wait).await;
                    *self.etcd.borrow_mut() = None;
                    if let EtcdError::Compacted(_) = lost {
                        next = [0; 2];
                        continue;
                    }
                    let _ = self.news.send(News::Lost(lost.to_string())).await;
                }
                Err(error) => {
                    let _ = self.news.send(News::Lost(error.to_string())).await;
                }
            }
            if self.news.is_closed() {
                return;
            }
            // A connection that has lasted ends with a new fault.
            wait = if begun.elapsed() > 2 * longest { WAITS.0 } else { wait };
            member = member.wrapping_add(1);
            let jitter = 0.5 + 0.5 * (f64::from(u32::try_from(random() % 1000).unwrap_or(0)) / 1000.0);
            tokio::time::sleep(wait.mul_f64(jitter)).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// Until the connection is lost.
    async fn follow(&self, etcd: &Etcd, next: &mut [i64; 2], wait: &mut Duration) -> EtcdError {
        match self.follow_until_lost(etcd, next, wait).await {
            Ok(()) => EtcdError::Lost("the agent ends".to_owned()),
            Err(error) => error,
        }
    }

    async fn follow_until_lost(&self, etcd: &Etcd, next: &mut [i64; 2], wait: &mut Duration) -> Result<(), EtcdError> {
        let prefix = self.keys.apps();
        if *next == [0; 2] {
            let (values, revision) = etcd.list(&prefix, false).await?;
            let apps = values.iter().filter_map(|value| self.known(value)).take(MAX_APPS).collect();
            // Both as they were at one time.
            let (values, _) = etcd.list_at(&self.keys.rollouts(), false, revision, MAX_APPS).await?;
            let rollouts = values.iter().filter_map(|value| self.rollout(value)).take(MAX_APPS).collect();
            *next = [revision + 1; 2];
            if self.news.send(News::Table { apps, rollouts, revision }).await.is_err() {
                return Ok(());
            }
        }
        let [next, next_rollout] = next;
        let mut watch = etcd.watch(&prefix, *next).await?;
        let mut rollouts = etcd.watch(&self.keys.rollouts(), *next_rollout).await?;
        if self.news.send(News::Watching).await.is_err() {
            return Ok(());
        }
        loop {
            let (events, revision) = tokio::select! {
                answer = watch.next() => answer?,
                answer = rollouts.next() => {
                    let (events, revision) = answer?;
                    let news = self.moved(etcd, &events).await?;
                    *next_rollout = (*next_rollout).max(revision + 1);
                    if self.news.send(news).await.is_err() {
                        return Ok(());
                    }
                    continue;
                }
                () = tokio::time::sleep(QUIET) => {
                    etcd.get(prefix.clone().into_bytes()).await?;
                    continue;
                }
            };
            *wait = WAITS.0;
            let (mut puts, mut deletes) = (BTreeMap::new(), BTreeSet::new());
            for event in &events {
                let Some(value) = &event.kv else { continue };
                let Some(name) = self.name(&value.key) else { continue };
                if event.kind == 1 {
                    puts.remove(&name);
                    deletes.insert(name);
                } else if let Some((name, known)) = self.known(value) {
                    deletes.remove(&name);
                    puts.insert(name, known);
                }
            }
            *next = (*next).max(revision + 1);
            if self.news.send(News::Changes { puts, deletes, revision }).await.is_err() {
                return Ok(());
            }
        }
    }

    /// What events of rollouts mean. The two watches are not of one pace: of a rollout that is gone it is asked what has
    /// become of its app, so that no node goes back to the old version when the new one has become the app's.
    async fn moved(&self, etcd: &Etcd, events: &[Event]) -> Result<News, EtcdError> {
        let (mut puts, mut ended) = (Rollouts::new(), BTreeMap::new());
        for event in events {
            let Some(value) = &event.kv else { continue };
            let Some(name) = name_below(&self.keys.rollouts(), &value.key) else { continue };
            if event.kind == 1 {
                puts.remove(&name);
                ended.insert(name, None);
            } else if let Some((name, rollout)) = self.rollout(value) {
                ended.remove(&name);
                puts.insert(name, rollout);
            }
        }
        for (name, app) in &mut ended {
            let (value, _) = etcd.get(self.keys.app(name).into_bytes()).await?;
            *app = value.and_then(|value| self.known(&value)).map(|(_, known)| known);
        }
        Ok(News::Rollouts { puts, ended })
    }

    fn rollout(&self, value: &KeyValue) -> Option<(String, KnownRollout)> {
        let name = name_below(&self.keys.rollouts(), &value.key)?;
        let (made, revision) = (value.create_revision, value.mod_revision);
        let value = Rollout::parse(&value.value).map_err(|error| error.to_string());
        Some((name, KnownRollout { made, revision, value }))
    }

    fn name(&self, key: &[u8]) -> Option<String> {
        name_below(&self.keys.apps(), key)
    }

    /// `None`: a key that is no app's name; nobody can mean it.
    fn known(&self, value: &KeyValue) -> Option<(String, Known)> {
        let entry = AppEntry::parse(&value.value).map_err(|error| error.to_string());
        Some((self.name(&value.key)?, Known { made: value.create_revision, revision: value.mod_revision, entry }))
    }
}

fn name_below(prefix: &str, key: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(key).ok()?.strip_prefix(prefix)?;
    is_app_name(name).then(|| name.to_owned())
}

fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}
