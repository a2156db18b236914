//! Secrets: values of `env` that are read from files and from the environment. They reach their app and nothing else, a reload
//! reads them anew, and what is wrong with them is said without them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, finish, until};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// Tells its secrets, and changes nothing.
const APP: &str = "export default { fetch: (_, env) => Response.json(env) };";

const IN_FILE: &str = "s3cr3t-of-a-file";
const IN_VARIABLE: &str = "s3cr3t-of-a-variable";
const INLINE: &str = "s3cr3t-written-inline";

fn site(watch: bool) -> Site {
    let site = Site::new();
    site.app("a", APP).file("secrets/token", &format!("{IN_FILE}\n"));
    configure(
        &site,
        watch,
        &json!({
            "TOKEN": { "file": "secrets/token" }, "VARIABLE": { "env": "NANO_TEST_SECRET" }, "INLINE": INLINE,
        }),
    );
    site
}

fn configure(site: &Site, watch: bool, env: &Value) {
    site.config(json!({
        "watch": watch, "log": { "level": "trace" },
        "apps": [{ "name": "a", "hostname": "a.local", "path": "a", "env": env }],
    }));
}

fn serve(site: &Site) -> Nano {
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("NANO_TEST_SECRET", IN_VARIABLE);
    site.serve_with(command)
}

fn token(nano: &Nano) -> Value {
    nano.get("a.local", "/").json()["TOKEN"].clone()
}

#[test]
fn they_reach_the_app_and_nothing_that_nano_says() {
    let site = site(false);
    let nano = serve(&site);
    let told = nano.get("a.local", "/").json();
    assert_eq!(told, json!({ "TOKEN": IN_FILE, "VARIABLE": IN_VARIABLE, "INLINE": INLINE }));
    // What may be asked of a nano, while everything is logged; one reload changes a secret, one fails.
    let mut said = Vec::new();
    let mut ask = |arguments: &[&str]| {
        for form in [arguments.to_vec(), [&["--json"], arguments].concat()] {
            let answer = nano.ctl(&form);
            assert_ne!(answer.code, Some(2), "{form:?}: {answer:?}");
            said.push((format!("nanoctl {form:?}"), answer.stdout + &answer.stderr));
        }
    };
    for arguments in [
        &["status"][..],
        &["apps"],
        &["why", "a"],
        &["metrics"],
        &["reload", "--dry-run"],
        &["reload"],
        &["restart", "a"],
        &["logs"],
    ] {
        ask(arguments);
    }
    site.file("secrets/token", "s3cr3t-that-is-new");
    ask(&["reload", "--dry-run"]);
    ask(&["reload"]);
    site.file("secrets/token", &"s3cr3t-that-is-large".repeat(10_000));
    ask(&["reload"]);
    assert!(said.last().unwrap().1.contains("larger than a secret may be"), "{:?}", said.last());
    assert!(
        said.iter().any(|(what, text)| what.contains("dry") && text.contains("env")),
        "the change is not told: {said:?}"
    );
    let check = finish(site.command("nano", &["check", "nano.json"]).env("NANO_TEST_SECRET", IN_VARIABLE), "");
    said.push(("nano check".to_owned(), check.stdout + &check.stderr));
    nano.get("a.local", "/");
    said.push(("the log".to_owned(), nano.log.lines().join("\n")));
    for (what, text) in said {
        assert!(!text.contains("s3cr3t"), "{what}: {text}");
    }
}

#[test]
fn a_reload_reads_them_anew_and_only_a_change_makes_new_workers() {
    let site = site(false);
    let nano = serve(&site);
    let before = nano.pid_of("a");
    // The same secret in another spelling.
    site.file("secrets/token", &format!("{IN_FILE}\r\n"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.pids("a"), [before]);
    site.file("secrets/token", "another\n");
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code == Some(0) && reload.stdout.contains("env"), "{reload:?}");
    assert_eq!(token(&nano), "another");
    fs::remove_file(site.path("secrets/token")).unwrap();
    let failed = nano.ctl(&["reload"]);
    assert!(
        failed.code == Some(1) && failed.stderr.contains("apps[0].env.TOKEN: the secret cannot be had"),
        "{failed:?}"
    );
    assert_eq!(token(&nano), "another", "it serves on");
}

#[test]
fn a_watched_file_is_enough() {
    let site = site(true);
    let nano = serve(&site);
    assert_eq!(token(&nano), IN_FILE);
    site.file("secrets/token", "watched");
    until("the new secret", || (token(&nano) == "watched").then_some(()));
    // Gone, and there again.
    fs::remove_file(site.path("secrets/token")).unwrap();
    nano.log.wait_for_text("reload failed");
    site.file("secrets/token", "back");
    until("the secret that is back", || (token(&nano) == "back").then_some(()));
}

#[test]
fn systemds_credentials_are_found_by_their_names() {
    let site = site(false);
    site.file("credentials/db", "from systemd");
    configure(&site, false, &json!({ "TOKEN": { "file": "db" } }));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("CREDENTIALS_DIRECTORY", site.path("credentials"));
    assert_eq!(token(&site.serve_with(command)), "from systemd");
}

#[test]
fn what_cannot_be_had_is_named_with_its_place() {
    let site = site(false);
    for (secret, said) in [
        (json!({ "file": "nowhere" }), "apps[0].env.X: the secret cannot be had: there is no "),
        (json!({ "file": "a" }), "/a is not a file"),
        (json!({ "env": "NANO_NO_SUCH_VARIABLE" }), "the environment of nano has no NANO_NO_SUCH_VARIABLE"),
        (json!({ "env": "NANO_EMPTY" }), "the environment variable NANO_EMPTY is empty"),
    ] {
        configure(&site, false, &json!({ "X": secret }));
        for arguments in [&["check", "nano.json"][..], &["serve", "--config", "nano.json"]] {
            let failed = finish(site.command("nano", arguments).env("NANO_EMPTY", ""), "");
            assert!(failed.code == Some(1) && failed.stderr.contains(said), "{failed:?}");
            assert!(failed.stderr.contains("nano.json:") && !failed.stderr.contains("s3cr3t"), "{failed:?}");
        }
    }
}

#[test]
fn secrets_in_a_file_for_everybody_are_warned_of() {
    let site = site(false);
    let open = |mode| fs::set_permissions(site.config_path(), Permissions::from_mode(mode)).unwrap();
    let check = || {
        let checked = finish(site.command("nano", &["check", "nano.json"]).env("NANO_TEST_SECRET", IN_VARIABLE), "");
        assert_eq!(checked.code, Some(0), "{checked:?}");
        checked.stderr
    };
    configure(&site, false, &json!({ "API_TOKEN": INLINE, "CURRENCY": "of the whole world" }));
    fs::set_permissions(site.folder(), Permissions::from_mode(0o755)).unwrap();
    open(0o640);
    assert_eq!(check(), "");
    open(0o644);
    let warned = check();
    for part in
        ["warning: nano.json:", "apps[0].env.API_TOKEN: it looks like a secret", "mode 0644", "chmod o-r nano.json"]
    {
        assert!(warned.contains(part), "{part:?} in {warned:?}");
    }
    assert!(!warned.contains("s3cr3t"));
    let nano = serve(&site);
    nano.log.wait_for_text("it looks like a secret");
    assert_eq!(nano.log.count("s3cr3t"), 0);
}
