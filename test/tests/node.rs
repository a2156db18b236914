//! Apps that need Node.js: what the flags give, and what they do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::thread;

use nano_test::{Site, finish, until};
use serde_json::json;

const NEEDS_EVENTS: &str = "
import EventEmitter from 'events';
import { join } from 'node:path';
export default { fetch() {
    return Response.json({ path: join('a', '../b'), emitter: typeof new EventEmitter().on, env: process.env, node: process.version });
} };";

#[test]
fn modules_are_there_for_apps_with_the_flag_however_they_start() {
    let site = Site::new();
    site.app("a", NEEDS_EVENTS);
    let flags = json!(["nodejs_compat"]);
    let env = json!({ "TEXT": "x", "LIST": [1], "NONE": null });
    site.config(json!({ "spares": 1, "apps": [
        { "name": "eager", "hostname": "eager.local", "path": "a", "compatibility_flags": flags, "env": env },
        { "name": "later", "hostname": "later.local", "path": "a", "compatibility_flags": flags, "env": env, "start": "on-demand" },
    ]}));
    let nano = site.serve();
    for host in ["eager.local", "later.local"] {
        let seen = nano.get(host, "/").json();
        assert_eq!((&seen["path"], &seen["emitter"]), (&json!("b"), &json!("function")), "{host}");
        assert_eq!(seen["env"], json!({ "TEXT": "x", "LIST": "[1]", "NONE": "null" }), "{host}");
    }
}

#[test]
fn an_app_without_the_flag_is_told_of_it_and_has_no_globals_of_node() {
    for start in ["eager", "on-demand"] {
        let site = Site::new();
        site.app("a", NEEDS_EVENTS);
        site.config(json!({ "apps": [{ "hostname": "a.local", "path": "a", "start": start }]}));
        let refused = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for import in ["\"events\" (a/index.js:2:", "\"node:path\" (a/index.js:3:"] {
            assert!(refused.stderr.contains(import), "{start} {import}: {}", refused.stderr);
        }
        assert!(refused.stderr.contains("\"compatibility_flags\": [\"nodejs_compat\"]"), "{}", refused.stderr);
    }
    let site = Site::new();
    site.app(
        "a",
        "export default { fetch() { return Response.json([typeof process, typeof global, typeof setImmediate, typeof Buffer]) } }",
    );
    site.app("als", "import { AsyncLocalStorage } from 'async_hooks'; export default { fetch() { return new Response(typeof process + new AsyncLocalStorage().run(1, () => 2)) } }");
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a" },
        { "name": "als", "hostname": "als.local", "path": "als", "compatibility_flags": ["nodejs_als"] },
    ]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").json(), json!(["undefined", "undefined", "undefined", "undefined"]));
    assert_eq!(nano.get("als.local", "/").text(), "undefined2");
}

/// What one request leaves behind: `enterWith()` in its handler, timers, promises that never settle.
const STORES: &str = "
import { AsyncLocalStorage } from 'node:async_hooks';
const store = new AsyncLocalStorage();
const kept = [];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default { async fetch(request, env, ctx) {
    const before = store.getStore();
    const id = new URL(request.url).searchParams.get('id');
    store.enterWith(id);
    kept.push(new Promise(() => {}).then(() => store.getStore()));
    const later = wait(20).then(() => store.getStore());
    ctx.waitUntil(later);
    const seen = [before ?? null, store.getStore()];
    await wait(Math.random() * 10);
    seen.push(store.getStore());
    const body = new ReadableStream({ async pull(controller) {
        await wait(1);
        controller.enqueue(new TextEncoder().encode(JSON.stringify([...seen, store.getStore()])));
        controller.close();
    } });
    return new Response(body);
} };";

#[test]
fn a_request_sees_no_store_of_another_one() {
    let site = Site::new();
    site.app("a", STORES);
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"] }]));
    let nano = site.serve();
    thread::scope(|scope| {
        for client in 0..8 {
            let nano = &nano;
            scope.spawn(move || {
                for number in 0..25 {
                    let id = format!("{client}-{number}");
                    let seen = nano.get("a.local", &format!("/?id={id}")).json();
                    assert_eq!(seen, json!([null, id, id, id]));
                }
            });
        }
    });
}

