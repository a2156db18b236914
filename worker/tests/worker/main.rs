//! The real `nano-worker` process, with a supervisor played by hand at the other end of its sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod boot;
mod floods;
#[allow(dead_code, reason = "shared with the benchmark")]
mod hand;
mod limits;
mod log;
mod requests;
mod resets;
mod rounds;
mod scheduled;
mod start_kinds;
