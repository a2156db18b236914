//! The texts of the builtins, and what their imports mean.

use super::*;

#[test]
fn only_a_release_build_holds_the_texts() {
    for path in PATHS {
        let text = source(path);
        let embedded = matches!(text, Ok(Cow::Borrowed(_)));
        assert!(text.is_ok() && embedded != cfg!(debug_assertions), "{path}: {:?}", text.err());
    }
    assert!(source("no_such.js").is_err());
}

#[test]
fn joins_relative_specifiers() {
    assert_eq!(join("bootstrap.js", "./ops.js"), "ops.js");
    assert_eq!(join("html/timers.js", "../ops.js"), "ops.js");
    assert_eq!(join("streams/a.js", "./b/c.js"), "streams/b/c.js");
}
