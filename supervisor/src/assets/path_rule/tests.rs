//! Tests of `path_rule.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn names(rule: &str, host: &str, path: &str) -> Option<String> {
    let rule = PathRule::parse(rule).unwrap();
    let names = rule.matches(host, path)?;
    Some(names.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
}

#[test]
fn splats_and_names() {
    for (rule, path, expected) in [
        ("/a", "/a", Some("")),
        ("/a", "/a/", None),
        ("/*", "/", Some("splat=")),
        ("/*", "/a/b", Some("splat=a/b")),
        ("/blog/*", "/blog", None),
        ("/blog/*", "/blog/", Some("splat=")),
        ("/*/edit", "/a/b/edit", Some("splat=a/b")),
        ("/*.jpg", "/a/b.jpg", Some("splat=a/b")),
        ("/*.jpg", "/a/b.png", None),
        ("/:a", "/x", Some("a=x")),
        ("/:a", "/", None),
        ("/:a", "/x/y", None),
        ("/:a/:b", "/x/y", Some("a=x b=y")),
        ("/:a-:b", "/x-y-z", Some("a=x-y b=z")),
        ("/:year/*", "/2026/11/29", Some("year=2026 splat=11/29")),
        ("/*/:last", "/a/b/c", Some("splat=a/b last=c")),
        ("/a:1", "/a:1", Some("")),
        ("/:a_1x", "/q", Some("a_1x=q")),
        ("/%C3%BC/*", "/%C3%BC/x", Some("splat=x")),
    ] {
        assert_eq!(names(rule, "h", path).as_deref(), expected, "{rule} {path}");
    }
}

#[test]
fn hosts() {
    for (rule, host, path, expected) in [
        ("https://a.example/*", "a.example", "/x", Some("splat=x")),
        ("https://a.example/*", "b.example", "/x", None),
        ("https://:app.example/", "one.example", "/", Some("app=one")),
        ("https://:app.example/", "one.two.example", "/", None),
        ("https://a.example", "a.example", "/", Some("")),
    ] {
        assert_eq!(names(rule, host, path).as_deref(), expected, "{rule} {host}{path}");
    }
}

#[test]
fn what_is_no_rule() {
    for text in ["", "a", "http://a.example/", "//", "/*/*", "/:a/:a", "/:splat/*", "https:///x", "https://a:80/"] {
        assert_eq!(PathRule::parse(text).is_err(), text != "//", "{text}");
    }
    assert_eq!(PathRule::parse("/a/b").unwrap().exact(), Some("/a/b"));
    assert_eq!(PathRule::parse("/a/*").unwrap().exact(), None);
}

#[test]
fn names_are_filled_in() {
    let names = vec![("splat", "x/y"), ("a", "1"), ("ab", "2")];
    for (text, filled) in [
        ("/new/:splat", "/new/x/y"),
        ("/:ab:a", "/21"),
        ("/:abc/:/::a", "/:abc/:/:1"),
        ("https://h:8080/:a?q=:splat", "https://h:8080/1?q=x/y"),
    ] {
        assert_eq!(fill(text, &names, 100).as_deref(), Some(filled), "{text}");
    }
    // What was filled in is not looked through again.
    assert_eq!(fill(":a", &vec![("a", ":b"), ("b", "x")], 2).as_deref(), Some(":b"));
    assert_eq!(fill("\u{fc}:\u{fc}:a\u{fc}", &vec![("a", "1")], 100).as_deref(), Some("\u{fc}:\u{fc}1\u{fc}"));
    for (text, length) in [("/new/:splat", 8), (":abc", 4), ("abc", 3), (":splat:splat", 6)] {
        assert_eq!(fill(text, &names, length).map(|filled| filled.len()), Some(length), "{text}");
        assert_eq!(fill(text, &names, length - 1), None, "{text}");
    }
}

#[test]
fn names_are_bounded() {
    let names = |count: usize| (0..count).map(|at| format!("/:n{at}")).collect::<String>();
    assert!(PathRule::parse(&names(MAX_NAMES)).is_ok());
    assert!(PathRule::parse(&names(MAX_NAMES + 1)).unwrap_err().contains("32 names"));
    assert!(PathRule::parse(&format!("https://:h.example{}", names(MAX_NAMES))).is_err());
}

#[test]
fn segments_that_are_kept_are_bounded() {
    assert!(PathRule::parse(&format!("{}/*", "/a".repeat(MAX_SEGMENTS - 2))).is_ok());
    for text in [
        format!("{}*", "/".repeat(MAX_SEGMENTS)),
        format!("/*{}", "/".repeat(1900)),
        format!("https://{}a/", "a.".repeat(MAX_SEGMENTS)),
    ] {
        assert!(PathRule::parse(&text).unwrap_err().contains("64 segments"), "{text}");
    }
    // Without names the path is kept as it is.
    assert!(PathRule::parse(&"/".repeat(1900)).is_ok());
}

#[test]
fn the_more_patterns_the_shorter_the_longest_path() {
    for (rules, longest) in [(0, usize::MAX), (1, 1 << 17), (2, 1 << 16), (32, 4096), (100, 1310)] {
        assert_eq!(longest_path(rules), longest, "{rules}");
    }
}
