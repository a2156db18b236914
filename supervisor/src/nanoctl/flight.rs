//! Flight records, for people.

use std::fmt::Write;

use serde_json::Value;

use super::show::{bytes, duration, list, table, text};
use crate::printable;

/// Records of an app that are shown; `--json` has all that are kept.
const SHOWN: usize = 3;

pub(super) fn why(body: &Value) -> String {
    let mut out = String::new();
    let records: Vec<&Value> = list(&body["records"]).collect();
    if records.is_empty() {
        return format!("no worker of {} died since nano runs\n", text(&body["app"]));
    }
    for (index, one) in records.iter().take(SHOWN).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        record(&mut out, one, body["request"].as_str());
    }
    if let more @ 1.. = records.len().saturating_sub(SHOWN) {
        let _ = writeln!(out, "\n{more} earlier: nanoctl --json why has them");
    }
    out
}

fn record(out: &mut String, record: &Value, asked: Option<&str>) {
    let field = |name: &str| printable::line(&text(&record[name])).into_owned();
    if record["reason"] == "startup" {
        return never_ready(out, record);
    }
    let _ = writeln!(
        out,
        "{}  {}: worker {} ended: {} ({}), after {}",
        field("at"),
        field("app"),
        field("pid"),
        field("reason"),
        field("how"),
        duration(&record["uptime_ms"]),
    );
    if !record["detail"].is_null() {
        let _ = writeln!(out, "  {}", printable::text(&text(&record["detail"])));
    }
    let _ = writeln!(
        out,
        "  generation {}, {} of CPU time; memory_mb allows heap and array buffers {}",
        field("generation"),
        duration(&record["cpu_ms"]),
        bytes(&record["memory_limit_bytes"]),
    );
    last_report(out, record);
    requests(out, record, asked);
    last_lines(out, record);
}

/// One that did not load its app: what it says of that, and no numbers that mean nothing.
fn never_ready(out: &mut String, record: &Value) {
    let field = |name: &str| printable::line(&text(&record[name])).into_owned();
    let (at, app, pid, how, after) =
        (field("at"), field("app"), field("pid"), field("how"), duration(&record["uptime_ms"]));
    let _ = writeln!(out, "{at}  {app}: worker {pid} did not get ready: startup ({how}), after {after}");
    let _ = writeln!(out, "  {}", printable::text(&text(&record["detail"])));
    last_lines(out, record);
}

/// What the worker itself said of its memory and streams is as old as its last report: one whose heap filled up since
/// then did not get to say so.
fn last_report(out: &mut String, record: &Value) {
    let Some(before) = record["reported_ms_before"].as_u64() else {
        out.push_str("  it never reported what it uses\n");
        return;
    };
    let errored = &record["streams_errored"];
    let _ = writeln!(
        out,
        "  its last report, {} before the end: heap {}, array buffers {}, streams {} (most {}); since its start overflows {}, streams errored by sink {}, abort {}, controller {}",
        duration(&before.into()),
        bytes(&record["heap_bytes"]),
        bytes(&record["array_buffer_bytes"]),
        bytes(&record["buffered_bytes"]),
        bytes(&record["buffered_bytes_peak"]),
        text(&record["buffer_overflows"]),
        text(&errored["sink"]),
        text(&errored["abort"]),
        text(&errored["controller"]),
    );
}

fn last_lines(out: &mut String, record: &Value) {
    let mut lines = list(&record["last_lines"]).peekable();
    if lines.peek().is_some() {
        out.push_str("  its last lines:\n");
    }
    for line in lines {
        let _ = writeln!(out, "    {}", printable::text(&text(line)).replace('\n', "\n    "));
    }
}

fn requests(out: &mut String, record: &Value, asked: Option<&str>) {
    let told = list(&record["requests"]).count();
    if told == 0 {
        out.push_str("  no request was in flight\n");
        return;
    }
    let _ = writeln!(out, "  requests in flight: {}", text(&record["in_flight"]));
    let row = |request: &Value| {
        let mut mark = String::new();
        if request["culprit"] == Value::Bool(true) {
            mark.push_str("<- it ended the worker ");
        }
        if asked.is_some_and(|id| request["request_id"] == *id) {
            mark.push_str("<- asked for");
        }
        let cell = |name: &str| text(&request[name]);
        vec![
            format!("    {}", cell("method")),
            cell("path"),
            cell("request_id"),
            cell("state"),
            duration(&request["age_ms"]),
            mark,
        ]
    };
    out.push_str(&table(&list(&record["requests"]).map(row).collect::<Vec<_>>()));
    if let Some(more @ 1..) = record["in_flight"].as_u64().map(|all| all.saturating_sub(told as u64)) {
        let _ = writeln!(out, "    and {more} more");
    }
}

#[cfg(test)]
mod tests {
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
        let startup =
            json!({ "reason": "startup", "app": "a", "detail": "index.js:1:2: no\u{1b}\nb", "heap_bytes": 0 });
        let startup = why(&json!({ "app": "a", "records": [startup] }));
        assert!(startup.ends_with("  index.js:1:2: no\\u{1b}\n    b\n") && !startup.contains("heap"), "{startup}");
    }

    #[test]
    fn none_and_many() {
        assert_eq!(why(&json!({ "app": "a", "records": [] })), "no worker of a died since nano runs\n");
        let text = why(&json!({ "app": "a", "records": [{}, {}, {}, {}, {}] }));
        assert!(text.contains("2 earlier") && text.matches("ended:").count() == 3, "{text}");
    }
}
