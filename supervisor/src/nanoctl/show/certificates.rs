//! Certificates that nano orders.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{duration, list, text};

/// Most names that are shown one by one; `--json` has all.
const MOST: usize = 50;

/// How many names are in which state.
pub(super) fn line(acme: &Value) -> String {
    if acme.is_null() {
        return "none by ACME".to_owned();
    }
    let mut counts = Vec::new();
    for state in ["valid", "ordering", "waiting", "failing"] {
        let count = list(&acme["names"]).filter(|name| name["state"] == state).count();
        if count > 0 {
            counts.push(format!("{count} {state}"));
        }
    }
    let counts = if counts.is_empty() { "no names".to_owned() } else { counts.join(", ") };
    let hindrance = acme["hindrance"].as_str().map_or_else(String::new, |why| format!("; {why}"));
    format!("{counts} by ACME of {}{hindrance}", text(&acme["directory"]))
}

/// The names that have trouble or wait; nothing if there are none.
pub(super) fn table(acme: &Value) -> String {
    let mut rows =
        vec![["NAME", "CERTIFICATE", "EXPIRES", "NEXT ORDER", "FAILURES", "WHY"].map(str::to_owned).to_vec()];
    let mut left = 0;
    for name in list(&acme["names"]).filter(|name| name["state"] != "valid") {
        if rows.len() > MOST {
            left += 1;
            continue;
        }
        rows.push(vec![
            text(&name["name"]),
            text(&name["state"]),
            date(&name["expires_unix"]),
            next(name),
            text(&name["failures"]),
            text(&name["error"]),
        ]);
    }
    match (rows.len(), left) {
        (1, _) => String::new(),
        (_, 0) => format!("\n{}", super::table(&rows)),
        (_, left) => format!("\n{}and {left} more (--json)\n", super::table(&rows)),
    }
}

/// The certificate of one host, in a line; `None`: none is ordered for it.
pub(in super::super) fn of_host(name: &Value) -> Option<String> {
    let state = name["state"].as_str()?;
    let expires = match &name["expires_unix"] {
        Value::Null => "there is none yet".to_owned(),
        expires => format!("expires {}", date(expires)),
    };
    let why = name["error"].as_str().map_or_else(String::new, |why| format!(": {why}"));
    Some(format!("by ACME, {state}, {expires}, next order {}{why}", next(name)))
}

fn next(name: &Value) -> String {
    match &name["next_order_in_ms"] {
        Value::Null => "now".to_owned(),
        wait => format!("in {}", duration(wait)),
    }
}

fn date(unix: &Value) -> String {
    let at = unix.as_u64().and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    // Beyond the year 9999 there is no such text.
    let latest = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    at.map_or_else(|| "-".to_owned(), |at: SystemTime| httpdate::fmt_http_date(at.min(latest)))
}
