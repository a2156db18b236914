//! The numbers against the table of the documentation.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_numbers_are_those_of_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## Exit codes\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
    let documented: BTreeSet<u8> = rows.collect();
    let numbers: BTreeSet<u8> = ExitCode::all().map(ExitCode::number).collect();
    assert_eq!(numbers.len(), ExitCode::all().count(), "two have one number");
    assert_eq!(numbers, documented, "ExitCode (left) and docs/operating.md (right)");
    for reason in ExitReason::ALL {
        let row = format!("| {} |", reason.exit_status());
        let line = section.lines().find(|line| line.starts_with(&row)).unwrap();
        assert!(line.contains(&format!("`{reason}`")), "{line} does not say `{reason}`");
    }
}
