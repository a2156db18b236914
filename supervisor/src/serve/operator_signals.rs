//! What SIGTERM, SIGINT and SIGHUP do to a nano that serves.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::Ended;
use crate::readiness::ServerPhase;
use crate::reload::Trigger;
use crate::signals::{self, handled};
use crate::stand_in::StandIn;
use crate::supervisor::{Stop, Supervisor};

/// The signals that nano handles.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// Receives signals from now on, pending ones first.
    pub(super) fn new() -> io::Result<Self> {
        let own = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        };
        handled().collect::<SigSet>().thread_unblock()?;
        Ok(own)
    }

    /// Handles signals; returns when nano is to end at once.
    pub(super) async fn handle(&mut self, supervisor: &Rc<Supervisor>) -> Ended {
        let mut reloads = JoinSet::new();
        // A service manager that signals all processes reaches nano and what stands in for it, which passes the signal on.
        let mut counts = [0_u32; 2];
        let mut above = true;
        loop {
            let mut passed_on = false;
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                name = supervisor.lineage.passed_on(), if above => match name.as_deref() {
                    Some("SIGHUP") => {
                        reload(supervisor, &mut reloads);
                        continue;
                    }
                    Some(name) => {
                        passed_on = true;
                        if name == "SIGINT" { "SIGINT" } else { "SIGTERM" }
                    }
                    None => {
                        above = false;
                        tracing::warn!("what stood in for nano is gone, so nobody waits for nano any more: stopping");
                        supervisor.stop(Stop::Drain);
                        continue;
                    }
                },
                _ = self.hangup.recv() => {
                    if let Some(stand_in) = supervisor.lineage.successor().and_then(|successor| successor.stand_in) {
                        stand_in.pass_on(Signal::SIGHUP);
                        continue;
                    }
                    reload(supervisor, &mut reloads);
                    continue;
                }
            };
            if let Some(stand_in) = supervisor.lineage.successor().and_then(|successor| successor.stand_in) {
                tracing::info!(signal = name, "passed on to the nano that has taken over");
                stand_in.pass_on(if name == "SIGINT" { Signal::SIGINT } else { Signal::SIGTERM });
                let [own, _] = &mut counts;
                *own += 1;
                if *own > 1 {
                    return Ended::Cut;
                }
                continue;
            }
            let [own, passed] = &mut counts;
            let (this, other) = if passed_on { (passed, own) } else { (own, passed) };
            *this += 1;
            if *this == 1 && *other > 0 {
                continue;
            }
            if *supervisor.stop.borrow() != Stop::No {
                tracing::warn!(signal = name, "ending at once");
                supervisor.stop(Stop::AtOnce);
                return Ended::Cut;
            }
            if supervisor.readiness.get() == ServerPhase::Starting {
                // No request is in flight.
                tracing::info!(signal = name, "asked to stop before every app was ready: stopped");
                supervisor.stop(Stop::AtOnce);
                return Ended::Drained;
            }
            tracing::info!(signal = name, "asked to stop; a second signal ends it at once");
            supervisor.stop(Stop::Drain);
        }
    }
}

impl Signals {
    /// Passes on what came and was not handled any more. What comes from now on waits for what this process becomes.
    pub(super) async fn leave_to(mut self, stand_in: &StandIn) {
        signals::hold();
        // The runtime takes in what has come.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let all = [
            (&mut self.terminate, Signal::SIGTERM),
            (&mut self.interrupt, Signal::SIGINT),
            (&mut self.hangup, Signal::SIGHUP),
        ];
        for (stream, signal) in all {
            tokio::select! {
                biased;
                _ = stream.recv() => stand_in.pass_on(signal),
                () = std::future::ready(()) => {}
            }
        }
    }
}

/// Reloads beside what else there is to do. The outcome is in the log.
fn reload(supervisor: &Rc<Supervisor>, reloads: &mut JoinSet<()>) {
    while reloads.try_join_next().is_some() {}
    if supervisor.readiness.get() == ServerPhase::Starting {
        tracing::info!(signal = "SIGHUP", "asked to reload; that is done once every app is ready");
    }
    let supervisor = Rc::clone(supervisor);
    reloads.spawn_local(async move { drop(supervisor.reload(Trigger::Signal).await) });
}
