//! Tests of `path.rs`.

use super::*;

#[test]
fn paths_are_decoded_once() {
    for (path, decoded) in [
        ("/", "/"),
        ("/a%20b", "/a b"),
        ("/%2561", "/%61"),
        ("/%c3%BC", "/ü"),
        ("/%ff/%20", "/%ff/ "),
        ("/%", "/%"),
        ("/%2", "/%2"),
        ("/%zz/a", "/%zz/a"),
        ("/%2e%2e%2fsecret", "/../secret"),
        ("//a///b", "/a/b"),
        ("/a%2F%2Fb", "/a/b"),
        ("/%2Fb", "/b"),
        ("/%00", "/\0"),
    ] {
        assert_eq!(decode(path, 100), decoded, "{path}");
    }
}

#[test]
fn no_more_is_decoded_than_a_file_could_be_named() {
    for (path, decoded) in [
        ("/aa/aa/aa/aa", "/aa/aa/aa"),
        ("/aaaaaaaaaaaaaaaa/b", "/aaaaaaaaaaaaaaaa"),
        ("//////////////////a", "/a"),
        ("/%61%61%61%61%61%61%61/b/c", "/aaaaaaa/b"),
        ("/%ff%ff%ff%ff/b", "/%ff%ff%ff%ff"),
    ] {
        assert_eq!(decode(path, 8), decoded, "{path}");
    }
    // The text that it is made in is no longer than that either.
    assert!(decode(&"/a".repeat(30_000), 100).capacity() <= 256);
}

#[test]
fn there_is_one_spelling() {
    for (path, encoded) in [
        ("/a b", "/a%20b"),
        ("/ü", "/%C3%BC"),
        ("/a@b:c", "/a%40b%3Ac"),
        ("/%61", "/%2561"),
        ("/-_.!~*'()", "/-_.!~*'()"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/a\r\nb?#", "/a%0D%0Ab%3F%23"),
    ] {
        assert_eq!(encode(path), encoded, "{path}");
        assert_eq!(decode(encoded, 100), path);
    }
}
