//! `nano-worker run SCRIPT.js [ARG…]`: an ES module (`.cjs`: a classic script), run until nothing is left to do.
//!
//! For tests there are options before the script: see [`RunOptions`].

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use nano_protocol::ExitCode;
use nano_runtime::{FileModules, LogLevel, LogSink, Program, ProgramOptions, RuntimeOptions};
use url::Url;

mod options;

use options::RunOptions;

/// Runs the script that the arguments name and ends the process with its exit status.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match RunOptions::parse(&mut arguments) {
        Ok(options) => options,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{message}");
            return ExitCode::Usage;
        }
    };
    match run(options, arguments) {
        // The heap is not torn down: that takes milliseconds and is not needed.
        #[expect(clippy::disallowed_methods, reason = "the program's own status, and its heap is not torn down")]
        Ok(status) => process::exit(status),
        Err(message) => {
            let _ = writeln!(io::stderr(), "nano run: {message}");
            ExitCode::Failed
        }
    }
}

fn run(options: RunOptions, arguments: impl Iterator<Item = OsString>) -> Result<i32, String> {
    let script = Path::new(&options.script);
    let script = fs::canonicalize(script).map_err(|error| format!("cannot open {}: {error}", script.display()))?;
    if script.is_dir() {
        let index = script.join("index.js");
        return Err(format!("{} is a directory; name the script in it, as in {}", script.display(), index.display()));
    }
    let (Some(directory), Some(name)) = (script.parent(), script.file_name().and_then(|name| name.to_str())) else {
        return Err(format!("{} is not the path of a file", script.display()));
    };
    let base = Url::from_directory_path(directory).map_err(|()| format!("{} has no URL", directory.display()))?;
    let mut program = Program::new(RuntimeOptions {
        snapshot: Some(crate::SNAPSHOT),
        code_generation: true,
        exit_on_uncaught: true,
        memory: None,
        base,
        program: ProgramOptions {
            modules: Box::new(FileModules::new(PathBuf::from(directory))),
            log: Box::new(Stdio),
            stream_budget: options.stream_budget,
            flags: options.flags,
        },
    })
    .map_err(|error| error.to_string())?;
    program.set_broker(Box::new(crate::network::start));
    if options.expose_gc {
        program.expose_gc();
    }
    program.define_command_line(&arguments.collect::<Vec<_>>(), &env::vars_os().collect::<Vec<_>>());
    if name.ends_with(".cjs") {
        let text = fs::read_to_string(&script).map_err(|error| format!("cannot read {}: {error}", script.display()))?;
        let url = Url::from_file_path(&script).map(String::from).unwrap_or_default();
        if let Err(error) = program.run_script(&url, &text) {
            let status = program.exit_requested();
            if status.is_none() {
                let _ = writeln!(io::stderr(), "Uncaught {}", error.message);
            }
            return Ok(status.unwrap_or(ExitCode::Failed.into()));
        }
    } else {
        program.load_main(name);
    }
    Ok(program.run_to_completion())
}

/// `console.log` to stdout, warnings and errors to stderr.
struct Stdio;

impl LogSink for Stdio {
    fn write(&mut self, level: LogLevel, _request_id: &str, text: &str) {
        // A closed pipe does not stop the program.
        let _ = match level {
            LogLevel::Debug | LogLevel::Info => writeln!(io::stdout().lock(), "{text}"),
            LogLevel::Warn | LogLevel::Error => writeln!(io::stderr().lock(), "{text}"),
        };
    }
}
