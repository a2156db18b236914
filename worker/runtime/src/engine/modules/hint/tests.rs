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
