//! Reloads: from the configuration that serves to the one in the file. The file is checked as a whole, all new workers
//! are started, and the switch is made at once, or not at all.

mod stopped;
mod suspended;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use nano_config::{AppConfig, AppStart, Config, ConfigError, Diagnostic, ReloadPlan};
use nano_protocol::ExitReason;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::certificates::{self, LoadedTls};
use crate::duration::millis;
use crate::fleet::{Fleet, Generation, StartError};
use crate::notify::notify;
use crate::shard::command::ShardCommand;
use crate::supervisor::{LastReload, Stop, Supervisor};
use crate::telemetry::AppMetrics;

/// Apps whose files are looked at at the same time; each may have one open.
const LOOKS_AT_ONCE: usize = 64;

/// What asked for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    Control,
    Signal,
    Watch,
    /// `nano dev`, which says itself what came of it.
    Dev,
    /// The agent of the fleet: its table changed.
    Fleet,
}

impl Trigger {
    fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control socket",
            Self::Signal => "SIGHUP",
            Self::Watch => "watch",
            Self::Dev => "nano dev",
            Self::Fleet => "fleet",
        }
    }
}

/// Why a reload failed; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    #[error("{0}")]
    Config(ConfigError),
    #[error("{0}")]
    Apps(ConfigError),
    #[error("{} changed: that takes effect at a restart of nano only, so nothing was applied (put the old value back, or restart)", .0.join(", "))]
    NeedsRestart(Vec<String>),
    #[error("there is no app {0:?}")]
    NoSuchApp(String),
    #[error("app {0:?} is stopped: `nanoctl start {0}` starts it, with the files and settings of now")]
    Stopped(String),
    #[error("app {0:?} has requests, runs or WebSockets all the time, for as long as `drain_ms`: its workers go on")]
    Busy(String),
    #[error("nano is stopping")]
    Stopping,
}

impl ReloadError {
    /// The error's code, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config_invalid",
            Self::Apps(_) => "app_start_failed",
            Self::NeedsRestart(_) => "needs_restart",
            Self::NoSuchApp(_) => "no_such_app",
            Self::Stopped(_) => "app_stopped",
            Self::Busy(_) => "app_busy",
            Self::Stopping => "stopping",
        }
    }
}

/// What a reload changed, by app.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ReloadReport {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    /// Settings, code or static files changed.
    pub(crate) changed: Vec<Changed>,
    pub(crate) unchanged: Vec<String>,
    /// Those of all these that an operator stopped, and that stay stopped.
    pub(crate) stopped: Vec<String>,
    /// The server's own keys that took effect.
    pub(crate) server: Vec<&'static str>,
    pub(crate) took_ms: u64,
}

/// Why an app got new workers or routes.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    pub(crate) name: String,
    /// The keys of `nano.json`, `code`, or `files` for those of `assets`.
    pub(crate) what: Vec<&'static str>,
}

impl ReloadReport {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.server.is_empty()
    }
}

impl Supervisor {
    /// Reads the configuration anew and switches to it.
    pub(crate) async fn reload(self: &Rc<Self>, trigger: Trigger) -> Result<ReloadReport, ReloadError> {
        let _alone = self.changing.lock().await;
        match sd_notify::NotifyState::monotonic_usec_now() {
            // `Type=notify-reload` needs the time.
            Ok(now) => notify(&[sd_notify::NotifyState::Reloading, now]),
            Err(_) => notify(&[sd_notify::NotifyState::Reloading]),
        }
        let begun = Instant::now();
        let outcome = self.load_and_change().await;
        if outcome.is_ok() && matches!(trigger, Trigger::Control | Trigger::Signal) {
            self.acme.retry_soon();
        }
        notify(&[sd_notify::NotifyState::Ready]);
        // A file that is no module of the app changed: not worth a line in the log.
        let silent = match &outcome {
            Ok(report) => matches!(trigger, Trigger::Watch | Trigger::Fleet) && report.is_empty(),
            // The agent tries the table without what is refused, and reports that.
            Err(_) => trigger == Trigger::Fleet,
        };
        if !silent {
            self.metrics.reloaded(outcome.is_ok());
            let error = outcome.as_ref().err().map(ToString::to_string);
            *self.last_reload.borrow_mut() = Some(LastReload { at: SystemTime::now(), error });
        }
        let trigger_is_dev = trigger == Trigger::Dev;
        let trigger = trigger.as_str();
        let took_ms = millis(begun.elapsed());
        match &outcome {
            Ok(_) if silent => tracing::debug!(trigger, "nothing to reload"),
            Ok(report) => tracing::info!(
                trigger,
                took_ms,
                added = report.added.len(),
                removed = report.removed.len(),
                changed = report.changed.len(),
                unchanged = report.unchanged.len(),
                "reloaded"
            ),
            Err(_) if trigger_is_dev => {}
            Err(error) if silent => tracing::debug!(trigger, code = error.code(), %error, "a table was refused"),
            Err(error) => {
                tracing::error!(trigger, took_ms, code = error.code(), %error, "reload failed, everything stays as it was")
            }
        }
        outcome.map(|report| ReloadReport { took_ms, ..report })
    }