#[test]
fn code_from_strings_is_made_while_modules_are_evaluated_and_no_longer() {
    let site = Site::new();
    site.app(
        "a",
        "const add = new Function('a', 'b', 'return a + b'); await null; const two = eval('1 + 1');
         export default { fetch() {
            let refused = 0;
            for (const make of [() => eval('1'), () => new Function('1'), () => add.constructor('1')]) {
                try { make(); } catch (error) { if (error instanceof EvalError) refused++; }
            }
            return Response.json([add(1, 2), two, refused]);
         } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["eval_at_start"] }]));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").json(), json!([3, 2, 3]));

    let without = Site::new();
    without.app("a", "const add = new Function('a', 'return a'); export default { fetch() {} };");
    without.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let refused = finish(&mut without.command("nano", &["serve", "--config", "nano.json"]), "");
    assert!(refused.code == Some(1) && refused.stderr.contains("EvalError"), "{refused:?}");
}

/// What a client can make an app ask of `node:crypto`: each takes longer than `cpu_ms`, or more than `memory_mb`.
const COSTLY: &str = "
import crypto from 'node:crypto';
const work = {
    scrypt: () => crypto.scryptSync('a', 'b', 32, { N: 1024, r: 8, p: 2 ** 20, maxmem: 2 ** 40 }),
    'long scrypt': () => crypto.scryptSync('a', 'b', 32, { N: 16384, r: 8, p: 1000, maxmem: 2 ** 40 }),
    'large scrypt': () => crypto.scryptSync('a', 'b', 32, { N: 2 ** 20, r: 8, p: 1, maxmem: 2 ** 40 }),
    pbkdf2: () => crypto.pbkdf2Sync('a', 'b', 2 ** 31 - 1, 32, 'ripemd160'),
    subtle: async () => {
      const key = await globalThis.crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
      await globalThis.crypto.subtle.deriveBits({ name: 'PBKDF2', salt: new Uint8Array(8), iterations: 2 ** 31, hash: 'SHA-512' }, key, 256);
    },
    primes: () => { for (;;) crypto.generatePrimeSync(2048, { safe: true }); },
    'no prime': () => crypto.generatePrimeSync(256, { add: 4n, rem: 2n }),
    digest: () => crypto.createHash('shake256', { outputLength: 2 ** 31 }).digest(),
    hashes: () => { const all = []; for (;;) all.push(crypto.createHash('sha256')); },
    keys: () => { const pem = pair.export({ format: 'pem', type: 'spki' }); const all = []; for (;;) all.push(crypto.createPublicKey(pem)); },
    small: () => crypto.scryptSync('a', 'b', 8, { N: 64 }),
};
const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
export default { async fetch(request) {
    try {
        return new Response(String((await work[decodeURIComponent(new URL(request.url).pathname.slice(1))]()).length));
    } catch (error) {
        return new Response(`${error.name}: ${error.message}`, { status: 400 });
    }
} };";

#[test]
fn what_is_costly_of_crypto_ends_at_the_limits_of_its_app() {
    let site = Site::new();
    site.app("a", COSTLY);
    let flags = json!(["nodejs_compat"]);
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": flags, "cpu_ms": 500 },
        { "name": "b", "hostname": "b.local", "path": "a", "compatibility_flags": flags, "cpu_ms": 60_000, "memory_mb": 64 },
    ]));
    let nano = site.serve();
    for path in ["/scrypt", "/large%20scrypt", "/digest", "/hashes", "/keys"] {
        let worker = nano.pid_of("b");
        let refused = nano.get("b.local", path);
        assert_eq!(
            (refused.status, refused.text().split(':').next()),
            (400, Some("RangeError")),
            "{path}: {}",
            refused.text()
        );
        assert_eq!(nano.get("b.local", "/small").text(), "8", "after {path}");
        assert_eq!(nano.pid_of("b"), worker, "{path}");
    }
    for path in ["/long%20scrypt", "/pbkdf2", "/subtle", "/primes", "/no%20prime"] {
        let stopped = nano.get("a.local", path);
        assert_eq!((stopped.status, &stopped.json()["code"]), (503, &json!("cpu_limit")), "{path}");
        until("the app's answer after it", || (nano.get("a.local", "/small").status == 200).then_some(()));
    }
    // Where it could not be interrupted, the other requests of its worker would go with it.
    let ended = nano.log.records().into_iter().filter(|line| line["message"] == "flight record");
    let culprits: Vec<_> = ended.map(|line| line["requests"][0]["culprit"].clone()).collect();
    assert!(culprits.len() == 5 && culprits.iter().all(|culprit| *culprit == true), "{culprits:?}");
}

