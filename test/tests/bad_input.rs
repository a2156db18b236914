//! Bad input: a configuration that is wrong, a request that is wrong. Each gets a clear answer, and nothing else is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Finished, Nano, Site, finish};
use serde_json::json;
use std::io::Write;
use std::net::{TcpListener, TcpStream};

const GOOD_APP: &str = "export default { fetch: () => new Response('good') };";

/// `nano check` and `nano serve` must both refuse this configuration, with the same reason.
fn refusal(site: &Site) -> String {
    let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(1), "{check:?}");
    let serve = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(serve.code, Some(1), "{serve:?}");
    let reason = check.stderr.trim();
    assert!(serve.stderr.contains(reason.lines().next().unwrap()), "check: {}\nserve: {}", check.stderr, serve.stderr);
    assert!(!check.stderr.contains("panicked"), "{}", check.stderr);
    check.stderr
}

/// A site with one good app, and this text as its configuration.
fn site_with(config: &str) -> Site {
    let site = Site::new();
    site.app("a", GOOD_APP).file("nano.json", config);
    site
}

#[test]
fn configurations_that_are_wrong_name_place_and_key() {
    // Configuration; what the reason must contain.
    let cases: &[(&str, &[&str])] = &[
        ("", &["nano.json:1:1:"]),
        ("{", &["nano.json:1:2:"]),
        ("[]", &["nano.json:1:1:"]),
        ("{}", &["nano.json:1:1:", "apps"]),
        ("{ \"apps\": [] }", &["nano.json:1:", "apps"]),
        ("{\n  \"apps\": [{ \"hostnam\": \"a\", \"path\": \"a\" }]\n}", &["nano.json:2:14:", "hostnam", "hostname"]),
        (
            "{\n  \"prot\": 1,\n  \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\" }]\n}",
            &["nano.json:2:3:", "prot", "port"],
        ),
        ("{ \"port\": \"80\", \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\" }] }", &["nano.json:1:11:", "port"]),
        ("{ \"port\": 65536, \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\" }] }", &["nano.json:1:11:", "port"]),
        (
            "{ \"port\": 1, \"port\": 2, \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\" }] }",
            &["nano.json:1:14:", "port"],
        ),
        (
            "{ \"apps\": [\n{ \"hostname\": \"a\", \"path\": \"a\" },\n{ \"hostname\": \"A\", \"path\": \"a\" }] }",
            &["nano.json:3:", "a"],
        ),
        (
            "{ \"apps\": [\n{ \"name\": \"n\", \"hostname\": \"a\", \"path\": \"a\" },\n{ \"name\": \"n\", \"hostname\": \"b\", \"path\": \"a\" }] }",
            &["nano.json:3:", "name"],
        ),
        ("{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"gone\" }] }", &["nano.json:1:", "path", "gone"]),
        ("{ \"apps\": [{ \"hostname\": \"a\" }] }", &["nano.json:1:", "path"]),
        ("{ \"apps\": [{ \"hostname\": \"a b\", \"path\": \"a\" }] }", &["nano.json:1:", "hostname"]),
        (
            "{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\", \"max_buffer_size_mb\": -1 }] }",
            &["nano.json:1:", "max_buffer_size_mb"],
        ),
        ("{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\", \"workers\": 1.5 }] }", &["nano.json:1:", "workers"]),
        (
            "{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\", \"request_accessors\": \"both\" }] }",
            &["nano.json:1:", "request_accessors"],
        ),
        ("{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"a\" }] } x", &["nano.json:1:"]),
    ];
    for (config, parts) in cases {
        let reason = refusal(&site_with(config));
        for part in *parts {
            assert!(reason.contains(part), "{config}\nlacks {part:?}:\n{reason}");
        }
    }
}

