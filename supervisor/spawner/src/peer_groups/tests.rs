//! Groups of a peer.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::os::unix::net::UnixStream;

use super::*;

#[test]
fn they_are_those_of_the_process_that_connected() {
    let (one, _other) = UnixStream::pair().unwrap();
    let mut own: Vec<_> = nix::unistd::getgroups().unwrap().into_iter().map(nix::unistd::Gid::as_raw).collect();
    let mut seen = peer_groups(&one).unwrap();
    own.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, own);
}

#[test]
fn what_is_no_unix_socket_has_none() {
    assert!(peer_groups(&std::fs::File::open("/dev/null").unwrap()).is_err());
}
