//! The web APIs as programs see them: each script of `web_apis/` runs in a real `nano-worker run`, and what it prints is compared
//! with the `.expected.txt` beside it. Where a script says so, that text is what Node prints.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn check(name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web_apis");
    let script = directory.join(format!("{name}.mjs"));
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nano-worker"))
        .arg("run")
        .arg(&script)
        .stdin(Stdio::null())
        // One stream for both, so that the order between them counts.
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    let (done, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(std::io::read_to_string(reader).unwrap()));
    let Ok(printed) = end.recv_timeout(Duration::from_secs(90)) else {
        child.kill().unwrap();
        panic!("waited in vain for the end of {}", script.display());
    };
    let status = child.wait().unwrap();
    let expected = fs::read_to_string(directory.join(format!("{name}.expected.txt"))).unwrap();
    if let Some((line, (printed, expected))) = first_difference(&printed, &expected) {
        panic!("{}: line {line}\nprinted:  {printed}\nexpected: {expected}", script.display());
    }
    assert!(status.success(), "{}: {status}", script.display());
}

/// The number of the first line that differs, and both lines.
fn first_difference<'a>(printed: &'a str, expected: &'a str) -> Option<(usize, (&'a str, &'a str))> {
    let count = printed.lines().count().max(expected.lines().count());
    let pairs = (0..count).map(|line| {
        let at = |text: &'a str| text.lines().nth(line).unwrap_or("(nothing)");
        (line + 1, (at(printed), at(expected)))
    });
    pairs.into_iter().find(|(_, (printed, expected))| printed != expected)
}

/// Every script has its test below: a file that is only added is not forgotten.
const SCRIPTS: [&str; 8] = ["blob", "clone", "console", "encoding", "events", "hostile", "inspect", "url"];

#[test]
fn every_script_is_run() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web_apis");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let scripts: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "mjs")).collect();
    let mut names: Vec<_> = scripts.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, SCRIPTS);
}

#[test]
fn inspect_prints_as_node_does() {
    check("inspect");
}

#[test]
fn the_console_prints_as_node_does() {
    check("console");
}

#[test]
fn hostile_values_do_not_break_the_console() {
    check("hostile");
}

#[test]
fn urls() {
    check("url");
}

#[test]
fn encodings() {
    check("encoding");
}

#[test]
fn events_and_abort_signals() {
    check("events");
}

#[test]
fn clones_random_numbers_and_the_clock() {
    check("clone");
}

#[test]
fn blobs_files_and_forms() {
    check("blob");
}
