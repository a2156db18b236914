//! Boot: modules, refusals, what is reported of an app that does not load.

use bytes::Bytes;
use nano_protocol::{AccessorStyle, BodyLength, ExitReason, Frame, ModuleError, RequestAccessors};

use crate::hand::{Files, Worker, boot};

const HELLO: &str = "export default { fetch() { return new Response('hello') } }";

/// Boots an app that must not load; returns what is said of it.
fn failure(files: Files) -> (String, String, u32, u32) {
    let mut worker = Worker::start(1);
    let failed = worker.boot(boot("index.js"), files).expect_err("it loaded");
    let (status, stderr) = worker.end();
    assert_eq!(status, i32::from(ExitReason::Startup.exit_status()), "{stderr}");
    (failed.message, failed.path, failed.line, failed.column)
}

#[test]
fn modules_import_each_other() {
    let mut worker = Worker::start(1);
    let files: Files = &[
        (
            "src/index.js",
            "import { a } from './a.js'; import d from '../d.json' with { type: 'json' };
            const lazy = await import('./lazy.mjs');
            export default { fetch() { return new Response([a(), d.x, lazy.y, import.meta.url].join(' ')) } }",
        ),
        ("src/a.js", "import { b } from './b.js'; export function a() { return b }"),
        ("src/b.js", "import { a } from './a.js'; export const b = typeof a;"),
        ("src/lazy.mjs", "export const y = await Promise.resolve('lazy')"),
        ("d.json", "{\"x\": \"json\"}"),
    ];
    let ready = worker.boot(boot("src/index.js"), files).unwrap();
    assert!(ready.v8.starts_with("15."), "{ready:?}");
    assert_eq!(worker.get("/").text(), "200 function json lazy file:///app/src/index.js");
}

#[test]
fn a_large_graph_loads_in_time() {
    // Each module imports all that come after it.
    const COUNT: usize = 300;
    let path = |index: usize| if index == 0 { "index.js".to_owned() } else { format!("m{index}.js") };
    let texts: Vec<(String, String)> = (0..COUNT)
        .map(|index| {
            let imports: String = (index + 1..COUNT).map(|other| format!("import './{}';", path(other))).collect();
            (path(index), format!("{imports} export default {{ fetch() {{ return new Response('loaded') }} }}"))
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut worker = Worker::serving(&files);
    assert_eq!(worker.get("/").text(), "200 loaded");
}

#[test]
fn modules_that_requests_import_come_from_the_supervisor_while_others_are_served() {
    let source = "export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/now') return new Response('now');
        try { return new Response((await import('.' + pathname)).x) } catch (error) { return new Response(`${error}`) }
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let waiting: Vec<u32> =
        ["/late.js", "/late.js", "/gone.js"].map(|path| worker.open("GET", path, &[], BodyLength::None)).into();
    assert_eq!(worker.get("/now").text(), "200 now");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let Some(Frame::ModuleRequest { id, path }) = worker.control.next() else { panic!() };
        answers.push((id, path));
    }
    assert_eq!(answers.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), ["late.js", "gone.js"]);
    let text = Bytes::from_static(b"console.log('once'); export const x = 'late'");
    worker.control.send(&Frame::ModuleSource { id: answers[0].0, source: Ok(text) });
    worker.control.send(&Frame::ModuleSource { id: answers[1].0, source: Err(ModuleError::NotFound) });
    assert_eq!(worker.outcome(waiting[0]).text(), "200 late");
    assert_eq!(worker.outcome(waiting[1]).text(), "200 late");
    let text = worker.outcome(waiting[2]).text();
    assert!(text.starts_with("200 TypeError: The module gone.js cannot be loaded: no such file"), "{text}");
    assert_eq!(worker.get("/late.js").text(), "200 late", "it is not asked for again");
    worker.ping();
    assert_eq!(worker.log_text().matches("once").count(), 1);
}

#[test]
fn a_syntax_error_is_told_with_its_place_and_line() {
    let (message, path, line, column) =
        failure(&[("index.js", "import './lib/broken.js'"), ("lib/broken.js", "let a = 1;\nlet b = = 2;\n")]);
    assert_eq!((path.as_str(), line, column), ("lib/broken.js", 2, 9), "{message}");
    assert!(message.contains("SyntaxError: Unexpected token '='"), "{message}");
    assert!(message.contains("apps/test/lib/broken.js:2:9\n    let b = = 2;\n            ^"), "{message}");
}

#[test]
fn imports_outside_of_the_app_are_refused_with_their_place() {
    for (specifier, reason) in [
        ("../secret.js", "outside the app's directory"),
        ("https://example.com/x.js", "cannot be imported by URL"),
        ("node:fs", "it needs `\"compatibility_flags\": [\"nodejs_compat\"]`"),
        ("node:sea", "nano has no node:sea; docs/node.md names"),
        ("path", "it needs `\"compatibility_flags\": [\"nodejs_compat\"]`"),
        (
            "cloudflare:pipelines",
            "nano has no cloudflare:pipelines; of Cloudflare's modules it has cloudflare:email, cloudflare:node,",
        ),
        ("bun:ffi", "nano has no modules of Bun's"),
        ("lodash", "only relative imports are supported"),
        ("/etc/passwd.js", "an absolute path is not allowed"),
    ] {
        let source = format!("// A comment.\nimport {{ x }} from \"{specifier}\";");
        let (message, path, line, _) = failure(&[("index.js", source.as_str())]);
        assert!(message.contains(specifier) && message.contains(reason), "{message}");
        assert_eq!((path.as_str(), line), ("index.js", 2), "{message}");
    }
}

