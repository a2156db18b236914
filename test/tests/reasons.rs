//! Why workers end: each of the ten reasons, brought about, and the same word for it in the log, the metric, `nanoctl apps`
//! and `nanoctl why`; and what its client is told. docs/limits.md has the table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Response, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An app with a path for each crime that its own code can commit.
const APP: &str = "
const kept = [];
const paths = {
  '/heap': () => { for (;;) kept.push(new Array(1000).fill(kept.length)); },
  '/memory': () => {
    const memory = new WebAssembly.Memory({ initial: 0 });
    for (;;) { memory.grow(16); new Uint8Array(memory.buffer).fill(1, memory.buffer.byteLength - (1 << 20)); }
  },
  '/cpu': () => { for (;;); },
  '/wait': () => new Promise(() => {}),
  '/': () => new Response('here'),
};
export default { fetch: (request) => paths[new URL(request.url).pathname]() };
";

struct Case {
    reason: &'static str,
    /// The app's settings beside name and path.
    settings: Value,
    /// Causes it and returns the error that a request in flight gets; `None` where no request is harmed.
    cause: fn(&Nano, &Site) -> Option<Response>,
    /// Status and code of that.
    told: Option<(u16, &'static str)>,
}

/// Posts, so that no other worker is asked, then does `harm` when the worker has it.
fn harmed(nano: &Nano, path: &str, harm: impl FnOnce(i32)) -> Option<Response> {
    let pid = nano.pid_of("a");
    let mut connection = nano.connect();
    connection.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    harm(pid);
    Some(connection.receive().unwrap())
}

fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

const CASES: [fn() -> Case; 8] = [
    || Case {
        reason: "heap",
        settings: json!({ "memory_mb": 32, "cpu_ms": 20_000 }),
        cause: |nano, _| harmed(nano, "/heap", |_| ()),
        told: Some((503, "memory_limit")),
    },
    || Case {
        reason: "memory",
        settings: json!({ "memory_mb": 32, "cpu_ms": 20_000 }),
        cause: |nano, _| harmed(nano, "/memory", |_| ()),
        told: Some((503, "memory_limit")),
    },
    || Case {
        reason: "cpu",
        settings: json!({ "cpu_ms": 200 }),
        cause: |nano, _| harmed(nano, "/cpu", |_| ()),
        told: Some((503, "cpu_limit")),
    },
    // A process that stands still: the heartbeat finds out.
    || Case {
        reason: "wall",
        settings: json!({ "cpu_ms": 200 }),
        cause: |nano, _| harmed(nano, "/wait", |pid| signal(pid, Signal::SIGSTOP)),
        told: Some((504, "timeout")),
    },
    || Case {
        reason: "crash",
        settings: json!({}),
        cause: |nano, _| harmed(nano, "/wait", |pid| signal(pid, Signal::SIGKILL)),
        told: Some((502, "worker_died")),
    },
    || Case { reason: "idle", settings: json!({ "idle_ms": 300 }), cause: |_, _| None, told: None },
    || Case {
        reason: "reload",
        settings: json!({}),
        cause: |nano, site| {
            site.app("a", &format!("{APP}// changed"));
            assert_eq!(nano.ctl(&["reload"]).code, Some(0));
            None
        },
        told: None,
    },
    || Case {
        reason: "restart",
        settings: json!({}),
        cause: |nano, _| {
            assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
            None
        },
        told: None,
    },
];

/// Whether nano itself ends workers for this reason when nothing is wrong; no request is lost then.
fn is_planned(reason: &str) -> bool {
    ["idle", "reload", "restart"].contains(&reason)
}

fn site_of(source: &str, settings: &Value) -> Site {
    let site = Site::new();
    site.app("a", source);
    let mut app = json!({ "name": "a", "hostname": "a", "path": "a" });
    app.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    site.config(json!({ "sandbox": "best-effort", "apps": [app] }));
    site
}

/// The word is the same everywhere.
fn the_word_is_everywhere(nano: &Nano, reason: &str) {
    let count = || nano.metrics().get("nano_worker_exits_total", &[("app", "a"), ("reason", reason)]);
    until(reason, || count().filter(|count| *count >= 1.0));
    let line = |message: &'static str| {
        nano.log.wait_for(reason, |record| record["message"] == message && record["reason"] == reason);
    };
    line("worker ended");
    let app = nano.ctl_json(&["apps"])["apps"][0].clone();
    assert!(app["worker_exits"][reason].as_u64() >= Some(1), "{reason}: {app}");
    let why = || nano.ctl_json(&["why", "a"])["records"].as_array().unwrap().clone();
    if is_planned(reason) {
        assert!(why().is_empty(), "{reason} is no accident: {:?}", why());
    } else {
        line("flight record");
        until("the flight record", || why().into_iter().find(|record| record["reason"] == reason));
    }
}

