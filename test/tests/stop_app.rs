//! `nanoctl stop` and `nanoctl start`: an app's requests are refused, those that are there are finished, and reloads leave
//! it as it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, app_path, process, until};
use serde_json::{Value, json};

fn app(name: &str) -> Value {
    json!({ "name": name, "hostname": format!("{name}.local"), "path": app_path("faults"), "max_concurrent": 1 })
}

fn serve() -> (Site, Nano) {
    let site = Site::new();
    site.apps(json!([app("a"), app("b")]));
    let nano = site.serve();
    (site, nano)
}

fn succeeds(nano: &Nano, words: &[&str]) -> String {
    let answer = nano.ctl(words);
    assert_eq!(answer.code, Some(0), "{words:?}: {answer:?}");
    answer.stdout
}

/// The state of an app in `nanoctl apps`.
fn state(nano: &Nano, app: &str) -> String {
    let apps = nano.ctl_json(&["apps"]);
    let found = apps["apps"].as_array().unwrap().iter().find(|each| each["name"] == app).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

fn is_refused(nano: &Nano, host: &str) {
    let refused = nano.get(host, "/hello");
    assert_eq!((refused.status, refused.header("retry-after")), (503, None));
    let body: Value = serde_json::from_str(&refused.text()).unwrap();
    assert_eq!(body["code"], "app_stopped");
}

#[test]
fn what_is_there_is_finished_and_what_comes_is_refused() {
    let (_site, nano) = serve();
    let (pid, other) = (nano.pid_of("a"), nano.pid_of("b"));
    // One is in flight, another waits for the only place.
    let mut waiting = [nano.connect(), nano.connect()];
    for connection in &mut waiting {
        connection.send_get("a.local", "/slow?ms=700").unwrap();
    }
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 2.0);
    let stopped = succeeds(&nano, &["stop", "a"]);
    assert!(stopped.starts_with("a stopped"), "{stopped}");
    assert!(!process::runs(pid), "its worker is gone when the command ends");
    for connection in &mut waiting {
        let answer = connection.receive().unwrap();
        assert_eq!((answer.status, answer.text()), (200, "slow".to_owned()));
    }
    is_refused(&nano, "a.local");
    assert_eq!((state(&nano, "a"), state(&nano, "b")), ("stopped".to_owned(), "ready".to_owned()));
    assert_eq!(nano.ctl_json(&["status"])["stopped"], json!(["a"]));
    nano.await_metric("nano_app_stopped", &[("app", "a")], 1.0);
    nano.await_metric("nano_app_stopped", &[("app", "b")], 0.0);
    assert_eq!(nano.get("b.local", "/hello").status, 200);
    assert_eq!(nano.pid_of("b"), other);
    assert!(succeeds(&nano, &["stop", "a"]).contains("was stopped already"));

    let restart = nano.ctl(&["restart", "a"]);
    assert!(restart.code == Some(1) && restart.stderr.contains("nanoctl start a"), "{restart:?}");
    assert_eq!(succeeds(&nano, &["start", "a"]), "a started\n");
    assert_eq!(nano.get("a.local", "/hello").status, 200);
    assert_eq!(state(&nano, "a"), "ready");
    assert_eq!(succeeds(&nano, &["start", "a"]), "a was not stopped\n");
    nano.await_metric("nano_app_stopped", &[("app", "a")], 0.0);
    let unknown = nano.ctl(&["stop", "c"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("no app \"c\""), "{unknown:?}");
}

#[test]
fn a_stopped_app_stays_stopped_whatever_is_reloaded() {
    let (site, nano) = serve();
    succeeds(&nano, &["stop", "a"]);
    let mut changed = app("b");
    changed["env"] = json!({ "X": "1" });
    site.apps(json!([app("a"), changed]));
    let told = succeeds(&nano, &["reload"]);
    assert!(told.contains("stopped    a") && told.contains("unchanged  a") && told.contains("changed    b"), "{told}");
    is_refused(&nano, "a.local");

    // Its own changes wait with it, faults of its code as well.
    site.app("broken", "export default {");
    let mut moved = app("a");
    moved["hostname"] = json!("elsewhere.local");
    moved["path"] = json!("broken");
    site.apps(json!([moved, changed]));
    succeeds(&nano, &["reload"]);
    is_refused(&nano, "elsewhere.local");
    assert_eq!(nano.get("a.local", "/hello").status, 404);
    let failed = nano.ctl(&["start", "a"]);
    assert!(failed.code == Some(1) && failed.stderr.contains("broken"), "{failed:?}");
    is_refused(&nano, "elsewhere.local");
    site.app("broken", "export default { fetch: () => new Response('mended') };");
    succeeds(&nano, &["start", "a"]);
    assert_eq!(nano.get("elsewhere.local", "/").text(), "mended");

    // One that is removed meanwhile and comes back is started.
    succeeds(&nano, &["stop", "b"]);
    site.apps(json!([app("a")]));
    succeeds(&nano, &["reload"]);
    site.apps(json!([app("a"), app("b")]));
    succeeds(&nano, &["reload"]);
    assert_eq!(nano.get("b.local", "/hello").status, 200);
}

#[test]
fn an_app_of_files_is_stopped_too_and_load_on_another_loses_nothing() {
    let site = Site::new();
    site.file("public/x.txt", "file");
    site.apps(json!([
        { "name": "files", "hostname": "files.local", "assets": { "directory": "public" } },
        { "name": "b", "hostname": "b.local", "path": app_path("faults") },
    ]));
    let nano = site.serve();
    let load = nano.load("b.local", "/hello");
    until("load", || (load.served() > 50).then_some(()));
    for _ in 0..5 {
        succeeds(&nano, &["stop", "files"]);
        is_refused(&nano, "files.local");
        succeeds(&nano, &["start", "files"]);
        assert_eq!(nano.get("files.local", "/x.txt").text(), "file");
    }
    assert_eq!(load.stop().failures, Vec::<String>::new());
}

#[test]
fn a_suspended_app_sleeps_until_its_next_request() {
    let site = Site::new();
    let mut several = app("b");
    several["workers"] = json!(3);
    several["idle_ms"] = json!(600_000);
    let config = |drain_ms: u64| json!({ "drain_ms": drain_ms, "apps": [app("a"), several] });
    site.config(config(60_000));
    let nano = site.serve();
    for name in ["a", "b"] {
        let host = format!("{name}.local");
        let before = nano.pids(name);
        let told = succeeds(&nano, &["suspend", name]);
        assert_eq!(told, format!("{name} suspended; its next request starts it\n"));
        assert!(before.iter().all(|pid| !process::runs(*pid)), "its workers are gone when the command ends");
        let again = nano.ctl_json(&["suspend", name]);
        assert_eq!(again, json!({ "suspended": name, "was_running": false }));
        assert_eq!(nano.get(&host, "/hello").status, 200);
        // And stays awake.
        until("all workers of before", || (nano.pids(name).len() == before.len()).then_some(()));
        assert_eq!(nano.get(&host, "/hello").status, 200);
        assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", name)]), before.len() as f64);
    }
    // A request that is there is finished; while there is one the app goes on.
    let pid = nano.pid_of("a");
    let mut slow = nano.connect();
    slow.send_get("a.local", "/slow?ms=300").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    succeeds(&nano, &["suspend", "a"]);
    assert_eq!(slow.receive().unwrap().text(), "slow");
    assert!(!process::runs(pid));
    site.config(config(700));
    succeeds(&nano, &["reload"]);
    assert_eq!(nano.get("a.local", "/hello").status, 200);
    let mut slow = nano.connect();
    slow.send_get("a.local", "/slow?ms=5000").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    let pid = nano.pid_of("a");
    let busy = nano.ctl(&["suspend", "a"]);
    assert!(busy.code == Some(1) && busy.stderr.contains("its workers go on"), "{busy:?}");
    assert_eq!(slow.receive().unwrap().text(), "slow");
    assert_eq!(nano.pid_of("a"), pid);
    // Under load nothing is lost, and nobody sleeps.
    let load = nano.load("b.local", "/hello");
    until("load", || (load.served() > 50).then_some(()));
    for _ in 0..3 {
        nano.ctl(&["suspend", "b"]);
    }
    assert_eq!(load.stop().failures, Vec::<String>::new());
    let unknown = nano.ctl(&["suspend", "c"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("no app \"c\""), "{unknown:?}");
    succeeds(&nano, &["stop", "a"]);
    let stopped = nano.ctl(&["suspend", "a"]);
    assert!(stopped.code == Some(1) && stopped.stderr.contains("is stopped"), "{stopped:?}");
}
