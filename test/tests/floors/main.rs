//! The floors within the two large crates: a file imports from its own floor and from those below it, never from above.
//!
//! ARCHITECTURE.md lists the floors and the climbs that are left; this reads its table and the imports of every file.
//!
//! Sabotage control: a climbing import, put into the text of a real file, is reported; so is every other way to write one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod checker;
mod imports;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use checker::{Sources, faults};
use nano_test::{finish, repository};
use table::Table;

/// Name in the table and folder.
const CRATES: [(&str, &str); 2] = [("supervisor", "supervisor/src"), ("runtime", "worker/runtime/src")];

fn table() -> Table {
    Table::parse(&fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap())
}

/// The Rust files of a crate, by their paths within its `src`.
fn sources(folder: &str) -> Sources {
    let list = finish(Command::new("git").args(["ls-files", "-z", folder]).current_dir(repository()), "");
    assert_eq!(list.code, Some(0), "{list:?}");
    let paths = list.stdout.split('\0').filter(|path| path.ends_with(".rs"));
    // A file that was just deleted is listed still.
    let read = |path: &str| fs::read_to_string(repository().join(path)).ok();
    paths
        .filter_map(|path| Some((path.strip_prefix(folder)?.trim_start_matches('/').to_owned(), read(path)?)))
        .collect()
}

#[test]
fn no_import_climbs() {
    let table = table();
    let mut found = Vec::new();
    for (name, folder) in CRATES {
        found.extend(faults(&table, name, &sources(folder)));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_climb_in_a_real_file_is_reported() {
    let table = table();
    for (name, folder, file, climb) in [
        ("supervisor", "supervisor/src", "telemetry/render.rs", "use crate::serve::Ended;"),
        ("runtime", "worker/runtime/src", "engine/timers.rs", "use crate::{engine::exception, ops::fetch};"),
    ] {
        let mut sources = sources(folder);
        assert!(faults(&table, name, &sources).is_empty());
        sources.get_mut(file).unwrap().push_str(climb);
        let found = faults(&table, name, &sources);
        assert!(found.len() == 1 && found[0].contains(file), "{found:?}");
    }
}

/// Two floors, `top` over `low` and `leaf`.
const SMALL: &str = "\
| crate | floor | files and folders |
|---|---|---|
| small | programs | `top` |
| small | helpers | `low` `leaf` |
";

fn small(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let mut sources: Sources = [("lib.rs", ""), ("top.rs", ""), ("low.rs", ""), ("leaf.rs", "")]
        .map(|(path, text)| (path.into(), text.into()))
        .into();
    sources.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    faults(&Table::parse(text), "small", &sources)
}

#[test]
fn a_climb_is_seen_however_it_is_written() {
    for (path, text) in [
        ("low.rs", "use crate::top::Thing;"),
        ("low.rs", "use crate::{leaf, top::{self, Thing}};"),
        ("low.rs", "pub(crate) use super::top as other;"),
        ("low.rs", "fn f() { crate::top::call() }"),
        ("low.rs", "fn f() { log!(target: crate::top::NAME, \"x\") }"),
        ("low.rs", "macro_rules! m { () => { $crate::top::call() } }"),
        ("low.rs", "mod tests { use super::super::top; }"),
        ("low.rs", "use crate::Reexported;"),
        ("low.rs", "use super::*;"),
        ("low/deep.rs", "use super::super::top::Thing;"),
        ("low/deep/tests.rs", "use super::super::super::top::Thing;"),
        ("low_tests.rs", "use super::super::top;"),
    ] {
        let found = small(SMALL, &[(path, text)]);
        assert!(found.len() == 1 && found[0].contains(path), "{path}: {text}: {found:?}");
    }
}

#[test]
fn what_does_not_climb_is_let_be() {
    for (path, text) in [
        ("low.rs", "// use crate::top;\n/* crate::top */ const A: &str = \"crate::top::x\"; use std::top::x;"),
        ("low.rs", "use crate::leaf::Thing; pub(crate) fn f() {} mod tests { use super::*; }"),
        ("low.rs", "mod inner { use super::top; } mod top {} use self::top::x;"),
        ("low/deep.rs", "use super::{top, other}; use crate::low::x;"),
        ("low_tests.rs", "use super::*;"),
        ("top.rs", "use crate::{low, leaf};"),
        ("top/tests.rs", "use super::*; use crate::low::x;"),
        ("lib.rs", "pub use top::x; pub use crate::top::y;"),
        ("bin/program.rs", "use small::top;"),
    ] {
        assert_eq!(small(SMALL, &[(path, text)]), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn climbs_that_are_listed_are_borne_and_may_only_become_fewer() {
    let listed = |files: usize| {
        format!("{SMALL}\n| crate | climb | files |\n|---|---|---|\n| small | `low` → `top` | {files} |\n")
    };
    let climb = "use crate::top;";
    assert!(small(&listed(1), &[("low.rs", climb)]).is_empty());
    assert!(small(&listed(2), &[("low.rs", climb), ("low/deep.rs", climb)]).is_empty());
    let more = small(&listed(1), &[("low.rs", climb), ("low/deep.rs", climb)]);
    assert!(more.len() == 1 && more[0].contains("low/deep.rs"), "{more:?}");
    for files in [vec![("low.rs", climb)], vec![]] {
        let fewer = small(&listed(2), &files);
        assert!(fewer.len() == 1 && fewer[0].contains("ARCHITECTURE"), "{fewer:?}");
    }
}

#[test]
fn every_file_stands_on_one_floor() {
    let unlisted = small(SMALL, &[("new/file.rs", "")]);
    assert!(unlisted.len() == 1 && unlisted[0].contains("`new`"), "{unlisted:?}");
    let gone = small(&SMALL.replace("`leaf`", "`leaf` `gone`"), &[]);
    assert!(gone.len() == 1 && gone[0].contains("`gone`"), "{gone:?}");
    let twice = small(&SMALL.replace("`leaf`", "`leaf` `top`"), &[]);
    assert!(twice.len() == 1 && twice[0].contains("`top`"), "{twice:?}");
}
