//! Tests of `assets.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{PathPattern, WorkerFirst};

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

#[test]
fn a_star_stands_for_anything() {
    for (text, path, matches) in [
        ("/api/*", "/api/", true),
        ("/api/*", "/api/a/b", true),
        ("/api/*", "/api", false),
        ("/api/*", "/x/api/a", false),
        ("/api", "/api", true),
        ("/api", "/api/", false),
        ("/*", "/", true),
        ("/*/edit", "/a/b/edit", true),
        ("/*/edit", "/edit", false),
        ("/a*a", "/a", false),
        ("/a*a", "/aa", true),
        ("/*.json*x", "/a.json.json-x", true),
        ("/**b", "/ab", true),
        ("/a.c", "/abc", false),
    ] {
        assert_eq!(pattern(text).matches(path), matches, "{text} {path}");
    }
}

#[test]
fn an_exception_wins() {
    let rules = WorkerFirst::Paths { patterns: vec![pattern("/api/*")], except: vec![pattern("/api/docs/*")] };
    assert!(rules.has("/api/users"));
    assert!(!rules.has("/api/docs/index"));
    assert!(!rules.has("/"));
    assert!(WorkerFirst::Always.has("/"));
    assert!(!WorkerFirst::Never.has("/"));
}
