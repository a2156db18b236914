//! `tls.acme`: what it becomes, how a change of it is seen, and what is said of what is wrong with it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::{AcmeConfig, Config, ConfigError, ReloadPlan, parse};

/// A document with `tls.acme` and more keys, read in a directory with an app.
fn read(acme: &str, more: &str) -> Result<(Config, String), ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    let text = format!("{{\"tls\":{{\"acme\":{acme}}},{more}\"apps\":[{{\"hostname\":\"h\",\"path\":\"a\"}}]}}");
    let place = dir.path().to_str().unwrap().to_owned();
    parse(&text, Path::new("nano.json"), dir.path()).map(|config| (config, place))
}

fn acme(config: &Config) -> &AcmeConfig {
    config.tls.as_ref().unwrap().acme.as_ref().unwrap()
}

fn fault(acme: &str) -> String {
    read(acme, "").unwrap_err().to_string()
}

#[test]
fn what_it_becomes() {
    let (config, place) =
        read(r#"{"directory":"https://a.example/dir","storage":"kept","email":"me@a.example","agree":true}"#, "")
            .unwrap();
    let own = acme(&config);
    assert_eq!((own.directory.as_str(), own.email.as_deref()), ("https://a.example/dir", Some("me@a.example")));
    assert_eq!((own.storage.as_path(), own.state_dir.as_deref()), (&*Path::new(&place).join("kept"), None));
    assert!(config.tls.as_ref().unwrap().certificates.is_empty());
    let state = r#""state_dir":"state","#;
    let (config, place) = read(r#"{"directory":"https://a.example/dir","agree":true}"#, state).unwrap();
    let (own, state_dir) = (acme(&config), Path::new(&place).join("state"));
    assert_eq!((own.storage.clone(), own.state_dir.clone()), (state_dir.join("acme"), Some(state_dir)));
    // Elsewhere, whatever there is of state.
    let (config, place) = read(r#"{"directory":"https://a.example/dir","storage":"x","agree":true}"#, state).unwrap();
    assert_eq!((acme(&config).storage.clone(), &acme(&config).state_dir), (Path::new(&place).join("x"), &None));
}

#[test]
fn a_change_takes_effect_by_a_reload() {
    let config = |acme: &str| read(acme, "").unwrap().0;
    let old = config(r#"{"directory":"https://a.example/dir","storage":"/s","agree":true}"#);
    let same = config(r#"{"agree":true,"storage":"/s","directory":"https://a.example/dir"}"#);
    assert!(ReloadPlan::between(&old, &same).server.is_empty());
    let new = config(r#"{"directory":"https://b.example/dir","storage":"/s","agree":true}"#);
    let plan = ReloadPlan::between(&old, &new);
    assert_eq!(plan.server.iter().map(|change| change.key).collect::<Vec<_>>(), ["tls"]);
    assert_eq!(plan.needs_restart().count(), 0);
}

#[test]
fn faults_are_told_with_their_place() {
    for (acme, expected) in [
        (
            r#"{"directory":"http://a.example/dir","storage":"s","agree":true}"#,
            "nano.json:1:29: tls.acme.directory: expected a URL as in \"https://acme.example/directory\", found \"http://a.example/dir\" (ACME has no http: the URL begins with `https://`)",
        ),
        (
            r#"{"directory":"https://a.example/dir","storage":"s","agree":false}"#,
            "nano.json:1:75: tls.acme.agree: it must be true: with it you agree to the terms of service of the certificate authority, which gives no certificates without (its directory says where they are)",
        ),
        (
            r#"{"directory":"https://a.example/dir","agree":true}"#,
            "nano.json:1:16: tls.acme: there is no place for certificates: name a directory in `storage`, or in `state_dir` at the top level (or StateDirectory= in nano's unit)",
        ),
        (
            r#"{"directory":"https://a.example/dir","storage":"s","agree":true,"mail":"a@b"}"#,
            "nano.json:1:80: tls.acme.mail: unknown key (did you mean `email`?)",
        ),
        (
            r#"{"directory":"https://a.example/dir","storage":"s","agree":true,"email":"a@b,c@d"}"#,
            "nano.json:1:88: tls.acme.email: expected one address as in \"admin@a.example\", found \"a@b,c@d\"",
        ),
        (
            "true",
            "nano.json:1:16: tls.acme: expected an object such as {\"directory\": \"https://acme-v02.api.letsencrypt.org/directory\", \"agree\": true}, found true",
        ),
    ] {
        assert_eq!(fault(acme), expected);
    }
    let all = fault("{}");
    assert_eq!(all.lines().count(), 3, "{all}");
    for missing in ["`directory` is missing", "`agree` is missing, and must be true", "no place for certificates"] {
        assert!(all.contains(missing), "{all}");
    }
}
