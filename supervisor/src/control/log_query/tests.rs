//! Queries, and the lines that they want.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::sync::Arc;

use super::*;

fn query(text: &str) -> Result<LogQuery, LogQueryError> {
    LogQuery::parse(text, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
}

fn record(app: Option<&str>, level: Level, at: u64, message: &str) -> Record {
    let json =
        format!(r#"{{"timestamp":"1970-01-12T00:00:00.000000Z","level":"info","message":{message:?},"code":7}}"#);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
    Record { app: app.map(Arc::from), level, at, json: Arc::from(json) }
}

#[test]
fn parameters() {
    assert_eq!(query("app=a&follow").unwrap().app.as_deref(), Some("a"));
    assert!(query("follow=1").unwrap().follow && !query("follow=0&app=").unwrap().follow);
    assert_eq!(query("n=0").unwrap().last, Some(0));
    for wrong in ["fallow=1", "follow=yes", "n=-1", "n=many", "level=loud", "grep=(", "since=", "since=10", "since=x"] {
        assert!(query(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn all_that_is_said_must_be_true() {
    let line = record(Some("a"), Level::WARN, 999_700, "it broke here");
    for (text, wanted) in [
        ("", true),
        ("app=a", true),
        ("app=b", false),
        ("level=info", true),
        ("level=error", false),
        ("since=5m", true),
        ("since=4min", false),
        ("since=1h&level=warn&app=a&grep=bro.e", true),
        ("since=1h&level=warn&app=b&grep=bro.e", false),
        // As people see it: decoded, with its fields.
        ("grep=broke%20here%20code%3D7", true),
        ("grep=broke+there", false),
        ("grep=%5Cbcode%5Cb", true),
        ("since=1970-01-12T13:41:39Z", true),
        ("since=1970-01-12T15:41:39%2B02:00", true),
        ("since=1970-01-12T13:41:41Z", false),
        ("since=999999999999999999d", true),
    ] {
        assert_eq!(query(text).unwrap().wants(&line), wanted, "{text}");
    }
    assert!(!query("app=a").unwrap().wants(&record(None, Level::ERROR, 0, "x")));
}

#[test]
fn an_expression_is_small() {
    assert!(matches!(query(&format!("grep={}", "a".repeat(513))), Err(LogQueryError::GrepTooLong)));
    assert!(matches!(query("grep=((a{100}){100}){100}"), Err(LogQueryError::Grep(_))));
}
