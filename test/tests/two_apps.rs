//! Two apps in one configuration: limits of their own, processes of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Load, Nano, Site, app_path, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

fn two_apps() -> Nano {
    let site = Site::new();
    site.apps(json!([
        { "name": "one", "hostname": "one.local", "path": app_path("overflow"), "max_buffer_size_mb": 1 },
        { "name": "two", "hostname": "two.local", "path": app_path("overflow"), "max_buffer_size_mb": 2 },
    ]));
    site.serve()
}

/// How many chunks of `bytes` an app took before it refused one, and how it refused.
fn fill(nano: &Nano, host: &str, path: &str, bytes: u32, chunks: u32) -> (u64, String) {
    let outcome = nano.get(host, &format!("{path}?bytes={bytes}&chunks={chunks}")).json();
    (outcome["accepted"].as_u64().unwrap(), outcome["refused"].as_str().unwrap_or("nothing").to_owned())
}

#[test]
fn each_overflows_at_its_own_limit_with_its_own_message() {
    let nano = two_apps();
    for (host, mib) in [("one.local", 1), ("two.local", 2)] {
        let message = format!("Stream buffer size limit exceeded (max: {mib}MB)");
        for path in ["/write", "/bytes"] {
            // A quarter of a MiB each: chunks up to the limit, less one for the overhead that every chunk costs.
            let whole = u64::from(mib) * 4;
            assert_eq!(fill(&nano, host, path, 262_144, 20), (whole - 1, message.clone()), "{host}{path}");
            // One chunk of exactly the limit is over it by its overhead; one that leaves room for it fits.
            assert_eq!(fill(&nano, host, path, mib * 1_048_576, 1), (0, message.clone()), "{host}{path}");
            assert_eq!(fill(&nano, host, path, mib * 1_048_576 - 1024, 1), (1, "nothing".into()), "{host}{path}");
        }
    }
}

#[test]
fn endless_empty_chunks_hit_the_limit_too() {
    let nano = two_apps();
    let (accepted, refused) = fill(&nano, "one.local", "/write", 0, 140_000);
    assert_eq!(refused, "Stream buffer size limit exceeded (max: 1MB)");
    // The overhead of a chunk is between 8 and 1024 bytes.
    assert!((1024..=131_072).contains(&accepted), "{accepted} empty chunks");
}

#[test]
fn killing_one_leaves_the_other_untouched_and_its_counters_survive() {
    let nano = two_apps();
    let (one, two) = (nano.pid_of("one"), nano.pid_of("two"));
    assert_ne!(one, two);
    for _ in 0..3 {
        fill(&nano, "one.local", "/write", 1_048_576, 1);
    }
    let overflows = || nano.metrics().get("nano_stream_buffer_overflows_total", &[("app", "one")]);
    assert_eq!(overflows(), Some(3.0));

    let load = nano.load("two.local", "/ok");
    until("load on the other app", || (load.served() > 50).then_some(()));
    kill(Pid::from_raw(one), Signal::SIGKILL).unwrap();
    until("the killed app's answer", || (nano.get("one.local", "/ok").status == 200).then_some(()));
    let served = load.served();
    until("more load after the kill", || (load.served() > served + 50).then_some(()));

    let tally = load.stop();
    assert_eq!(tally.failures, Vec::<String>::new(), "of {} requests", tally.served);
    assert_ne!(nano.pid_of("one"), one);
    assert_eq!(nano.pid_of("two"), two);
    assert_eq!(overflows(), Some(3.0));
    nano.await_metric("nano_worker_exits_total", &[("app", "one"), ("reason", "crash")], 1.0);
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "two")]), 0.0);
    fill(&nano, "one.local", "/write", 1_048_576, 1);
    assert_eq!(overflows(), Some(4.0));
}

#[test]
fn killed_again_and_again_it_comes_back() {
    let nano = two_apps();
    for round in 0..3 {
        kill(Pid::from_raw(nano.pid_of("one")), Signal::SIGKILL).unwrap();
        until(&format!("round {round}"), || (nano.get("one.local", "/ok").status == 200).then_some(()));
    }
    assert_eq!(nano.get("two.local", "/ok").status, 200);
}

#[test]
fn several_workers_share_the_load_and_cover_for_each_other() {
    let site = Site::new();
    site.app(
        "a",
        "let n = 0; export default { async fetch() { n++; await new Promise((r) => setTimeout(r, 5)); return new Response(String(n)); } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "workers": 3 }]));
    let nano = site.serve();
    let pids = nano.pids("a");
    assert_eq!(pids.len(), 3);
    let load = Load::start(nano.address, "a.local", "/", 8, |response| match response.status {
        200 | 502 => Ok(()), // a request that was in the killed worker
        status => Err(status.to_string()),
    });
    until("load", || (load.served() > 50).then_some(()));
    kill(Pid::from_raw(pids[0]), Signal::SIGKILL).unwrap();
    until("three workers again", || {
        let now = nano.pids("a");
        (now.len() == 3 && !now.contains(&pids[0])).then_some(())
    });
    assert_eq!(load.stop().failures, Vec::<String>::new());
    // Each of the untouched workers had its share.
    let survivors = nano.pids("a").into_iter().filter(|pid| pids.contains(pid));
    assert_eq!(survivors.count(), 2);
}
