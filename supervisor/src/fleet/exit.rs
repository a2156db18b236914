//! Why a worker ended, from what is known of it.

use nano_protocol::ExitReason;
use nano_spawner::wire::{Exit, Status};
use nix::sys::signal::Signal;

/// What nano knows about a worker's end before it looks at the process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause<'d> {
    /// It never got ready. `told`: the reason was reported to the caller.
    Boot { reason: ExitReason, detail: &'d str, told: bool },
    /// Its generation was retired before it got ready.
    Retired(ExitReason),
    /// It was ready; `planned` if nano wanted it to end.
    Ready { planned: Option<ExitReason> },
}

/// Whether nano itself ends workers for this reason when nothing is wrong.
pub(super) fn is_planned(reason: ExitReason) -> bool {
    matches!(reason, ExitReason::Idle | ExitReason::Reload | ExitReason::Restart)
}

impl Cause<'_> {
    /// `said` is what the worker, a shard or the heartbeat said. A worker is not believed when it says that nano wanted
    /// it to end.
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
mod tests {
    use super::*;

    #[test]
    fn the_best_word_counts() {
        use ExitReason::{Cpu, Crash, Heap, Idle, Memory, Reload, Restart, Startup};
        let exit = |code: Option<ExitReason>, out_of_memory| Exit {
            status: code.map(|reason| Status::Code(reason.exit_status().into())),
            cpu_micros: 0,
            out_of_memory,
        };
        let ready = |planned, said, code: Option<ExitReason>| Cause::Ready { planned }.reason(said, &exit(code, false));
        let killed = |planned, said| Cause::Ready { planned }.reason(said, &exit(None, true));
        assert_eq!(killed(None, None), Memory, "the kernel killed it at its limit");
        assert_eq!(killed(None, Some(Heap)), Heap, "it was said before");
        assert_eq!(killed(Some(Reload), Some(Reload)), Memory);
        assert_eq!(ready(None, None, None), Crash);
        assert_eq!(ready(None, Some(Cpu), Some(Heap)), Cpu);
        assert_eq!(ready(None, None, Some(Heap)), Heap);
        assert_eq!(ready(Some(Reload), Some(Reload), None), Reload);
        assert_eq!(ready(Some(Reload), Some(Reload), Some(Heap)), Heap);
        assert_eq!(ready(Some(Idle), None, None), Idle);
        for lie in [Idle, Reload, Restart, Startup] {
            assert_eq!(ready(None, Some(lie), Some(lie)), Crash, "{lie}");
        }
        assert_eq!(
            Cause::Boot { reason: Startup, detail: "", told: false }.reason(Some(Cpu), &exit(None, false)),
            Startup
        );
    }
}
