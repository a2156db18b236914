//! Bodies that are held: collected, or cloned.

use super::*;

#[test]
fn a_body_that_is_collected_is_held_to_the_limit() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let overflow = json!({ "name": "RangeError", "message": "Stream buffer size limit exceeded (max: 1MB)" });
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
        json!({ "length": message, "clone": message })
    );
    await_empty(&nano);
}
