//! The messages between the supervisor and the spawner: one JSON value in each packet of their socket, with
//! descriptors. The supervisor is not trusted: everything is bounded by [`crate::MAX_PACKET`], unknown members are
//! refused, and each number must be one that the spawner issued.

use std::time::Duration;

use nano_protocol::{LayerReport, ModuleError, SandboxLayer};
use serde::{Deserialize, Serialize};

use crate::watch::Fingerprint;

/// Longest name of an app, in bytes; as in the configuration.
pub const MAX_APP: usize = 253;

/// From the supervisor. `id` is chosen by the supervisor and returned in the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// Read and check the configuration: [`Reply::Loaded`]. A version that was loaded before and not committed is
    /// forgotten.
    Load {
        /// For the reply.
        id: u64,
    },
    /// This version of the configuration serves now. No reply.
    Commit {
        /// From [`Reply::Loaded`].
        version: u64,
    },
    /// Open an app of a version, so that it can have workers: [`Reply::Opened`].
    Open {
        /// For the reply.
        id: u64,
        /// The one that serves or the one that was loaded last.
        version: u64,
        /// Its name in that version.
        app: String,
    },
    /// Close a generation: it gets no more workers. No reply.
    Close {
        /// From [`Reply::Opened`].
        generation: u64,
    },
    /// Start a worker: [`Reply::Spawned`]. Two descriptors come with it: its standard input and its standard error.
    Spawn {
        /// For the reply.
        id: u64,
        /// What it is for.
        purpose: WorkerPurpose,
    },
    /// Give a spare to an app: [`Reply::Adopted`]. At most once for each.
    Adopt {
        /// For the reply.
        id: u64,
        /// From [`Reply::Spawned`].
        worker: u64,
        /// From [`Reply::Opened`].
        generation: u64,
    },
    /// Kill a worker. No reply; [`Reply::Exited`] follows.
    Kill {
        /// From [`Reply::Spawned`].
        worker: u64,
    },
    /// Inspect a worker from outside: [`Reply::Inspected`].
    Inspect {
        /// For the reply.
        id: u64,
        /// From [`Reply::Spawned`].
        worker: u64,
    },
    /// Watch the configuration file, the paths to its apps and the modules that their workers requested, or stop
    /// watching: [`Reply::Covered`], and [`Reply::Changed`] for each change. What is watched follows what is loaded. No
    /// reply.
    Watch {
        /// Whether to watch.
        on: bool,
    },
    /// Remove these sockets' files when the supervisor is gone, because it may lack the right to. At most once. No
    /// reply.
    Sweep {
        /// The sockets that it has bound.
        sockets: Vec<SocketFile>,
    },
    /// These of them stay when the supervisor is gone: another nano has them. No reply.
    LeaveFiles {
        /// Their paths.
        paths: Vec<Vec<u8>>,
    },
    /// Start the installed nano, which takes this one's place: [`Reply::SuccessorStarted`]. Two descriptors come with it: its
    /// standard input, by which it is told what to take over, and its first standard error.
    StartSuccessor {
        /// For the reply.
        id: u64,
    },
    /// It has taken over and goes on without this nano, or it is to be killed: [`Reply::SuccessorEnded`].
    EndSuccessor {
        /// For the reply.
        id: u64,
        /// Whether it goes on.
        keep: bool,
    },
    /// Open a module's file: [`Reply::Module`].
    Module {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
        /// Relative to the app's directory, and beneath it.
        path: String,
        /// In the directory that has the app's path now, not in the one that had it when the generation was opened.
        fresh: bool,
    },
    /// List the static files of an app: [`Reply::AssetList`].
    ListAssets {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
        /// Those in the directory that has the name now, not in the one that had it when the generation was opened.
        fresh: bool,
    },
    /// Open a static file: [`Reply::Asset`].
    Asset {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
        /// Beneath the directory of the app's assets.
        path: String,
    },
    /// Read the files of the certificates that serve, if one has changed since they were read: [`Reply::Certificates`].
    Certificates {
        /// For the reply.
        id: u64,
    },
    /// Look at modules' files in the directory that has the app's path now: [`Reply::Compared`].
    Compare {
        /// For the reply.
        id: u64,
        /// From [`Reply::Opened`].
        generation: u64,
        /// Paths beneath the app's directory, each with what its file was.
        files: Vec<(String, Fingerprint)>,
    },
}

