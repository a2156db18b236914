//! Tests of `files.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

use super::*;

fn app() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("app");
    fs::create_dir_all(root.join("lib")).unwrap();
    fs::write(root.join("index.js"), "index").unwrap();
    fs::write(root.join("lib/a.js"), "a").unwrap();
    fs::write(place.path().join("secret.js"), "secret").unwrap();
    (place, root)
}

fn text(file: Result<File, ModuleError>) -> Result<String, ModuleError> {
    let mut text = String::new();
    file?.read_to_string(&mut text).unwrap();
    Ok(text)
}

/// All ways to open a file must judge alike.
fn outcomes(root: &Path, path: &str) -> [Result<String, ModuleError>; 3] {
    let directory = Directory::open(root).unwrap();
    let canonical = check(path).and_then(|()| open_canonical(root, path));
    [text(directory.module(path)), text(directory.fresh_module(path)), text(canonical)]
}

#[test]
fn files_of_the_app_are_read() {
    let (_place, root) = app();
    symlink("lib/a.js", root.join("inside.js")).unwrap();
    symlink("lib", root.join("linked")).unwrap();
    for (path, text) in [("index.js", "index"), ("lib/a.js", "a"), ("inside.js", "a"), ("linked/a.js", "a")] {
        for outcome in outcomes(&root, path) {
            assert_eq!(outcome.as_deref(), Ok(text), "{path}");
        }
    }
}

#[test]
fn nothing_outside_is_read() {
    let (place, root) = app();
    let absolute = place.path().join("secret.js");
    symlink(&absolute, root.join("absolute.js")).unwrap();
    symlink("../secret.js", root.join("relative.js")).unwrap();
    symlink("..", root.join("up")).unwrap();
    let absolute = absolute.to_str().unwrap();
    for path in [
        "../secret.js",
        "lib/../../secret.js",
        "lib/../index.js",
        "..",
        absolute,
        "absolute.js",
        "relative.js",
        "up/secret.js",
    ] {
        for outcome in outcomes(&root, path) {
            assert_eq!(outcome, Err(ModuleError::Outside), "{path}");
        }
    }
}

#[test]
fn what_is_no_file_is_told_so() {
    let (_place, root) = app();
    let long = "x/".repeat(MAX_MODULE_PATH) + "x";
    for path in ["", ".", "./index.js", "lib//a.js", "lib/", "index.js\0", "nothing.js", "index.js/x", &long] {
        for outcome in outcomes(&root, path) {
            assert_eq!(outcome, Err(ModuleError::NotFound), "{path:?}");
        }
    }
    nix::unistd::mkfifo(&root.join("fifo.js"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in ["lib", "fifo.js"] {
        for outcome in outcomes(&root, path) {
            assert_eq!(outcome, Err(ModuleError::Unreadable("it is not a file".to_owned())), "{path}");
        }
    }
    File::create(root.join("huge.js")).unwrap().set_len(u64::try_from(MAX_MODULE_SOURCE).unwrap() + 1).unwrap();
    assert!(matches!(Directory::open(&root).unwrap().module("huge.js"), Err(ModuleError::TooLarge)));
}

#[test]
fn a_directory_stays_itself_when_its_name_moves_on() {
    let (place, root) = app();
    let directory = Directory::open(&root).unwrap();
    fs::rename(&root, place.path().join("old")).unwrap();
    assert!(matches!(directory.fresh_module("index.js"), Err(ModuleError::Unreadable(_))));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("index.js"), "new").unwrap();
    assert_eq!(text(directory.module("index.js")).as_deref(), Ok("index"));
    assert_eq!(text(directory.fresh_module("index.js")).as_deref(), Ok("new"));
    assert!(Directory::open(&root.join("index.js")).is_err());
}

#[test]
fn files_are_compared_with_what_they_were() {
    let (place, root) = app();
    symlink("lib/a.js", root.join("link.js")).unwrap();
    let directory = Directory::open(&root).unwrap();
    let paths = ["index.js", "lib/a.js", "link.js"];
    let files: Vec<_> = paths
        .iter()
        .map(|path| ((*path).to_owned(), Fingerprint::from(&directory.module(path).unwrap().metadata().unwrap())))
        .collect();
    assert_eq!(directory.differ(&files), [0; 0]);
    // The same length, and the time of modification set back.
    let index = File::options().write(true).open(root.join("index.js")).unwrap();
    let modified = index.metadata().unwrap().modified().unwrap();
    fs::write(root.join("index.js"), "xedni").unwrap();
    index.set_modified(modified).unwrap();
    assert_eq!(directory.differ(&files), [0]);
    // Another file behind a link; one that is gone; one that leads out.
    fs::write(root.join("other.js"), "a").unwrap();
    fs::remove_file(root.join("link.js")).unwrap();
    symlink("other.js", root.join("link.js")).unwrap();
    fs::remove_file(root.join("lib/a.js")).unwrap();
    assert_eq!(directory.differ(&files), [0, 1, 2]);
    let outside = Fingerprint::from(&fs::metadata(place.path().join("secret.js")).unwrap());
    symlink("../secret.js", root.join("out.js")).unwrap();
    assert_eq!(directory.differ(&[("out.js".to_owned(), outside), ("../secret.js".to_owned(), outside)]), [0, 1]);
    // Another directory of the same name, and none.
    let before = vec![("other.js".to_owned(), Fingerprint::from(&fs::metadata(root.join("other.js")).unwrap()))];
    assert_eq!(directory.differ(&before), [0; 0]);
    fs::rename(&root, place.path().join("old")).unwrap();
    assert_eq!(directory.differ(&before), [0]);
    fs::create_dir(&root).unwrap();
    fs::write(root.join("other.js"), "a").unwrap();
    assert_eq!(directory.differ(&before), [0]);
}
