//! Reload: whole or not at all, under load, without a lost request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Load, Nano, Site, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn answering(text: &str) -> String {
    format!("export default {{ fetch: (request, env) => new Response({text:?} + (env.SUFFIX ?? '')) }};")
}

fn app(name: &str) -> Value {
    json!({ "name": name, "hostname": format!("{name}.local"), "path": name })
}

/// The lines of `nanoctl reload`, which must be refused.
fn refused(nano: &Nano) -> String {
    let answer = nano.ctl(&["reload"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    answer.stderr
}

fn reload(nano: &Nano) {
    let answer = nano.ctl(&["reload"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
}

#[test]
fn ten_reloads_under_load_lose_nothing_and_a_broken_one_changes_nothing() {
    let site = Site::new();
    site.app("a", &answering("a"));
    let config = |version: u32| json!([{ "name": "a", "hostname": "a.local", "path": "a", "env": { "SUFFIX": version.to_string() } }]);
    site.apps(config(0));
    let nano = site.serve();
    let load = nano.load("a.local", "/");
    until("load", || (load.served() > 100).then_some(()));
    for version in 1..=10 {
        if version == 5 {
            let broken = std::fs::read_to_string(site.config_path()).unwrap().replace("\"hostname\"", "\"hostnam\"");
            site.file("nano.json", &broken);
            let pid = nano.pid_of("a");
            let why = refused(&nano);
            let line = broken.lines().position(|line| line.contains("hostnam")).unwrap() + 1;
            assert!(why.contains(&format!("nano.json:{line}:")), "{why}");
            assert!(
                why.contains("hostnam") && why.contains("hostname"),
                "names the key, and the one that was meant: {why}"
            );
            assert_eq!(nano.pid_of("a"), pid, "the same process serves on");
            assert_eq!(nano.get("a.local", "/").text(), "a4");
            continue;
        }
        site.apps(config(version));
        reload(&nano);
        assert_eq!(nano.get("a.local", "/").text(), format!("a{version}"));
        let served = load.served();
        until("load after the reload", || (load.served() > served + 20).then_some(()));
    }
    let tally = load.stop();
    assert_eq!(tally.failures, Vec::<String>::new(), "of {} requests", tally.served);
    let metrics = nano.metrics();
    assert_eq!(metrics.sum("nano_config_reloads_total", &[]), 10.0);
    assert_eq!(metrics.get("nano_config_last_reload_successful", &[]), Some(1.0));
}

#[test]
fn requests_in_flight_finish_on_the_old_code() {
    let site = Site::new();
    let slow = |text: &str| {
        format!(
            "export default {{ async fetch() {{ console.log('begun'); await new Promise((r) => setTimeout(r, 700));              return new Response('{text}'); }} }};"
        )
    };
    site.app("a", &slow("old"));
    site.apps(json!([app("a")]));
    let nano = site.serve();
    let mut waiting = nano.connect();
    waiting.send_get("a.local", "/").unwrap();
    nano.log.wait_for_text("begun");
    site.app("a", &slow("new"));
    reload(&nano);
    assert_eq!(nano.get("a.local", "/").text(), "new");
    assert_eq!(waiting.receive().unwrap().text(), "old");
    // And the connection is still good.
    assert_eq!(waiting.get("a.local", "/").unwrap().text(), "new");
}

#[test]
fn unchanged_apps_keep_their_processes() {
    let site = Site::new();
    for name in ["a", "b", "c"] {
        site.app(name, &answering(name));
    }
    site.apps(json!([app("a"), app("b")]));
    let nano = site.serve();
    let (a, b) = (nano.pid_of("a"), nano.pid_of("b"));

    // Nothing changed at all.
    reload(&nano);
    assert_eq!((nano.pid_of("a"), nano.pid_of("b")), (a, b));

    // One app's code, a module's inside it included.
    site.app("a", "import './inner.js'; export default { fetch: () => new Response(globalThis.inner) };");
    site.file("a/inner.js", "globalThis.inner = 'inner 1';");
    reload(&nano);
    assert_eq!(nano.get("a.local", "/").text(), "inner 1");
    let changed = nano.pid_of("a");
    assert_ne!(changed, a);
    site.file("a/inner.js", "globalThis.inner = 'inner 2';");
    reload(&nano);
    assert_eq!(nano.get("a.local", "/").text(), "inner 2");
    assert_ne!(nano.pid_of("a"), changed);
    assert_eq!(nano.pid_of("b"), b);

    // One added, one gone: its series go with it.
    assert_eq!(nano.get("b.local", "/").status, 200);
    assert!(nano.metrics().get("nano_http_requests_total", &[("app", "b"), ("code", "200")]).is_some());
    site.apps(json!([app("a"), app("c")]));
    reload(&nano);
    assert_eq!(nano.get("b.local", "/").status, 404);
    assert_eq!(nano.get("c.local", "/").text(), "c");
    assert!(!nano.metrics().text.contains("app=\"b\""));
    until("the removed app's process is gone", || (!process_exists(b)).then_some(()));
}

#[test]
fn a_change_is_seen_whatever_the_file_says_of_itself() {
    let site = Site::new();
    site.app("a", &answering("old"));
    site.apps(json!([app("a")]));
    let index = site.path("a/index.js");
    let age = || index.metadata().unwrap().modified().unwrap().elapsed();
    // From then on its times tell every change; before, its content is compared.
    until("the file is old", || age().is_ok_and(|age| age > Duration::from_secs(3)).then_some(()));
    let nano = site.serve();
    for (text, wait) in [("new", false), ("one", false), ("two", true)] {
        let file = File::options().write(true).open(&index).unwrap();
        let modified = index.metadata().unwrap().modified().unwrap();
        // In place, as long as before, and with the time of before.
        std::fs::write(&index, answering(text)).unwrap();
        file.set_modified(modified).unwrap();
        reload(&nano);
        assert_eq!(nano.get("a.local", "/").text(), text);
        let pid = nano.pid_of("a");
        if wait {
            until("the file is old", || {
                let changed = index.metadata().unwrap().ctime();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                (now > u64::try_from(changed).unwrap() + 3).then_some(())
            });
        }
        reload(&nano);
        reload(&nano);
        assert_eq!(nano.pid_of("a"), pid, "nothing changed");
    }
}

#[test]
fn a_change_of_limit_is_live() {
    let site = Site::new();
    let config = |mb: f64| json!([{ "name": "a", "hostname": "a.local", "path": nano_test::app_path("overflow"), "max_buffer_size_mb": mb }]);
    site.apps(config(1.0));
    let nano = site.serve();
    let refusal = || nano.get("a.local", "/write?bytes=600000&chunks=2").json();
    assert_eq!(refusal()["refused"], "Stream buffer size limit exceeded (max: 1MB)");
    site.apps(config(0.5));
    reload(&nano);
    assert_eq!(refusal(), json!({ "accepted": 0, "refused": "Stream buffer size limit exceeded (max: 0.5MB)" }));
    site.apps(config(2.0));
    reload(&nano);
    assert_eq!(refusal(), json!({ "accepted": 2, "refused": null }));
    assert_eq!(nano.metrics().get("nano_stream_buffer_limit_bytes", &[("app", "a")]), Some(2_097_152.0));
}

#[test]
fn code_that_does_not_start_changes_nothing() {
    let site = Site::new();
    site.app("a", &answering("good")).app("b", &answering("b"));
    site.apps(json!([app("a"), app("b")]));
    let nano = site.serve();
    let (a, b) = (nano.pid_of("a"), nano.pid_of("b"));
    let sources = [
        ("export default { fetch() { return new Response('x' };", "index.js:1"),
        ("throw new Error('not today'); export default { fetch() {} };", "not today"),
        ("import './gone.js'; export default { fetch() {} };", "gone.js"),
        ("export const fetch = 1;", "default"),
    ];
    site.app("b", &answering("b2")); // a good change beside the bad one is not applied either
    for (source, reason) in sources {
        site.app("a", source);
        let why = refused(&nano);
        assert!(why.contains(reason), "{source}: {why}");
        assert_eq!((nano.get("a.local", "/").text(), nano.get("b.local", "/").text()), ("good".into(), "b".into()));
        assert_eq!((nano.pid_of("a"), nano.pid_of("b")), (a, b));
    }
    let metrics = nano.metrics();
    assert_eq!(metrics.get("nano_config_last_reload_successful", &[]), Some(0.0));
    site.app("a", &answering("better"));
    reload(&nano);
    assert_eq!((nano.get("a.local", "/").text(), nano.get("b.local", "/").text()), ("better".into(), "b2".into()));
    assert_eq!(nano.metrics().get("nano_config_last_reload_successful", &[]), Some(1.0));
}

#[test]
fn sighup_reloads() {
    let site = Site::new();
    site.app("a", &answering("one"));
    site.apps(json!([app("a")]));
    let mut nano = site.serve();
    site.app("a", &answering("two"));
    nano.signal(Signal::SIGHUP);
    until("the new code", || (nano.get("a.local", "/").text() == "two").then_some(()));
    // A bad one by signal: the reason is in the log, and it serves on.
    site.file("nano.json", "{ \"apps\": 5 }");
    nano.signal(Signal::SIGHUP);
    nano.await_metric("nano_config_last_reload_successful", &[], 0.0);
    nano.log.wait_for_text("nano.json:1:");
    assert!(nano.is_running());
    assert_eq!(nano.get("a.local", "/").text(), "two");
}

#[test]
fn watch_reloads_by_itself() {
    let site = Site::new();
    site.app("a", &answering("one"));
    site.config(json!({ "watch": true, "apps": [app("a")] }));
    let nano = site.serve();
    let load = Load::start(nano.address, "a.local", "/", 2, |response| match response.status {
        200 => Ok(()),
        status => Err(status.to_string()),
    });
    site.app("a", &answering("two"));
    until("the new code", || (nano.get("a.local", "/").text() == "two").then_some(()));
    let mut with_env = app("a");
    with_env["env"] = json!({ "SUFFIX": "!" });
    site.config(json!({ "watch": true, "apps": [with_env] }));
    until("the new setting", || (nano.get("a.local", "/").text() == "two!").then_some(()));
    // Broken while being edited: serves on, and takes the mended one.
    site.app("a", "export default {");
    nano.await_metric("nano_config_last_reload_successful", &[], 0.0);
    assert_eq!(nano.get("a.local", "/").text(), "two!");
    site.app("a", &answering("three"));
    until("the mended code", || (nano.get("a.local", "/").text() == "three!").then_some(()));
    assert_eq!(load.stop().failures, Vec::<String>::new());
}

#[test]
fn without_watch_nothing_reloads_by_itself() {
    let site = Site::new();
    site.app("a", &answering("one"));
    site.apps(json!([app("a")]));
    let nano = site.serve();
    site.app("a", &answering("two"));
    // A worker that dies and is started again runs the code of its generation, not what lies on disk now.
    let pid = nano.pid_of("a");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    until("a new worker", || nano.pids("a").into_iter().find(|new| *new != pid));
    assert_eq!(nano.get("a.local", "/").text(), "one");
    reload(&nano);
    assert_eq!(nano.get("a.local", "/").text(), "two");
}

fn process_exists(pid: i32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
