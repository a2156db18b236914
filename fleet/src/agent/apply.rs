//! From the table in etcd to one that serves on this node. An app that this node does not take is left at the version that
//! it had, and everything else goes on.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use nano_fleet_link::{Fault, ToAgent};
use tokio::sync::mpsc;

use super::follow::{Known, Rollouts};
use super::{Agent, RETRY, Verdict};
use crate::app_entry::AppEntry;
use crate::table::{Mark, Row, Rows, StateDir, bundle_directory, compose, take_out};

impl Agent {
    /// Brings this node as near to the table as it can; false: nano is gone.
    pub(super) async fn apply(&mut self, heard: &mut mpsc::Receiver<ToAgent>) -> bool {
        let target = self.revision;
        self.queue.clear();
        self.awaited.clear();
        let (mut rows, mut verdicts) = self.wanted();
        self.start_fetches();
        let outcome = self.go_over(&mut rows, &mut verdicts, heard).await;
        match outcome {
            Ok(()) => {
                self.note(&verdicts);
                if verdicts.iter().any(|(name, verdict)| {
                    !rows.contains_key(name)
                        && self.verdicts.get(name) != Some(verdict)
                        && self.is_rollout(name, verdict.0)
                }) {
                    // The version before it is to serve here, which never has.
                    self.gather = Some(Instant::now());
                }
                (self.applied, self.verdicts) = (rows, verdicts);
                self.handled = target;
                self.apply_error.clear();
                (self.retry, self.retries) = (None, 0);
            }
            Err(None) => return false,
            Err(Some(error)) => {
                if error != self.apply_error {
                    self.nano.log("error", &format!("the table cannot be applied, what serves goes on: {error}"), "");
                }
                self.apply_error = error;
                let wait = RETRY.0.saturating_mul(1u32.checked_shl(self.retries).unwrap_or(u32::MAX)).min(RETRY.1);
                self.retry = Some(Instant::now() + wait);
                self.retries = self.retries.saturating_add(1);
            }
        }
        true
    }

    /// An app as nano reads it, with its secrets; or which of them cannot be had.
    fn row(&self, name: &str, entry: &AppEntry, mark: Mark) -> Result<Row, String> {
        // What was decrypted once is not again.
        if let Some(row) = self.applied.get(name).filter(|row| entry.has_secrets() && row.mark == mark) {
            return Ok(row.clone());
        }
        let mut app = entry.table_row(name, &bundle_directory(&entry.bundle));
        self.secret_keys.open_all(name, &mut app).map_err(|(value, error)| format!("env.{value}: {error}"))?;
        Ok(Row { app, mark })
    }

    fn is_rollout(&self, name: &str, revision: i64) -> bool {
        self.rollouts.borrow().get(name).is_some_and(|rollout| rollout.made == revision)
    }

    /// The table that this node should have as far as bundles are here, and why the rest is not in it.
    fn wanted(&mut self) -> (Rows, BTreeMap<String, (i64, Verdict)>) {
        let (mut rows, mut verdicts) = (Rows::new(), BTreeMap::new());
        let Some(known) = self.known.take() else {
            // Nothing was read yet.
            return (self.applied.clone(), self.verdicts.clone());
        };
        let rollouts = Rc::clone(&self.rollouts);
        let rollouts = rollouts.borrow();
        for (name, app) in &known {
            let mut old = self.applied.get(name).cloned();
            let (revision, entry) = self.meant(name, app, &rollouts);
            let entry = match entry {
                Ok(entry) if !entry.is_for(&self.fleet.labels) => continue,
                Ok(entry) => entry,
                Err(error) => {
                    verdicts.insert(name.clone(), (revision, Verdict::Refused(error.clone())));
                    rows.extend(old.map(|row| (name.clone(), row)));
                    continue;
                }
            };
            let refused_before = match self.verdicts.get(name) {
                Some((refused, Verdict::Refused(why))) if *refused == revision => Some(why.clone()),
                _ => None,
            };
            if let Some(why) = refused_before {
                verdicts.insert(name.clone(), (revision, Verdict::Refused(why)));
                if old.is_none() && revision != app.revision {
                    old = self.before_rollout(name, app);
                }
                rows.extend(old.map(|row| (name.clone(), row)));
                continue;
            }
            match self.bundle(&entry.bundle) {
                Ok(()) => {
                    let mark =
                        Mark { generation: entry.generation, bundle: entry.bundle.clone(), revision, made: app.made };
                    match self.row(name, entry, mark) {
                        Ok(row) => {
                            rows.insert(name.clone(), row);
                        }
                        Err(why) => {
                            verdicts.insert(name.clone(), (revision, Verdict::Refused(why)));
                            rows.extend(old.map(|row| (name.clone(), row)));
                        }
                    }
                }
                Err(why) => {
                    verdicts.insert(name.clone(), (revision, Verdict::Pending(why)));
                    rows.extend(old.map(|row| (name.clone(), row)));
                }
            }
        }
        drop(rollouts);
        if self.hold {
            let kept = self.applied.iter().filter(|(name, _)| !known.contains_key(*name));
            rows.extend(kept.map(|(name, row)| (name.clone(), row.clone())));
        }
        self.known = Some(known);
        (rows, verdicts)
    }

