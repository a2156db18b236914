//! Connections: kept and reused, never for another app; closed when their response is not wanted; never too many.

use crate::upstream::Upstream;
use crate::{APP, HOST, get, path, serve};
use nano_test::{Site, until};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

#[test]
fn requests_to_one_origin_share_a_connection_and_apps_share_none() {
    let upstream = Upstream::serve(|peer, _| {
        peer.respond("", "x".repeat(100_000));
    });
    let site = Site::new();
    site.app("a", APP);
    let egress = json!([upstream.address.to_string()]);
    site.apps(json!([
        { "hostname": HOST, "path": "a", "egress": egress },
        { "hostname": "b.local", "path": "a", "egress": egress },
    ]));
    let nano = site.serve();
    // One shard, so that who asks does not matter.
    let mut connection = nano.connect();
    for _ in 0..20 {
        let answer = connection.get(HOST, &path("/pass", &[("u", &upstream.url("/"))])).unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, 100_000));
    }
    assert!(upstream.connections() <= 2, "{} connections for 20 requests", upstream.connections());
    let before = upstream.connections();
    connection.get("b.local", &path("/pass", &[("u", &upstream.url("/"))])).unwrap();
    assert_eq!(upstream.connections(), before + 1);
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_nothing() {
    // Each answers once, says nothing of closing, and closes.
    let upstream = Upstream::start(|own, mut peer| {
        if let Some(asked) = peer.request() {
            own.note(&asked);
            peer.respond("", "once");
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for _ in 0..20 {
        let seen = get(&nano, &upstream.url("/"));
        assert_eq!(seen["text"], "once", "{seen}");
    }
}

#[test]
fn what_nobody_wants_any_more_is_closed() {
    let closed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&closed);
    let upstream = Upstream::start(move |_, mut peer| {
        let Some(asked) = peer.head() else { return };
        if asked.path() == "/stalls" {
            // No answer at all.
        } else {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
        }
        seen.store(peer.await_close(), Ordering::SeqCst);
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let is_closed = |what: &str| {
        until(what, || closed.swap(false, Ordering::SeqCst).then_some(()));
        until("no connection is left", || (upstream.open() == 0).then_some(()));
    };
    let url = upstream.url("/");
    let answer = nano.get(HOST, &path("/head", &[("u", &url), ("then", "cancel")]));
    assert_eq!(answer.status, 200, "{answer:?}");
    is_closed("a cancelled body");
    let answer = nano.get(HOST, &path("/head", &[("u", &url), ("then", "abort")])).json();
    assert_eq!(answer, json!({ "error": "Error: enough", "closed": "Error: enough" }));
    is_closed("an aborted body");
    let answer = nano.get(HOST, &path("/abort", &[("u", &upstream.url("/stalls")), ("after", "200")])).json();
    assert_eq!(answer["name"], "TimeoutError", "{answer}");
    is_closed("a fetch that took too long");
    let aborted = [("app", HOST), ("result", "aborted")];
    assert_eq!(nano.metrics().get("nano_egress_requests_total", &aborted), Some(1.0));
    // A client that leaves takes what is passed on to it along.
    let mut client = nano.connect();
    client.send_get(HOST, &path("/pass", &[("u", &url)])).unwrap();
    assert_eq!(client.receive_head().unwrap().0, 200);
    drop(client);
    is_closed("a client that left");
    // As does a worker.
    let mut client = nano.connect();
    client.send_get(HOST, &path("/pass", &[("u", &url)])).unwrap();
    assert_eq!(client.receive_head().unwrap().0, 200);
    let pid = nix::unistd::Pid::from_raw(nano.pid_of(HOST));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    is_closed("a worker that died");
}

#[test]
fn more_than_may_be_open_wait_for_the_others() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = Arc::clone(&gate);
    let upstream = Upstream::start(move |_, mut peer| {
        while peer.request().is_some() {
            let opened = held.0.lock().unwrap();
            drop(held.1.wait_while(opened, |opened| !*opened).unwrap());
            peer.respond("", "ok");
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let mut client = nano.connect();
    client.send_get(HOST, &path("/many", &[("u", &upstream.url("/")), ("n", "300")])).unwrap();
    until("as many as may be are open", || (upstream.open() == 64).then_some(()));
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let answer = client.receive().unwrap().json();
    assert_eq!((&answer["served"], &answer["failed"]), (&json!(300), &json!(0)), "{answer}");
    assert!(upstream.most() <= 64 + 8, "{} at once", upstream.most());
    // There is an end to waiting, too.
    let answer = nano.get(HOST, &path("/many", &[("u", &upstream.url("/")), ("n", "1200")])).json();
    assert!(answer["served"].as_u64().unwrap() >= 1024 && answer["failed"].as_u64().unwrap() > 0, "{answer}");
    assert!(answer["first"].as_str().unwrap().contains("1024 requests wait already"), "{answer}");
}

#[test]
fn responses_that_are_dropped_unread_do_not_use_up_the_places() {
    let upstream = Upstream::start(|_, mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
            peer.await_close();
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let answer = nano.get(HOST, &path("/dropped", &[("u", &upstream.url("/")), ("n", "200")]));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn what_wait_until_holds_may_fetch_during_a_reload() {
    let upstream = Upstream::serve(|peer, _| {
        peer.respond("", "fetched late");
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    assert_eq!(nano.get(HOST, &path("/later", &[("u", &upstream.url("/"))])).text(), "soon");
    site.app("a", &format!("{APP}\n// another version"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    nano.log.wait_for_text("fetched late");
}
