//! `"start": "on-demand"`: an app has no process until there is a request, and its modules are checked before that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::process::descendants;
use nano_test::{Nano, Site, finish, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const HELLO: &str = "export default { fetch() { return new Response('hello') } }";

fn app(name: &str, more: Value) -> Value {
    let mut app = json!({ "name": name, "hostname": format!("{name}.local"), "path": name, "start": "on-demand" });
    app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app
}

fn state(nano: &Nano, name: &str) -> String {
    let apps = nano.ctl_json(&["apps"]);
    let apps = apps["apps"].as_array().unwrap();
    apps.iter().find(|app| app["name"] == name).unwrap()["state"].as_str().unwrap().to_owned()
}

fn starts(nano: &Nano, name: &str) -> f64 {
    nano.metrics().get("nano_worker_starts_total", &[("app", name)]).unwrap_or(0.0)
}

/// The processes of nano that check modules.
fn checkers(nano: &Nano) -> Vec<i32> {
    let name = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    descendants(nano.pid()).into_iter().filter(|pid| name(pid).starts_with(b"nano-worker: (check)")).collect()
}

#[test]
fn a_process_comes_with_the_first_request_and_stays() {
    let site = Site::new();
    site.app("a", HELLO).app("b", HELLO);
    site.apps(json!([app("a", json!({ "workers": 2 })), app("b", json!({}))]));
    let nano = site.serve();
    assert_eq!((state(&nano, "a"), state(&nano, "b")), ("idle".to_owned(), "idle".to_owned()));
    assert!(nano.workers("a").is_empty());
    assert_eq!(nano.metrics().get("nano_workers", &[("app", "a"), ("state", "exited")]), Some(2.0));
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    until("both workers of the app", || (nano.pids("a").len() == 2).then_some(()));
    assert_eq!(starts(&nano, "a"), 2.0);
    assert_eq!((state(&nano, "a"), state(&nano, "b")), ("ready".to_owned(), "idle".to_owned()));
    assert_eq!(starts(&nano, "b"), 0.0);
    let pids = nano.pids("a");
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert_eq!(nano.pids("a"), pids);
}

#[test]
fn what_does_not_compile_or_link_is_found_before_any_request() {
    let cases = [
        ("syntax", "export default {", "broken.js", "", "broken/index.js:1"),
        ("missing", "import './gone.js'; export default {}", "other.js", "", "gone.js"),
        ("export", "import { x } from './other.js'; export default { x }", "other.js", "export const y = 1;", "'x'"),
        ("inner", "import './other.js'; export default {}", "other.js", "let let = 1;", "broken/other.js:1"),
        ("outside", "import '../a/index.js'; export default {}", "other.js", "", "Cannot import"),
        ("json", "import o from './o.json' with { type: 'json' }; export default { o }", "o.json", "{", "o.json"),
    ];
    for (case, entry, other, source, told) in cases {
        let site = Site::new();
        site.app("a", HELLO).app("broken", entry).file(&format!("broken/{other}"), source);
        site.apps(json!([app("a", json!({})), app("broken", json!({}))]));
        let end = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
        assert_eq!(end.code, Some(1), "{case}: {end:?}");
        assert!(end.stderr.contains(told) && end.stderr.contains("broken"), "{case}: {end:?}");
    }
}

const OTHER: &str = "export const x = 1; export function fetch() {} export default { fetch };";

/// Why nano does not serve this app.
fn refusal(start: &str, entry: &str) -> String {
    let site = Site::new();
    site.app("a", entry).file("a/other.js", OTHER);
    site.apps(json!([app("a", json!({ "start": start }))]));
    let end = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(end.code, Some(1), "{start}: {entry}: {end:?}");
    end.stderr.split_once("\nnano: ").unwrap_or_else(|| panic!("{end:?}")).1.to_owned()
}

#[test]
fn a_module_without_a_default_export_is_refused_as_an_eager_start_refuses_it() {
    for (entry, told) in [
        ("", "no default export; nano needs"),
        ("export const x = 1;", "no default export; nano needs"),
        ("export function fetch() {}", "exports `fetch` by name"),
        ("export const fetch = async () => new Response('');", "exports `fetch` by name"),
        // A star takes all names but this one.
        ("export * from './other.js';", "exports `fetch` by name"),
        ("export { x } from './other.js';", "no default export; nano needs"),
        ("export * as other from './other.js';", "no default export; nano needs"),
    ] {
        let refused = refusal("on-demand", entry);
        assert!(refused.contains(told) && refused.contains("a/index.js"), "{entry}: {refused}");
        assert_eq!(refused, refusal("eager", entry), "{entry}");
    }
    // An eager start finds out by running it, and an on-demand one by its looks.
    for start in ["eager", "on-demand"] {
        let refused = refusal(start, "module.exports = { fetch() {} };");
        assert!(refused.contains("this is a CommonJS module"), "{start}: {refused}");
    }
}

#[test]
fn what_only_running_a_module_can_tell_is_not_held_against_it() {
    for entry in [
        "export { default } from './other.js';",
        "export { fetch as default } from './other.js';",
        "import other from './other.js'; export { other as default };",
        "import * as other from './other.js'; export { other as default };",
        "export default undefined;",
        "throw new Error('not today'); export default {};",
        "await 1; export default { fetch() {} };",
    ] {
        let site = Site::new();
        site.app("a", entry).file("a/other.js", OTHER);
        site.apps(json!([app("a", json!({}))]));
        let nano = site.serve();
        assert_eq!(state(&nano, "a"), "idle", "{entry}");
    }
}

#[test]
fn apps_with_the_same_entry_are_checked_each() {
    let site = Site::new();
    let entry = "import { one } from './lib/one.js'; export default { fetch() { return new Response(one) } }";
    let mut apps = Vec::new();
    for number in 0..20 {
        let name = format!("app{number}");
        site.app(&name, entry)
            .file(&format!("{name}/lib/one.js"), "import { two } from './two.js'; export const one = two;");
        site.file(&format!("{name}/lib/two.js"), "export const two = 'two';");
        apps.push(app(&name, json!({})));
    }
    site.apps(json!(apps));
    let nano = site.serve();
    assert_eq!(nano.get("app19.local", "/").text(), "two");
    // The same but for the last module.
    site.file("app7/lib/two.js", "export const other = 'two';");
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code != Some(0) && reload.stderr.contains("app7"), "{reload:?}");
    assert_eq!(nano.get("app7.local", "/").text(), "two", "the old version serves");
}

