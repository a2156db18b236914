//! A directory becomes the same bundle each time, and nothing else comes out of one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::pack::pack;
use super::unpack::{unpack, verify};
use super::*;

fn manifest(paths: &[&str]) -> Result<Manifest, BundleError> {
    let file = |path: &&str| FileEntry { path: (*path).to_owned(), bytes: 0, sha256: sha256(b"") };
    let manifest = Manifest { version: 1, files: paths.iter().map(file).collect() };
    Manifest::parse(&serde_json::to_vec(&manifest).unwrap())
}

#[test]
fn hostile_paths_are_refused() {
    let long = "a".repeat(256);
    for path in ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", &long] {
        assert!(manifest(&[path]).is_err(), "{path:?}");
    }
    assert!(manifest(&["a/b.js", "a/b.js"]).is_err(), "twice");
    assert!(manifest(&["a", "a/b.js"]).is_err(), "a file and a directory");
    assert!(manifest(&["a/b.js", "a/c..d", ".well-known/x", "ä ö"]).is_ok());
}

#[test]
fn bounds_hold_against_overflow() {
    let file = |at: u64| FileEntry { path: format!("f{at}"), bytes: u64::MAX / 2, sha256: sha256(b"") };
    let text = serde_json::to_vec(&Manifest { version: 1, files: (0..4).map(file).collect() }).unwrap();
    assert!(matches!(Manifest::parse(&text), Err(BundleError::Bytes(_))));
}

#[test]
fn the_same_files_are_the_same_bundle() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (folder, order) in [(&one, ["b/x.js", "a.js"]), (&other, ["a.js", "b/x.js"])] {
        fs::create_dir(folder.path().join("b")).unwrap();
        for path in order {
            fs::write(folder.path().join(path), path).unwrap();
        }
        for ignored in ["node_modules/m", ".git"] {
            fs::create_dir_all(folder.path().join(ignored)).unwrap();
            fs::write(folder.path().join(ignored).join("f"), folder.path().to_str().unwrap()).unwrap();
        }
    }
    let (one, other) = (pack(one.path()).unwrap(), pack(other.path()).unwrap());
    assert_eq!(one.hash, other.hash);
    assert_eq!(one.manifest.files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["a.js", "b/x.js"]);
}

#[test]
fn nanoignore_and_links() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["index.js", "notes.md", ".nanoignore", "nano.app.json"] {
        fs::write(folder.path().join(path), "*.md\n").unwrap();
    }
    let packed = pack(folder.path()).unwrap();
    assert_eq!(packed.manifest.files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["index.js"]);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.js")).unwrap();
    assert!(matches!(pack(folder.path()), Err(BundleError::Kind(_))));
}

#[test]
fn what_was_unpacked_is_verified() {
    let (source, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(source.path().join("lib")).unwrap();
    fs::write(source.path().join("lib/big.js"), vec![b'x'; CHUNK * 2 + 7]).unwrap();
    fs::write(source.path().join("index.js"), "export default {}").unwrap();
    let packed = pack(source.path()).unwrap();
    assert_eq!(packed.manifest.chunks(), 3);
    let text = packed.manifest.to_bytes().unwrap();
    unpack(state.path(), &packed.hash, &text, &packed.data).unwrap();
    verify(state.path(), &packed.hash).unwrap();
    let inside = state.path().join(directory_name(&packed.hash));
    fs::write(inside.join("index.js"), "export default 1!").unwrap();
    assert!(verify(state.path(), &packed.hash).is_err(), "changed");
    fs::write(inside.join("index.js"), "export default {}").unwrap();
    verify(state.path(), &packed.hash).unwrap();
    fs::write(inside.join("lib/more.js"), "").unwrap();
    assert!(verify(state.path(), &packed.hash).is_err(), "one too many");
}

#[test]
fn wrong_bytes_are_not_unpacked() {
    let (source, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(source.path().join("index.js"), "export default {}").unwrap();
    let packed = pack(source.path()).unwrap();
    let text = packed.manifest.to_bytes().unwrap();
    assert!(unpack(state.path(), &packed.hash, &text, b"export default []").is_err());
    assert!(unpack(state.path(), &packed.hash, &text, b"export").is_err());
    let other = format!("sha256:{}", "0".repeat(64));
    assert!(unpack(state.path(), &other, &text, &packed.data).is_err());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "nothing is left");
}
