//! URLs that are written.

use super::is_url;

#[test]
fn urls_of_directories() {
    for good in [
        "https://acme.example",
        "https://acme.example/directory",
        "https://127.0.0.1:14000/dir",
        "https://[::1]:14000/dir",
        "https://[::1]/dir",
        "https://acme.example?x=1",
    ] {
        assert!(is_url(good), "{good}");
    }
    let long = format!("https://acme.example/{}", "x".repeat(2000));
    for bad in [
        "",
        "https://",
        "https:///dir",
        "http://acme.example/dir",
        "acme.example/dir",
        "https://a@acme.example/dir",
        "https://acme.example:0/",
        "https://acme.example:65536/",
        "https://acme.example:/",
        "https://acme.example:+1/",
        "https://[::1/dir",
        "https://[zz]/dir",
        "https://acme.example/a b",
        "https://acme.example/#x",
        "https://acme.example/\u{e4}",
        "https://acme.example/\n",
        &long,
    ] {
        assert!(!is_url(bad), "{bad}");
    }
}
