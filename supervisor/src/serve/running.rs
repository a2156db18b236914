//! From ready to drained: what nano reports, what runs beside the requests, and the end.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_config::ConfigError;
use nano_protocol::{ExitReason, SandboxLayer};
use nix::unistd::Pid;
use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::files::Files;
use super::predecessor::{TakeOverError, Waiting};
use super::{MIN_SHUTDOWN_GRACE, ServeError, spare_memory};
use crate::agent;
use crate::certificates;
use crate::downstream::listener::Listener;
use crate::duration::millis;
use crate::fleet::SOCKETS_GRACE;
use crate::notify::notify;
use crate::orphans;
use crate::readiness::ServerPhase;
use crate::shard::command::ShardCommand;
use crate::supervisor::{Stop, Supervisor};
use crate::upstream::LinkEvent;
use crate::watch;

/// Has the nano before this one hand over, and opens. Returns when the service manager knows this one; the future that
/// remains is over when the other nano is gone.
pub(super) async fn take_over(
    supervisor: &Rc<Supervisor>,
    waiting: Waiting,
    listeners: Vec<Vec<Listener>>,
    files: &Files,
) -> Result<JoinHandle<()>, ServeError> {
    let held = waiting.ready().await?;
    let elsewhere = supervisor.crons.take_over(held);
    supervisor.fleet.spawner().sweep(files.to_sweep());
    for (shard, listeners) in (0..).zip(listeners) {
        let (done, opened) = oneshot::channel();
        supervisor.shards().send_to(shard, ShardCommand::Listen { listeners, done }).await;
        opened.await.map_err(io::Error::other)??;
    }
    files.own();
    supervisor.lineage.opened.send_replace(true);
    supervisor.readiness.set(ServerPhase::Ready);
    waiting.serving().await;
    let lineage = Rc::clone(&supervisor.lineage);
    Ok(tokio::task::spawn_local(async move {
        waiting.gone().await;
        elsewhere.end();
        lineage.predecessor_gone.send_replace(true);
    }))
}

/// Waits for the apps, unless the nano before this one ends or gives it up.
pub(super) async fn unless_given_up<T>(
    before: Option<&Waiting>,
    ready: impl Future<Output = Result<T, ConfigError>>,
) -> Result<T, ServeError> {
    let Some(before) = before else { return Ok(ready.await?) };
    tokio::select! {
        biased;
        () = before.gone() => Err(TakeOverError::GivenUp.into()),
        ready = ready => Ok(ready?),
    }
}

/// Reaps orphans until this process is to stand in for another nano, which is reaped by what it becomes.
pub(super) async fn reap_orphans(supervisor: &Rc<Supervisor>, own: Pid) -> io::Error {
    tokio::select! {
        biased;
        () = supervisor.lineage.stands_in() => std::future::pending().await,
        error = orphans::reap(own) => error,
    }
}

/// Serves until nano is to end, and then finishes what is in flight, here and in the nano before this one.
pub(super) async fn until_drained(supervisor: &Rc<Supervisor>, predecessor: Option<JoinHandle<()>>) {
    let mut stop = supervisor.stop.subscribe();
    let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    supervisor.crons.stop();
    supervisor.fleet.keep_spares(0);
    drain(supervisor).await;
    if let Some(predecessor) = predecessor
        && supervisor.lineage.successor().is_none()
    {
        // Where the service manager ends everything with the main process, its last requests would be cut.
        let _ = tokio::time::timeout(supervisor.config().drain, predecessor).await;
    }
}

/// What runs beside the requests, for as long as nano serves.
pub(super) fn go_on(
    supervisor: &Rc<Supervisor>,
    background: &mut JoinSet<()>,
    agent: Option<PathBuf>,
    refused: Vec<nano_fleet_link::Fault>,
) {
    if let Some(program) = agent {
        supervisor.metrics.fleet().begin();
        supervisor.crons.join_fleet();
        let own = Rc::clone(supervisor);
        background.spawn_local(async move {
            tokio::select! {
                // The other nano has an agent of its own.
                () = own.lineage.handed_over() => {}
                () = agent::run(Rc::clone(&own), program, refused) => {}
            }
        });
    }
    background.spawn_local(spare_memory::give_back());
    background.spawn_local(watch::run(Rc::clone(supervisor)));
    background.spawn_local(certificates::keep_fresh(Rc::clone(supervisor)));
    background.spawn_local(Rc::clone(&supervisor.crons).run(supervisor.shards().clone()));
    let lineage = Rc::clone(&supervisor.lineage);
    background.spawn_local(async move {
        tokio::select! {
            () = lineage.handed_over() => {}
            () = feed_watchdog() => {}
        }
    });
}

