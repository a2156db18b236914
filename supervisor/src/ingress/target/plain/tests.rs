//! What is plain is what the parser leaves as it is.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use url::Url;

use super::*;

#[test]
fn what_is_common_is_plain() {
    for host in ["localhost", "a.example", "shop-2.eu.example.com", "1a.example", "h999.test"] {
        assert!(is_host(host), "{host}");
    }
    for path in ["/", "/a/b.js", "//x", "/a?b=c&d=%20e?/..", "/@scope/pkg@1.2.3", "/a..b/c.", "/?"] {
        assert!(is_path(path), "{path}");
    }
}

#[test]
fn what_the_parser_may_change_is_not() {
    for host in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "1.2.3.4",
        "a.0x7f",
        "a.1",
        "xn--a.test",
        "ab--c",
        "-a",
        "a-",
        "A.test",
        "[::1]",
        "a_b",
    ] {
        assert!(!is_host(host), "{host}");
    }
    for path in [
        "",
        "a",
        "*",
        "/..",
        "/a/./b",
        "/.well-known",
        "/%2e",
        "/a b",
        "/a\\b",
        "/a|b",
        "/\u{e4}",
        "/a^",
        "/a?'",
        "/?#",
        "/#",
    ] {
        assert!(!is_path(path), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_parser_leaves_what_is_plain_as_it_is(
        host in "[a-zA-Z0-9._x-]{0,12}",
        path in "/([ -~]|[a-z./?%=&]|%2[eEfF]|\\.\\.|[a-z./?%=&]){0,12}",
    ) {
        if is_host(&host) && is_path(&path) {
            let text = format!("http://{host}{path}");
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(url.as_str(), text);
        }
    }
}
