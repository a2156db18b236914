//! The part of nano that keeps privileges after the start: it makes worker processes for the configuration's apps, each
//! in a control group and namespaces of its own, and opens those apps' files. Small, single-threaded, and in a process
//! apart from the code that reads what clients send.
//!
//! `nano serve` executes itself once more before it has threads ([`start`]), and that process runs [`run`]. The two
//! share one socket. The spawner reads and checks the configuration itself. The requests on the socket
//! ([`wire::Request`]) name apps of that configuration and nothing else: no paths, no users, no limits. So an attacker
//! who takes over the supervisor can start workers of configured apps, read those apps' modules and assets, and kill workers.
//!
//! One request is trusted: [`wire::Request::Sweep`], which the supervisor sends first, before it has read anything from
//! a client. What a nano that takes over is executed with (`nanoctl upgrade`) was written down before that, too
//! ([`Inheritance`]): a compromised supervisor can have the installed nano started, and chooses nothing of how.
#![deny(unsafe_code)]

mod asset_list;
mod certificates;
mod cgroup;
mod child;
mod clone;
pub mod clone3;
mod config_transfer;
mod descriptors;
mod dev_null;
mod files;
mod forked_task;
mod generation;
mod groups;
pub mod heap;
mod inheritance;
mod inspect;
mod listing;
mod load;
mod packet;
mod peer_groups;
mod requested_modules;
mod run;
mod shortage;
pub mod signals;
mod source;
mod spawn;
mod start;
mod sweep;
mod uid;
mod watch;
mod watching;
pub mod wire;

pub use asset_list::{ASSET_RULES, AssetFile, AssetList, MAX_ASSET_DEPTH, MAX_ASSETS};
pub use certificates::receive_certificates;
pub use config_transfer::{ConfigTransfer, receive_config};
pub use dev_null::open as open_null;
pub use inheritance::Inheritance;
pub use listing::receive_assets;
pub use packet::{MAX_PACKET, Packet, Wait, pair, receive, send};
pub use peer_groups::peer_groups;
pub use run::{TAKE_OVER_FLAG, run};
pub use shortage::explain;
pub use source::ConfigSource;
pub use start::{SUBCOMMAND, installed_program, own_program, start};
pub use uid::supervisors_own;
pub use watch::{Fingerprint, WatchedPaths, Watcher, WatcherReport};
