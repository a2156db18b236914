//! The commands: `deploy`, `history`, `rollback` and `fleet …`, as `nanoctl` passes them on.

mod apps;
mod deploy;
mod nodes;
mod rollout;
mod secrets;
mod show;
mod transfer;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app_entry::EntryError;
use crate::bundle::BundleError;
use crate::etcd::{Etcd, EtcdError, EtcdOptions};
use crate::keys::Keys;
use crate::secrets::SecretError;

/// Changes and shows a fleet of nanos; `nanoctl` passes these commands on.
#[derive(Debug, Parser)]
#[command(name = "nano-fleet", bin_name = "nanoctl", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Action,
}

/// Where the fleet's etcd is. Without `--endpoints`: as the nano of this machine has it.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// etcd's members, as http://host:port or https://host:port
    #[arg(long, global = true, value_delimiter = ',', value_name = "URL,…", env = "NANO_FLEET_ENDPOINTS")]
    endpoints: Vec<String>,

    /// What the fleet's keys begin with
    #[arg(long, global = true, value_name = "P", env = "NANO_FLEET_PREFIX", default_value = "/nano")]
    prefix: String,

    /// Who signs etcd's certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", env = "NANO_FLEET_CA")]
    ca: Option<PathBuf>,

    /// Your certificate for etcd (PEM)
    #[arg(long, global = true, value_name = "FILE", env = "NANO_FLEET_CERT")]
    cert: Option<PathBuf>,

    /// Its key (PEM)
    #[arg(long, global = true, value_name = "FILE", env = "NANO_FLEET_KEY")]
    key: Option<PathBuf>,

    /// Your name for etcd
    #[arg(long, global = true, value_name = "NAME", env = "NANO_FLEET_USER")]
    user: Option<String>,

    /// The file with your password for etcd
    #[arg(long, global = true, value_name = "FILE", env = "NANO_FLEET_PASSWORD_FILE")]
    password_file: Option<PathBuf>,

    /// The fleet's public key, or @FILE with it, that secrets are encrypted for; without it: the one in etcd
    #[arg(long, global = true, value_name = "KEY", env = "NANO_FLEET_SECRETS_KEY")]
    secrets_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// The agent of a node; nano starts it
    #[command(hide = true)]
    Agent,
    /// Checks what a node has cached; nano starts it
    #[command(hide = true)]
    Prepare,
    /// Deploy a directory as an app, and wait until the nodes serve it
    Deploy(deploy::DeployArguments),
    /// The generations of an app that can be gone back to
    History {
        /// The app's name
        app: String,
    },
    /// Go back to a generation of an app: the one before the present one, or another
    Rollback {
        /// The app's name
        app: String,
        /// The number of the generation
        generation: Option<u64>,
        #[command(flatten)]
        wait: nodes::WaitArguments,
    },
    /// A rollout that goes on: let it wait, go on, or end it
    Rollout {
        #[command(subcommand)]
        what: rollout::RolloutAction,
    },
    /// The fleet: its nodes, its apps, a copy of all of it
    Fleet {
        #[command(subcommand)]
        what: FleetAction,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FleetAction {
    /// How the fleet stands: exit code 1 if a node is behind or refuses an app
    Status,
    /// The nodes that are connected
    Nodes,
    /// The apps; values of env are not shown
    Apps,
    /// The same as `nanoctl rollout`
    Rollout {
        #[command(subcommand)]
        what: rollout::RolloutAction,
    },
    /// Take an app out of the fleet; its history stays
    Remove {
        /// The app's name
        app: String,
        #[command(flatten)]
        wait: nodes::WaitArguments,
    },
    /// The public key in etcd that secrets are encrypted for; or makes one, or puts one there
    SecretsKey {
        /// Make a key pair: the private key into this file, for fleet.secret_keys of the nodes; prints the public one
        #[arg(long, value_name = "FILE")]
        new: Option<PathBuf>,
        /// Put a public key into etcd, for those who deploy without naming one
        #[arg(long, value_name = "KEY", conflicts_with = "new")]
        publish: Option<String>,
    },
    /// Remove bundles that no app and no history has, if they are an hour old
    Gc,
    /// Write the whole table as a nano.json with the apps' directories
    Export {
        /// A directory, which must be empty or absent
        directory: PathBuf,
    },
    /// Deploy every app of a nano.json, as `export` writes it; apps that are the same stay as they are
    Import {
        /// The directory with nano.json
        directory: PathBuf,
        #[command(flatten)]
        wait: nodes::WaitArguments,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("{0}")]
    Etcd(#[from] EtcdError),
    #[error("{0}")]
    Bundle(#[from] BundleError),
    #[error("{0}")]
    Entry(#[from] EntryError),
    #[error("{0}")]
    Config(#[from] nano_config::ConfigError),
    #[error("{0:?} cannot be an app's name: a name has only a-z, 0-9, `.`, `_` and `-`")]
    Name(String),
    #[error("there is no app {0:?} in the fleet")]
    NoApp(String),
    #[error("{0:?} has no generation {1} to go back to (`nanoctl history {0}` lists them)")]
    NoGeneration(String, u64),
    #[error("someone else changed {0:?} meanwhile: nothing was deployed; look at `nanoctl history {0}` and try again")]
    Raced(String),
    #[error(
        "a rollout of {0:?} goes on ({1}): wait until it has ended, or end it with `nanoctl rollout abort {0}`; nothing was \
         deployed"
    )]
    Rolling(String, String),
    #[error("no rollout of {0:?} goes on")]
    NoRollout(String),
    #[error("{0}")]
    Secret(#[from] SecretError),
    #[error("env.{0}: {1}")]
    SecretOf(String, String),
    #[error(
        "the fleet has no public key in etcd to encrypt secrets for: `nanoctl fleet secrets-key --new FILE` makes one, \
         `--publish KEY` puts it there; or name one: --secrets-key KEY"
    )]
    NoSecretsKey,
    #[error("say where the fleet is: --endpoints URL,… (no nano that is a node of a fleet answers here)")]
    NoEndpoints,
    #[error("`cert` and `key` belong together, and so do `user` and `password-file`")]
    Halves,
    #[error("{place}: {why}")]
    File { place: String, why: String },
    #[error("{0}")]
    Usage(String),
}

/// A fleet that is connected to.
pub(crate) struct Fleet {
    pub(crate) etcd: Etcd,
    pub(crate) keys: Keys,
    /// The public key that was named.
    secrets_key: Option<String>,
}

impl Fleet {
    async fn connect(place: &Place) -> Result<Self, ClientError> {
        let endpoints: Vec<String> = place.endpoints.iter().filter(|each| !each.is_empty()).cloned().collect();
        if endpoints.is_empty() {
            return Err(ClientError::NoEndpoints);
        }
        let (own, user) = match (&place.cert, &place.key, &place.user, &place.password_file) {
            (Some(_), None, ..) | (None, Some(_), ..) | (.., Some(_), None) | (.., None, Some(_)) => {
                return Err(ClientError::Halves);
            }
            (cert, key, user, file) => (cert.clone().zip(key.clone()), user.clone().zip(file.clone())),
        };
        let options = EtcdOptions { endpoints, ca: place.ca.clone(), own, user };
        let etcd = Etcd::connect(&options, 0).await?;
        let secrets_key = place.secrets_key.clone().filter(|key| !key.is_empty());
        Ok(Self { etcd, secrets_key, keys: Keys(place.prefix.trim_end_matches('/').to_owned()) })
    }
}

/// Carries a command out; false: it was carried out, and what it found is not as it should be.
pub(crate) async fn run(command: Action, place: &Place, json: bool) -> Result<bool, ClientError> {
    let output = show::Output { json };
    if let Action::Fleet { what: FleetAction::SecretsKey { new: Some(file), .. } } = &command {
        return secrets::make(&output, file);
    }
    let fleet = Fleet::connect(place).await?;
    match command {
        Action::Agent | Action::Prepare => Ok(true),
        Action::Deploy(arguments) => deploy::run(&fleet, &output, &arguments).await,
        Action::History { app } => apps::history(&fleet, &output, &app).await,
        Action::Rollback { app, generation, wait } => {
            deploy::rollback(&fleet, &output, (&app, generation), &wait).await
        }
        Action::Rollout { what } => rollout::run(&fleet, &output, &what).await,
        Action::Fleet { what } => match what {
            FleetAction::Status => nodes::status(&fleet, &output).await,
            FleetAction::Nodes => nodes::list(&fleet, &output).await,
            FleetAction::Rollout { what } => rollout::run(&fleet, &output, &what).await,
            FleetAction::Apps => apps::list(&fleet, &output).await,
            FleetAction::Remove { app, wait } => deploy::remove(&fleet, &output, &app, &wait).await,
            FleetAction::SecretsKey { publish, .. } => secrets::key(&fleet, &output, publish.as_deref()).await,
            FleetAction::Gc => apps::collect(&fleet, &output).await,
            FleetAction::Export { directory } => transfer::export(&fleet, &output, &directory).await,
            FleetAction::Import { directory, wait } => transfer::import(&fleet, &output, &directory, &wait).await,
        },
    }
}