/// What Node.js 24 answers: `indexOf` and `lastIndexOf` of bytes in hexadecimal digits; a text, or bytes after `x`; from where;
/// the encoding.
const FOUND: &str = r#"[
    ["6162616261", "ab", null, "latin1", 0, 2], ["6162616261", "x6261", 2, "utf8", 3, 1],
    ["6162616261", "", 9, "utf8", 5, 5], ["6162616261", "x", -9, "utf8", 0, 0], ["6162616261", "ba", -9, "utf8", 1, -1],
    ["616161626200616161006262626200626200620062", "", -1, "ucs2", 19, 19],
    ["6162000061616200626261626162610061006100", "x", -1, "ucs2", 19, 19],
    ["0061616261610062626200", "x61", 4, "utf16le", -1, -1], ["626262610062626162626100616100", "x616161", null, "utf16le", 12, 12],
    ["61610061006262000000626161626200006262610062610062006200", "x6200", -1, "ucs2", -1, 26],
    ["620062000061", "b", 1, "ucs2", 0, 0], ["6161", "x616161", 0, "utf8", -1, -1], ["6161", "x616161", 0, "ucs2", -1, -1],
    ["c3a9c3a9", "é", 1, "utf8", 2, 0], ["616263", "YmM", 0, "base64", 1, -1], ["616263", "6263", 9, "hex", -1, 1]
]"#;

#[test]
fn a_buffer_is_searched_as_node_does_and_in_linear_time() {
    let site = Site::new();
    site.app(
        "a",
        &format!(
            "const cases = {FOUND};
            const look = ([bytes, value, from, encoding]) => {{
                const buffer = Buffer.from(bytes, 'hex');
                const what = value.startsWith('x') ? Buffer.from(value.slice(1), 'hex') : value;
                return ['indexOf', 'lastIndexOf'].map((name) => buffer[name](what, from ?? undefined, encoding));
            }};
            export default {{ fetch(request) {{
                if (request.url.endsWith('long')) {{
                    // 10^12 comparisons where each place is looked at anew.
                    const end = Buffer.alloc(1e6, 'a').fill('b', 1e6 - 1);
                    return Response.json([Buffer.alloc(2e6, 'a').indexOf(end), Buffer.alloc(2e6, 'a').lastIndexOf(end.reverse())]);
                }}
                return Response.json(cases.map((each) => [...each.slice(0, 4), ...look(each)]));
            }} }};"
        ),
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"] }]));
    let nano = site.serve();
    let expected: serde_json::Value = serde_json::from_str(FOUND).unwrap();
    assert_eq!(nano.get("a.local", "/").json(), expected);
    assert_eq!(nano.get("a.local", "/long").json(), json!([-1, -1]));
}

/// What Zstandard would allocate with its first bytes: tables of half a gigabyte for the highest level, a window of 128 MiB for matches
/// over long distances, and the window that a frame asks for (2^27 bytes; its one block has as many zeros as a block may).
const GREEDY_ZSTD: &str = "
import zlib, { constants } from 'node:zlib';
const told = (body) => { try { return body().length; } catch (error) { return `${error.name}: ${error.code ?? error.message}`; } };
export default { fetch() {
    const frame = Buffer.concat([Buffer.from('28b52ffd0088', 'hex'), Buffer.from([0x02, 0x00, 0x10, 0x00]), Buffer.from([0x03, 0x00, 0x10, 0x00])]);
    return Response.json([
        told(() => zlib.zstdCompressSync('abc', { params: { [constants.ZSTD_c_compressionLevel]: 22 } })),
        told(() => zlib.zstdCompressSync('abc', { params: { [constants.ZSTD_c_enableLongDistanceMatching]: 1 } })),
        told(() => zlib.zstdDecompressSync(frame)),
        told(() => zlib.zstdCompressSync('abc')),
    ]);
} };";

#[test]
fn zstd_takes_what_it_needs_from_memory_mb_before_it_has_it() {
    let site = Site::new();
    site.app("a", GREEDY_ZSTD);
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"], "memory_mb": 64 },
    ]));
    let nano = site.serve();
    let no_room = "RangeError: There is not enough memory to go on with this stream";
    for _ in 0..3 {
        assert_eq!(nano.get("a.local", "/").json(), json!([no_room, no_room, no_room, 12]));
    }
}

