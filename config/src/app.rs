//! One app of a checked configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::assets::AssetsConfig;
use crate::cron::CronExpression;
use crate::egress::EgressSetting;
use crate::env::EnvValue;
use crate::error::Location;
use crate::hostname::HostPattern;
use crate::megabytes::Megabytes;

/// A tenant's app. Equality is about what it does: where it stands in the file ([`AppConfig::location`]) does not count.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// `[a-z0-9._-]+`, unique. Where the file gives none: the first hostname in lower case, `*` → `default`,
    /// `*.example` → `wildcard.example`, `[::1]` → `ip6---1` (each `:` a `-`).
    pub name: String,
    /// At least one. No other app has any of them.
    pub hostnames: Vec<HostPattern>,
    /// `path` as it was resolved: absolute, links and `..` kept.
    pub path: PathBuf,
    /// The directory of the app's files: absolute, links resolved when the file was read, so that a generation stays
    /// with the release it started with when a `current` link moves on.
    pub root: PathBuf,
    /// File name of the module in `root`, `index.js` for instance. Empty for an app that has no module but `assets` alone:
    /// `path` and `root` are those of the assets then.
    pub entry: String,
    /// The app's directory as stacks and messages name it: as `path` writes it, with a `/` at its end, or empty. `None` where
    /// that is absolute: what an app can read must not tell where on the machine it is.
    pub shown: Option<String>,
    /// The location of `path` in the file, for faults that are found when the module is loaded.
    pub location: Location,
    /// `assets`: files that are served without the worker.
    pub assets: Option<AssetsConfig>,
    /// Everything else, with `defaults` filled in.
    pub settings: AppSettings,
}

impl PartialEq for AppConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, hostnames, path, root, entry, shown, location: _, assets, settings } = self;
        *name == other.name
            && *hostnames == other.hostnames
            && *path == other.path
            && *root == other.root
            && *entry == other.entry
            && *shown == other.shown
            && *assets == other.assets
            && *settings == other.settings
    }
}

impl AppConfig {
    /// Whether there is code that a worker runs.
    #[must_use]
    pub fn has_module(&self) -> bool {
        !self.entry.is_empty()
    }
}

/// The per-app keys. `Debug` prints the names of `env`, never its values.
#[derive(Clone, PartialEq)]
pub struct AppSettings {
    /// `env`: the handler's second argument. An app that has its own replaces the one of `defaults` whole.
    pub env: BTreeMap<String, EnvValue>,
    /// `max_buffer_size_mb`: what one stream may hold. At least one byte.
    pub max_buffer: Megabytes,
    /// `max_total_buffer_mb`: what all streams of one worker may hold together; `None`: no such limit.
    pub max_total_buffer: Option<Megabytes>,
    /// `memory_mb` in bytes: V8 heap and array buffers of one worker.
    pub memory_bytes: u64,
    /// `timeout_ms`: wall time from dispatch to the response head. Never zero.
    pub timeout: Duration,
    /// `cpu_ms`: CPU time one event-loop turn may take. Never zero.
    pub cpu: Duration,
    /// `workers`: worker processes. Never zero.
    pub workers: u16,
    /// `max_concurrent`: requests in flight per worker. Never zero.
    pub max_concurrent: u32,
    /// `max_body_mb` in bytes, rounded down. Never zero.
    pub max_body_bytes: u64,
    /// `start`: when its workers are started.
    pub start: AppStart,
    /// `idle_ms`: stop workers idle for this long; `None`: keep them.
    pub idle: Option<Duration>,
    /// `egress`: where the app may connect to.
    pub egress: EgressSetting,
    /// `request_accessors`: how the app reads the incoming request.
    pub request_accessors: RequestAccessors,
    /// `compatibility_flags`: what the app has beside the web platform.
    pub compatibility_flags: BTreeSet<&'static str>,
    /// `crons`: when the app's `scheduled()` is called. Without duplicates; empty for an app without a module.
    pub crons: Vec<CronExpression>,
}

impl fmt::Debug for AppSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            env,
            max_buffer,
            max_total_buffer,
            memory_bytes,
            timeout,
            cpu,
            workers,
            max_concurrent,
            max_body_bytes,
            start,
            idle,
            egress,
            request_accessors,
            compatibility_flags,
            crons,
        } = self;
        f.debug_struct("AppSettings")
            .field("env", &env.keys().collect::<Vec<_>>())
            .field("max_buffer", max_buffer)
            .field("max_total_buffer", max_total_buffer)
            .field("memory_bytes", memory_bytes)
            .field("timeout", timeout)
            .field("cpu", cpu)
            .field("workers", workers)
            .field("max_concurrent", max_concurrent)
            .field("max_body_bytes", max_body_bytes)
            .field("start", start)
            .field("idle", idle)
            .field("egress", egress)
            .field("request_accessors", request_accessors)
            .field("compatibility_flags", compatibility_flags)
            .field("crons", crons)
            .finish()
    }
}

/// When an app's workers are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppStart {
    /// When nano starts, or a reload brings the app.
    Eager,
    /// When there is a request for them. Until then only the app's modules are checked.
    OnDemand,
}

impl AppStart {
    /// One of the words of the key; anything else is `eager`.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "on-demand" => Self::OnDemand,
            _ => Self::Eager,
        }
    }
}

/// Whether `request.url` is a property, as the standard has it, or a method, as apps for the older nano call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestAccessors {
    /// `request.url`.
    Property,
    /// `request.url()`.
    Method,
    /// Decided by the app's own source when it is loaded.
    Auto,
}

impl RequestAccessors {
    /// One of the words of the key; anything else is `auto`.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "property" => Self::Property,
            "method" => Self::Method,
            _ => Self::Auto,
        }
    }
}
