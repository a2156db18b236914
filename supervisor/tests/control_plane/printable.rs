//! Text of apps is escaped wherever a terminal may show it.

use std::fs;
use std::process::Output;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::nano::{Nano, Site, eventually, text};

/// Clears the screen, twice, turns text round, hides, and begins a line that looks like one of nano's.
const HOSTILE: &str = "oh\u{1b}[2J\u{9b}2J\u{202e}\u{200b}\u{2028}\u{7f}\r\u{8}no";

/// The same as people see it.
const SHOWN: &str = "oh\\u{1b}[2J\\u{9b}2J\\u{202e}\\u{200b}\\u{2028}\\u{7f}\\r\\u{8}no";

/// Nothing of it may be left.
fn is_quiet(shown: &str) -> bool {
    let active = |c: char| c.is_control() || "\u{202e}\u{200b}\u{2028}\u{feff}".contains(c);
    !shown.chars().any(|c| c != '\n' && active(c))
}

fn quiet(output: &Output) -> String {
    let shown = text(&output.stdout) + &text(&output.stderr);
    assert!(is_quiet(&shown), "{shown:?}");
    shown
}

/// A nano with a pretty log.
fn pretty(site: Site, script: &str) -> Nano {
    site.app("a", script).config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let config = fs::read_to_string(site.path("nano.json")).unwrap();
    let config = config.replacen("\"level\": \"debug\"", "\"level\": \"debug\", \"format\": \"pretty\"", 1);
    fs::write(site.path("nano.json"), config).unwrap();
    let nano = Nano::spawn(site, |_| {});
    nano.log("control listening");
    nano
}

#[test]
fn a_module_s_error_is_escaped_by_everything_that_shows_it() {
    let broken = format!("fail 3 7 {HOSTILE}\\nnano: nano.json: ok, 1 app loads");
    let site = Site::new();
    site.app("a", &broken).config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    for (program, arguments) in
        [("nano", &["check", "nano.json"][..]), ("nano", &["nano.json"]), ("nanoctl", &["check", "nano.json"])]
    {
        let output = site.run(program, arguments);
        assert_eq!(output.status.code(), Some(1));
        let shown = quiet(&output);
        assert!(shown.contains(&format!("index.js:3:7: {SHOWN}")), "{shown}");
        assert!(shown.contains("\n    nano: nano.json: ok") && !shown.contains("\nnano: nano.json: ok"), "{shown}");
    }
    let output = site.run("nanoctl", &["--json", "check", "nano.json"]);
    let error: serde_json::Value = serde_json::from_str(&quiet(&output)).unwrap();
    assert!(error["faults"][0]["message"].as_str().unwrap().contains(HOSTILE), "{error}");

    let nano = pretty(site, "respond x");
    nano.site.app("a", &broken);
    for (arguments, code) in [
        (&["reload"][..], 1),
        (&["restart", "a"], 1),
        (&["status"], 0),
        (&["why", "a"], 0),
        (&["logs"], 0),
        (&["--json", "status"], 0),
        (&["--json", "why", "a"], 0),
        (&["--json", "logs"], 0),
        (&["--json", "reload"], 1),
    ] {
        let output = nano.nanoctl(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let shown = quiet(&output);
        let escaped = if arguments.contains(&"--json") { "oh\\u001b[2J\\u009b2J\\u202e" } else { SHOWN };
        assert!(shown.contains(escaped), "{arguments:?}: {shown}");
        assert!(!shown.lines().any(|line| line.starts_with("nano: nano.json: ok")), "{arguments:?}: {shown}");
    }
    let log = nano.log_so_far();
    assert!(is_quiet(&log) && log.contains(SHOWN) && log.contains("\n        nano: nano.json: ok"), "{log:?}");
}

#[test]
fn an_app_s_log_lines_cannot_be_taken_for_nano_s() {
    let nano = pretty(Site::new(), &format!("respond x\nlog {HOSTILE}\nstderr {HOSTILE}"));
    let pid = i32::try_from(nano.pids("a")[0]).unwrap();
    nano.log("[a] oh");
    nano.nanoctl(&["logs"]);
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    nano.log("flight record");
    eventually("the record is kept", || !nano.ask(&["why", "a"])["records"].as_array().unwrap().is_empty());
    for arguments in [&["logs"][..], &["why", "a"], &["apps"]] {
        let shown = quiet(&nano.nanoctl(arguments));
        assert!(arguments == ["apps"] || shown.matches(SHOWN).count() >= 2, "{arguments:?}: {shown}");
    }
    assert!(is_quiet(&nano.log_so_far()), "{:?}", nano.log_so_far());
    for line in quiet(&nano.nanoctl(&["--json", "logs"])).lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}
