//! Apps that were made for Cloudflare Workers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use nano_test::{Site, finish, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[test]
fn an_environment_has_values_of_every_json_type() {
    let site = Site::new();
    site.app(
        "a",
        "Object.defineProperty(Object.prototype, 'list', { set() { throw new Error('called'); }, configurable: true });
         export default { fetch(request, env) {
            if (new URL(request.url).pathname === '/change') env.object.list.push('changed');
            const { text, number, no, nothing, object } = env;
            return Response.json({
                text, number, no, nothing, object,
                names: Object.keys(env), plain: Object.getPrototypeOf(object) === Object.prototype,
                proto: Object.keys(object.inner), count: object.list instanceof Array,
            });
         } };",
    );
    let inner: serde_json::Value =
        serde_json::from_str(r#"{ "__proto__": { "evil": true }, "constructor": 1 }"#).unwrap();
    let env = json!({
        "text": "ü", "number": -1.5, "no": false, "nothing": null, "object": { "list": [1, [null]], "inner": inner },
    });
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "env": env },
        { "name": "b", "hostname": "b.local", "path": "a", "env": env, "start": "on-demand" },
    ]));
    let nano = site.serve();
    let seen = nano.get("a.local", "/change").json();
    assert_eq!(seen["object"]["list"], json!([1, [null], "changed"]));
    assert_eq!((&seen["names"], &seen["plain"]), (&json!(["no", "nothing", "number", "object", "text"]), &json!(true)));
    assert_eq!((&seen["proto"], &seen["count"]), (&json!(["__proto__", "constructor"]), &json!(true)));
    let other = nano.get("b.local", "/").json();
    for name in ["text", "number", "no", "nothing", "object"] {
        assert_eq!(other[name], env[name], "another app has values of its own");
    }
}

/// A WebAssembly module that exports `add`.
const ADD: &[u8] = b"\0asm\x01\0\0\0\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03add\0\0\x0a\x09\x01\x07\0\x20\0\x20\x01\x6a\x0b";
/// One whose memory is shared.
const SHARED: &[u8] = b"\0asm\x01\0\0\0\x05\x04\x01\x03\x01\x01";

const FILES: &str = "
    import add from './add.wasm';
    import again from './add.wasm?module';
    import bytes from './lib/data.bin';
    import text from './lib/text.txt';
    import html from './lib/page.html';
    import sql from './lib/query.sql';
    import json from './lib/data.json';
    import typed from './lib/data.json' with { type: 'json' };
    export async function look() {
        const { exports } = new WebAssembly.Instance(add);
        const later = await import('./lib/later.txt');
        return {
            sum: exports.add(40, 2), same: add === again, module: add instanceof WebAssembly.Module,
            bytes: [...new Uint8Array(bytes)], buffer: bytes instanceof ArrayBuffer, text, html, sql, json, one: json === typed,
            later: later.default, names: Object.keys(later),
        };
    }";

fn write_files(site: &Site) {
    site.file("a/files.js", FILES).file("a/lib/text.txt", "\u{feff}ü\r\n").file("a/lib/page.html", "<p>");
    site.file("a/lib/query.sql", "select 1").file("a/lib/data.json", "{\"a\": [1]}").file("a/lib/later.txt", "later");
    fs::write(site.path("a/add.wasm"), ADD).unwrap();
    fs::write(site.path("a/lib/data.bin"), [0, 255, b'\n']).unwrap();
}

fn files_seen() -> Value {
    json!({
        "sum": 42, "same": true, "module": true, "bytes": [0, 255, 10], "buffer": true, "text": "\u{feff}ü\r\n", "html": "<p>",
        "sql": "select 1", "json": { "a": [1] }, "one": true, "later": "later", "names": ["default"],
    })
}

