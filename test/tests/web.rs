//! The scripts of `test/web`: what the globals of the web platform do, each script in a process of its own. What stands in
//! a folder's `data` is there for all of its scripts to import.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_test::{Finished, Site, finish, repository};

/// What the scripts are written with; they import it as a file beside them.
const HARNESS: &str = "streams/harness.js";

fn run(script: &Path) -> Finished {
    let harness = fs::read_to_string(repository().join("test").join(HARNESS)).unwrap();
    let site = Site::new();
    site.file("harness.js", &harness);
    for data in fs::read_dir(script.with_file_name("data")).into_iter().flatten() {
        let path = data.unwrap().path();
        site.file(path.file_name().unwrap().to_str().unwrap(), &fs::read_to_string(&path).unwrap());
    }
    site.file("script.js", &fs::read_to_string(script).unwrap());
    // Scripts of Node.js's modules are programs that may import them.
    let flags: &[&str] = if script.parent().is_some_and(|folder| folder.ends_with("node")) {
        &["run", "--compatibility-flag", "nodejs_compat", "script.js"]
    } else {
        &["run", "script.js"]
    };
    let program = if flags.len() > 2 { "nano-worker" } else { "nano" };
    finish(&mut site.command(program, flags), "")
}

fn run_folder(name: &str) {
    let folder = repository().join("test/web").join(name);
    let mut scripts: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.is_file());
    scripts.sort();
    assert!(!scripts.is_empty(), "{} has no scripts", folder.display());
    for script in scripts {
        let answer = run(&script);
        let passed = answer.stdout.lines().filter(|line| line.starts_with("ok ")).count();
        // The plan is its last line: a script that ends early has none.
        let plan = format!("1..{passed}");
        let complete = answer.stdout.lines().next_back() == Some(&plan);
        assert!(
            answer.code == Some(0) && passed > 0 && complete,
            "{}: exit code {:?}\n{}{}",
            script.display(),
            answer.code,
            answer.stdout,
            answer.stderr
        );
    }
}

#[test]
fn fetch() {
    run_folder("fetch");
}

#[test]
fn html() {
    run_folder("html");
}

#[test]
fn html_rewriter() {
    run_folder("html_rewriter");
}

#[test]
fn node() {
    run_folder("node");
}

#[test]
fn lists() {
    run_folder("lists");
}

#[test]
fn crypto() {
    run_folder("crypto");
}

#[test]
fn workers() {
    run_folder("workers");
}
