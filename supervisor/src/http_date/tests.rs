//! The date when the clock jumps, and an app's own date.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn the_date_follows_the_clock_in_both_directions() {
    let mut cached = Cached::default();
    let mut at = |seconds: u64, millis: u64| {
        let time = UNIX_EPOCH + Duration::from_millis(seconds * 1000 + millis);
        cached.at(time).unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(at(1_800_000_000, 0), "Fri, 15 Jan 2027 08:00:00 GMT");
    assert_eq!(at(1_800_000_000, 999), "Fri, 15 Jan 2027 08:00:00 GMT");
    assert_eq!(at(1_800_000_001, 0), "Fri, 15 Jan 2027 08:00:01 GMT");
    // Set back by a year, within the same second of another one.
    assert_eq!(at(1_800_000_001 - 365 * 86400, 0), "Thu, 15 Jan 2026 08:00:01 GMT");
    assert_eq!(at(1_800_000_000 - 365 * 86400, 500), "Thu, 15 Jan 2026 08:00:00 GMT");
}

#[test]
fn a_time_that_has_no_text_gives_none() {
    let mut cached = Cached::default();
    assert_eq!(cached.at(UNIX_EPOCH - Duration::from_secs(1)), None);
    assert_eq!(cached.at(UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
    assert!(cached.at(UNIX_EPOCH).is_some());
}

#[test]
fn an_app_s_own_date_is_kept() {
    let mut headers = HeaderMap::new();
    stamp(&mut headers);
    assert_eq!(headers.len(), 1);
    headers.insert(DATE, HeaderValue::from_static("mine"));
    stamp(&mut headers);
    assert_eq!(headers[DATE], "mine");
}
