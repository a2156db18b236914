//! Which name finds which certificate, and what is said of a bad key.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn exact_names_win_over_wildcards_which_stand_for_one_label() {
    let mut names = Names::default();
    for (at, name) in ["*.a.example", "x.a.example", "B.example", "*.X.a.example"].into_iter().enumerate() {
        names.add(name, at);
    }
    for (name, at) in [
        ("x.a.example", Some(1)),
        ("y.a.example", Some(0)),
        ("y.x.a.example", Some(3)),
        ("z.y.a.example", None),
        ("a.example", None),
        ("b.example", Some(2)),
        ("example", None),
        ("", None),
    ] {
        assert_eq!(names.find(name), at, "{name}");
    }
    names.add("b.example", 9);
    assert_eq!(names.find("b.example"), Some(2), "the first one stays");
}

#[test]
fn what_is_wrong_with_a_key_is_said_without_the_key() {
    let error = pem::Error::NoItemsFound;
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nSECRET";
    for (text, why) in [(&encrypted[..], "is encrypted"), (b"SECRET", "no private key in it")] {
        let said = no_key(text, &error);
        assert!(said.contains(why) && !said.contains("SECRET"), "{said}");
    }
    assert_eq!(no_key(b"", &pem::Error::Base64Decode("SECRET".to_owned())), "the PEM is damaged");
}
