//! Lines, split at the name to be completed.

use super::*;

#[test]
fn lines_are_split_at_the_last_name() {
    assert_eq!(split("cons"), (None, "cons"));
    assert_eq!(split("console.lo"), (Some("console"), "lo"));
    assert_eq!(split("1 + a.b?.c"), (Some("a.b"), "c"));
    assert_eq!(split("f(x).y"), (Some(""), "y"));
    assert_eq!(split("f(é"), (None, "é"));
    assert_eq!(split(""), (None, ""));
}
