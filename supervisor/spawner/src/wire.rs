//! What the supervisor and the spawner say to each other: one JSON value in each packet of their socket, descriptors
//! beside it. The supervisor is not trusted: everything is bounded by [`crate::MAX_PACKET`], unknown members are
//! refused, and each number is one that the spawner gave out.

use std::time::Duration;

use nano_protocol::{LayerReport, ModuleError, SandboxLayer};
use serde::{Deserialize, Serialize};

/// Longest name of an app, in bytes; as in the configuration.
pub const MAX_APP: usize = 253;

/// From the supervisor. `id` is the supervisor's own, and stands in the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// Read and check the configuration: [`Reply::Loaded`]. What was loaded before and not committed is forgotten.
    Load {
        /// For the reply.
        id: u64,
    },
    /// This version of the configuration is the one that serves. No reply.
    Commit {
        /// From [`Reply::Loaded`].
        version: u64,
    },
    /// An app of a version is going to have workers: its directory, its user: [`Reply::Opened`].
    Open {
        /// For the reply.
        id: u64,
        /// The one that serves or the one that was loaded last.
        version: u64,
        /// Its name in that version.
        app: String,
    },
    /// There will be no more workers of it. No reply.
    Close {
        /// From [`Reply::Opened`].
        generation: u64,
    },
    /// Start a worker: [`Reply::Spawned`]. Two descriptors come along: its standard input, its standard error.
    Spawn {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
    },
    /// Kill a worker. No reply; [`Reply::Exited`] follows.
    Kill {
        /// From [`Reply::Spawned`].
        worker: u64,
    },
    /// Look at a worker from outside: [`Reply::Inspected`].
    Inspect {
        /// For the reply.
        id: u64,
        /// From [`Reply::Spawned`].
        worker: u64,
    },
    /// Watch the configuration file, what leads to its apps, and the modules that they asked for, or no longer:
    /// [`Reply::Covered`], and [`Reply::Changed`] as often as something changes. What is watched is what is loaded now. No
    /// reply.
    Watch {
        /// Whether to.
        on: bool,
    },
    /// Remove these sockets' files when the supervisor is gone, who may not be able to. Once, or never. No reply.
    Sweep {
        /// What it has bound.
        sockets: Vec<SocketFile>,
    },
    /// Open a module's file: [`Reply::Module`].
    Module {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
        /// Relative to the app's directory, beneath it.
        path: String,
        /// In the directory that has the name now, not in the one that had it when the generation was opened.
        fresh: bool,
    },
}

/// From the spawner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The configuration was read. A descriptor comes along with the outcome: [`crate::Reading`].
    Loaded {
        /// The request's.
        id: u64,
    },
    /// An app may have workers.
    Opened {
        /// The request's.
        id: u64,
        /// For what follows.
        generation: u64,
    },
    /// A process was made.
    Spawned {
        /// The request's.
        id: u64,
        /// For what follows.
        worker: u64,
        /// The process, as processes outside see it.
        pid: u32,
        /// The layers that the spawner makes, or does not.
        layers: Vec<Layer>,
    },
    /// What speaks against layers, by their names.
    Inspected {
        /// The request's.
        id: u64,
        /// Layer and what was seen, or why nothing could be seen.
        contradictions: Result<Vec<(String, String)>, String>,
    },
    /// A module's file: with a descriptor, or the reason why there is none.
    Module {
        /// The request's.
        id: u64,
        /// Why not.
        error: Option<NoModule>,
    },
    /// Something changed where it was to be watched.
    Changed,
    /// From here on no change is missed. Said again whenever it is covered otherwise.
    Covered(Coverage),
    /// Nothing was done.
    Refused {
        /// The request's; 0 if it had none that could be read.
        id: u64,
        /// Why.
        why: Refusal,
    },
    /// A worker ended, and its process is no more.
    Exited {
        /// From [`Reply::Spawned`].
        worker: u64,
        /// How.
        exit: Exit,
    },
}

/// What the kernel gives no word of is looked at this often.
pub const POLL_EVERY: Duration = Duration::from_secs(2);

/// How well is seen what is to be watched.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// How many paths are watched.
    pub paths: usize,
    /// Of so many the kernel gives no word: they are looked at every [`POLL_EVERY`].
    pub polled: usize,
    /// The first of them.
    pub named: Vec<String>,
    /// Why.
    pub why: Option<String>,
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// It is no request, or names what there is not.
    #[error("the spawner refused what it was asked: {0}")]
    Request(String),
    /// The app's directory is gone.
    #[error("cannot open the app's directory: {0}")]
    Directory(String),
    /// There is no user for its workers.
    #[error("{0}")]
    User(String),
    /// The kernel gave no process.
    #[error("{0}")]
    Process(String),
}

/// The file of a socket, and how it is told from another's of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketFile {
    /// Absolute. Need not be UTF-8.
    pub path: Vec<u8>,
    /// Its inode.
    pub inode: u64,
    /// When that changed last: seconds and nanoseconds.
    pub changed: (i64, i64),
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// By itself or by a signal; `None` if the kernel did not tell.
    pub status: Option<Status>,
    /// CPU time that it used, in microseconds.
    pub cpu_micros: u64,
    /// The kernel killed it because its memory limit was reached.
    pub out_of_memory: bool,
}

impl Exit {
    /// CPU time that it used.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_micros)
    }
}

/// As wait(2) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Its exit status.
    Code(i32),
    /// The signal that ended it.
    Signal(i32),
}

/// A [`LayerReport`] on this wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// The layer's name.
    pub layer: String,
    /// Whether it is in force.
    pub active: bool,
    /// In words.
    pub detail: String,
}

impl From<LayerReport> for Layer {
    fn from(report: LayerReport) -> Self {
        Self { layer: report.layer.as_str().to_owned(), active: report.active, detail: report.detail }
    }
}

impl Layer {
    /// The report, if there is such a layer.
    #[must_use]
    pub fn report(self) -> Option<LayerReport> {
        let layer = SandboxLayer::ALL.into_iter().find(|layer| layer.as_str() == self.layer)?;
        Some(LayerReport { layer, active: self.active, detail: self.detail })
    }
}

/// A [`ModuleError`] on this wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoModule {
    /// [`ModuleError::NotFound`].
    NotFound,
    /// [`ModuleError::Outside`].
    Outside,
    /// [`ModuleError::TooLarge`].
    TooLarge,
    /// [`ModuleError::Unreadable`].
    Unreadable(String),
}

impl From<ModuleError> for NoModule {
    fn from(error: ModuleError) -> Self {
        match error {
            ModuleError::NotFound => Self::NotFound,
            ModuleError::Outside => Self::Outside,
            ModuleError::TooLarge => Self::TooLarge,
            ModuleError::Unreadable(why) => Self::Unreadable(why),
        }
    }
}

impl From<NoModule> for ModuleError {
    fn from(error: NoModule) -> Self {
        match error {
            NoModule::NotFound => Self::NotFound,
            NoModule::Outside => Self::Outside,
            NoModule::TooLarge => Self::TooLarge,
            NoModule::Unreadable(why) => Self::Unreadable(why),
        }
    }
}
