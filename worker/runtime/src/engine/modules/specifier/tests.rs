//! Specifiers that are resolved, and those that are refused.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn js(referrer: &str, specifier: &str) -> Result<String, Refusal> {
    resolve(referrer, specifier, ModuleKind::JavaScript)
}

#[test]
fn relative_specifiers_stay_in_the_app() {
    assert_eq!(js("index.js", "./a.js").unwrap(), "a.js");
    assert_eq!(js("lib/b.js", "../a.mjs").unwrap(), "a.mjs");
    assert_eq!(js("lib/b.js", "./deep/./c.js").unwrap(), "lib/deep/c.js");
    assert_eq!(js("index.js", "./a%20b.js").unwrap(), "a b.js");
}

#[test]
fn everything_else_is_refused() {
    for (specifier, refusal) in [
        ("lodash", Refusal::Bare("lodash".into(), "index.js".into())),
        ("@scope/x", Refusal::Bare("@scope/x".into(), "index.js".into())),
        ("node:fs", Refusal::Node),
        ("fs/promises", Refusal::Node),
        ("cloudflare:workers", Refusal::Platform("Cloudflare's")),
        ("npm:lodash", Refusal::Registry("index.js".into())),
        ("https://evil.example/x.js", Refusal::Url),
        ("file:///etc/passwd", Refusal::Url),
        ("data:text/javascript,1", Refusal::Url),
        ("/etc/passwd.js", Refusal::Absolute),
        ("../x.js", Refusal::Outside),
        ("./lib/../../x.js", Refusal::Outside),
        ("./%2e%2e/x.js", Refusal::NotAPath),
        ("./..%2fx.js", Refusal::NotAPath),
        ("./x.js%00.js", Refusal::NotAPath),
        ("./x.js?1", Refusal::NotAPath),
        ("./%zz.js", Refusal::NotAPath),
        ("./x", Refusal::Extension),
        ("./x.ts", Refusal::Extension),
        ("./x.json", Refusal::JsonWithoutType),
    ] {
        assert_eq!(js("index.js", specifier), Err(refusal), "{specifier}");
    }
    assert_eq!(resolve("index.js", "./x.js", ModuleKind::Json), Err(Refusal::JsonExtension));
}

#[test]
fn urls_and_paths_go_both_ways() {
    let base = Url::parse("file:///app/").unwrap();
    for path in ["index.js", "lib/a b.js", "ü/%.js"] {
        let url = url_of(&base, path);
        assert!(url.starts_with("file:///app/"), "{url}");
        assert_eq!(path_of(&base, &url).as_deref(), Some(path), "{url}");
    }
    assert_eq!(path_of(&base, "file:///etc/x.js"), None);
}
