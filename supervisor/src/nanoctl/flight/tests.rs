//! Flight records as an operator reads them.

use serde_json::json;

use super::*;

#[test]
fn a_record_reads_well() {
    let record = json!({
        "at": "2026-01-02T03:04:05.678901Z", "app": "a", "pid": 41, "generation": 2, "reason": "heap", "how": "exit code 92",
        "uptime_ms": 61_000, "cpu_ms": 1500, "in_flight": 3, "heap_bytes": 52_428_800, "buffered_bytes": 1536,
        "memory_limit_bytes": 134_217_728, "reported_ms_before": 1200,
        "requests": [
            { "method": "POST", "path": "/pay", "request_id": "r-1", "age_ms": 20, "state": "waiting", "culprit": true },
            { "method": "GET", "path": "/", "request_id": "r-2", "age_ms": 5000, "state": "answering", "culprit": false },
        ],
        "last_lines": ["allocating\u{1b}[31m"],
    });
    let text = why(&json!({ "request": "r-2", "records": [record] }));
    let expected = [
        "2026-01-02T03:04:05.678901Z  a: worker 41 ended: heap (exit code 92), after 1 min 1 s",
        "requests in flight: 3",
        "POST  /pay  r-1  waiting    20 ms  <- it ended the worker",
        "GET   /     r-2  answering  5 s    <- asked for",
        "and 1 more",
        "1 s of CPU time; memory_mb allows heap and array buffers 128.0 MiB",
        "its last report, 1 s before the end: heap 50.0 MiB",
        "streams 1.5 KiB",
        "allocating\\u{1b}[31m",
    ];
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("earlier"));
    let silent = why(&json!({ "app": "a", "records": [{ "reason": "heap", "heap_bytes": 0 }] }));
    assert!(silent.contains("it never reported") && !silent.contains("0 B"), "{silent}");
    let startup = json!({ "reason": "startup", "app": "a", "detail": "index.js:1:2: no\u{1b}\nb", "heap_bytes": 0 });
    let startup = why(&json!({ "app": "a", "records": [startup] }));
    assert!(startup.ends_with("  index.js:1:2: no\\u{1b}\n    b\n") && !startup.contains("heap"), "{startup}");
}

#[test]
fn none_and_many() {
    assert_eq!(why(&json!({ "app": "a", "records": [] })), "no worker of a died since nano runs\n");
    let text = why(&json!({ "app": "a", "records": [{}, {}, {}, {}, {}] }));
    assert!(text.contains("2 earlier") && text.matches("ended:").count() == 3, "{text}");
}
