//! Tests of `local_response.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::header::ALLOW;

use super::*;

#[test]
fn a_head_is_for_the_wire() {
    let headers = HeaderMap::from_iter([(ALLOW, HeaderValue::from_static("GET"))]);
    let answer = |status, body: &'static str| {
        LocalResponse::of(status, headers.clone(), AssetBody::Whole(Bytes::from_static(body.as_bytes())))
    };
    let whole = answer(StatusCode::OK, "text").unwrap();
    let names: Vec<_> = whole.head.headers.iter().map(|(name, _)| name.to_vec()).collect();
    assert_eq!(names, [b"allow".to_vec(), b"content-length".to_vec()]);
    assert_eq!((whole.head.status, whole.head.reason.as_str()), (200, "OK"));
    assert!(whole.head.body == BodyLength::Known(4) && !whole.is_complete());
    let empty = answer(StatusCode::NOT_MODIFIED, "").unwrap();
    assert!(empty.head.body == BodyLength::None && empty.is_complete());
}

#[test]
fn what_is_no_http_has_no_answer() {
    let mut broken = HeaderBlock::builder();
    assert!(broken.push(b"a b", b"x"));
    assert!(headers(&broken.finish()).is_none());
    let mut broken = HeaderBlock::builder();
    assert!(broken.push(b"a", b"x\ny"));
    assert!(headers(&broken.finish()).is_none());
}
