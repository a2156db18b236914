//! The exit codes that people and scripts rely on, of all three programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_protocol::ExitCode::{Done, Failed, NoSupervisor, Usage};
use nano_test::{Site, app_path, finish};
use serde_json::json;

#[test]
fn each_program_says_with_its_exit_code_how_it_went() {
    let site = Site::new();
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": app_path("faults") }]));
    site.file("broken.json", r#"{ "apps": [] }"#);
    site.file("fine.js", "console.log('fine');");
    site.file("throws.js", "throw new Error('no');");
    let config = site.config_path();
    let config = config.to_str().unwrap();
    let cases: &[(&str, &[&str], nano_protocol::ExitCode)] = &[
        ("nano", &["--version"], Done),
        ("nano", &["--help"], Done),
        ("nano", &["check", config], Done),
        ("nano", &["run", "fine.js"], Done),
        ("nano", &["check", "broken.json"], Failed),
        ("nano", &["check", "gone.json"], Failed),
        ("nano", &["serve", "broken.json"], Failed),
        ("nano", &["run", "throws.js"], Failed),
        ("nano", &["run", "gone.js"], Failed),
        ("nano", &[], Usage),
        ("nano", &["check"], Usage),
        ("nano", &["serve", "--no-such-option"], Usage),
        ("nano", &["no-such-command"], Usage),
        ("nanoctl", &["--help"], Done),
        ("nanoctl", &["check", config], Done),
        ("nanoctl", &["check", "broken.json"], Failed),
        ("nanoctl", &[], Usage),
        ("nanoctl", &["no-such-command"], Usage),
        ("nanoctl", &["--socket", "gone.sock", "status"], NoSupervisor),
        ("nanoctl", &["--socket", "gone.sock", "reload"], NoSupervisor),
        ("nano-worker", &["--version"], Done),
        ("nano-worker", &["run", "fine.js"], Done),
        ("nano-worker", &["run", "throws.js"], Failed),
        ("nano-worker", &["run", "--no-such-option", "fine.js"], Usage),
        ("nano-worker", &["repl", "an argument"], Usage),
        ("nano-worker", &["no-such-command"], Usage),
        ("nano-worker", &["serve", "by", "hand"], Usage),
    ];
    for (program, arguments, code) in cases {
        let answer = finish(&mut site.command(program, arguments), "");
        assert_eq!(answer.code, Some((*code).into()), "{program} {arguments:?}: {answer:?}");
        if *code != Done {
            assert!(!answer.stderr.is_empty(), "{program} {arguments:?} does not say why");
        }
    }
}

#[test]
fn help_names_them() {
    let site = Site::new();
    for (program, codes) in [("nano", &[Done, Failed, Usage][..]), ("nanoctl", &[Done, Failed, Usage, NoSupervisor])] {
        let help = finish(&mut site.command(program, &["--help"]), "").stdout;
        let line = help.lines().find(|line| line.starts_with("Exit codes: ")).unwrap();
        let listed = line.trim_start_matches("Exit codes: ").split("; ");
        let numbers: Vec<i32> = listed.map(|entry| entry.split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, codes.iter().map(|code| i32::from(*code)).collect::<Vec<_>>(), "{program}: {line}");
    }
}
