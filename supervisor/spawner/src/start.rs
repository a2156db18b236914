//! Starting the spawner, from the supervisor.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::inheritance::Inheritance;
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

/// The path by which this program was called, with its links as they are: what is installed there later is the next
/// version. Call it at the start, while this program lies there.
///
/// # Errors
/// The system does not say it.
pub fn installed_program() -> io::Result<PathBuf> {
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    let executed = PathBuf::from(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
    let own = std::fs::metadata("/proc/self/exe").map(|found| (found.dev(), found.ino()));
    for path in [Some(executed), called].into_iter().flatten() {
        let Ok(path) = std::path::absolute(path) else { continue };
        let found = std::fs::metadata(&path).map(|found| (found.dev(), found.ino()));
        // Not `/proc/self/exe`, which is another program in another process.
        if !path.starts_with("/proc")
            && !path.starts_with("/dev")
            && matches!((&own, found), (Ok(own), Ok(found)) if *own == found)
        {
            return Ok(path);
        }
    }
    own_program()
}

/// Executes this program once more as the spawner, and returns the supervisor's end of their socket. `program` is
/// `nano-worker`. With `inheritance` another nano can take over from this one. Call it before there are threads and while this process has the privileges that the spawner is to
/// keep.
///
/// # Errors
/// The socket or the process could not be made.
pub fn start(source: &ConfigSource, program: &Path, inheritance: Option<&Inheritance>) -> io::Result<(Child, OwnedFd)> {
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
        .stdout(Stdio::from(inheritance.map_or_else(dev_null::open, |given| given.write(std::env::vars_os()))?))
        // A terminal's signals must not reach it.
        .process_group(0)
        .spawn()?;
    Ok((child, own))
}
