//! The page needs nothing from elsewhere, and its policy is of what it has.

use super::*;

#[test]
fn the_page_is_whole() {
    for name in ["style", "script"] {
        assert_eq!(HTML.matches(&format!("<{name}")).count(), 1, "one, without attributes");
        assert!(within(name).len() > 1000);
    }
    for outside in
        ["://", "url(", "@import", " src=", "<link", " style=\"", " on", "innerHTML", "insertAdjacentHTML", "eval("]
    {
        let found = HTML.replace("http://www.w3.org/2000/svg", "");
        let found = found.match_indices(outside).map(|(at, _)| found[at..].chars().take(30).collect::<String>());
        let found: Vec<_> = found
            .filter(|text| !text.starts_with(" on") || text.contains('=') && text.find('=') < text.find(' ').map(|_| 8))
            .collect();
        assert!(found.is_empty(), "{outside}: {found:?}");
    }
    let policy = policy();
    let policy = policy.to_str().unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}
