//! What is explained, and what is not known.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn an_app_by_its_name_and_by_a_host() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "export default {}").unwrap();
    let text = r#"{ "defaults": { "workers": 2 }, "apps": [
        { "name": "shop", "hostname": ["shop.example", "*.shop.example"], "path": ".", "env": { "KEY": "secret" } },
        { "name": "shop.example.net", "hostname": "x.example", "path": "." }
    ] }"#;
    let config = nano_config::parse(text, Path::new("nano.json"), dir.path()).unwrap();
    let shop = explain(&config, "shop").unwrap();
    assert_eq!((&shop["app"], &shop["matched"]), (&json!("shop"), &Value::Null));
    let by_host = explain(&config, "A.shop.example:8080").unwrap();
    assert_eq!((&by_host["app"], &by_host["matched"]), (&json!("shop"), &json!("*.shop.example")));
    assert_eq!(by_host["settings"], shop["settings"]);
    let workers = by_host["settings"].as_array().unwrap().iter().find(|each| each["key"] == "workers").unwrap();
    assert_eq!(
        (&workers["value"], &workers["origin"], &workers["place"]["line"]),
        (&json!(2), &json!("defaults"), &json!(1))
    );
    assert!(Path::new(workers["place"]["file"].as_str().unwrap()).is_absolute());
    assert_eq!(by_host["limits"]["requests_in_flight"], 512);
    assert!(!shop.to_string().contains("secret"));
    assert!(matches!(explain(&config, "y.example"), Err(ExplainError::NoApp(_))));
    assert!(matches!(explain(&config, "no host"), Err(ExplainError::NoHost(..))));
}
