//! The control plane as its users see it: `nano` and `nanoctl` as they are built, over workers without V8.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod control;
mod lifecycle;
mod nano;
mod on_demand;
mod places;
mod printable;
mod reload;
mod spans;
mod start;
mod usage;
