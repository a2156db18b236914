//! The queries of `/why`.

use super::*;

#[test]
fn queries() {
    assert_eq!(parse("app=a.example"), Ok(About::App("a.example")));
    assert_eq!(parse("request=r-1&"), Ok(About::Request("r-1")));
    for bad in ["", "app", "app=", "name=a", "app=a&request=b"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}