#[test]
fn no_code_of_an_app_runs_before_its_first_request() {
    let site = Site::new();
    site.app("a", "console.log('evaluated'); export default { fetch() { return new Response('hello') } }");
    site.apps(json!([app("a", json!({}))]));
    let nano = site.serve();
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.log.count("evaluated"), 0);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    nano.log.wait_for_text("evaluated");
}

#[test]
fn an_app_that_throws_is_refused_and_tried_again_for_requests_only() {
    let site = Site::new();
    site.app("a", "throw new Error('not today'); export default {}");
    site.apps(json!([app("a", json!({}))]));
    let nano = site.serve();
    let refused = || {
        let response = nano.get("a.local", "/");
        assert_eq!((response.status, &response.json()["code"]), (503, &json!("app_start_failed")), "{response:?}");
        assert!(response.header("retry-after").is_some(), "{response:?}");
    };
    refused();
    nano.log.wait_for_text("not today");
    until("it waits for a request", || (state(&nano, "a") == "start fails" && waits(&nano)).then_some(()));
    let tried = nano.log.count("not today");
    refused();
    until("another try", || (nano.log.count("not today") > tried).then_some(()));
    // It is mended by a reload.
    site.app("a", HELLO);
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "hello");
}

/// Whether the worker's slot of the only app waits for a request.
fn waits(nano: &Nano) -> bool {
    let apps = nano.ctl_json(&["apps"]);
    apps["apps"][0]["workers"].as_array().unwrap().iter().all(|worker| worker["waits_for_request"] == true)
}

