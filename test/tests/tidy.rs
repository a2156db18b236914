//! Habits that no compiler checks: file length, names, where `unsafe` may stand, metrics that are documented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{finish, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// Longest file, in lines. Past it a second idea has moved in.
const MAX_LINES: usize = 500;

/// How far a listed file may be below its number, so that not every edit of it needs one of the list.
const SLACK: usize = 40;

/// Files that may hold `unsafe`; each block says why it is sound (clippy sees to that).
const UNSAFE_FILES: &str = "test/tidy/unsafe_files.txt";
/// Files longer than `MAX_LINES`, with their length. The list may only shrink.
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
            None if length > MAX_LINES => {
                faults.push(format!("{path} has {length} lines, more than {MAX_LINES}: split it"))
            }
            Some(allowed) if length > allowed => faults.push(format!("{path} grew from {allowed} to {length} lines")),
            Some(_) if length <= MAX_LINES => faults.push(format!("{path} is short now: take it off {LONG_FILES}")),
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
            // Node.js has a module of that name.
            let is_nodes = path.contains("/node/") && stem == "util";
            if !is_nodes && stem.split('_').any(|word| word == vague) {
                faults.push(format!("{path}: {vague} says nothing"));
            }
        }
        let says = text.starts_with("//! ") || text.starts_with("#![no_main]");
        if path.ends_with(".rs") && !says {
            faults.push(format!("{path}: begins without //! that says what it is"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Where units are tested in `x/tests.rs`, beside `x.rs`.
const TESTS_BESIDE: [&str; 7] = [
    "config/src/",
    "protocol/src/",
    "supervisor/spawner/src/",
    "supervisor/src/",
    "test/src/",
    "worker/runtime/src/",
    "worker/src/",
];

#[test]
fn tests_of_units_stand_in_a_file_beside_them() {
    let mut faults = Vec::new();
    // Built from parts, so that this file does not find itself.
    let inline = ["mod tests", " {"].concat();
    for (path, text) in sources() {
        if !TESTS_BESIDE.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        if path.ends_with("_tests.rs") || text.contains(&inline) || text.contains("#[path") {
            faults.push(format!("{path}: tests of x.rs are in x/tests.rs"));
        }
        let declares = text.contains("#[cfg(test)]\nmod tests;\n");
        let folder = path.replace("/lib.rs", "").replace("/main.rs", "").replace(".rs", "");
        let there = repository().join(format!("{folder}/tests.rs")).is_file();
        if declares != there {
            faults.push(format!("{path}: tests are declared: {declares}; {folder}/tests.rs is there: {there}"));
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
        let may = path.starts_with("worker/") || path.starts_with("supervisor/spawner/");
        assert!(may, "{path}: only the worker's crates and the spawner may");
    }
    let readme = fs::read_to_string(repository().join("worker/runtime/README.md")).unwrap();
    let section = readme.split("## Unsafe code\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let first_cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named: BTreeSet<_> =
        first_cells.flat_map(|cell| cell.split('`')).filter(|name| name.ends_with(".rs")).collect();
    let there: BTreeSet<_> = found.iter().filter_map(|path| path.strip_prefix("worker/runtime/src/")).collect();
    assert_eq!(named, there, "worker/runtime/README.md (left) and the runtime's files with unsafe code (right)");
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

#[test]
fn the_readme_has_every_key_of_the_server_and_of_apps() {
    let schema = fs::read_to_string(repository().join("config/nano.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let keys = |of: &serde_json::Value| -> BTreeSet<String> {
        of["properties"].as_object().unwrap().keys().filter(|key| *key != "$schema").cloned().collect()
    };
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let table = |title: &str| -> BTreeSet<String> {
        let rest = readme.split(title).nth(1).unwrap();
        let rows =
            rest.lines().skip_while(|line| !line.starts_with('|')).skip(2).take_while(|line| line.starts_with('|'));
        let cells = rows.map(|row| row.split(" | ").next().unwrap());
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    };
    assert_eq!(table("\nOf the server:"), keys(&schema), "README.md (left) and the schema (right)");
    assert_eq!(table("\nOf each app"), keys(&schema["$defs"]["app"]), "README.md (left) and the schema (right)");
}

#[test]
fn the_book_has_every_page() {
    let summary = fs::read_to_string(repository().join("docs/SUMMARY.md")).unwrap();
    let pages = fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let pages = pages.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    for page in pages.filter(|name| name != "SUMMARY.md") {
        assert!(summary.contains(&format!("]({page})")), "docs/SUMMARY.md lacks {page}");
    }
}

#[test]
fn links_of_documents_lead_to_files() {
    let list = finish(Command::new("git").args(["ls-files", "-z", "*.md"]).current_dir(repository()), "");
    assert_eq!(list.code, Some(0), "{list:?}");
    let mut faults = Vec::new();
    let mut followed = 0;
    for path in list.stdout.split('\0').filter(|path| !path.is_empty()) {
        let Ok(text) = fs::read_to_string(repository().join(path)) else { continue };
        let folder = repository().join(path).parent().unwrap().to_owned();
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if target.contains("://") || file.is_empty() {
                continue;
            }
            followed += 1;
            if !folder.join(file).exists() {
                faults.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(followed > 50, "only {followed} links found");
    assert!(faults.is_empty(), "links that lead nowhere:\n{}", faults.join("\n"));
}
