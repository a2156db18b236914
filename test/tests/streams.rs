//! The scripts of `test/streams`: streams by the standard, their buffer limit, and what a hostile program cannot do to them.
//! Each runs on `nano-worker run` with the limits that its first lines name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;

use nano_test::{binary, finish, repository};

/// Runs a script; all its tests must be there and pass.
fn run(script: &str, options: &[&str]) {
    let path = repository().join("test/streams").join(script);
    let done = finish(Command::new(binary("nano-worker")).arg("run").args(options).arg(&path), "");
    let count = |prefix: &str| done.stdout.lines().filter(|line| line.starts_with(prefix)).count();
    let plan = done.stdout.lines().find_map(|line| line.strip_prefix("1..")).and_then(|count| count.parse().ok());
    assert!(
        done.code == Some(0) && count("not ok ") == 0 && count("ok ") > 0 && plan == Some(count("ok ")),
        "{script} failed\n{}{}",
        done.stdout,
        done.stderr
    );
}

const LIMIT: [&str; 2] = ["--max-buffer-size-mb", "1"];

#[test]
fn writable_construction() {
    run("writable_construction.js", &[]);
}

#[test]
fn writable_flow() {
    run("writable_flow.js", &[]);
}

#[test]
fn writable_order() {
    run("writable_order.js", &[]);
}

#[test]
fn order_of_events() {
    run("order_of_events.js", &[]);
}

#[test]
fn readable() {
    run("readable.js", &[]);
}

#[test]
fn transform() {
    run("transform.js", &[]);
}

#[test]
fn bad_input() {
    run("bad_input.js", &[]);
}

#[test]
fn limit() {
    run("limit.js", &LIMIT);
}

#[test]
fn limit_text() {
    run("limit_text.js", &["--max-buffer-size-mb", "0.5"]);
}

#[test]
fn limit_total() {
    run("limit_total.js", &["--expose-gc", "--max-buffer-size-mb", "1", "--max-total-buffer-mb", "2"]);
}

#[test]
fn tampering() {
    run("tampering.js", &LIMIT);
}
