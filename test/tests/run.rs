//! `nano run`: one script, until nothing is left to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Finished, Site, finish};

fn run(files: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let site = Site::new();
    for (name, source) in files {
        site.file(name, source);
    }
    finish(&mut site.command("nano", &[&["run"], arguments].concat()), "")
}

fn script(source: &str) -> Finished {
    run(&[("script.js", source)], &["script.js"])
}

#[test]
fn prints_awaits_and_waits_for_timers() {
    let answer = script(
        "console.log('one');
         setTimeout(() => console.log('four'), 30);
         queueMicrotask(() => console.log('three'));
         console.log('two');
         await new Promise((resolve) => setTimeout(resolve, 10));
         console.error('to stderr');",
    );
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.stdout, "one\ntwo\nthree\nfour\n");
    assert_eq!(answer.stderr, "to stderr\n");
}

#[test]
fn modules_are_imported_beside_the_script() {
    let answer = run(
        &[
            ("deep/script.mjs", "import { answer } from './lib/answer.js'; console.log(answer);"),
            ("deep/lib/answer.js", "export const answer = 42;"),
        ],
        &["deep/script.mjs"],
    );
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "42\n"), "{answer:?}");
}

#[test]
fn cjs_is_a_classic_script() {
    let answer = run(
        &[(
            "script.cjs",
            "var seen = this === globalThis; console.log(seen, typeof undeclared); with ({ x: 1 }) console.log(x);",
        )],
        &["script.cjs"],
    );
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "true undefined\n1\n"), "{answer:?}");
}

