//! Why a worker ended.

/// What ended a worker. One list for the log, the metric's label, `nanoctl` and the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitReason {
    /// V8's heap limit.
    Heap,
    /// The process's memory limit.
    Memory,
    /// `cpu_ms`.
    Cpu,
    /// It did not answer in time.
    Wall,
    /// It could not be started or its app not loaded.
    Startup,
    /// It broke the protocol.
    Protocol,
    /// It died, and no other reason is known.
    Crash,
    /// Stopped because its app was idle.
    Idle,
    /// Replaced by a new generation.
    Reload,
    /// Stopped by the operator, by `nanoctl restart` or the end of the supervisor.
    Restart,
}

impl ExitReason {
    /// All of them, in the order of their codes on the wire.
    pub const ALL: [ExitReason; 10] = [
        ExitReason::Heap,
        ExitReason::Memory,
        ExitReason::Cpu,
        ExitReason::Wall,
        ExitReason::Startup,
        ExitReason::Protocol,
        ExitReason::Crash,
        ExitReason::Idle,
        ExitReason::Reload,
        ExitReason::Restart,
    ];

    /// The name in logs, metrics and `nanoctl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ExitReason::Heap => "heap",
            ExitReason::Memory => "memory",
            ExitReason::Cpu => "cpu",
            ExitReason::Wall => "wall",
            ExitReason::Startup => "startup",
            ExitReason::Protocol => "protocol",
            ExitReason::Crash => "crash",
            ExitReason::Idle => "idle",
            ExitReason::Reload => "reload",
            ExitReason::Restart => "restart",
        }
    }

    /// The exit status of a worker that ends for this reason; the only report of one that cannot send `Exiting`. Above
    /// 100, so that it is no status of Rust's (101 is a panic's, which is [`ExitReason::Crash`] anyway).
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        110 + self as u8
    }

    /// The reason that an exit status stands for; `None` for statuses of other programs, and for 0.
    #[must_use]
    pub fn from_exit_status(status: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| i32::from(reason.exit_status()) == status)
    }
}

impl std::fmt::Display for ExitReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
