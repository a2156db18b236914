//! What the imports of builtins mean.

use super::*;

#[test]
fn joins_relative_specifiers() {
    assert_eq!(join("bootstrap.js", "./ops.js"), "ops.js");
    assert_eq!(join("html/timers.js", "../ops.js"), "ops.js");
    assert_eq!(join("streams/a.js", "./b/c.js"), "streams/b/c.js");
}
