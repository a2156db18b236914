//! Tests of `dev_null.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::io::{Read, Write};

use super::*;

#[test]
fn the_file_in_memory_stays_empty() {
    let mut file = File::from(empty().unwrap());
    assert!(file.write(b"something").is_err());
    assert_eq!(file.read(&mut [0]).unwrap(), 0);
}
