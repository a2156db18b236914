//! `env.ASSETS`: an app's worker asks for the app's static files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Response, Site, exchange, process, until, until_within};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

/// Passes everything on.
const PASS: &str = "export default { fetch: (request, env) => env.ASSETS.fetch(request) };";

/// Asks for what the header `x-ask` says, and tells what came.
const TELL: &str = "
export default {
  async fetch(request, env) {
    try {
      const init = JSON.parse(request.headers.get('x-init') ?? '{}');
      const response = await env.ASSETS.fetch(request.headers.get('x-ask'), init);
      const { status, redirected, url } = response;
      const location = response.headers.get('location');
      return Response.json({ status, redirected, url, location, text: await response.text() });
    } catch (error) {
      return Response.json({ error: String(error), code: error.cause?.code });
    }
  },
};";

fn ask(nano: &Nano, method: &str, host: &str, path: &str, headers: &str) -> Response {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    exchange(nano.address, head.as_bytes()).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn tell(nano: &Nano, host: &str, url: &str, init: &Value) -> Value {
    ask(nano, "GET", host, "/", &format!("X-Ask: {url}\r\nX-Init: {init}\r\n")).json()
}

/// How many files of that name nano has open.
fn open_files(nano: &Nano, name: &str) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", nano.pid())).unwrap();
    let named = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    named.filter(|path| path.ends_with(name)).count()
}

fn site(worker: &str) -> Site {
    let site = Site::new();
    site.file("public/index.html", "<h1>home</h1>")
        .file("public/about.html", "about")
        .file("public/app.js", "let a = 1")
        .file("public/404.html", "nothing here")
        .file("public/data.bin", &"0123456789".repeat(10))
        .file("public/_headers", "/*\n  X-Frame-Options: DENY\n")
        .file("public/_redirects", "/old /about 301\n/out/* https://out.example/:splat\n/within /app.js 200\n")
        .app("w", worker);
    site
}

fn app(name: &str, keys: &Value) -> Value {
    let mut assets = json!({ "directory": "public", "run_worker_first": true });
    assets.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    json!({ "name": name, "hostname": format!("{name}.local"), "path": "w", "egress": "off", "assets": assets })
}

#[test]
fn a_request_is_passed_on_and_its_answer_back() {
    let site = site(PASS);
    site.apps(json!([app("a", &json!({})), app("page", &json!({ "not_found": "404-page" }))]));
    let nano = site.serve();
    let script = nano.get("a.local", "/app.js?x=1");
    assert_eq!((script.status, script.text().as_str()), (200, "let a = 1"));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=0, must-revalidate"));
    assert_eq!((script.header("x-frame-options"), script.header("content-length")), (Some("DENY"), Some("9")));
    let etag = script.header("etag").unwrap();
    let known = ask(&nano, "GET", "a.local", "/app.js", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(etag)));
    let part = ask(&nano, "GET", "a.local", "/data.bin", "Range: bytes=8-11\r\n");
    assert_eq!((part.status, part.text().as_str()), (206, "8901"));
    assert_eq!(part.header("content-range"), Some("bytes 8-11/100"));
    let behind = ask(&nano, "GET", "a.local", "/data.bin", "Range: bytes=100-\r\n");
    assert_eq!((behind.status, behind.header("content-range")), (416, Some("bytes */100")));
    assert_eq!(ask(&nano, "GET", "a.local", "/data.bin", "If-Match: \"x\"\r\n").status, 412);
    // Redirects are the client's to follow.
    for (path, status, location) in [
        ("/about.html?x=1", 307, "/about?x=1"),
        ("/old", 301, "/about"),
        ("/out/a", 302, "https://out.example/a"),
        ("//app.js", 307, "/app.js"),
    ] {
        let moved = nano.get("a.local", path);
        assert_eq!((moved.status, moved.header("location")), (status, Some(location)), "{path}");
    }
    assert_eq!(nano.get("a.local", "/within").text(), "let a = 1");
    let missing = nano.get("a.local", "/none");
    assert_eq!((missing.status, missing.body.len()), (404, 0));
    let page = nano.get("page.local", "/none");
    assert_eq!((page.status, page.text().as_str()), (404, "nothing here"));
    let posted = nano.post("a.local", "/app.js", b"x");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    let mut connection = nano.connect();
    connection.send(b"HEAD /data.bin HTTP/1.1\r\nHost: a.local\r\nRange: bytes=0-1\r\n\r\n").unwrap();
    let (status, headers) = connection.receive_head().unwrap();
    assert_eq!(status, 200);
    assert!(headers.contains(&("content-length".to_owned(), "100".to_owned())), "{headers:?}");
    assert_eq!(connection.get("a.local", "/").unwrap().text(), "<h1>home</h1>");
    assert_eq!(nano.metrics().sum("nano_egress_requests_total", &[("app", "a")]), 0.0);
}

