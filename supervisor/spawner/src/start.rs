//! Starting the spawner, from the supervisor.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{ConfigSource, dev_null, packet};

/// The argument that makes `nano` run as the spawner. Not for users.
pub const SUBCOMMAND: &str = "__spawner";

/// The path of this program.
///
/// # Errors
/// The system does not say it.
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        // The path by which it was executed; if it is relative, it counts from the present working directory, which has
        // not changed since the start.
        let path = PathBuf::from(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
        let path = if path.as_os_str().is_empty() { return Err(error) } else { std::path::absolute(path)? };
        if path.is_file() { Ok(path) } else { Err(error) }
    })
}

/// Executes this program once more as the spawner, and returns the supervisor's end of their socket. `program` is
/// `nano-worker`. Call it before there are threads and while this process has the privileges that the spawner is to
/// keep.
///
/// # Errors
/// The socket or the process could not be made.
pub fn start(source: &ConfigSource, program: &Path) -> io::Result<(Child, OwnedFd)> {
    let (own, spawners) = packet::pair()?;
    // Without /proc the program is found by its path, where another build may lie by now.
    let itself = Path::new("/proc/self/exe");
    let itself = if itself.exists() { itself.to_owned() } else { own_program()? };
    let child = Command::new(itself)
        // What ps(1) shows.
        .arg0("nano: spawner")
        .args([OsStr::new(SUBCOMMAND), program.as_os_str()])
        .args(source.to_arguments())
        .env_clear()
        // Where a service's secrets are. What else is in the environment is for this process alone.
        .envs(std::env::var_os("CREDENTIALS_DIRECTORY").map(|directory| ("CREDENTIALS_DIRECTORY", directory)))
        // Where a node of a fleet has its apps, if the configuration does not say.
        .envs(std::env::var_os("STATE_DIRECTORY").map(|place| ("STATE_DIRECTORY", place)))
        .stdin(Stdio::from(spawners))
        .stdout(Stdio::from(dev_null::open()?))
        // A terminal's signals must not reach it.
        .process_group(0)
        .spawn()?;
    Ok((child, own))
}
