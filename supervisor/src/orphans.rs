//! Processes that became this one's children without having been made by it: all that lose their parent, where nano is
//! the first process of a container, and those of a shell that became nano by `exec`. No other process reaps them.

use std::io;

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

/// Lets them go as they end, but leaves `own` to the code that made them. Returns only if that cannot be done.
pub(crate) async fn reap(own: Pid) -> io::Error {
    let mut ended = match signal(SignalKind::child()) {
        Ok(ended) => ended,
        Err(error) => return error,
    };
    loop {
        reap_ended(own);
        ended.recv().await;
    }
}

fn reap_ended(own: Pid) {
    loop {
        // Only looked at: whose end it is shows then.
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::All, look) {
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..)) if pid != own => {
                let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            }
            // When its own child has ended, so does nano.
            _ => return,
        }
    }
}
