//! JSON and pretty lines: length, escapes, the clock.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn fields() -> Fields {
    let mut fields = Fields::default();
    fields.push("message", "two\nlines \"\u{1b}[31m\"".into());
    fields.push("app", "a.example".into());
    fields.push("pid", 7.into());
    fields.push("path", "with space".into());
    fields
}

#[test]
fn json_is_one_line_and_escaped() {
    let line = json("2026-01-02T03:04:05.678901Z", Level::WARN, &fields());
    assert_eq!(line.lines().count(), 1);
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["timestamp"], "2026-01-02T03:04:05.678901Z");
    assert_eq!(value["level"], "warn");
    assert_eq!(value["message"], "two\nlines \"\u{1b}[31m\"");
    assert_eq!(value["app"], "a.example");
    assert_eq!(value["pid"], 7);
}

#[test]
fn a_line_has_at_most_so_many_bytes_whatever_is_in_it() {
    let mut fields = Fields::default();
    fields.push("message", "\n\u{1}".repeat(1 << 20).into());
    for name in ["app", "method", "path", "host", "error", "detail", "requests", "last_lines", "more", "again"] {
        fields.push(name, "\u{1}\"".repeat(1 << 20).into());
    }
    let list = text::bounded(Value::Array(vec!["\u{1}".repeat(1000).into(); 100]));
    fields.push("list", list.clone());
    fields.push("list_again", list);
    let line = json("2026-01-02T03:04:05.678901Z", Level::WARN, &fields);
    assert!(line.len() <= text::LINE + 100, "{}", line.len());
    let value: Value = serde_json::from_str(&line).unwrap();
    assert!(value["path"].as_str().unwrap().ends_with(" bytes more]"));
    let line = pretty("2026-01-02T03:04:05.678901Z", Level::WARN, &fields, false);
    assert!(line.len() <= text::LINE + 1000, "{}", line.len());
}

#[test]
fn pretty_cannot_drive_the_terminal() {
    let line = pretty("2026-01-02T03:04:05.678901Z", Level::WARN, &fields(), false);
    assert_eq!(line, "03:04:05.678 WARN  [a.example] two\n    lines \"\\u{1b}[31m\" pid=7 path=\"with space\"\n");
}

#[test]
fn no_field_can_either_and_many_lines_stay_readable() {
    let mut fields = Fields::default();
    fields.push("message", "m".into());
    fields.push("app", "a\u{202e}\nb".into());
    fields.push("agent", "a\u{9b}31m b".into());
    fields.push("error", "nano.json:1:1: first\n    at f\n12:00:00.000 INFO  forged".into());
    fields.push("host", "x\u{202e}y".into());
    fields.push("lines", serde_json::json!(["\u{9b}31m"]));
    let line = pretty("2026-01-02T03:04:05.678901Z", Level::WARN, &fields, false);
    assert_eq!(
        line,
        "03:04:05.678 WARN  [a\\u{202e}\\nb] m agent=\"a\\u{9b}31m b\" host=\"x\\u{202e}y\" lines=[\"\\u{9b}31m\"]\n    error: nano.json:1:1: first\n        at f\n    12:00:00.000 INFO  forged\n"
    );
    let json = json("2026-01-02T03:04:05.678901Z", Level::WARN, &fields);
    assert!(json.is_ascii(), "{json}");
    assert_eq!(pretty_from_json(&json, false), Some(line));
}

#[test]
fn the_clock_is_rfc_3339() {
    let now = timestamp();
    assert!(now.len() == 27 && now.ends_with('Z') && now.as_bytes().get(10) == Some(&b'T'), "{now}");
}
