//! Streams of Node.js: the order of their events is that of Node.js itself, in cases that a script makes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use nano_test::{Site, finish, repository};

/// What Node.js 22 printed (test/ecosystem/stream_order.py --write).
const EXPECTED: &str = "test/ecosystem/stream_events.txt";
const SCRIPT: &str = "test/ecosystem/stream_events.mjs";

#[test]
fn the_order_of_events_is_that_of_node() {
    let expected = fs::read_to_string(repository().join(EXPECTED)).unwrap();
    let site = Site::new();
    site.file("script.mjs", &fs::read_to_string(repository().join(SCRIPT)).unwrap());
    let answer =
        finish(&mut site.command("nano-worker", &["run", "--compatibility-flag", "nodejs_compat", "script.mjs"]), "");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let differing: Vec<_> = expected.lines().zip(answer.stdout.lines()).filter(|(one, other)| one != other).collect();
    assert!(differing.is_empty(), "{differing:?}");
    assert_eq!(expected.lines().count(), answer.stdout.lines().count());
}
