//! Determines why a worker ended.

use nano_protocol::ExitReason;
use nano_spawner::wire::{Exit, Status};
use nix::sys::signal::Signal;

/// What nano knows about a worker's end before it looks at the process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause<'d> {
    /// It did not become ready. `is_reported`: the code that asked for the worker has the reason.
    Boot { reason: ExitReason, detail: &'d str, is_reported: bool },
    /// Its generation was retired before it became ready.
    Retired(ExitReason),
    /// It was ready; `planned` if nano wanted it to end.
    Ready { planned: Option<ExitReason> },
}

/// Whether nano itself ends workers for this reason when nothing is wrong.
pub(super) fn is_planned(reason: ExitReason) -> bool {
    matches!(reason, ExitReason::Idle | ExitReason::Reload | ExitReason::Restart)
}

impl Cause<'_> {
    /// `said` is the reason that the worker, a shard or the heartbeat gave. A worker is not believed when it claims
    /// that nano wanted it to end.
    pub(super) fn reason(self, said: Option<ExitReason>, exit: &Exit) -> ExitReason {
        let credible = |reason: &ExitReason| !is_planned(*reason) && *reason != ExitReason::Startup;
        match self {
            Self::Boot { reason, .. } | Self::Retired(reason) => reason,
            Self::Ready { planned } => said
                .filter(credible)
                .or_else(|| exit.out_of_memory.then_some(ExitReason::Memory))
                .or_else(|| exit_code(exit).and_then(ExitReason::from_exit_status).filter(credible))
                .or(planned)
                .unwrap_or(ExitReason::Crash),
        }
    }
}

/// Its exit status, if it ended by itself.
pub(super) fn exit_code(exit: &Exit) -> Option<i32> {
    match exit.status {
        Some(Status::Code(code)) => Some(code),
        _ => None,
    }
}

/// Whether it was killed with SIGKILL from outside nano: the operator, or the kernel for lack of memory on the whole machine.
pub(super) fn was_killed(exit: &Exit) -> bool {
    exit.status == Some(Status::Signal(Signal::SIGKILL as i32)) && !exit.out_of_memory
}

#[cfg(test)]
mod tests;
