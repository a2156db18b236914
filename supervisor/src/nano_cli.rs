//! The arguments of `nano`: what it parses, and has in its manual.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::dev::DEV_PORT;

/// Hosts JavaScript apps, each in its own process.
#[derive(Parser)]
#[command(
    name = "nano",
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 done; 1 it failed, the reason is on stderr; 2 wrong usage.\nA nano that runs is asked by nanoctl."
)]
pub struct Cli {
    #[command(subcommand)]
    pub action: Option<Action>,

    /// Serve all apps of a config file; the same as `nano serve --config FILE`
    #[arg(value_name = "FILE.json")]
    pub words: Vec<PathBuf>,

    /// The same as `nano repl`
    #[arg(long, conflicts_with = "words")]
    pub repl: bool,

    /// Print the version of nano and of V8
    #[arg(short = 'V', long)]
    pub version: bool,
}

#[derive(Subcommand)]
pub enum Action {
    /// Serve all apps of a config file, or one app without one
    Serve {
        /// A config file that ends in .json, or one app's directory or module
        #[arg(value_name = "FILE.json|DIR", conflicts_with_all = ["config", "app"])]
        what: Option<PathBuf>,

        /// The config file
        #[arg(long, value_name = "FILE", conflicts_with = "app")]
        config: Option<PathBuf>,

        /// One app's directory or module; it answers any Host
        #[arg(long, value_name = "DIR")]
        app: Option<PathBuf>,

        /// The port to serve one app on; a config file says its own [default: 8080]
        #[arg(long, conflicts_with = "config")]
        port: Option<u16>,

        /// Threads that take requests (default: half of the processors)
        #[arg(long, env = "NANO_SHARDS", hide = true)]
        shards: Option<usize>,

        /// The standard input is a socket with the orders of `nano dev`
        #[arg(long, hide = true, requires = "config")]
        dev_link: bool,

        /// The standard input is the socket of a nano that this one takes over from
        #[arg(long, hide = true)]
        take_over: bool,
    },
    /// Serve a project of wrangler, or a directory, and its changes as they are saved
    Dev {
        /// Its directory, its wrangler.jsonc, wrangler.json or wrangler.toml, or its module
        #[arg(value_name = "DIR", default_value = ".")]
        project: PathBuf,

        /// The port to serve on; 0: any
        #[arg(long, default_value_t = DEV_PORT)]
        port: u16,

        /// The address to serve on [default: this machine alone]
        #[arg(long, value_name = "ADDRESS")]
        ip: Option<IpAddr>,

        /// One of its environments
        #[arg(long, value_name = "NAME")]
        env: Option<String>,

        /// A key of an app in nano.json, as in --set memory_mb=256
        #[arg(long, value_name = "KEY=JSON")]
        set: Vec<String>,
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
    /// Validate a config file and load every app's module; or a project, as `nano dev` would serve it
    Check {
        /// The config file; or a project's directory, its wrangler.jsonc, wrangler.json or wrangler.toml, or its module
        #[arg(value_name = "FILE.json|DIR")]
        file: PathBuf,

        /// One of the project's environments
        #[arg(long, value_name = "NAME")]
        env: Option<String>,

        /// Print JSON: on stdout what was found, on stderr what is wrong
        #[arg(long)]
        json: bool,
    },
    /// Print the entry of nano.json for a project of wrangler; what of it nano does not have is on stderr
    Import {
        /// Its wrangler.jsonc, wrangler.json or wrangler.toml, or the directory with it
        #[arg(value_name = "FILE|DIR", default_value = ".")]
        project: PathBuf,

        /// One of its environments
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
    },
    /// Print the version of nano and of V8
    Version,
}
