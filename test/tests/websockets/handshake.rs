//! The opening handshake.

use super::{ECHO, HOST, serve};
use nano_test::{Frame, WebSocket};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";

#[test]
fn a_handshake_is_answered_as_the_rfc_has_it() {
    let nano = serve(ECHO);
    let mut socket = nano.socket(HOST, "/");
    let header = |name| socket.head.header(name);
    assert_eq!(header("upgrade"), Some("websocket"));
    assert_eq!(header("connection"), Some("Upgrade"));
    assert!(header("x-request-id").is_some());
    // Neither was asked for.
    assert_eq!(header("sec-websocket-protocol"), None);
    assert_eq!(header("sec-websocket-extensions"), None);
    assert_eq!(socket.ask("hello"), "hello");
}

#[test]
fn a_handshake_that_is_none_is_refused() {
    let nano = serve(ECHO);
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for version in ["", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"] {
        let response = nano.raw(&format!("{REQUEST}{key}{version}\r\n"));
        assert_eq!(response.status, 426, "{version}");
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
        assert_eq!((response.header("upgrade"), response.header("connection")), (Some("websocket"), Some("upgrade")));
        assert_eq!(response.json()["code"], "websocket_version");
    }
    for key in ["", "Sec-WebSocket-Key: short\r\n", &format!("{key}{key}")] {
        let response = nano.raw(&format!("{REQUEST}Sec-WebSocket-Version: 13\r\n{key}\r\n"));
        assert_eq!((response.status, response.json()["code"].as_str()), (400, Some("malformed_handshake")), "{key}");
    }
}

#[test]
fn what_asks_for_no_websocket_gets_the_apps_answer() {
    let nano = serve(ECHO);
    for asks in ["Upgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\n", "Connection: Upgrade\r\n"] {
        let response = nano.raw(&format!("GET / HTTP/1.1\r\nHost: a.local\r\n{asks}\r\n"));
        assert_eq!((response.status, response.text().as_str()), (200, "plain"), "{asks}");
    }
}

/// RFC 9110 §15.5.22: it must say to what the client is to upgrade, also where the app says it.
#[test]
fn an_app_s_426_says_what_is_required() {
    let nano = serve("export default { fetch: () => new Response('no', { status: 426, headers: { upgrade: 'x' } }) };");
    for (more, connection) in [("", "upgrade"), ("Connection: close\r\n", "upgrade, close")] {
        let response = nano.raw(&format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{more}\r\n"));
        assert_eq!((response.status, response.header("upgrade")), (426, Some("websocket")));
        let told: Vec<_> =
            response.headers.iter().filter(|(name, _)| name == "connection").map(|(_, value)| &value[..]).collect();
        assert_eq!(told.join(", "), connection);
    }
    let old = nano.raw(&format!("GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n"));
    assert_eq!((old.status, old.header("upgrade")), (426, None));
}

#[test]
fn an_app_may_answer_otherwise() {
    let nano =
        serve("export default { fetch: (request) => new Response(request.headers.get('upgrade'), { status: 403 }) };");
    let mut connection = nano.connect();
    for _ in 0..3 {
        // The connection goes on as HTTP.
        let handshake =
            format!("{REQUEST}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        connection.send(handshake.as_bytes()).unwrap();
        let response = connection.receive().unwrap();
        assert_eq!((response.status, response.text().as_str()), (403, "websocket"));
    }
}

#[test]
fn a_101_that_nobody_asked_for_is_the_apps_mistake() {
    let nano = serve(
        "export default { fetch: () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }) };",
    );
    let response = nano.get(HOST, "/");
    assert_eq!((response.status, response.json()["code"].as_str()), (500, Some("handler_threw")));
    nano.log.wait_for_text("Upgrade: websocket");
}

#[test]
fn a_protocol_is_agreed_on_by_the_apps_header() {
    let nano = serve(
        "export default { fetch(request) {
            const [client, server] = new WebSocketPair();
            server.accept();
            const asked = request.headers.get('sec-websocket-protocol').split(', ');
            const headers = { 'sec-websocket-protocol': asked[1], 'sec-websocket-extensions': 'x-made-up', 'x-own': 'kept' };
            const response = new Response(null, { status: 101, webSocket: client, headers });
            setTimeout(() => server.send(server.protocol), 0);
            return response;
        } };",
    );
    let headers = "Sec-WebSocket-Protocol: one, two\r\n";
    let mut socket = WebSocket::open(nano.address, HOST, "/", headers).unwrap().ok().unwrap();
    assert_eq!(socket.head.header("sec-websocket-protocol"), Some("two"));
    assert_eq!(socket.head.header("x-own"), Some("kept"));
    assert_eq!(socket.head.header("sec-websocket-extensions"), None);
    assert_eq!(socket.receive_text(), "two");
}

#[test]
fn frames_may_come_with_the_handshake() {
    let nano = serve(ECHO);
    let handshake =
        format!("{REQUEST}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    let mut connection = nano.connect();
    connection.send(&[handshake.as_bytes(), &Frame::text("early").masked()].concat()).unwrap();
    let (status, _) = connection.receive_head().unwrap();
    assert_eq!(status, 101);
    let mut connection = connection.into_socket();
    assert_eq!(connection.receive_text(), "early");
}