#[test]
fn failures_are_exit_code_1_with_the_reason() {
    let cases = [
        ("throw new Error('broken here');", "broken here"),
        ("const = 1;", "script.js:1"),
        ("await Promise.reject(new TypeError('awaited'));", "awaited"),
        ("Promise.reject(new Error('unhandled one'));", "unhandled one"),
        ("setTimeout(() => { throw new Error('later'); }, 1);", "later"),
        ("import './gone.js';", "gone.js"),
        ("await new Promise(() => {});", "await"),
    ];
    for (source, reason) in cases {
        let answer = script(source);
        assert_eq!(answer.code, Some(1), "{source}: {answer:?}");
        assert!(answer.stderr.contains(reason), "{source}: {answer:?}");
        assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    }
    let gone = run(&[], &["gone.js"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains("gone.js"), "{gone:?}");
}

#[test]
fn scripts_have_arguments_an_environment_and_an_exit() {
    let source = "console.log(CLI.args, CLI.env.HOME !== undefined);
         setTimeout(() => { CLI.exit(3); console.log('not reached'); }, 1);
         await new Promise(() => {});";
    let answer = run(&[("script.js", source)], &["script.js", "one", "--two"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(3), "[ 'one', '--two' ] true\n"), "{answer:?}");
    let answer = run(&[("script.cjs", "CLI.exit(); console.log('not reached');")], &["script.cjs"]);
    assert_eq!((answer.code, answer.stdout.as_str(), answer.stderr.as_str()), (Some(0), "", ""), "{answer:?}");
}

#[test]
fn errors_name_the_place() {
    let files: &[(&str, &str)] = &[
        ("bad.mjs", "let a = 1;\n  let a = 2;\n"),
        ("bad.cjs", "if (x {\n}\n"),
        ("late.js", "await import('./bad.mjs');"),
        ("object.js", "throw { code: 7 };"),
        ("cause.js", "throw new Error('outer', { cause: new TypeError('inner') });"),
        ("bare.js", "\nimport 'lodash';"),
        ("folder.js/index.js", ""),
    ];
    let cases: &[(&str, &[&str])] = &[
        (
            "bad.mjs",
            &[
                "SyntaxError: Identifier 'a' has already been declared",
                "/bad.mjs:2:7\n",
                "      let a = 2;\n",
                "          ^\n",
            ],
        ),
        ("bad.cjs", &["SyntaxError: Unexpected token '{'", "/bad.cjs:1:7\n"]),
        ("late.js", &["SyntaxError: Identifier 'a' has already been declared\n    at file:///", "/bad.mjs:2:7\n"]),
        ("object.js", &["Uncaught { code: 7 }\n"]),
        ("cause.js", &["Uncaught Error: outer\n    at file:///", "/cause.js:1:7\n", "TypeError: inner\n"]),
        ("bare.js", &["\"lodash\"", "/bare.js:2:8", "bundled"]),
        ("folder.js", &["folder.js is a directory"]),
    ];
    for (script, expected) in cases {
        let answer = run(files, &[script]);
        assert_eq!(answer.code, Some(1), "{script}: {answer:?}");
        for text in *expected {
            assert!(answer.stderr.contains(text), "{script} lacks {text:?}: {}", answer.stderr);
        }
    }
}

#[test]
fn streams_have_a_limit_of_64_mb() {
    let answer = script(
        "const writer = new WritableStream({ write: () => new Promise(() => {}) }).getWriter();
         writer.closed.catch(() => {}); writer.ready.catch(() => {});
         const mib = new Uint8Array(1 << 20);
         let taken = 0, refused = null;
         for (let i = 0; i < 70 && !refused; i++) {
           const write = writer.write(mib);
           write.catch((error) => (refused ??= error.message));
           await new Promise((resolve) => setTimeout(resolve));
           if (!refused) taken++;
         }
         console.log(taken, refused);",
    );
    assert_eq!(answer.stdout, "63 Stream buffer size limit exceeded (max: 64MB)\n", "{answer:?}");
    assert_eq!(answer.code, Some(0));
}

#[test]
fn the_globals_of_the_common_api_are_there() {
    let names = [
        "AbortController",
        "AbortSignal",
        "ByteLengthQueuingStrategy",
        "CountQueuingStrategy",
        "Crypto",
        "CryptoKey",
        "DOMException",
        "Event",
        "EventTarget",
        "Headers",
        "Request",
        "Response",
        "SubtleCrypto",
        "TextDecoder",
        "TextEncoder",
        "URL",
        "URLSearchParams",
        "WritableStream",
        "WritableStreamDefaultController",
        "WritableStreamDefaultWriter",
        "atob",
        "btoa",
        "clearInterval",
        "clearTimeout",
        "console",
        "crypto",
        "performance",
        "queueMicrotask",
        "setInterval",
        "setTimeout",
        "structuredClone",
    ];
    let list = serde_json::to_string(&names).unwrap();
    let answer = script(&format!(
        "console.log({list}.filter((name) => typeof globalThis[name] === 'undefined').join() || 'none missing');"
    ));
    assert_eq!(answer.stdout, "none missing\n", "{answer:?}");
    let answer = script(
        "const inside = ['__nano', 'ops', 'primordials', 'require', 'module', 'process', 'Buffer', 'Deno'];
         console.log(inside.filter((name) => name in globalThis).join() || 'none');",
    );
    assert_eq!(answer.stdout, "none\n", "nothing of the inside, nor of other runtimes");
}

/// What Node 20 prints for the script of the next test.
const AS_NODE_20: &str = r#"{ a: 1, b: 'two', c: [ 1, 2, { d: null } ] } [ undefined, -0 ] plain Symbol(s) 10n
Map(1) { 'k' => { v: 1 } } Set(2) { 1, 'a' } e /x/g 1970-01-01T00:00:00.000Z
Uint8Array(2) [ 1, 2 ] [class A] [Function: f] [Function (anonymous)] Promise { 4 }
x is 42 and { deep: [ 1, [length]: 1 ] } rest
<ref *1> { name: 'self', me: [Circular *1] }
{ a: { b: { c: [Object] } } } [
   0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11,
  12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
  24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
  36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
  60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71,
  72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83,
  84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
  96, 97, 98, 99,
  ... 20 more items
]
"#;

#[test]
fn values_print_as_in_node() {
    let answer = script(
        "console.log({ a: 1, b: 'two', c: [1, 2, { d: null }] }, [undefined, -0], 'plain', Symbol('s'), 10n);
         console.log(new Map([['k', { v: 1 }]]), new Set([1, 'a']), new Error('e').message, /x/g, new Date(0));
         console.log(new Uint8Array([1, 2]), class A {}, function f() {}, () => {}, Promise.resolve(4));
         console.log('%s is %d and %o', 'x', 42, { deep: [1] }, 'rest');
         const self = { name: 'self' }; self.me = self; console.log(self);
         console.log({ a: { b: { c: { d: 1 } } } }, Array.from({ length: 120 }, (_, i) => i));",
    );
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.stdout, AS_NODE_20);
}

#[test]
fn a_long_text_is_printed_whole() {
    let site = Site::new();
    site.file(
        "long.js",
        "console.log('x'.repeat(3 << 20)); console.log('end'); console.log('a', 'y'.repeat(3 << 20));",
    );
    let said = finish(&mut site.command("nano", &["run", "long.js"]), "");
    let lengths: Vec<usize> = said.stdout.lines().map(str::len).collect();
    // Of what was put together, a part.
    assert_eq!((lengths[0], lengths[1]), (3 << 20, 3));
    assert!(lengths[2] < 2 << 20, "{lengths:?}");
}
