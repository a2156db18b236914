//! Which calls make an app one of the older nano, and which do not.

use super::*;

fn detect_in(modules: &[(&str, &str)]) -> Option<String> {
    let mut detector = Detector::default();
    for (path, source) in modules {
        detector.add_module(path, source.as_bytes());
    }
    detector.method_call(|_, specifier| Some(specifier.trim_start_matches("./").to_owned()))
}

fn detect(source: &str) -> Option<String> {
    detect_in(&[("index.js", source)])
}

#[test]
fn calls_on_the_handlers_request_are_found() {
    for source in [
        "export default { async fetch(request) { const u = new URL(request.url()); } }",
        "export default { fetch: async (request, env) => new Response(request . url ( )) }",
        "export default { fetch: request => new Response(request.url()) }",
        "const fetch = async function (request) { request.url() }; export default { fetch }",
        "async function fetch(request) { return new Response(`${request.url()}`) } export default { fetch }",
        "export default { fetch(request) { return x / 2 / request.url() } }",
        "export default { fetch(request) { return /[/]'/.test(request?.url()) } }",
    ] {
        assert_eq!(detect(source).as_deref(), Some("request.url()"), "{source}");
    }
    for source in [
        "async function handler(request, env) { return request.url() } export default { fetch: handler };",
        "const handler = async request => request.url(); export default { env: 1, fetch: handler, };",
        "export default { fetch: handler }; const handler = function (request) { return request.url() };",
    ] {
        assert_eq!(detect(source).as_deref(), Some("request.url()"), "{source}");
    }
    let source = "export default { fetch(r) { if (r.method() === 'GET') r.headers().get('x') } }";
    assert_eq!(detect(source).as_deref(), Some("r.method()"));
}

#[test]
fn everything_else_is_the_standard() {
    for source in [
        "export default { fetch(request) { return new Response(request.url) } }",
        "export default { fetch(request) { /* request.url() */ return new Response('request.url()') } } // request.url()",
        "export default { fetch(request) { return new Response(`request.url()`) } }",
        "export default { fetch(request) { return other.request.url() } }",
        "export default { fetch(request) { return server.url() } }",
        "export default { fetch(request) { return request.headers.get('x') } }",
        "export default { fetch(request) { return request.json() } }",
        "await fetch(address); address.url(); export default { fetch(request) {} }"
            .replace("address.url()", "x")
            .as_str(),
        "function other(request) { request.url() } function handler(r) {} export default { fetch: handler }",
        "export default { async fetch(r) { const url = new URL(r.url); if (await fetch(url)) { url.method() } } }",
        "",
        "`${",
        "'\\",
    ] {
        assert_eq!(detect(source), None, "{source}");
    }
}

#[test]
fn other_objects_with_such_methods_do_not_count() {
    for source in [
        "function show(r){ return r.url() } export default { fetch(r) { return new Response(r.url) } }",
        "class Page { url() { return this.u } } function fetch(p) { return p.url() } export default { fetch(r) { r.url } }",
        "export default { fetch(r) { return pages.map((r) => r.url()) } }",
        "export default { fetch(r) { return pages.map(r => r.url()) } }",
        "export default { fetch(r) { return pages.map(({ r }) => r.url()) } }",
        "export default { fetch(r) { return pages.map(async function (r) { return r.url() }) } }",
        "export default { fetch(r) { for (const r of pages) r.url() } }",
        "export default { fetch(r) { { let a, r; r.url() } } }",
        "export default { fetch(r) { try {} catch (r) { r.url() } } }",
        "export default { fetch(r) { const { page: { r } } = x; r.url() } }",
        "export default { fetch(r) { var [r] = x; r.url() } }",
        "export default { fetch(r) { r = wrap(r); return r.url() } }",
        "export default { fetch(r) { ({ r } = x); return r.url() } }",
        "export default { fetch(r) { const o = { url(r) { return r.url() } } } }",
        "export default { fetch(r) { class A { b(r) { return r.url() } } } }",
        "export default { fetch(r) { function r() {} r.url() } }",
        "export default { fetch({ r }) { return r.url() } }",
        "export default { fetch(r = page) { return r.url() } }",
        "export default { fetch(...r) { return r.url() } }",
        "export default { fetch(r) { return typeof r.url === 'function' ? r.url() : r.url } }",
        "export default { fetch(r) { return r.url(1) } }",
        "export default wrap({ fetch(r) { return r.url() } })",
        "export default { fetch(r) { return r.url() }, ...other }",
        "export default { fetch: wrap(handler) }; function handler(r) { return r.url() }",
        "export default { a: { fetch(r) { return r.url() } }, fetch(r) {} }",
        "let handler = (r) => r.url(); handler = other; export default { fetch: handler }",
        "let app = { fetch(r) { return r.url() } }; app = other; export default app",
        "export const app = { fetch(r) { return r.url() } }; export default { fetch(r) {} }",
        "export default { fetch(r) { return route(r) } }; function route(page) {} { function show(r) { r.url() } }",
        "export default { fetch(r) { const route = f; return route(r) } }; function route(r) { return r.url() }",
        "export default { fetch(r) { return new Route(r) } }; function Route(r) { return r.url() }",
        "export default { fetch(r) { return route(...x, r) } }; function route(a, r) { return r.url() }",
        "export default { fetch(r) { return x.route(r) } }; function route(r) { return r.url() }",
        "export default class { fetch(r) { return r.url() } }",
        "{} /x/.test(y); export default { fetch(r) { return r.url() } }",
    ] {
        assert_eq!(detect(source), None, "{source}");
    }
}

