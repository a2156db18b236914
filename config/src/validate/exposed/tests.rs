//! What looks like a secret, and which files everybody may read.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn names_and_values() {
    for (name, value) in [
        ("API_TOKEN", "abcdefgh"),
        ("stripe-api-key", "sk_live_1"),
        ("DB_PASSWORD", "correct horse"),
        ("DATABASE_URL", "postgres://app:hunter2@db.example/app"),
        ("CERT", "-----BEGIN EC PRIVATE KEY-----\n"),
    ] {
        assert!(looks_secret(name, value), "{name}");
    }
    for (name, value) in [
        ("CURRENCY", "EUR and others"),
        ("API_TOKEN", ""),
        ("API_TOKEN", "none"),
        ("STRIPE_PUBLIC_TOKEN", "pk_live_123"),
        ("TOKEN_URL", "https://login.example/token"),
        ("DATABASE_URL", "postgres://app@db.example/app"),
        ("DATABASE_URL", "postgres://db.example/a:b@c"),
        ("CERT", "-----BEGIN CERTIFICATE-----"),
    ] {
        assert!(!looks_secret(name, value), "{name}");
    }
}

#[test]
fn a_file_is_for_all_only_if_they_can_get_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("nano.json");
    fs::write(&file, "").unwrap();
    let with = |directory, own| {
        fs::set_permissions(dir.path(), Permissions::from_mode(directory)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(own)).unwrap();
        mode_for_all(&file)
    };
    assert_eq!((with(0o755, 0o644), with(0o711, 0o604)), (Some(0o644), Some(0o604)));
    assert_eq!((with(0o755, 0o640), with(0o700, 0o644), with(0o754, 0o644)), (None, None, None));
}
