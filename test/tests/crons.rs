//! `crons`: apps whose `scheduled()` is called at times of the clock. Expressions have minutes, so these tests wait for the next one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nano_test::{Nano, Site, finish, until, until_within};
use serde_json::{Value, json};

/// Until the next minute, with the jitter, on a crowded machine.
const MINUTE: Duration = Duration::from_secs(60 + 5 + 60);

const HELLO: &str = "export default { fetch() { return new Response('hello'); } }";

fn app(name: &str, more: Value) -> Value {
    let mut app = json!({ "name": name, "hostname": format!("{name}.local"), "path": name, "crons": ["* * * * *"] });
    app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app
}

fn status(nano: &Nano, app: &str) -> Value {
    let apps = nano.ctl_json(&["apps"]);
    apps["apps"].as_array().unwrap().iter().find(|each| each["name"] == app).unwrap().clone()
}

fn cron(nano: &Nano, app: &str) -> Value {
    status(nano, app)["crons"][0].clone()
}

fn runs(nano: &Nano, app: &str, result: &str) -> f64 {
    nano.metrics().get("nano_cron_runs_total", &[("app", app), ("result", result)]).unwrap_or(0.0)
}

/// Waits for the first run of an app that ends.
fn last(nano: &Nano, app: &str) -> Value {
    until_within(MINUTE, &format!("a run of {app}"), || {
        Some(cron(nano, app)["last"].clone()).filter(|last| !last.is_null())
    })
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// One wait for all that a run can be.
#[test]
fn at_the_next_minute_each_app_is_called_once() {
    let site = Site::new();
    site.app(
        "plain",
        "const pids = []; export default { fetch() { return Response.json(pids); },
         async scheduled(event, env, ctx) { pids.push(event.scheduledTime); await scheduler.wait(100);
           ctx.waitUntil(scheduler.wait(100).then(() => console.log('ran', event.cron, env.GREETING))); } };",
    )
    .app("listener", "addEventListener('scheduled', (event) => { console.log(event.cron, GREETING); });")
    .app("throws", "export default { async scheduled() { throw new Error('no luck'); } };")
    .app("loops", "export default { fetch() { return new Response('x'); }, async scheduled() { for (;;); } };")
    .app(
        "dies",
        "export default { async scheduled() { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); } };",
    )
    .app("held", "export default { async scheduled() { console.log('begun'); await new Promise(() => {}); } };");
    site.apps(json!([
        app("plain", json!({ "workers": 3, "env": { "GREETING": "hello" } })),
        app("listener", json!({ "start": "on-demand", "env": { "GREETING": "hello" } })),
        app("throws", json!({ "idle_ms": 100 })),
        app("loops", json!({ "cpu_ms": 100 })),
        app("dies", json!({ "memory_mb": 32 })),
        app("held", json!({})),
        { "name": "none", "hostname": "none.local", "path": "plain" },
    ]));
    let started = seconds();
    let nano = site.serve();
    until("one that is idle", || nano.pids("throws").is_empty().then_some(()));
    let before = cron(&nano, "plain");
    let next = before["next_at_unix"].as_u64().unwrap();
    assert!(next.is_multiple_of(60) && next > started && next <= seconds() + 60, "{before}");
    assert!(before["next_in_ms"].as_u64().unwrap() <= 60_000 && before["last"].is_null(), "{before}");
    assert_eq!(status(&nano, "none")["crons"], json!([]));
    let shown = nano.ctl(&["apps"]).stdout;
    assert!(shown.contains("NEXT IN") && shown.contains("* * * * *"), "{shown}");

    for (name, result, error) in [
        ("plain", "ok", Value::Null),
        ("listener", "ok", Value::Null),
        ("throws", "failed", json!("handler_threw")),
        ("loops", "failed", json!("cpu_limit")),
        ("dies", "failed", json!("memory_limit")),
    ] {
        let last = last(&nano, name);
        assert_eq!((&last["result"], &last["error"]), (&json!(result), &error), "{name}: {last}");
        let at = last["at_unix"].as_u64().unwrap();
        assert!(at.is_multiple_of(60) && at >= next, "{name}: {last}");
        // The line of a run.
        let id = last["request_id"].as_str().unwrap().to_owned();
        let line =
            nano.log.wait_for("the line of a run", |line| line["message"] == "cron" && line["request_id"] == *id);
        assert_eq!((&line["app"], &line["cron"], &line["result"]), (&json!(name), &json!("* * * * *"), &json!(result)));
        assert_eq!(line["scheduled_time"], json!(at * 1000));
        assert_eq!(line["level"], json!(if result == "ok" { "info" } else { "warn" }), "{line}");
        assert!(line["pid"].as_u64().is_some() && line["duration_ms"].as_f64().is_some(), "{line}");
        assert!(runs(&nano, name, result) >= 1.0);
    }
    let succeeded = nano.metrics().get("nano_cron_last_success_timestamp_seconds", &[("app", "plain")]).unwrap();
    assert!(succeeded >= next as f64);
    assert!(nano.metrics().get("nano_cron_last_success_timestamp_seconds", &[("app", "throws")]).is_none());
    assert_eq!(nano.metrics().sum("nano_cron_runs_total", &[("app", "none")]), 0.0);
    assert!(!nano.metrics().text.contains("nano_cron_runs_total{app=\"none\""), "an app without crons has no series");
    // What the apps logged bears the run's id.
    let ran = nano.log.wait_for("what waitUntil held", |line| line["message"] == "ran * * * * * hello");
    assert_eq!(ran["request_id"].as_str().map(str::len), Some(32));
    nano.log
        .wait_for("what the listener logged", |line| line["app"] == "listener" && line["message"] == "* * * * * hello");
    nano.log.wait_for("the error", |line| {
        line["app"] == "throws"
            && line["message"].as_str().is_some_and(|text| text.starts_with("Uncaught Error: no luck"))
    });
    // Of three workers one was called, at an exact minute.
    let called: Vec<Value> = (0..30).map(|_| nano.get("plain.local", "/").json()).collect();
    let times: std::collections::BTreeSet<u64> =
        called.iter().flat_map(|times| times.as_array().unwrap()).map(|time| time.as_u64().unwrap()).collect();
    assert!(times.iter().all(|time| time.is_multiple_of(60_000) && *time >= next * 1000), "{times:?}");
    assert_eq!(times.len() as f64, runs(&nano, "plain", "ok"), "{times:?}");
    // The record of a worker's end names the run.
    let why = nano.ctl(&["why", "loops"]).stdout;
    assert!(why.contains("scheduled") && why.contains("* * * * *"), "{why}");
    // One that does not end goes on, and has a place.
    let held = cron(&nano, "held");
    assert!(held["running_ms"].as_u64().is_some() && held["last"].is_null(), "{held}");
    assert_eq!(status(&nano, "held")["workers"][0]["in_flight"], json!(1));
    // And is not begun a second time.
    until_within(MINUTE, "one is skipped", || (cron(&nano, "held")["skipped"] == json!(1)).then_some(()));
    assert!(runs(&nano, "held", "skipped") >= 1.0);
    nano.log.wait_for("that it was skipped", |line| {
        line["app"] == "held"
            && line["message"].as_str().is_some_and(|text| text.contains("a run of a cron was skipped"))
    });
    assert_eq!(nano.log.count("\"begun\""), 1);
}

