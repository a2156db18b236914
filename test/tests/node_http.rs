//! node:http and node:https: servers that answer an app's requests by `cloudflare:node`, and clients over fetch().

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Response, Site, exchange, until};
use serde_json::{Value, json};

const SERVER: &str = "
import http from 'node:http';
import { httpServerHandler } from 'cloudflare:node';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Transform } from 'node:stream';

const storage = new AsyncLocalStorage();
const closed = [];
const server = http.createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://x');
  switch (pathname) {
    case '/hello': return res.end('hello');
    case '/echo': {
      res.writeHead(201, 'Made', { 'Content-Type': 'text/x', 'X-Method': req.method, 'X-Url': req.url });
      return req.pipe(new Transform({ transform(chunk, _, done) { done(null, chunk.toString().toUpperCase()); } })).pipe(res);
    }
    case '/headers': {
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      res.appendHeader('X-List', 'one');
      res.appendHeader('x-list', 'two');
      res.setHeader('X-Gone', '1');
      res.removeHeader('x-gone');
      return res.end(JSON.stringify({
        headers: req.headers, raw: req.rawHeaders.length % 2, distinct: req.headersDistinct['x-many'], version: req.httpVersion,
        names: res.getHeaderNames(), has: res.hasHeader('SET-COOKIE'), address: [req.socket.remoteAddress, req.socket.remoteFamily],
      }));
    }
    case '/chunks': {
      let at = 0;
      const next = () => (at === 40 ? res.end() : res.write(`${at++}`.padStart(10000, '-'), next));
      return next();
    }
    case '/errors': {
      const errors = [];
      const attempt = (what) => { try { what(); } catch (error) { errors.push([error.code, error.message]); } };
      attempt(() => res.setHeader('a b', '1'));
      attempt(() => res.setHeader('a', 'b\\n'));
      attempt(() => res.setHeader('a', undefined));
      attempt(() => res.writeHead(99));
      attempt(() => http.request('ftp://x/'));
      attempt(() => http.request({ path: '/a b' }));
      attempt(() => server.listen(1));
      res.writeHead(200);
      attempt(() => res.setHeader('a', 'b'));
      attempt(() => res.writeHead(200));
      return res.end(JSON.stringify(errors));
    }
    case '/empty': {
      res.statusCode = Number(searchParams.get('status'));
      return res.end('never seen');
    }
    case '/slow': {
      res.on('close', () => closed.push(res.writableFinished));
      res.write('begun');
      return;
    }
    case '/closed': return res.end(JSON.stringify(closed));
    case '/throw': throw new Error('it was thrown');
    case '/destroy': return res.destroy(new Error('it was destroyed'));
    case '/storage': return storage.run({ id: searchParams.get('id') }, () => setTimeout(() => {
      req.on('end', () => res.end(storage.getStore().id)).resume();
    }, 5));
    case '/client': {
      const sent = http.request({ host: '127.0.0.1', port: searchParams.get('port'), path: '/from?client=1', method: 'POST', auth: 'a:b',
        headers: { 'X-A': ['1', '2'], 'content-type': 'text/x' } }, (answer) => {
        const parts = [];
        answer.setEncoding('utf8');
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => res.end(JSON.stringify({
          status: answer.statusCode, message: answer.statusMessage, headers: answer.headers, text: parts.join(''), complete: answer.complete,
        })));
      });
      sent.write('first ');
      return sent.end('second');
    }
    case '/refused': {
      const events = [];
      const sent = http.get(`http://127.0.0.1:${searchParams.get('port')}/`, () => events.push('response'));
      sent.on('socket', () => events.push('socket'));
      sent.on('error', (error) => events.push(error.code));
      return sent.on('close', () => res.end(JSON.stringify(events)));
    }
    case '/aborted': {
      const events = [];
      const sent = http.get(`http://127.0.0.1:${searchParams.get('port')}/`, { timeout: 20 });
      sent.on('timeout', () => { events.push('timeout'); sent.destroy(); });
      sent.on('error', (error) => events.push(error.code, error.message));
      return sent.on('close', () => res.end(JSON.stringify(events)));
    }
    default:
      res.statusCode = 404;
      res.end(http.STATUS_CODES[404]);
  }
});
server.listen(8080, () => console.log('it listens', server.address().port));
export default httpServerHandler({ port: 8080 });
";

