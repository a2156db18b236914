//! Where settings come from, and which hostname matched.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn config() -> Config {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "export default {}").unwrap();
    let text = r#"{
  "log": { "level": "warn" },
  "defaults": { "timeout_ms": 100, "cpu_ms": 7, "env": { "D": "hidden-d" } },
  "apps": [
    { "hostname": "a.example", "path": "." },
    { "hostname": ["b.example", "*.example"], "path": ".",
      "timeout_ms": 5e2, "env": { "TOKEN": "hidden-b", "N": { "x": "hidden-n" } } },
    { "hostname": "*", "path": "." }
  ]
}"#;
    crate::parse(text, Path::new("nano.json"), dir.path()).unwrap()
}

fn find<'s>(settings: &'s [Setting], key: &str) -> (&'s str, String) {
    let setting = settings.iter().find(|each| each.key == key).unwrap();
    let origin = match &setting.origin {
        Origin::Own(location) => format!("own {location}"),
        Origin::Defaults(location) => format!("defaults {location}"),
        Origin::BuiltIn => "built in".to_owned(),
    };
    (&setting.value, origin)
}

#[test]
fn own_before_defaults_before_built_in() {
    let config = config();
    let explained = config.explain(1);
    assert_eq!(find(&explained.app, "timeout_ms"), ("5e2", "own nano.json:7:7".to_owned()));
    assert_eq!(find(&explained.app, "cpu_ms"), ("7", "defaults nano.json:3:36".to_owned()));
    assert_eq!(find(&explained.app, "memory_mb"), ("128", "built in".to_owned()));
    assert_eq!(find(&explained.app, "egress"), ("\"public\"", "built in".to_owned()));
    assert_eq!(find(&explained.app, "env").0, "[\"TOKEN\",\"N\"]");
    assert_eq!(find(&explained.server, "log.level"), ("\"warn\"", "own nano.json:2:12".to_owned()));
    assert_eq!(find(&explained.server, "log.access"), ("true", "built in".to_owned()));
    assert_eq!(find(&explained.server, "drain_ms").0, "30000");
    assert_eq!(find(&config.explain(0).app, "env"), ("[\"D\"]", "defaults nano.json:3:49".to_owned()));
    assert!(!format!("{:?}{config:?}", explained).contains("hidden-"));
}

#[test]
fn every_setting_of_an_app_is_there_once() {
    let explained = config().explain(0);
    let mut keys: Vec<_> = explained.app.iter().map(|each| each.key.clone()).collect();
    let mut wanted: Vec<_> = schema::APP_LEVEL.names().map(str::to_owned).collect();
    keys.sort();
    wanted.sort();
    assert_eq!(keys, wanted);
}

#[test]
fn hosts_are_matched_as_requests_are() {
    let config = config();
    let matched = |host: &str| {
        let host = HostName::parse(host).unwrap();
        config.app_of_host(&host).map(|(index, pattern)| (index, pattern.as_str().to_owned()))
    };
    assert_eq!(matched("A.example"), Some((0, "a.example".to_owned())));
    assert_eq!(matched("x.y.example"), Some((1, "*.example".to_owned())));
    assert_eq!(matched("other"), Some((2, "*".to_owned())));
}
