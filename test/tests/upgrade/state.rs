//! What the new nano knows of the old one.

use crate::{command, end, pid, refused, serve, site, upgrade};
use nano_test::Site;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;

fn two_apps(site: &Site, more: Value) {
    site.app("b", "export default { fetch: (request, env) => new Response(env.B ?? 'b') };");
    let mut config = json!({ "apps": [
        { "hostname": "a.local", "name": "a", "path": "a" },
        { "hostname": "b.local", "name": "b", "path": "b", "env": { "B": { "env": "SECRET_B" } } },
    ]});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    site.config(config);
}

fn state(nano: &nano_test::Nano, name: &str) -> Value {
    let apps = nano.ctl_json(&["apps"]);
    apps["apps"].as_array().unwrap().iter().find(|app| app["name"] == name).unwrap()["state"].clone()
}

#[test]
fn stopped_apps_stay_stopped_and_secrets_of_the_environment_come_along() {
    let site = site();
    two_apps(&site, json!({}));
    let mut command = command(&site);
    command.env("SECRET_B", "of the environment");
    let nano = site.serve_with(command);
    assert_eq!(nano.ctl(&["stop", "a"]).code, Some(0));
    for _ in 0..2 {
        upgrade(&nano);
        assert_eq!((state(&nano, "a"), nano.get("a.local", "/").status), (json!("stopped"), 503));
        assert_eq!(nano.get("b.local", "/").text(), "of the environment");
    }
    assert_eq!(nano.ctl(&["start", "a"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    // The nano before has the environment in a file in memory, and no command line.
    let shown = std::process::Command::new("ps").args(["-eo", "args"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&shown.stdout).contains("of the environment"));
    end(nano);
}

#[test]
fn what_needs_a_restart_takes_effect_and_counters_begin_anew() {
    let site = site();
    two_apps(&site, json!({}));
    let mut command = command(&site);
    command.env("SECRET_B", "one");
    let nano = site.serve_with(command);
    assert_eq!(nano.get("b.local", "/").text(), "one");
    let requests =
        |nano: &nano_test::Nano| nano.metrics().get("nano_http_requests_total", &[("app", "b"), ("code", "200")]);
    assert_eq!(requests(&nano), Some(1.0));
    two_apps(&site, json!({ "sandbox": "best-effort", "drain_ms": 5000 }));
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code == Some(1) && reload.stderr.contains("sandbox"), "{reload:?}");
    let report = upgrade(&nano);
    assert_eq!(nano.ctl_json(&["status"])["pid"], report["new_pid"]);
    assert_eq!(nano.ctl_json(&["status"])["sandbox"]["policy"], "best-effort");
    assert_ne!(requests(&nano), Some(1.0));
    end(nano);
}

#[test]
fn an_app_has_the_user_that_it_had() {
    let site = site();
    two_apps(&site, json!({}));
    let mut command = command(&site);
    command.env("SECRET_B", "b");
    let nano = site.serve_with(command);
    let users =
        || ["a", "b"].map(|app| std::fs::metadata(format!("/proc/{}", nano.pid_of(app))).map(|found| found.uid()));
    let before = users().map(Result::unwrap);
    let old = ["a", "b"].map(|app| nano.pid_of(app));
    upgrade(&nano);
    assert_eq!(users().map(Result::unwrap), before);
    assert!(["a", "b"].map(|app| nano.pid_of(app)).iter().all(|pid| !old.contains(pid)), "other workers");
    end(nano);
}

#[test]
fn an_unknown_parameter_and_an_app_that_is_no_module_are_refused() {
    let site = site();
    let nano = serve(&site);
    let main = pid(&nano.ctl_json(&["status"])["pid"]);
    assert_eq!(main, nano.pid());
    // An unknown parameter may change what was meant.
    let asked = std::process::Command::new("curl")
        .args(["-s", "--unix-socket"])
        .arg(nano.control_socket())
        .args(["-X", "POST", "http://nano/upgrade?force=1"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&asked.stdout).contains("timeout_s"), "{asked:?}");
    site.app("a", "no module");
    refused(&nano, &[]);
    end(nano);
}
