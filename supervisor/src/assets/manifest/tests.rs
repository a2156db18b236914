//! Tests of `manifest.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn assetsignore_is_as_gitignore() {
    let paths = ["a.map", "b/c.map", "b/d.js", "node_modules/x/y.js", "keep/node_modules.js", "top.txt", "b/top.txt"];
    let list = AssetList {
        files: paths.iter().map(|path| ((*path).to_owned(), nano_spawner::Fingerprint::Absent)).collect(),
        ..AssetList::default()
    };
    let manifest = Manifest::new(list, "# maps\n*.map\n!b/c.map\nnode_modules/\n/top.txt\n\n").unwrap();
    let mut served: Vec<_> = manifest.files.keys().map(String::as_str).collect();
    served.sort_unstable();
    assert_eq!(served, ["/b/c.map", "/b/d.js", "/b/top.txt", "/keep/node_modules.js"]);
}

#[test]
fn a_line_that_is_no_pattern_is_named() {
    let error = Manifest::new(AssetList::default(), "a\n[z-a]\n").unwrap_err();
    assert_eq!(error.0, 2);
}
