//! Bodies that are held: collected, or cloned.

use super::memory::upload;
use super::*;

/// What the limit's error says of a body.
const ADVICE: &str = ": a body that is read whole must fit max_buffer_size_mb; read it in chunks, or raise that";

#[test]
fn a_body_that_is_collected_is_held_to_the_limit() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let message = format!("Stream buffer size limit exceeded (max: 1MB){ADVICE}");
    let overflow = json!({ "name": "RangeError", "message": message });
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; 1 << 20]).json(), json!({ "length": 1 << 20 }));
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; (1 << 20) + 1]).json(), overflow);
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; 3 << 20]).json(), overflow);
    let metrics = nano.metrics();
    assert_eq!(metrics.get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(2.0));
    assert_eq!(metrics.get("nano_streams_errored_total", &[APP_LABEL, ("cause", "overflow")]), Some(2.0));
    await_empty(&nano);
}

#[test]
fn a_clone_that_nobody_reads_overflows_and_the_other_does_not() {
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_buffer_size_mb": 4 }));
    let message = "Stream buffer size limit exceeded (max: 4MB)";
    assert_eq!(
        nano.post("a.local", "/clone-unread", &vec![1; 3 << 20]).json(),
        json!({ "length": 3 << 20, "clone": 3 << 20 })
    );
    // Both are over the limit: one by what was collected of it, the other by what waited in it.
    assert_eq!(
        nano.post("a.local", "/clone-unread", &vec![1; 6 << 20]).json(),
        json!({ "length": format!("{message}{ADVICE}"), "clone": message })
    );
    await_empty(&nano);
}

#[test]
fn a_body_between_the_two_limits_can_be_read_in_chunks_only() {
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_body_mb": 3 }));
    let body = vec![b'x'; 2 << 20];
    assert_eq!(nano.post("a.local", "/text", &body).json()["name"], "RangeError");
    assert_eq!(nano.post("a.local", "/count", &body).json(), json!({ "length": 2 << 20 }));
    assert_eq!(nano.post("a.local", "/count", &vec![b'x'; (3 << 20) + 1]).status, 413);
    await_empty(&nano);
}

#[test]
fn a_body_that_the_app_cancels_is_taken_from_the_client_and_dropped() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for path in ["/cancel", "/cancel-later"] {
        site.app("a", APP);
        assert_eq!(nano.ctl(&["restart", "a.local"]).code, Some(0));
        let mut client = Client::open(&nano);
        let total = 64 << 20;
        let sent = Arc::new(AtomicU64::new(0));
        let sender = upload(client.0.get_ref(), path, total, Arc::clone(&sent));
        // A client that reads the answer only when it has sent everything.
        until("all of the upload to be taken", || (sent.load(Ordering::Relaxed) == total).then_some(()));
        sender.join().unwrap();
        assert_eq!(nano.get("a.local", "/release").text(), "released");
        assert_eq!(client.head().0, 200, "{path}");
        await_empty(&nano);
    }
}
