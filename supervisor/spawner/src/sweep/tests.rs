//! Tests of `sweep.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use super::*;

#[test]
fn only_the_socket_that_was_meant_goes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let own = SocketFile::at(&path).unwrap();
    fs::rename(&path, place.path().join("old.sock")).unwrap();
    let _successor = UnixListener::bind(&path).unwrap();
    own.remove();
    assert!(path.exists());
    SocketFile::at(&path).unwrap().remove();
    assert!(!path.exists());
    // Nothing listens at it, and its mode was changed.
    drop(UnixListener::bind(&path).unwrap());
    let left = SocketFile::at(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    left.remove();
    assert!(!path.exists());
    let listening = UnixListener::bind(&path).unwrap();
    let own = SocketFile::at(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    own.remove();
    assert!(path.exists(), "a process listens there");
    drop(listening);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "no socket").unwrap();
    SocketFile::at(&path).unwrap().remove();
    assert!(path.exists());
    drop(listener);
}