#[test]
fn files_are_imported_as_what_their_names_say() {
    let site = Site::new();
    write_files(&site);
    let app =
        "import { look } from './files.js'; export default { async fetch() { return Response.json(await look()); } };";
    site.app("a", app)
        .file("a/program.js", "import { look } from './files.js'; console.log(JSON.stringify(await look()));");
    site.config(json!({ "spares": 1, "apps": [
        { "name": "a", "hostname": "a.local", "path": "a" },
        { "name": "b", "hostname": "b.local", "path": "a", "start": "on-demand" },
    ] }));
    let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(0), "{check:?}");
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").json(), files_seen());
    assert_eq!(nano.get("b.local", "/").json(), files_seen());
    let run = finish(&mut site.command("nano", &["run", "a/program.js"]), "");
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).ok(), Some(files_seen()), "{run:?}");
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_named() {
    let cases: [(&str, &[u8], &str); 6] = [
        ("bad.wasm", b"\0asm\x02\0\0\0", "a/bad.wasm is not WebAssembly that can be compiled: CompileError"),
        ("shared.wasm", SHARED, "a/shared.wasm is refused: its memory is shared"),
        ("bad.json", b"{ \"a\": 1, }", "a/bad.json is not JSON: SyntaxError"),
        ("bad.txt", b"ab\xff", "a/bad.txt is not UTF-8 (at byte 2)"),
        ("bad.exe", b"a: 1", "what a file is says the end of its name"),
        ("large.bin", &[0; 12 << 20], "a/large.bin does not fit the app's `memory_mb`"),
    ];
    for (name, bytes, told) in cases {
        for start in ["eager", "on-demand"] {
            let site = Site::new();
            site.app("a", &format!("import x from './{name}'; export default {{ fetch() {{}} }};"));
            fs::write(site.path("a").join(name), bytes).unwrap();
            site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "start": start, "memory_mb": 8 }]));
            for arguments in [&["check", "nano.json"][..], &["serve", "--config", "nano.json"]] {
                let end = finish(&mut site.command("nano", arguments), "");
                assert_eq!(end.code, Some(1), "{name} {start}: {end:?}");
                assert!(end.stderr.contains(told) && !end.stderr.contains("SIGKILL"), "{name} {start}: {}", end.stderr);
            }
        }
    }
    let site = Site::new();
    site.file("a.js", "for (const name of ['./bad.wasm', './bad.json']) try { await import(name); } catch (e) { console.log(e.name); }");
    fs::write(site.path("bad.wasm"), SHARED).unwrap();
    fs::write(site.path("bad.json"), "{").unwrap();
    let run = finish(&mut site.command("nano", &["run", "a.js"]), "");
    assert_eq!(run.stdout, "TypeError\nSyntaxError\n", "{run:?}");
}

#[test]
fn every_missing_import_of_a_bundle_is_named_at_once() {
    for start in ["eager", "on-demand"] {
        let site = Site::new();
        site.app(
            "a",
            "import 'node:fs'; import 'cloudflare:pipelines'; import './lib.js'; export default { fetch() {} };",
        );
        site.file(
            "a/lib.js",
            "import 'cloudflare:workers'; import 'cloudflare:vectorize'; import 'react'; import './x.css';",
        );
        site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "start": start }]));
        for arguments in [&["check", "nano.json"][..], &["serve", "--config", "nano.json"]] {
            let end = finish(&mut site.command("nano", arguments), "");
            assert_eq!(end.code, Some(1), "{start}: {end:?}");
            for told in [
                "node:fs",
                "nano has no cloudflare:pipelines",
                "nano has no cloudflare:vectorize",
                "\"react\"",
                "x.css",
            ] {
                assert!(end.stderr.contains(told), "{told}: {}", end.stderr);
            }
            let never = ["\"cloudflare:workers\"", "SIGKILL", "signal", "last_log"];
            assert!(!never.iter().any(|never| end.stderr.contains(never)), "{}", end.stderr);
        }
    }
}

