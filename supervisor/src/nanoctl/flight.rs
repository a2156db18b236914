//! Shows flight records for people.

use std::fmt::Write;

use serde_json::Value;

use super::show::{bytes, duration, list, table, text};
use crate::printable;

/// Most records of an app that are shown; `--json` has all.
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

/// A worker that did not load its app: its error, without numbers that mean nothing.
fn never_ready(out: &mut String, record: &Value) {
    let field = |name: &str| printable::line(&text(&record[name])).into_owned();
    let (at, app, pid, how, after) =
        (field("at"), field("app"), field("pid"), field("how"), duration(&record["uptime_ms"]));
    let _ = writeln!(out, "{at}  {app}: worker {pid} did not get ready: startup ({how}), after {after}");
    let _ = writeln!(out, "  {}", printable::text(&text(&record["detail"])));
    last_lines(out, record);
}

/// The worker's own report of its memory and streams is as old as its last report: a worker whose heap has filled up
/// since could not report that.
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
mod tests;
