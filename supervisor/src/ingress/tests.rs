//! Which requests are sent to a second worker.

use super::*;

const UNSEEN: Failed = Failed::Died(Death { reason: None, culprit: false, seen: false });
const SEEN: Failed = Failed::Died(Death { reason: None, culprit: false, seen: true });

/// How often a request is sent in all when this happens each time.
fn sent(method: &Method, mut outcome: impl FnMut(u32) -> Failed) -> u32 {
    let mut tries = Tries::default();
    let mut sent = 1;
    while tries.one_more(outcome(sent), None, method) {
        sent += 1;
    }
    sent
}

#[test]
fn what_no_worker_read_is_sent_again_but_not_without_end() {
    assert_eq!(sent(&Method::POST, |_| UNSEEN), MAX_TRIES);
    assert_eq!(sent(&Method::GET, |_| UNSEEN), MAX_TRIES);
}

#[test]
fn what_a_worker_read_is_sent_once_more_if_that_does_no_harm() {
    assert_eq!(sent(&Method::GET, |_| SEEN), 2);
    assert_eq!(sent(&Method::POST, |_| SEEN), 1);
    assert_eq!(sent(&Method::GET, |try_| if try_ == 1 { SEEN } else { UNSEEN }), MAX_TRIES);
    let culprit = Failed::Died(Death { reason: None, culprit: true, seen: true });
    assert_eq!(sent(&Method::GET, |_| culprit), 1);
    assert_eq!(sent(&Method::POST, |_| Failed::Reset(ResetReason::Refused)), 2);
    assert_eq!(sent(&Method::GET, |_| Failed::TimedOut), 1);
}

#[test]
fn the_future_of_a_request_is_small() {
    fn size<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    let size = size(|context, client: Requester, request| handle_request(context, &client, request));
    assert!(size <= 1536, "{size} bytes are moved for each request, several times");
}
