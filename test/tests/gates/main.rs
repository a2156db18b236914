//! The gates: a hostile tenant, a hostile client and an unlucky machine must not affect the other apps.
//!
//! Each file is one gate and says what its sabotage control is: a test that shows the gate's check turning red. The short
//! form runs with all other tests; `NANO_GATES=long` (`make gates`) asks for the long one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod assets;
mod bystander;
mod caches;
mod cpu_bombs;
mod crons;
mod evil_worker;
mod hostile_servers;
mod html_rewriter;
mod kills;
mod memory_bombs;
mod mortality;
mod raw_http;
mod reloads;
mod secrets;
mod slow_clients;
mod spares;
mod spoofed_clients;
mod ssrf;
mod unlucky_machine;
mod unread_log;
mod websockets;
