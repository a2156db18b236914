//! Commands of a fleet: `nano-fleet`, which knows etcd, carries them out. Where the fleet is, the nano of this machine
//! says, if the command does not.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nano_protocol::ExitCode;
use serde_json::Value;

use super::command_line::{Cli, Passed};
use super::{CommandFailure, client, json_of};
use crate::agent::find_agent;

/// What nano's status has, and the variables by which `nano-fleet` takes it.
const PLACE: [(&str, &str); 6] = [
    ("prefix", "NANO_FLEET_PREFIX"),
    ("ca", "NANO_FLEET_CA"),
    ("cert", "NANO_FLEET_CERT"),
    ("key", "NANO_FLEET_KEY"),
    ("user", "NANO_FLEET_USER"),
    ("password_file", "NANO_FLEET_PASSWORD_FILE"),
];

/// Becomes `nano-fleet`; returns only if that fails.
pub(super) fn pass_on(cli: &Cli, command: &str, passed: &Passed) -> Result<(), CommandFailure> {
    let program = find_agent().map_err(|error| CommandFailure::new(ExitCode::Failed, &error))?;
    let mut execute = Command::new(&program);
    if cli.json {
        execute.arg("--json");
    }
    execute.arg(command).args(&passed.arguments);
    let says = |argument: &OsString| argument.to_str().is_some_and(|text| text.starts_with("--endpoints"));
    let asks_for_help = passed.arguments.iter().any(|argument| argument == "--help" || argument == "-h");
    let told = passed.arguments.iter().any(says) || std::env::var_os("NANO_FLEET_ENDPOINTS").is_some();
    if !told && !asks_for_help {
        // Without one that answers nano-fleet says what is missing.
        if let Some(fleet) = fleet_here(cli)? {
            let endpoints: Vec<&str> =
                fleet["endpoints"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            execute.env("NANO_FLEET_ENDPOINTS", endpoints.join(","));
            for (key, variable) in PLACE {
                if let (Some(value), None) = (fleet[key].as_str(), std::env::var_os(variable)) {
                    execute.env(variable, value);
                }
            }
        }
    }
    let error = execute.exec();
    Err(CommandFailure::new(ExitCode::Failed, &format_args!("cannot run {}: {error}", program.display())))
}

/// The fleet of the nano that answers, if one does.
fn fleet_here(cli: &Cli) -> Result<Option<Value>, CommandFailure> {
    let named = cli.socket.is_some() || cli.config.is_some();
    let status = client(cli).and_then(|client| json_of(client.get("/status")?));
    match status {
        Ok(mut status) => Ok(Some(status["fleet"].take()).filter(Value::is_object)),
        Err(failure) if named => Err(failure),
        Err(_) => Ok(None),
    }
}
