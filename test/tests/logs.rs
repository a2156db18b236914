//! `nanoctl logs` with its filters, `nanoctl log-level`, and what is known of apps that were removed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Stdio;

use nano_test::{Log, Nano, Site, app_path, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const TALKER: &str = r#"
export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    console[searchParams.get("level")](searchParams.get("word"));
    return new Response("said");
  },
};"#;

fn serve() -> (Site, Nano) {
    let site = Site::new();
    site.app("a", TALKER).app("b", TALKER);
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a" },
        { "name": "b", "hostname": "b.local", "path": "b" },
    ]));
    let nano = site.serve();
    (site, nano)
}

/// Has an app log something, and waits until it is in the log.
fn say(nano: &Nano, app: &str, level: &str, word: &str) {
    assert_eq!(nano.get(&format!("{app}.local"), &format!("/?level={level}&word={word}")).status, 200);
    until("the line in the log", || nano.ctl(&["logs", app]).stdout.contains(word).then_some(()));
}

/// The messages of `nanoctl --json logs` with these arguments that begin with `word`.
fn messages(nano: &Nano, arguments: &[&str]) -> Vec<String> {
    let answer = nano.ctl(&[&["--json", "logs"], arguments].concat());
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let lines = answer.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let messages = lines.map(|line| line["message"].as_str().unwrap().to_owned());
    messages.filter(|message| message.starts_with("word")).collect()
}

#[test]
fn filters_are_all_true_of_every_line() {
    let (_site, nano) = serve();
    for (app, level, word) in
        [("a", "log", "word-1"), ("b", "warn", "word-2"), ("a", "error", "word-3"), ("a", "warn", "word-4")]
    {
        say(&nano, app, level, word);
    }
    assert_eq!(messages(&nano, &[]), ["word-1", "word-2", "word-3", "word-4"]);
    assert_eq!(messages(&nano, &["a"]), ["word-1", "word-3", "word-4"]);
    assert_eq!(messages(&nano, &["--level", "warn"]), ["word-2", "word-3", "word-4"]);
    assert_eq!(messages(&nano, &["--level", "error", "a"]), ["word-3"]);
    assert_eq!(messages(&nano, &["--grep", "ord-[14]"]), ["word-1", "word-4"]);
    assert_eq!(messages(&nano, &["--grep", r"WARN +\[a\] word", "--since", "1h"]), ["word-4"], "as people see it");
    assert_eq!(messages(&nano, &["-n", "1", "a"]), ["word-4"]);
    assert_eq!(messages(&nano, &["-n", "2", "--level", "warn", "a"]), ["word-3", "word-4"]);
    assert_eq!(messages(&nano, &["-n", "0"]), [""; 0]);
    assert_eq!(messages(&nano, &["-n", "1000000", "b"]), ["word-2"]);
    assert_eq!(messages(&nano, &["--since", "2099-01-01T00:00:00Z"]), [""; 0]);
    assert_eq!(messages(&nano, &["--since", "2001-01-01T00:00:00+02:00", "b"]), ["word-2"]);
    for (arguments, told) in [
        (["--since", "yesterday"], "write a duration"),
        (["--grep", "("], "unclosed group"),
        (["-n", "-1"], ""),
        (["--level", "loud"], ""),
    ] {
        let refused = nano.ctl(&["logs", arguments[0], arguments[1]]);
        assert!(refused.code == Some(if told.is_empty() { 2 } else { 1 }), "{refused:?}");
        assert!(refused.stderr.contains(told), "{refused:?}");
    }
}

#[test]
fn following_keeps_the_filters() {
    let (site, nano) = serve();
    say(&nano, "a", "warn", "word-early-x");
    say(&nano, "a", "warn", "word-late-x");
    let arguments = ["--socket", "control.sock", "--json", "logs", "-f", "-n1", "--level=warn", r"--grep=-x\b", "a"];
    let mut follower = site.command("nanoctl", &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let seen = Log::collect(follower.stdout.take().unwrap());
    until("what is there", || seen.lines().iter().any(|line| line.contains("word-late-x")).then_some(()));
    for (app, level, word) in
        [("a", "log", "word-5-x"), ("b", "warn", "word-6-x"), ("a", "warn", "word-7-y"), ("a", "warn", "word-8-x")]
    {
        say(&nano, app, level, word);
    }
    until("the last line", || seen.lines().iter().any(|line| line.contains("word-8-x")).then_some(()));
    let lines = seen.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn a_removed_app_s_lines_and_deaths_are_known() {
    let site = Site::new();
    site.app("a", TALKER);
    let stays = json!({ "name": "a", "hostname": "a.local", "path": "a" });
    let goes = json!({ "name": "b", "hostname": "b.local", "path": app_path("faults") });
    site.apps(json!([stays, goes]));
    let nano = site.serve();
    nano.get("b.local", "/log?word=before");
    kill(Pid::from_raw(nano.pid_of("b")), Signal::SIGKILL).unwrap();
    until("a record of its death", || nano.ctl(&["why", "b"]).stdout.contains("ended:").then_some(()));
    until("its line", || nano.ctl(&["logs", "b"]).stdout.contains("info says before").then_some(()));
    site.apps(json!([stays]));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert!(nano.ctl(&["logs", "--grep", "says before", "b"]).stdout.contains("info says before"));
    let why = nano.ctl(&["why", "b"]);
    assert!(why.code == Some(0) && why.stdout.contains("ended:"), "{why:?}");
    let unknown = nano.ctl(&["logs", "never-there"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("there is no app"), "{unknown:?}");
}

#[test]
fn the_level_is_another_until_the_configuration_s_changes() {
    let (site, nano) = serve();
    assert_eq!(nano.get("a.local", "/?level=debug&word=word-unheard").status, 200);
    assert_eq!(
        nano.ctl_json(&["log-level", "debug"]),
        json!({ "level": "debug", "was": "info", "configured": "info" })
    );
    say(&nano, "a", "debug", "word-heard");
    assert_eq!(messages(&nano, &["a"]), ["word-heard"]);
    // A reload of something else leaves it alone.
    site.app("b", &TALKER.replace("said", "says"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(
        nano.ctl(&["log-level"]).stdout,
        "debug (the configuration has info, which is back at the next start)\n"
    );
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(site.config_path()).unwrap()).unwrap();
    config["log"] = json!({ "level": "warn" });
    site.config(config);
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.ctl(&["log-level"]).stdout, "warn\n");
    assert!(nano.ctl(&["status"]).stdout.contains("log level"));
    assert_eq!(nano.ctl(&["log-level", "loud"]).code, Some(2));
}
