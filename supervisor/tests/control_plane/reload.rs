//! Reload: everything or nothing, and no request lost.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::nano::{Nano, Site, eventually, is_alive, text};

const A: &str = "\"hostname\": \"a\", \"path\": \"a\"";
const B: &str = "\"hostname\": \"b\", \"path\": \"b\"";

fn two() -> Nano {
    let site = Site::new();
    site.app("a", "respond one").app("b", "respond two").config("", &[A, B]);
    site.serve()
}

#[test]
fn only_what_changed_gets_new_workers() {
    let nano = two();
    let (a, b) = (nano.pids("a"), nano.pids("b"));
    let report = nano.ask(&["reload"]);
    assert_eq!(report["unchanged"], json!(["a", "b"]));
    assert_eq!((nano.pids("a"), nano.pids("b")), (a.clone(), b.clone()));
    assert_eq!(nano.metric("nano_config_reloads_total{result=\"success\"}"), Some(1.0));

    nano.site.app("a", "respond new code");
    let report = nano.ask(&["reload"]);
    assert_eq!(report["changed"], json!([{ "name": "a", "what": ["code"] }]));
    assert!(nano.get("a", "/").1.starts_with("new code "));
    assert_ne!(nano.pids("a"), a);
    assert_eq!(nano.pids("b"), b);
    eventually("the old worker goes", || !is_alive(a[0]));
    nano.await_metric("nano_worker_exits_total{app=\"a\",reason=\"reload\"}", 1.0);

    nano.site.config("", &[&format!("{A}, \"max_buffer_size_mb\": 2"), B]);
    let report = nano.ask(&["reload"]);
    assert_eq!(report["changed"], json!([{ "name": "a", "what": ["max_buffer_size_mb"] }]));
    assert_eq!(nano.metric("nano_stream_buffer_limit_bytes{app=\"a\"}"), Some(2_097_152.0));
    assert_eq!(nano.pids("b"), b);
}

#[test]
fn apps_come_and_go_and_swap_their_hosts() {
    let nano = two();
    let (a, b) = (nano.pids("a"), nano.pids("b"));
    let swapped = [
        "\"name\": \"a\", \"hostname\": \"b\", \"path\": \"a\"",
        "\"name\": \"b\", \"hostname\": \"a\", \"path\": \"b\"",
    ];
    nano.site.config("", &swapped);
    nano.ask(&["reload"]);
    assert!(nano.get("b", "/").1.starts_with("one ") && nano.get("a", "/").1.starts_with("two "));
    assert_eq!((nano.pids("a"), nano.pids("b")), (a, b.clone()), "hosts alone need no new workers");

    nano.site.app("c", "respond three").config("", &["\"hostname\": \"c\", \"path\": \"c\"", swapped[0]]);
    let report = nano.ask(&["reload"]);
    assert_eq!((&report["added"], &report["removed"]), (&json!(["c"]), &json!(["b"])));
    assert!(nano.get("c", "/").1.starts_with("three "));
    assert_eq!(nano.get("a", "/").0, 404);
    assert_eq!(nano.metric("nano_worker_starts_total{app=\"b\"}"), None);
    eventually("the workers of the removed app go", || !is_alive(b[0]));
}

