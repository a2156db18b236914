//! `nanoctl`: talks to a running supervisor over its control socket.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use nano_supervisor::nanoctl::{Cli, run};

fn main() -> ExitCode {
    ExitCode::from(run(&Cli::parse()))
}
