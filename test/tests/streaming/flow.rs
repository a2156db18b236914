//! Responses at the client's pace, failures after the head, clients that leave.

use super::*;

#[test]
fn a_client_has_the_first_chunk_before_the_last_is_made() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::get(&nano, "/gated");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"first");
    assert_eq!(nano.get("a.local", "/release").text(), "released");
    assert_eq!(client.chunk().unwrap(), b"last");
    assert_eq!(client.chunk(), None);
    // The connection is fit for the next request.
    client.send("GET /state HTTP/1.1\r\nHost: a.local\r\n\r\n");
    assert_eq!(client.head(), (200, false));
    await_empty(&nano);
}

#[test]
fn a_client_that_does_not_read_holds_the_app_back() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for (path, count) in [("/endless", "pulls"), ("/written", "writes")] {
        let mut client = Client::get(&nano, path);
        assert_eq!(client.head(), (200, true), "{path}");
        // What the sockets of both ends, the window and the supervisor hold: some MiB, by the kernel's mood.
        let before = settled(&nano, count);
        assert!(before < 160, "{path}: {before} chunks of 64 KiB that are not read");
        let mut taken = 0;
        while taken < 32 << 20 {
            taken += client.chunk().unwrap().len();
        }
        let after = settled(&nano, count);
        let needed = u64::try_from(taken / 65536).unwrap();
        assert!((needed..needed + 160).contains(&after), "{path}: {after} chunks for {needed} taken");
        drop(client);
        until("the stream's cancellation", || (state(&nano)["cancelled"] == "true AbortError").then_some(()));
    }
    assert_eq!(state(&nano)["aborted"], "AbortError");
    assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(0.0));
    await_empty(&nano);
}

#[test]
fn a_client_that_leaves_cancels_a_stream_that_waits() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::get(&nano, "/idle");
    client.head();
    assert_eq!(client.chunk().unwrap(), b"first");
    assert_eq!(state(&nano)["cancelled"], Value::Null);
    drop(client);
    until("the stream's cancellation", || (state(&nano)["cancelled"] == "true AbortError").then_some(()));
    let line = nano.log.wait_for("the access line", |line| line["path"] == "/idle");
    assert_eq!((&line["status"], &line["cut"], &line["error"]), (&json!(200), &json!(true), &json!("client_gone")));
    nano.await_metric("nano_http_requests_in_flight", &[APP_LABEL], 0.0);
    await_empty(&nano);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_own_body_is_told() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::open(&nano);
    client.send("POST /pass HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"half");
    drop(client);
    until("the abort signal", || (state(&nano)["aborted"] == "pass AbortError").then_some(()));
    let line = nano.log.wait_for("the access line", |line| line["path"] == "/pass");
    assert_eq!(line["cut"], true, "{line}");
    // One whose framing breaks after its response has begun: cut as well, so that no client takes it for complete.
    let mut client = Client::open(&nano);
    client.send("POST /pass HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"half");
    client.send("no size\r\n");
    assert_eq!(client.rest(), b"");
    nano.await_metric("nano_http_requests_in_flight", &[APP_LABEL], 0.0);
}

#[test]
fn a_body_that_fails_after_its_head_cuts_the_connection() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for (path, reason, cause) in
        [("/fails", "broken on purpose", "controller"), ("/wrong", "must give Uint8Arrays only", "sink")]
    {
        // As HTTP/1.1, where the end has a sign, and as HTTP/1.0, where it is the connection's.
        for version in ["1.1", "1.0"] {
            site.app("a", APP);
            assert_eq!(nano.ctl(&["restart", "a.local"]).code, Some(0));
            let before = nano.metrics().sum("nano_streams_errored_total", &[APP_LABEL, ("cause", cause)]);
            let mut client = Client::open(&nano);
            client.send(&format!("GET {path} HTTP/{version}\r\nHost: a.local\r\nX-Request-Id: fail-{version}\r\n\r\n"));
            assert_eq!(client.head().0, 200);
            if version == "1.1" {
                assert_eq!(client.chunk().unwrap(), b"first");
            } else {
                let mut first = [0; 5];
                client.0.read_exact(&mut first).unwrap();
                assert_eq!(&first, b"first");
            }
            nano.get("a.local", "/release");
            if version == "1.1" {
                assert_eq!(client.rest(), b"", "{path}: neither a chunk nor the end of chunks");
            } else {
                let mut byte = [0];
                let error = client.0.read(&mut byte).expect_err("a clean end");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{path}");
            }
            let log =
                nano.log.wait_for(path, |line| line["message"].as_str().is_some_and(|text| text.contains(reason)));
            assert!(log["request_id"].as_str().unwrap().starts_with("fail-"), "{log}");
            let id = format!("fail-{version}");
            let line = nano.log.wait_for("the access line", |line| line["path"] == path && line["request_id"] == id);
            assert_eq!((&line["cut"], &line["error"]), (&json!(true), &json!("body_failed")));
            let after = nano.metrics().sum("nano_streams_errored_total", &[APP_LABEL, ("cause", cause)]);
            assert!(after > before, "{path} {version}: {cause} {before} -> {after}");
        }
    }
    await_empty(&nano);
}