#[test]
fn urls_have_a_path_and_no_host_that_counts() {
    let site = site(TELL);
    site.file("other/secret.txt", "secret");
    site.apps(json!([
        app("a", &json!({})),
        { "name": "other", "hostname": "other.local", "assets": { "directory": "other" } },
    ]));
    let nano = site.serve();
    let tell = |url: &str, init: Value| tell(&nano, "a.local", url, &init);
    for host in ["http://a.local", "https://other.local", "https://127.0.0.1:1", "http://[::1]"] {
        let answer = tell(&format!("{host}/app.js"), json!({}));
        assert_eq!((&answer["status"], &answer["text"]), (&json!(200), &json!("let a = 1")), "{host}: {answer}");
        assert_eq!(tell(&format!("{host}/secret.txt"), json!({}))["status"], 404, "{host}");
    }
    // A request that the worker made follows redirects among the files, and none that leads away from them.
    let moved = tell("https://x.example/about.html", json!({}));
    assert_eq!((&moved["text"], &moved["url"]), (&json!("about"), &json!("https://x.example/about")), "{moved}");
    assert_eq!(moved["redirected"], true);
    assert_eq!(tell("https://x.example/old", json!({}))["text"], "about");
    let manual = tell("https://x.example/old", json!({ "redirect": "manual" }));
    assert_eq!((&manual["status"], &manual["location"]), (&json!(301), &json!("/about")), "{manual}");
    let away = tell("https://x.example/out/a", json!({}));
    assert_eq!((&away["status"], &away["location"]), (&json!(302), &json!("https://out.example/a")), "{away}");
    let refused = tell("https://x.example/old", json!({ "redirect": "error" }));
    assert!(refused["error"].as_str().unwrap().contains("redirect"), "{refused}");
    for url in ["data:text/plain,x", "ftp://x.example/app.js", "/app.js", "https://u:p@x.example/"] {
        assert!(tell(url, json!({}))["error"].as_str().unwrap().contains("TypeError"), "{url}");
    }
    assert_eq!(tell("https://x.example/app.js", json!({ "method": "DELETE" }))["status"], 405);
    assert_eq!(tell("https://x.example/app.js", json!({ "method": "POST", "body": "x".repeat(9000) }))["status"], 405);
}

#[test]
fn the_binding_is_there_for_apps_with_files_alone() {
    let what = "export default { fetch: (request, env) => Response.json(Object.entries(env).map(([k, v]) => [k, typeof v])) };";
    let site = site(what);
    let mut own = app("own", &json!({}));
    own["env"] = json!({ "ASSETS": "mine", "B": 1 });
    site.apps(json!([
        app("a", &json!({})),
        app("named", &json!({ "binding": "FILES" })),
        own,
        { "name": "none", "hostname": "none.local", "path": "w" },
        { "name": "module", "hostname": "module.local", "path": "m", "assets": { "directory": "public" } },
    ]));
    let by_import = "import { env } from 'cloudflare:workers';\n\
        export default { fetch: () => env.ASSETS.fetch('http://x/app.js') };";
    site.app("m", by_import);
    let nano = site.serve();
    assert_eq!(nano.get("module.local", "/none").text(), "let a = 1");
    for (host, expected) in [
        ("a.local", json!([["ASSETS", "object"]])),
        ("named.local", json!([["FILES", "object"]])),
        ("own.local", json!([["ASSETS", "string"], ["B", "number"]])),
        ("none.local", json!([])),
    ] {
        assert_eq!(nano.get(host, "/").json(), expected, "{host}");
    }
}

