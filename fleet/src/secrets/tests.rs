//! What is sealed opens for its app, its name and its key, and for nothing else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::json;

use super::*;

fn pair() -> (tempfile::TempDir, PublicKey, SecretKeys) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    let public = generate(&file).unwrap();
    let (keys, faults) = SecretKeys::read(&[file]);
    assert!(faults.is_empty());
    (directory, public, keys)
}

fn text_of(value: &Value) -> String {
    sealed(value).unwrap().to_owned()
}

#[test]
fn what_is_sealed_opens_for_its_app_and_name_alone() {
    let (_directory, public, keys) = pair();
    let one = text_of(&public.seal("shop", "KEY", "hush").unwrap());
    assert!(is_sealed(&one));
    assert_eq!(keys.open("shop", "KEY", &one).unwrap(), "hush");
    assert_ne!(one, text_of(&public.seal("shop", "KEY", "hush").unwrap()), "each is another");
    for (app, name) in [("blog", "KEY"), ("shop", "OTHER"), ("shop\nK", "EY"), ("", "shop\nKEY")] {
        assert!(matches!(keys.open(app, name, &one), Err(SecretError::Forged)), "{app} {name}");
    }
    // Each byte counts.
    let start = one.rfind('.').unwrap() + 1;
    for at in start..one.len() {
        let other = if &one[at..=at] == "0" { "1" } else { "0" };
        let changed = format!("{}{other}{}", &one[..at], &one[at + 1..]);
        let opened = keys.open("shop", "KEY", &changed);
        // The highest bit of an X25519 key has no meaning (RFC 7748, section 5), but is authenticated.
        assert!(opened.is_err(), "{at}");
    }
}

#[test]
fn another_key_does_not_open_it_and_old_keys_do() {
    let (old_directory, old, old_keys) = pair();
    let (new_directory, new, new_keys) = pair();
    let one = text_of(&old.seal("shop", "KEY", "hush").unwrap());
    assert!(matches!(new_keys.open("shop", "KEY", &one), Err(SecretError::NoKey(id)) if id == old.id()));
    // One that says it is for this key.
    let posing = one.replacen(&old.id(), &new.id(), 1);
    assert!(matches!(new_keys.open("shop", "KEY", &posing), Err(SecretError::Forged)));
    let both = [new_directory.path().join("key"), old_directory.path().join("key")];
    let (keys, _) = SecretKeys::read(&both);
    assert_eq!(keys.open("shop", "KEY", &one).unwrap(), "hush");
    assert_eq!(keys.open("shop", "KEY", &text_of(&new.seal("shop", "KEY", "x").unwrap())).unwrap(), "x");
    drop(old_keys);
}

#[test]
fn what_is_malformed_is_told() {
    let (directory, public, keys) = pair();
    let id = public.id();
    let short = format!("nano1.{id}.{}", "00".repeat(40));
    let zero = format!("nano1.{id}.{}", "00".repeat(80));
    let long = format!("nano1.{id}.{}", "00".repeat(200_000));
    for text in ["", "nano1.", "nano1..", "nano2.00.00", &short, &zero, &long, &format!("nano1.{id}.zz"), "nano1.é.00"]
    {
        assert!(keys.open("shop", "KEY", text).is_err(), "{text}");
    }
    for text in ["", "nano-public-key-1:", "nano-public-key-1:00", "00"] {
        assert!(PublicKey::parse(text).is_err(), "{text}");
    }
    assert_eq!(PublicKey::parse(&format!("{public}\n")).unwrap(), public);
    // A public key with which nothing can be agreed on.
    let zero = PublicKey([0; 32]);
    assert!(zero.seal("shop", "KEY", "hush").is_err());
    assert!(public.seal("shop", "KEY", "").is_err());
    assert!(public.seal("shop", "KEY", &"x".repeat(MAX_TEXT + 1)).is_err());
    assert!(public.seal("shop", "KEY", &"x".repeat(MAX_TEXT)).is_ok());
    // An existing file is not overwritten.
    assert!(generate(&directory.path().join("key")).is_err());
    let other = directory.path().join("other");
    std::fs::write(&other, public.to_string()).unwrap();
    let (_, faults) = SecretKeys::read(&[other, directory.path().join("none")]);
    assert_eq!(faults.len(), 2);
}

#[test]
fn a_row_is_opened_whole_or_not() {
    let (_directory, public, keys) = pair();
    let secret = public.seal("shop", "KEY", "hush").unwrap();
    let mut row = json!({ "env": { "KEY": secret, "A": { "encrypted": "x", "more": 1 }, "B": 1 } });
    keys.open_all("shop", &mut row).unwrap();
    assert_eq!(row, json!({ "env": { "KEY": "hush", "A": { "encrypted": "x", "more": 1 }, "B": 1 } }));
    let mut moved = json!({ "env": { "OTHER": public.seal("shop", "KEY", "hush").unwrap() } });
    assert_eq!(keys.open_all("shop", &mut moved).unwrap_err().0, "OTHER");
}
