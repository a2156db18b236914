//! The gates: what a hostile tenant, a hostile client and an unlucky machine can do to everybody else, which is nothing.
//!
//! Each file is one gate and says what its sabotage control is: a test that shows the gate's check turning red. The short
//! form runs with all other tests; `NANO_GATES=long` (`make gates`) asks for the long one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod bystander;
mod gate_01_canary;
mod gate_03_kills;
mod gate_04_cpu_bombs;
mod gate_05_memory_bombs;
mod gate_06_reloads;
mod gate_07_evil_worker;
mod gate_08_http;
mod gate_09_slow_clients;
mod gate_10_ssrf;
mod gate_11_machine;
mod gate_12_mortality;
mod gate_13_upstreams;
mod gate_14_log;
