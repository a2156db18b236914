//! The supervisor of nano: receives HTTP requests, finds the app, keeps its workers.
//!
//! Two planes. The *data plane* ([`shard`], [`downstream`], `ingress`, [`upstream`], `route`) carries requests: one
//! thread per shard, no locks. The *control plane* ([`serve`] and what it starts) lives on the main thread:
//! configuration, worker processes, reload, control socket, metrics, logs. They share [`app::App`] and
//! [`worker::Worker`] and communicate by [`shard::command`].
#![forbid(unsafe_code)]

mod acme;
pub mod agent;
pub mod app;
pub mod assets;
mod base64;
pub mod broker;
pub mod bundler;
pub mod cache;
mod certificates;
pub mod check;
mod conditions;
pub mod control;
mod crons;
pub mod descriptors;
pub mod dev;
pub mod downstream;
mod duration;
mod egress;
mod explain;
mod fair_semaphore;
pub mod fleet;
mod handover;
mod hop_by_hop;
mod http_date;
mod identity;
mod ingress;
#[cfg(fuzzing)]
pub use ingress::fuzzing;
pub mod limits;
pub mod log;
pub mod nano_cli;
pub mod nanoctl;
mod notify;
mod orphans;
pub mod otlp;
pub mod printable;
mod privileges;
pub mod project;
mod rate;
mod read_budget;
pub mod readiness;
mod registered;
mod reload;
mod request_id;
pub mod route;
pub mod serve;
pub mod shard;
pub mod signals;
pub mod socket_file;
mod source_map;
pub mod stand_in;
pub mod supervisor;
pub mod telemetry;
mod trace_context;
mod upgrade;
pub mod upstream;
mod watch;
mod websocket_handshake;
pub mod worker;
pub mod wrangler;

pub use nano_spawner::clone3;
