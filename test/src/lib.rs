//! Harness of the end-to-end tests: real `nano` processes on free ports, exact bytes over plain sockets, and waiting for
//! conditions with a deadline instead of sleeping.
//!
//! ```no_run
//! let site = nano_test::Site::new();
//! site.app("a", "export default { fetch: () => new Response('hi') };");
//! let nano = site.apps(serde_json::json!([{ "name": "a", "hostname": "a.local", "path": "a" }])).serve();
//! assert_eq!(nano.get("a.local", "/").text(), "hi");
//! ```
//!
//! A helper that cannot do its work panics with what it saw: it is a failed test, with the supervisor's log printed below.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a harness reports by failing the test"
)]

mod disk;
mod etcd;
mod form;
mod http;
mod load;
mod log;
mod metrics;
mod nano;
pub mod process;
mod programs;
mod prometheus;
mod site;
mod traffic;
mod trust;
mod wait;
mod websocket;

pub use disk::Disk;
pub use etcd::Etcd;
pub use form::{Dice, is_long, sized};
pub use http::{Connection, Response, exchange};
pub use load::{Load, Tally};
pub use log::Log;
pub use metrics::Metrics;
pub use nano::{Ctl, Nano, Worker};
pub use programs::{Finished, app_path, binary, finish, repository, tool};
pub use prometheus::Prometheus;
pub use site::Site;
pub use traffic::{Target, Traffic, Way, certify};
pub use trust::{careless, tls_client};
pub use wait::{PATIENCE, until, until_within};
pub use websocket::{Frame, WebSocket, opcode};
