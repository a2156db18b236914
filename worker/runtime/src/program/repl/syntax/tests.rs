//! Entries that are whole, and those that go on.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn with_scope(body: impl FnOnce(&mut v8::PinScope)) {
    crate::engine::platform::initialize().unwrap();
    let isolate = &mut v8::Isolate::new(v8::CreateParams::default());
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    body(scope);
}

#[test]
fn entries_that_lack_their_end_go_on() {
    with_scope(|scope| {
        for entry in [
            "{",
            "{ a: 1,",
            "{ a: 1, b: 2",
            "[1,",
            "f(",
            "f(1",
            "f(g(h(1)",
            "f(1 // one",
            "new F(1",
            "`a",
            "`${a",
            "`${",
            "/* a",
            "/*",
            "'a\\\n",
            "if (x)",
            "1 +",
            "x =",
            "async () => { await",
            "await f(",
            "class A {",
            "a ? b :",
            "(a, b",
            "for (const x of",
            "function f(a",
            "import(",
            "with (a) {",
            "export default {",
            "/a/.test(",
            "a.",
            "1..",
        ] {
            assert!(!is_whole(scope, entry), "{entry:?}");
        }
    });
}

#[test]
fn whole_entries_and_hopeless_ones_are_evaluated() {
    with_scope(|scope| {
        for entry in [
            "1",
            "{}",
            "{ a: 1 }",
            "{ a: 1, b: 2 }",
            "{ a; }",
            "{ a: 1, b: 2 };",
            "await x",
            "const a = await b",
            "let a",
            "// a",
            "`a${1}b`",
            "/* a */",
            "'a\\\nb'",
            "with (a) b",
            "}",
            ")",
            "f(1 2",
            "'a",
            "\"a",
            "/a",
            "a b",
            "let let",
            "{ a b",
            "f(1 2, (",
            "import a from './a.js'",
            "for await (const a of b) ;",
            "return 1",
            "#!a",
        ] {
            assert!(is_whole(scope, entry), "{entry:?}");
        }
    });
}

#[test]
fn braces_are_objects_where_they_can_be() {
    with_scope(|scope| {
        assert_eq!(as_program(scope, "{ a: 1 }"), "({ a: 1 }\n)");
        assert_eq!(as_program(scope, "{ a: await b } // c"), "({ a: await b } // c\n)");
        assert_eq!(as_program(scope, "{}.a"), "({}.a\n)");
        assert_eq!(as_program(scope, "{ a: 1 };"), "{ a: 1 };");
        assert_eq!(as_program(scope, "{ let a; a }"), "{ let a; a }");
        assert_eq!(as_program(scope, "a"), "a");
    });
}
