//! The arguments of `nanoctl`: what it parses, completes, and has in its manual.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Shells whose completions are made.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// From the most severe.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Talks to a running nano.
#[derive(Debug, Parser)]
#[command(
    name = "nanoctl",
    disable_version_flag = true,
    after_help = "Exit codes: 0 done; 1 it failed, the reason is on stderr; 2 wrong usage; 3 no nano answers."
)]
pub struct Cli {
    /// The control socket (else NANO_CONTROL_SOCKET, the config's control_socket, or the usual places)
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,

    /// Ask the nano that serves this config file; whatever is wrong with the file by now
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,

    #[command(subcommand)]
    pub(super) command: Action,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Read the configuration anew and go over to it, or say why not
    Reload {
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// What runs, since when, where
    Status,
    /// The apps and their workers
    Apps,
    /// Replace an app's workers, without losing a request
    Restart {
        /// The app's name
        app: String,
    },
    /// Refuse an app's requests until it is started, finish those in flight, end its workers
    Stop {
        /// The app's name
        app: String,
    },
    /// Start an app that was stopped
    Start {
        /// The app's name
        app: String,
    },
    /// End an app's workers as soon as it has nothing to do; its next request starts them again
    Suspend {
        /// The app's name
        app: String,
    },
    /// Take no more requests, finish those in flight, end
    Drain {
        /// Before that serve on for so long, in seconds, while /readyz says no: so load balancers take this nano out first
        #[arg(long, value_name = "S", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3600))]
        after: u64,
    },
    /// Have the nano that is installed now take over, without losing a request; or say why it does not
    Upgrade {
        /// How long its apps may take until they are ready, in seconds
        #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
        timeout: u64,
    },
    /// The log's last lines, of apps that were removed too
    Logs(LogArguments),
    /// Log from another level on, until nano is started again; without LEVEL: which it is
    LogLevel {
        /// The least severe level that is logged
        #[arg(value_parser = LEVELS)]
        level: Option<String>,
    },
    /// The apps, live: requests, times, memory, CPU
    Top {
        /// How long between two looks, in seconds
        #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
        interval: f64,

        /// Print what happened in one interval, and end; so it is too with --json or when the output is no terminal
        #[arg(long)]
        once: bool,
    },
    /// Each setting that an app runs with, and where it comes from. With --config FILE also when no nano serves the file
    Explain {
        /// A host, as clients ask for it, or an app's name
        #[arg(value_name = "HOST|APP")]
        subject: String,
    },
    /// How workers died: the last of an app, or the one that had a request
    Why {
        /// The app's name, or a request's x-request-id
        #[arg(value_name = "APP|REQUEST_ID")]
        subject: String,
    },
    /// The metrics as Prometheus reads them
    Metrics,
    /// Validate a config file and load every app's module, here and now
    Check {
        /// The config file
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
    },
    /// Print the completions of a shell: put them where it looks for them
    Completions {
        /// The shell
        #[arg(value_parser = SHELLS)]
        shell: String,
    },
    /// Deploy a directory as an app of the fleet, and wait until the nodes serve it (deploy DIR --app NAME)
    #[command(disable_help_flag = true)]
    Deploy(Passed),
    /// The generations of an app of the fleet that can be gone back to
    #[command(disable_help_flag = true)]
    History(Passed),
    /// Go back to a generation of an app of the fleet
    #[command(disable_help_flag = true)]
    Rollback(Passed),
    /// A rollout of an app of the fleet that goes on: pause, resume or abort APP
    #[command(disable_help_flag = true)]
    Rollout(Passed),
    /// The fleet: status, nodes, apps, remove, gc, export, import
    #[command(disable_help_flag = true)]
    Fleet(Passed),
    /// The versions of nanoctl and of the nano that runs
    Version,
}

/// What nano-fleet reads; `--help` shows it.
#[derive(Debug, Args)]
pub(super) struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(super) arguments: Vec<std::ffi::OsString>,
}

/// Which lines of the log are wanted: all that is said must be true of a line.
#[derive(Debug, Args)]
pub(super) struct LogArguments {
    /// Go on with those to come
    #[arg(short = 'f', long)]
    pub(super) follow: bool,

    /// Only the last N of them
    #[arg(short = 'n', long, value_name = "N")]
    pub(super) lines: Option<usize>,

    /// Only since then: 30s, 10m, 2h, 7d, or a time with its zone, as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "T")]
    pub(super) since: Option<String>,

    /// Only this level and more severe ones
    #[arg(long, value_name = "LEVEL", value_parser = LEVELS)]
    pub(super) level: Option<String>,

    /// Only lines in which this regular expression is found, as they are shown without --json
    #[arg(long, value_name = "REGEX")]
    pub(super) grep: Option<String>,

    /// Only this app's
    pub(super) app: Option<String>,
}

/// From a tenth of a second to an hour.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0.1 to 3600 seconds".to_owned()) }
}
