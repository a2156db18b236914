//! A worker's response head: what is passed on, dropped and refused.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_protocol::HeaderBlock;

use super::*;

fn head(status: u16, headers: &[(&[u8], &[u8])], body: BodyLength) -> ResponseHead {
    let mut block = HeaderBlock::builder();
    for (name, value) in headers {
        assert!(block.push(name, value));
    }
    ResponseHead { status, headers: block.finish(), body }
}

fn length(head: &ResponseHead, method: Method) -> Option<String> {
    let checked = CheckedHead::check(head, &method).unwrap();
    checked.headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn legal_headers_pass_in_order_and_may_repeat() {
    let given = head(
        201,
        &[(b"set-cookie", b"a=1"), (b"X-Upper", b"\xfcber"), (b"set-cookie", b"b=2"), (b"empty", b"")],
        BodyLength::None,
    );
    let checked = CheckedHead::check(&given, &Method::GET).unwrap();
    assert_eq!((checked.status.as_u16(), checked.bodyless), (201, false));
    assert_eq!(checked.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(checked.headers.get("x-upper").unwrap().as_bytes(), b"\xfcber");
    assert_eq!(checked.headers.get("empty").unwrap().as_bytes(), b"");
}

#[test]
fn illegal_headers_are_a_violation() {
    for (name, value) in [
        (&b""[..], &b"x"[..]),
        (b"a b", b"x"),
        (b"a:", b"x"),
        (b"\xe4", b"x"),
        (b"a\r\nb", b"x"),
        (b"a", b"x\r\ny: z"),
        (b"a", b"x\ny"),
        (b"a", b"x\0"),
        (b"a", b"\x7f"),
    ] {
        assert!(
            CheckedHead::check(&head(200, &[(name, value)], BodyLength::None), &Method::GET).is_none(),
            "{name:?}: {value:?}"
        );
    }
}

#[test]
fn as_many_headers_as_the_wire_carries_are_fine() {
    let names: Vec<String> = (0..nano_protocol::limits::MAX_HEADERS).map(|n| format!("x-{n}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_bytes(), &b"1"[..])).collect();
    let checked = CheckedHead::check(&head(200, &headers, BodyLength::None), &Method::GET).unwrap();
    assert_eq!(checked.headers.len(), names.len());
}

#[test]
fn framing_is_not_the_workers_business() {
    for name in [
        "content-length",
        "Transfer-Encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "te",
        "trailer",
        "x-request-id",
    ] {
        let checked =
            CheckedHead::check(&head(200, &[(name.as_bytes(), b"1")], BodyLength::Unknown), &Method::GET).unwrap();
        assert!(checked.headers.is_empty(), "{name}");
    }
}

#[test]
fn what_the_app_says_is_of_the_connection_stays_there() {
    let given: &[(&[u8], &[u8])] = &[
        (b"x-hop", b"1"),
        (b"Connection", b"X-Hop , close,,no such name"),
        (b"connection", b"x-other, \xff"),
        (b"connection", b"X-Third"),
        (b"x-other", b"2"),
        (b"X-THIRD", b"3"),
        (b"x-stays", b"4"),
    ];
    let checked = CheckedHead::check(&head(200, given, BodyLength::None), &Method::GET).unwrap();
    let names: Vec<_> = checked.headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-stays"]);
}

#[test]
fn head_says_what_get_would_have_had() {
    let announced: &[(&[u8], &[u8])] = &[(b"content-length", b"42")];
    assert_eq!(length(&head(200, &[], BodyLength::Known(7)), Method::HEAD).as_deref(), Some("7"));
    assert_eq!(length(&head(200, announced, BodyLength::Known(7)), Method::HEAD).as_deref(), Some("7"));
    assert_eq!(length(&head(200, announced, BodyLength::None), Method::HEAD).as_deref(), Some("42"));
    assert_eq!(length(&head(200, announced, BodyLength::Unknown), Method::HEAD), None);
    assert_eq!(length(&head(204, announced, BodyLength::None), Method::HEAD), None);
    assert_eq!(length(&head(200, &[(b"content-length", b"4 2")], BodyLength::None), Method::HEAD), None);
    assert_eq!(length(&head(200, announced, BodyLength::Known(7)), Method::GET), None);
}

#[test]
fn statuses_without_a_body() {
    for (status, bodyless) in [(200, false), (204, true), (205, false), (304, true), (404, false)] {
        assert_eq!(CheckedHead::check(&head(status, &[], BodyLength::None), &Method::GET).unwrap().bodyless, bodyless);
    }
    assert!(CheckedHead::check(&head(200, &[], BodyLength::None), &Method::HEAD).unwrap().bodyless);
}
