//! The text of a configuration: an answer, never a panic; each fault is one line and stands in the text; what is accepted
//! is in range, and accepted again as the same.

#![no_main]

use std::path::Path;
use std::str::from_utf8;

use libfuzzer_sys::{Corpus, fuzz_target};
use nano_config::{ConfigError, HostPattern, MAX_FILE_BYTES, ReloadPlan, parse};

/// Holds `app/index.js`, so that a configuration can be right.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/site");

fn faults_stand_in_the_text(text: &str, error: &ConfigError) {
    assert!(!error.diagnostics().is_empty());
    assert_eq!(error.to_string().lines().count(), error.diagnostics().len(), "a fault is one line");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let mut before = (0, 0);
    for fault in error.diagnostics() {
        assert!((fault.line, fault.column) >= before, "in the order of the text");
        before = (fault.line, fault.column);
        let line = lines.get(fault.line.checked_sub(1).expect("a line")).expect("a line of the text");
        assert!((1..=line.chars().count() + 1).contains(&fault.column), "{fault}");
        assert!(!fault.to_string().chars().any(char::is_control), "{fault:?}");
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = from_utf8(data) else { return Corpus::Reject };
    assert!(text.len() <= MAX_FILE_BYTES);
    let (file, cwd) = (Path::new("nano.json"), Path::new(DIRECTORY));
    match parse(text, file, cwd) {
        Err(error) => faults_stand_in_the_text(text, &error),
        Ok(config) => {
            assert!(!config.apps.is_empty());
            let mut names: Vec<_> = config.apps.iter().map(|app| &app.name).collect();
            let mut hosts: Vec<&HostPattern> = config.apps.iter().flat_map(|app| &app.hostnames).collect();
            names.sort();
            hosts.sort();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two apps of one name");
            assert!(hosts.windows(2).all(|pair| pair[0] != pair[1]), "two apps of one host");
            let again = parse(text, file, cwd).expect("what was right stays right");
            assert_eq!(config, again);
            assert!(ReloadPlan::between(&config, &again).is_empty(), "nothing changed");
        }
    }
    Corpus::Keep
});
