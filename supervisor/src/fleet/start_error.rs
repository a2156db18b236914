//! Why a worker did not become ready, for the operator.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use nano_protocol::{BootFailed, ExitReason};
use nano_spawner::wire::SpawnerRefusal;

/// Why a worker did not become ready.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There are no sockets for it.
    #[error("cannot start nano-worker: {0}")]
    Spawn(io::Error),
    /// The spawner refused to start it.
    #[error(transparent)]
    Refused(SpawnerRefusal),
    /// The policy requires layers of the sandbox that are not in force.
    #[error(
        "its sandbox is incomplete, and `sandbox: \"required\"`, the default for root, asks for all of it: {0}. With \"best-effort\" it is started all the same"
    )]
    Sandbox(String),
    /// The app's module does not compile, or threw.
    #[error("{}", module_fault(.0))]
    Module(BootFailed),
    /// Its static files cannot be served.
    #[error("{0}")]
    Assets(String),
    /// The process ended.
    #[error("the worker died while it loaded the app ({how}){}", tail(.stderr))]
    Died {
        /// Signal or exit code.
        how: String,
        /// The end of its stderr.
        stderr: String,
    },
    /// A limit ended it.
    #[error("{}", over_limit(*.0))]
    Limit(ExitReason),
    /// It took too long.
    #[error("the app was not loaded within {} ms (is there a top-level await that never ends?)", .0.as_millis())]
    Late(Duration),
    /// A spare worker did not become its app's.
    #[error("a spare worker did not take its app within {} ms", .0.as_millis())]
    NotAdopted(Duration),
    /// A check took too long.
    #[error("the app's modules were not compiled and linked within {} ms", .0.as_millis())]
    CheckLate(Duration),
    /// It broke the protocol.
    #[error("the worker broke the protocol: {0}")]
    Protocol(String),
}

impl StartError {
    /// Whether a spare worker may have failed for what it is, and not for its app.
    pub(super) fn may_be_the_spares(&self) -> bool {
        matches!(
            self,
            Self::Spawn(_)
                | Self::Refused(_)
                | Self::Sandbox(_)
                | Self::Died { .. }
                | Self::Protocol(_)
                | Self::NotAdopted(_)
        )
    }
}

fn module_fault(fault: &BootFailed) -> String {
    let mut text = String::new();
    // V8's messages name the module already.
    if !fault.path.is_empty() && !fault.message.starts_with(&fault.path) {
        text.push_str(&fault.path);
        if fault.line > 0 {
            let _ = write!(text, ":{}:{}", fault.line, fault.column);
        }
        text.push_str(": ");
    }
    text.push_str(fault.message.trim_end());
    text
}

fn over_limit(reason: ExitReason) -> String {
    match reason {
        ExitReason::Cpu => {
            "loading the app's module takes more CPU time than `cpu_ms` allows (an endless loop?)".to_owned()
        }
        ExitReason::Heap | ExitReason::Memory => {
            "loading the app's module takes more memory than `memory_mb` allows".to_owned()
        }
        other => format!("the worker was ended while it loaded the app: {other}"),
    }
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; its last words: {stderr}") }
}