    /// The version of an app that this node is to serve, and the revision that stands for it.
    fn meant<'k>(&self, name: &str, app: &'k Known, rollouts: &'k Rollouts) -> (i64, Result<&'k AppEntry, &'k String>) {
        let present = app.entry.as_ref().map_or(0, |entry| entry.generation);
        match rollouts.get(name).map(|rollout| (rollout.made, &rollout.value)) {
            Some((made, Ok(rollout))) if rollout.reaches(name, &self.fleet.node, present) => (made, Ok(&rollout.new)),
            _ => (app.revision, app.entry.as_ref()),
        }
    }

    /// The version that an app has without its rollout, which this node refuses and which came before the node had the app.
    fn before_rollout(&mut self, name: &str, app: &Known) -> Option<Row> {
        let entry = app.entry.as_ref().ok().filter(|entry| entry.is_for(&self.fleet.labels))?;
        self.bundle(&entry.bundle).ok()?;
        let (revision, made) = (app.revision, app.made);
        let mark = Mark { generation: entry.generation, bundle: entry.bundle.clone(), revision, made };
        self.row(name, entry, mark).ok()
    }

    /// Takes out what this node refuses, until nano serves the rest. `Err(None)`: nano is gone.
    async fn go_over(
        &mut self,
        rows: &mut Rows,
        verdicts: &mut BTreeMap<String, (i64, Verdict)>,
        heard: &mut mpsc::Receiver<ToAgent>,
    ) -> Result<(), Option<String>> {
        // Each round takes out one app at least.
        for round in 0..=rows.len().saturating_mul(2) {
            let (text, order) = compose(rows);
            let mut faults = self.node.faults(text.clone(), &self.state);
            if faults.is_empty() {
                if *rows == self.applied && round == 0 {
                    return Ok(());
                }
                self.write(move |state| state.propose(&text)).await?;
                faults = self.reload(heard).await?;
                if faults.is_empty() {
                    return self.write(StateDir::accept).await;
                }
                self.write(StateDir::withdraw).await?;
            }
            let revisions: BTreeMap<String, i64> =
                rows.iter().map(|(name, row)| (name.clone(), row.mark.revision)).collect();
            let refused = take_out(rows, &self.applied, &order, &faults).map_err(Some)?;
            for (name, why) in refused {
                // What came back and is refused as well has its verdict already.
                let revision = revisions.get(&name).copied().unwrap_or(0);
                verdicts.entry(name).or_insert((revision, Verdict::Refused(why)));
            }
        }
        Err(Some("nano refuses this table, and not because of its apps".to_owned()))
    }

    /// Writes on another thread: a disk may hang for as long as it likes, and etcd is to know that this node is there.
    async fn write(
        &self,
        write: impl FnOnce(&StateDir) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Option<String>> {
        let state = self.state.clone();
        let written = tokio::task::spawn_blocking(move || write(&state)).await;
        let written = written.map_err(std::io::Error::other).and_then(|written| written);
        written.map_err(|error| Some(format!("the state directory cannot be written: {error}")))
    }

    /// Has nano go over to what was proposed; what stands in the way.
    async fn reload(&mut self, heard: &mut mpsc::Receiver<ToAgent>) -> Result<Vec<Fault>, Option<String>> {
        let own = getrandom::u64().unwrap_or(0);
        self.nano.reload(own);
        loop {
            match heard.recv().await {
                None => return Err(None),
                Some(ToAgent::Reloaded { id, faults }) if id == own => return Ok(faults),
                Some(other) => self.hear(other),
            }
        }
    }

    /// Logs what is refused and was not.
    fn note(&self, verdicts: &BTreeMap<String, (i64, Verdict)>) {
        for (name, verdict) in verdicts {
            if let (_, Verdict::Refused(why)) = verdict
                && self.verdicts.get(name) != Some(verdict)
            {
                let stays =
                    if self.applied.contains_key(name) { "; the version before it goes on serving" } else { "" };
                self.nano.log("error", &format!("this node refuses the app's new version{stays}: {why}"), name);
            }
        }
    }
}