#[test]
fn every_reason_has_its_word_everywhere_and_its_code() {
    for case in CASES.map(|case| case()) {
        let reason = case.reason;
        let site = site_of(APP, &case.settings);
        let nano = site.serve();
        let pid = nano.pid_of("a");
        let told = (case.cause)(&nano, &site);
        let code = told.as_ref().map(|told| (told.status, told.json()["code"].as_str().unwrap().to_owned()));
        assert_eq!(code, case.told.map(|(status, code)| (status, code.to_owned())), "{reason}");
        the_word_is_everywhere(&nano, reason);
        // And then it is served again.
        until("an answer after it", || (nano.get("a", "/").status == 200).then_some(()));
        assert_ne!(nano.pid_of("a"), pid, "{reason}");
        if !is_planned(reason) {
            let id = told.unwrap().header("x-request-id").unwrap().to_owned();
            let record = &nano.ctl_json(&["why", &id])["records"][0];
            assert_eq!(record["reason"], reason, "{record}");
            // Each number says what it is: as old as the last report, or the limit.
            let shown = nano.ctl(&["why", &id]).stdout;
            let limit = case.settings["memory_mb"].as_u64().unwrap_or(128);
            assert!(shown.contains(&format!("memory_mb allows heap and array buffers {limit}.0 MiB")), "{shown}");
            let last = shown.lines().find(|line| line.contains("heap") && line.contains("streams"));
            assert!(last.is_none_or(|line| line.trim_start().starts_with("its last report, ")), "{shown}");
            assert!(last.is_some() || shown.contains("it never reported what it uses"), "{shown}");
        }
    }
}

#[test]
fn a_worker_that_does_not_start_again_ended_at_startup() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let late = (now + Duration::from_secs(20)).as_millis();
    // Loads until that moment, and not after it: so does what a database is missing for.
    let source = format!("if (Date.now() > {late}) throw new Error('no database'); {APP}");
    let site = site_of(&source, &json!({}));
    let nano = site.serve();
    let pid = nano.pid_of("a");
    until("the moment", || (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() > late).then_some(()));
    signal(pid, Signal::SIGKILL);
    the_word_is_everywhere(&nano, "startup");
    let refused = until("the refusal", || {
        let response = nano.get("a", "/");
        (response.json()["code"] == "app_start_failed").then_some(response)
    });
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    let why = nano.ctl(&["why", "a"]).stdout;
    assert!(why.contains("startup") && why.contains("no database"), "{why}");
}

#[test]
fn a_worker_that_breaks_the_wire_s_rules_ended_for_its_protocol() {
    let site = site_of("// the worker under test does not look at it", &json!({ "env": { "CRIME": "garbage" } }));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let worker = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/evil_worker");
    assert!(worker.is_file(), "{} is not there: cargo builds it with the tests", worker.display());
    command.env("NANO_WORKER", worker);
    let nano = site.serve_with(command);
    let response = nano.post("a", "/", b"");
    assert_eq!((response.status, &response.json()["code"]), (502, &json!("worker_protocol")), "{response:?}");
    the_word_is_everywhere(&nano, "protocol");
}
