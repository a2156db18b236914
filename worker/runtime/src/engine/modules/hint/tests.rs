//! Which first errors get a hint.

use super::*;

#[test]
fn only_for_the_names_that_are_known() {
    let hinted = with_hint("ReferenceError: require is not defined\n    at index.js:1:1\n".to_owned());
    assert!(
        hinted.starts_with("ReferenceError: require is not defined\n    at index.js:1:1\nthis is a CommonJS module")
    );
    assert!(with_hint("Uncaught ReferenceError: process is not defined".to_owned()).contains("env"));
    for other in ["ReferenceError: x is not defined", "Error: require is not defined", ""] {
        assert_eq!(with_hint(other.to_owned()), other);
    }
}

#[test]
fn a_module_that_exports_as_commonjs_does_is_told_by_its_text() {
    for text in [
        "'use strict';\n  module.exports = {};",
        "exports.fetch = 1",
        "Object.defineProperty(exports, '__esModule', {})",
    ] {
        assert!(for_exports_of(text.as_bytes()).is_some_and(|hint| hint.contains("CommonJS")), "{text}");
    }
    for text in ["", "export const fetch = 1;", "const exports = {}; // module.exports", "myexports.x = 1"] {
        assert_eq!(for_exports_of(text.as_bytes()), None, "{text}");
    }
}
