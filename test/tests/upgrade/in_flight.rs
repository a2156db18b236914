//! What is in flight when another nano takes over.

use crate::{end, gone, main_pid, pid, refused, serve, signal, site, upgrade};
use nano_test::{Connection, until};
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

#[test]
fn a_response_that_has_begun_comes_to_its_end() {
    let site = site();
    let nano = serve(&site);
    let mut streaming = nano.connect();
    streaming.send_get("a.local", "/pieces").unwrap();
    streaming.receive_head().unwrap();
    assert_eq!(streaming.receive_chunk().unwrap(), b"first");
    let mut idle = nano.connect();
    assert_eq!(idle.get("a.local", "/").unwrap().text(), "hello");
    let mut busy = nano.connect();
    assert_eq!(busy.get("a.local", "/").unwrap().text(), "hello");

    let report = upgrade(&nano);
    // Requests of a connection that was kept are answered, until one is told that it is the last: the command may come back
    // a moment before the old nano begins to finish.
    until("a last answer", || {
        let answer = busy.get("a.local", "/").unwrap();
        assert_eq!(answer.text(), "hello");
        answer.closes().then_some(())
    });
    assert!(busy.is_closed_by_server());
    // One that is not used is closed without a word, later.
    assert!(idle.is_closed_by_server());
    // The other nano's app is another process: it cannot end the response.
    assert_eq!(nano.get("a.local", "/end").text(), "ended");
    streaming.set_patience(Duration::from_millis(300));
    assert!(streaming.receive_chunk().is_err(), "it still streams");
    drop(streaming);
    // What nobody reads any more is no reason to stay.
    until("the old one has ended its workers", || {
        nano.log.records().iter().any(|record| record["message"] == "stopped").then_some(())
    });
    assert_eq!(main_pid(&nano), pid(&report["new_pid"]));
    end(nano);
}

#[test]
fn a_client_that_reads_slowly_gets_all_of_it() {
    let site = site();
    site.app(
        "a",
        "export default { fetch: () => new Response(new ReadableStream({
          async start(controller) {
            for (let i = 0; i < 20; i++) {
              controller.enqueue(new TextEncoder().encode(`${i},`));
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
            controller.close();
          },
        })) };",
    );
    let nano = serve(&site);
    let mut client = nano.connect();
    client.send_get("a.local", "/").unwrap();
    let (_, headers) = client.receive_head().unwrap();
    upgrade(&nano);
    let head = nano_test::Response { status: 200, headers, body: Vec::new() };
    let body = client.receive_body(&head).unwrap();
    let whole: String = (0..20).map(|number| format!("{number},")).collect();
    assert_eq!(String::from_utf8(body).unwrap(), whole);
    end(nano);
}

#[test]
fn what_never_ends_is_cut_after_drain_ms_and_the_new_nano_can_be_replaced_then() {
    let site = site();
    site.config(json!({
        "drain_ms": 1500, "apps": [{ "hostname": "a.local", "name": "a", "path": "a", "timeout_ms": 600_000 }],
    }));
    let nano = serve(&site);
    let mut never = nano.connect();
    never.send_get("a.local", "/never").unwrap();
    let mut socket = nano.socket("a.local", "/socket");
    assert_eq!(socket.ask("echo"), "echo");
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    upgrade(&nano);
    let counted = nano.metrics().get("nano_http_requests_in_flight", &[("app", "a")]);
    assert_eq!(counted, Some(0.0), "the metrics are the new one's");
    // The next upgrade waits for the end of the first nano; one that may not take so long is refused.
    let why = refused(&nano, &["--timeout", "1"]);
    assert!(why.contains("not ready within 1 s"), "{why}");
    upgrade(&nano);
    assert_eq!(socket.receive().code(), Some(1012), "WebSockets go by the rule of drain_ms");
    assert!(never.receive().is_err(), "cut");
    end(nano);
}

fn over_unix(path: &Path) -> String {
    let mut client = UnixStream::connect(path).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn unix_sockets_stay_where_they_are_until_the_last_nano_ends() {
    let site = site();
    let (http, gone_later) = (site.path("http.sock"), site.path("second.sock"));
    let unix = |path: &Path| format!("unix:{}", path.display());
    let config = |listen: serde_json::Value| json!({ "listen": listen, "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }] });
    site.config(config(json!(["127.0.0.1:0", unix(&http), unix(&gone_later)])));
    let nano = serve(&site);
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::symlink_metadata(path).unwrap());
    let (before, control) = (inode(&http), inode(&nano.control_socket()));
    // One address is taken off the list, another added.
    let third = site.path("third.sock");
    site.config(config(json!([unix(&third), unix(&http), "127.0.0.1:0"])));
    upgrade(&nano);
    until("the first nano has ended", || {
        nano.log.records().iter().any(|record| record["message"] == "stopped").then_some(())
    });
    until("the file of the address that was taken off is gone", || (!gone_later.exists()).then_some(()));
    assert_eq!((inode(&http), inode(&nano.control_socket())), (before, control), "the very same sockets");
    assert!(over_unix(&http).ends_with("hello") && over_unix(&third).ends_with("hello"));
    assert_eq!(nano.get("a.local", "/").text(), "hello", "the port that the kernel picked is kept");
    upgrade(&nano);
    assert!(over_unix(&http).ends_with("hello"));
    end(nano);
    for path in [http, third, site.path("control.sock")] {
        until(&format!("{} is gone", path.display()), || (!path.exists()).then_some(()));
    }
}

#[test]
fn connections_that_nobody_has_accepted_are_answered() {
    let site = site();
    let nano = serve(&site);
    // Many at once, all through: some of them wait in the kernel at any moment.
    let address = nano.address;
    for _ in 0..5 {
        let clients: Vec<_> = (0..40)
            .map(|_| {
                let mut client = Connection::open(address).unwrap();
                client.send(b"GET / HTTP/1.1\r\nHost: a.local\r\n").unwrap();
                client
            })
            .collect();
        upgrade(&nano);
        for mut client in clients {
            client.send(b"\r\n").unwrap();
            assert_eq!(client.receive().unwrap().text(), "hello");
        }
    }
    let old = main_pid(&nano);
    upgrade(&nano);
    gone(old);
    signal(main_pid(&nano), Signal::SIGTERM);
    let mut nano = nano;
    assert_eq!(nano.wait().code(), Some(0), "the process that stands in ends with the nano that serves");
}