#[test]
fn a_response_to_head_has_its_stream_read_to_the_end_or_a_mebibyte_of_it() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::open(&nano);
    client.send("HEAD /endless HTTP/1.1\r\nHost: a.local\r\n\r\n");
    assert_eq!(client.head().0, 200);
    client.send("GET /state HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n");
    client.head();
    let state: Value = serde_json::from_slice(&client.rest()).unwrap();
    assert_eq!(state, json!({ "pulls": 17, "writes": 0, "cancelled": "true AbortError", "aborted": null }));
}

#[test]
fn bodies_of_responses_to_head_end_whether_they_are_short_slow_or_many() {
    let site = Site::new();
    site.app(
        "a",
        "const log = [];
         const silent = () => new ReadableStream({ cancel(reason) { log.push(`silent: ${reason.name}`); } });
         async function* short() { for (let i = 0; i < 3; i++) { await new Promise((r) => setTimeout(r, 1)); yield new Uint8Array(9); } }
         async function written(writable) {
           const writer = writable.getWriter();
           await writer.write(new Uint8Array(9));
           await writer.close();
           log.push('written');
         }
         export default { fetch(request, env, ctx) {
           const { pathname } = new URL(request.url);
           if (pathname === '/log') return Response.json(log.splice(0));
           if (pathname === '/silent') return new Response(silent());
           if (pathname === '/short') return new Response((async function* () { yield* short(); log.push('short'); })());
           const { readable, writable } = new TransformStream();
           ctx.waitUntil(written(writable));
           return new Response(readable);
         } };",
    );
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let head = |path: &str| {
        let mut client = Client::open(&nano);
        client.send(&format!("HEAD {path} HTTP/1.1\r\nHost: a.local\r\n\r\n"));
        assert_eq!(client.head().0, 200, "{path}");
    };
    let mut seen = Vec::new();
    let mut wait_for = |expected: &[&str]| {
        until(&format!("{expected:?}"), || {
            let log = nano.get("a.local", "/log").json();
            seen.extend(log.as_array().unwrap().iter().map(|entry| entry.as_str().unwrap().to_owned()));
            (seen.len() >= expected.len()).then_some(())
        });
        seen.sort();
        assert_eq!(std::mem::take(&mut seen), expected);
    };
    head("/short");
    head("/written");
    wait_for(&["short", "written"]);
    // Sixteen are waited for, for a time; one more is cancelled at once.
    for _ in 0..17 {
        head("/silent");
    }
    wait_for(&["silent: AbortError"]);
    wait_for(&["silent: AbortError"; 16]);
    head("/short");
    wait_for(&["short"]);
}

#[test]
fn a_chunk_that_is_larger_than_everything_arrives_as_it_was() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let answer = nano.get("a.local", "/large-chunk");
    let expected: Vec<u8> = (0..3_u32 << 20).map(|index| u8::try_from(index % 251).unwrap()).collect();
    assert_eq!(answer.status, 200);
    assert!(answer.body == expected, "{} bytes", answer.body.len());
    until("what waited to have been counted", || {
        let peak = nano.metrics().get("nano_stream_buffered_bytes_peak", &[APP_LABEL])?;
        (peak > 2e6).then_some(())
    });
    await_empty(&nano);
}

#[test]
fn what_is_known_of_a_body_is_told() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let whole = nano.get("a.local", "/whole");
    assert_eq!(
        (whole.header("content-length"), whole.header("a"), whole.text()),
        (Some("5"), Some("b"), "whole".into())
    );
    let body = vec![7; 1 << 20];
    for path in ["/pass", "/derived"] {
        let passed = nano.post("a.local", path, &body);
        assert_eq!(passed.header("content-length"), Some("1048576"), "{path}");
        assert!(passed.body == body);
        assert_eq!(nano.post("a.local", path, b"").body, b"");
        let chunked = nano.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        ));
        assert_eq!(chunked.text(), "abcdefg");
    }
}
