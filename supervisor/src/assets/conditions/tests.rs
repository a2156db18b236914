//! Tests of `conditions.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn version() -> Version {
    Version::new(100, httpdate::parse_http_date(DATE).unwrap() + Duration::from_millis(5))
}

fn part(headers: &[(&str, &str)]) -> Part {
    let mut asked = HeaderMap::new();
    for (name, value) in headers {
        asked.append(http::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    version().part(&asked)
}

#[test]
fn a_version_that_the_client_has() {
    let etag = version().etag;
    let etag = etag.to_str().unwrap();
    assert_eq!(part(&[]), Part::Whole);
    for list in [etag.to_owned(), format!("W/{etag}"), format!("\"a\", W/\"b\",{etag}"), "*".to_owned()] {
        assert_eq!(part(&[("if-none-match", &list)]), Part::NotModified, "{list}");
    }
    assert_eq!(part(&[("if-none-match", "\"a\""), ("if-none-match", etag)]), Part::NotModified);
    // The tag counts, and the date beside it does not.
    assert_eq!(part(&[("if-none-match", "\"a\""), ("if-modified-since", DATE)]), Part::Whole);
    assert_eq!(part(&[("if-modified-since", DATE)]), Part::NotModified);
    assert_eq!(part(&[("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT")]), Part::Whole);
    assert_eq!(part(&[("if-modified-since", "yesterday")]), Part::Whole);
    assert_eq!(part(&[("if-none-match", etag), ("range", "bytes=0-1")]), Part::NotModified);
}

#[test]
fn ranges() {
    for (range, expected) in [
        ("bytes=0-0", Part::Range(0, 0)),
        ("bytes=0-", Part::Range(0, 99)),
        ("bytes=10-19", Part::Range(10, 19)),
        ("bytes=90-1000", Part::Range(90, 99)),
        ("bytes=0-99999999999999999999999", Part::Range(0, 99)),
        ("bytes=-10", Part::Range(90, 99)),
        ("bytes=-1000", Part::Range(0, 99)),
        ("bytes=-0", Part::Unsatisfiable),
        ("bytes=100-", Part::Unsatisfiable),
        ("bytes=100-200", Part::Unsatisfiable),
        ("bytes=99999999999999999999999-", Part::Unsatisfiable),
        ("bytes=2-1", Part::Whole),
        ("bytes=", Part::Whole),
        ("bytes=-", Part::Whole),
        ("bytes=a-b", Part::Whole),
        ("bytes=+1-2", Part::Whole),
        ("bytes=0-1,3-4", Part::Whole),
        ("lines=0-1", Part::Whole),
    ] {
        assert_eq!(part(&[("range", range)]), expected, "{range}");
    }
    assert_eq!(part(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]), Part::Whole);
    let mut asked = HeaderMap::new();
    asked.insert(RANGE, HeaderValue::from_static("bytes=0-"));
    assert_eq!(Version::new(0, UNIX_EPOCH).part(&asked), Part::Unsatisfiable);
    asked.insert(RANGE, HeaderValue::from_static("bytes=-5"));
    assert_eq!(Version::new(0, UNIX_EPOCH).part(&asked), Part::Unsatisfiable);
}

#[test]
fn a_range_of_another_version_is_not_given() {
    let etag = version().etag;
    let etag = etag.to_str().unwrap();
    let with = |condition: &str| part(&[("range", "bytes=0-1"), ("if-range", condition)]);
    assert_eq!(with(etag), Part::Range(0, 1));
    assert_eq!(with(DATE), Part::Range(0, 1));
    assert_eq!(with(&format!("W/{etag}")), Part::Whole);
    assert_eq!(with("\"other\""), Part::Whole);
    assert_eq!(with("Sun, 06 Nov 1994 08:49:38 GMT"), Part::Whole);
}
