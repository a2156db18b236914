//! Reaps processes that became this one's children without having been started by it: all orphans, if nano is the first
//! process of a container, and those of a shell that became nano by `exec`. No other process reaps them.

use std::io;

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

/// Reaps them when they end, but leaves `own` to the code that started it. Returns only if that cannot be done.
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
        // Not reaped yet: first it is seen which process ended.
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::All, look) {
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..)) if pid != own => {
                let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            }
            // When its own child ends, nano ends.
            _ => return,
        }
    }
}
