//! `nano-worker repl`: entries from a terminal, with history and completion, or line by line from a pipe.
//!
//! This thread runs JavaScript. Another thread reads input (`repl/terminal.rs`, `repl/pipe.rs`), so timers and promises
//! run while the user types; the two communicate over [`Input`].

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process;

use nano_protocol::{CompatibilityFlags, ExitCode};
use nano_runtime::{FileModules, Program, ProgramOptions, ReplSession, RuntimeOptions, StreamBudget, platform};
use url::Url;

mod command;
mod editor;
mod history;
mod input;
mod pipe;
mod screen;
mod terminal;

use screen::Screen;

/// Runs the REPL and ends the process with its exit status.
pub(crate) fn main(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    if let Some(argument) = arguments.next() {
        let _ = writeln!(io::stderr(), "nano repl takes no arguments, but got {}", argument.display());
        return ExitCode::Usage;
    }
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let status = if is_terminal { terminal::run() } else { pipe::run() };
    match status {
        // The heap is not torn down: that takes milliseconds and is not needed.
        #[expect(clippy::disallowed_methods, reason = "the program's own status, and its heap is not torn down")]
        Ok(status) => process::exit(status),
        Err(message) => {
            let _ = writeln!(io::stderr(), "nano repl: {message}");
            ExitCode::Failed
        }
    }
}

/// The session's isolate: modules from the working directory, the limits of `nano run`.
fn session(screen: Screen, colors: bool) -> Result<ReplSession, String> {
    // The REPL works in a directory that was removed, too.
    let directory = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let base = Url::from_directory_path(&directory).map_err(|()| format!("{} has no URL", directory.display()))?;
    let options = RuntimeOptions {
        snapshot: Some(crate::SNAPSHOT),
        code_generation: true,
        exit_on_uncaught: false,
        memory: None,
        base,
        program: ProgramOptions {
            modules: Box::new(FileModules::new(directory)),
            log: Box::new(screen),
            stream_budget: StreamBudget::default(),
            flags: CompatibilityFlags::default(),
        },
    };
    let mut program = Program::new(options).map_err(|error| error.to_string())?;
    program.set_broker(Box::new(crate::network::start));
    program.define_command_line(&[], &env::vars_os().collect::<Vec<_>>());
    Ok(ReplSession::new(program, colors))
}

fn banner() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("nano {version} (V8 {})\nType .help for the commands, Ctrl-D to leave.", platform::v8_version())
}
