//! Why nano does not start, for people and for programs.

use std::io;

use nano_config::{ConfigError, LogFormat};
use nano_spawner::explain;

use super::predecessor::TakeOverError;
use crate::agent::NoAgent;
use crate::control;
use crate::control::socket::SocketError;
use crate::downstream::listener::ListenError;
use crate::fleet::{NoProc, NoWorker, SpawnerError};
use crate::limits::TooLittle;
use crate::log;
use crate::otlp::OtlpError;
use crate::shard::ShardError;
use crate::supervisor::ConfigSource;

/// Why nano does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Faults of the configuration or of the apps' modules.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// There is no worker program.
    #[error(transparent)]
    NoWorker(#[from] NoWorker),
    /// A node of a fleet lacks its agent, or the place for its apps.
    #[error(transparent)]
    NoAgent(#[from] NoAgent),
    /// There is no spawner.
    #[error(transparent)]
    Spawner(#[from] SpawnerError),
    /// Spans cannot be sent.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    /// An address cannot be bound.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The sockets that systemd passed are unusable.
    #[error("the sockets that systemd passed cannot be used: {0}")]
    Inherited(io::Error),
    /// The metrics address cannot be bound.
    #[error(
        "cannot listen on the metrics address {address}: {source} (another `metrics` address, or \"off\", in the config)"
    )]
    Metrics {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The control socket cannot be bound.
    #[error(transparent)]
    Control(#[from] SocketError),
    /// The nano that runs cannot be taken over from.
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
    /// A shard could not be started.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// Workers' sandboxes could not be inspected.
    #[error(transparent)]
    Proc(#[from] NoProc),
    /// Limits are too low.
    #[error(transparent)]
    Limits(#[from] TooLittle),
    /// The system refused something.
    #[error("nano cannot be started: {}", explain(.0))]
    Io(#[from] io::Error),
}

impl ServeError {
    /// The error's code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config_invalid",
            Self::NoWorker(_) => "no_worker",
            Self::NoAgent(_) => "no_agent",
            Self::Spawner(_) => "spawner",
            Self::Otlp(_) => "otlp",
            Self::Listen(_) => "listen",
            Self::Inherited(_) => "inherited_sockets",
            Self::Metrics { .. } => "metrics",
            Self::Control(_) => "control_socket",
            Self::TakeOver(_) => "take_over",
            Self::Shard(_) => "shard",
            Self::Proc(_) => "no_proc",
            Self::Limits(_) => "limits",
            Self::Io(_) => "io",
        }
    }
}

/// Logs the error; the caller of [`serve`] prints it for people.
pub(super) fn log_failure(source: &ConfigSource, error: &ServeError, format: Option<LogFormat>) {
    let config = match source {
        ConfigSource::File(path) | ConfigSource::App { path, .. } => path.display().to_string(),
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