#[test]
fn what_fails_changes_nothing() {
    let nano = two();
    let before = (nano.pids("a"), nano.pids("b"));
    let fails = |part: &str, code: &str| {
        let output = nano.nanoctl(&["reload"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(part), "{part:?} in {stderr}");
        let output = nano.nanoctl(&["--json", "reload"]);
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["code"], code);
        assert_eq!((nano.pids("a"), nano.pids("b")), before);
        assert!(nano.get("a", "/").1.starts_with("one ") && nano.get("b", "/").1.starts_with("two "));
    };
    nano.site.config("", &[&format!("{A}, \"memroy_mb\": 1"), B]);
    fails("nano.json:4:37: apps[0].memroy_mb: ", "config_invalid");
    // One app is fine and would start; the other is not.
    nano.site.app("c", "fail 2 3 SyntaxError: oh").app("d", "respond four");
    nano.site.config(
        "",
        &[A, B, "\"hostname\": \"d\", \"path\": \"d\"", "\"hostname\": \"c\", \"path\": \"c\", \"workers\": 2"],
    );
    fails("nano.json:7:24: apps[3].path: app \"c\": c/index.js:2:3: SyntaxError: oh", "app_start_failed");
    assert_eq!(nano.get("d", "/").0, 404);
    nano.site.config(", \"uid_base\": 70000", &[A, B]);
    fails("uid_base changed: that takes effect at a restart of nano only", "needs_restart");
    assert_eq!(nano.metric("nano_config_last_reload_successful"), Some(0.0));
    assert_eq!(nano.metric("nano_config_reloads_total{result=\"failure\"}"), Some(6.0));
    nano.site.config("", &[A, B]);
    nano.ask(&["reload"]);
    assert_eq!(nano.metric("nano_config_last_reload_successful"), Some(1.0));
    let children = fs::read_to_string("/proc/self/stat").is_ok() && nano.ask(&["status"])["generations_draining"] == 0;
    assert!(children, "nothing of the failed reloads is left");
}

#[test]
fn a_dry_run_says_what_a_reload_would_do_and_does_nothing() {
    let nano = two();
    let before = (nano.pids("a"), nano.pids("b"));
    nano.site.app("c", "respond three").app("b", "respond changed");
    nano.site.config("", &["\"hostname\": \"c\", \"path\": \"c\"", B]);
    let told = nano.ask(&["reload", "--dry-run"]);
    assert_eq!((&told["added"], &told["removed"], &told["dry_run"]), (&json!(["c"]), &json!(["a"]), &json!(true)));
    assert_eq!(told["changed"], json!([{ "name": "b", "what": ["code"] }]));
    let shown = text(&nano.nanoctl(&["reload", "--dry-run"]).stdout);
    assert!(shown.contains("removed    a\n") && shown.contains("nothing was applied"), "{shown}");
    assert_eq!((nano.pids("a"), nano.pids("b")), before);
    assert!(nano.get("a", "/").1.starts_with("one ") && nano.get("b", "/").1.starts_with("two "));
    assert_eq!(nano.metric("nano_config_reloads_total{result=\"success\"}"), Some(0.0));
    let report = nano.ask(&["reload"]);
    for key in ["added", "removed", "changed", "unchanged", "server"] {
        assert_eq!(report[key], told[key], "{key}");
    }
}

#[test]
fn a_check_and_a_reload_agree_on_what_needs_a_restart() {
    let nano = two();
    let check = || nano.ask(&["check", "nano.json"])["needs_restart"].clone();
    assert_eq!(check(), json!([]));
    nano.site.config(", \"uid_base\": 70000", &[A, B]);
    let keys = check();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
    for arguments in [&["--json", "reload"][..], &["--json", "reload", "--dry-run"]] {
        let output = nano.nanoctl(arguments);
        assert_eq!(output.status.code(), Some(1));
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((&error["code"], &error["needs_restart"]), (&json!("needs_restart"), &keys));
    }
    let shown = text(&nano.nanoctl(&["check", "nano.json"]).stdout);
    assert!(shown.contains("has to be restarted for this") && shown.contains("nano.json:2:"), "{shown}");
    // Of a file that this nano does not serve it says nothing.
    std::fs::copy(nano.site.path("nano.json"), nano.site.path("other.json")).unwrap();
    assert_eq!(nano.ask(&["check", "other.json"])["needs_restart"], json!(null));
}

#[test]
fn no_request_is_lost() {
    let site = Site::new();
    site.app("a", "slow 3\nrespond 0").config("", &[&format!("{A}, \"max_concurrent\": 2")]);
    let nano = site.serve();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !done.load(Ordering::Relaxed) {
                        let (status, body) = nano.get("a", "/");
                        assert_eq!(status, 200, "{body}");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for round in 1..=10 {
            nano.site.app(
                "a",
                if round == 5 { "fail 1 1 broken".to_owned() } else { format!("slow 3\nrespond {round}") }.as_str(),
            );
            assert_eq!(nano.nanoctl(&["reload"]).status.success(), round != 5);
        }
        done.store(true, Ordering::Relaxed);
        let counts: Vec<i32> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    });
    assert!(nano.get("a", "/").1.starts_with("10 "));
}