    /// Replaces the workers of one app and reads its files anew.
    pub(crate) async fn restart(self: &Rc<Self>, name: &str) -> Result<(), ReloadError> {
        let _alone = self.changing.lock().await;
        let config = self.config();
        if config.app(name).is_none() {
            return Err(ReloadError::NoSuchApp(name.to_owned()));
        }
        let stopped = self.stopped();
        if stopped.contains(name) {
            return Err(ReloadError::Stopped(name.to_owned()));
        }
        let only = BTreeSet::from([name.to_owned()]);
        self.change((self.version.get(), config), &only, &stopped, ExitReason::Restart).await?;
        tracing::info!(app = name, "restarted");
        Ok(())
    }

    /// What a reload would do now, up to the start of the new workers: the same refusals, the same report, without a
    /// change.
    pub(crate) async fn rehearse_reload(self: &Rc<Self>) -> Result<ReloadReport, ReloadError> {
        let _alone = self.changing.lock().await;
        let begun = Instant::now();
        let (_, new) = self.fleet.spawner().load().await.map_err(ReloadError::Config)?;
        let (report, ..) = self.plan(&new).await?;
        Ok(ReloadReport { took_ms: millis(begun.elapsed()), ..report })
    }

    async fn load_and_change(self: &Rc<Self>) -> Result<ReloadReport, ReloadError> {
        let (version, new) = self.fleet.spawner().load().await.map_err(ReloadError::Config)?;
        let new = Rc::new(new);
        *self.tried.borrow_mut() = Some(Rc::clone(&new));
        self.rewatch.send_replace(());
        for warning in &new.warnings {
            tracing::warn!("{warning}");
        }
        let (report, replace, tls) = self.plan(&new).await?;
        let storage = self.acme.open(&new).map_err(ReloadError::Config)?;
        self.change((version, Rc::clone(&new)), &replace, &self.stopped(), ExitReason::Reload).await?;
        self.acme.install(&new, storage);
        self.use_tls(tls).await;
        Ok(report)
    }

    /// The changes from the present configuration to `new`, the apps that need new workers, and its certificates.
    async fn plan(&self, new: &Config) -> Result<(ReloadReport, BTreeSet<String>, Option<LoadedTls>), ReloadError> {
        let plan = ReloadPlan::between(&self.config(), new);
        let needs_restart = plan.needs_restart().map(|change| format!("{}: {}", change.location, change.key));
        let needs_restart: Vec<_> = needs_restart.collect();
        if !needs_restart.is_empty() {
            return Err(ReloadError::NeedsRestart(needs_restart));
        }
        let tls = certificates::load(new).map_err(ReloadError::Config)?;
        let mut report = ReloadReport {
            added: plan.added.clone(),
            removed: plan.removed.clone(),
            server: plan.server.iter().map(|change| change.key).collect(),
            stopped: self.stopped().into_iter().filter(|name| new.app(name).is_some()).collect(),
            ..ReloadReport::default()
        };
        let mut replace: BTreeSet<String> = plan.added.iter().cloned().collect();
        let looked_at = plan.changed.iter().filter(|change| !change.needs_workers()).map(|change| &change.name);
        let mut on_disk = self.changed_on_disk(looked_at.chain(&plan.unchanged)).await;
        for change in &plan.changed {
            let mut what = change.keys.clone();
            if change.needs_workers() {
                replace.insert(change.name.clone());
            } else if let Some(found) = on_disk.remove(&change.name) {
                replace.insert(change.name.clone());
                what.extend(found);
            }
            report.changed.push(Changed { name: change.name.clone(), what });
        }
        for name in &plan.unchanged {
            if let Some(what) = on_disk.remove(name) {
                replace.insert(name.clone());
                report.changed.push(Changed { name: name.clone(), what });
            } else {
                report.unchanged.push(name.clone());
            }
        }
        Ok((report, replace, tls))
    }

    /// Those of these apps whose code or static files have changed, and which of them.
    async fn changed_on_disk(&self, names: impl Iterator<Item = &String>) -> BTreeMap<String, Vec<&'static str>> {
        let mut changed = BTreeMap::new();
        let mut looks: JoinSet<(String, Vec<&'static str>)> = JoinSet::new();
        let mut take = |looked: Result<(String, Vec<&'static str>), _>| {
            changed.extend(looked.ok().filter(|(_, what): &(String, Vec<_>)| !what.is_empty()));
        };
        for name in names {
            let Some(generation) = self.generations.borrow().get(name).map(Rc::clone) else {
                take(Ok::<_, tokio::task::JoinError>((name.clone(), vec!["code"])));
                continue;
            };
            if looks.len() >= LOOKS_AT_ONCE
                && let Some(looked) = looks.join_next().await
            {
                take(looked);
            }
            let name = name.clone();
            looks.spawn_local(async move { (name, generation.changed().await) });
        }
        while let Some(looked) = looks.join_next().await {
            take(looked);
        }
        changed
    }

