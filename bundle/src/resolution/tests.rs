//! Tests of what files are.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_protocol::bundle::BundleRule;

use super::*;

fn request(rules: Vec<BundleRule>) -> BundleRequest {
    let project = PathBuf::from("/p");
    BundleRequest {
        entry: project.join("index.ts"),
        root: project.clone(),
        out: PathBuf::from("/out"),
        shown_from: project.clone(),
        project,
        tsconfig: None,
        define: BTreeMap::new(),
        alias: BTreeMap::new(),
        rules,
        builtins: Vec::new(),
    }
}

#[test]
fn files_are_what_their_names_say() {
    let own = BundleRule { kind: FileKind::Text, globs: vec!["**/*.md".to_owned(), "raw/*.wasm".to_owned()] };
    let request = request(vec![own]);
    for (path, expected) in [
        ("/p/a.md", Some(FileKind::Text)),
        ("/p/b/c/a.md", Some(FileKind::Text)),
        ("/p/raw/a.wasm", Some(FileKind::Text)),
        ("/p/a.wasm", Some(FileKind::CompiledWasm)),
        ("/p/a.bin", Some(FileKind::Data)),
        ("/p/a.html", Some(FileKind::Text)),
        ("/p/a.ts", None),
        ("/p/a", None),
    ] {
        assert_eq!(kind(&request, Path::new(path)), expected, "{path}");
    }
}

#[test]
fn places_of_what_is_missing_are_known() {
    let importer = Path::new("/p/src/a.ts");
    let relative = candidates(importer, "./b.js");
    assert!(relative.contains(&PathBuf::from("/p/src/./b.ts")), "{relative:?}");
    let bare = candidates(importer, "hono/jsx");
    assert!(bare.contains(&PathBuf::from("/p/node_modules/hono")), "{bare:?}");
}
