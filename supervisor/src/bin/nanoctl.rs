//! `nanoctl`: talks to a running supervisor over its control socket.
#![forbid(unsafe_code)]

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use nano_protocol::ExitCode;
use nano_supervisor::nanoctl::{Cli, run};

/// Commands of nano, for users who give them to nanoctl.
const NANOS: &[&str] = &["serve", "run", "repl"];

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|mut error| {
        if let Some(tip) = tip(&error) {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        error.exit()
    });
    run(&cli)
}

fn tip(error: &clap::Error) -> Option<String> {
    let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(command))) =
        (error.kind(), error.get(ContextKind::InvalidSubcommand))
    else {
        return None;
    };
    NANOS.contains(&command.as_str()).then(|| format!("`{command}` is a command of nano: `nano {command}`"))
}
