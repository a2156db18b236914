//! What needs privileges after nano has started: making worker processes for the configuration's apps, each in a control
//! group and in namespaces of its own, and opening those apps' files. Small, single-threaded, and apart from the code that
//! reads what clients send.
//!
//! `nano serve` executes itself once more before it has threads ([`start`]), and that process runs [`run`]. Between the
//! two there is one socket. The spawner reads and checks the configuration itself; what it is told over the socket
//! ([`wire::Request`]) names apps of that configuration and nothing else: no paths, no users, no limits. So a supervisor
//! that was taken over by what it reads from the network can start workers of apps that there are, as they are, read
//! their modules, and kill them.
//!
//! What is told in the supervisor's first words ([`wire::Request::Sweep`]), before it has seen a client, is believed.
#![deny(unsafe_code)]

mod asked;
mod cgroup;
mod child;
mod clone;
pub mod clone3;
mod descriptors;
mod files;
mod generation;
mod groups;
mod inspect;
mod load;
mod nowhere;
mod packet;
mod reading;
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

pub use packet::{MAX_PACKET, Packet, Wait, pair, receive, send};
pub use reading::{Reading, receive_reading};
pub use run::run;
pub use shortage::explain;
pub use source::Source;
pub use start::{SUBCOMMAND, own_program, start};
pub use uid::supervisors_own;
