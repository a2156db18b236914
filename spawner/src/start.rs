//! Starting the spawner, from the supervisor.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Source;
use crate::packet;

/// The argument by which `nano` knows that it is to be the spawner. Nobody writes it by hand.
pub const SUBCOMMAND: &str = "__spawner";

/// Executes this program once more as the spawner; the socket leads there. `program` is `nano-worker`. Call it before
/// there are threads and while this process has the privileges that the spawner is to keep.
///
/// # Errors
/// There is no socket or no process.
pub fn start(source: &Source, program: &Path) -> io::Result<(Child, OwnedFd)> {
    let (own, spawners) = packet::pair()?;
    let child = Command::new("/proc/self/exe")
        // What ps(1) shows.
        .arg0("nano: spawner")
        .args([OsStr::new(SUBCOMMAND), program.as_os_str()])
        .args(source.to_arguments())
        .env_clear()
        .stdin(Stdio::from(spawners))
        .stdout(Stdio::null())
        // A terminal's signals are not for it.
        .process_group(0)
        .spawn()?;
    Ok((child, own))
}
