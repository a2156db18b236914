//! `request_accessors: "auto"`: whether an app was written for the older nano, where the incoming request's `url`,
//! `method` and `headers` were methods. Decided by a look at its source, once, when it is loaded.
//!
//! The sign is a call without arguments, `request.url()`, of the request itself: of the first parameter of the default
//! export's `fetch`, or of a parameter of a function that this hands it to directly. That is proved by the scopes of the
//! names, or it does not count: another object with a method of that name may be anywhere in an app, under any name. In
//! doubt an app is of the standard.

mod handler;
mod scope;
mod tokens;

use std::collections::HashSet;

use handler::{App, Resolve};
use scope::{Steps, may_be_bound};
use tokens::{Token, Tokens};

/// The accessors that used to be methods.
const ACCESSORS: [&str; 3] = ["url", "method", "headers"];

/// Bytes of source that are looked at; the older nano's apps are small.
const MOST_SOURCE: usize = 1 << 20;

/// For each byte of source: what the search may take. Honest apps take a small part of that.
const STEPS_PER_BYTE: usize = 64;

/// Functions that the request is followed through.
const MOST_FUNCTIONS: usize = 64;

/// Collects an app's sources and decides.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    /// Path and source of each module; the app's entry is the first.
    modules: Vec<(String, String)>,
    size: usize,
    /// Whether there is a call that may be of the old kind.
    is_suspect: bool,
}

impl Detector {
    /// Adds a module's source.
    pub(crate) fn add(&mut self, path: &str, source: &str) {
        self.size = self.size.saturating_add(source.len());
        if self.size > MOST_SOURCE {
            self.modules.clear();
            return;
        }
        self.is_suspect |= ACCESSORS.iter().any(|name| has_call(source, name));
        self.modules.push((path.into(), source.into()));
    }

    /// The first call of the old kind, as it is written, if there is one. `resolve(importer's path, specifier)` is the path
    /// of an imported module.
    pub(crate) fn method_call(&self, resolve: impl Fn(&str, &str) -> Option<String>) -> Option<String> {
        if !self.is_suspect || self.size > MOST_SOURCE {
            return None;
        }
        let modules: Vec<Option<Tokens>> = self.modules.iter().map(|(_, source)| Tokens::of(source)).collect();
        let resolve = |importer: usize, specifier: &str| {
            let path = resolve(&self.modules.get(importer)?.0, specifier)?;
            self.modules.iter().position(|(known, _)| *known == path)
        };
        let steps = Steps(self.size.saturating_mul(STEPS_PER_BYTE));
        find_call(&modules, &resolve, steps)
    }
}

/// Whether `.name` and a `(` stand beside each other somewhere: a bound that costs little.
fn has_call(source: &str, name: &str) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let rest = source.get(at + name.len()..).unwrap_or_default();
        rest.trim_start().starts_with('(')
    })
}

fn find_call(modules: &[Option<Tokens>], resolve: &Resolve, steps: Steps) -> Option<String> {
    let mut app = App { modules, resolve, steps };
    let mut pending = vec![app.handler()?];
    let mut seen = HashSet::new();
    let mut found = None;
    while let Some(function) = pending.pop() {
        if !seen.insert((function.module, function.parameter)) {
            continue;
        }
        if seen.len() > MOST_FUNCTIONS {
            return None;
        }
        let tokens = app.tokens(function.module)?;
        let name = tokens.word(function.parameter)?;
        if may_be_bound(tokens, function.stretch, name, function.parameter, &mut app.steps)? {
            continue;
        }
        for index in function.parameter + 1..function.stretch.end {
            app.steps.take()?;
            if !tokens.is_word(index, name) || !tokens.is_free(index) {
                continue;
            }
            if let Some(accessor) = accessor_at(tokens, index) {
                if tokens.is_word(index - 1, "typeof") {
                    // It asks which of the two it has, and copes with the standard.
                    return None;
                }
                if tokens.is(index + 3, "(") && tokens.is(index + 4, ")") {
                    found = found.or_else(|| Some(format!("{name}.{accessor}()")));
                }
            } else if let Some((callee, position)) = argument_at(tokens, index, &mut app.steps)
                && let Some(called) = app.called(function, callee, position)
            {
                pending.push(called);
            }
        }
    }
    found
}

/// `NAME.url` or the like: the accessor.
fn accessor_at<'a>(tokens: &Tokens<'a>, index: usize) -> Option<&'a str> {
    let is_member = matches!(tokens.sign(index + 1), Some("." | "?."));
    tokens.word(index + 2).filter(|word| is_member && ACCESSORS.contains(word))
}

/// Where the name at `index` is an argument alone, what is called with it, and the number of the argument.
fn argument_at(tokens: &Tokens, index: usize, steps: &mut Steps) -> Option<(usize, usize)> {
    let open = tokens.parent(index);
    let alone = matches!(tokens.sign(index - 1), Some("(" | ",")) && matches!(tokens.sign(index + 1), Some("," | ")"));
    if !alone || !tokens.is(open, "(") {
        return None;
    }
    let (mut position, mut spreads) = (0, false);
    for at in open + 1..index {
        steps.take()?;
        let is_own = tokens.parent(at) == open;
        position += usize::from(is_own && tokens.is(at, ","));
        spreads |= is_own && tokens.is(at, "...");
    }
    let callee = open.checked_sub(1)?;
    let is_new = callee > 0 && tokens.is_word(callee - 1, "new");
    let is_call = matches!(tokens.get(callee)?, Token::Word(_)) && !is_new && !spreads;
    is_call.then_some((callee, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect_in(modules: &[(&str, &str)]) -> Option<String> {
        let mut detector = Detector::default();
        for (path, source) in modules {
            detector.add(path, source);
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
}
