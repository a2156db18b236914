//! Tests of `freshness.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Seconds until it is stale, and the names of the headers that are left.
fn left(status: u16, headers: &[(&str, &str)]) -> (Option<u64>, Vec<String>) {
    let now = httpdate::parse_http_date(NOW).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let freshness = of(status, &mut map, now);
    let mut names: Vec<_> = map.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    (freshness.map(|freshness| freshness.until.duration_since(now).unwrap().as_secs()), names)
}

fn seconds_left(status: u16, headers: &[(&str, &str)]) -> Option<u64> {
    left(status, headers).0
}

#[test]
fn cache_control_says_it() {
    for (value, expected) in [
        ("max-age=60", Some(60)),
        ("public, max-age=60", Some(60)),
        ("MAX-AGE = 60", Some(60)),
        ("max-age=\"60\"", Some(60)),
        ("max-age=60, s-maxage=90", Some(90)),
        ("s-maxage=0, max-age=60", None),
        ("max-age=60, max-age=90", Some(60)),
        ("max-age=0", None),
        ("max-age=-1", None),
        ("max-age=1.5", None),
        ("max-age", None),
        ("max-age=99999999999999999999", Some(MAX.as_secs())),
        ("no-store", None),
        ("private", None),
        ("no-cache", None),
        ("max-age=60, private", None),
        ("private=\"x-a\", max-age=60", Some(60)),
        ("x=\"no-store, private\", max-age=60", Some(60)),
        ("x=\"a\\\"b, no-store\", max-age=60", Some(60)),
        ("x=\"never ends, no-store, max-age=60", Some(7200)),
        (",,, ,max-age=60,,", Some(60)),
        ("", Some(7200)),
    ] {
        assert_eq!(seconds_left(200, &[("cache-control", value)]), expected, "{value}");
    }
    assert_eq!(seconds_left(200, &[("cache-control", "max-age=60"), ("cache-control", "no-store")]), None);
}

#[test]
fn what_says_more_than_anybody_reads_is_not_kept() {
    let most = "max-age=60, x=\"".to_owned() + &"a".repeat(MAX_DIRECTIVES - 15);
    assert_eq!(seconds_left(200, &[("cache-control", &most)]), Some(60));
    assert_eq!(seconds_left(200, &[("cache-control", &format!("{most}a"))]), None);
    let half = most.split_at(MAX_DIRECTIVES / 2).0;
    assert_eq!(seconds_left(200, &[("cache-control", half), ("cache-control", half)]), Some(60));
    assert_eq!(seconds_left(200, &[("cache-control", half), ("cache-control", half), ("cache-control", "a")]), None);
}

#[test]
fn expires_and_age_and_the_status_say_it() {
    let expires = |date: &'static str| ("expires", date);
    assert_eq!(seconds_left(500, &[expires("Sun, 06 Nov 1994 08:50:37 GMT")]), Some(60));
    assert_eq!(
        seconds_left(200, &[expires("Sun, 06 Nov 1994 08:50:37 GMT"), ("date", "Sun, 06 Nov 1994 08:50:07 GMT")]),
        Some(30)
    );
    assert_eq!(seconds_left(200, &[expires("0")]), None);
    assert_eq!(seconds_left(200, &[expires(NOW)]), None);
    assert_eq!(seconds_left(200, &[expires("0"), ("cache-control", "max-age=9")]), Some(9));
    assert_eq!(seconds_left(200, &[("age", "10"), ("cache-control", "max-age=60")]), Some(50));
    assert_eq!(seconds_left(200, &[("age", "60"), ("cache-control", "max-age=60")]), None);
    assert_eq!(seconds_left(200, &[("age", "x"), ("cache-control", "max-age=60")]), Some(60));
    for (status, minutes) in [(200, 120), (301, 120), (302, 20), (303, 20), (404, 3), (410, 3), (403, 1)] {
        assert_eq!(seconds_left(status, &[]), Some(minutes * 60), "{status}");
    }
    for status in [201, 204, 307, 400, 500, 503] {
        assert_eq!(seconds_left(status, &[]), None, "{status}");
        assert_eq!(seconds_left(status, &[("cache-control", "max-age=5")]), Some(5), "{status}");
    }
}

#[test]
fn a_cookie_is_for_one_client() {
    assert_eq!(seconds_left(200, &[("set-cookie", "a=b"), ("cache-control", "max-age=60")]), None);
    let (seconds, names) =
        left(200, &[("set-cookie", "a=b"), ("x-a", "1"), ("cache-control", "private=\"Set-Cookie, x-b\", max-age=60")]);
    assert_eq!((seconds, names), (Some(60), vec!["cache-control".to_owned(), "x-a".to_owned()]));
}