#[test]
fn every_import_that_is_refused_is_told_at_once() {
    let source = "import 'node:fs';\nimport x from 'lodash';\nimport './lib/a.js';\nimport 'cloudflare:pipelines';";
    let (message, path, line, _) = failure(&[
        ("index.js", source),
        ("lib/a.js", "import 'react'; import './b.js'"),
        ("lib/b.js", "import 'node:net';"),
    ]);
    let places: Vec<_> =
        ["node:fs", "lodash", "cloudflare:pipelines", "react", "node:net"].map(|name| message.find(name)).to_vec();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{message}");
    assert!(message.contains("npx esbuild index.js --bundle"), "{message}");
    assert_eq!((path.as_str(), line), ("index.js", 1), "{message}");
    let many: String = (0..100).map(|number| format!("import 'package-{number}';")).collect();
    let (message, ..) = failure(&[("index.js", &many)]);
    assert!(
        message.contains("package-63") && !message.contains("package-64") && message.contains("and 36 more"),
        "{message}"
    );
}

#[test]
fn an_app_for_something_else_is_told_what_to_do() {
    for (source, hint) in [
        ("module.exports = { fetch() {} }", "this is a CommonJS module"),
        ("const http = require('http')", "this is a CommonJS module"),
        ("exports.fetch = () => {}", "this is a CommonJS module"),
        ("const port = process.env.PORT", "the handler's second argument"),
        ("Buffer.from('x')", "Uint8Array"),
        ("export function fetch() {}", "it exports `fetch` by name"),
        ("export default () => {}", "give it the name `fetch`"),
    ] {
        let (message, path, ..) = failure(&[("index.js", source)]);
        assert!(message.contains(hint), "{source}: {message}");
        assert_eq!(path, "index.js");
    }
}

#[test]
fn a_missing_module_is_told_with_who_wants_it() {
    let (message, path, line, _) = failure(&[("index.js", "\n\nimport './gone.js'")]);
    assert!(message.contains("gone.js") && message.contains("no such file"), "{message}");
    assert_eq!((path.as_str(), line), ("index.js", 3), "{message}");
    let (message, ..) = failure(&[]);
    assert!(message.contains("index.js") && message.contains("no such file"), "{message}");
}

#[test]
fn a_missing_export_is_told() {
    let (message, path, line, _) = failure(&[("index.js", "\nimport { x } from './a.js'"), ("a.js", "")]);
    assert!(message.contains("does not provide an export named 'x'"), "{message}");
    assert_eq!((path.as_str(), line), ("index.js", 2), "{message}");
}

#[test]
fn an_error_at_the_top_level_is_told_with_its_stack() {
    let (message, path, line, _) = failure(&[("index.js", "\nfunction f() { throw new Error('no database') }\nf()")]);
    assert!(message.contains("Error: no database") && message.contains("at f (apps/test/index.js:2:"), "{message}");
    assert_eq!((path.as_str(), line), ("index.js", 2), "{message}");
    let (message, ..) = failure(&[("index.js", "await Promise.reject(new TypeError('later'))")]);
    assert!(message.contains("TypeError: later"), "{message}");
}

#[test]
fn an_app_without_a_handler_is_told_what_is_missing() {
    for (source, complaint) in [
        ("", "no default export"),
        ("export default 1", "its default export is a number"),
        ("export default {}", "has no `fetch` function (`fetch` is undefined)"),
        ("export default function () {}", "has no `fetch` function"),
    ] {
        let (message, path, ..) = failure(&[("index.js", source)]);
        assert!(message.contains(complaint) && message.contains("export default { async fetch"), "{message}");
        assert_eq!(path, "index.js");
    }
}

#[test]
fn an_instance_with_an_inherited_fetch_is_an_app() {
    let source = "class App { #x = 'private'; fetch() { return new Response(this.#x) } } export default new App()";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 private");
}

#[test]
fn code_from_strings_is_off() {
    let source = "export default { fetch() {
        const tries = [() => eval('1'), () => new Function('return 1')(), () => (async () => {}).constructor('1'),
            () => setTimeout('globalThis.x = 1', 0)];
        return new Response(tries.map((f) => { try { return f() } catch (e) { return e.name } }).join());
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 EvalError,EvalError,EvalError,TypeError");
}

#[test]
fn accessors_are_methods_where_the_source_calls_them() {
    let old = "export default { async fetch(request) { return new Response(request.url() + request.method()) } }";
    let mut worker = Worker::start(1);
    let ready = worker.boot(boot("index.js"), &[("index.js", old)]).unwrap();
    assert_eq!(ready.accessors, AccessorStyle::Method);
    assert_eq!(worker.get("/x").text(), "200 http://test.example/xGET");
    assert!(worker.log_text().contains("The app calls request.url()"), "{}", worker.log_text());

    let mut worker = Worker::start(1);
    let decided = RequestAccessors::Property;
    let boot = nano_protocol::Boot { request_accessors: decided, ..boot("index.js") };
    assert_eq!(worker.boot(boot, &[("index.js", HELLO)]).unwrap().accessors, AccessorStyle::Property);
}

#[test]
fn a_supervisor_that_breaks_the_protocol_ends_the_worker() {
    let mut worker = Worker::start(1);
    worker.control.send(&Frame::Drain);
    let (status, stderr) = worker.end();
    assert_eq!(status, i32::from(ExitReason::Protocol.exit_status()), "{stderr}");
    assert!(stderr.contains("the first frame is neither Boot nor Check"), "{stderr}");
}

#[test]
fn a_supervisor_that_goes_away_takes_the_worker_along() {
    let mut worker = Worker::serving(&[("index.js", HELLO)]);
    worker.hang_up();
    let (status, stderr) = worker.wait();
    assert_eq!(status, i32::from(ExitReason::Restart.exit_status()), "{stderr}");
}
