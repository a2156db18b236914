//! What is kept, and for whom.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::{PermissionsExt, symlink};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::acme::failure::OrderError;

const DIRECTORY: &str = "https://acme.example/directory";

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn pem(name: &str) -> Zeroizing<Vec<u8>> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(4000, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    Zeroizing::new(format!("{}{}", key.serialize_pem(), certificate.pem()).into_bytes())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn files_are_for_nano_alone_and_nothing_is_left_beside_them() {
    let place = TempDir::new().unwrap();
    let root = place.path().join("a/acme");
    let storage = Storage::open(&root, DIRECTORY).unwrap();
    assert!(storage.certificate("a.example").is_none());
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    for name in ["a.example", &longest] {
        run(storage.certificate_entry(name).write(pem(name))).unwrap();
        assert_eq!(storage.certificate(name).unwrap().facts.hostname, name);
        assert_eq!(mode(&storage.certificate_entry(name).file), 0o600);
    }
    run(storage.account().write(Zeroizing::new(b"{}".to_vec()))).unwrap();
    assert_eq!(mode(&storage.account().file), 0o600);
    assert_eq!(mode(&storage.own), 0o700);
    let names: Vec<_> = fs::read_dir(&storage.own).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    // Another takes the place of it as a whole.
    run(storage.certificate_entry("a.example").write(pem("a.example"))).unwrap();
    assert!(storage.certificate("a.example").is_some());
}

#[test]
fn a_file_that_is_damaged_or_of_another_name_serves_nothing() {
    let place = TempDir::new().unwrap();
    let storage = Storage::open(place.path(), DIRECTORY).unwrap();
    let whole = pem("a.example");
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    let without_key = String::from_utf8(whole.to_vec()).unwrap();
    let without_key = &without_key[without_key.find("-----BEGIN CERTIFICATE").unwrap()..];
    let bad: [Vec<u8>; 5] = [
        Vec::new(),
        b"\0\xff".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        pem("b.example").to_vec(),
        format!("{other_key}{without_key}").into_bytes(),
    ];
    for bytes in bad {
        fs::write(&storage.certificate_entry("a.example").file, bytes).unwrap();
        assert!(storage.certificate("a.example").is_none());
    }
    // A directory, a link, a file without end.
    let file = storage.certificate_entry("c.example").file;
    fs::create_dir(&file).unwrap();
    assert!(storage.certificate("c.example").is_none());
    fs::remove_dir(&file).unwrap();
    fs::write(place.path().join("elsewhere"), &*pem("c.example")).unwrap();
    symlink(place.path().join("elsewhere"), &file).unwrap();
    assert!(storage.certificate("c.example").is_none());
    fs::remove_file(&file).unwrap();
    File::create(&file).unwrap().set_len(1 << 40).unwrap();
    assert!(storage.certificate("c.example").is_none());
}

#[test]
fn each_authority_has_a_folder_of_its_own() {
    let place = TempDir::new().unwrap();
    let storage = Storage::open(place.path(), DIRECTORY).unwrap();
    run(storage.certificate_entry("a.example").write(pem("a.example"))).unwrap();
    let other = Storage::open(place.path(), "https://staging.acme.example/directory").unwrap();
    assert!(other.certificate("a.example").is_none());
    assert!(folder(DIRECTORY).starts_with("acme.example-directory-"), "{}", folder(DIRECTORY));
    assert_ne!(folder("https://a.example/x?a"), folder("https://a.example/x/a"));
    for url in ["https://../..", "https://a/../../b", &format!("https://{}", "a/".repeat(900))] {
        let folder = folder(url);
        assert!(!folder.starts_with('.') && !folder.contains('/') && folder.len() < 100, "{folder}");
    }
}

#[test]
fn one_nano_orders() {
    let place = TempDir::new().unwrap();
    let first = Storage::open(place.path(), DIRECTORY).unwrap();
    let second = Storage::open(place.path(), DIRECTORY).unwrap();
    assert!(first.lock() && !second.lock());
    drop(first);
    assert!(second.lock());
}

#[test]
fn what_was_not_written_to_its_end_is_removed() {
    let place = TempDir::new().unwrap();
    let storage = Storage::open(place.path(), DIRECTORY).unwrap();
    let left = storage.own.join(".new-1-0");
    fs::write(&left, "half").unwrap();
    drop(storage);
    drop(Storage::open(place.path(), DIRECTORY).unwrap());
    assert!(!left.exists());
}

#[test]
fn failures_are_kept_and_forgotten() {
    let place = TempDir::new().unwrap();
    let storage = Storage::open(place.path(), DIRECTORY).unwrap();
    assert_eq!(storage.failure("a.example"), None);
    run(storage.set_failure("a.example", None)).unwrap();
    let failure = Failure::after(None, &OrderError::Refused("no".to_owned()), None);
    run(storage.set_failure("a.example", Some(&failure))).unwrap();
    assert_eq!(storage.failure("a.example"), Some(failure));
    fs::write(&storage.failure_entry("a.example").file, "{").unwrap();
    assert_eq!(storage.failure("a.example"), None);
    run(storage.set_failure("a.example", None)).unwrap();
    assert!(!storage.failure_entry("a.example").file.exists());
}

#[test]
fn a_directory_becomes_nanos_own_only_if_it_is_for_nano() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = TempDir::new().unwrap();
    let (uid, gid) = (61_183, 61_183);
    let owner = |path: &Path| path.symlink_metadata().unwrap().uid();
    let made = place.path().join("x/acme");
    own(&made, false, (uid, gid)).unwrap();
    assert_eq!((owner(&made), mode(&made)), (uid, 0o700));
    own(&made, false, (uid, gid)).unwrap();
    assert_eq!(owner(&place.path().join("x")), 0);
    // One of root's that holds something else.
    let full = place.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("passwd"), "").unwrap();
    assert!(own(&full, false, (uid, gid)).unwrap_err().to_string().contains("not empty"));
    assert_eq!(owner(&full), 0);
    own(&full, true, (uid, gid)).unwrap();
    assert_eq!((owner(&full), owner(&full.join("passwd"))), (uid, 0));
    // One of somebody else, and a link to one of root's.
    std::os::unix::fs::chown(&full, Some(1000), Some(1000)).unwrap();
    assert!(own(&full, true, (uid, gid)).unwrap_err().to_string().contains("belongs to the user 1000"));
    let roots = place.path().join("roots");
    fs::create_dir(&roots).unwrap();
    symlink(&roots, place.path().join("link")).unwrap();
    assert!(own(&place.path().join("link"), true, (uid, gid)).is_err());
    assert_eq!(owner(&roots), 0);
}
