//! What an event loop sleeps on beside V8's tasks and timers. A program's is the link of its fetches, a worker's are its
//! sockets.

use nix::poll::PollFd;

/// Descriptors that may become ready while nothing is due.
pub(crate) trait EventSource {
    /// Adds them, each with what it is waited for. Asked before each sleep.
    fn interest<'a>(&'a mut self, fds: &mut Vec<PollFd<'a>>);
}