/// What a worker is for. A generation is from [`Reply::Opened`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkerPurpose {
    /// The app of this generation: it runs as the app's user, in a group of the app's.
    Serve(u64),
    /// The modules of apps: it has the memory limit of this generation's app, and otherwise nothing of it.
    Check(u64),
    /// No app yet: a spare.
    Spare,
}

/// From the spawner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The configuration was read. A descriptor with the result comes with it: [`crate::ConfigTransfer`].
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
    /// A worker was started.
    Spawned {
        /// The request's.
        id: u64,
        /// For what follows.
        worker: u64,
        /// Its pid in the supervisor's namespace.
        pid: u32,
        /// The layers that the spawner makes, with their states.
        layers: Vec<Layer>,
    },
    /// A spare is the app's worker now: its group has the app's limits, and it has the number of the user that it becomes.
    Adopted {
        /// The request's.
        id: u64,
        /// The layers that the spawner makes, with their states.
        layers: Vec<Layer>,
    },
    /// Evidence that layers are not in force, by the layers' names.
    Inspected {
        /// The request's.
        id: u64,
        /// Each layer with what was found, or why the worker could not be inspected.
        contradictions: Result<Vec<(String, String)>, String>,
    },
    /// A nano that is to take over was started.
    SuccessorStarted {
        /// The request's.
        id: u64,
    },
    /// It is no longer a child of this nano.
    SuccessorEnded {
        /// The request's.
        id: u64,
        /// How it ended; it was SIGKILL if it goes on.
        status: Status,
    },
    /// A module's file as a descriptor, or the reason why there is none.
    Module {
        /// The request's.
        id: u64,
        /// Why not.
        error: Option<NoModule>,
    },
    /// Static files were listed. A descriptor with the result comes with it: [`crate::receive_assets`].
    AssetList {
        /// The request's.
        id: u64,
    },
    /// A static file as a descriptor, or the reason why there is none.
    Asset {
        /// The request's.
        id: u64,
        /// Why not.
        error: Option<NoModule>,
    },
    /// If the certificates' files have changed, a descriptor with what is in them comes with it:
    /// [`crate::receive_certificates`].
    Certificates {
        /// The request's.
        id: u64,
    },
    /// Files were compared with what they were.
    Compared {
        /// The request's.
        id: u64,
        /// Which are not the same, by their places in the request.
        differ: Vec<usize>,
    },
    /// A watched path has changed.
    Changed,
    /// From now on no change is missed. Sent again when the coverage changes.
    Covered(Coverage),
    /// The request was refused; nothing was done.
    Refused {
        /// The request's; 0 if it could not be read.
        id: u64,
        /// Why.
        why: SpawnerRefusal,
    },
    /// A worker has ended and is reaped.
    Exited {
        /// From [`Reply::Spawned`].
        worker: u64,
        /// How.
        exit: Exit,
    },
}

/// Paths without events are checked this often.
pub const POLL_EVERY: Duration = Duration::from_secs(2);

/// How well the paths are watched.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// How many paths are watched.
    pub paths: usize,
    /// How many of them have no events and are checked every [`POLL_EVERY`] instead.
    pub polled: usize,
    /// The first of those.
    pub named: Vec<String>,
    /// Why.
    pub why: Option<String>,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum SpawnerRefusal {
    /// It is malformed, or names something that does not exist.
    #[error("the spawner refused what it was asked: {0}")]
    Request(String),
    /// The app's directory is gone.
    #[error("cannot open the app's directory: {0}")]
    Directory(String),
    /// There is no user for its workers.
    #[error("{0}")]
    User(String),
    /// The kernel could not make the process.
    #[error("{0}")]
    Process(String),
}

/// The file of a socket, with what distinguishes it from a later one at the same path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketFile {
    /// Absolute. Need not be UTF-8.
    pub path: Vec<u8>,
    /// Its inode.
    pub inode: u64,
    /// The inode's change time: seconds and nanoseconds.
    pub changed: (i64, i64),
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Exit status or signal; `None` if the kernel did not report it.
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

/// As wait(2) reports it.
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