const CERTIFICATE_WITHOUT_ROOM: &str = "
import { X509Certificate } from 'node:crypto';
export default { fetch() {
    const input = Buffer.alloc(1 << 20, 48);
    const kept = [];
    try { for (;;) kept.push(new ArrayBuffer(256 << 10)); } catch {}
    try { return Response.json(new X509Certificate(input)); } catch (error) { return Response.json([kept.length > 0, error.name]); }
} };";

#[test]
fn a_certificate_that_finds_no_memory_is_not_said_to_be_malformed() {
    let site = Site::new();
    site.app("a", CERTIFICATE_WITHOUT_ROOM);
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"], "memory_mb": 32 },
    ]));
    assert_eq!(site.serve().get("a.local", "/").json(), json!([true, "RangeError"]));
}

const OWN_FILES: &str = "
import fs from 'node:fs';
import data from './data.json';
import text from './page.html';
import bytes from './some.bin';
import wasm from './empty.wasm';
export default { async fetch() {
    await import('./later.js');
    return Response.json([
        fs.readdirSync('/bundle').toSorted(), fs.readFileSync('data.json', 'utf8'), fs.readFileSync('/bundle/page.html', 'utf8'),
        [...fs.readFileSync('/bundle/some.bin')], fs.readFileSync('/bundle/empty.wasm').length, fs.readFileSync('/bundle/lib/x.js', 'utf8').length,
        fs.existsSync('/bundle/not_imported.js'), process.cwd(),
    ]);
} };
import './lib/x.js';";

#[test]
fn an_app_reads_its_own_files_and_no_others() {
    let site = Site::new();
    site.app("a", OWN_FILES);
    site.file("a/data.json", "{ \"a\":  1 }");
    site.file("a/page.html", "<p>ü</p>");
    site.file("a/some.bin", "\u{1}\u{2}");
    site.file("a/empty.wasm", "\0asm\u{1}\0\0\0");
    site.file("a/lib/x.js", "export const x = 1;");
    site.file("a/later.js", "export {};");
    site.file("a/not_imported.js", "secret");
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "compatibility_flags": ["nodejs_compat"] }]));
    let nano = site.serve();
    let names = json!(["data.json", "empty.wasm", "index.js", "later.js", "lib", "page.html", "some.bin"]);
    assert_eq!(
        nano.get("a.local", "/").json(),
        json!([names, "{ \"a\":  1 }", "<p>ü</p>", [1, 2], 8, 19, false, "/bundle"])
    );
}

#[test]
fn modules_of_workers_need_no_flag() {
    let site = Site::new();
    site.app(
        "a",
        "import { EmailMessage } from 'cloudflare:email'; import { NonRetryableError } from 'cloudflare:workflows';
         import { connect } from 'cloudflare:sockets';
         export default { fetch(request, env, ctx) {
            let told; try { connect('a.example:5432'); } catch (error) { told = error.message; }
            const span = ctx.tracing.enterSpan('x', (span) => [span.isTraced, typeof span.spanContext().traceId]);
            return Response.json([new EmailMessage('a', 'b', 'c').to, new NonRetryableError('x').name, told, span, Cloudflare.compatibilityFlags.nodejs_compat, typeof setTimeout(() => {})]);
         } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let told = "nano has no TCP sockets (cloudflare:sockets connect()): an app connects by fetch() and WebSocket alone";
    let seen = json!(["b", "NonRetryableError", told, [false, "string"], false, "number"]);
    assert_eq!(nano.get("a.local", "/").json(), seen);
}
