//! Habits that no compiler checks: file length, names, where `unsafe` may stand, metrics that are documented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{finish, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// Longest file, in lines. Past it a second idea has moved in.
const LONGEST: usize = 500;

/// How far a listed file may be below its number, so that not every edit of it needs one of the list.
const SLACK: usize = 40;

/// Files that may hold `unsafe`; each block says why it is sound (clippy sees to that).
const UNSAFE_FILES: &str = "test/tidy/unsafe_files.txt";
/// Files longer than `LONGEST`, with their length. The list may only shrink.
const LONG_FILES: &str = "test/tidy/long_files.txt";

/// Every tracked file of Rust or JavaScript, and its text.
fn sources() -> BTreeMap<String, String> {
    let list = finish(Command::new("git").args(["ls-files", "-z"]).current_dir(repository()), "");
    assert_eq!(list.code, Some(0), "{list:?}");
    let paths = list.stdout.split('\0').filter(|path| [".rs", ".js", ".mjs"].iter().any(|end| path.ends_with(end)));
    // A file that was just deleted is listed still.
    paths.filter_map(|path| Some((path.to_owned(), fs::read_to_string(repository().join(path)).ok()?))).collect()
}

/// Lines of a list file, without comments.
fn listed(path: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(path)).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn files_are_short_and_the_exceptions_shrink() {
    let mut exceptions: BTreeMap<String, usize> = BTreeMap::new();
    for line in listed(LONG_FILES) {
        let (path, length) = line.split_once(' ').unwrap();
        exceptions.insert(path.to_owned(), length.parse().unwrap());
    }
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let length = text.lines().count();
        match exceptions.remove(&path) {
            None if length > LONGEST => {
                faults.push(format!("{path} has {length} lines, more than {LONGEST}: split it"))
            }
            Some(allowed) if length > allowed => faults.push(format!("{path} grew from {allowed} to {length} lines")),
            Some(_) if length <= LONGEST => faults.push(format!("{path} is short now: take it off {LONG_FILES}")),
            Some(allowed) if length + SLACK < allowed => {
                faults.push(format!("{path} shrank: write {length} into {LONG_FILES}"));
            }
            _ => {}
        }
    }
    faults.extend(exceptions.keys().map(|path| format!("{path} is gone: take it off {LONG_FILES}")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn files_are_named_for_what_they_do() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let name = path.rsplit('/').next().unwrap();
        let stem = name.split('.').next().unwrap();
        if name == "mod.rs" {
            faults.push(format!("{path}: foo.rs beside foo/, no mod.rs"));
        }
        for vague in ["util", "utils", "helper", "helpers", "common", "misc", "manager"] {
            if stem.split('_').any(|word| word == vague) {
                faults.push(format!("{path}: {vague} says nothing"));
            }
        }
        let says = text.starts_with("//! ") || text.starts_with("#![no_main]") || stem.ends_with("_tests");
        if path.ends_with(".rs") && !says {
            faults.push(format!("{path}: begins without //! that says what it is"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn unsafe_stands_only_where_it_is_listed() {
    let allowed: BTreeSet<String> = listed(UNSAFE_FILES).into_iter().collect();
    let mut found = BTreeSet::new();
    for (path, text) in sources() {
        // Built from parts, so that this file does not find itself.
        let word = ["un", "safe"].concat();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        let uses =
            |line: &str| ["{", "fn", "impl", "extern"].iter().any(|next| line.contains(&format!("{word} {next}")));
        if path.ends_with(".rs") && code.into_iter().any(uses) {
            found.insert(path);
        }
    }
    let fresh: Vec<_> = found.difference(&allowed).collect();
    assert!(fresh.is_empty(), "new files with unsafe code, to be listed in {UNSAFE_FILES} on purpose: {fresh:?}");
    let stale: Vec<_> = allowed.difference(&found).collect();
    assert!(stale.is_empty(), "without unsafe code now, take them off {UNSAFE_FILES}: {stale:?}");
    for path in &found {
        let may = path.starts_with("worker/") || path.starts_with("spawner/");
        assert!(may, "{path}: only the worker's crates and the spawner may");
    }
    let forbid = ["#![forbid(un", "safe_code)]"].concat();
    for root in [
        "config/src/lib.rs",
        "protocol/src/lib.rs",
        "supervisor/src/lib.rs",
        "supervisor/src/bin/nano.rs",
        "supervisor/src/bin/nanoctl.rs",
        "test/src/lib.rs",
    ] {
        let text = fs::read_to_string(repository().join(root)).unwrap();
        assert!(text.contains(&forbid), "{root} lacks {forbid}");
    }
}

#[test]
fn every_metric_is_documented_and_every_documented_metric_exists() {
    let names = |text: &str, quote: char| -> BTreeSet<String> {
        let words = text.split(quote).filter(|word| {
            word.starts_with("nano_") && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        });
        words.map(str::to_owned).collect()
    };
    let declared = ["supervisor/src/telemetry/names.rs", "protocol/src/stats.rs"];
    let code = declared.map(|file| names(&fs::read_to_string(repository().join(file)).unwrap(), '"'));
    let code: BTreeSet<_> = code.into_iter().flatten().collect();
    let docs = names(&fs::read_to_string(repository().join("docs/metrics.md")).unwrap(), '`');
    assert!(code.len() >= 25, "{code:?}");
    assert_eq!(code, docs, "{declared:?} (left) and docs/metrics.md (right)");
}

#[test]
fn the_changelog_begins_with_what_is_unreleased_or_this_version() {
    let text = fs::read_to_string(repository().join("CHANGELOG.md")).unwrap();
    let first = text.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(first == "## Unreleased" || first.starts_with(&format!("## {}", env!("CARGO_PKG_VERSION"))), "{first}");
}
