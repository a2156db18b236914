//! Crons: calls of apps' `scheduled()` at times of their cron expressions, in UTC.
//!
//! One task waits for what is due next, of all apps. A run is sent to a shard, which admits and dispatches it as it does a
//! request; of an app's workers one gets it. Of each cron there is at most one run at a time.

mod alarm;
mod claims;
mod held;
mod record;
mod timetable;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nano_config::CronExpression;
use nano_protocol::Scheduled;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

use crate::app::App;
use crate::duration::millis;
use crate::log::ACCESS;
use crate::request_id::RequestIds;
use crate::shard::Shards;
use crate::shard::command::ShardCommand;
use crate::telemetry::CronResult;
use crate::upstream::{RunEnd, RunReport};
use alarm::Alarm;
use claims::Claims;
use record::{CronRecord, LastRun};
use timetable::{CronKey, Due, Timetable};

/// How long a run may take before it is given up, as in workerd.
const MAX_RUN: Duration = Duration::from_secs(15 * 60);

/// The code of runs of an app that an operator stopped: no news that deserve a warning each minute.
const STOPPED: &str = "app_stopped";

/// How often a run looks for the generation that took the place of the one that it was for.
const MAX_MOVES: u32 = 8;

/// The crons of all apps.
#[derive(Debug)]
pub(crate) struct Crons {
    timetable: RefCell<Timetable>,
    records: RefCell<BTreeMap<CronKey, Rc<CronRecord>>>,
    /// The generations that serve, by the app's name.
    apps: RefCell<BTreeMap<Arc<str>, Arc<App>>>,
    shards: OnceCell<Shards>,
    ids: RequestIds,
    changed: Notify,
    stopped: Cell<bool>,
    /// Begins nothing, because another nano may have begun it.
    held: Cell<bool>,
    claims: Claims,
}

/// A cron, as `nanoctl apps` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct CronStatus {
    cron: String,
    /// When it is due next.
    next_at_unix: Option<i64>,
    next_in_ms: Option<u64>,
    running_ms: Option<u64>,
    last: Option<LastStatus>,
    last_success_at_unix: Option<i64>,
    skipped: u64,
}

#[derive(Debug, Serialize)]
struct LastStatus {
    /// When it was due.
    at_unix: i64,
    result: &'static str,
    error: Option<&'static str>,
    request_id: String,
    took_ms: u64,
}

