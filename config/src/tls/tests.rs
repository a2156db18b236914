//! How files of certificates are found and kept.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn files_are_found_beside_the_configuration_first() {
    let (beside, within) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(within.path().join("a.pem"), "within").unwrap();
    let find = |text: &str| find(text, beside.path(), within.path());
    assert_eq!(**find("a.pem").unwrap().1, *b"within");
    std::fs::write(beside.path().join("a.pem"), "beside").unwrap();
    let (path, bytes) = find("a.pem").unwrap();
    assert_eq!((path, bytes.as_slice()), (beside.path().join("a.pem"), b"beside".as_slice()));
    let (why, _) = find("b.pem").unwrap_err();
    assert!(why.starts_with("there is neither ") && why.contains("b.pem nor "), "{why}");
    let (why, _) = find("").unwrap_err();
    assert_eq!(why, "the path must not be empty");
    std::fs::create_dir(beside.path().join("d")).unwrap();
    let (why, _) = find("d").unwrap_err();
    assert!(why.ends_with("is not a file"), "{why}");
    std::fs::write(beside.path().join("large"), vec![b'x'; MAX_PEM_BYTES + 1]).unwrap();
    let (why, _) = find("large").unwrap_err();
    assert!(why.contains("larger than 1024 KB"), "{why}");
    std::os::unix::fs::symlink("nowhere", beside.path().join("link")).unwrap();
    let (why, _) = find("link").unwrap_err();
    assert!(why.contains("cannot be read"), "{why}");
}

#[test]
fn a_key_is_shown_nowhere() {
    let files = CertificateFiles {
        cert: "c".into(),
        key: "k".into(),
        cert_pem: Arc::from(*b"public"),
        key_pem: Secret::new(b"PRIVATE".to_vec()),
    };
    let shown = format!("{files:?}");
    assert!(shown.contains("a secret") && !shown.contains("PRIVATE") && !shown.contains("80, 82"), "{shown}");
}
