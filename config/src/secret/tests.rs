//! Secrets of files and of the environment, and what is said when there is none.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::fs;

use super::*;

#[test]
fn a_file_is_taken_whole_but_for_one_line_end() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut reader = SecretReader::on_disk(dir.path(), elsewhere.path());
    for (index, (written, secret)) in [
        ("s3cr3t", "s3cr3t"),
        ("s3cr3t\n", "s3cr3t"),
        ("s3cr3t\r\n", "s3cr3t"),
        ("s3cr3t\n\n", "s3cr3t\n"),
        (" s3cr3t ", " s3cr3t "),
        ("two\nlines\n", "two\nlines"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = index.to_string();
        fs::write(dir.path().join(&name), written).unwrap();
        assert_eq!(reader.file(&name), Ok(secret.to_owned()));
    }
    let largest = "x".repeat(MAX_SECRET_BYTES);
    fs::write(elsewhere.path().join("largest"), format!("{largest}\r\n")).unwrap();
    assert_eq!(reader.file("largest"), Ok(largest));
    // Each is read once: two apps cannot have two versions of it.
    fs::write(dir.path().join("0"), "another").unwrap();
    assert_eq!(reader.file("0"), Ok("s3cr3t".to_owned()));
    let files = reader.into_files();
    assert_eq!((files.len(), &files["largest"].path), (7, &elsewhere.path().join("largest")));
    assert_eq!(SecretReader::Known(&files).file("1"), Ok("s3cr3t".to_owned()));
    assert!(!format!("{files:?}").contains("s3cr3t"));
}

#[test]
fn no_message_has_any_of_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bytes"), b"s3cr3t\xff").unwrap();
    fs::write(dir.path().join("large"), "s3cr3t".repeat(MAX_SECRET_BYTES)).unwrap();
    fs::write(dir.path().join("empty"), "\n").unwrap();
    nix_fifo(&dir.path().join("pipe"));
    let mut reader = SecretReader::on_disk(dir.path(), dir.path());
    for (written, said) in [
        ("bytes", "is not UTF-8"),
        ("large", "is larger than a secret may be (64 KiB)"),
        ("empty", "is empty"),
        ("pipe", "is not a file"),
        (".", "is not a file"),
        ("missing", "there is no "),
        ("bytes/x", "there is no "),
        ("", "expected the path of a file"),
    ] {
        let (message, _) = reader.file(written).unwrap_err();
        assert!(message.contains(said) && !message.contains("s3cr3t"), "{written}: {message}");
    }
}

/// A pipe that nobody writes to.
fn nix_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn variables_are_read_where_the_environment_is() {
    let (none, dir) = (BTreeMap::new(), PathBuf::from("/"));
    let known = SecretReader::Known(&none);
    assert_eq!(known.variable("CARGO_PKG_NAME"), Ok("nano-config".to_owned()));
    assert_eq!(SecretReader::on_disk(&dir, &dir).variable("CARGO_PKG_NAME"), Ok(String::new()));
    for name in ["", "A=B", "NANO_NO_SUCH_VARIABLE"] {
        assert!(known.variable(name).is_err(), "{name}");
    }
}
