//! `fleet` and `state_dir`: where a node of a fleet finds its apps, and what it allows them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::app::AppSettings;

/// The table of apps that serves, in `state_dir`.
pub const TABLE: &str = "apps.json";
/// The table that a reload is to go over to, in `state_dir`; it becomes [`TABLE`] when it serves.
pub const NEXT_TABLE: &str = "apps.next.json";
/// The directory of the apps' code, in `state_dir`.
pub const BUNDLES: &str = "bundles";
/// Largest table, in bytes.
pub const MAX_TABLE_BYTES: usize = 64 << 20;

/// A node's part of the fleet: `fleet` with `state_dir`. Equality is about what they say.
#[derive(Clone, PartialEq)]
pub struct FleetConfig {
    /// `endpoints` of etcd, at least one: `http://host:port` or `https://host:port`.
    pub endpoints: Vec<String>,
    /// `prefix` of all keys, without a `/` at its end.
    pub prefix: String,
    /// `node`: this node's name, unique in the fleet.
    pub node: String,
    /// `labels`, by which apps choose their nodes.
    pub labels: BTreeMap<String, String>,
    /// `tls`: files in PEM, absolute.
    pub tls: FleetTls,
    /// `user`: the name, and the file with the password, absolute.
    pub user: Option<(String, PathBuf)>,
    /// `secret_keys`: files of the private keys that open the apps' secrets, absolute.
    pub secret_keys: Vec<PathBuf>,
    /// `limits`: what no app of the fleet may go beyond here.
    pub limits: FleetLimits,
    /// `state_dir`, absolute.
    pub state_dir: PathBuf,
}

impl fmt::Debug for FleetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoints, prefix, node, labels, state_dir, .. } = self;
        f.debug_struct("FleetConfig")
            .field("endpoints", endpoints)
            .field("prefix", prefix)
            .field("node", node)
            .field("labels", labels)
            .field("state_dir", state_dir)
            .finish_non_exhaustive()
    }
}

/// Files for TLS to etcd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetTls {
    /// Who signs etcd's certificate; `None`: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The node's own certificate and key.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// Upper bounds for the settings of the fleet's apps; `None`: no bound but that of the key itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetLimits {
    /// `memory_mb`.
    pub memory_mb: Option<u64>,
    /// `workers`.
    pub workers: Option<u64>,
    /// `cpu_ms`.
    pub cpu_ms: Option<u64>,
    /// `timeout_ms`.
    pub timeout_ms: Option<u64>,
    /// `max_concurrent`.
    pub max_concurrent: Option<u64>,
    /// `max_body_mb`.
    pub max_body_mb: Option<u64>,
    /// `max_buffer_size_mb`.
    pub max_buffer_size_mb: Option<u64>,
}

impl FleetLimits {
    /// The keys that are beyond their bound, each with its value and the bound.
    pub(crate) fn exceeded(&self, settings: &AppSettings) -> Vec<(&'static str, u64, u64)> {
        let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let values = [
            ("memory_mb", self.memory_mb, megabytes(settings.memory_bytes)),
            ("workers", self.workers, u64::from(settings.workers)),
            ("cpu_ms", self.cpu_ms, millis(settings.cpu)),
            ("timeout_ms", self.timeout_ms, millis(settings.timeout)),
            ("max_concurrent", self.max_concurrent, u64::from(settings.max_concurrent)),
            ("max_body_mb", self.max_body_mb, megabytes(settings.max_body_bytes)),
            ("max_buffer_size_mb", self.max_buffer_size_mb, megabytes(settings.max_buffer.bytes())),
        ];
        values
            .into_iter()
            .filter_map(|(key, bound, value)| Some((key, value, bound.filter(|bound| value > *bound)?)))
            .collect()
    }
}

/// The table of the fleet's apps as this node has it: a document with `apps`, whose paths are in its directory's
/// [`BUNDLES`].
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    /// Its text.
    pub text: String,
    /// Where it was read from, absolute.
    pub file: PathBuf,
}

impl fmt::Debug for Table {
    /// The text has the apps' secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Table {
    /// One without apps.
    #[must_use]
    pub fn empty(state_dir: &Path) -> Self {
        Self { text: "{\"apps\":[]}".to_owned(), file: state_dir.join(TABLE) }
    }
}

/// The directory that systemd made for the service's state: the first of `$STATE_DIRECTORY`.
pub(crate) fn state_directory() -> Option<PathBuf> {
    let all = std::env::var_os("STATE_DIRECTORY")?;
    let first = all.to_str()?.split(':').next().filter(|path| path.starts_with('/'))?;
    Some(first.into())
}
