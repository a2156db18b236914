//! What an app can do with a WebSocket: the API of Cloudflare Workers and of the standard. Each script gives a list of what it
//! saw.

use super::{HOST, serve};
use nano_test::opcode::BINARY;
use nano_test::{Frame, Site, until};
use serde_json::{Value, json};

/// What `body`, the code of an async function, returns in an app.
fn run(body: &str) -> Value {
    let source = format!(
        "const once = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, {{ once: true }}));
         const thrown = (run) => {{ try {{ run(); return 'nothing'; }} catch (error) {{ return `${{error.constructor.name}} ${{error.name}}`; }} }};
         const pair = () => {{ const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); return [a, b]; }};
         async function test() {{ {body} }}
         export default {{ fetch: async () => Response.json((await test()) ?? null) }};"
    );
    let nano = serve(&source);
    let response = nano.get(HOST, "/");
    assert_eq!(response.status, 200, "{response:?}\n{:?}", nano.log.lines());
    response.json()
}

#[test]
fn a_pair_within_the_worker_works_without_a_network() {
    let seen = run("
        const [a, b] = new WebSocketPair();
        const seen = [a instanceof WebSocket, a.url, a.protocol, a.extensions, a.binaryType, a.readyState, WebSocket.OPEN, b.CLOSED];
        const older = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].map((name) => WebSocket[`READY_STATE_${name}`] === WebSocket[name]);
        if (older.includes(false) || b.READY_STATE_CLOSED !== 3) throw new Error(`the older names: ${older}`);
        a.accept();
        a.send('before');
        b.binaryType = 'arraybuffer';
        b.addEventListener('message', (event) => {
          seen.push(typeof event.data === 'string' ? event.data : [...new Uint8Array(event.data)]);
          if (event.data === 'last') b.close(4001, 'enough');
        });
        b.accept();
        a.send(new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
        a.send(new DataView(new Uint8Array([3]).buffer));
        a.send(new Blob(['\\u0004']));
        a.send(5);
        a.send('last');
        const close = await once(a, 'close');
        seen.push(close.code, close.reason, close.wasClean, a.readyState, close instanceof CloseEvent);
        const answer = b.readyState === 3 ? 'closed' : (await once(b, 'close')).code;
        return [...seen, answer];
    ");
    assert_eq!(
        seen,
        json!([
            true,
            null,
            "",
            "",
            "blob",
            1,
            1,
            3,
            "before",
            [1, 2],
            [3],
            [4],
            "5",
            "last",
            4001,
            "enough",
            true,
            3,
            true,
            4001
        ])
    );
}

#[test]
fn misuse_is_named() {
    let seen = run("
        const [a, b] = Object.values(new WebSocketPair());
        const seen = [thrown(() => a.send('x')), thrown(() => a.close())];
        a.accept(); b.accept();
        seen.push(thrown(() => a.accept()));
        for (const code of [999, 1004, 1005, 1006, 1015, 5000]) seen.push(thrown(() => a.close(code)));
        seen.push(thrown(() => a.close(undefined, 'reason')), thrown(() => a.close(1000, '\\u00e9'.repeat(62))), thrown(() => a.send()));
        const response = (socket, init) => thrown(() => new Response(null, { status: 101, webSocket: socket, ...init }));
        seen.push(response({}), response(a, { status: 200 }), thrown(() => new Response(null, { status: 101 })));
        seen.push(thrown(() => new WebSocket('ftp://a')), thrown(() => new WebSocket('ws://a/#b')), thrown(() => new WebSocket('ws://a', ['x', 'x'])));
        seen.push(thrown(() => new WebSocket('ws://a', 'not a token')), thrown(() => WebSocket('ws://a')), thrown(() => WebSocket.prototype.send.call({}, 'x')));
        a.close();
        seen.push(a.readyState, thrown(() => a.send('after')), thrown(() => a.close()));
        a.binaryType = 'made up';
        seen.push(a.binaryType);
        return seen;
    ");
    let invalid = "DOMException InvalidAccessError";
    let syntax = "DOMException SyntaxError";
    let wrong = "TypeError TypeError";
    let range = "RangeError RangeError";
    assert_eq!(
        seen,
        json!([
            wrong, wrong, "nothing", invalid, invalid, invalid, invalid, invalid, invalid, invalid, syntax, wrong,
            wrong, range, range, syntax, syntax, syntax, syntax, wrong, wrong, 2, "nothing", "nothing", "blob"
        ])
    );
}

#[test]
fn bytes_are_blobs_unless_the_app_says_otherwise() {
    let source = "export default { fetch() {
        const [client, server] = new WebSocketPair();
        server.accept();
        server.onmessage = async ({ data }) => {
          if (data === 'arraybuffer') server.binaryType = data;
          else server.send(`${data.constructor.name} ${data instanceof Blob ? await data.text() : new TextDecoder().decode(data)}`);
        };
        return new Response(null, { status: 101, webSocket: client });
    } };";
    let nano = serve(source);
    let mut socket = nano.socket(HOST, "/");
    socket.send(&Frame::new(BINARY, b"one"));
    assert_eq!(socket.receive_text(), "Blob one");
    socket.send(&Frame::text("arraybuffer"));
    socket.send(&Frame::new(BINARY, b"two"));
    assert_eq!(socket.receive_text(), "ArrayBuffer two");
}

