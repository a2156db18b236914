//! Apps as clients: `new WebSocket()`, `fetch()` with `Upgrade`, and answers that are passed on. The server is another app.

use super::ECHO;
use nano_test::{Frame, Nano, Site};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

const CLIENT: &str = "c.local";

/// The echo app, and one that is its client, which is asked with the server's address as the query.
fn serve(client: &str, egress: &Value) -> (Nano, Nano) {
    let served = Site::new();
    served.app("a", ECHO);
    served.apps(json!([{ "name": "a", "hostname": "*", "path": "a", "max_buffer_size_mb": 1 }]));
    let server = served.serve();
    let site = Site::new();
    let source = format!(
        "const once = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, {{ once: true }}));
         export default {{ async fetch(request) {{
           const server = new URL(request.url).search.slice(1);
           {client}
         }} }};"
    );
    site.app("c", &source);
    let egress = if egress.is_null() { json!([server.address.to_string()]) } else { egress.clone() };
    site.apps(json!([{ "name": "c", "hostname": CLIENT, "path": "c", "egress": egress, "max_buffer_size_mb": 1 }]));
    (server, site.serve())
}

fn ask(server: &Nano, client: &Nano) -> Value {
    let response = client.get(CLIENT, &format!("/?{}", server.address));
    assert_eq!(response.status, 200, "{response:?}\n{:?}", client.log.lines());
    response.json()
}

#[test]
fn a_socket_of_the_standard() {
    let (server, client) = serve(
        "const socket = new WebSocket(`ws://${server}/`, ['one']);
         const seen = [socket.readyState, socket.url === `ws://${server}/`];
         socket.binaryType = 'arraybuffer';
         try { socket.send('early'); } catch (error) { seen.push(error.name); }
         try { socket.accept(); } catch (error) { seen.push(error.name); }
         await once(socket, 'open');
         seen.push(socket.readyState, socket.extensions.startsWith('permessage-deflate'), socket.protocol);
         for (const message of ['text', 'long '.repeat(10_000), new Uint8Array([1, 2, 3])]) {
           socket.send(message);
           const { data } = await once(socket, 'message');
           seen.push(typeof data === 'string' ? data.length : [...new Uint8Array(data)]);
         }
         try { socket.close(1001); } catch (error) { seen.push(error.name); }
         socket.close(3000, 'done');
         seen.push(socket.readyState);
         const close = await once(socket, 'close');
         return Response.json([...seen, close.code, close.reason, close.wasClean, socket.readyState]);",
        &Value::Null,
    );
    assert_eq!(
        ask(&server, &client),
        json!([
            0,
            true,
            "InvalidStateError",
            "TypeError",
            1,
            true,
            "",
            4,
            50_000,
            [1, 2, 3],
            "InvalidAccessError",
            2,
            3000,
            "done",
            true,
            3
        ])
    );
    client.await_metric("nano_egress_requests_total", &[("app", "c"), ("result", "ok")], 1.0);
}

#[test]
fn fetch_gives_a_socket_that_is_accepted() {
    let (server, client) = serve(
        "const response = await fetch(`http://${server}/`, { headers: { Upgrade: 'websocket' } });
         const socket = response.webSocket;
         const seen = [response.status, response.headers.get('upgrade'), socket.readyState];
         try { socket.send('early'); } catch (error) { seen.push(error.name); }
         socket.accept();
         socket.send('hello');
         seen.push((await once(socket, 'message')).data);
         socket.close(1001, 'going');
         const close = await once(socket, 'close');
         const plain = await fetch(`http://${server}/`);
         return Response.json([...seen, close.code, close.reason, plain.webSocket, await plain.text()]);",
        &Value::Null,
    );
    assert_eq!(ask(&server, &client), json!([101, null, 1, "TypeError", "hello", 1001, "going", null, "plain"]));
}

#[test]
fn a_socket_is_passed_on() {
    let (server, client) = serve("return fetch(`http://${server}/`, request);", &Value::Null);
    let mut socket = client.socket(CLIENT, &format!("/?{}", server.address));
    assert_eq!(socket.ask("through"), "through");
    let large = Frame::new(2, &vec![7; 900_000]);
    for _ in 0..3 {
        socket.send(&large);
        assert_eq!(socket.receive(), large);
    }
    socket.send(&Frame::close(4000, "over"));
    assert_eq!(socket.receive(), Frame::close(4000, "over"));
    assert!(socket.is_over());
    server.log.wait_for_text("closed 4000 over true");
    server.await_metric("nano_websockets", &[("app", "a")], 0.0);
}

#[test]
fn a_client_that_leaves_ends_what_was_passed_on() {
    let (server, client) = serve("return fetch(`http://${server}/`, request);", &Value::Null);
    let mut socket = client.socket(CLIENT, &format!("/?{}", server.address));
    assert_eq!(socket.ask("through"), "through");
    drop(socket);
    server.log.wait_for_text("closed 1011  true");
}

const REFUSED: &str = "
    const socket = new WebSocket(`ws://${server}/`);
    const error = once(socket, 'error');
    const close = await once(socket, 'close');
    return Response.json([(await error).message, close.code, close.wasClean, socket.readyState]);";

#[test]
fn egress_holds_for_sockets() {
    let (server, client) = serve(REFUSED, &json!("public"));
    let seen = ask(&server, &client);
    assert_eq!((&seen[1], &seen[2], &seen[3]), (&json!(1006), &json!(false), &json!(3)));
    assert!(seen[0].as_str().unwrap().contains("127.0.0.1"), "{seen}");
    client.await_metric("nano_egress_requests_total", &[("app", "c"), ("result", "denied")], 1.0);
    server.await_metric("nano_websockets_opened_total", &[("app", "a")], 0.0);
}

/// A server that answers each connection with these bytes.
fn answering(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn a_server_that_does_not_agree_is_none() {
    let (_, client) = serve(REFUSED, &json!(["127.0.0.1"]));
    for (answer, message) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "RFC 6455",
        ),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "RFC 6455"),
        ("not HTTP\r\n\r\n", "fetch failed"),
    ] {
        let response = client.get(CLIENT, &format!("/?{}", answering(answer)));
        let seen = response.json();
        assert_eq!(seen[1], 1006, "{answer}");
        assert!(seen[0].as_str().unwrap().contains(message), "{seen}");
    }
}

#[test]
fn so_many_sockets_and_no_more() {
    let (server, client) = serve(
        "const sockets = [];
         for (let i = 0; i < 33; i++) sockets.push(new WebSocket(`ws://${server}/`));
         const ends = await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'open'), once(socket, 'error')])));
         const kinds = Object.groupBy(ends, (event) => event.type);
         const rest = await (await fetch(`http://${server}/`)).text();
         sockets.forEach((socket) => socket.close());
         await Promise.all(sockets.slice(0, 32).map((socket) => once(socket, 'close')));
         const again = new WebSocket(`ws://${server}/`);
         return Response.json([kinds.open.length, kinds.error[0].message, rest, (await once(again, 'open')).type]);",
        &Value::Null,
    );
    let seen = ask(&server, &client);
    assert_eq!((&seen[0], &seen[2], &seen[3]), (&json!(32), &json!("plain"), &json!("open")));
    assert!(seen[1].as_str().unwrap().contains("32 WebSockets"), "{seen}");
}
