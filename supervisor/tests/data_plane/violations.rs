//! Workers that send what they must not send: each costs its own requests and nothing else.

use bytes::Bytes;
use nano_protocol::limits::{MAX_HEADER_BYTES, MAX_HEADERS};
use nano_protocol::{BodyLength, ExitReason, Frame, RequestId, ResetReason, StreamId};
use nano_supervisor::upstream::LinkEvent;

use crate::host::Host;
use crate::worker::{FakeWorker, chunk, entry, head, raw_head};

/// Has a worker do something illegal with a request in flight, and checks that it is found out.
fn found_out(crime: impl FnOnce(&mut FakeWorker, RequestId)) -> String {
    let (mut host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    crime(&mut worker, id);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "worker_protocol"));
    assert_eq!(worker.worker.exit(), Some(ExitReason::Protocol));
    let Some(LinkEvent::ProtocolViolation { worker: accused, detail, in_flight: lost }) = host.events.blocking_recv()
    else {
        panic!("the control plane was not told")
    };
    assert_eq!(accused.id, worker.worker.id);
    assert!(lost.requests.len() <= 1 && lost.more == 0, "{lost:?}");
    while worker.next().is_some() {}

    let server = host.add_worker().serve();
    assert_eq!(host.get("/").answer().status, 200);
    drop(host);
    server.join().unwrap();
    detail
}

#[test]
fn garbage() {
    assert!(found_out(|worker, _| worker.send_bytes(&[0xff; 100])).contains("over the maximum"));
    assert!(found_out(|worker, _| worker.send_bytes(&[1, 0, 0, 0, 99])).contains("kind 99"));
}

#[test]
fn frames_of_another_link_or_side() {
    assert!(found_out(|worker, _| worker.send(&[Frame::Pong { nonce: 1, idle: false }])).contains("data link"));
    assert!(found_out(|worker, _| worker.send(&[Frame::Drain])).contains("kind"));
}

#[test]
fn numbers_that_were_never_given() {
    assert!(found_out(|worker, id| worker.send(&[head(id + 1, 200, &[], BodyLength::None)])).contains("never sent"));
    assert!(
        found_out(|worker, id| worker.send(&[Frame::Credit { stream: StreamId::request(id + 7), bytes: 1 }]))
            .contains("never sent")
    );
}

#[test]
fn frames_in_the_wrong_order() {
    assert!(found_out(|worker, id| worker.send(&[chunk(id, "x", true)])).contains("before its head"));
}

#[test]
fn more_than_the_window() {
    assert!(
        found_out(|worker, id| worker.send(&[Frame::Credit { stream: StreamId::request(id), bytes: u32::MAX }]))
            .contains("window")
    );
    assert!(
        found_out(|worker, id| worker.send(&[Frame::Credit { stream: StreamId::request(id), bytes: 0 }]))
            .contains("window")
    );
}

#[test]
fn reasons_that_are_not_theirs() {
    let reset = |reason| move |worker: &mut FakeWorker, id| worker.send(&[Frame::reset(StreamId::request(id), reason)]);
    for reason in [ResetReason::ClientGone, ResetReason::TimedOut, ResetReason::BodyTooLarge] {
        assert!(found_out(reset(reason)).contains("reset"));
    }
}

#[test]
fn acknowledgements_of_what_was_not_reset() {
    assert!(found_out(|worker, id| worker.send(&[Frame::ResetAck { id }])).contains("acknowledgement"));
    assert!(found_out(|worker, id| worker.send(&[Frame::ResetAck { id: id + 7 }])).contains("acknowledgement"));
}

#[test]
fn headers_that_are_no_http() {
    for (name, value) in [("a b", "x"), ("", "x"), ("x", "a\r\nset-cookie: b"), ("x", "a\0b"), ("x:", "y")] {
        let detail = found_out(|worker, id| worker.send(&[head(id, 200, &[(name, value)], BodyLength::None)]));
        assert!(detail.contains("header"), "{name:?}: {value:?}: {detail}");
    }
}

