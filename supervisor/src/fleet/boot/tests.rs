//! Tests of `boot.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_config::Config;
use nano_protocol::memory;

use super::*;

#[test]
fn workers_that_are_started_ahead_are_made_for_apps_that_say_nothing_of_memory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "export default {}").unwrap();
    let config = Config::single_app(dir.path(), 0).unwrap();
    assert_eq!(boot_message(config.apps.first().unwrap()).limits.memory, memory::DEFAULT);
}