const ENTRYPOINT: &str = "
    import { env, exports, waitUntil, withEnv, WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget } from 'cloudflare:workers';
    const top = [env.WHO, env.LIST.length];
    const refused = [() => waitUntil(Promise.resolve()), () => DurableObject(), () => new WorkerEntrypoint()].map((call) => {
        try { call(); } catch (error) { return error.name; }
    });
    class Counter extends RpcTarget { #count = 0; add(n) { return this.#count += n; } }
    export class Inner extends WorkerEntrypoint {
        own = 1;
        fetch(request) { return new Response(`inner ${this.ctx.props.who ?? 'nobody'} ${new URL(request.url).pathname}`); }
        hello(list) { list.push(env.WHO); return { list, env: this.env === undefined }; }
        counter() { return new Counter(); }
    }
    export class Room extends DurableObject { }
    export class Flow extends WorkflowEntrypoint { async run() { } }
    export const named = { fetch: (request, env) => new Response('named ' + env.WHO) };
    const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
    const refuses = async (call) => { try { return await call(); } catch (error) { return error.message; } };
    export default class extends WorkerEntrypoint {
        count = 0;
        async fetch(request, ...rest) {
            const list = ['a'];
            const counter = await exports.Inner.counter();
            await counter.add(1);
            return Response.json({
                top, refused, rest, count: ++this.count, who: this.env.WHO, keys: Object.keys(env), has: 'WHO' in env,
                after: (await pause(), env.WHO), exports: Object.keys(this.ctx.exports), same: Object.keys(exports),
                inner: await (await this.ctx.exports.Inner({ props: { who: 'me' } }).fetch('http://x/path')).text(),
                named: await (await exports.named.fetch(new Request('http://x/'))).text(),
                hello: await exports.Inner.hello(list), list, counted: await counter.add(2),
                missing: await refuses(() => exports.Inner.nothing()), own: await refuses(() => exports.Inner.own()),
                inherited: await refuses(() => exports.Inner['constructor']('x') instanceof Object),
                scoped: await withEnv({ WHO: 'scoped' }, async () => { await pause(); return [env.WHO, Object.keys(env), env.LIST]; }),
                empty: withEnv(undefined, () => Object.keys(env)), back: env.WHO,
                props: this.ctx.props, pass: this.ctx.passThroughOnException() === undefined,
                cf: request.cf, copied: new Request(request).cf, made: new Request('http://x').cf === undefined, given: new Request('http://x', { cf: { a: 1 } }).cf,
            });
        }
    }";

#[test]
fn a_class_is_an_entrypoint_and_cloudflare_workers_has_what_workerd_s_has() {
    let site = Site::new();
    site.app("a", ENTRYPOINT);
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "env": { "WHO": "we", "LIST": [1] } }]));
    let nano = site.serve();
    for _ in 0..2 {
        let seen = nano.raw("GET / HTTP/1.1\r\nhost: a.local\r\naccept-encoding: br\r\n\r\n").json();
        assert_eq!(
            seen,
            json!({
                "top": ["we", 1], "refused": ["Error", "TypeError", "TypeError"], "rest": [], "count": 1, "who": "we",
                "keys": ["LIST", "WHO"], "has": true, "after": "we", "exports": ["Inner", "default", "named"],
                "same": ["Inner", "default", "named"], "inner": "inner me /path", "named": "named we",
                "hello": { "list": ["a", "we"], "env": false }, "list": ["a"], "counted": 3,
                "missing": "The RPC receiver does not implement the method \"nothing\"",
                "own": "The RPC receiver does not implement the method \"own\"", "inherited": true,
                "scoped": ["scoped", ["WHO"], null], "empty": [], "back": "we", "props": {}, "pass": true,
                "cf": { "clientAcceptEncoding": "br" }, "copied": { "clientAcceptEncoding": "br" }, "made": true,
                "given": { "a": 1 },
            })
        );
    }
}

#[test]
fn a_default_export_that_is_no_entrypoint_is_refused() {
    for (entry, told) in [
        ("export default class { fetch() {} }", "it must extend WorkerEntrypoint"),
        (
            "import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint { }",
            "has no `fetch` method",
        ),
        ("import { D1Database } from 'cloudflare:workers'; export default { fetch() {} }", "D1Database"),
        ("addEventListener('message', () => {});", "no default export"),
        ("export default { fetch: 1, scheduled: 1 };", "has no `fetch` function"),
    ] {
        let site = Site::new();
        site.app("a", entry).apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
        let end = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert_eq!(end.code, Some(1), "{entry}: {end:?}");
        assert!(end.stderr.contains(told), "{entry}: {}", end.stderr);
    }
}