#[test]
fn the_request_is_known_by_its_scope() {
    for source in [
        "var app = { async fetch(r) { return new Response(r.url()) } };\nexport { app as default };",
        "const app = { fetch(r) { return new Response(r.url()) } };\nexport default app;",
        "export default class { static async fetch(r) { return r.url() } }",
        "class App { async fetch(r) { return r.url() } } export default new App();",
        "export default { fetch(r, env) { if (r.url()) { log({ r }); return [r] } } }",
        "export default { fetch(r) { pages.map((page) => page.url() + r.url()) } }",
        "export default { fetch(r) { const o = { r: 1, x: r }; switch (r) { case r: r.url() } } }",
        "export default { fetch(r) { return route(env, r) } }; function route(env, r) { return r.url() }",
        "export default { fetch(r) { return route(r) } }; const route = async (r) => { return again(r) }; const again = r => r.url();",
        "export default { fetch(r) { return a(r) } }; function a(r) { return b(r) } function b(r) { a(r); return r.url() }",
        "export default { fetch(r) { return `${`${r.url()}`}` } }",
    ] {
        assert_eq!(detect(source).as_deref(), Some("r.url()"), "{source}");
    }
}

#[test]
fn the_request_is_followed_into_other_modules() {
    let index = "import { route } from './route.js'; export default { fetch(request) { return route(request) } }";
    let route = "export function route(r) { return new Response(r.url()) }";
    assert_eq!(detect_in(&[("index.js", index), ("route.js", route)]).as_deref(), Some("r.url()"));
    let other = "function show(r) { return r.url() } export function route(r) { return new Response(r.url) }";
    assert_eq!(detect_in(&[("index.js", index), ("route.js", other)]), None);
    let again = "export { default } from './app.js'";
    let app = "import handler, { x as y } from './handler.js'; export default { fetch: handler }";
    let handler = "export const x = 1; export default async (r) => r.method()";
    let modules = [("index.js", again), ("app.js", app), ("handler.js", handler)];
    assert_eq!(detect_in(&modules).as_deref(), Some("r.method()"));
    // Each imports the other.
    let round = [
        ("index.js", "export { default } from './app.js'"),
        ("app.js", "export { default } from './index.js'; x.url()"),
    ];
    assert_eq!(detect_in(&round), None);
}

#[test]
fn an_app_of_any_shape_takes_steps_in_proportion() {
    let deep = format!("export default {{ fetch(r) {{ {}r.url(){} }} }}", "[r,".repeat(20_000), "]".repeat(20_000));
    let _ = detect(&deep);
    let wide = format!("export default {{ fetch(r) {{ f({}); r.url() }} }}", "r,".repeat(100_000));
    let _ = detect(&wide);
    let lists = format!("export default {{ fetch(r) {{ {} r.url() }} }}", "a,r,".repeat(100_000));
    let _ = detect(&lists);
    let large = format!("export default {{ fetch(r) {{ return r.url() }} }} // {}", "x".repeat(MOST_SOURCE));
    assert_eq!(detect(&large), None, "too large to look at");
}

#[test]
fn modules_are_looked_at_as_they_came_over_the_socket() {
    const CALL: &[u8] = b"export default { fetch(request) { return request.url() } }";
    for (path, begin, found) in [
        ("index.js", &b""[..], true),
        ("index.js", b"\xef\xbb\xbf", true),
        ("index.js", b"// \xff\n", false),
        ("index.json", b"", false),
    ] {
        let mut detector = Detector::default();
        detector.add_module(path, &[begin, CALL].concat());
        assert_eq!(detector.method_call(|_, _| None).is_some(), found, "{path}: {begin:?}");
    }
}
