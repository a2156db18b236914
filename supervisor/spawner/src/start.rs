//! Starting the spawner, from the supervisor.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Source, nowhere, packet};

/// The argument by which `nano` knows that it is to be the spawner. It is not for people.
pub const SUBCOMMAND: &str = "__spawner";

/// Where this program lies.
///
/// # Errors
/// Nothing says so.
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        // What it was executed as; relative to the working directory, which is that of its start still.
        let path = PathBuf::from(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
        let path = if path.as_os_str().is_empty() { return Err(error) } else { std::path::absolute(path)? };
        if path.is_file() { Ok(path) } else { Err(error) }
    })
}

/// Executes this program once more as the spawner; the socket leads there. `program` is `nano-worker`. Call it before
/// there are threads and while this process has the privileges that the spawner is to keep.
///
/// # Errors
/// There is no socket or no process.
pub fn start(source: &Source, program: &Path) -> io::Result<(Child, OwnedFd)> {
    let (own, spawners) = packet::pair()?;
    // Without /proc, by the name that it has; there it may be another build by now.
    let itself = Path::new("/proc/self/exe");
    let itself = if itself.exists() { itself.to_owned() } else { own_program()? };
    let child = Command::new(itself)
        // What ps(1) shows.
        .arg0("nano: spawner")
        .args([OsStr::new(SUBCOMMAND), program.as_os_str()])
        .args(source.to_arguments())
        .env_clear()
        .stdin(Stdio::from(spawners))
        .stdout(Stdio::from(nowhere::open()?))
        // A terminal's signals are not for it.
        .process_group(0)
        .spawn()?;
    Ok((child, own))
}
