//! What an entry of the table may say.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

fn entry(settings: Value) -> Result<AppEntry, EntryError> {
    let value = json!({ "settings": settings, "bundle": format!("sha256:{}", "a".repeat(64)), "generation": 1 });
    AppEntry::parse(value.to_string().as_bytes())
}

#[test]
fn paths_stay_in_the_bundle() {
    for settings in [
        json!({"path": "/etc"}),
        json!({"path": "a/../../b"}),
        json!({"path": ".."}),
        json!({"assets": {"directory": "../public"}}),
        json!({"assets": {"directory": "/"}}),
    ] {
        assert!(matches!(entry(settings.clone()), Err(EntryError::Path(_))), "{settings}");
    }
    let row = entry(json!({"path": "src/main.js", "assets": {"directory": "public"}})).unwrap().table_row("a", "b/c");
    assert_eq!(row["path"], "b/c/src/main.js");
    assert_eq!(row["assets"]["directory"], "b/c/public");
}

#[test]
fn an_app_without_a_path_is_its_bundle_unless_it_has_files_alone() {
    assert_eq!(entry(json!({})).unwrap().table_row("a", "b")["path"], "b");
    assert!(entry(json!({"assets": {"directory": "."}})).unwrap().table_row("a", "b").get("path").is_none());
}

#[test]
fn a_node_s_own_secrets_cannot_be_named() {
    let stolen = entry(json!({"env": {"KEY": {"file": "/etc/shadow"}}}));
    assert!(matches!(stolen, Err(EntryError::Secret(_))));
    assert!(entry(json!({"env": {"KEY": {"file": "/etc/shadow", "x": 1}}})).is_ok(), "a value like any other");
}

#[test]
fn values_are_not_shown() {
    let shown = entry(json!({"env": {"KEY": "hush"}})).unwrap().shown("a").to_string();
    assert!(shown.contains("KEY") && !shown.contains("hush"), "{shown}");
}

#[test]
fn labels_choose_nodes() {
    let mut app = entry(json!({})).unwrap();
    app.nodes.insert("zone".into(), "eu".into());
    let labels = |zone: &str| BTreeMap::from([("zone".to_owned(), zone.to_owned()), ("disk".into(), "ssd".into())]);
    assert!(app.is_for(&labels("eu")));
    assert!(!app.is_for(&labels("us")));
    assert!(!app.is_for(&BTreeMap::new()));
}