    /// Starts new generations of the apps in `replace`, without workers of those in `stopped`, and switches when all are
    /// ready.
    async fn change(
        self: &Rc<Self>,
        (version, new): (u64, Rc<Config>),
        replace: &BTreeSet<String>,
        stopped: &BTreeSet<String>,
        reason: ExitReason,
    ) -> Result<(), ReloadError> {
        if *self.stop.borrow() != Stop::No {
            return Err(ReloadError::Stopping);
        }
        let old = self.generations.borrow().clone();
        let apps = new.apps.iter().enumerate().filter(|(_, app)| replace.contains(&app.name));
        let mut fresh = start(&self.fleet, version, apps, (&old, stopped)).await.map_err(ReloadError::Apps)?;
        if *self.stop.borrow() != Stop::No {
            return Err(ReloadError::Stopping);
        }
        // From here on nothing can fail.
        let mut next = BTreeMap::new();
        let mut leaving = Vec::new();
        for app in &new.apps {
            let before = old.get(&app.name);
            if let Some(generation) = fresh.remove(&app.name).or_else(|| before.map(Rc::clone)) {
                next.insert(app.name.clone(), generation);
            }
        }
        for (name, generation) in old {
            if !next.get(&name).is_some_and(|new| Rc::ptr_eq(new, &generation)) {
                leaving.push(generation);
            }
        }
        let routes = Self::routes(&new, &next);
        self.shards().broadcast(|done| Some(ShardCommand::SwapRoutes { routes: Arc::clone(&routes), done })).await;
        let drain = new.drain;
        self.install(new, version, next);
        for generation in leaving {
            self.retire(generation, reason, drain);
        }
        Ok(())
    }
}

/// Starts these apps, each with its index in the file's list, and waits until all their workers are ready. If one
/// fails, all of them are ended again and every fault is reported.
pub(crate) async fn start<'a>(
    fleet: &Fleet,
    version: u64,
    apps: impl Iterator<Item = (usize, &'a AppConfig)>,
    (old, stopped): (&BTreeMap<String, Rc<Generation>>, &BTreeSet<String>),
) -> Result<BTreeMap<String, Rc<Generation>>, ConfigError> {
    let mut started = Vec::new();
    for (index, app) in apps {
        let metrics = old.get(&app.name).map(|before| Arc::clone(&before.app().metrics));
        let metrics = metrics.unwrap_or_else(|| Arc::new(AppMetrics::default()));
        if stopped.contains(&app.name) {
            started.push((index, app, fleet.stopped(version, app.clone(), metrics)));
            continue;
        }
        // An app that has a worker gets one at once: its next request must not wait for a start, and a start that fails
        // fails the reload.
        let running = old.get(&app.name).is_some_and(|before| before.is_running());
        let when = if running { AppStart::Eager } else { app.settings.start };
        started.push((index, app, fleet.start(version, app.clone(), metrics, when)));
    }
    let faults = wait_until_ready(&started).await;
    match ConfigError::from_diagnostics(faults) {
        None => Ok(started.into_iter().map(|(_, app, generation)| (app.name.clone(), generation)).collect()),
        Some(error) => {
            for (_, _, generation) in &started {
                generation.retire(ExitReason::Reload, Instant::now());
            }
            for (_, _, generation) in &started {
                generation.ended().await;
            }
            Err(error)
        }
    }
}

/// The faults of those that did not become ready.
pub(crate) async fn wait_until_ready(started: &[(usize, &AppConfig, Rc<Generation>)]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    // They all start at once; only the waiting is sequential.
    for (index, app, generation) in started {
        if let Err(error) = generation.ready().await {
            faults.push(fault(*index, app, &error));
        }
    }
    faults
}

/// The fault of an app, with its location in the file.
pub(crate) fn fault(index: usize, app: &AppConfig, error: &StartError) -> Diagnostic {
    if let (StartError::Assets(why), Some(assets)) = (error, &app.assets) {
        let message = format!("app {:?}: {why}", app.name);
        return Diagnostic::at(&assets.location, format!("apps[{index}].assets.directory"), message);
    }
    let message = match error {
        StartError::Module(_) => format!("app {:?}: {error}", app.name),
        other => format!("app {:?} cannot be started: {other}", app.name),
    };
    Diagnostic::at(&app.location, format!("apps[{index}].path"), message)
}