#[test]
fn every_error_is_named_at_once() {
    let reason = refusal(&site_with(
        "{\n  \"prot\": 1,\n  \"apps\": [\n    { \"hostname\": \"a\", \"path\": \"gone\" },\n    { \"hostname\": \"b\", \"workers\": \"two\", \"path\": \"a\" }\n  ]\n}",
    ));
    for place in ["nano.json:2:3:", "nano.json:4:", "nano.json:5:"] {
        assert!(reason.contains(place), "lacks {place}:\n{reason}");
    }
}

#[test]
fn an_app_that_does_not_load_is_named_with_its_line() {
    let cases = [
        ("export default {\n  fetch( { }\n};", "index.js:3:1"),
        ("const x = ;", "index.js:1:11"),
        ("\n\nthrow new Error('at start');", "at start"),
        ("import './gone.js';", "gone.js"),
        ("import 'https://example.com/x.js';", "https://example.com/x.js"),
        ("import '../outside.js';", "../outside.js"),
        ("import '/etc/passwd';", "/etc/passwd"),
        ("import 'left-pad';", "left-pad"),
        ("export const a = 1;", "default"),
        ("export default {};", "fetch"),
        ("export default { fetch: 5 };", "fetch"),
    ];
    for (source, part) in cases {
        let site = Site::new();
        site.app("a", source).file("outside.js", "export default 1;");
        site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
        let reason = refusal(&site);
        assert!(reason.contains(part), "{source}\nlacks {part:?}:\n{reason}");
        assert!(reason.contains("a.local"), "names the app: {reason}");
    }
}

#[test]
fn modules_outside_the_apps_directory_are_out_of_reach() {
    let site = Site::new();
    site.file("secret.js", "export const secret = 'secret';");
    site.file("a/real.js", "export const secret = 'inside';");
    std::os::unix::fs::symlink("../secret.js", site.path("a/link.js")).unwrap();
    std::os::unix::fs::symlink("..", site.path("a/up")).unwrap();
    site.app(
        "a",
        "const specifiers = ['./link.js', './up/secret.js', '../secret.js', './%2e%2e/secret.js', '/secret.js', 'file:///etc/passwd', 'data:text/javascript,export const secret = 1', './real.js'];
         export default { async fetch() {
           const seen = [];
           for (const specifier of specifiers) seen.push(await import(specifier).then((m) => m.secret, () => null));
           return Response.json(seen);
         } };",
    );
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").json(), json!([null, null, null, null, null, null, null, "inside"]));
}

