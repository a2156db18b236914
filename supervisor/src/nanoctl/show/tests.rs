//! Tables and lines as an operator reads them.

use serde_json::json;

use super::*;

#[test]
fn one_row_per_worker() {
    let body = json!({ "apps": [{
        "name": "a.example", "state": "ready", "hostnames": ["a.example", "*.a.example"], "requests": 12, "buffer_overflows": 3,
        "workers": [
            { "state": "ready", "pid": 41, "since_ms": 61_000, "restarts": 0, "in_flight": 2, "resident_bytes": 52_428_800, "cpu_ms": 1500 },
            { "state": "exited", "pid": null, "since_ms": 5, "restarts": 7, "last_exit": { "reason": "crash", "how": "signal SIGSEGV" } },
        ],
    }] });
    let table = apps(&body);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert_eq!(
        lines.get(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).as_deref(),
        Some("a.example ready a.example, *.a.example 41 ready 1 min 1 s 0 2 50.0 MiB 1 s 12 3 -")
    );
    assert!(
        lines.get(2).is_some_and(|line| line.trim_start().starts_with("-") && line.ends_with("crash (signal SIGSEGV)")),
        "{table}"
    );
}

#[test]
fn an_app_without_workers_has_a_row_too() {
    let app = json!({ "name": "site", "state": "files", "hostnames": ["a"], "requests": 4, "workers": [] });
    let table = apps(&json!({ "apps": [app] }));
    let row = table.lines().nth(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(row.as_deref(), Some("site files a - - - - - - - 4 - -"), "{table}");
}

#[test]
fn layers_of_the_sandbox() {
    let shown = |layers: Value| sandbox(&json!({ "policy": "best-effort", "layers": layers }));
    assert_eq!(shown(json!({})), "best-effort: -");
    assert_eq!(
        shown(json!({ "landlock": true, "seccomp": true, "uid": false })),
        "best-effort: landlock, seccomp; lacking: uid"
    );
}

#[test]
fn what_is_watched() {
    assert_eq!(watch(&Value::Null), "off");
    assert_eq!(watch(&json!({ "paths": null })), "about to begin");
    assert_eq!(watch(&json!({ "paths": 3, "polled": 0, "why": null })), "3 paths");
    let some = json!({
        "paths": 3, "polled": 1, "polled_every_ms": 2000, "polled_first": ["/a/b.js"], "why": "raise fs.x"
    });
    assert_eq!(watch(&some), "3 paths; not told of 1, which are looked at every 2 s: /a/b.js (raise fs.x)");
}

#[test]
fn units() {
    let shown = |ms: u64| duration(&json!(ms));
    assert_eq!(
        [shown(999), shown(59_999), shown(7_260_000), shown(90_000_000)],
        ["999 ms", "59 s", "2 h 1 min", "1 d 1 h"]
    );
    assert_eq!([bytes(&json!(1023)), bytes(&json!(1536)), bytes(&Value::Null)], ["1023 B", "1.5 KiB", "-"]);
}

#[test]
fn log_lines() {
    let line = r#"{"timestamp":"2026-01-02T03:04:05.678901Z","level":"info","message":"hi","app":"a","pid":7}"#;
    assert_eq!(log_line(line, false), "03:04:05.678 INFO  [a] hi pid=7\n");
    assert_eq!(log_line("no json", false), "no json\n");
}
