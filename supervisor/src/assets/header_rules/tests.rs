//! Tests of `header_rules.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn applied(rules: &str, path: &str) -> Vec<String> {
    let (rules, faults) = HeaderRules::parse(rules);
    assert!(faults.wrong.is_empty(), "{faults:?}");
    let mut headers = HeaderMap::new();
    headers.insert("cache-control", HeaderValue::from_static("nano"));
    rules.apply("a.example", path, &mut headers).unwrap();
    headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[test]
fn headers_are_set_added_to_and_removed() {
    let rules = "# all\n/*\n  X-Frame-Options: DENY\n  X-Robots-Tag: noindex\n  x-robots-tag: nofollow\n\n\
        /assets/*\n  Cache-Control: public, max-age=31536000, immutable\n  X-Robots-Tag: none\n\
        /open/:name\n  ! X-Frame-Options\n  X-Name: is :name\n\
        https://b.example/*\n  X-Other: yes\n";
    assert_eq!(
        applied(rules, "/"),
        ["cache-control: nano", "x-frame-options: DENY", "x-robots-tag: noindex, nofollow"]
    );
    assert_eq!(
        applied(rules, "/assets/a.js"),
        [
            "cache-control: public, max-age=31536000, immutable",
            "x-frame-options: DENY",
            "x-robots-tag: noindex, nofollow",
            "x-robots-tag: none"
        ]
    );
    let open = applied(rules, "/open/door");
    assert!(open.contains(&"x-name: is door".to_owned()) && !open.iter().any(|line| line.contains("frame")));
}

#[test]
fn faults_have_their_lines() {
    let text = "X-A: b\n/a\n  X-B\n  X C: d\n  X-D:\n  Content-Length: 5\n  Transfer-Encoding: chunked\n  ! \n\
        http://a.example/\n  X-E: f\n/*/*\n/ok\n  X-F: \u{1}\n  X-Request-Id: x\n  X-G: h\n";
    let (_, faults) = HeaderRules::parse(text);
    let lines: Vec<_> = faults.wrong.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14]);
    let many: String = (0..=MAX_RULES).map(|at| format!("/{at}\n x: y\n")).collect();
    assert_eq!(HeaderRules::parse(&many).1.wrong.first().unwrap().0, 2 * MAX_RULES + 1);
}

#[test]
fn a_head_is_as_large_as_a_workers_and_no_larger() {
    let apply = |rules: &str, path: &str| {
        let (rules, faults) = HeaderRules::parse(rules);
        assert!(faults.wrong.is_empty(), "{faults:?}");
        let mut headers = HeaderMap::new();
        let applied = rules.apply("a.example", path, &mut headers);
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        assert!(bytes <= MAX_HEADER_BYTES && headers.len() <= MAX_NAMED, "{bytes} {}", headers.len());
        applied
    };
    let splats = format!("/a/*\n  X-A: {}\n", ":splat".repeat(300));
    assert_eq!(apply(&splats, "/a/b"), Ok(()));
    assert_eq!(apply(&splats, &format!("/a/{}", "b".repeat(4000))), Err(HeadTooLarge));
    let many: String = (0..10).map(|at| format!("/*\n{}", lines(30, at))).collect();
    assert_eq!(apply(&many, "/"), Err(HeadTooLarge));
    // What is taken out again has been made all the same.
    let again: String = (0..40).map(|_| format!("/a/*\n  ! X-A\n  X-A: {}\n", ":splat".repeat(2))).collect();
    assert_eq!(apply(&again, &format!("/a/{}", "b".repeat(4000))), Err(HeadTooLarge));
    assert_eq!(apply(&again, "/a/b"), Ok(()));
    // More than any response has room for is refused before.
    let (_, faults) = HeaderRules::parse(&format!("/\n{}", lines(MAX_OF_PATH + 1, 0)));
    assert_eq!(faults.wrong.first().unwrap().0, MAX_OF_PATH + 2);
}

const MAX_NAMED: usize = nano_protocol::limits::MAX_HEADERS;
const MAX_HEADER_BYTES: usize = nano_protocol::limits::MAX_HEADER_BYTES;

fn lines(count: usize, of: usize) -> String {
    (0..count).map(|at| format!("  X-{of}-{at}: y\n")).collect()
}
