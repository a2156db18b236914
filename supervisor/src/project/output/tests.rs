//! Tests of what the server of a project reads.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn addresses_are_this_machines_own() {
    assert_eq!(addresses(0, None), ["127.0.0.1:0".parse().unwrap()]);
    assert!(addresses(8787, None).iter().all(|address| address.ip().is_loopback() && address.port() == 8787));
    assert_eq!(addresses(80, Some("0.0.0.0".parse().unwrap())), ["0.0.0.0:80".parse().unwrap()]);
}

#[test]
fn directories_are_compared_by_their_files() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [directories[0].path(), directories[1].path()];
    assert!(same_files(one, other));
    fs::write(one.join("a"), "1").unwrap();
    assert!(!same_files(one, other));
    fs::write(other.join("a"), "1").unwrap();
    assert!(same_files(one, other));
    fs::write(other.join("a"), "2").unwrap();
    assert!(!same_files(one, other));
    assert!(!same_files(one, Path::new("/no/such/directory")));
}

#[test]
fn what_is_written_is_this_users_and_goes_away() {
    use std::os::unix::fs::PermissionsExt;
    let output = Output::new(0, None).unwrap();
    output.write_placeholder().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&output.directory), mode(&output.config())), (0o700, 0o600));
    let directory = output.directory.clone();
    drop(output);
    assert!(!directory.exists());
}
