//! How requests and connections end: cuts, clients that leave, reloads, the end of nano.

use crate::frames::{DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, Http2, RST_STREAM, frame, head};
use crate::serve;
use nano_test::until;
use nix::sys::signal::Signal;

#[test]
fn a_body_that_fails_resets_its_stream_and_what_came_before_arrives() {
    let (_site, nano) = serve();
    // Windows as clients have them that do not wait for updates.
    let mut http = Http2::open(nano.address, &[(4, 1 << 20)]);
    http.send(&frame(crate::frames::WINDOW_UPDATE, 0, 0, &(1_u32 << 20).to_be_bytes())).unwrap();
    http.get(1, "/pieces?n=20&cut");
    http.get(3, "/pieces?n=20");
    let mut got = [0, 0];
    let mut ends = 0;
    while ends < 2 {
        let next = http.wait_for(|frame| frame.stream > 0).unwrap();
        let at = usize::from(next.stream == 3);
        match next.kind {
            DATA => got[at] += next.payload.len(),
            RST_STREAM => assert_eq!(at, 0),
            _ => {}
        }
        ends += u32::from(next.kind == RST_STREAM || next.flags & END_STREAM != 0);
    }
    assert_eq!(got, [20 * 16384; 2]);
}

#[test]
fn a_request_that_is_reset_is_over_for_its_app_and_its_neighbours_go_on() {
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    http.get(1, "/wait?ms=600000");
    http.get(3, "/wait?ms=300");
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 2.0);
    http.send(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())).unwrap();
    assert!(http.body(3).is_ok());
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
    http.get(5, "/wait?ms=600000");
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    drop(http);
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
}

#[test]
fn no_request_is_lost_when_nano_ends() {
    let (_site, mut nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    for stream in [1, 3, 5] {
        http.get(stream, "/wait?ms=1500");
    }
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 3.0);
    nano.signal(Signal::SIGTERM);
    assert!(http.wait_for(|frame| frame.kind == GOAWAY).is_some(), "the client is told");
    // On its way when the client was told.
    http.get(7, "/");
    let mut left = vec![1, 3, 5, 7];
    while !left.is_empty() {
        let next = http.wait_for(|frame| frame.stream > 0).expect("requests are finished first");
        assert_ne!(next.kind, RST_STREAM, "{next:?}");
        if next.flags & END_STREAM != 0 {
            left.retain(|stream| *stream != next.stream);
        }
    }
    assert!(http.wait_for(|_| false).is_none(), "then the connection ends");
    assert!(nano.wait().success());
}

#[test]
fn a_reload_leaves_connections_open() {
    let (site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    http.get(1, "/wait?ms=1000");
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    site.app("a", "export default { fetch: () => new Response('new') };");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    http.get(3, "/");
    let (mut first, mut second) = (None, None);
    while first.is_none() || second.is_none() {
        let next = http.wait_for(|frame| frame.kind == DATA && frame.stream > 0).unwrap();
        if next.stream == 1 {
            first = Some(next.payload)
        } else {
            second = Some(next.payload)
        };
    }
    assert_eq!(second.unwrap(), b"new");
}

#[test]
fn a_body_that_does_not_come_is_a_408_and_the_connection_goes_on() {
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    http.send(&frame(HEADERS, END_HEADERS, 1, &head("POST", "/", &[("content-length", "10")]))).unwrap();
    http.get(3, "/");
    assert!(http.body(3).is_ok());
    let late = http.body(1).unwrap();
    assert!(String::from_utf8_lossy(&late).contains("request_timeout"), "{}", String::from_utf8_lossy(&late));
    http.get(5, "/");
    assert!(http.body(5).is_ok());
}

#[test]
fn a_client_that_opens_no_window_is_cut_and_not_its_neighbours() {
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[(4, 0)]);
    http.get(1, "/pieces?n=1000");
    let begun = std::time::Instant::now();
    // Small answers need a window, too; this one is given it.
    http.get(3, "/");
    http.send(&frame(crate::frames::WINDOW_UPDATE, 0, 3, &10_000_u32.to_be_bytes())).unwrap();
    assert!(http.body(3).is_ok());
    let reset = http.wait_for(|frame| frame.stream == 1 && frame.kind == RST_STREAM);
    assert!(reset.is_some() && begun.elapsed().as_secs() >= 50, "{:?}", begun.elapsed());
    until("the app to be rid of it", || {
        (nano.metrics().get("nano_http_requests_in_flight", &[("app", "a")]) == Some(0.0)).then_some(())
    });
}
