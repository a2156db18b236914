//! `EventSource`: connections to servers, what ends them, and what is asked again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use nano_test::{Nano, PATIENCE, Site};
use serde_json::{Value, json};

/// A server whose answers the test writes. Each connection is one request.
struct Server {
    address: SocketAddr,
    asked: Receiver<(String, TcpStream)>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked): (Sender<(String, TcpStream)>, _) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                if sender.send((String::from_utf8_lossy(&head).to_lowercase(), stream)).is_err() {
                    return;
                }
            }
        });
        Self { address, asked }
    }

    /// The next request: its head in lower case, and where it is answered.
    fn next(&self) -> (String, TcpStream) {
        self.asked.recv_timeout(PATIENCE).expect("a connection")
    }

    fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    fn events(stream: &mut TcpStream, body: &str) {
        Self::answer(stream, "200 OK", "content-type: text/event-stream;charset=utf-8\r\n", body);
    }
}

/// Keeps one event source; `/open?url=`, `/close`, and `/` for what it saw.
const APP: &str = "
let source = null, seen = [];
export default { async fetch(request) {
  const url = new URL(request.url);
  if (url.pathname === '/open') {
    seen = [];
    source = new EventSource(url.searchParams.get('url'), { withCredentials: true });
    for (const type of ['open', 'message', 'error', 'named']) {
      source.addEventListener(type, (event) => seen.push([type, source.readyState, event.data ?? null, event.lastEventId ?? null, event.origin ?? null]));
    }
  }
  if (url.pathname === '/close') source.close();
  return Response.json({ seen, state: source.readyState, url: source.url, withCredentials: source.withCredentials });
} };";

fn serve(site: &Site, more: Value) -> Nano {
    site.app("a", APP);
    let mut app = json!({ "name": "a", "hostname": "a.local", "path": "a", "egress": ["127.0.0.1"] });
    app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    site.apps(json!([app]));
    site.serve()
}

fn open(nano: &Nano, url: &str) -> Value {
    nano.get("a.local", &format!("/open?url={url}")).json()
}

/// Waits until so many events were fired.
fn seen(nano: &Nano, count: usize) -> Vec<Value> {
    nano_test::until(&format!("{count} events"), || {
        let seen = nano.get("a.local", "/").json()["seen"].as_array().unwrap().clone();
        (seen.len() >= count).then_some(seen)
    })
}

#[test]
fn it_is_asked_again_with_the_last_id_until_it_is_closed() {
    let server = Server::start();
    let site = Site::new();
    let nano = serve(&site, json!({}));
    let origin = format!("http://{}", server.address);
    let first = open(&nano, &format!("{origin}/feed?x=1"));
    assert_eq!((&first["state"], &first["withCredentials"]), (&json!(0), &json!(true)));
    assert_eq!(first["url"], json!(format!("{origin}/feed?x=1")));
    let (head, mut stream) = server.next();
    assert!(head.starts_with("get /feed?x=1 http/1.1\r\n"), "{head}");
    assert!(
        head.contains("\r\naccept: text/event-stream\r\n") && head.contains("\r\ncache-control: no-store"),
        "{head}"
    );
    assert!(!head.contains("last-event-id"), "{head}");
    Server::events(&mut stream, "retry: 1000\nid: é1\nevent: named\ndata: a\n\n");
    assert_eq!(seen(&nano, 2), [json!(["open", 1, null, null, null]), json!(["named", 1, "a", "é1", origin])],);
    // An id without an event counts too.
    stream.write_all("id: 2\n\n".as_bytes()).unwrap();
    drop(stream);
    assert_eq!(seen(&nano, 3)[2], json!(["error", 0, null, null, null]));
    let (head, mut stream) = server.next();
    assert!(head.contains("\r\nlast-event-id: 2\r\n"), "{head}");
    Server::events(&mut stream, "data: b\n\n");
    assert_eq!(seen(&nano, 5)[4], json!(["message", 1, "b", "2", origin]));
    assert_eq!(nano.get("a.local", "/close").json()["state"], json!(2));
    // The server sees that nobody reads any more.
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(seen(&nano, 5).len(), 5, "no event after close()");
}

