//! The supervisor of nano: takes HTTP, finds the app, keeps its workers.
//!
//! Two planes. The *data plane* ([`shard`], `ingress`, `route`) carries requests: one thread per shard, no locks. The
//! *control plane* ([`serve`] and what it starts) lives on the main thread: configuration, worker processes, reload,
//! control socket, metrics, logs. They share [`app::App`] and [`worker::Worker`] and talk in [`shard::command`].
#![forbid(unsafe_code)]

pub mod app;
pub mod fleet;
pub mod log;
mod ingress;
pub mod readiness;
pub mod route;
pub mod shard;
pub mod telemetry;
pub mod worker;