/// Everything is ready: reports it in the log, in `/readyz` and to systemd.
pub(super) fn announce(supervisor: &Rc<Supervisor>) {
    supervisor.readiness.set(ServerPhase::Ready);
    for address in &supervisor.addresses.http {
        tracing::info!(address, "listening");
    }
    if let Some(address) = &supervisor.addresses.metrics {
        tracing::info!(address, "metrics listening");
    }
    match &supervisor.addresses.control {
        Some(path) => tracing::info!(address = %path.display(), "control listening"),
        None => tracing::warn!("another nano has the control socket; going on without (set NANO_CONTROL_SOCKET)"),
    }
    log_sandbox(supervisor);
    let status = format!("serving {} apps on {}", supervisor.config().apps.len(), supervisor.addresses.http.join(", "));
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Logs one line about the sandbox of all workers.
pub(super) fn log_sandbox(supervisor: &Rc<Supervisor>) {
    let generations = supervisor.generations.borrow();
    let (mut in_force, mut lacking) = (Vec::new(), Vec::new());
    for layer in SandboxLayer::ALL {
        let mut states = generations.values().flat_map(|each| each.app().metrics.sandbox());
        let missing = states.any(|(known, active)| known == layer && !active);
        if missing { &mut lacking } else { &mut in_force }.push(layer.as_str());
    }
    let (in_force, lacking) = (in_force.join(" "), lacking.join(" "));
    tracing::info!(policy = supervisor.fleet.sandbox_enforcement().policy_name(), in_force, lacking, "sandbox");
}

pub(super) async fn handle_link_events(supervisor: Rc<Supervisor>, mut events: mpsc::Receiver<LinkEvent>) {
    while let Some(event) = events.recv().await {
        supervisor.fleet.on_event(event);
    }
}

/// systemd restarts nano when this thread hangs, if the unit has `WatchdogSec=`.
pub(super) async fn feed_watchdog() {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(within / 2);
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

/// Finishes requests in flight, within `drain_ms`, then ends the workers.
async fn drain(supervisor: &Rc<Supervisor>) {
    let within = supervisor.config().drain;
    let deadline = Instant::now() + within;
    supervisor.readiness.set(ServerPhase::Draining);
    // Otherwise clients would still connect.
    supervisor.lineage.sockets.take();
    let unhurried = supervisor.lineage.successor().is_some();
    if unhurried {
        tracing::info!(drain_ms = millis(within), "handed over: finishing what is in flight");
    } else {
        notify(&[NotifyState::Stopping, NotifyState::Status("finishing requests in flight")]);
        tracing::info!(drain_ms = millis(within), "stopping: no new connections, finishing what is in flight");
    }
    let drained = supervisor.shards().broadcast(|done| Some(ShardCommand::Drain { unhurried, done }));
    if tokio::time::timeout_at(deadline.into(), drained).await.is_err() {
        tracing::warn!("drain_ms is over: what is still in flight is cut");
    }
    let kill_at = deadline.max(Instant::now() + MIN_SHUTDOWN_GRACE);
    let generations = std::mem::take(&mut *supervisor.generations.borrow_mut());
    for generation in generations.into_values() {
        supervisor.retire(generation, ExitReason::Restart, kill_at.saturating_duration_since(Instant::now()));
    }
    // Workers that are left are told to close their WebSockets at the deadline, then killed; they have one more second to end.
    let end = kill_at + SOCKETS_GRACE + Duration::from_secs(1);
    let _ = tokio::time::timeout_at(end.into(), supervisor.retired()).await;
    tracing::info!("stopped");
    supervisor.drained.send_replace(true);
}