#[test]
fn an_app_without_a_handler_is_refused() {
    let site = Site::new();
    site.app("a", HELLO);
    site.apps(json!([app("a", json!({}))]));
    for arguments in [&["check", "nano.json"][..], &["serve", "--config", "nano.json"]] {
        let end = finish(&mut site.command("nano", arguments), "");
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stderr.contains("apps[0].path: app \"a\": a/index.js: it has `crons` and no handler"), "{end:?}");
    }
    // What it exports is known only when its code has run.
    site.apps(json!([app("a", json!({ "start": "on-demand" }))]));
    let end = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert!(end.code == Some(1) && end.stderr.contains("no handler"), "{end:?}");
    let nano = site.serve();
    let answer = nano.get("a.local", "/");
    assert_eq!(answer.status, 503, "{answer:?}");
}

#[test]
fn a_reload_takes_new_crons_and_leaves_the_others_alone() {
    let scheduled = "export default { fetch() { return new Response('x'); }, scheduled() {} };";
    let site = Site::new();
    site.app("same", scheduled).app("other", scheduled).app("plain", HELLO);
    let apps = |crons: Value| {
        json!([
            app("same", json!({ "crons": ["0 0 1 1 *"] })),
            app("other", json!({ "crons": crons })),
            { "name": "plain", "hostname": "plain.local", "path": "plain" },
        ])
    };
    site.apps(apps(json!(["0 0 1 1 *"])));
    let nano = site.serve();
    let pid = nano.pid_of("same");
    site.apps(apps(json!(["30 6 * * mon", "0 0 1 2 *"])));
    let reload = nano.ctl(&["reload"]);
    assert!(reload.stdout.contains("changed    other (crons)"), "{reload:?}");
    let crons: Vec<_> =
        status(&nano, "other")["crons"].as_array().unwrap().iter().map(|cron| cron["cron"].clone()).collect();
    assert_eq!(crons, ["30 6 * * mon", "0 0 1 2 *"]);
    assert_eq!(nano.pid_of("same"), pid);
    // A bad one changes nothing.
    site.apps(apps(json!(["30 24 * * *"])));
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code == Some(1) && reload.stderr.contains("apps[1].crons[0]: hour: expected 0 to 23"), "{reload:?}");
    let refused =
        site.apps(json!([{ "name": "plain", "hostname": "plain.local", "path": "plain", "crons": ["* * * * *"] }]));
    let _ = refused;
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code == Some(1) && reload.stderr.contains("no handler"), "{reload:?}");
    assert_eq!(cron(&nano, "other")["cron"], json!("30 6 * * mon"));
    site.apps(apps(json!([])));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(status(&nano, "other")["crons"], json!([]));
}

/// What runs when its app is replaced goes on to its end in the old worker.
#[test]
fn a_run_in_flight_outlives_a_reload() {
    let site = Site::new();
    let source = |version: u32| {
        format!(
            "let release; export default {{
               async fetch(request) {{ return new Response('{version}'); }},
               async scheduled(event, env, ctx) {{
                 console.log('begun {version}');
                 await scheduler.wait(4000);
                 console.log('ended {version}'); }} }};"
        )
    };
    site.app("a", &source(1));
    site.config(json!({ "drain_ms": 60_000, "apps": [app("a", json!({}))] }));
    let nano = site.serve();
    nano.log.wait_for("a run of the first version", |line| line["message"] == "begun 1");
    site.app("a", &source(2));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "2");
    assert!(cron(&nano, "a")["running_ms"].as_u64().is_some(), "it runs still");
    assert_eq!(last(&nano, "a")["result"], json!("ok"));
    assert_eq!((nano.log.count("ended 1"), nano.log.count("ended 2")), (1, 0));
}