#[test]
fn a_reload_replaces_a_running_app_by_a_running_one() {
    let site = Site::new();
    site.app("a", HELLO).app("b", HELLO);
    site.apps(json!([app("a", json!({})), app("b", json!({}))]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    let pid = nano.pid_of("a");
    site.app("a", &HELLO.replace("hello", "again")).app("b", &HELLO.replace("hello", "again"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!((state(&nano, "a"), state(&nano, "b")), ("ready".to_owned(), "idle".to_owned()));
    assert_ne!(nano.pid_of("a"), pid);
    assert_eq!(nano.get("a.local", "/").text(), "again");
    assert_eq!(nano.get("b.local", "/").text(), "again");
}

#[test]
fn idle_workers_end_and_a_killed_one_comes_back() {
    let site = Site::new();
    site.app("a", HELLO);
    site.apps(json!([app("a", json!({ "idle_ms": 500 }))]));
    let nano = site.serve();
    for _ in 0..3 {
        assert_eq!(nano.get("a.local", "/").text(), "hello");
        until("the worker's end", || (state(&nano, "a") == "idle").then_some(()));
    }
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    kill(Pid::from_raw(nano.pid_of("a")), Signal::SIGKILL).unwrap();
    assert_eq!(nano.get("a.local", "/").text(), "hello");
}

#[test]
fn a_worker_that_ended_for_idleness_is_not_started_for_nobody() {
    let site = Site::new();
    site.app("a", HELLO);
    let clock = app("a", json!({ "name": "clock", "hostname": "clock.local", "idle_ms": 500 }));
    site.apps(json!([app("a", json!({ "idle_ms": 500 })), clock]));
    let nano = site.serve();
    let ended = |name: &str| until("the worker's end", || (state(&nano, name) == "idle").then_some(()));
    for round in 1..=3 {
        assert_eq!(nano.get("a.local", "/").text(), "hello");
        ended("a");
        // A start for nobody would follow at once: it is there when another app's worker has come and gone.
        assert_eq!(nano.get("clock.local", "/").text(), "hello");
        ended("clock");
        assert!(
            (starts(&nano, "a") - f64::from(round)).abs() < 0.5,
            "{} starts for {round} requests",
            starts(&nano, "a")
        );
    }
}

#[test]
fn the_worker_that_checks_ends_and_a_crowd_of_apps_needs_one() {
    let site = Site::new();
    let mut apps = Vec::new();
    for number in 0..100 {
        let name = format!("app{number}");
        site.app(&name, &HELLO.replace("hello", &name));
        apps.push(app(&name, json!({ "memory_mb": 16 })));
    }
    site.apps(json!(apps));
    let nano = site.serve();
    assert!(checkers(&nano).len() <= 1);
    until("the end of the worker that checked", || checkers(&nano).is_empty().then_some(()));
    // All first requests at once.
    let mut connections: Vec<_> = (0..100).map(|_| nano.connect()).collect();
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.send(format!("GET / HTTP/1.1\r\nHost: app{number}.local\r\n\r\n").as_bytes()).unwrap();
    }
    for (number, connection) in connections.iter_mut().enumerate() {
        let response = connection.receive().unwrap();
        assert_eq!((response.status, response.text()), (200, format!("app{number}")), "{response:?}");
    }
}

#[test]
fn a_module_that_the_compiler_cannot_take_ends_no_other_apps_check() {
    let site = Site::new();
    // A check of this one needs more memory than there is.
    let huge = format!("export default {{}}; const x = [{}];", "[1,2,3,4],".repeat(2_000_000));
    site.app("a", HELLO).app("huge", &huge).app("z", HELLO);
    site.apps(json!([
        app("a", json!({ "memory_mb": 8 })),
        app("huge", json!({ "memory_mb": 8 })),
        app("z", json!({ "memory_mb": 8 }))
    ]));
    let end = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("\"huge\"") && end.stderr.contains("memory"), "{end:?}");
    assert!(!end.stderr.contains("\"a\"") && !end.stderr.contains("\"z\""), "{end:?}");
}

#[test]
fn the_worker_that_checks_is_locked_up_and_is_no_apps_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let site = Site::new();
    site.app("a", HELLO);
    site.apps(json!([app("a", json!({}))]));
    let nano = site.serve();
    let mut version = 0;
    let (status, group) = until("a worker that checks", || {
        version += 1;
        site.app("a", &format!("{HELLO} // {version}"));
        assert_eq!(nano.ctl(&["reload"]).code, Some(0));
        let pid = *checkers(&nano).first()?;
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        Some((read("status")?, read("cgroup")?))
    });
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    let field = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {status}")).trim_start_matches(':').trim().to_owned()
    };
    let of_app = std::fs::read_to_string(format!("/proc/{}/status", nano.pid_of("a"))).unwrap();
    for name in ["Uid", "Gid"] {
        let own = field(&status, name);
        assert!(own.split_ascii_whitespace().all(|id| id == "61182"), "{name} {own}");
        assert_ne!(own, field(&of_app, name));
    }
    for (name, value) in [("Groups", ""), ("CapEff", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2")] {
        assert_eq!(field(&status, name), value, "{name}");
    }
    assert!(group.contains("/app-check-"), "{group}");
}
