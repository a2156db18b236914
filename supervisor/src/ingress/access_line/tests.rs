//! The line in the Combined Log Format.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::{HeaderValue, Request};

use super::*;
use crate::downstream::Scheme;

fn head(target: &str, version: Version, headers: &[(&'static str, &[u8])]) -> Parts {
    let mut request = Request::builder().uri(target).version(version).body(()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    request.into_parts().0
}

fn line(head: &Parts, ip: &str) -> String {
    let client = Client { ip: ip.parse().ok(), port: Some(4711), scheme: Scheme::Http };
    let ended = Ended { client, status: 200, bytes: 12 };
    combined_at(Some((&AccessLine::read(head), head.version)), ended, "2000-10-10T13:55:36Z".parse().unwrap())
}

#[test]
fn a_line_is_that_of_apache_and_nginx() {
    let headers: [(_, &[u8]); 3] =
        [("host", b"a.example"), ("referer", b"http://b.example/start?q=1"), ("user-agent", b"curl/8.0 (x86)")];
    let given = head("/a/b?c=d", Version::HTTP_11, &headers);
    assert_eq!(
        line(&given, "192.0.2.7"),
        "192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] \"GET /a/b?c=d HTTP/1.1\" 200 12 \"http://b.example/start?q=1\" \"curl/8.0 (x86)\""
    );
    assert_eq!(AccessLine::read(&given).referer().unwrap(), "http://b.example/start", "JSON has no queries");
}

#[test]
fn what_is_not_there_is_a_dash_and_what_is_empty_is_empty() {
    let given = head("http://a.example/x", Version::HTTP_2, &[("user-agent", b"")]);
    assert_eq!(
        line(&given, "2001:db8::1"),
        "2001:db8::1 - - [10/Oct/2000:13:55:36 +0000] \"GET /x HTTP/2.0\" 200 12 \"-\" \"\""
    );
    let client = Client { ip: None, port: None, scheme: Scheme::Http };
    let ended = Ended { client, status: 408, bytes: 0 };
    assert_eq!(
        combined_at(None, ended, "2000-10-10T13:55:36Z".parse().unwrap()),
        "unix: - - [10/Oct/2000:13:55:36 +0000] \"-\" 408 0 \"-\" \"-\""
    );
}

#[test]
fn no_header_ends_its_quotes_or_its_line_and_none_is_long() {
    let hostile: &[u8] = b"\" 200 0 \"-\" \"\\x22\t\xff\xc3\xa4\x80";
    let given = head("/", Version::HTTP_11, &[("user-agent", hostile), ("referer", hostile)]);
    let text = line(&given, "192.0.2.7");
    assert!(text.is_ascii() && !text.contains(['\t', '\n', '\r']), "{text}");
    assert_eq!(text.matches('"').count(), 6, "{text}");
    assert!(text.ends_with(r#""\x22 200 0 \x22-\x22 \x22\x5Cx22\x09\xFF\xC3\xA4\x80""#), "{text}");
    let long = vec![b'\xff'; 60_000];
    let target = format!("/{}", "a".repeat(60_000));
    let given = head(&target, Version::HTTP_11, &[("user-agent", &long), ("referer", &long), ("host", &long)]);
    assert!(line(&given, "192.0.2.7").len() < MAX_TARGET + 2 * 4 * MAX_HEADER + 256);
    assert!(AccessLine::read(&given).user_agent().unwrap().chars().count() <= MAX_HEADER);
}