#[test]
fn a_good_configuration_passes_the_check_and_leaves_no_process() {
    let site = Site::new();
    site.app("a", GOOD_APP).apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(0), "{check:?}");
    assert!(!site.path("control.sock").exists());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let site = Site::new();
    for arguments in [&["serve"][..], &["serve", "--config"], &["fly"], &["check"], &["run"], &["--nonsense"]] {
        let answer = finish(&mut site.command("nano", arguments), "");
        assert_eq!(answer.code, Some(2), "nano {arguments:?}: {answer:?}");
        assert!(!answer.stderr.is_empty());
    }
    let answer = finish(&mut site.command("nanoctl", &["fly"]), "");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let answer = finish(&mut site.command("nano", &["serve", "--config", "gone.json"]), "");
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("gone.json"), "{answer:?}");
    let version = finish(&mut site.command("nano", &["--version"]), "");
    assert_eq!(version.code, Some(0));
    assert!(version.stdout.starts_with("nano "), "{version:?}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site = Site::new();
    site.app("a", GOOD_APP);
    site.config(json!({ "listen": [address], "apps": [{ "hostname": "a.local", "path": "a" }] }));
    let serve: Finished = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(serve.code, Some(1), "{serve:?}");
    assert!(serve.stderr.contains(&address), "{}", serve.stderr);
    // The same by a second nano on the port of a first.
    site.config(json!({ "apps": [{ "hostname": "a.local", "path": "a" }] }));
    let first = site.serve();
    let second = Site::new();
    second.app("a", GOOD_APP);
    second.config(json!({ "listen": [first.address.to_string()], "apps": [{ "hostname": "a.local", "path": "a" }] }));
    let serve = finish(&mut second.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(serve.code, Some(1), "{serve:?}");
    assert_eq!(first.get("a.local", "/").text(), "good");
}

#[test]
fn a_relative_path_that_is_nowhere_names_both_places() {
    let site = Site::new();
    site.file("etc/nano.json", "{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"gone\" }] }");
    let check = finish(&mut site.command("nano", &["check", "etc/nano.json"]), "");
    assert_eq!(check.code, Some(1));
    let both = [site.path("etc/gone"), site.path("gone")];
    for place in both {
        assert!(check.stderr.contains(place.to_str().unwrap()), "lacks {}: {}", place.display(), check.stderr);
    }
    // And is found in either.
    for place in ["etc/gone", "gone"] {
        let site = Site::new();
        site.file("etc/nano.json", "{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"gone\" }] }").app(place, GOOD_APP);
        let check = finish(&mut site.command("nano", &["check", "etc/nano.json"]), "");
        assert_eq!(check.code, Some(0), "{place}: {check:?}");
    }
}

fn hosts() -> (Site, Nano) {
    let site = Site::new();
    for name in ["exact", "wild", "any"] {
        site.app(name, &format!("export default {{ fetch: () => new Response('{name}') }};"));
    }
    site.apps(json!([
        { "name": "exact", "hostname": ["a.example", "b.example"], "path": "exact" },
        { "name": "wild", "hostname": "*.example", "path": "wild" },
    ]));
    let nano = site.serve();
    (site, nano)
}

#[test]
fn hosts_choose_the_app() {
    let (site, nano) = hosts();
    let cases = [
        ("a.example", 200, "exact"),
        ("A.EXAMPLE", 200, "exact"),
        ("a.example:8080", 200, "exact"),
        ("a.example.", 200, "exact"),
        ("a.example.:80", 200, "exact"),
        ("b.example", 200, "exact"),
        ("c.example", 200, "wild"),
        ("x.y.example", 200, "wild"),
        ("example", 404, ""),
        ("a.example.com", 404, ""),
        ("127.0.0.1", 404, ""),
        ("[::1]:80", 404, ""),
    ];
    for (host, status, text) in cases {
        let response = nano.get(host, "/");
        assert_eq!(response.status, status, "{host}: {response:?}");
        if status == 200 {
            assert_eq!(response.text(), text, "{host}");
        } else {
            assert_eq!(response.header("content-type"), Some("application/json"));
            assert_eq!(response.json()["code"], "unknown_host");
        }
    }
    // A fallback, added by reload.
    site.apps(json!([
        { "name": "exact", "hostname": ["a.example", "b.example"], "path": "exact" },
        { "name": "wild", "hostname": "*.example", "path": "wild" },
        { "name": "any", "hostname": "*", "path": "any" },
    ]));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    for (host, text) in [("a.example", "exact"), ("q.example", "wild"), ("example", "any"), ("127.0.0.1", "any")] {
        assert_eq!(nano.get(host, "/").text(), text, "{host}");
    }
}

#[test]
fn requests_that_are_wrong_are_refused_and_reach_no_app() {
    let site = Site::new();
    site.app("any", "export default { fetch() { console.log('reached'); return new Response('any'); } };");
    site.apps(json!([{ "name": "any", "hostname": "*", "path": "any" }]));
    let nano = site.serve();
    let big = "x".repeat(1 << 20);
    let cases: &[(&str, &str)] = &[
        ("GET / HTTP/1.1\r\n\r\n", "missing_host"),
        ("GET / HTTP/1.0\r\n\r\n", "missing_host"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "several_hosts"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "several_hosts"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a:port\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "malformed_host"),
        ("nonsense\r\n\r\n", "bad_request"),
        ("GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "bad_request"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "bad_request"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "bad_request"),
    ];
    for (request, code) in cases {
        let response = nano.raw(request);
        assert_eq!(response.status, 400, "{request:?}: {response:?}");
        assert_eq!(response.json()["code"], *code, "{request:?}");
    }
    let many = (0..2000).map(|i| format!("X-{i}: y\r\n")).collect::<String>();
    for headers in [format!("X: {big}\r\n"), many] {
        // The server may answer, and close, before it has read everything.
        let mut connection = nano.connect();
        drop(connection.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()));
        if let Ok(response) = connection.receive() {
            assert_eq!(response.status, 431);
        }
    }
    assert_eq!(nano.get("a", "/").text(), "any");
    let reached = nano.log.wait_for("the one good request", |record| record["message"] == "reached");
    assert_eq!(reached["app"], "any");
    assert_eq!(nano.log.records().iter().filter(|record| record["message"] == "reached").count(), 1);
}

#[test]
fn header_section_too_large_is_431() {
    let (_site, nano) = hosts();
    // Small enough that the whole request is read before the answer, so that the answer is seen for sure.
    let response = nano.raw(&format!("GET / HTTP/1.1\r\nHost: a.example\r\nX: {}\r\n\r\n", "x".repeat(100 << 10)));
    assert_eq!(response.status, 431);
}

#[test]
fn body_over_the_limit_is_413() {
    let site = Site::new();
    site.app("a", "export default { async fetch(request) { return new Response(String((await request.arrayBuffer()).byteLength)); } };");
    site.apps(json!([{ "hostname": "a.local", "path": "a", "max_body_mb": 1 }]));
    let nano = site.serve();
    assert_eq!(nano.post("a.local", "/", &vec![b'x'; 1 << 20]).text(), "1048576");
    // Announced: refused before a byte of it is read.
    let response = nano.raw("POST / HTTP/1.1\r\nHost: a.local\r\nContent-Length: 1048577\r\n\r\n");
    assert_eq!(response.status, 413);
    assert_eq!(response.json()["code"], "body_too_large");
    // Not announced.
    let mut connection = nano.connect();
    connection.send(b"POST / HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    for _ in 0..17 {
        if connection.send(&chunk).is_err() {
            break;
        }
    }
    assert_eq!(connection.receive().unwrap().status, 413);
    assert_eq!(nano.post("a.local", "/", b"x").text(), "1");
}

#[test]
fn an_unfinished_header_is_408_after_ten_seconds() {
    let (_site, nano) = hosts();
    let mut slow = nano.connect();
    slow.send(b"GET / HTTP/1.1\r\nHost: a.ex").unwrap();
    assert_eq!(nano.get("a.example", "/").text(), "exact");
    assert_eq!(slow.receive().unwrap().status, 408);
    assert!(slow.is_closed_by_server());
}

#[test]
fn a_client_that_leaves_in_the_middle_harms_nobody() {
    let site = Site::new();
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": nano_test::app_path("faults") }]));
    let nano = site.serve();
    let pid = nano.pid_of("a");
    for request in [
        "POST /echo HTTP/1.1\r\nHost: a.local\r\nContent-Length: 1000000\r\n\r\nonly this",
        "POST /echo HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "GET /slow?ms=300 HTTP/1.1\r\nHost: a.local\r\n\r\n",
        "GET /hel",
    ] {
        TcpStream::connect(nano.address).unwrap().write_all(request.as_bytes()).unwrap();
    }
    // The app hears of it.
    let mut waiting = nano.connect();
    waiting.send_get("a.local", "/aborted").unwrap();
    nano.log.wait_for_text("waiting for the client to leave");
    drop(waiting);
    nano.log.wait_for_text("the client left");
    assert_eq!(nano.get("a.local", "/hello").text(), "hello");
    assert_eq!(nano.pid_of("a"), pid);
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
}

#[test]
fn what_an_app_throws_reaches_no_terminal_as_it_is() {
    let site = Site::new();
    let source = "throw new TypeError('\\u001b[2J\\u009b31m\\u202e\\ud800\\nnano: nano.json: ok, 1 app loads')";
    site.app("a", source).apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(1), "{check:?}");
    let active = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!check.stderr.contains(active), "{:?}", check.stderr);
    assert!(
        check.stderr.contains("TypeError: \\u{1b}[2J\\u{9b}31m\\u{202e}\u{fffd}\n    nano: nano.json: ok"),
        "{check:?}"
    );
}