impl Crons {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            timetable: RefCell::default(),
            records: RefCell::default(),
            apps: RefCell::default(),
            shards: OnceCell::new(),
            ids: RequestIds::new(),
            changed: Notify::new(),
            stopped: Cell::new(false),
            held: Cell::new(false),
            claims: Claims::default(),
        })
    }

    /// These apps serve from now on, with these crons. Those that stay as they are go on undisturbed; what runs goes on in any
    /// case.
    pub(crate) fn install<'a>(&self, apps: impl Iterator<Item = (Arc<App>, &'a [CronExpression])>) {
        let mut wanted = Vec::new();
        let mut serving = BTreeMap::new();
        for (app, crons) in apps {
            app.metrics.set_has_crons(!crons.is_empty());
            for cron in crons {
                let key = CronKey { app: Arc::clone(&app.name), cron: Arc::clone(cron.text()) };
                wanted.push((key, cron.clone()));
            }
            if !crons.is_empty() {
                serving.insert(Arc::clone(&app.name), app);
            }
        }
        let mut records = self.records.borrow_mut();
        let mut before = std::mem::take(&mut *records);
        // A cron that is gone and comes back while it still runs is not begun twice.
        before.retain(|key, record| record.running.get().is_some() || wanted.iter().any(|(wanted, _)| wanted == key));
        for (key, _) in &wanted {
            before.entry(key.clone()).or_default();
        }
        *records = before;
        *self.apps.borrow_mut() = serving;
        self.timetable.borrow_mut().set(wanted.into_iter(), unix_millis());
        self.changed.notify_one();
    }

    /// Begins no more runs.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
        self.changed.notify_one();
    }

    /// Starts what is due, until [`Self::stop`]. Must run in a `LocalSet`.
    pub(crate) async fn run(self: Rc<Self>, shards: Shards) {
        let _ = self.shards.set(shards);
        // An app without crons costs nothing: there is no timer before there is a cron.
        let mut alarm = None;
        while !self.stopped.get() {
            if self.held.get() {
                self.changed.notified().await;
                continue;
            }
            let now = unix_millis();
            let due = self.timetable.borrow_mut().take_due(now);
            for due in due {
                self.start(due);
            }
            let next = self.timetable.borrow().next_start();
            match next {
                None => self.changed.notified().await,
                Some(next) => {
                    let alarm = alarm.get_or_insert_with(Alarm::new);
                    tokio::select! {
                        () = alarm.until(next, now) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }

    /// The crons of an app, in the order of its configuration.
    pub(crate) fn status(&self, app: &str, crons: &[CronExpression]) -> Vec<CronStatus> {
        let now = unix_millis();
        let timetable = self.timetable.borrow();
        let records = self.records.borrow();
        let status = |cron: &CronExpression| {
            let key = CronKey { app: Arc::from(app), cron: Arc::clone(cron.text()) };
            let next = timetable.next_time(&key);
            let record = records.get(&key)?;
            let last = record.last.borrow();
            Some(CronStatus {
                cron: key.cron.to_string(),
                next_at_unix: next,
                next_in_ms: next
                    .and_then(|next| u64::try_from(next).ok())
                    .map(|next| next.saturating_mul(1000).saturating_sub(now)),
                running_ms: record.running.get().map(|since| millis(since.elapsed())),
                last: last.as_ref().map(|last| LastStatus {
                    at_unix: last.time,
                    result: last.result.as_str(),
                    error: Some(last.code).filter(|code| !code.is_empty()),
                    request_id: last.request_id.clone(),
                    took_ms: millis(last.took),
                }),
                last_success_at_unix: record.last_success.get(),
                skipped: record.skipped.get(),
            })
        };
        crons.iter().filter_map(status).collect()
    }

    fn app(&self, name: &str) -> Option<Arc<App>> {
        self.apps.borrow().get(name).map(Arc::clone)
    }

    fn start(self: &Rc<Self>, Due { key, time, missed }: Due) {
        let (Some(app), Some(record)) = (self.app(&key.app), self.records.borrow().get(&key).map(Rc::clone)) else {
            return;
        };
        if missed {
            app.metrics.cron_run(CronResult::Missed);
            tracing::warn!(
                app = %key.app, cron = %key.cron,
                "runs of a cron were missed: nano was suspended or had no time, or the clock was set forward"
            );
        }
        let Some(time) = time else { return };
        if self.claims.is_on() {
            tokio::task::spawn_local(Rc::clone(self).claim(key, time));
        } else {
            self.begin(key, time, app, record);
        }
    }

    /// Begins a run, if the one before it is over.
    fn begin(self: &Rc<Self>, key: CronKey, time: i64, app: Arc<App>, record: Rc<CronRecord>) {
        if let Some(since) = record.running.get() {
            record.skipped.set(record.skipped.get() + 1);
            app.metrics.cron_run(CronResult::Skipped);
            let running_ms = millis(since.elapsed());
            tracing::warn!(
                app = %key.app, cron = %key.cron, scheduled_time = time * 1000, running_ms,
                "a run of a cron was skipped: the one before it is not over"
            );
            return;
        }
        record.running.set(Some(Instant::now()));
        tokio::task::spawn_local(Rc::clone(self).run_once(key, time, app, record));
    }

    async fn run_once(self: Rc<Self>, key: CronKey, time: i64, mut app: Arc<App>, record: Rc<CronRecord>) {
        let begun = Instant::now();
        let id = self.ids.fresh();
        let event = Scheduled {
            cron: key.cron.to_string(),
            time: u64::try_from(time).unwrap_or(0).saturating_mul(1000),
            request_id: id.as_str().to_owned(),
        };
        let mut report = RunReport { end: RunEnd::Moved, pid: None };
        for _ in 0..MAX_MOVES {
            report = self.send(&app, &event).await;
            if report.end != RunEnd::Moved {
                break;
            }
            // Another generation serves, or none.
            match self.app(&key.app) {
                Some(serving) => app = serving,
                None => break,
            }
        }
        let (result, code) = match report.end {
            RunEnd::Done => (CronResult::Ok, ""),
            RunEnd::Failed(code) => (CronResult::Failed, code),
            RunEnd::TimedOut => (CronResult::TimedOut, "timeout"),
            RunEnd::Refused(code) => (CronResult::Refused, code),
            RunEnd::Moved => (CronResult::Refused, "app_gone"),
        };
        let took = begun.elapsed();
        app.metrics.cron_run(result);
        if result == CronResult::Ok {
            app.metrics.cron_succeeded(time);
            record.last_success.set(Some(time));
        }
        let request_id = id.as_str().to_owned();
        *record.last.borrow_mut() = Some(LastRun { result, code, request_id, time, took });
        record.running.set(None);
        self.log(&key, time, &record, report.pid);
        // Nothing shows it any more.
        if !self.timetable.borrow().has(&key) {
            self.records.borrow_mut().remove(&key);
        }
    }

    /// One line for each run: in the access log if all went well, in the log otherwise.
    fn log(&self, key: &CronKey, time: i64, record: &CronRecord, pid: Option<u32>) {
        let last = record.last.borrow();
        let Some(LastRun { result, code, request_id, took, .. }) = &*last else { return };
        let (app, cron, scheduled_time) = (&*key.app, &*key.cron, time * 1000);
        let (result, duration_ms) = (result.as_str(), took.as_micros() as f64 / 1000.0);
        let error = Some(*code).filter(|code| !code.is_empty());
        if matches!(error, None | Some(STOPPED)) {
            tracing::info!(target: ACCESS, app, cron, scheduled_time, result, duration_ms, request_id, pid, error, "cron");
        } else {
            tracing::warn!(app, cron, scheduled_time, result, duration_ms, request_id, pid, error, "cron");
        }
    }

    async fn send(&self, app: &Arc<App>, event: &Scheduled) -> RunReport {
        let gone = RunReport { end: RunEnd::Refused("stopping"), pid: None };
        let Some(shards) = self.shards.get() else { return gone };
        let (done, report) = oneshot::channel();
        let run = ShardCommand::RunScheduled { app: Arc::clone(app), event: event.clone(), limit: MAX_RUN, done };
        if !shards.send_to(app.generation.0, run).await {
            return gone;
        }
        report.await.unwrap_or(gone)
    }
}

/// Of the clock on the wall.
fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
