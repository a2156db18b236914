//! Bodies of outgoing requests under their windows and the link's.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_protocol::{HeaderBlock, Outbox};

use super::*;

#[test]
fn uploads_in_single_bytes_do_not_fill_what_is_to_be_sent() {
    let (mut requests, mut fetches) = (Requests::default(), Fetches::default());
    requests.set_links(1);
    fetches.set_links(1);
    let head = FetchHead {
        method: "POST".into(),
        url: "http://a/".into(),
        headers: HeaderBlock::default(),
        body: BodyLength::Unknown,
    };
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.extend(fetches.start(&mut requests, None, head.clone(), UploadFrom::Script(None)).ok());
    }
    assert_eq!(keys.len(), 20);
    // Nothing is read; no chunk stands next to another of its body.
    while keys.iter().any(|key| fetches.upload_room(&requests, *key) > 0) {
        for key in &keys {
            if fetches.upload_room(&requests, *key) > 0 {
                fetches.send_chunk(&mut requests, *key, Bytes::from_static(b"x"), true);
            }
        }
    }
    // The frames' heads, of a few bytes each, are all that goes beyond a megabyte.
    assert!(requests.is_full(0), "it is the link that holds them up");
    let waiting = requests.outbox(0).unwrap().len();
    assert!(waiting <= (1 << 20) + 64, "{waiting} bytes wait");
    assert!(fetches.take_held(&requests).is_empty(), "nothing was written");

    // It is read: each goes on.
    *requests.outbox(0).unwrap() = Outbox::default();
    let mut held = fetches.take_held(&requests);
    held.sort_unstable();
    assert_eq!(held, keys);
    assert!(held.iter().all(|key| matches!(fetches.resume_upload(*key), FetchOutcome::Writable)));
    assert!(fetches.take_held(&requests).is_empty(), "once");
}
