//! What the URL Standard asks for where the `url` crate stops short of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn href(input: &str, base: Option<&str>) -> String {
    let base = base.map(|base| Url::parse(base).unwrap());
    parse(input, base.as_ref()).unwrap().into()
}

#[test]
fn paths_are_encoded_as_the_standard_says() {
    assert_eq!(href("http://a/x^y?^#^", None), "http://a/x%5Ey?^#^");
    assert_eq!(href("data:x  ?q", None), "data:x %20?q");
    assert_eq!(href("data:x  ", None), "data:x");
}

#[test]
fn extra_slashes_before_the_host_of_a_special_url_are_dropped() {
    assert_eq!(href("///test", Some("http://example.org/")), "http://test/");
    assert_eq!(href("\\/\n/test/../x", Some("https://example.org/")), "https://test/x");
    assert!(parse("///", Some(&Url::parse("http://a/").unwrap())).is_none());
}

#[test]
fn a_path_never_turns_into_a_host() {
    let url = |href| Url::parse(href).unwrap();
    let after = |href, attribute, value| String::from(set(url(href), attribute, value).unwrap());
    assert_eq!(after("a:/", Attribute::Pathname, "//p"), "a:/.//p");
    assert_eq!(after("a:/.//", Attribute::Pathname, "p"), "a:/p");
    assert_eq!(after("a:/.//p", Attribute::Hostname, "h"), "a://h//p");
    assert_eq!(after("a:///x", Attribute::Pathname, ""), "a://");
}