#[test]
fn what_an_imported_wait_until_was_given_is_waited_for() {
    let site = Site::new();
    site.app(
        "a",
        "import { waitUntil } from 'cloudflare:workers';
         export default { async fetch(request) {
            await null;
            waitUntil((async () => {
                await new Promise((resolve) => setTimeout(resolve, 300));
                console.log('done after', await request.text(), request.headers.get('x-say'));
            })());
            return new Response('answered');
         } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let mut nano = site.serve();
    let sent = nano.raw("POST / HTTP/1.1\r\nhost: a.local\r\nx-say: please\r\ncontent-length: 8\r\n\r\nthe body");
    assert_eq!(sent.text(), "answered");
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    nano.log.wait_for_text("done after the body please");
}

#[test]
fn service_worker_syntax_is_served() {
    let site = Site::new();
    site.app(
        "a",
        "addEventListener('fetch', (event) => {
            const { pathname } = new URL(event.request.url);
            if (pathname === '/none') return;
            if (pathname === '/throws') throw new Error('thrown');
            if (pathname === '/late') { setTimeout(() => { try { event.respondWith(new Response('late')); } catch (error) { console.log(error.name); } }); return; }
            event.waitUntil(Promise.resolve());
            event.passThroughOnException();
            event.respondWith(answer(event));
            try { event.respondWith(new Response('twice')); } catch (error) { event.twice = error.name; }
         });
         addEventListener('fetch', (event) => { if (event.request.url.endsWith('/second')) event.respondWith(new Response('second')); });
         const answer = async (event) => {
            await null;
            return Response.json([WHO, LIST, event.type, event.twice, event instanceof FetchEvent, event.isTrusted, typeof undefined]);
         };",
    );
    let env = json!({ "WHO": "we", "LIST": [1], "undefined": 1 });
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "env": env },
        { "name": "b", "hostname": "b.local", "path": "a", "env": env, "start": "on-demand" },
    ]));
    let nano = site.serve();
    for host in ["a.local", "b.local"] {
        let seen = nano.get(host, "/").json();
        assert_eq!(seen, json!(["we", [1], "fetch", "InvalidStateError", true, true, "undefined"]));
        for path in ["/none", "/throws", "/late"] {
            assert_eq!(nano.get(host, path).status, 500, "{path}");
        }
    }
}

#[test]
fn what_with_env_sets_is_seen_by_its_callback_alone() {
    let site = Site::new();
    site.app(
        "a",
        "import { env, withEnv, waitUntil, exports } from 'cloudflare:workers';
         import { WorkerEntrypoint } from 'cloudflare:workers';
         export class Who extends WorkerEntrypoint { who() { return env.WHO; } }
         let inside, release;
         const gate = new Promise((resolve) => { release = resolve; });
         export default { async fetch(request) {
            const { pathname } = new URL(request.url);
            if (pathname === '/held') {
                return withEnv({ WHO: 'held' }, async () => {
                    inside = true;
                    await gate;
                    const timed = await new Promise((resolve) => setTimeout(() => resolve(env.WHO)));
                    const micro = await new Promise((resolve) => queueMicrotask(() => resolve(env.WHO)));
                    const nested = withEnv({ WHO: 'nested' }, () => env.WHO);
                    console.log('logged by the held one');
                    waitUntil(Promise.resolve());
                    return Response.json([env.WHO, timed, micro, nested, await exports.Who.who(), env.WHO]);
                });
            }
            if (pathname === '/release') release();
            return Response.json([env.WHO, inside === true]);
         } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "env": { "WHO": "all" } }]));
    let nano = site.serve();
    let mut held = nano.connect();
    held.send(b"GET /held HTTP/1.1\r\nhost: a.local\r\nx-request-id: the-held-one\r\n\r\n").unwrap();
    until("the held request runs", || (nano.get("a.local", "/").json() == json!(["all", true])).then_some(()));
    assert_eq!(nano.get("a.local", "/release").json(), json!(["all", true]));
    assert_eq!(held.receive().unwrap().json(), json!(["held", "held", "held", "nested", "held", "held"]));
    let line = nano.log.wait_for("its line", |line| line["message"] == "logged by the held one");
    assert_eq!(line["request_id"], "the-held-one", "{line}");
}

