//! `nano.json` → checked values.
//!
//! [`load`] reads a file and answers either a [`Config`] in which every value is in range, every directory exists and
//! no two apps claim one name or host, or a [`ConfigError`] that lists *every* fault with its line, column and key.
//! [`ReloadPlan::between`] says what changed from one [`Config`] to the next. [`HostName`] and [`HostPattern`] are the
//! one place that knows how host names are spelled, in the file and in requests.
//!
//! `nano.schema.json` beside this crate says the same for editors; tests keep the two in step.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod acme;
mod address;
mod app;
mod assets;
mod config;
mod cron;
mod diff;
mod egress;
mod env;
mod error;
mod explain;
mod fleet;
mod glance;
mod hostname;
mod json;
mod load;
mod megabytes;
mod otlp;
mod schema;
mod secret;
mod single_app;
mod suggest;
mod tls;
mod trusted_proxies;
mod validate;

pub use acme::AcmeConfig;
pub use app::{AppConfig, AppSettings, AppStart, RequestAccessors};
pub use assets::{AssetsConfig, HtmlHandling, NotFound, PathPattern, WorkerFirst};
pub use config::{
    AccessLog, Config, KeyLocations, Listen, ListenAddress, ListenOptions, Log, LogFormat, MetricsAddress, MinLogLevel,
    SandboxPolicy, UnixListen,
};
pub use cron::CronExpression;
pub use diff::{AppChange, ReloadPlan, ServerChange};
pub use egress::{EgressRule, EgressSetting};
pub use env::EnvValue;
pub use error::{ConfigError, Diagnostic, Location};
pub use explain::{Explanation, Origin, Setting};
pub use fleet::{BUNDLES, FleetConfig, FleetLimits, FleetTls, MAX_TABLE_BYTES, NEXT_TABLE, TABLE, Table};
pub use glance::{Glance, glance};
pub use hostname::{HostError, HostName, HostPattern, WildcardName, split_host_port};
pub use ipnet::IpNet;
pub use load::{
    MAX_FILE_BYTES, StatePlace, fleet_of, load, near_file, parse, parse_found, parse_with, places_of_files, read_table,
    read_text, state_place, table_faults, working_directory,
};
pub use megabytes::Megabytes;
pub use otlp::OtlpConfig;
pub use schema::DEFAULT_PORT;
pub use secret::{SecretFile, read_secret};
pub use suggest::nearest;
pub use tls::{CertificateConfig, CertificateFiles, Secret, TlsConfig};
pub use trusted_proxies::TrustedProxies;
pub use validate::{AssetsPlace, Found, Module};
