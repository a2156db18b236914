//! `nanoctl`: talks to a running supervisor over its control socket.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use nano_supervisor::fleet::spawner_if_asked;
use nano_supervisor::nanoctl::{Cli, run};

fn main() -> ExitCode {
    // `nanoctl check` loads the apps itself.
    if let Some(ended) = spawner_if_asked() {
        return ended;
    }
    ExitCode::from(run(&Cli::parse()))
}
