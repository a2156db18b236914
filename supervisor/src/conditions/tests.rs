//! Tests of `conditions.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn version() -> Validators {
    let modified = httpdate::parse_http_date(DATE).unwrap() + Duration::from_millis(5);
    Validators { size: 100, modified: Some(modified), etag: Some(HeaderValue::from_static("\"text\"")) }
}

fn weak() -> Validators {
    Validators { etag: Some(HeaderValue::from_static("W/\"text\"")), ..version() }
}

fn part(headers: &[(&str, &str)]) -> Part {
    part_of(&version(), &Method::GET, headers)
}

fn part_of(version: &Validators, method: &Method, headers: &[(&str, &str)]) -> Part {
    let mut asked = HeaderMap::new();
    for (name, value) in headers {
        asked.append(http::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    version.part(method, &asked)
}

#[test]
fn a_version_that_the_client_has() {
    let etag = version().etag.unwrap();
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
    let empty = Validators { size: 0, ..version() };
    assert_eq!(empty.part(&Method::GET, &asked), Part::Unsatisfiable);
    asked.insert(RANGE, HeaderValue::from_static("bytes=-5"));
    assert_eq!(empty.part(&Method::GET, &asked), Part::Unsatisfiable);
    // A range is for GET.
    assert_eq!(part_of(&version(), &Method::HEAD, &[("range", "bytes=0-1")]), Part::Whole);
    assert_eq!(part_of(&version(), &Method::HEAD, &[("range", "bytes=100-")]), Part::Whole);
}

#[test]
fn a_range_of_another_version_is_not_given() {
    let etag = version().etag.unwrap();
    let etag = etag.to_str().unwrap();
    let with = |condition: &str| part(&[("range", "bytes=0-1"), ("if-range", condition)]);
    assert_eq!(with(etag), Part::Range(0, 1));
    assert_eq!(with(DATE), Part::Range(0, 1));
    assert_eq!(with(&format!("W/{etag}")), Part::Whole);
    assert_eq!(with("\"other\""), Part::Whole);
    assert_eq!(with("Sun, 06 Nov 1994 08:49:38 GMT"), Part::Whole);
}

#[test]
fn a_version_that_the_client_wants() {
    let etag = version().etag.unwrap();
    let etag = etag.to_str().unwrap();
    for (name, value, expected) in [
        ("if-match", etag, Part::Whole),
        ("if-match", "*", Part::Whole),
        ("if-match", "\"a\"", Part::Unmet),
        ("if-unmodified-since", DATE, Part::Whole),
        ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT", Part::Unmet),
        ("if-unmodified-since", "yesterday", Part::Whole),
    ] {
        assert_eq!(part(&[(name, value)]), expected, "{name}: {value}");
        assert_eq!(part_of(&version(), &Method::HEAD, &[(name, value)]), expected, "HEAD {name}: {value}");
    }
    assert_eq!(part(&[("if-match", "\"a\""), ("if-match", etag)]), Part::Whole);
    // The tag counts, and the date beside it does not; what is not wanted is not looked at further.
    let old = "Sun, 06 Nov 1994 08:49:36 GMT";
    assert_eq!(part(&[("if-match", etag), ("if-unmodified-since", old)]), Part::Whole);
    assert_eq!(part(&[("if-match", etag), ("if-none-match", etag)]), Part::NotModified);
    assert_eq!(part(&[("if-match", "\"a\""), ("if-none-match", etag)]), Part::Unmet);
    assert_eq!(part(&[("if-match", "\"a\""), ("range", "bytes=0-1")]), Part::Unmet);
}

#[test]
fn a_weak_tag_does_for_what_is_known_and_for_nothing_else() {
    let etag = weak().etag.unwrap();
    let etag = etag.to_str().unwrap();
    let part = |headers: &[(&str, &str)]| part_of(&weak(), &Method::GET, headers);
    assert_eq!(part(&[("if-none-match", etag)]), Part::NotModified);
    assert_eq!(part(&[("if-none-match", etag.trim_start_matches("W/"))]), Part::NotModified);
    assert_eq!(part(&[("if-match", etag)]), Part::Unmet);
    assert_eq!(part(&[("if-match", "*")]), Part::Whole);
    for condition in [etag, etag.trim_start_matches("W/"), DATE] {
        assert_eq!(part(&[("range", "bytes=0-1"), ("if-range", condition)]), Part::Whole, "{condition}");
    }
}

#[test]
fn without_a_tag_or_a_date_only_what_names_any_version_counts() {
    let bare = Validators { size: 10, modified: None, etag: None };
    let get = |headers: &[(&str, &str)]| part_of(&bare, &Method::GET, headers);
    assert_eq!(get(&[("if-none-match", "*")]), Part::NotModified);
    for headers in
        [("if-none-match", "\"\""), ("if-none-match", ""), ("if-none-match", "W/"), ("if-modified-since", DATE)]
    {
        assert_eq!(get(&[headers]), Part::Whole, "{headers:?}");
    }
    for headers in [("if-match", "\"a\""), ("if-match", ""), ("if-unmodified-since", DATE)] {
        assert_eq!(get(&[headers]), Part::Unmet, "{headers:?}");
    }
    assert_eq!(get(&[("if-match", "*"), ("range", "bytes=0-1")]), Part::Range(0, 1));
    for condition in ["", "\"a\"", DATE] {
        assert_eq!(get(&[("if-range", condition), ("range", "bytes=0-1")]), Part::Whole, "{condition}");
    }
}
