//! `nanoctl check`: has `nano check` look, and adds what the nano that serves the file would say of it. Starting workers is
//! nano's: nanoctl stays small, without TLS and without what a server is made of.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nano_protocol::ExitCode;
use nano_spawner::own_program;
use serde_json::{Value, json};

use super::client::Client;
use super::command_line::Cli;
use super::show::{self, list};
use super::socket_candidates::SocketCandidates;
use super::{CommandFailure, json_of, print, serves};
use crate::printable;

pub(super) fn check(cli: &Cli, file: &Path) -> Result<(), CommandFailure> {
    let mut body = checked(file)?;
    body["needs_restart"] = needs_restart(cli, file);
    if !cli.json {
        for warning in list(&body["warnings"]).filter_map(Value::as_str) {
            let _ = writeln!(io::stderr(), "warning: {}", printable::lines(warning));
        }
    }
    print(cli, &body, show::check)
}

/// What `nano check --json` says of the file.
fn checked(file: &Path) -> Result<Value, CommandFailure> {
    let failed = |error: String| CommandFailure::new(ExitCode::Failed, &error);
    let own = own_program().map_err(|error| failed(format!("this program's own path is not known: {error}")))?;
    let nano = own.with_file_name("nano");
    let ran = Command::new(&nano).args(["check", "--json", "--"]).arg(file).stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } =
        ran.map_err(|error| failed(format!("cannot run {}, which loads the apps: {error}", nano.display())))?;
    let json = |text: &[u8]| serde_json::from_slice(text).ok().filter(Value::is_object);
    match (status.success(), json(&stdout), json(&stderr)) {
        (true, Some(body), _) => Ok(body),
        (false, _, Some(error)) => Err(CommandFailure { code: ExitCode::Failed, error }),
        _ => {
            let said = String::from_utf8_lossy(&stderr);
            Err(failed(format!("{} check ended with {status}: {}", nano.display(), said.trim_end())))
        }
    }
}

/// The keys for which a nano that serves this file would refuse a reload; null if none is known to serve it.
fn needs_restart(cli: &Cli, file: &Path) -> Value {
    let client = Client::new(SocketCandidates::new(cli.socket.as_deref(), Some(file)));
    let ask = || -> Result<Value, CommandFailure> {
        if !serves(&json_of(client.get("/status")?)?, file) {
            return Ok(Value::Null);
        }
        match json_of(client.get("/reload/plan")?) {
            Err(CommandFailure { mut error, .. }) if error["needs_restart"].is_array() => {
                Ok(error["needs_restart"].take())
            }
            Err(failure) => Err(failure),
            Ok(_) => Ok(json!([])),
        }
    };
    ask().unwrap_or_default()
}
