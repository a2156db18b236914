//! Commands of a user who has never seen nano: it does what is meant, or says what to do.

use std::fs;

use crate::nano::{Nano, Site, text};

/// The exit code, and everything that was said.
fn said(site: &Site, program: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = site.run(program, arguments);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn nano_says_what_was_meant() {
    let site = Site::new();
    site.app("a", "respond x").app("empty/config", "").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    fs::copy(site.path("nano.json"), site.path("empty/nano.json")).unwrap();
    for (arguments, code, part) in [
        (&["srve"][..], 2, "did you mean `nano serve`?"),
        (&["chekc", "nano.json"], 2, "did you mean `nano check`?"),
        (&["nano.json", "other.json"], 2, "other.json is one too many"),
        (&["reload"], 2, "`nanoctl reload`"),
        (&["nano.jsn"], 2, "did you mean nano.json?"),
        (&["frobnicate"], 2, "(commands are serve, dev, run, repl, check, import, version"),
        (&["a"], 2, "`nano serve a` serves it as an app"),
        (&["empty"], 2, "`nano empty/nano.json` the apps of its config"),
        (&["a/index.js"], 2, "`nano run a/index.js` runs it, `nano serve a/index.js` serves it as an app"),
        (&["nanno.json"], 1, "did you mean nano.json?"),
        (&["serve"], 2, "there is a nano.json here: `nano serve nano.json`"),
        (&[], 2, "there is a nano.json here"),
        (&["serve", "nano.jsn"], 2, "did you mean nano.json?"),
        (&["serve", "nano.json", "--port", "80"], 2, "a config file says its own"),
        (&["serve", "nano.json", "--app", "a"], 2, "cannot be used with"),
        (&["serve", "--config", "a/index.js"], 1, "`nano serve --app a/index.js` serves a module as an app"),
        (&["serve", "--config", "a"], 1, "`nano serve --app a` serves one app"),
        (&["serve", "--app", "nano.json"], 1, "neither a directory nor a .js or .mjs file"),
        (&["check"], 2, "FILE.json"),
        (&["check", "empty"], 1, "did you mean empty/nano.json?"),
        (&["run"], 2, "SCRIPT"),
        (&["run", "nano.json"], 2, "`nano serve nano.json` serves a config file"),
        (&["\u{1b}[2J"], 2, "\\u{1b}[2J"),
        (&["version"], 0, concat!("nano ", env!("CARGO_PKG_VERSION"))),
        (&["--version"], 0, concat!("nano ", env!("CARGO_PKG_VERSION"))),
        (&["help"], 0, "Exit codes: 0 done"),
        (&["serve", "--help"], 0, "FILE.json|DIR"),
    ] {
        let (ended, text) = said(&site, "nano", arguments);
        assert!(ended == Some(code) && text.contains(part), "{arguments:?}: {ended:?} {text}");
    }
}

#[test]
fn nanoctl_says_what_was_meant() {
    let site = Site::new();
    for (arguments, code, part) in [
        (&["relaod"][..], 2, "'reload'"),
        (&["stauts"], 2, "'status'"),
        (&["serve", "nano.json"], 2, "`serve` is a command of nano: `nano serve`"),
        (&[], 2, "Usage"),
        (&["restart"], 2, "<APP>"),
        (&["--help"], 0, "3 no nano answers"),
        (&["status"], 3, "no nano answers at"),
    ] {
        let (ended, text) = said(&site, "nanoctl", arguments);
        assert!(ended == Some(code) && text.contains(part), "{arguments:?}: {ended:?} {text}");
    }
}

#[test]
fn serve_takes_a_config_or_an_app_as_it_is() {
    let site = Site::new();
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let command = site.command("nano");
    let nano = Nano::spawn(site, |own| {
        *own = command;
        own.args(["serve", "nano.json"]).stderr(std::process::Stdio::piped());
    });
    nano.log("\"message\":\"control listening\"");
    assert_eq!(nano.get("a", "/").0, 200);
    // The other form, as far as these workers go without a sandbox.
    if nix::unistd::geteuid().is_root() {
        let (ended, text) = said(&nano.site, "nano", &["serve", "a", "--port", "0"]);
        assert!(ended == Some(1) && text.contains("app \"default\" cannot be started"), "{text}");
    }
}
