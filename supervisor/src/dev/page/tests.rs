//! Tests of the page.

use super::*;

#[test]
fn what_the_project_says_is_text() {
    let page = html(&["a.ts:1:1: <script>alert('x')</script> & \"y\"\0\u{1b}[31m".to_owned()]);
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;\u{fffd}\u{fffd}[31m"));
    assert!(!page.contains("<script"));
}

#[test]
fn a_page_is_bounded() {
    let page = html(&vec!["<".repeat(MAX_TEXT / 2); 100]);
    assert_eq!(page.matches("<pre>").count(), 2);
}
