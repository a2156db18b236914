//! Upgrades to what does not serve: the nano that runs goes on, and says why.

use crate::{end, install, main_pid, refused, serve, site, upgrade};
use nano_test::{Nano, Site, binary, until};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

/// Installs a script.
fn install_script(site: &Site, text: &str) {
    site.file("bin/script", &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(site.path("bin/script"), fs::Permissions::from_mode(0o755)).unwrap();
    install(site, &site.path("bin/script"));
}

/// All is as it was.
fn goes_on(nano: &Nano, pid: i32, worker: i32) {
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert_eq!((main_pid(nano), nano.pid_of("a")), (pid, worker));
    assert_eq!(nano.probe("/readyz").status, 200);
    until("no other process is left", || {
        let others = nano_test::process::descendants(nano.pid()).into_iter();
        let name = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        (others.filter(|pid| name(pid).contains("take-over") || name(pid).contains("sleep")).count() == 0).then_some(())
    });
}

#[test]
fn a_program_that_is_no_nano_changes_nothing() {
    let site = site();
    let nano = serve(&site);
    let (pid, worker) = (main_pid(&nano), nano.pid_of("a"));
    install_script(&site, "echo 'no such library: libnano.so' >&2; exit 1");
    let why = refused(&nano, &[]);
    assert!(why.contains("exit status 1") && why.contains("it said: no such library: libnano.so"), "{why}");
    goes_on(&nano, pid, worker);
    // As a nano of before this command ends.
    install_script(&site, "echo \"error: unexpected argument '$4' found\" >&2; exit 2");
    let why = refused(&nano, &[]);
    assert!(why.contains("exit status 2") && why.contains("unexpected argument"), "{why}");
    install_script(&site, "kill -SEGV $$");
    let why = refused(&nano, &[]);
    assert!(why.contains("signal 11"), "{why}");
    install_script(&site, "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 0");
    let why = refused(&nano, &[]);
    assert!(why.len() < 4000 && why.contains("exit status 0"), "{}", why.len());
    install(&site, &site.path("bin/gone"));
    let why = refused(&nano, &[]);
    assert!(why.contains("it cannot be executed: No such file"), "{why}");
    goes_on(&nano, pid, worker);
    // And then one that is.
    install(&site, &binary("nano"));
    upgrade(&nano);
    assert_ne!(main_pid(&nano), pid);
    end(nano);
}

#[test]
fn one_that_never_gets_ready_is_ended() {
    let site = site();
    let nano = serve(&site);
    let (pid, worker) = (main_pid(&nano), nano.pid_of("a"));
    install_script(&site, "trap '' TERM; echo 'one moment' >&2; sleep 1000; sleep 1000");
    let begun = Instant::now();
    let why = refused(&nano, &["--timeout", "1"]);
    assert!(begun.elapsed().as_secs_f64() >= 1.0);
    assert!(why.contains("not ready within 1 s") && why.contains("it said: one moment"), "{why}");
    goes_on(&nano, pid, worker);
    // One that says what is not understood.
    install_script(&site, "echo nonsense >&0; sleep 1000");
    let why = refused(&nano, &[]);
    assert!(why.contains("not understood"), "{why}");
    goes_on(&nano, pid, worker);
    end(nano);
}

#[test]
fn one_whose_configuration_or_app_has_become_wrong_says_so() {
    let site = site();
    let nano = serve(&site);
    let (pid, worker) = (main_pid(&nano), nano.pid_of("a"));
    let good = fs::read_to_string(site.config_path()).unwrap();
    site.file("nano.json", &good.replace("\"hostname\"", "\"hostnam\""));
    let why = refused(&nano, &[]);
    assert!(why.contains("nano.json:") && why.contains("hostnam"), "{why}");
    goes_on(&nano, pid, worker);
    let app = fs::read_to_string(site.path("a/index.js")).unwrap();
    site.file("nano.json", &good).app("a", "export default {");
    let why = refused(&nano, &[]);
    assert!(why.contains("index.js:") && why.contains("SyntaxError"), "{why}");
    goes_on(&nano, pid, worker);
    // An app whose start never ends.
    site.app("a", "await new Promise(() => setTimeout(() => {}, 1e9)); export default {}");
    let why = refused(&nano, &["--timeout", "2"]);
    assert!(why.contains("not ready within 2 s"), "{why}");
    goes_on(&nano, pid, worker);
    // An address that another process has.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    site.app("a", &app);
    site.config(json!({
        "listen": ["127.0.0.1:0", taken.local_addr().unwrap().to_string()],
        "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }],
    }));
    let why = refused(&nano, &[]);
    assert!(why.contains("in use by another process"), "{why}");
    goes_on(&nano, pid, worker);
    site.config(json!({
        "control_socket": site.path("elsewhere.sock"),
        "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }],
    }));
    let why = refused(&nano, &[]);
    assert!(why.contains("the control socket would be at") && why.contains("elsewhere.sock"), "{why}");
    goes_on(&nano, pid, worker);
    assert!(!site.path("elsewhere.sock").exists());
    site.file("nano.json", &good);
    upgrade(&nano);
    end(nano);
}

#[test]
fn usage_and_absence_have_their_codes() {
    let site = site();
    let ctl = |arguments: &[&str]| nano_test::finish(&mut site.command("nanoctl", arguments), "");
    for wrong in [&["upgrade", "now"][..], &["upgrade", "--timeout", "0"], &["upgrade", "--timeout", "soon"]] {
        assert_eq!(ctl(wrong).code, Some(2), "{wrong:?}");
    }
    let socket = site.path("nobody.sock");
    assert_eq!(ctl(&["--socket", socket.to_str().unwrap(), "upgrade"]).code, Some(3));
    let by_hand = nano_test::finish(&mut site.command("nano", &["serve", "--config", "nano.json", "--take-over"]), "");
    assert!(by_hand.code == Some(1) && by_hand.stderr.contains("`nanoctl upgrade`"), "{by_hand:?}");
}
