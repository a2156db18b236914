//! Tests of `redirect_target.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn led(from: &str, to: &str, url: &str) -> String {
    let rule = PathRule::parse(from).unwrap();
    let target = Target::parse(to, 302, &rule).unwrap();
    let url = Url::parse(url).unwrap();
    let Some(names) = rule.matches(url.host_str().unwrap(), url.path()) else { return "no match".to_owned() };
    match target.lead(&url, &names) {
        Ok(Some(Led::Away(_, to))) => to,
        Ok(Some(Led::Within(path))) => format!("within {path}"),
        Ok(None) => "-".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn dots_and_slashes_lead_to_no_other_host() {
    for (from, to, path, expected) in [
        ("/v1*", "/v2/:splat", "/v1..//evil.test", "/evil.test"),
        ("/v1*", "/v2/:splat", "/v1../x/..//evil.test", "/evil.test"),
        ("/v1*", "/v2/:splat", "/v1..\\\\evil.test", "/evil.test"),
        ("/v1*", "/v2:splat", "/v1/..//evil.test", "no match"),
        ("/old*", "/:splat", "/old//evil.test", "/evil.test"),
        ("/old*", "/:splat", "/old/\\evil.test", "/evil.test"),
        ("/old*", "/:splat", "/old.//evil.test", "/evil.test"),
        ("/:a/*", "/:a/../:splat", "/x//evil.test", "/evil.test"),
        ("/b/*", "https://b.example/:splat", "/b//evil.test", "https://b.example//evil.test"),
        ("/b/*", "https://b.example/:splat", "/b/@evil.test", "https://b.example/@evil.test"),
        ("/b/*", "https://b.example?:splat", "/b/@evil.test", "https://b.example/?@evil.test"),
        ("/b/*", "https://b.example#:splat", "/b/@evil.test", "https://b.example/#@evil.test"),
        // The own host by its name is none to leave out: what remains could name another one.
        ("/b/*", "http://a.example/:splat", "/b//evil.test", "http://a.example//evil.test"),
    ] {
        assert_eq!(led(from, to, &format!("http://a.example{path}")), expected, "{from} {to} {path}");
    }
}

#[test]
fn no_name_stands_in_a_host() {
    let refused = |from: &str, to: &str| Target::parse(to, 302, &PathRule::parse(from).unwrap()).unwrap_err();
    for (from, to) in [
        ("/b/*", "https://blog.example:splat"),
        ("/b/*", "https://:splat"),
        ("/b/:a", "https://:a.example/x"),
        ("/b/:a", "https://x@:a/x"),
        ("/b/:a", "https://example:a/"),
    ] {
        assert!(refused(from, to).contains("within the host"), "{from} {to}: {}", refused(from, to));
    }
    assert!(refused("/b", "https://blog.example:splat").contains("no URL"));
    assert!(refused("/b", "https:///").contains("no URL"));
    for to in ["//b.example", "/\\b.example", "b", "ftp://b.example/"] {
        assert!(refused("/b", to).contains("it leads to a path"), "{to}");
    }
    assert_eq!(led("/b/*", "https://b.example:8443/:splat", "http://a.example/b/c"), "https://b.example:8443/c");
}

#[test]
fn a_target_is_as_long_as_a_head_may_be() {
    let to = format!("/x/{}", ":splat".repeat(300));
    let url = format!("http://a.example/a/{}", "b".repeat(4000));
    assert_eq!(led("/a/*", &to, &url), HeadTooLarge.to_string());
    assert!(led("/a/*", &to, "http://a.example/a/b").ends_with("bbb"));
    let away = format!("https://b.example/{}", ":splat".repeat(300));
    assert_eq!(led("/a/*", &away, &url), HeadTooLarge.to_string());
    // What is encoded becomes longer.
    let to = format!("/{}/:splat", "\u{fc}".repeat(20_000));
    assert_eq!(led("/a/*", &to, "http://a.example/a/b"), HeadTooLarge.to_string());
}

#[test]
fn to_itself_is_nowhere() {
    assert_eq!(led("/a/*", "/a/:splat", "http://a.example/a/b?c"), "-");
    assert_eq!(led("/a/*", "/a/:splat#d", "http://a.example/a/b?c"), "-");
    assert_eq!(led("/a", "/a?b=1", "http://a.example/a"), "/a?b=1");
    assert_eq!(led("/a", "/a?b=1", "http://a.example/a?b=1"), "-");
}

proptest! {
    #[test]
    fn a_target_within_stays_on_its_host(path in "/[a./\\\\@:%25Ff;?#]{0,24}", to in "/(:splat|[a./@:]){0,6}") {
        let rule = PathRule::parse("/*").unwrap();
        let url = Url::parse(&format!("http://a.example{path}")).unwrap();
        if let (Ok(target), Some(names)) = (Target::parse(&to, 302, &rule), rule.matches("a.example", url.path()))
            && let Ok(Some(Led::Away(_, location))) = target.lead(&url, &names)
        {
            prop_assert_eq!(url.join(&location).unwrap().origin(), url.origin(), "{} {}", path, location);
            prop_assert!(location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\"));
        }
    }
}
