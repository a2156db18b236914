//! The whole of a checked configuration: the server's own keys and its apps.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::app::AppConfig;
use crate::error::{Diagnostic, Location};
use crate::fleet::{FleetConfig, Table};
use crate::otlp::OtlpConfig;
use crate::secret::SecretFile;
use crate::tls::TlsConfig;
use crate::trusted_proxies::TrustedProxies;

/// A checked `nano.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file it was read from, spelled as given; `None` for [`Config::single_app`].
    pub file: Option<PathBuf>,
    /// Where to serve, at least one, no two alike. Sockets inherited from systemd win over it.
    pub listen: Vec<Listen>,
    /// `trusted_proxies`: whose word about their clients counts.
    pub trusted_proxies: TrustedProxies,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub metrics: MetricsAddress,
    /// `control_socket`, absolute: a relative path counts from the directory of the file.
    pub control_socket: Option<PathBuf>,
    /// `control_group`: the group that may use the control socket, by name or number.
    pub control_group: Option<String>,
    /// What is logged and how.
    pub log: Log,
    /// `drain_ms`: longest wait for requests in flight at stop and reload. May be zero.
    pub drain: Duration,
    /// `sandbox`; `None`: required as root, else best effort.
    pub sandbox: Option<SandboxPolicy>,
    /// `uid_base`: first uid of the workers' own range.
    pub uid_base: Option<u32>,
    /// `spares`: workers without an app that are kept ready.
    pub spares: usize,
    /// `watch`: reload when the file or an app's directory changes.
    pub watch: bool,
    /// `tls`.
    pub tls: Option<TlsConfig>,
    /// `otlp`.
    pub otlp: Option<OtlpConfig>,
    /// `fleet` with `state_dir`: the apps come from there.
    pub fleet: Option<FleetConfig>,
    /// The table that they were read from.
    pub(crate) table: Option<Table>,
    /// At least one without `fleet`; in the order of the file, or of the fleet's table.
    pub apps: Vec<AppConfig>,
    /// The files of secrets (`env`: `{"file": …}`), by what the file calls them.
    pub secret_files: BTreeMap<String, SecretFile>,
    /// What the operator should know though nothing is wrong.
    pub warnings: Vec<Diagnostic>,
    /// The locations of the server's own keys that are in the file.
    pub locations: KeyLocations,
    /// What it was read from, for [`Config::explain`].
    pub(crate) text: SourceText,
}

/// The text of a configuration. What a configuration says does not depend on how it is written: all are equal. `Debug`
/// does not print it, for it may hold secrets.
#[derive(Clone, Default)]
pub(crate) struct SourceText(std::sync::Arc<str>);

impl SourceText {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SourceText {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for SourceText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The locations of keys, by their names (`log.format` too). What a configuration says does not depend on them: all
/// values are equal.
#[derive(Clone, Debug, Default)]
pub struct KeyLocations(BTreeMap<&'static str, Location>);

impl KeyLocations {
    pub(crate) fn new(locations: impl Iterator<Item = (&'static str, Location)>) -> Self {
        Self(locations.collect())
    }

    /// The location of a key; `None`: it is not in the file.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Location> {
        self.0.get(key)
    }
}

impl PartialEq for KeyLocations {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Config {
    /// The text that it was read from; empty without a file. It may have secrets in it.
    #[must_use]
    pub fn source_text(&self) -> &str {
        self.text.as_str()
    }

    /// The app of this name.
    #[must_use]
    pub fn app(&self, name: &str) -> Option<&AppConfig> {
        self.apps.iter().find(|app| app.name == name)
    }
}

/// An entry of `listen`: where to serve, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where.
    pub address: ListenAddress,
    /// How.
    pub options: ListenOptions,
}

/// What is agreed with those who connect to a listener, beside HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// `proxy_protocol`: each connection begins with a header of the PROXY protocol, which names the client.
    pub proxy_protocol: bool,
    /// `tls`: those who connect speak TLS, with a certificate of [`TlsConfig`].
    pub tls: bool,
}

/// An address to serve on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP address. `[::]` is meant dual-stack: bind it with `IPV6_V6ONLY` off, unless the list has `0.0.0.0` with
    /// the same port too; on a machine without IPv6 bind `0.0.0.0` instead.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(UnixListen),
}

/// A Unix socket to serve on, and who may connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixListen {
    /// Absolute.
    pub path: PathBuf,
    /// Permission bits of its file.
    pub mode: u32,
    /// The group that its file gets, by name or number; `None`: that of the process, or of the directory.
    pub group: Option<String>,
}

impl UnixListen {
    /// Every user who may enter its directory, as with a TCP port of this machine.
    pub const OPEN: u32 = 0o666;
    /// The same where a group is named: the owner and that group.
    pub const GROUP: u32 = 0o660;

    /// As `"unix:/path"` has it.
    #[must_use]
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), mode: Self::OPEN, group: None }
    }
}

impl Listen {
    /// What `port` stands for: `[::]:port`, dual-stack as [`ListenAddress::Tcp`] says.
    #[must_use]
    pub fn all_addresses(port: u16) -> Self {
        Self::tcp(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port))
    }

    /// Plain HTTP on a TCP address.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        ListenAddress::Tcp(address).into()
    }

    /// Plain HTTP on a Unix socket.
    #[must_use]
    pub fn unix(socket: UnixListen) -> Self {
        ListenAddress::Unix(socket).into()
    }

    /// Whether the two cannot both be bound.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        match (&self.address, &other.address) {
            (ListenAddress::Tcp(one), ListenAddress::Tcp(other)) => one == other && one.port() != 0,
            (ListenAddress::Unix(one), ListenAddress::Unix(other)) => one.path == other.path,
            _ => false,
        }
    }
}

impl From<ListenAddress> for Listen {
    fn from(address: ListenAddress) -> Self {
        Self { address, options: ListenOptions::default() }
    }
}

/// The metrics address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAddress {
    /// Not in the file: [`MetricsAddress::DEFAULT`], which may fall away with a warning when it is taken.
    Default,
    /// In the file: it must work. Port 0 lets the kernel pick.
    At(SocketAddr),
    /// `"off"`.
    Off,
}

impl MetricsAddress {
    /// `127.0.0.1:9464`, the port that OpenTelemetry's Prometheus exporters took.
    pub const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

    /// The address, and whether nano must be able to bind it.
    #[must_use]
    pub fn address(self) -> Option<(SocketAddr, bool)> {
        match self {
            Self::Default => Some((Self::DEFAULT, false)),
            Self::At(address) => Some((address, true)),
            Self::Off => None,
        }
    }
}

/// `log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// `None`: JSON when stderr is no terminal, else pretty.
    pub format: Option<LogFormat>,
    /// The least level that is logged.
    pub level: MinLogLevel,
    /// Whether, and how, each request is logged.
    pub access: AccessLog,
}

/// `log.access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// `false`.
    Off,
    /// `true`: in the log, as its other lines are.
    InLog,
    /// `"combined"`: on the standard output, in the Combined Log Format.
    Combined,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinLogLevel {
    /// Failures.
    Error,
    /// What may lead to failures.
    Warn,
    /// Events.
    Info,
    /// Details of events.
    Debug,
    /// Every step.
    Trace,
}

impl MinLogLevel {
    /// One of the words of the key; anything else is `info`.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "error" => Self::Error,
            "warn" => Self::Warn,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => Self::Info,
        }
    }

    /// As in the file, and as `tracing` reads it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What happens when a worker lacks a layer of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxPolicy {
    /// It is not started.
    Required,
    /// It is started, and the log says so.
    BestEffort,
}