#[test]
fn an_app_that_patches_everything_sees_nothing_of_it() {
    let site = site("
const seen = [];
const note = (name) => function () { seen[seen.length] = name; throw new Error(name); };
globalThis.fetch = note('fetch');
for (const name of ['get', 'set', 'has', 'delete']) Map.prototype[name] = note('Map.' + name);
for (const name of ['push', 'shift', 'slice']) Array.prototype[name] = note('Array.' + name);
for (const name of ['body', 'headers', 'status', 'clone', 'arrayBuffer']) {
  Object.defineProperty(Response.prototype, name, { get: note('Response.' + name) });
}
for (const name of ['url', 'method', 'headers', 'body', 'redirect', 'signal']) {
  Object.defineProperty(Request.prototype, name, { get: note('Request.' + name) });
}
for (const name of ['assets', 'manual', 'cameIn', 'redirect']) {
  Object.defineProperty(Object.prototype, name, { get: note('get ' + name), set: note('set ' + name), configurable: true });
}
ReadableStream.prototype.getReader = note('getReader');
String.prototype.startsWith = note('startsWith');
let asked = 0;
export default {
  fetch(request, env) {
    asked += 1;
    return asked > 2 ? new Response(seen.join()) : env.ASSETS.fetch(request);
  },
};");
    site.apps(json!([app("a", &json!({}))]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1");
    assert_eq!(nano.get("a.local", "/about.html").header("location"), Some("/about"));
    assert_eq!(nano.get("a.local", "/").text(), "");
}

#[test]
fn a_large_file_is_in_nobodys_memory() {
    let site = site(PASS);
    let size = 48 << 20;
    File::create(site.path("public/large.bin")).unwrap().set_len(size).unwrap();
    let mut app = app("a", &json!({}));
    app["max_buffer_size_mb"] = json!(1);
    app["memory_mb"] = json!(32);
    site.apps(json!([app]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/app.js").status, 200);
    let worker = nano.pid_of("a");
    let before = (process::resident(nano.pid()), process::resident(worker));
    // Clients that read nothing hold windows and pieces, and not the file.
    let mut slow: Vec<_> = (0..20).map(|_| nano.connect()).collect();
    for connection in &mut slow {
        connection.send_get("a.local", "/large.bin").unwrap();
        assert_eq!(connection.receive_head().unwrap().0, 200);
    }
    let whole = nano.get("a.local", "/large.bin");
    assert_eq!((whole.status, whole.body.len() as u64), (200, size));
    assert_eq!(whole.header("content-length"), Some(size.to_string().as_str()));
    let after = (process::resident(nano.pid()), process::resident(worker));
    assert!(after.0 < before.0 + size && after.1 < before.1 + size, "{before:?} -> {after:?}");
    assert_eq!(nano.pid_of("a"), worker);
}

#[test]
fn what_is_not_wanted_is_given_up() {
    let site = site(
        "
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const large = () => env.ASSETS.fetch('http://x/large.bin');
    if (pathname === '/cancel') {
      // More than may be open at once.
      for (let i = 0; i < 200; i++) await (await large()).body.cancel();
    } else if (pathname === '/abort') {
      for (let i = 0; i < 200; i++) {
        const controller = new AbortController();
        const response = await env.ASSETS.fetch('http://x/large.bin', { signal: controller.signal });
        const read = response.arrayBuffer().then(() => 'read', (error) => error.name);
        controller.abort();
        if (await read !== 'AbortError') return new Response('it was read');
      }
    } else if (pathname === '/many') {
      const all = Array.from({ length: 300 }, (_, i) => env.ASSETS.fetch(`http://x/${i % 2 ? 'app.js' : 'data.bin'}`));
      const texts = await Promise.all(all.map(async (response) => (await (await response).text()).length));
      return Response.json(texts.reduce((sum, length) => sum + length, 0));
    } else {
      return large();
    }
    return new Response('done');
  },
};",
    );
    File::create(site.path("public/large.bin")).unwrap().set_len(8 << 20).unwrap();
    site.apps(json!([app("a", &json!({}))]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/cancel").text(), "done");
    assert_eq!(nano.get("a.local", "/abort").text(), "done");
    assert_eq!(nano.get("a.local", "/many").json(), json!(150 * 9 + 150 * 100));
    // Clients that leave in the middle take their files along.
    for _ in 0..100 {
        let mut connection = nano.connect();
        connection.send_get("a.local", "/large.bin").unwrap();
        assert_eq!(connection.receive_head().unwrap().0, 200);
    }
    assert_eq!(nano.get("a.local", "/many").status, 200);
    until("that the files are closed", || (open_files(&nano, "large.bin") == 0).then_some(()));
}

#[test]
fn a_file_that_its_worker_does_not_read_is_closed() {
    let site = site(
        "
const kept = [];
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/keep') {
      kept.push(await env.ASSETS.fetch('http://x/large.bin'));
      return new Response('kept');
    }
    return new Response(await kept[0].text().then(() => 'read', String));
  },
};",
    );
    File::create(site.path("public/large.bin")).unwrap().set_len(8 << 20).unwrap();
    site.apps(json!([app("a", &json!({}))]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/keep").text(), "kept");
    assert_eq!(open_files(&nano, "large.bin"), 1);
    until_within(Duration::from_secs(150), "that the file is closed", || {
        (open_files(&nano, "large.bin") == 0).then_some(())
    });
    let told = nano.get("a.local", "/").text();
    assert!(told.contains("not read for 60 s"), "{told}");
}

#[test]
fn a_worker_has_the_files_of_its_own_generation() {
    let site = site(
        "
export default {
  async fetch(request, env) {
    await request.text();
    const one = await env.ASSETS.fetch('http://x/new.txt');
    const other = await env.ASSETS.fetch('http://x/app.js');
    return new Response(`${one.status} ${await other.text()}`);
  },
};",
    );
    site.apps(json!([app("a", &json!({}))]));
    let nano = site.serve();
    let mut old = nano.connect();
    old.send(b"POST / HTTP/1.1\r\nHost: a.local\r\nContent-Length: 2\r\n\r\nx").unwrap();
    until("that the worker has it", || {
        (nano.metrics().get("nano_http_requests_in_flight", &[("app", "a")]) == Some(1.0)).then_some(())
    });
    let pid = nano.pid_of("a");
    site.file("public/new.txt", "new");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "200 let a = 1");
    assert_ne!(nano.pid_of("a"), pid);
    old.send(b"x").unwrap();
    assert_eq!(old.receive().unwrap().text(), "404 let a = 1", "it began with the files that there were");
}

#[test]
fn a_file_that_becomes_shorter_is_an_error_for_the_worker() {
    let site = site(
        "
export default {
  async fetch(request, env) {
    const response = await env.ASSETS.fetch('http://x/large.bin');
    const reader = response.body.getReader();
    let count = (await reader.read()).value.length;
    console.log('it has begun');
    await request.text();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return new Response(`all ${count}`);
        count += value.length;
      }
    } catch (error) {
      return new Response(String(error));
    }
  },
};",
    );
    let mut large = File::create(site.path("public/large.bin")).unwrap();
    large.write_all(&vec![b'x'; 8 << 20]).unwrap();
    site.apps(json!([app("a", &json!({}))]));
    let nano = site.serve();
    let mut connection = nano.connect();
    connection.send(b"POST / HTTP/1.1\r\nHost: a.local\r\nContent-Length: 1\r\n\r\n").unwrap();
    nano.log.wait_for_text("it has begun");
    large.set_len(1 << 20).unwrap();
    connection.send(b"x").unwrap();
    let told = connection.receive().unwrap().text();
    assert!(told.contains("TypeError") && told.contains("became shorter"), "{told}");
}
