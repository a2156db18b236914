//! Follows the table in etcd: reads it whole, then watches from the next revision on. When the watch is lost it goes on
//! where it was, and reads the table whole again only if etcd has forgotten that revision.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app_entry::AppEntry;
use crate::etcd::messages::KeyValue;
use crate::etcd::{Etcd, EtcdError, EtcdOptions};
use crate::keys::{Keys, is_app_name};

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

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// The whole table.
    Table { apps: BTreeMap<String, Known>, revision: i64 },
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
        let mut next = 0;
        loop {
            match Etcd::connect(&self.options, member).await {
                Ok(etcd) => {
                    *self.etcd.borrow_mut() = Some(etcd.clone());
                    let lost = self.follow(&etcd, &mut next, &mut wait).await;
                    *self.etcd.borrow_mut() = None;
                    if let EtcdError::Compacted(_) = lost {
                        next = 0;
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
            member = member.wrapping_add(1);
            let jitter = 0.5 + 0.5 * (f64::from(u32::try_from(random() % 1000).unwrap_or(0)) / 1000.0);
            tokio::time::sleep(wait.mul_f64(jitter)).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// Until the connection is lost.
    async fn follow(&self, etcd: &Etcd, next: &mut i64, wait: &mut Duration) -> EtcdError {
        match self.follow_until_lost(etcd, next, wait).await {
            Ok(()) => EtcdError::Lost("the agent ends".to_owned()),
            Err(error) => error,
        }
    }

    async fn follow_until_lost(&self, etcd: &Etcd, next: &mut i64, wait: &mut Duration) -> Result<(), EtcdError> {
        let prefix = self.keys.apps();
        if *next == 0 {
            let (values, revision) = etcd.list(&prefix, false).await?;
            let apps = values.iter().filter_map(|value| self.known(value)).take(MAX_APPS).collect();
            *next = revision + 1;
            if self.news.send(News::Table { apps, revision }).await.is_err() {
                return Ok(());
            }
        }
        let mut watch = etcd.watch(&prefix, *next).await?;
        if self.news.send(News::Watching).await.is_err() {
            return Ok(());
        }
        loop {
            let (events, revision) = match tokio::time::timeout(QUIET, watch.next()).await {
                Ok(answer) => answer?,
                Err(_) => {
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

    fn name(&self, key: &[u8]) -> Option<String> {
        let key = std::str::from_utf8(key).ok()?;
        key.strip_prefix(&self.keys.apps()).filter(|name| is_app_name(name)).map(str::to_owned)
    }

    /// `None`: a key that is no app's name; nobody can mean it.
    fn known(&self, value: &KeyValue) -> Option<(String, Known)> {
        let entry = AppEntry::parse(&value.value).map_err(|error| error.to_string());
        Some((self.name(&value.key)?, Known { made: value.create_revision, revision: value.mod_revision, entry }))
    }
}

fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}