#[test]
fn what_is_no_event_stream_is_not_asked_again() {
    let server = Server::start();
    let site = Site::new();
    let nano = serve(&site, json!({}));
    for (status, headers) in [
        ("204 No Content", "content-type: text/event-stream\r\n"),
        ("404 Not Found", "content-type: text/event-stream\r\n"),
        ("500 Internal Server Error", "content-type: text/event-stream\r\n"),
        ("200 OK", "content-type: text/html\r\n"),
        ("200 OK", "content-type: text/event-streams\r\n"),
        ("200 OK", ""),
    ] {
        open(&nano, &format!("http://{}/", server.address));
        let (_, mut stream) = server.next();
        Server::answer(&mut stream, status, headers, "");
        drop(stream);
        assert_eq!(seen(&nano, 1), [json!(["error", 2, null, null, null])], "{status} {headers}");
    }
    open(&nano, "http://10.0.0.1/");
    assert_eq!(seen(&nano, 1), [json!(["error", 2, null, null, null])], "egress does not allow it");
    open(&nano, "ftp://a.example/");
    assert_eq!(seen(&nano, 1), [json!(["error", 2, null, null, null])]);
    assert!(server.asked.try_recv().is_err());
}

#[test]
fn a_server_that_is_away_is_asked_again() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    let site = Site::new();
    let nano = serve(&site, json!({}));
    open(&nano, &format!("http://{address}/"));
    // It takes the connection and says nothing.
    drop(gone.accept().unwrap());
    assert_eq!(seen(&nano, 1), [json!(["error", 0, null, null, null])]);
    let (mut stream, _) = gone.accept().unwrap();
    let mut request = [0; 1024];
    assert!(stream.read(&mut request).unwrap() > 0);
    Server::events(&mut stream, "data: back\n\n");
    let told = seen(&nano, 3);
    assert_eq!((&told[1][0], &told[2][2]), (&json!("open"), &json!("back")));
}

#[test]
fn redirects_are_followed_and_the_origin_is_that_of_the_answer() {
    let (first, second) = (Server::start(), Server::start());
    let site = Site::new();
    let nano = serve(&site, json!({}));
    open(&nano, &format!("http://{}/", first.address));
    let (_, mut stream) = first.next();
    Server::answer(
        &mut stream,
        "307 Temporary Redirect",
        &format!("location: http://{}/there\r\n", second.address),
        "",
    );
    let (head, mut stream) = second.next();
    assert!(head.starts_with("get /there ") && head.contains("accept: text/event-stream"), "{head}");
    Server::events(&mut stream, "data: x\n\n");
    let told = seen(&nano, 2);
    assert_eq!(told[1][4], json!(format!("http://{}", second.address)));
}

/// A line, and an event of many lines, without end.
#[test]
fn an_event_that_does_not_end_is_bounded_and_not_asked_for_again() {
    let server = Server::start();
    let site = Site::new();
    let nano = serve(&site, json!({ "max_buffer_size_mb": 1 }));
    for piece in [
        "data: ".to_owned() + &"x".repeat(65_536),
        "data: xxxxxxxxxxxxxxxx\n".repeat(4096),
        "data\n".repeat(16_384),
        ":".repeat(65_536),
    ] {
        let overflows = nano.metrics().get("nano_stream_buffer_overflows_total", &[("app", "a")]).unwrap();
        open(&nano, &format!("http://{}/", server.address));
        let (_, mut stream) = server.next();
        Server::events(&mut stream, "data: first\n\n");
        while stream.write_all(piece.as_bytes()).is_ok() {}
        let told = seen(&nano, 3);
        assert_eq!(
            told[1..],
            [
                json!(["message", 1, "first", "", format!("http://{}", server.address)]),
                json!(["error", 2, null, null, null])
            ]
        );
        nano.await_metric("nano_stream_buffer_overflows_total", &[("app", "a")], overflows + 1.0);
        nano.await_metric("nano_stream_buffered_bytes", &[("app", "a")], 0.0);
    }
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "a")]), 0.0);
}

/// Events without number in one chunk are turns of their own: requests are answered between them.
#[test]
fn a_flood_of_events_gives_way_to_requests() {
    let server = Server::start();
    let site = Site::new();
    let nano = serve(&site, json!({ "cpu_ms": 500 }));
    open(&nano, &format!("http://{}/", server.address));
    let (_, mut stream) = server.next();
    Server::events(&mut stream, "");
    let flood = "data:\n\n".repeat(1000) + &"event: none\ndata\n\n".repeat(20_000);
    for _ in 0..20 {
        stream.write_all(flood.as_bytes()).unwrap();
        assert_eq!(nano.get("a.local", "/").status, 200);
    }
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "a")]), 0.0);
}
