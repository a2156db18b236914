//! Failures: the app gets a TypeError that says what and why, the client a response, and other apps notice nothing.

use crate::upstream::Upstream;
use crate::{HOST, get, path, serve};
use nano_test::{Nano, Site};
use serde_json::{Value, json};
use std::net::TcpListener;

fn code(seen: &Value) -> &str {
    assert_eq!(seen["name"], "TypeError", "{seen}");
    assert!(seen["error"].as_str().unwrap().starts_with("fetch failed: "), "{seen}");
    seen["code"].as_str().unwrap_or_else(|| panic!("{seen}"))
}

fn results(nano: &Nano, result: &str) -> f64 {
    nano.metrics().get("nano_egress_requests_total", &[("app", HOST), ("result", result)]).unwrap()
}

#[test]
fn each_way_to_fail_has_its_code() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstream = Upstream::start(|_, mut peer| {
        let Some(asked) = peer.head() else { return };
        let answer = match asked.path() {
            "/garbage" => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
            "/http09" => "<html>".to_owned(),
            "/early" => String::new(),
            "/head" => "HTTP/1.1 200 OK\r\nX-A: ".to_owned(),
            "/large" => format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "x".repeat(200_000)),
            "/many" => format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-A: 1\r\n".repeat(400)),
            "/switch" => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_owned(),
            "/status" => "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "/two" => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_owned(),
            "/inject" => "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n".to_owned(),
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour".to_owned(),
        };
        peer.send(answer);
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string(), nobody.to_string(), "name.invalid"]));
    let ask = |path: &str| get(&nano, &upstream.url(path));
    for path in ["/garbage", "/http09", "/large", "/many", "/status", "/switch", "/two", "/inject"] {
        assert_eq!(code(&ask(path)), "MALFORMED_RESPONSE", "{path}: {}", ask(path));
    }
    for path in ["/early", "/head"] {
        assert_eq!(code(&ask(path)), "CONNECTION_CLOSED", "{path}");
    }
    // Its head had come: the body fails.
    let seen = ask("/cut");
    assert!(seen["error"].as_str().unwrap().contains("closed the connection early"), "{seen}");
    let seen = get(&nano, &format!("http://{nobody}/"));
    assert_eq!(code(&seen), "CONNECT_FAILED");
    assert!(seen["error"].as_str().unwrap().contains("refused"), "{seen}");
    assert_eq!(code(&get(&nano, "http://name.invalid/")), "RESOLVE_FAILED");
    let before = results(&nano, "denied");
    assert_eq!(code(&get(&nano, "http://127.0.0.1:1/")), "EGRESS_DENIED");
    assert_eq!(results(&nano, "denied"), before + 1.0);
    assert!(results(&nano, "error") >= 12.0);
    assert!(!nano.log.lines().iter().any(|line| line.contains("panicked")));
}

#[test]
fn a_response_that_is_passed_on_and_fails_is_cut() {
    let upstream = Upstream::start(|_, mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            peer.send(vec![b'x'; 500_000]);
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for route in ["/pass", "/copy"] {
        let mut client = nano.connect();
        client.send_get(HOST, &path(route, &[("u", &upstream.url("/"))])).unwrap();
        client.receive().expect_err("a cut response came to an end");
    }
    nano.log.wait_for_text("The response's body failed");
    assert_eq!(nano.get(HOST, &path("/head", &[("u", &upstream.url("/")), ("then", "cancel")])).status, 200);
}

#[test]
fn what_another_server_says_cannot_frame_our_response() {
    let upstream = Upstream::serve(|peer, _| {
        peer.send(
            "HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\n\
             X-Request-Id: forged\r\nTrailer: X-T\r\nX-Bytes: a\u{e9}\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nabc\r\n0\r\nX-T: late\r\n\r\n",
        );
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for route in ["/pass", "/copy"] {
        let mut client = nano.connect();
        for _ in 0..2 {
            let answer = client.get(HOST, &path(route, &[("u", &upstream.url("/"))])).unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (200, "abc"), "{answer:?}");
            for name in ["connection", "keep-alive", "upgrade", "trailer"] {
                assert_eq!(answer.header(name), None, "{answer:?}");
            }
            let ids: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "x-request-id").collect();
            assert!(ids.len() == 1 && ids[0].1 != "forged", "{answer:?}");
        }
    }
}

#[test]
fn off_is_off_and_the_default_is_public() {
    let upstream = Upstream::serve(|peer, _| {
        peer.respond("", "reached");
    });
    let site = Site::new();
    site.app("a", crate::APP);
    site.apps(json!([
        { "hostname": "off.local", "path": "a", "egress": "off" },
        { "hostname": "default.local", "path": "a" },
        { "hostname": "listed.local", "path": "a", "egress": ["127.0.0.0/8"] },
    ]));
    let nano = site.serve();
    let ask = |host: &str, url: &str| {
        let spec = json!({ "url": url, "init": {} }).to_string();
        nano.get(host, &path("/fetch", &[("spec", &spec)])).json()
    };
    let seen = ask("off.local", "http://example.com/");
    assert!(seen["error"].as_str().unwrap().contains("`egress` is \"off\""), "{seen}");
    let seen = ask("default.local", &upstream.url("/"));
    assert!(seen["error"].as_str().unwrap().contains("a loopback address"), "{seen}");
    assert_eq!(upstream.connections(), 0);
    assert_eq!(ask("listed.local", &upstream.url("/"))["text"], "reached");
    // nano's own addresses need more than a range.
    for own in [nano.address, nano.metrics_address] {
        let seen = ask("listed.local", &format!("http://{own}/"));
        assert!(seen["error"].as_str().unwrap().contains("is nano itself"), "{seen}");
    }
}

#[test]
fn before_the_app_is_loaded_there_is_no_fetch() {
    let site = Site::new();
    site.app(
        "a",
        "const outcome = await fetch('http://example.com/').catch((error) => error.message);\n\
         export default { fetch: () => new Response(outcome) };",
    );
    site.apps(json!([{ "hostname": HOST, "path": "a" }]));
    let nano = site.serve();
    assert!(nano.get(HOST, "/").text().contains("when the app's modules are loaded"));
}