#[test]
fn statuses_that_are_no_final_ones() {
    for status in [0, 99, 100, 101, 103, 199, 600, 999, 65535] {
        let detail = found_out(|worker, id| worker.send_bytes(&raw_head(id, status, b"")));
        assert!(detail.contains("status"), "{status}: {detail}");
    }
}

/// The status of an answer whose head has this list.
fn answered(block: &[u8]) -> u16 {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send_bytes(&raw_head(id, 299, block));
    client.answer().status
}

#[test]
fn header_lists_at_their_limits_and_beyond() {
    let many = |count: usize| (0..count).flat_map(|n| entry(format!("x-{n}").as_bytes(), b"1")).collect::<Vec<_>>();
    assert_eq!(answered(&many(MAX_HEADERS)), 299);
    let large = |bytes: usize| entry(b"x", &vec![b'v'; bytes - 7]);
    assert_eq!(answered(&large(MAX_HEADER_BYTES)), 299);
    let long_name = |length: usize| entry(&vec![b'n'; length], b"1");
    assert_eq!(answered(&long_name(60_000)), 299);
    for (what, block) in [
        ("one too many", many(MAX_HEADERS + 1)),
        ("a byte too large", large(MAX_HEADER_BYTES + 1)),
        ("without its value", entry(b"x", b"y")[..5].to_vec()),
        ("cut in a length", entry(b"x", b"y")[..1].to_vec()),
        ("a name beyond the list", [&u16::MAX.to_le_bytes()[..], b"x"].concat()),
        ("a value beyond the list", [&entry(b"x", b"")[..3], &u32::MAX.to_le_bytes(), b"y"].concat()),
    ] {
        let detail = found_out(|worker, id| worker.send_bytes(&raw_head(id, 200, &block)));
        assert!(detail.contains("header"), "{what}: {detail}");
    }
}

#[test]
fn every_byte_that_is_no_part_of_a_name_or_value() {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let field = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    for byte in 0..=u8::MAX {
        let name = answered(&entry(&[b'x', byte, b'y'], b"1"));
        assert_eq!(name, if token(byte) { 299 } else { 502 }, "{byte:#04x} in a name");
        let value = answered(&entry(b"x", &[b'x', byte, b'y']));
        assert_eq!(value, if field(byte) { 299 } else { 502 }, "{byte:#04x} in a value");
    }
}

/// The response has begun, so there is no status to send any more.
fn cut_off(crime: impl FnOnce(&mut FakeWorker, RequestId)) {
    let (mut host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Known(10)), chunk(id, "123", false)]);
    client.head().unwrap();
    crime(&mut worker, id);
    assert!(client.exactly(10).is_err(), "a cut response came to an end");
    assert!(matches!(host.events.blocking_recv(), Some(LinkEvent::ProtocolViolation { .. })));
}

#[test]
fn bodies_of_another_length_than_announced() {
    cut_off(|worker, id| worker.send(&[chunk(id, "45678", true)]));
    cut_off(|worker, id| worker.send(&[chunk(id, "4567890+", true)]));
}

#[test]
fn a_second_head() {
    cut_off(|worker, id| worker.send(&[head(id, 200, &[], BodyLength::None)]));
}

#[test]
fn chunks_that_say_nothing() {
    cut_off(|worker, id| worker.send(&[chunk(id, "", false)]));
}

#[test]
fn a_body_that_does_not_wait_for_credit() {
    let (mut host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
    client.head().unwrap();
    let data = Bytes::from(vec![0; 32 * 1024]);
    // More than everything in between can hold, from a worker that ignores credit.
    for _ in 0..2000 {
        if worker.try_send(&[Frame::Data { stream: StreamId::request(id), end: false, data: data.clone() }]).is_err() {
            break;
        }
    }
    match host.events.blocking_recv() {
        Some(LinkEvent::ProtocolViolation { detail, .. }) => assert!(detail.contains("window"), "{detail}"),
        other => panic!("{other:?}"),
    }
    drop(client);
}
