//! Tests of places in texts.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn places_of_a_stack_are_found() {
    let text = "Error: at 12:30:00 x\n    at f (file:///app/index.js:12:3)\n    at async apps/a b/x.js:1:22\n    at é:3:4\n:1:2 a:b:3 c:1: d:99999999999:1";
    let found: Vec<_> = places(text).map(|place| (place.name, place.line, place.column)).collect();
    let expected = [("12", 30, 0), ("file:///app/index.js", 12, 3), ("b/x.js", 1, 22), ("é", 3, 4)];
    assert_eq!(found, expected);
    for place in places(text) {
        assert_eq!(
            text.get(place.begin..place.end).unwrap().split(':').next_back().unwrap().parse::<u32>().unwrap(),
            place.column
        );
    }
}

#[test]
fn a_flood_of_places_is_bounded() {
    assert_eq!(places(&"a:1:1 ".repeat(10_000)).count(), MAX_PLACES);
    assert_eq!(places(&":1".repeat(100_000)).count(), MAX_PLACES);
    assert_eq!(places(&"é".repeat(10_000)).count(), 0);
}

#[test]
fn files_beside_a_module_are_within_the_app() {
    assert_eq!(beside("index.js", "index.js.map").as_deref(), Some("index.js.map"));
    assert_eq!(beside("a/b.js", "../maps/./b.map").as_deref(), Some("maps/b.map"));
    assert_eq!(beside("index.js", "../index.js.map"), None);
}
