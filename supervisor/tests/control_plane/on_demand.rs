//! Apps that start on demand, where the worker that checks their modules is not what it should be.

use crate::nano::{Site, eventually, text};

fn site(scripts: &[(&str, &str)]) -> Site {
    let site = Site::new();
    let apps: Vec<_> = scripts
        .iter()
        .map(|(name, script)| {
            site.app(name, script);
            format!(
                "\"hostname\": \"{name}\", \"path\": \"{name}\", \"start\": \"on-demand\", \"cpu_ms\": 1, \"memory_mb\": 16"
            )
        })
        .collect();
    site.config("", &apps.iter().map(String::as_str).collect::<Vec<_>>());
    site
}

#[test]
fn whatever_a_worker_that_checks_does_the_start_ends_and_says_why() {
    for (script, told) in [
        ("fail 3 7 it is wrong", "it is wrong"),
        ("die", "the worker died"),
        ("hang", "were not compiled and linked within"),
        ("ready", "broke the protocol: Ready while booting"),
        ("ask", "were not compiled and linked within"),
        // What the process may have is 128 MiB more than 16 and a quarter.
        ("grow 300", "more memory than `memory_mb` allows"),
    ] {
        let site = site(&[("a", "respond x"), ("b", script), ("c", "respond x")]);
        let output = site.run("nano", &["serve", "--config", "nano.json"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{script}: {said}");
        assert!(said.contains("\"b\"") && said.contains(told), "{script}: {said}");
        assert!(!said.contains("\"a\"") && !said.contains("\"c\""), "{script}: {said}");
    }
}

#[test]
fn a_reload_with_a_module_that_fails_changes_nothing() {
    let site = site(&[("a", "respond x")]);
    let nano = site.serve();
    assert_eq!(nano.ask(&["apps"])["apps"][0]["state"], "idle");
    nano.site.app("a", "fail 1 1 not so");
    let output = nano.nanoctl(&["reload"]);
    assert!(!output.status.success() && text(&output.stderr).contains("not so"), "{}", text(&output.stderr));
    nano.site.app("a", "respond x");
    assert_eq!(nano.get("a", "/").0, 200);
    eventually("one worker", || nano.metric("nano_workers{app=\"a\",state=\"ready\"}") == Some(1.0));
    assert_eq!(nano.metric("nano_worker_starts_total{app=\"a\"}"), Some(1.0));
}

#[test]
fn an_app_starts_without_a_spare_where_its_spare_fails() {
    let site = site(&[("unlucky", "respond x"), ("stuck", "respond y"), ("lucky", "respond z")]);
    let nano = site.serve();
    for (index, name) in ["unlucky", "stuck"].into_iter().enumerate() {
        eventually("a spare", || nano.ask(&["status"])["spares"]["ready"] == 1);
        assert_eq!(nano.get(name, "/").0, 200);
        eventually("it is told", || nano.log_so_far().matches("a spare worker failed").count() == index + 1);
        // The shards may answer a request before the worker is counted as ready.
        let ready = format!("nano_workers{{app=\"{name}\",state=\"ready\"}}");
        eventually("its worker is ready", || nano.metric(&ready) == Some(1.0));
        assert_eq!(nano.ask(&["apps"])["apps"][index]["state"], "ready");
    }
    eventually("another spare", || nano.ask(&["status"])["spares"]["ready"] == 1);
    assert_eq!(nano.get("lucky", "/").0, 200);
    assert_eq!(nano.log_so_far().matches("a spare worker failed").count(), 2);
}
