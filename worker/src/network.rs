//! The network of programs (`run`, `repl`): the `nano` beside this program makes their requests.

use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// Starts that process. It ends when this end of the socket is closed.
pub(crate) fn start() -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    Command::new(env::current_exe()?.with_file_name("nano"))
        .arg("broker")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        // Ctrl-C is for the program.
        .process_group(0)
        .spawn()?;
    Ok(ours)
}
