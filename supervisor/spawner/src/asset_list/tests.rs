//! Tests of `asset_list.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;

fn site(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("public");
    for path in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    fs::write(place.path().join("secret.txt"), "secret").unwrap();
    (place, root)
}

fn paths(root: &Path) -> Vec<String> {
    let list = list(&Directory::open(root).unwrap()).unwrap();
    list.files.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn files_in_directories_are_listed_in_order() {
    let (_place, root) = site(&["index.html", "b/c/d.js", "b/a.js", "a b/ü.txt"]);
    assert_eq!(paths(&root), ["a b/ü.txt", "b/a.js", "b/c/d.js", "index.html"]);
}

#[test]
fn what_is_hidden_or_says_how_is_left_out() {
    let (_place, root) = site(&[
        ".env",
        ".git/config",
        "a/.htpasswd",
        ".well-known/security.txt",
        "a/.well-known/x",
        "_headers",
        "_redirects",
        ".assetsignore",
        "a/_headers",
        "_worker.js/index.js",
        "a/_worker.js",
    ]);
    let list = list(&Directory::open(&root).unwrap()).unwrap();
    let names = |files: &[AssetFile]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&list.files), [".well-known/security.txt", "a/_headers", "a/_worker.js"]);
    assert_eq!(names(&list.rules), [".assetsignore", "_headers", "_redirects"]);
    assert_eq!(list.left_out, 5);
}

#[test]
fn links_count_where_they_lead_to_files_within() {
    let (place, root) = site(&["a/file.txt"]);
    for (to, name) in [
        ("a/file.txt", "within.txt"),
        ("../secret.txt", "out.txt"),
        ("/etc/passwd", "absolute.txt"),
        ("a", "directory"),
        ("..", "up"),
        ("gone", "dangling.txt"),
        ("circle", "circle"),
    ] {
        symlink(to, root.join(name)).unwrap();
    }
    symlink(place.path().join("secret.txt"), root.join("a/secret.txt")).unwrap();
    assert_eq!(paths(&root), ["a/file.txt", "within.txt"]);
}

#[test]
fn what_is_no_file_is_left_out() {
    let (_place, root) = site(&["file.txt"]);
    mkfifo(&root.join("fifo"), Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"\xff.txt")), "x").unwrap();
    assert_eq!(paths(&root), ["file.txt"]);
}

#[test]
fn a_tree_is_not_followed_for_ever() {
    let (_place, root) = site(&["x"]);
    let mut deep = root.clone();
    for _ in 0..=MAX_ASSET_DEPTH {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    let error = list(&Directory::open(&root).unwrap()).unwrap_err();
    assert!(error.to_string().contains("deeper than 32"), "{error}");
}

#[test]
fn a_changed_file_changes_the_list() {
    let (_place, root) = site(&["a.txt"]);
    let directory = Directory::open(&root).unwrap();
    let before = list(&directory).unwrap();
    assert_eq!(before, list(&directory).unwrap());
    fs::write(root.join("a.txt"), "longer").unwrap();
    assert_ne!(before, list(&directory).unwrap());
}