#[test]
fn an_app_that_patches_every_global_changes_nothing_of_cloudflare_workers() {
    let site = Site::new();
    let patches = "
        const kept = { Response, URL, json: JSON.stringify, done: new Set([globalThis, console]) }, has = Set.prototype.has.call.bind(Set.prototype.has);
        const evil = function () { throw new Error('patched'); };
        const patch = (object, depth) => {
            if ((typeof object !== 'object' && typeof object !== 'function') || object === null || kept.done.has(object)) return;
            kept.done.add(object);
            for (const key of Reflect.ownKeys(object)) {
                const found = Reflect.getOwnPropertyDescriptor(object, key);
                if ('value' in found && depth < 3) list.push([found.value, depth + 1]);
                if (found.configurable && typeof found.value === 'function' && key !== 'constructor') patched.push([object, key]);
            }
        };
        const list = [], patched = [];
        for (const name of Object.getOwnPropertyNames(globalThis)) list.push([globalThis[name], 1]);
        for (let i = 0; i < list.length; i++) patch(list[i][0], list[i][1]);
        const { defineProperty } = Object;
        const R = Response, spared = new Set([R.prototype, FetchEvent.prototype, ExtendableEvent.prototype]);
        for (let i = 0; i < patched.length; i++) {
            if (!has(spared, patched[i][0])) defineProperty(patched[i][0], patched[i][1], { value: evil });
        }
        export const make = (text) => new R(text);";
    site.file("a/patches.js", patches);
    site.app(
        "a",
        "import './patches.js';
         import { make } from './patches.js';
         import { env, exports, waitUntil, withEnv, WorkerEntrypoint, RpcTarget } from 'cloudflare:workers';
         export class Inner extends WorkerEntrypoint { say(a) { return a + env.WHO; } get() { return new Target(); } fetch() { return make('inner'); } }
         class Target extends RpcTarget { two() { return 2; } }
         export default class extends WorkerEntrypoint { async fetch(request) {
            waitUntil((async () => {})());
            const scoped = await withEnv({ WHO: 'scoped' }, async () => { await 1; return env.WHO; });
            const text = await (await exports.Inner.fetch(request.url)).text();
            const target = await exports.Inner({ props: { a: 1 } }).get();
            return make(scoped + ' ' + await exports.Inner.say('by ') + ' ' + text + ' ' + await target.two() + ' ' + this.env.WHO);
         } }",
    );
    site.file("b/patches.js", patches);
    site.app(
        "b",
        "import { make } from './patches.js';
         addEventListener('fetch', (event) => { event.waitUntil((async () => {})()); event.respondWith(make(WHO)); });",
    );
    let env = json!({ "WHO": "we" });
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "env": env },
        { "name": "b", "hostname": "b.local", "path": "b", "env": env },
    ]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").text(), "scoped by we inner 2 we");
    assert_eq!(nano.get("b.local", "/").text(), "we");
}

#[test]
fn messages_stay_in_their_app_and_bear_their_request() {
    let site = Site::new();
    site.app(
        "a",
        "const { port1, port2 } = new MessageChannel();
         let heard = 0, tell;
         new BroadcastChannel('shared').onmessage = ({ data }) => { if (data === '/loud') heard++; tell(); };
         port2.onmessage = ({ data }) => { console.log('message for', data); new BroadcastChannel('shared').postMessage(data); };
         export default { async fetch(request) {
            const { pathname } = new URL(request.url);
            const told = new Promise((resolve) => { tell = resolve; });
            port1.postMessage(pathname);
            await told;
            await scheduler.wait(1);
            const found = new URLPattern({ pathname: '/:name' }).exec(request.url);
            return new Response(`${found.pathname.groups.name} ${heard}`);
         } };",
    );
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a" },
        { "name": "b", "hostname": "b.local", "path": "a" },
    ]));
    let nano = site.serve();
    assert_eq!(nano.raw("GET /loud HTTP/1.1\r\nhost: a.local\r\nx-request-id: the-loud-one\r\n\r\n").text(), "loud 1");
    assert_eq!(nano.get("b.local", "/quiet").text(), "quiet 0", "another app's channels are its own");
    let line = nano.log.wait_for("its line", |line| line["message"] == "message for /loud");
    assert_eq!((line["request_id"].as_str(), line["app"].as_str()), (Some("the-loud-one"), Some("a")), "{line}");
}