#[test]
fn old_workers_finish_what_they_have() {
    let site = Site::new();
    site.app("a", "slow 700\nrespond old").config("", &[A]);
    let nano = site.serve();
    std::thread::scope(|scope| {
        let client = scope.spawn(|| nano.get("a", "/"));
        eventually("the request is in flight", || nano.metric("nano_http_requests_in_flight{app=\"a\"}") == Some(1.0));
        nano.site.app("a", "respond new");
        nano.ask(&["reload"]);
        assert!(nano.get("a", "/").1.starts_with("new "));
        let (status, body) = client.join().unwrap();
        assert!(status == 200 && body.starts_with("old "), "{status} {body}");
    });
}

#[test]
fn an_old_worker_that_stays_is_killed_at_the_deadline() {
    let site = Site::new();
    site.app("a", "stay\nrespond old").config(", \"drain_ms\": 100", &[A]);
    let nano = site.serve();
    let old = nano.pids("a");
    nano.site.app("a", "respond new");
    nano.ask(&["reload"]);
    eventually("it is killed", || !is_alive(old[0]));
    nano.await_metric("nano_worker_exits_total{app=\"a\",reason=\"reload\"}", 1.0);
}

#[test]
fn by_signal() {
    let nano = two();
    nano.site.app("a", "respond hup");
    nano.signal(Signal::SIGHUP);
    eventually("it is reloaded", || nano.get("a", "/").1.starts_with("hup "));
    assert!(nano.log("\"message\":\"reloaded\"").contains("\"trigger\":\"SIGHUP\""));
}

#[test]
fn by_watching() {
    let site = Site::new();
    site.app("a", "import lib.js\nrespond one");
    fs::write(site.path("a/lib.js"), "1").unwrap();
    site.config(", \"watch\": true", &[A]);
    let nano = site.serve();
    let first = nano.pids("a");
    // As editors do: a new file in the old one's place.
    let replace = |name: &str, content: &str| {
        fs::write(nano.site.path("a/.new"), content).unwrap();
        fs::rename(nano.site.path("a/.new"), nano.site.path("a").join(name)).unwrap();
    };
    replace("index.js", "import lib.js\nrespond two");
    eventually("code", || nano.get("a", "/").1.starts_with("two "));
    let second = nano.pids("a");
    assert_ne!(first, second);
    replace("lib.js", "2");
    eventually("an imported module", || nano.pids("a") != second);
    // A broken app is reported; the next change repairs it.
    replace("index.js", "fail 1 1 broken");
    nano.log("reload failed");
    replace("index.js", "respond three");
    eventually("the repair", || nano.get("a", "/").1.starts_with("three "));
    let config = fs::read_to_string(nano.site.path("nano.json")).unwrap();
    fs::write(
        nano.site.path("nano.json.new"),
        config.replace("\"hostname\": \"a\"", "\"hostname\": \"other\", \"name\": \"a\""),
    )
    .unwrap();
    fs::rename(nano.site.path("nano.json.new"), nano.site.path("nano.json")).unwrap();
    eventually("the config", || nano.get("other", "/").0 == 200);
    // A module that reads as before is nothing to reload for.
    let reloads = nano.metric("nano_config_reloads_total{result=\"success\"}");
    replace("index.js", "respond three");
    nano.log("nothing to reload");
    assert_eq!(nano.metric("nano_config_reloads_total{result=\"success\"}"), reloads);
}

#[test]
fn the_log_level_follows() {
    let nano = two();
    let quiet = |text: String| text.replace("\"debug\"", "\"error\"");
    let config = fs::read_to_string(nano.site.path("nano.json")).unwrap();
    fs::write(nano.site.path("nano.json"), quiet(config)).unwrap();
    assert_eq!(nano.ask(&["reload"])["server"], json!(["log.level"]));
    let lines = nano.log_so_far().lines().count();
    nano.get("a", "/");
    nano.ask(&["restart", "a"]);
    assert_eq!(nano.log_so_far().lines().count(), lines);
}