fn site(app: &str) -> Site {
    let site = Site::new();
    site.app("a", app);
    site.apps(json!([{
        "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"], "egress": ["127.0.0.0/8"],
    }]));
    site
}

fn ask(nano: &Nano, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    exchange(nano.address, head.as_bytes()).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn codes(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|error| error[0].as_str().unwrap_or("none")).collect()
}

#[test]
fn a_server_answers_the_app_s_requests() {
    let site = site(SERVER);
    let nano = site.serve();
    let hello = nano.get("a.local", "/hello");
    assert_eq!((hello.status, hello.text().as_str(), hello.header("content-length")), (200, "hello", Some("5")));
    let echo = ask(&nano, "POST", "/echo?a=%20b", "", &"body ".repeat(20_000));
    assert_eq!((echo.status, echo.header("content-type")), (201, Some("text/x")));
    assert_eq!((echo.header("x-method"), echo.header("x-url")), (Some("POST"), Some("/echo?a=%20b")));
    assert_eq!(echo.text(), "BODY ".repeat(20_000));
    let headers = ask(
        &nano,
        "GET",
        "/headers",
        "X-Many: a\r\nX-Many: b\r\nCookie: c=1\r\nConstructor: own\r\nCf-Connecting-Ip: 6.6.6.6\r\n",
        "",
    );
    let cookies: Vec<_> =
        headers.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect();
    assert_eq!((cookies, headers.header("x-gone")), (vec!["a=1", "b=2"], None));
    let told = headers.json();
    assert_eq!((&told["headers"]["x-many"], &told["headers"]["host"]), (&json!("a, b"), &json!("a.local")));
    assert_eq!((&told["headers"]["constructor"], &told["address"]), (&json!("own"), &json!(["127.0.0.1", "IPv4"])));
    assert_eq!((&told["raw"], &told["version"], &told["has"]), (&json!(0), &json!("1.1"), &json!(true)));
    assert_eq!(told["names"], json!(["set-cookie", "x-list"]));
    let chunks = nano.get("a.local", "/chunks");
    assert_eq!((chunks.body.len(), chunks.header("content-length")), (400_000, None));
    for status in [204, 304] {
        let empty = nano.get("a.local", &format!("/empty?status={status}"));
        assert_eq!((empty.status, empty.text().as_str()), (status, ""));
    }
    let head = ask(&nano, "HEAD", "/hello", "", "");
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert_eq!(nano.get("a.local", "/none").text(), "Not Found");
}

#[test]
fn what_goes_wrong_has_the_errors_of_node() {
    let site = site(SERVER);
    let nano = site.serve();
    let errors = nano.get("a.local", "/errors").json();
    let expected = [
        "ERR_INVALID_HTTP_TOKEN",
        "ERR_INVALID_CHAR",
        "ERR_HTTP_INVALID_HEADER_VALUE",
        "ERR_HTTP_INVALID_STATUS_CODE",
        "ERR_INVALID_PROTOCOL",
        "ERR_UNESCAPED_CHARACTERS",
        "ERR_SERVER_ALREADY_LISTEN",
        "ERR_HTTP_HEADERS_SENT",
        "ERR_HTTP_HEADERS_SENT",
    ];
    assert_eq!(codes(&errors), expected, "{errors}");
    for (path, logged) in [("/throw", "it was thrown"), ("/destroy", "it was destroyed")] {
        assert_eq!(nano.get("a.local", path).status, 500, "{path}");
        nano.log.wait_for(logged, |line| line["message"].as_str().is_some_and(|text| text.contains(logged)));
    }
    // A client that leaves closes the response.
    let mut client = nano.connect();
    client.send_get("a.local", "/slow").unwrap();
    assert_eq!(client.receive_head().unwrap().0, 200);
    drop(client);
    until("that the response is closed", || (nano.get("a.local", "/closed").json() == json!([false])).then_some(()));
}

