//! Tests of `ignored.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_spawner::Fingerprint;

use super::*;

fn list(paths: impl Iterator<Item = String>) -> AssetList {
    AssetList { files: paths.map(|path| (path, Fingerprint::Absent)).collect(), ..AssetList::default() }
}

#[test]
fn the_nearest_pattern_counts() {
    let mut ignored = Ignored::parse("build/\n!build/keep/\n*.map\n!a.map\n", &AssetList::default()).unwrap();
    for (path, expected) in [
        ("build/x.js", true),
        ("build/keep/x.js", false),
        ("build/keep/x.map", true),
        ("build/deep/er/x.js", true),
        ("src/build/x.js", true),
        ("a.map", false),
        ("b/a.map", false),
        ("b.map", true),
        ("x.js", false),
    ] {
        assert_eq!(ignored.has(path), Ok(expected), "{path}");
    }
}

#[test]
fn a_directory_is_compared_once() {
    let files = list((0..1000).map(|at| format!("a/b/c/d/e/f/{at}.js")));
    let mut ignored = Ignored::parse("*.map\n", &files).unwrap();
    for (path, _) in &files.files {
        assert_eq!(ignored.has(path), Ok(false));
    }
    assert_eq!(ignored.compared, 1000 + 6);
}

#[test]
fn patterns_and_their_work_are_bounded() {
    let many: String = (0..=MAX_PATTERNS).map(|at| format!("*.x{at}\n")).collect();
    let (line, why) = Ignored::parse(&many, &AssetList::default()).unwrap_err();
    assert!(line == MAX_PATTERNS + 1 && why.contains("more than 1000 patterns"), "{line}: {why}");
    let long = format!("ok\n{}\n", "a".repeat(MAX_LINE + 1));
    assert_eq!(Ignored::parse(&long, &AssetList::default()).unwrap_err().0, 2);
    // Comments cost nothing.
    let comments = format!("{}*.map\n", "# nothing\n".repeat(MAX_PATTERNS * 2));
    assert!(Ignored::parse(&comments, &AssetList::default()).is_ok());

    let files = list((0..100_000).map(|at| at.to_string()));
    let line = format!("{}*\n", "a".repeat(1000));
    let (at, why) = Ignored::parse(&line.repeat(100), &files).unwrap_err();
    assert!(at == 11 && why.contains("for 100000 files"), "{at}: {why}");
    assert!(Ignored::parse(&line.repeat(10), &files).is_ok());
}
