//! The agent's program: where it is, and what it does before nano serves.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nano_config::{StatePlace, read_text, state_place, working_directory};
use nano_fleet_link::{Fault, ToAgent, line};
use nano_spawner::own_program;

use crate::identity::Identity;
use crate::signals::EarlyStop;

/// Names the program, for tests and packagers.
const VARIABLE: &str = "NANO_FLEET";

/// How long checking the cached bundles may take before nano serves without the outcome.
const PREPARE: Duration = Duration::from_secs(30);

/// There is no agent, or no place for what it keeps.
#[derive(Debug, thiserror::Error)]
pub enum NoAgent {
    /// Nothing beside `nano`, or where the variable says.
    #[error("there is no nano-fleet at {}, and the configuration has `fleet`: install it beside nano", .0.display())]
    Missing(PathBuf),
    /// It is not known where `nano` is.
    #[error("nano cannot find its own program, beside which nano-fleet lies: {0}")]
    Itself(io::Error),
    /// `state_dir` cannot be used.
    #[error("the state_dir {} cannot be used: {source}", .path.display())]
    StateDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where `nano-fleet` is.
pub(crate) fn find_agent() -> Result<PathBuf, NoAgent> {
    let path = match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => own_program().map_err(NoAgent::Itself)?.with_file_name("nano-fleet"),
    };
    if path.is_file() { Ok(path) } else { Err(NoAgent::Missing(path)) }
}

/// The program with an environment of what TLS may need.
pub(super) fn command(program: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(program);
    let kept = ["SSL_CERT_FILE", "SSL_CERT_DIR", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"];
    let kept = kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.arg(subcommand).env_clear().envs(kept);
    command
}

pub(super) fn node_message(text: String, file: &Path, cwd: &Path, refused: Vec<Fault>) -> ToAgent {
    ToAgent::Node {
        text,
        file: file.display().to_string(),
        cwd: cwd.display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        refused,
    }
}

/// What came of [`prepare`].
pub(crate) enum Prepared {
    /// The configuration is of no fleet, or has faults that are found when it is loaded.
    NoFleet,
    /// The agent's program; and why the cached apps could not be checked, if so.
    Fleet(PathBuf, Option<String>),
}

/// Makes `state_dir` the supervisor's own, and has the agent check what is cached there: apps whose bundles are damaged
/// or that this configuration does not allow are taken out of the table before nano reads it. Blocks. Call it before
/// privileges are given up; the agent has none.
///
/// Only a regular file is looked at: what a pipe gives can be read once, and reading one without a writer does not end.
pub(crate) fn prepare(file: &Path, early: &EarlyStop) -> Result<Prepared, NoAgent> {
    if !fs::metadata(file).is_ok_and(|about| about.is_file()) {
        return Ok(Prepared::NoFleet);
    }
    let Ok(text) = read_text(file) else { return Ok(Prepared::NoFleet) };
    let cwd = working_directory(file);
    let Some(StatePlace { directory, uid_base }) = state_place(&text, file, &cwd) else {
        return Ok(Prepared::NoFleet);
    };
    let program = find_agent()?;
    let identity = Identity::for_supervisor(uid_base);
    own(&directory, identity).map_err(|source| NoAgent::StateDir { path: directory, source })?;
    let failure = check(&program, identity, &node_message(text, file, &cwd, Vec::new()), early).err();
    Ok(Prepared::Fleet(program, failure.map(|error| error.to_string())))
}

fn own(directory: &Path, identity: Option<Identity>) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    match identity {
        Some(identity) => {
            let (uid, gid) = identity.numbers();
            chown(directory, Some(uid), Some(gid))
        }
        None => Ok(()),
    }
}

fn check(program: &Path, identity: Option<Identity>, node: &ToAgent, early: &EarlyStop) -> io::Result<()> {
    let mut command = command(program, "prepare");
    if let Some(identity) = identity {
        // Supplementary groups go with it.
        let (uid, gid) = identity.numbers();
        command.uid(uid).gid(gid);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that reads nothing ends with an error below.
        let _ = stdin.write_all(line(node)?.as_bytes());
    }
    let until = Instant::now() + PREPARE;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("nano-fleet prepare: {status}"))),
            // Whoever loads the configuration next sees the signal, too.
            None if Instant::now() > until || early.is_asked()? => {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("it was not done in {} s", PREPARE.as_secs())));
            }
            None => std::thread::park_timeout(Duration::from_millis(2)),
        }
    }
}
