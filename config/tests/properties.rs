//! Whatever stands in the file: an answer, never a panic.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::{HostName, HostPattern, load, parse, split_host_port};
use proptest::prelude::*;
use tempfile::TempDir;

const GOOD: &str = r#"{
  "$schema": "./nano.schema.json", "port": 8080, "listen": ["127.0.0.1:80", "unix:/run/x.sock"], "metrics": "off",
  "control_socket": "x.sock", "control_group": "x", "log": {"format": "json", "level": "info", "access": true}, "drain_ms": 30000,
  "sandbox": "required", "uid_base": 60000, "watch": false,
  "defaults": {"env": {"A": "b"}, "max_buffer_size_mb": 0.5, "egress": ["10.0.0.0/8", "a.example:443"]},
  "apps": [
    {"name": "x", "hostname": ["a.example", "*.a.example"], "path": "a", "workers": 2, "memory_mb": 64, "cpu_ms": 10},
    {"hostname": "*", "path": "a", "request_accessors": "auto", "compatibility_flags": ["nodejs_als"], "idle_ms": 5, "max_body_mb": 1, "timeout_ms": 1}
  ]
}
"#;

fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    dir
}

/// Parses; the places of the faults are in the text and in order.
fn check(text: &str) -> Result<(), TestCaseError> {
    // No app is found here, which is one more fault; the rest is the same.
    if let Err(error) = parse(text, Path::new("/nonexistent/nano.json"), Path::new("/nonexistent")) {
        prop_assert!(!error.diagnostics().is_empty());
        prop_assert_eq!(error.to_string().lines().count(), error.diagnostics().len());
        let lines: Vec<&str> = text.split('\n').collect();
        let mut before = (0, 0);
        for fault in error.diagnostics() {
            prop_assert!((fault.line, fault.column) >= before);
            before = (fault.line, fault.column);
            let line = lines.get(fault.line - 1);
            prop_assert!(line.is_some_and(|line| fault.column <= line.chars().count() + 1), "{}", fault);
        }
    }
    Ok(())
}

#[test]
fn the_good_one_is_good() {
    parse(GOOD, Path::new("nano.json"), directory().path()).unwrap();
}

proptest! {
    #[test]
    fn any_text(text: String) {
        check(&text)?;
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let dir = directory();
        fs::write(dir.path().join("nano.json"), bytes).unwrap();
        prop_assert!(load(&dir.path().join("nano.json")).is_err());
    }

    #[test]
    fn a_good_one_with_slips(
        slips in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, r#"[\[\]{}",:\\0-9a-z*. \-\n]{0,3}|\PC"#), 1..4)
    ) {
        let mut chars: Vec<char> = GOOD.chars().collect();
        for (at, remove, insert) in slips {
            let at = at.index(chars.len());
            let end = (at + remove).min(chars.len());
            chars.splice(at..end, insert.chars());
        }
        check(&chars.into_iter().collect::<String>())?;
    }

    /// One value or key replaced by another piece of JSON, so that it stays JSON and reaches every check.
    #[test]
    fn a_good_one_with_other_values(
        at: prop::sample::Index,
        other in prop_oneof![
            Just("null".to_owned()), Just("[]".to_owned()), Just("{}".to_owned()), Just("[[1]]".to_owned()),
            Just("{\"a\":{}}".to_owned()), Just("true".to_owned()),
            any::<i128>().prop_map(|number| number.to_string()), any::<f64>().prop_filter_map("finite", |number| serde_json::to_string(&number).ok()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ]
    ) {
        // The pieces between punctuation: numbers, words, strings.
        let pieces: Vec<(usize, &str)> = GOOD
            .match_indices(|char: char| char == '"' || char.is_ascii_digit() || char == 't' || char == 'f')
            .filter(|(at, _)| GOOD[..*at].ends_with([' ', '[', '{']))
            .collect();
        let (start, _) = pieces[at.index(pieces.len())];
        let rest = &GOOD[start..];
        let end = match rest.strip_prefix('"') {
            Some(inside) => inside.find('"').unwrap() + 2,
            None => rest.find([',', '}', ']', '\n']).unwrap(),
        };
        let text = format!("{}{other}{}", &GOOD[..start], &rest[end..]);
        check(&text)?;
    }

    #[test]
    fn any_host(text in r"\PC{0,40}|[a-zA-Z0-9.:\[\]@*\- _%]{0,40}") {
        if let Ok((host, _)) = split_host_port(&text)
            && let Ok(host) = HostName::parse(host)
        {
            let again = HostName::parse(host.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&host), "the normal form is its own");
            prop_assert!(host.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
            prop_assert!(host.as_str().len() <= 253);
            for suffix in host.suffixes() {
                if let Ok(pattern) = HostPattern::parse(&format!("*.{suffix}")) {
                    prop_assert!(pattern.matches(&host));
                }
            }
        }
        if let Ok(pattern) = HostPattern::parse(&text) {
            prop_assert_eq!(HostPattern::parse(pattern.as_str()), Ok(pattern));
        }
    }
}
