#![allow(clippy::unwrap_used, reason = "tests")]

use http::Request;

use super::*;

fn parts(method: &str, uri: &str, hosts: &[&[u8]]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
    for host in hosts {
        request.headers_mut().append(HOST, HeaderValue::from_bytes(host).unwrap());
    }
    request.into_parts().0
}

#[test]
fn the_host_is_read_from_where_the_standard_says() {
    for (uri, host, routed, url) in [
        ("/", "a.example", "a.example", "a.example/"),
        ("/x?y=1&z", "A.Example.:8080", "a.example", "A.Example.:8080/x?y=1&z"),
        ("/", "[::1]:80", "[::1]", "[::1]:80/"),
        ("http://B.example/x", "a.example", "b.example", "B.example/x"),
        ("http://b.example?x", "a.example", "b.example", "b.example/?x"),
        ("https://b.example:444", "a.example", "b.example", "b.example:444/"),
    ] {
        let head = parts("GET", uri, &[host.as_bytes()]);
        let target = Target::read(&head).unwrap();
        assert_eq!(target.host.as_str(), routed);
        assert_eq!(format!("{}{}", target.authority, target.path), url);
    }
}

#[test]
fn what_is_not_clear_is_refused() {
    for (method, uri, hosts, failure) in [
        ("GET", "/", &[][..], Failure::MissingHost),
        ("GET", "http://a.example/", &[], Failure::MissingHost),
        ("GET", "/", &[&b"a.example"[..], b"a.example"], Failure::SeveralHosts),
        ("GET", "http://a.example/", &[b"a.example", b"b.example"], Failure::SeveralHosts),
        ("GET", "/", &[b""], Failure::MalformedHost),
        ("GET", "/", &[b"\xe4.example"], Failure::MalformedHost),
        ("GET", "/", &[b"user:pw@a.example"], Failure::MalformedHost),
        ("GET", "http://user@a.example/", &[b"a.example"], Failure::MalformedHost),
        ("GET", "http://a.example/", &[b"a b"], Failure::MalformedHost),
        ("GET", "ftp://a.example/", &[b"a.example"], Failure::MalformedTarget),
        ("GET", "a.example:80", &[b"a.example"], Failure::MalformedTarget),
        ("OPTIONS", "*", &[b"a.example"], Failure::MalformedTarget),
        ("CONNECT", "a.example:80", &[b"a.example"], Failure::MethodNotAllowed),
        ("TRACE", "/", &[b"a.example"], Failure::MethodNotAllowed),
    ] {
        assert_eq!(Target::read(&parts(method, uri, hosts)), Err(failure), "{method} {uri} {hosts:?}");
    }
}
