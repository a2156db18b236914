//! A descriptor that the runtime watches.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

/// Has the runtime watch it. Must be called within the runtime.
#[expect(
    deprecated,
    reason = "the new constructor is unsafe for descriptors that may be closed early; an OwnedFd is not"
)]
pub(crate) fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(descriptor)
}
