//! What an authority may answer.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_directory_has_urls() {
    let directory = |nonce: &str| {
        format!(r#"{{"newNonce": {nonce}, "newAccount": "https://a.example/a", "newOrder": "https://a.example/o"}}"#)
    };
    assert_eq!(check_directory(directory(r#""https://a.example/n""#).as_bytes()), Ok(()));
    for bad in
        [r#""""#, r#""not a url""#, r#""/n""#, r#""http://a.example/n""#, r#""https:""#, "1", "null", r#""a\nb""#]
    {
        assert!(check_directory(directory(bad).as_bytes()).is_err(), "{bad}");
    }
    for bad in ["", "[]", "{}", "\"\"", "null"] {
        assert!(check_directory(bad.as_bytes()).is_err(), "{bad}");
    }
    let deep = "[".repeat(100_000);
    assert!(check_directory(deep.as_bytes()).is_err());
}

#[test]
fn waits_are_bounded() {
    let wait = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        let wait = bound_wait(&mut headers);
        (wait.map(|wait| wait.as_secs()), headers.get(RETRY_AFTER).map(|left| left.to_str().unwrap().to_owned()))
    };
    let left = |text: &str| Some(text.to_owned());
    assert_eq!(wait("3"), (Some(3), left("3")));
    assert_eq!(wait("3600"), (Some(3600), left("60")));
    let longest = MAX_RETRY_AFTER.as_secs();
    assert_eq!(wait("18446744073709551615"), (Some(longest), left("60")));
    assert_eq!(wait("999999999999999999999999"), (Some(longest), left("60")));
    assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), (Some(longest), left("60")));
    assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), (Some(0), left("0")));
    for nonsense in ["", "-1", "1.5", "soon", "+"] {
        assert_eq!(wait(nonsense), (None, None), "{nonsense}");
    }
}
