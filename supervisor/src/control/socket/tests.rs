//! Places in order, permissions, and files that are already there.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::*;

#[test]
fn the_order_of_places() {
    let option = Path::new("/option.sock");
    let config = Path::new("/config.sock");
    let mut environment = Environment { uid: 1000, ..Environment::default() };
    assert_eq!(environment.path(None, None), Path::new("/tmp/nano-1000/control.sock"));
    environment.uid = 0;
    assert_eq!(environment.path(None, None), Path::new("/run/nano/control.sock"));
    environment.xdg_runtime_dir = Some("/run/user/0".into());
    assert_eq!(environment.path(None, None), Path::new("/run/user/0/nano/control.sock"));
    environment.runtime_directory = Some(first_of_list(OsStr::new("/run/one:/run/two")));
    assert_eq!(environment.path(None, None), Path::new("/run/one/control.sock"));
    assert_eq!(environment.path(None, Some(config)), config);
    environment.variable = Some("/variable.sock".into());
    assert_eq!(environment.path(None, Some(config)), Path::new("/variable.sock"));
    assert_eq!(environment.path(Some(option), Some(config)), option);
    assert!(!environment.is_elsewhere(Some(config)), "the variable says where it is");
    environment.variable = None;
    assert!(environment.is_elsewhere(Some(config)) && !environment.is_elsewhere(None));
    assert!(!environment.is_elsewhere(Some(Path::new("/run/one/control.sock"))));
    assert_eq!(environment.usual_places(), [PathBuf::from("/run/one/control.sock")]);
    environment.runtime_directory = None;
    let places = ["/run/user/0/nano/control.sock", "/run/nano/control.sock"];
    assert_eq!(environment.usual_places(), places.map(PathBuf::from));
    environment.uid = 1000;
    let places = ["/run/user/0/nano/control.sock", "/tmp/nano-1000/control.sock", "/run/nano/control.sock"];
    assert_eq!(environment.usual_places(), places.map(PathBuf::from));
}

#[test]
fn a_group_may_connect_and_find_it_in_a_directory_that_nano_made() {
    let own = nix::unistd::getegid().to_string();
    let group = ControlGroup::find(&own).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run/control.sock");
    let (listener, _bound) = bind(&path, Some(&group)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
    assert_eq!(fs::metadata(&path).unwrap().gid(), group.id());
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o710);
    drop(listener);
    // A directory that was there is as its owner wants it.
    let theirs = place.path().join("theirs");
    DirBuilder::new().mode(0o700).create(&theirs).unwrap();
    let (_listener, _bound) = bind(&theirs.join("control.sock"), Some(&group)).unwrap();
    assert_eq!(fs::metadata(&theirs).unwrap().mode() & 0o777, 0o700);
    assert!(matches!(ControlGroup::find("no such group"), Err(SocketError::NoGroup(_))));
}

#[test]
fn only_the_owner_may_connect_and_the_file_goes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run/control.sock");
    let (listener, bound) = bind(&path, None).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert!(UnixStream::connect(&path).is_ok());
    drop((listener, bound));
    assert!(!path.exists());
}

#[test]
fn it_goes_also_when_its_mode_was_changed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("control.sock");
    let (listener, bound) = bind(&path, None).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
    drop((listener, bound));
    assert!(!path.exists());
}

#[test]
fn a_live_one_is_refused_a_stale_one_removed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("control.sock");
    let (listener, bound) = bind(&path, None).unwrap();
    assert!(matches!(bind(&path, None), Err(SocketError::Taken(taken)) if taken == path));
    assert!(path.exists());
    drop(listener);
    // As after kill -9: the file is there, nothing listens.
    let (_listener, _successor) = bind(&path, None).unwrap();
    drop(bound);
    assert!(path.exists(), "the file of the successor stays");
}

#[test]
fn what_is_no_socket_stays() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("control.sock");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(bind(&path, None), Err(SocketError::NotASocket(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}
