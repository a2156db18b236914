//! The five paths of ARCHITECTURE.md: every function that they name is in the file that they name. And its map of the runtime.
//!
//! Sabotage control: a function and a file that are not there are reported.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_test::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const HEADING: &str = "## Six paths, function by function\n";

fn paths() -> String {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once(HEADING).unwrap();
    section.split_once("\n## ").unwrap().0.to_owned()
}

/// Steps with what is wrong with them, and how many steps there are.
fn faults(section: &str) -> (Vec<String>, usize) {
    let mut sources: BTreeMap<String, Option<String>> = BTreeMap::new();
    let (mut faults, mut steps) = (Vec::new(), 0);
    for line in section.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        steps += 1;
        let folder = if line.contains(". worker `") { "worker/runtime/src" } else { "supervisor/src" };
        let mut words = line.split('`').skip(1).step_by(2);
        let file = format!("{folder}/{}", words.next().unwrap_or_default());
        let source = sources.entry(file.clone()).or_insert_with(|| fs::read_to_string(repository().join(&file)).ok());
        let Some(source) = source else {
            faults.push(format!("{line}: there is no {file}"));
            continue;
        };
        let word = if file.ends_with(".js") { "function" } else { "fn" };
        for name in words {
            let begins = format!("{word} {name}");
            let is_there = source
                .match_indices(&begins)
                .any(|(at, _)| matches!(source.as_bytes().get(at + begins.len()), Some(b'(' | b'<')));
            if !is_there {
                faults.push(format!("{line}: there is no {name} in {file}"));
            }
        }
    }
    (faults, steps)
}

#[test]
fn every_function_of_the_six_paths_is_where_it_is_said_to_be() {
    let (faults, steps) = faults(&paths());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(steps > 40, "{steps} steps: the lists are not read as they are written");
}

#[test]
fn a_function_or_a_file_that_is_gone_is_reported() {
    let gone =
        paths().replace("`handle_request`", "`handle_requests`").replace("`egress/connect.rs`", "`egress/dial.rs`");
    let (faults, _) = faults(&gone);
    assert!(faults.len() == 2 && faults[0].contains("handle_requests") && faults[1].contains("dial.rs"), "{faults:?}");
}

/// The files of a folder of the runtime, as ARCHITECTURE.md lists them and as they are there.
fn files_of(text: &str, folder: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let rows = text.lines().filter_map(|line| line.strip_prefix(&format!("| `{folder}/` | ")));
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    let listed = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let entries = fs::read_dir(repository().join("worker/runtime/src").join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    (listed, names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect())
}

#[test]
fn the_map_of_the_runtime_has_every_file_and_no_other() {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    for folder in ["app", "engine", "exchange", "program"] {
        let (listed, there) = files_of(&text, folder);
        assert!(there.len() > 3, "{folder}: {there:?}");
        assert_eq!(listed, there, "{folder}/: ARCHITECTURE.md (left) and the folder (right)");
    }
    let (listed, there) = files_of(&text.replace("`hand_on`", "`hand_over`"), "exchange");
    assert!(listed != there, "a name that is wrong is seen");
}