#[test]
fn a_send_that_finds_no_room_ends_the_socket_and_says_so() {
    // max_buffer_size_mb is 1.
    let seen = run("
        const [a, b] = Object.values(new WebSocketPair());
        a.accept();
        const ended = Promise.all([once(a, 'error'), once(a, 'close')]);
        for (let i = 0; i < 20; i++) a.send('x'.repeat(100_000));
        const [error, close] = await ended;
        let messages = 0;
        b.addEventListener('message', () => messages++);
        b.accept();
        const other = await once(b, 'close');
        return [error.message, close.code, close.wasClean, a.readyState, messages, other.code];
    ");
    assert_eq!(seen, json!(["Stream buffer size limit exceeded (max: 1MB)", 1006, false, 3, 10, 1009]));
}

#[test]
fn each_event_is_a_turn_of_its_own() {
    // Together they would use more than `cpu_ms`.
    let site = Site::new();
    site.app(
        "a",
        "export default { fetch() {
            const [client, server] = new WebSocketPair();
            server.accept();
            let order = [];
            server.addEventListener('message', ({ data }) => {
              const until = performance.now() + 40;
              while (performance.now() < until) { for (let i = 0; i < 1e5; i++); }
              order.push(data);
              queueMicrotask(() => order.push(`after ${data}`));
              if (order.length === 39) queueMicrotask(() => server.send(order.join()));
            });
            return new Response(null, { status: 101, webSocket: client });
        } };",
    );
    site.apps(json!([{ "name": "a", "hostname": HOST, "path": "a", "cpu_ms": 400 }]));
    let nano = site.serve();
    let pid = nano.pid_of("a");
    let mut socket = nano.socket(HOST, "/");
    let all: Vec<u8> = (0..20).flat_map(|number| Frame::text(&number.to_string()).masked()).collect();
    socket.send_bytes(&all);
    let expected: Vec<String> = (0..20).flat_map(|number| [number.to_string(), format!("after {number}")]).collect();
    assert_eq!(socket.receive_text(), expected.join(","));
    assert_eq!(nano.pid_of("a"), pid);
}

#[test]
fn listeners_run_on_behalf_of_the_code_that_accepted() {
    let site = Site::new();
    site.app(
        "a",
        "import { AsyncLocalStorage } from 'node:async_hooks';
         const store = new AsyncLocalStorage();
         export default { fetch: (request) => store.run(new URL(request.url).pathname, () => {
            const [client, server] = new WebSocketPair();
            server.accept();
            server.addEventListener('message', async () => { await null; server.send(store.getStore()); console.log('in', store.getStore()); });
            return new Response(null, { status: 101, webSocket: client });
         }) };",
    );
    site.apps(json!([{ "name": "a", "hostname": HOST, "path": "a", "compatibility_flags": ["nodejs_als"] }]));
    let nano = site.serve();
    let (mut one, mut two) = (nano.socket(HOST, "/one"), nano.socket(HOST, "/two"));
    for _ in 0..3 {
        assert_eq!(one.ask("x"), "/one");
        let many: Vec<u8> = (0..3).flat_map(|_| Frame::text("x").masked()).collect();
        two.send_bytes(&many);
        assert_eq!([two.receive_text(), two.receive_text(), two.receive_text()], ["/two", "/two", "/two"]);
    }
    // What they log bears the request's number.
    let id = one.head.header("x-request-id").unwrap().to_owned();
    nano.log.wait_for("a line of the first", |line| line["request_id"] == id.as_str() && line["message"] == "in /one");
}

#[test]
fn an_app_with_sockets_answers_requests_all_the_same() {
    let site = Site::new();
    site.app("a", super::ECHO);
    site.apps(json!([{ "name": "a", "hostname": HOST, "path": "a", "max_concurrent": 2 }]));
    let nano = site.serve();
    let mut sockets: Vec<_> = (0..10).map(|_| nano.socket(HOST, "/")).collect();
    nano.await_metric("nano_websockets", &[("app", "a")], 10.0);
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
    for socket in &mut sockets {
        assert_eq!(socket.ask("hello"), "hello");
        assert_eq!(nano.get(HOST, "/").text(), "plain");
    }
    drop(sockets);
    nano.await_metric("nano_websockets", &[("app", "a")], 0.0);
    nano.await_metric("nano_websockets_opened_total", &[("app", "a")], 10.0);
    // Their clients left without a Close.
    until("ten ends in the log", || (nano.log.count("closed 1006  false") == 10).then_some(()));
}
