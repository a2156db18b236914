//! What SIGTERM, SIGINT and SIGHUP do to a nano that serves.

use std::io;
use std::rc::Rc;

use nix::sys::signal::SigSet;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::Ended;
use crate::readiness::ServerPhase;
use crate::reload::Trigger;
use crate::signals::handled;
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
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.hangup.recv() => {
                    while reloads.try_join_next().is_some() {}
                    if supervisor.readiness.get() == ServerPhase::Starting {
                        tracing::info!(signal = "SIGHUP", "asked to reload; that is done once every app is ready");
                    }
                    let supervisor = Rc::clone(supervisor);
                    // The outcome is in the log.
                    reloads.spawn_local(async move { drop(supervisor.reload(Trigger::Signal).await) });
                    continue;
                }
            };
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
