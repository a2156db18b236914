//! Offers and answers. What clients send, the end-to-end tests have.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_server_is_held_to_what_was_offered() {
    let bits = Ok(Some(Agreement { bits: 15 }));
    assert_eq!(agreed(""), Ok(None));
    assert_eq!(agreed("permessage-deflate; server_no_context_takeover"), bits);
    assert_eq!(agreed(OFFER), bits);
    assert_eq!(agreed("permessage-deflate; server_no_context_takeover; server_max_window_bits=8"), bits);
    for wrong in [
        // It would take its context over.
        "permessage-deflate",
        // It was not offered.
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; made_up",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=7",
        "x-other",
        ",",
    ] {
        assert!(agreed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn nano_agrees_with_itself() {
    let (answer, agreement) = answer(OFFER).unwrap();
    assert_eq!(agreement, Agreement { bits: 15 });
    assert_eq!(agreed(&answer), Ok(Some(agreement)));
}