#[test]
fn requests_at_once_keep_their_storage_apart() {
    let site = site(SERVER);
    let nano = site.serve();
    let mut clients: Vec<_> = (0..20).map(|_| nano.connect()).collect();
    for (id, client) in clients.iter_mut().enumerate() {
        client.send_get("a.local", &format!("/storage?id={id}")).unwrap();
    }
    for (id, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.receive().unwrap().text(), id.to_string());
    }
}

#[test]
fn clients_send_through_fetch() {
    let other = Site::new();
    other.app(
        "b",
        "export default { async fetch(request) {
            const { pathname, search } = new URL(request.url), headers = Object.fromEntries(request.headers);
            if (pathname === '/') await new Promise(() => {});
            const told = [request.method, pathname + search, headers['x-a'], headers.authorization, await request.text()];
            return new Response(JSON.stringify(told), { status: 418, headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['location', '/x']] });
        } };",
    );
    other.apps(json!([{ "name": "b", "hostname": "127.0.0.1", "path": "b", "timeout_ms": 30_000 }]));
    let server = other.serve();
    let site = site(SERVER);
    let nano = site.serve();
    let port = server.address.port();
    let told = nano.get("a.local", &format!("/client?port={port}")).json();
    let sent = r#"["POST","/from?client=1","1, 2","Basic YTpi","first second"]"#;
    assert_eq!((&told["status"], &told["text"]), (&json!(418), &json!(sent)));
    assert_eq!((&told["headers"]["set-cookie"], &told["complete"]), (&json!(["a=1", "b=2"]), &json!(true)));
    let refused = nano.get("a.local", "/refused?port=1").json();
    assert_eq!(refused, json!(["socket", "ECONNREFUSED"]));
    let aborted = nano.get("a.local", &format!("/aborted?port={port}")).json();
    assert_eq!(aborted, json!(["timeout", "ECONNRESET", "socket hang up"]));
}

#[test]
fn what_is_not_here_can_be_imported_and_says_so() {
    let site = site(
        "
import * as http from 'http';
import https from 'node:https';
import net, { isIP } from 'net';
import tls from 'node:tls';
import { Worker, isMainThread } from 'node:worker_threads';
import cp from 'child_process';
import dns from 'node:dns/promises';
import vm from 'vm';
const told = (what) => { try { what(); return 'it worked'; } catch (error) { return error.code; } };
export default { async fetch() {
  return Response.json([
    [told(() => net.connect(1)), told(() => tls.connect(1)), told(() => new Worker('x')), told(() => cp.exec('x')), told(() => new dns.Resolver()),
      told(() => new vm.Script('1').runInThisContext()), told(() => new net.Socket())],
    await Promise.all(['localhost', '1.2.3.4', 'x.example'].map((name) => dns.lookup(name).then(({ address }) => address, (error) => error.code))),
    isMainThread, [isIP('1.2.3.4'), isIP('::1'), isIP('1.2.3'), isIP('::ffff:1.2.3.4'), isIP('1:2'), net.isIPv4('256.1.1.1')],
    http.METHODS.includes('PATCH'), https.globalAgent.defaultPort, typeof process.getBuiltinModule('http').createServer,
  ]);
} };",
    );
    let nano = site.serve();
    let missing = Value::from(vec!["ERR_METHOD_NOT_IMPLEMENTED"; 7]);
    assert_eq!(
        nano.get("a.local", "/").json(),
        json!([missing, ["127.0.0.1", "1.2.3.4", "ENOTFOUND"], true, [4, 6, 0, 6, 0, false], true, 443, "function"])
    );
}
