//! The data plane against real sockets on both sides: HTTP by hand at the front, and at the back a worker that is
//! played by the test, frame by frame.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "tests stop at the first surprise"
)]

mod access_log;
mod bodies;
mod client;
mod deaths;
mod draining;
mod exhaustion;
mod fetches;
mod half_closed;
mod host;
mod limits;
mod mutations;
mod proxied;
mod queueing;
mod raw;
mod resets;
mod responses;
mod scheduled;
mod uploads;
mod violations;
mod worker;
