//! Tests of `glance.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn what_is_wrong_elsewhere_does_not_matter() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("nano.json");
    let look = |text: &str| {
        std::fs::write(&file, text).unwrap();
        glance(&file)
    };
    let found = look(r#"{"control_socket":"c.sock","log":{"format":"json","x":1},"prot":1,"apps":7}"#).unwrap();
    assert_eq!(found.control_socket, Some(place.path().join("c.sock")));
    assert_eq!(found.log_format, Some(LogFormat::Json));
    for nothing in ["{}", "[]", r#"{"control_socket":7,"log":"json"}"#, r#"{"control_socket":"","log":{"format":"x"}}"#]
    {
        assert_eq!(look(nothing).unwrap(), Glance::default(), "{nothing}");
    }
    look("{").unwrap_err();
    std::fs::remove_file(&file).unwrap();
    glance(&file).unwrap_err();
}
