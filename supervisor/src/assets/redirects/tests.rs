//! Tests of `redirects.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn led(rules: &str, url: &str) -> String {
    let (redirects, faults) = Redirects::parse(rules, true);
    assert!(faults.wrong.is_empty(), "{faults:?}");
    match redirects.lead(&Url::parse(url).unwrap()).unwrap() {
        None => "-".to_owned(),
        Some(Led::Away(status, to)) => format!("{} {to}", status.as_u16()),
        Some(Led::Within(path)) => path,
    }
}

#[test]
fn paths_lead_elsewhere() {
    let rules = "# old pages\n/old /new\n/old /other\n\n/gone https://b.example/x 301\n/q /new?a=1 307\n/frag /new#part\n\
        /blog/* /news/:splat 308\n/u/:id /users/:id.html 200\n/out/* https://b.example/:splat\n/any/* :splat-no\n";
    let rules = rules.replace("/any/* :splat-no\n", "");
    for (url, expected) in [
        ("http://a.example/old", "302 /new"),
        ("http://a.example/old?x=1", "302 /new?x=1"),
        ("http://a.example/old/", "-"),
        ("http://a.example/gone?x=1", "301 https://b.example/x?x=1"),
        ("http://a.example/q?x=1", "307 /new?a=1"),
        ("http://a.example/frag?x=1", "302 /new?x=1#part"),
        ("http://a.example/blog/2026/a?x", "308 /news/2026/a?x"),
        ("http://a.example/u/7", "/users/7.html"),
        ("http://a.example/out/a/b", "302 https://b.example/a/b"),
        ("http://a.example/none", "-"),
    ] {
        assert_eq!(led(&rules, url), expected, "{url}");
    }
}

#[test]
fn what_is_filled_in_leads_to_no_other_host() {
    for path in ["/go//evil.example/x", "/go/%2F%2Fevil.example", "/go/\\\\evil.example/x", "/go/@evil.example"] {
        let to = led("/go/* /:splat\n", &format!("http://a.example{path}"));
        let location = to.strip_prefix("302 ").unwrap();
        let base = Url::parse("http://a.example/go").unwrap();
        assert_eq!(base.join(location).unwrap().host_str(), Some("a.example"), "{path} -> {location}");
    }
}

#[test]
fn faults_have_their_lines() {
    let long = format!("/{} /b", "a".repeat(MAX_LINE));
    let text =
        format!("/a\n/a /b 302 x\na /b\n/a b\n/a /b 404\n/a https://x.example 200\n/a //b\n/*/* /b\n{long}\n/ok /b\n");
    let (_, faults) = Redirects::parse(&text, true);
    let lines: Vec<_> = faults.wrong.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let (redirects, faults) = Redirects::parse("/* /index.html 200\n/a /b\n/a /c\n", true);
    assert_eq!(faults.warned.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
    assert!(faults.wrong.is_empty() && redirects.others.is_empty());
    assert!(Redirects::parse("/* /index.html 200\n", false).1.warned.is_empty());
}

#[test]
fn what_leads_to_itself_is_ignored() {
    let (redirects, faults) = Redirects::parse("/loop/* /loop/:splat\n/a /a#b\n/c /c 200\n/d/* /d/x/:splat\n", true);
    assert_eq!(faults.warned.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2]);
    assert!(faults.wrong.is_empty() && redirects.exact.len() == 1 && redirects.others.len() == 1);
    // Of others, only what leads to this very path is not heeded.
    let rules = "/:page /index\n/:page /other\n";
    assert_eq!(led(rules, "http://a.example/a"), "302 /index");
    assert_eq!(led(rules, "http://a.example/index"), "-");
}

#[test]
fn there_are_so_many_rules_and_no_more() {
    let many: String = (0..=MAX_STATIC).map(|at| format!("/{at} /x\n")).collect();
    let (_, faults) = Redirects::parse(&many, true);
    assert_eq!(faults.wrong.first().unwrap().0, MAX_STATIC + 1);
    let many: String = (0..=MAX_DYNAMIC).map(|at| format!("/{at}/* /x\n")).collect();
    let (_, faults) = Redirects::parse(&many, true);
    assert_eq!(faults.wrong.first().unwrap().0, MAX_DYNAMIC + 1);
}
