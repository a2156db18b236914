//! Tests of `process.rs`.

use super::{descendants, find_in_memory, find_in_start, runs};
use crate::until;
use std::process::{Command, Stdio};

#[test]
fn a_word_in_memory_environment_or_arguments_is_found() {
    let own = i32::try_from(std::process::id()).unwrap();
    // Put together here, so that it stands in the heap alone and not among the constants.
    let word: String = "needle in memory".chars().rev().collect();
    let wide: Vec<u16> = "nur sechzehn Bits".chars().rev().collect::<String>().encode_utf16().collect();
    let absent: String = "no such thing".chars().map(|c| if c == ' ' { '_' } else { c }).collect();
    let wide_word = String::from_utf16(&wide).unwrap();
    assert_eq!(find_in_memory(own, &[&word, &wide_word]).unwrap(), [0, 1]);
    assert!(find_in_start(own, &[&absent]).unwrap().is_empty());

    let mut child = Command::new("sleep").arg("60").env("SECRET", &absent).stdout(Stdio::null()).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    assert!(descendants(own).contains(&pid));
    // It is there a moment before its environment is.
    until("its environment", || (find_in_start(pid, &[&absent, &word]).unwrap() == [0]).then_some(()));
    assert!(runs(pid));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!runs(pid));
}
