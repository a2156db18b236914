//! The link to the socket: when it is made, and when it is left alone.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use super::*;

#[test]
fn leads_to_the_socket_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (place, socket) = (folder.path().join("run/control.sock"), folder.path().join("else.sock"));
    let listener = UnixListener::bind(&socket).unwrap();
    let pointer = Pointer::place(&place, &socket, None).unwrap();
    assert!(UnixStream::connect(&place).is_ok() && Pointer::leads_to_a_nano(&place));
    assert!(Pointer::place(&place, Path::new("/other"), None).is_none(), "a live one stays");
    drop(listener);
    // As after kill -9.
    std::mem::forget(pointer);
    let listener = UnixListener::bind(folder.path().join("next.sock")).unwrap();
    let pointer = Pointer::place(&place, &folder.path().join("next.sock"), None).unwrap();
    assert!(UnixStream::connect(&place).is_ok());
    drop(pointer);
    assert!(fs::symlink_metadata(&place).is_err());
    drop(listener);
}

#[test]
fn what_is_no_link_or_not_ours_alone_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("control.sock");
    fs::write(&place, "precious").unwrap();
    assert!(Pointer::place(&place, Path::new("/x"), None).is_none());
    Pointer::make_way(&place);
    assert_eq!(fs::read_to_string(&place).unwrap(), "precious");
    fs::remove_file(&place).unwrap();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(
        Pointer::place(&open.join("control.sock"), Path::new("/x"), None).is_none(),
        "any user could put another there"
    );
    std::os::unix::fs::symlink(folder.path(), folder.path().join("link")).unwrap();
    assert!(Pointer::place(&folder.path().join("link/control.sock"), Path::new("/x"), None).is_none());
}
