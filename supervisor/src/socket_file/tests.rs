//! Permissions, groups, and files that are already there.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn the_file_has_its_permissions_and_goes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.sock");
    for mode in [0o600, 0o660, 0o666] {
        let own = fs::metadata(place.path()).unwrap().gid();
        let (_listener, bound) = bind(&path, mode, Some(own)).unwrap();
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.mode() & 0o777, found.gid()), (mode, own));
        drop(bound);
        assert!(!path.exists());
    }
}

#[test]
fn one_that_cannot_have_its_group_is_not_left() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.sock");
    // Not a group that chown(2) takes.
    let made = bind(&path, 0o660, Some(u32::MAX - 1));
    if made.is_err() {
        assert!(!path.exists());
    }
}

#[test]
fn one_that_answers_slowly_is_live_and_one_that_does_not_is_stale() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.sock");
    let (listener, bound) = bind(&path, 0o600, None).unwrap();
    let connect = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None).unwrap();
        socket.connect(&SockAddr::unix(&path).unwrap()).map(|()| socket)
    };
    // No process accepts: in the end there is no room to wait in.
    let waiting: Vec<_> = std::iter::from_fn(|| connect().ok()).take(100_000).collect();
    assert!(matches!(bind(&path, 0o600, None), Err(BindError::Taken)));
    drop((waiting, listener));
    // As after kill -9: the file is there, nothing listens.
    let (_listener, _successor) = bind(&path, 0o600, None).unwrap();
    drop(bound);
    assert!(path.exists(), "the file of the successor stays");
}
