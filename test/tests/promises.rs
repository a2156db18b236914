//! SPECIFICATION.md against the tests: every promise names a test that exists.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use nano_test::repository;

#[test]
fn every_promise_names_a_test_that_exists() {
    let text = fs::read_to_string(repository().join("SPECIFICATION.md")).unwrap();
    let mut faults = Vec::new();
    let promises: Vec<_> = text.lines().filter(|line| line.starts_with("- ")).collect();
    for promise in &promises {
        // The attacker is one program with trials of its own; a package is tried by a script.
        let script = promise.split('`').find(|quoted| quoted.starts_with("test/") && quoted.ends_with(".py"));
        if script.is_some_and(|script| repository().join(script).is_file()) {
            continue;
        }
        let mut proofs = promise.split('`').filter_map(|quoted| quoted.split_once(".rs: ")).peekable();
        if proofs.peek().is_none() && !promise.contains("`worker/tests/attacker/main.rs`") {
            faults.push(format!("no test: {promise}"));
        }
        for (file, test) in proofs {
            let source = fs::read_to_string(repository().join(format!("{file}.rs"))).unwrap_or_default();
            let functions: Vec<_> =
                source.split("#[test]\n").skip(1).map(|rest| rest.split('{').next().unwrap()).collect();
            if !functions.iter().any(|head| head.contains(&format!("fn {test}("))) {
                faults.push(format!("{file}.rs has no test {test}"));
            }
        }
    }
    assert!(promises.len() > 30, "only {} promises were found: has the file's form changed?", promises.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
