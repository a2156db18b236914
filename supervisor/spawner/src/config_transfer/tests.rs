//! Tests of `config_transfer.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn sent(transfer: &ConfigTransfer) -> OwnedFd {
    let mut file = tempfile::tempfile().unwrap();
    serde_json::to_writer(&mut file, transfer).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file.into()
}

#[test]
fn a_configuration_arrives_as_it_was_read() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("a")).unwrap();
    std::fs::write(place.path().join("a/index.js"), "").unwrap();
    let file = place.path().join("nano.json");
    std::fs::write(&file, r#"{"apps":[{"hostname":"a.example","path":"a","env":{"K":"secret","S":{"file":"s"}}}]}"#)
        .unwrap();
    std::fs::write(place.path().join("s"), "of a file\n").unwrap();
    let source = ConfigSource::File(file.clone());
    let (text, _, config) = source.load().unwrap();
    let sent = sent(&ConfigTransfer::found(7, text, None, &config));
    // The supervisor need not be able to look there.
    std::fs::remove_dir_all(place.path().join("a")).unwrap();
    std::fs::remove_file(place.path().join("s")).unwrap();
    let (version, arrived) = receive_config(sent).unwrap().config(&source).unwrap();
    assert_eq!((version, arrived), (7, config));

    let error = source.load().unwrap_err();
    assert_eq!(
        receive_config(self::sent(&ConfigTransfer::faults(&error))).unwrap().config(&source).unwrap_err(),
        error
    );
}
