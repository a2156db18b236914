//! Tests of places in sources.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_place_has_its_line() {
    let text = "a\n\tlet é = 'x';\n";
    let place = place("f.ts".to_owned(), text, text.find('=').unwrap());
    assert_eq!((place.line, place.column), (2, 8));
    assert_eq!(place.excerpt, "  2 | \tlet é = 'x';\n    | \t      ^");
}

#[test]
fn a_long_line_has_no_excerpt() {
    let text = "x".repeat(MAX_SHOWN + 1);
    assert_eq!(place("f.ts".to_owned(), &text, 5).excerpt, "");
}

#[test]
fn imports_are_found_where_they_are_written() {
    let text = "// \"hono\"\nconst a = 'hono';\nimport { Hono } from 'hono';\n";
    assert_eq!(find_import(text, "hono"), text.rfind("'hono'"));
    assert_eq!(find_import("const b = require(`x`)", "x"), Some(18));
    assert_eq!(find_import("export * from \"x\"", "x"), Some(14));
    assert_eq!(find_import("x", "x"), None);
    assert_eq!(find_import("'é'", "é"), Some(0));
}
