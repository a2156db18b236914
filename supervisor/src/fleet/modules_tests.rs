#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
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

/// Both ways to open a file must judge alike.
fn outcomes(root: &Path, path: &str) -> [Result<Bytes, ModuleError>; 2] {
    let modules = Modules::open(root).unwrap();
    let canonical = check(path).and_then(|()| open_canonical(root, path)).map(|mut file| {
        let mut source = Vec::new();
        file.read_to_end(&mut source).unwrap();
        Bytes::from(source)
    });
    [modules.source(path), canonical]
}

#[test]
fn files_of_the_app_are_read() {
    let (_place, root) = app();
    symlink("lib/a.js", root.join("inside.js")).unwrap();
    symlink("lib", root.join("linked")).unwrap();
    for (path, text) in [("index.js", "index"), ("lib/a.js", "a"), ("inside.js", "a"), ("linked/a.js", "a")] {
        for outcome in outcomes(&root, path) {
            assert_eq!(outcome.as_deref(), Ok(text.as_bytes()), "{path}");
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
    assert_eq!(Modules::open(&root).unwrap().source("huge.js"), Err(ModuleError::TooLarge));
}

#[test]
fn a_generation_keeps_what_it_read() {
    let (_place, root) = app();
    let modules = Modules::open(&root).unwrap();
    assert_eq!(modules.source("index.js").as_deref(), Ok(&b"index"[..]));
    assert!(!modules.changed());
    fs::write(root.join("lib/a.js"), "not asked for yet").unwrap();
    assert!(!modules.changed());
    fs::write(root.join("index.js"), "other").unwrap();
    assert!(modules.changed());
    assert_eq!(modules.source("index.js").as_deref(), Ok(&b"index"[..]));
    fs::write(root.join("index.js"), "index").unwrap();
    assert!(!modules.changed());
    fs::remove_file(root.join("index.js")).unwrap();
    assert!(modules.changed());
    assert_eq!(modules.source("index.js").as_deref(), Ok(&b"index"[..]));
}

#[test]
fn a_replaced_directory_is_seen() {
    let (place, root) = app();
    let modules = Modules::open(&root).unwrap();
    modules.source("index.js").unwrap();
    fs::rename(&root, place.path().join("old")).unwrap();
    assert!(modules.changed());
    assert_eq!(modules.source("lib/a.js").as_deref(), Ok(&b"a"[..]), "the generation stays with its own directory");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("index.js"), "new").unwrap();
    assert!(modules.changed());
}
