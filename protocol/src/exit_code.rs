//! The exit codes of `nano`, `nanoctl` and `nano-worker`, all of them. docs/operating.md has the table; a test compares.

use std::process::Termination;

use crate::ExitReason;

/// How a program of nano's ended, for its parent process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Success.
    Done,
    /// Failure; stderr says why.
    Failed,
    /// Wrong usage; stderr says what would be right.
    Usage,
    /// `nanoctl`: no supervisor listens at the control socket.
    NoSupervisor,
    /// `nano repl`: code that Ctrl-C could not stop; a shell's code for a program that SIGINT ended.
    Interrupted,
    /// `nano-worker`: why it ended, for the supervisor.
    Worker(ExitReason),
}

impl ExitCode {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let programs = [Self::Done, Self::Failed, Self::Usage, Self::NoSupervisor, Self::Interrupted];
        programs.into_iter().chain(ExitReason::ALL.map(Self::Worker))
    }

    /// The number. Those of workers are no statuses of Rust's (101 is a panic's) nor of a shell's (above 125).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoSupervisor => 3,
            Self::Interrupted => 130,
            Self::Worker(reason) => reason.exit_status(),
        }
    }
}

impl Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        self.number().into()
    }
}

impl From<ExitCode> for i32 {
    fn from(code: ExitCode) -> Self {
        code.number().into()
    }
}

#[cfg(test)]
mod tests;
