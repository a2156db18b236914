//! Which host a request means, and which requests are refused.

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
    for (uri, host, routed, authority, url) in [
        ("/", "a.example", "a.example", "a.example", "http://a.example/"),
        ("/x?y=1&z", "A.Example.:8080", "a.example", "A.Example.:8080", "http://a.example:8080/x?y=1&z"),
        ("/", "[::1]:80", "[::1]", "[::1]:80", "http://[::1]/"),
        ("http://B.example/x", "a.example", "b.example", "B.example", "http://b.example/x"),
        ("http://b.example?x", "a.example", "b.example", "b.example", "http://b.example/?x"),
        ("https://b.example:444", "a.example", "b.example", "b.example:444", "http://b.example:444/"),
    ] {
        let head = parts("GET", uri, &[host.as_bytes()]);
        let target = Target::read(&head, Scheme::Http).unwrap();
        assert_eq!((target.host.as_str(), target.authority, target.url.as_str()), (routed, authority, url));
    }
}

#[test]
fn an_app_sees_one_form_of_each_host_and_a_url_that_stays_as_it_is() {
    for (host, origin) in [
        ("A.EXAMPLE", "http://a.example"),
        ("a.example.", "http://a.example"),
        ("a.example:", "http://a.example"),
        ("a.example:80", "http://a.example"),
        ("a.example:080", "http://a.example"),
        ("a.example.:80", "http://a.example"),
        ("A.example:0", "http://a.example:0"),
        ("a.example:08081", "http://a.example:8081"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("127.0.0.1.:80", "http://127.0.0.1"),
        ("[0:0::1]", "http://[::1]"),
        ("[::ffff:1.2.3.4]:8080", "http://[::ffff:102:304]:8080"),
        ("XN--bcher-KVA.example", "http://xn--bcher-kva.example"),
        ("my_app.local", "http://my_app.local"),
        ("-a-.example", "http://-a-.example"),
    ] {
        for path in ["/", "/a/../b%2e/%2E%2e/c?d='e'", "//x", "/a|b^c`d{e}\"f?g|h^`{}\"", "/a\\b"] {
            let Ok(uri) = path.parse::<http::Uri>() else { continue };
            let mut head = parts("GET", "/", &[host.as_bytes()]);
            head.uri = uri;
            let url = Target::read(&head, Scheme::Http).unwrap().url;
            assert!(url.starts_with(&format!("{origin}/")), "{host}: {url}");
            assert_eq!(Url::parse(&url).unwrap().as_str(), url);
        }
    }
}

#[test]
fn a_host_that_the_url_standard_refuses_or_reads_otherwise_is_refused() {
    for host in [
        "xn--",
        "xn--a.test",
        "XN--A.test",
        "a.xn--a",
        "xn--a-ecp.ru",
        "0x7f",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "017.0.0.1",
        "2130706433",
        "a.0x",
        "1.2.3.4.5",
        "256.0.0.1",
        "a%2eb",
        "%61.example",
        "u@a.example",
        "[::1",
        "[::1%25lo]",
        "[1.2.3.4]",
        "a.example:80:80",
        "a_b:99999",
    ] {
        assert_eq!(
            Target::read(&parts("GET", "/", &[host.as_bytes()]), Scheme::Http),
            Err(Failure::MalformedHost),
            "{host}"
        );
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
        assert_eq!(Target::read(&parts(method, uri, hosts), Scheme::Http), Err(failure), "{method} {uri} {hosts:?}");
    }
}

#[test]
fn the_scheme_is_the_clients_and_decides_which_port_is_left_out() {
    for (uri, host, url) in [
        ("/", "a.example", "https://a.example/"),
        ("/", "a.example:443", "https://a.example/"),
        ("/", "a.example:80", "https://a.example:80/"),
        ("/%", "a.example:8443", "https://a.example:8443/%"),
        ("http://a.example/", "a.example", "https://a.example/"),
    ] {
        assert_eq!(Target::read(&parts("GET", uri, &[host.as_bytes()]), Scheme::Https).unwrap().url, url);
    }
}
