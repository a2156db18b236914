//! Tests of `assets.rs`.

#[test]
fn the_path_of_a_url() {
    for (url, path, query) in [
        ("http://a.example/", "/", ""),
        ("http://a.example:8080/a/b?c=/d?e", "/a/b", "?c=/d?e"),
        ("http://[::1]//x", "//x", ""),
    ] {
        assert_eq!(super::split(url), (path, query), "{url}");
    }
}
