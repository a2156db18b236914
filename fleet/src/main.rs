//! `nano-fleet`: the part of nano that knows etcd. As the agent of a node it follows the fleet's table of apps; as a
//! command it changes that table and shows how the nodes stand. `nano` starts the one, `nanoctl` the other.
#![forbid(unsafe_code)]

mod agent;
mod app_entry;
mod bundle;
mod client;
mod etcd;
mod history;
mod keys;
mod rollout;
mod secrets;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use tokio::task::LocalSet;

/// Most memory that the agent may ask for, in bytes: what is in etcd must not take a node's memory.
const AGENT_MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    let cli = client::Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let local = LocalSet::new();
    let ended = local.block_on(&runtime, async {
        match cli.command {
            client::Action::Agent => {
                harden();
                agent::run().await.map(|()| true).map_err(|error| error.to_string())
            }
            client::Action::Prepare => {
                harden();
                prepare().await.map(|()| true)
            }
            command => client::run(command, &cli.place, cli.json).await.map_err(|error| error.to_string()),
        }
    });
    runtime.shutdown_background();
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

/// The agent has etcd's password and the apps' secrets in its memory, and ends with nano whatever happens.
fn harden() {
    let _ = prctl::set_dumpable(false);
    let _ = prctl::set_no_new_privs();
    let _ = prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = setrlimit(Resource::RLIMIT_AS, AGENT_MEMORY, AGENT_MEMORY);
}

async fn prepare() -> Result<(), String> {
    let first = agent::first_message().await.ok_or("nano said nothing")?;
    let (node, fleet, _) = agent::node_of(first).map_err(|error| error.to_string())?;
    let state = table::StateDir(fleet.state_dir);
    table::prepare(&node, &state).map_err(|error| agent::AgentError::state(&state, error).to_string())
}

fn failed(error: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "nano-fleet: {error}");
    ExitCode::FAILURE
}
