//! `nano`: serves apps, checks configurations, runs scripts.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{ArgGroup, CommandFactory, Parser, Subcommand, error::ErrorKind};
use nano_config::DEFAULT_PORT;
use nano_supervisor::check::check;
use nano_supervisor::fleet::{find_worker, spawner_if_asked};
use nano_supervisor::serve::{Ended, Options, serve};
use nano_supervisor::supervisor::Source;

/// Hosts JavaScript apps, each in its own process.
#[derive(Parser)]
#[command(name = "nano", disable_version_flag = true, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    action: Option<Action>,

    /// Serve all apps of a config file; the same as `nano serve --config FILE`
    #[arg(value_name = "FILE.json")]
    file: Option<PathBuf>,

    /// The same as `nano repl`
    #[arg(long, conflicts_with = "file")]
    repl: bool,

    /// Print the version of nano and of V8
    #[arg(short = 'V', long)]
    version: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Serve all apps of a config file, or one app without one
    #[command(group(ArgGroup::new("what").required(true).args(["config", "app"])))]
    Serve {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,

        /// One app's directory or module; it answers any Host
        #[arg(long, value_name = "DIR")]
        app: Option<PathBuf>,

        /// The port to serve the app on
        #[arg(long, requires = "app", conflicts_with = "config", default_value_t = DEFAULT_PORT)]
        port: u16,

        /// Threads that take requests (default: half of the processors)
        #[arg(long, env = "NANO_SHARDS", hide = true)]
        shards: Option<usize>,
    },
    /// Run a script until nothing is left to do
    Run {
        /// An ES module, or a classic script if it ends in .cjs
        script: OsString,

        /// The script's own arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Evaluate JavaScript line by line
    Repl,
    /// The network of a program that `nano run` runs; its standard input is the link to it
    #[command(hide = true)]
    Broker,
    /// Validate a config file and load every app's module
    Check {
        /// The config file
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    if let Some(ended) = spawner_if_asked() {
        return ended;
    }
    let cli = Cli::parse();
    match cli.action {
        _ if cli.version => version(),
        Some(Action::Serve { config: Some(file), shards, .. }) => run_server(Source::File(file), shards),
        Some(Action::Serve { app: Some(path), port, shards, .. }) => run_server(Source::App { path, port }, shards),
        Some(Action::Run { script, arguments }) => {
            exec_worker([OsString::from("run"), script].into_iter().chain(arguments))
        }
        Some(Action::Broker) => match nano_supervisor::broker::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Some(Action::Repl) => exec_worker([OsString::from("repl")]),
        Some(Action::Check { file }) => run_check(&file),
        None if cli.repl => exec_worker([OsString::from("repl")]),
        None => match cli.file {
            Some(file) if is_config(&file) => run_server(Source::File(file), None),
            Some(other) => wrong_usage(&format!(
                "{0} is neither a command nor a config file that ends in .json; `nano run {0}` runs a script, `nano serve --app {0}` serves an app",
                other.display()
            )),
            None => wrong_usage("say what to do: serve, run, repl or check"),
        },
        // clap asks for one of the two.
        Some(Action::Serve { .. }) => wrong_usage("serve needs --config FILE or --app DIR"),
    }
}

fn is_config(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn wrong_usage(message: &str) -> ExitCode {
    let _ = Cli::command().error(ErrorKind::MissingSubcommand, message).print();
    ExitCode::from(2)
}

fn run_server(source: Source, shards: Option<usize>) -> ExitCode {
    match serve(&Options { source, shards }) {
        Ok(Ended::Drained) => ExitCode::SUCCESS,
        Ok(Ended::Cut) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn run_check(file: &std::path::Path) -> ExitCode {
    match check(file) {
        Ok(config) => {
            let count = config.apps.len();
            let apps = if count == 1 { "app loads" } else { "apps load" };
            let _ = writeln!(io::stdout().lock(), "{}: ok, {count} {apps}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

/// Becomes the worker program; returns only if that fails.
fn exec_worker(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let program = match find_worker() {
        Ok(program) => program,
        Err(error) => return failed(&error),
    };
    let error = Command::new(&program).args(arguments).exec();
    failed(&format_args!("cannot run {}: {error}", program.display()))
}

fn version() -> ExitCode {
    let mut text = format!("nano {}", env!("CARGO_PKG_VERSION"));
    if let Ok(program) = find_worker()
        && let Ok(output) = Command::new(program).arg("--version").output()
        && output.status.success()
        && let Some(v8) = String::from_utf8_lossy(&output.stdout).split("V8 ").nth(1)
    {
        let v8: String = v8.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        text.push_str(&format!(" (V8 {v8})"));
    }
    let _ = writeln!(io::stdout().lock(), "{text}");
    ExitCode::SUCCESS
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "nano: {error}");
    ExitCode::FAILURE
}