#[test]
fn an_app_for_something_else_is_told_what_to_do() {
    let site = Site::new();
    site.app("cjs", "const fs = require('fs');\nmodule.exports = {};");
    site.app("node", "import 'node:fs';\nimport 'node:ffi';\nimport 'lodash';\nexport default { fetch() {} };");
    site.apps(json!([{ "hostname": "c.local", "path": "cjs" }, { "hostname": "n.local", "path": "node" }]));
    let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(1), "{check:?}");
    for part in [
        "this is a CommonJS module",
        "\"node:fs\" (node/index.js:1:8): it needs `\"compatibility_flags\": [\"nodejs_compat\"]`",
        "nano has no node:ffi",
        "npx esbuild index.js --bundle --format=esm",
    ] {
        assert!(check.stderr.contains(part), "{part}: {}", check.stderr);
    }
}

/// Where an error is, as an editor opens it: by the app's path as it is configured. What the app itself sees of an absolute
/// one tells nothing of the machine.
#[test]
fn stacks_and_messages_name_files_as_they_are_configured() {
    const APP: &str = "import { fail } from './lib/fail.js';
export default { async fetch(request) {
  const path = new URL(request.url).pathname;
  if (path === '/throw') fail();
  if (path === '/import') await import('./lib/late.js').then((late) => late.fail());
  if (path === '/url') return new Response(import.meta.url);
  try { fail(); } catch (error) { console.error(error); return new Response(error.stack); }
} };";
    const FAIL: &str = "export function fail() {\n  throw new Error('no luck');\n}\n";
    let write = |site: &Site| {
        site.app("apps/shop", APP).file("apps/shop/lib/fail.js", FAIL).file("apps/shop/lib/late.js", FAIL);
    };
    for absolute in [false, true] {
        let site = Site::new();
        write(&site);
        let directory = site.path("apps/shop").display().to_string();
        let path = if absolute { directory.as_str() } else { "apps/shop" };
        site.apps(json!([{ "name": "a", "hostname": "a.local", "path": path }]));
        let nano = site.serve();
        let stack = nano.get("a.local", "/stack").text();
        if absolute {
            assert!(stack.contains("at fail (file:///app/lib/fail.js:2:9)"), "{stack}");
            assert!(!stack.contains(&directory), "{stack}");
        } else {
            assert!(stack.contains("at fail (apps/shop/lib/fail.js:2:9)"), "{stack}");
            assert!(stack.contains("apps/shop/index.js:7:9)"), "{stack}");
        }
        assert_eq!(nano.get("a.local", "/url").text(), "file:///app/index.js");
        for route in ["/throw", "/import"] {
            let answer = nano.get("a.local", route);
            assert_eq!(answer.status, 500);
            assert!(!answer.text().contains(".js"), "{}", answer.text());
        }
        for place in ["lib/fail.js:2:9)", "lib/late.js:2:9)", "index.js:4:26)"] {
            nano.log.wait_for_text(&format!("({path}/{place}"));
        }
        site.file("apps/shop/lib/fail.js", "export function fail() {\n  let = = 1;\n}\n");
        let place = format!("{path}/lib/fail.js:2:");
        let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert!(check.code == Some(1) && check.stderr.contains(&place), "{check:?}");
        assert!(!check.stderr.contains("file:///app"), "{check:?}");
        let reload = nano.ctl(&["reload"]);
        assert!(reload.code == Some(1) && reload.stderr.contains(&place), "{reload:?}");
    }
}
