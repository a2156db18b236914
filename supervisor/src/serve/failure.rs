//! Why nano does not serve, for people and for programs.

use std::io;

use nano_config::{ConfigError, LogFormat};
use nano_spawner::explain;

use crate::control;
use crate::control::socket::SocketError;
use crate::downstream::listener::ListenError;
use crate::fleet::{NoProc, NoWorker, SpawnerError};
use crate::limits::TooLittle;
use crate::log;
use crate::shard::ShardError;
use crate::supervisor::Source;

/// Why nano does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Faults of the configuration or of the apps' modules.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Nothing to run apps with.
    #[error(transparent)]
    NoWorker(#[from] NoWorker),
    /// No process that starts workers.
    #[error(transparent)]
    Spawner(#[from] SpawnerError),
    /// An address cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// What systemd handed over.
    #[error("the sockets that systemd passed cannot be used: {0}")]
    Inherited(io::Error),
    /// The metrics address cannot be had.
    #[error(
        "cannot listen on the metrics address {address}: {source} (another `metrics` address, or \"off\", in the config)"
    )]
    Metrics {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The control socket cannot be had.
    #[error(transparent)]
    Control(#[from] SocketError),
    /// A thread that takes requests.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// It could not be seen whether workers are locked up.
    #[error(transparent)]
    Proc(#[from] NoProc),
    /// Limits are too low.
    #[error(transparent)]
    Limits(#[from] TooLittle),
    /// The machine gives too little.
    #[error("nano cannot be started: {}", explain(.0))]
    Io(#[from] io::Error),
}

impl ServeError {
    /// For programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config_invalid",
            Self::NoWorker(_) => "no_worker",
            Self::Spawner(_) => "spawner",
            Self::Listen(_) => "listen",
            Self::Inherited(_) => "inherited_sockets",
            Self::Metrics { .. } => "metrics",
            Self::Control(_) => "control_socket",
            Self::Shard(_) => "shard",
            Self::Proc(_) => "no_proc",
            Self::Limits(_) => "limits",
            Self::Io(_) => "io",
        }
    }
}

/// As a line of the log; the caller of [`serve`] says it to people.
pub(super) fn say(source: &Source, error: &ServeError, format: Option<LogFormat>) {
    let config = match source {
        Source::File(path) | Source::App { path, .. } => path.display().to_string(),
    };
    let faults = match error {
        ServeError::Config(error) => error.diagnostics().iter().map(control::fault_json).collect(),
        _ => Vec::new(),
    };
    log::last_error(
        format,
        "nano does not serve",
        [
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("pid", std::process::id().into()),
            ("config", config.into()),
            ("code", error.code().into()),
            ("error", error.to_string().into()),
            ("faults", faults.into()),
        ],
    );
}
