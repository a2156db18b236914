//! One app's process. Started by `nano` only: `nano-worker` serves an app, `nano-worker run SCRIPT` runs a script,
//! `nano-worker repl` is the interactive session.

#![deny(unsafe_code)]

use std::env;
use std::io::{self, Write as _};

use nano_protocol::{ExitCode, ExitReason};
use nano_runtime::HeapImage;

mod boot;
mod network;
mod process_title;
mod repl;
mod run;
mod stack;

/// The heap image with the builtins, written by `build.rs`.
static SNAPSHOT: HeapImage = HeapImage {
    blob: include_bytes!(concat!(env!("OUT_DIR"), "/heap.bin")),
    texts: include_bytes!(concat!(env!("OUT_DIR"), "/texts.js")),
    lengths: include_bytes!(concat!(env!("OUT_DIR"), "/lengths.bin")),
};

fn main() -> ExitCode {
    if let Err(message) = stack::ensure() {
        let _ = writeln!(io::stderr(), "nano-worker: {message}");
        return ExitCode::Worker(ExitReason::Startup);
    }
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next();
    match command.as_deref().and_then(|command| command.to_str()) {
        None => boot::main(arguments),
        Some("serve") => boot::main(arguments),
        Some("repl") => repl::main(arguments),
        Some("run") => run::main(arguments),
        Some("modules") => modules(),
        Some("--version") => version(),
        _ => usage(),
    }
}

/// `nano --version` calls it too: only this program knows its V8.
fn version() -> ExitCode {
    let v8 = nano_runtime::platform::v8_version();
    let _ = writeln!(io::stdout(), "nano-worker {} (V8 {v8})", env!("CARGO_PKG_VERSION"));
    ExitCode::Done
}

/// For `nano dev`: which imports are no files.
fn modules() -> ExitCode {
    let mut text = String::new();
    for module in nano_runtime::listed_modules() {
        text.push_str(&module.line());
        text.push('\n');
    }
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::Done,
        Err(_) => ExitCode::Failed,
    }
}

fn usage() -> ExitCode {
    let _ = writeln!(
        io::stderr(),
        "nano-worker is started by `nano`. By hand: nano-worker run SCRIPT.js [ARG…], or nano-worker repl"
    );
    ExitCode::Usage
}
